"""Contacts, groups, completion of recipients, and the old address books brought in."""
