"""A user's own data: all of it in one file, and all of it deleted."""
