"""Bytes to meaning, without I/O: events, strict JSON, folded streams and the views that checks judge."""
