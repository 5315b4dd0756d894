"""Writing: what is being written, kept and made into a message."""
