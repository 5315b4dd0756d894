"""Who may enter, and the doors to the mail servers."""
