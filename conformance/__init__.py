"""Tells the truth about endpoints that claim to speak the OpenAI API."""

__version__ = "0.1.0"
