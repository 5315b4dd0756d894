"""Help: short articles in French and English, what is new in each version, and first steps."""
