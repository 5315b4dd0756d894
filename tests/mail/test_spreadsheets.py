"""CSV that spreadsheets open, and run nothing of."""

from __future__ import annotations

import csv
import io

import pytest

from mail import spreadsheets


# An apostrophe before a formula is doubled, so that it is there when the table is read again.
@pytest.mark.parametrize(
    "text", ["=1", "+1", "-1", "@x", "\tx", "\rx", "\nx", " =1", "  +1+1", "'=1", "''@x"]
)
def test_what_a_spreadsheet_takes_for_a_formula_becomes_text(text: str) -> None:
    assert spreadsheets.as_text(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", " ", "Zoé", "a=1", "'a=1", "1-1"])
def test_other_text_stays(text: str) -> None:
    assert spreadsheets.as_text(text) == text


def test_cells_are_read_again_whatever_is_in_them() -> None:
    rows = [["Nom", "Notes"], ["Zoé; « x »", 'deux\nlignes "…"'], ["=1", ""]]
    content = "".join(spreadsheets.lines(rows)).encode()
    assert content.startswith(b"\xef\xbb\xbfNom;Notes\r\n")
    read = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), ""), delimiter=";"))
    assert read == [*rows[:2], ["'=1", ""]]
