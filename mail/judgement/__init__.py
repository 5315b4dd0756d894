"""Classify a message as wanted, an advert or junk, and learn from users. Pure functions.

``verdict.judge`` classifies; ``words.learn`` and ``words.unlearn`` teach.
"""
