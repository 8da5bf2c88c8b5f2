"""Looking after the house: lock, logs, audit, metrics, health, disk, retention and cleaning."""
