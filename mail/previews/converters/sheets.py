"""The sheets of a workbook as values, within limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mail.previews.converters.parts import LONGEST_CELL, MOST_CHARACTERS, MOST_ROWS


def first_words(pieces: Iterator[str]) -> str:
    """Join texts, but no more of them than a cell shows."""
    beginnings, left = [], LONGEST_CELL
    for piece in pieces:
        beginnings.append(piece[:left])
        left -= len(piece)
        if left <= 0:
            break
    return "".join(beginnings)


def sheet_of(
    name: str, rows: list[list[str]], is_cut: bool = False, most_rows: int = MOST_ROWS
) -> dict[str, Any]:
    return {
        "name": name[:200],
        "rows": rows[:most_rows],
        "is_truncated": is_cut or len(rows) > most_rows,
    }


def trim(sheets: list[dict[str, Any]]) -> None:
    """Cut the sheets where the texts of all cells together are too long: one cell may be repeated a
    million times."""
    left = MOST_CHARACTERS
    for sheet in sheets:
        for position, row in enumerate(sheet["rows"]):
            left -= sum(len(cell) + 1 for cell in row)
            if left < 0:
                del sheet["rows"][position:]
                sheet["is_truncated"] = True
                break
