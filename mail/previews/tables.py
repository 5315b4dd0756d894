"""Show text files: plain text, CSV as a table, Markdown as a page."""

from __future__ import annotations

import csv
import io
from collections import Counter

from markdown_it import MarkdownIt

from mail.mime import text as mime_text
from mail.previews.failures import NoPreview, Reason
from mail.previews.pages import PlainText, PreviewPage, Table, safe_page, table

LARGEST_TEXT = 1_000_000
"""Bytes that are read of a text or a table."""
LARGEST_MARKDOWN = 60_000
MOST_ROWS = 2_000
MOST_COLUMNS = 100
LONGEST_CELL = 2_000
"""Limit in characters; the rest of the cell is left out."""


def text(content: bytes, charset: str = "", *, limit: int = LARGEST_TEXT) -> PlainText:
    """Return the beginning of a text file, decoded as ``mail.mime`` decodes messages. Never
    raises."""
    return PlainText(mime_text.decode(content[:limit], "", charset), len(content) > limit)


def csv_table(content: bytes, charset: str = "") -> Table:
    """Return the rows of a CSV or TSV file with any delimiter. Never raises."""
    plain = text(content, charset)
    body, delimiter = _delimited(plain.text)
    rows: list[list[str]] = []
    is_truncated = plain.is_truncated
    for row in _rows(body, delimiter):
        if len(rows) == MOST_ROWS:
            is_truncated = True
            break
        rows.append([cell[:LONGEST_CELL] for cell in row[: MOST_COLUMNS + 1]])
    return table(rows, most_columns=MOST_COLUMNS, is_truncated=is_truncated)


_DELIMITERS = (";", ",", "\t", "|")


def _delimited(body: str) -> tuple[str, str]:
    """Return the text and its delimiter: that of Excel's ``sep=`` line, else the one that gives the
    most lines of equal length."""
    first, _, rest = body.partition("\n")
    if first.lower().startswith("sep=") and len(first) == 5:
        return rest, first[4]
    sample = body[:20_000]
    return body, max(_DELIMITERS, key=lambda delimiter: _fitness(sample, delimiter))


def _fitness(sample: str, delimiter: str) -> tuple[float, int]:
    """Return the share of the first lines that have the same number of cells above one, and that
    number."""
    widths = Counter(len(row) for _, row in zip(range(30), _rows(sample, delimiter), strict=False))
    widths.pop(0, None)
    lines = sum(widths.values())
    width, count = widths.most_common(1)[0] if widths else (1, 0)
    return (count / lines, width) if width > 1 else (0.0, 1)


def _rows(body: str, delimiter: str) -> list[list[str]]:
    """Return the rows, at most one more than is shown."""
    rows: list[list[str]] = []
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter)
    try:
        for row in reader:
            rows.append(row)
            if len(rows) > MOST_ROWS:
                break
    except csv.Error:
        # A quote that is never closed would make the rest of the file one cell, so no quote is
        # interpreted.
        return [line.split(delimiter) for line in body.split("\n", MOST_ROWS + 1)[: MOST_ROWS + 1]]
    return rows


def markdown(content: bytes, charset: str = "") -> PreviewPage:
    """Convert a Markdown file (CommonMark, with tables and strikethrough). HTML in it is shown as
    source; images are left out, since nothing may be fetched. Raises NoPreview."""
    plain = text(content, charset, limit=LARGEST_MARKDOWN)
    # Each call has its own parser, since a parser keeps state.
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 20})
    parser.enable(["table", "strikethrough"])
    try:
        rendered = parser.render(plain.text)
    except (RecursionError, ValueError, IndexError) as error:
        raise NoPreview(Reason.DAMAGED, type(error).__name__) from error
    return safe_page(rendered, is_truncated=plain.is_truncated)
