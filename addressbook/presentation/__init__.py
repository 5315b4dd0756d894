"""Contacts, groups, classes and imports in words for templates."""
