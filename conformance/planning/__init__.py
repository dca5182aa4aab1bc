"""What will be sent, at what price, and whether it is valid."""
