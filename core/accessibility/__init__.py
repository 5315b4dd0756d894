"""Accessibility: the audit by the RGAA, kept as data, and the statement made of it."""
