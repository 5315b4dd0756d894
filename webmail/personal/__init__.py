"""A user's own data: download all of it in one file, and delete all of it."""
