"""The durable state of the service: SQLite in WAL mode, every change a transaction."""
