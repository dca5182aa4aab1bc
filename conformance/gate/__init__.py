"""What of the verdicts stops a release."""
