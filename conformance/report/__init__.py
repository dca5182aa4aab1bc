"""What people and machines read of a run: results and everything made of them."""
