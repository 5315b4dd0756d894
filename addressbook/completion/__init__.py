"""Addresses suggested while the user types: `index` stores the words of addresses, and `search`
finds addresses by them."""
