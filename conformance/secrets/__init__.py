"""Keys: what is one, how it is masked, whether it can be sent."""
