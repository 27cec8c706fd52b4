"""What people say: built as CloudEvents, made durable in the ledger's inbox, and taken at once."""
