"""The whole job, Kafka to ledger to Kafka, run by us and by peers over the same records in turn."""
