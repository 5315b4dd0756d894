"""Requests -> answers of accounts: `doors` (signing in and out), `lookup` and their neighbours."""
