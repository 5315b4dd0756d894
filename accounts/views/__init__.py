"""The views of accounts: `doors` signs in and out, `lookup` finds mail settings, and so on."""
