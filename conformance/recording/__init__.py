"""Recordings: written by us, read from our own files and from those of other tools."""

from __future__ import annotations
