"""The settings of the service: one YAML file, checked as a whole before anything starts."""
