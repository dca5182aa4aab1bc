"""Loading suites: rows, profiles, scenarios, schemas, selection."""
