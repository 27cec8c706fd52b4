"""The promises, each shown by a test; the folders mirror the source."""
