"""The pages: what was read from the ledger, drawn for people or printed as JSON."""
