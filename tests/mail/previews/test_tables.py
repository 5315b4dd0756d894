"""Text files, tables and Markdown."""

from __future__ import annotations

import contextlib
import time

import lxml.html
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.previews import tables
from mail.previews.failures import NoPreview
from tests.examples import up_to

# Text


@pytest.mark.parametrize("charset", ["utf-8", "cp1252", "utf-16", "utf-8-sig"])
def test_text_is_decoded_whatever_its_charset(charset: str) -> None:
    assert tables.text("Élève\r\nà l’école".encode(charset)).text == "Élève\nà l’école"


def test_a_long_text_is_cut_and_says_so() -> None:
    shown = tables.text(b"a" * (tables.LARGEST_TEXT + 1))
    assert (len(shown.text), shown.is_truncated) == (tables.LARGEST_TEXT, True)
    assert not tables.text(b"a" * tables.LARGEST_TEXT).is_truncated


def test_text_has_no_control_characters() -> None:
    assert tables.text(b"a\x1b[31m\x00b").text == "a[31mb"


# CSV


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_a_table_is_read_whatever_separates_its_cells(delimiter: str) -> None:
    lines = [["Nom", "Prénom", "Note"], ["Petit", "Zoé", "12"], ["Le Goff", "Aimé", "9"]]
    content = "\r\n".join(delimiter.join(line) for line in lines).encode("cp1252")
    shown = tables.csv_table(content)
    assert shown.rows == tuple(map(tuple, lines))
    assert (shown.columns, shown.is_truncated) == (3, False)


def test_french_decimals_do_not_pass_for_separators() -> None:
    shown = tables.csv_table("Élève;Note;Rang\nA;12,5;1\nB;9,25;2\n".encode())
    assert shown.rows[1] == ("A", "12,5", "1")


def test_quoted_cells_keep_separators_quotes_and_line_breaks() -> None:
    shown = tables.csv_table(b'a;b\n"1;2";"dit ""non""\nvraiment"\n')
    assert shown.rows[1] == ("1;2", 'dit "non"\nvraiment')


def test_what_excel_says_of_its_separator_is_believed_and_not_shown() -> None:
    shown = tables.csv_table(b"sep=|\na,b,c|d\n1,2,3|4\n")
    assert shown.rows == (("a,b,c", "d"), ("1,2,3", "4"))


def test_short_lines_are_filled_and_empty_ends_left_out() -> None:
    shown = tables.csv_table(b"a;b;c;;\n1;2\n;;;;\n\n")
    assert shown.rows == (("a", "b", "c"), ("1", "2", ""))


def test_an_empty_file_is_an_empty_table() -> None:
    assert tables.csv_table(b"").rows == ()


def test_a_quote_that_is_never_closed_hides_no_lines() -> None:
    shown = tables.csv_table(b'a;b\n"c;d\n' + b"e;f\n" * 100_000)
    assert shown.rows[2] == ("e", "f")


def test_tables_are_cut_at_their_limits_and_say_so() -> None:
    long = tables.csv_table(b"a;b\n" * (tables.MOST_ROWS + 1))
    assert (len(long.rows), long.is_truncated) == (tables.MOST_ROWS, True)
    wide = tables.csv_table(b";".join([b"a"] * (tables.MOST_COLUMNS + 1)))
    assert (wide.columns, wide.is_truncated) == (tables.MOST_COLUMNS, True)
    deep = tables.csv_table(b"a;" + b"b" * 50_000)
    assert len(deep.rows[0][1]) == tables.LONGEST_CELL


def test_formulas_stay_text() -> None:
    assert tables.csv_table(b"=1+1;b\n=cmd|'/c calc';d\n").rows[0][0] == "=1+1"


@up_to(200)
@given(st.text(alphabet='ab"\n\r;,\t|=', max_size=200))
def test_any_text_is_a_table_of_equal_rows(text: str) -> None:
    shown = tables.csv_table(text.encode())
    assert {len(row) for row in shown.rows} <= {shown.columns}


# Markdown


def test_markdown_becomes_a_page() -> None:
    body = tables.markdown("# Été\n\n* un **gras**\n\n|a|b|\n|-|-|\n|1|2|\n\n~~non~~".encode()).body
    for expected in ("<h1>Été</h1>", "<strong>gras</strong>", "<td>1</td>", "<s>non</s>", "<li>"):
        assert expected in body


@pytest.mark.parametrize(
    "source",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](http://tracker.example/x.png)",
        "<svg/onload=alert(1)>",
        "[x]: javascript:alert(1)\n\n[x]",
        '<http://a" onclick="alert(1)>',
        '![x](javascript:alert(1) "onerror=alert(1)")',
    ],
)
def test_nothing_in_markdown_runs_or_fetches(source: str) -> None:
    root = lxml.html.fromstring(f"<div>{tables.markdown(source.encode()).body}</div>")
    for element in root.iter():
        assert element.tag in {"div", "p", "a", "img"}
        assert set(element.keys()) <= {"href", "target", "rel", "alt", "title"}
        assert element.get("href", "http://").startswith("http://")


HOSTILE = [
    "[" * 100_000, "![[" * 30_000, "**a*" * 25_000, "`a" * 50_000, ">" * 100_000, "- " * 50_000,
    "|a" * 10_000 + "\n" + "|-" * 10_000 + "\n" + "|b\n" * 2_000, "[a](<b" * 16_000,
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("source", HOSTILE, ids=lambda source: source[:6])
def test_markdown_made_to_be_slow_is_not(source: str) -> None:
    begun = time.process_time()
    with contextlib.suppress(NoPreview):
        tables.markdown(source.encode())
    assert time.process_time() - begun < 8


def test_long_markdown_is_cut_and_says_so() -> None:
    assert tables.markdown(b"a a a\n\n" * (tables.LARGEST_MARKDOWN // 6)).is_truncated


@up_to(100)
@given(st.text(alphabet="#*_`[]()!<>|-\n ab&\"'\\:", max_size=120))
def test_any_text_is_markdown(text: str) -> None:
    assert "<script" not in tables.markdown(text.encode()).body
