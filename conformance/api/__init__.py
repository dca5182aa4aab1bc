"""The APIs under test: what is asked for decides how an answer is read."""
