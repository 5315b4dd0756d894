"""The settings of an installation: variables of the environment, declared once in `declared`, read
by `readers`, and described for administrators by `page` (docs/settings.md)."""
