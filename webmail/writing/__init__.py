"""Drafts, and the messages that are made of them."""
