"""The administration: its site, its first page, and the pages that concern more than one app."""
