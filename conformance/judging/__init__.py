"""Recordings in, verdicts out: pytest, slots, folding."""
