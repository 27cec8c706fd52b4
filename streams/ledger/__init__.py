"""The ledger: what is recorded, in one transaction a batch, on SQLite and PostgreSQL alike."""
