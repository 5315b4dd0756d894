"""Input from browsers."""
