"""The bytes behind a finding."""
