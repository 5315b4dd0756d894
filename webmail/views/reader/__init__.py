"""One opened message: its page, its parts, its receipts and invitations."""
