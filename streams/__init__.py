"""The movement: Kafka in, one transaction in the ledger, time, messages out."""
