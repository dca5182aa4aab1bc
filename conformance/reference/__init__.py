"""The embedded reference provider: a real server on loopback around a scripted, deterministic model."""
