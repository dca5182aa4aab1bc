"""Many results in one matrix."""
