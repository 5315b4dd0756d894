"""Values for templates, with dates, sizes and names already in words.

Formatting happens here once per row, not in template filters: a list page has fifty of them.
"""
