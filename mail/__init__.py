"""Mail without Django: protocols, messages, mailboxes, and a sandbox that reads hostile bytes."""
