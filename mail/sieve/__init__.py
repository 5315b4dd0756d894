"""Rules on the mail server: ManageSieve (RFC 5804) and the scripts that it keeps (RFC 5228)."""
