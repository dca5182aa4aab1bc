"""Sending what is planned and recording what comes back: the only code that touches the network."""
