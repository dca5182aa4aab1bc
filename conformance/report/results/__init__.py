"""Results: rows in order, the summary, what to fix first."""
