"""What people write: YAML with places, URLs, conformance.yaml."""
