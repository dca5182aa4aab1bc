"""Files: written whole or not at all, folders locked, results read and written."""
