"""Contacts and groups, and old address books read."""
