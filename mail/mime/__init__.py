"""Bytes <-> values: pure functions, no Django, no I/O, no clock, no settings."""
