"""Requests -> answers."""
