"""What the pages of the admin share: columns, pages, lines of the audit log."""
