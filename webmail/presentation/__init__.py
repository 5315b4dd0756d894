"""The values of mail that templates show, with dates, sizes and names already put into words.

Formatting happens here once per row, not in template filters: a list page has fifty of them.
"""
