"""The settings of an installation: environment variables, declared once in `declared`, read by
`readers`, and described for administrators by `page` (docs/settings.md)."""
