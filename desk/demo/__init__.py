"""The demo: a winter night and day over the estate of Wales, played through the real worker in about a minute."""
