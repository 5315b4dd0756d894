"""The preferences, the identities and the own data of a user."""
