"""Contacts, groups, and the import of old address books."""
