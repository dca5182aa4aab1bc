"""Sockets, routes and framing of the reference provider."""
