"""The HTTP API: what people and programs ask and say, over one ledger. It shares every rule with the command line."""
