"""Drafts, and the messages made of them."""
