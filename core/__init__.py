"""What the three apps share: Django without an app, and nothing of theirs."""
