"""Whether a message is wanted, an advert or junk, and what was learnt of that: pure functions.

``verdict.judge`` is the door; ``words.learn`` and ``words.unlearn`` are how it is taught.
"""
