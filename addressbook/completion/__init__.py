"""Addresses suggested while the user types: `index` keeps the words of addresses, and `search`
finds addresses by them."""
