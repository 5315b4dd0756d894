"""The mail password: its rules, its change on the mail servers, and proposals for a new one."""
