"""What people look at, as plain values: read from the ledger in one view of it, before anything is drawn."""
