"""Benchmarks, and faults that are made on purpose. Tests may use them; nothing else does."""
