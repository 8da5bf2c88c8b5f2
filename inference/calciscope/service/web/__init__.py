"""The status page: what the service does, for people, with metrics and health beside it."""
