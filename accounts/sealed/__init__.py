"""Sealed contents of rows, of files and of the cache of a session."""
