"""Mail that moves in and out, and the jobs of a mailbox."""
