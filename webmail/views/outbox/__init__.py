"""Messages that have not left, and the way of one message."""
