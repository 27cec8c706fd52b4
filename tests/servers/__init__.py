"""Real servers for the tests, the benchmark and the fault runs: Apache Kafka and PostgreSQL on loopback ports."""
