"""What the reference provider answers, one module per surface."""
