"""The accessibility audit."""
