"""Inputs made to cost time, or to hit a limit of what reads them: each as long as it may come."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from mail.mime import addresses, authentication, body, composed, headers, links, text, uuencode
from mail.mime.hypertext import css, html
from mail.mime.structure import Part

HEADER = 256 * 1024
TEXT = 512 * 1024
SHEET = 300_000
# Of the processor. Each takes a part of it, and what is quadratic a multiple.
SECONDS = 8


def verdicts(value: bytes) -> object:
    fields = headers.parse(b"Authentication-Results: mx.fr; spf=pass " + value)
    return authentication.server_verdicts(fields, "mx.fr")


def enriched(data: bytes) -> object:
    return body.read_body(Part("1", "text/enriched"), data)


def cleaned(source: str) -> object:
    try:
        return html.sanitise(source, remote=True, mailto="/compose/?")
    except html.TooComplex:
        return html.to_text(source)


def written(source: str) -> object:
    return composed.write(source, {})


def linked(words: str) -> str:
    """Links enough for as much text as HTML may hold."""
    links = 990_000 // (len(words) + 40)
    return "".join(f'<a href="http://x.fr/{n}">{words}</a>' for n in range(links))


COSTS: dict[str, Callable[[], object]] = {
    "comments of addresses that never end": lambda: addresses.parse("(a\\" * (HEADER // 3)),
    "quotes of addresses that never end": lambda: addresses.parse('"a\\' * (HEADER // 3)),
    "comments of verdicts that never end": lambda: verdicts(b"(a\\" * (HEADER // 3)),
    "comments of verdicts in one another": lambda: verdicts(b"(" * HEADER),
    "strings of verdicts that never end": lambda: verdicts(b'"\\' * (HEADER // 2)),
    "a name of blanks before a uuencoded file": lambda: uuencode.take_out(
        b"begin 644" + b" " * 8 * TEXT + b"x" * 500
    ),
    "text/enriched of parameters": lambda: enriched(b"<param>" * (TEXT // 7)),
    "base64 of nothing but ends": lambda: text.decode_transfer(b"AB=" * (TEXT // 3), "base64"),
    "quoted and plain lines by turns": lambda: text.to_html("> a\nb\n" * (TEXT // 6)),
    "people without a name": lambda: headers.parse(b"To: " + b"a," * (HEADER // 2)).addresses("To"),
    "signatures of nothing": lambda: written("<div class=signature></div>" * 36_000),
    "tables as wide as long": lambda: written(
        f"<table><tr>{'<td>a' * 30_000}{'<tr><td>a' * 15_000}</table>"
    ),
    "long text in deep quotes": lambda: written("<blockquote>" * 190 + "a<br>" * 110_000),
    "quotes in quotes": lambda: cleaned("<blockquote>{" * 80_000),
    "words between tables": lambda: cleaned("<table>^" * 110_000),
    "words between tables of all spellings": lambda: cleaned("<tAbLe >^" * 100_000),
    "links around tables": lambda: cleaned("<a href=x><table>" * 50_000),
    "preformatted in a link": lambda: cleaned('<a href="http://a.fr">' + "<pre> " * 60_000),
    "a style sheet of blanks": lambda: css.sheet(" " * (SHEET - 1) + "!"),
    "an import of blanks": lambda: css.sheet("@import" + " " * (SHEET - 8) + "}"),
    "comments of a style sheet among blanks": lambda: css.sheet("a{}" + " " * (SHEET - 4) + "/"),
    "brackets in brackets of a style sheet": lambda: css.sheet(
        ("(" * 20 + ")" * 20) * (SHEET // 40)
    ),
    "links named by long labels": lambda: cleaned(linked(("a" * 62 + ".") * 31 + "1")),
    "links named by labels with hyphens": lambda: cleaned(linked(("a-" * 31 + "a.") * 31 + "1")),
    "links named by short labels": lambda: cleaned(linked("a." * 990 + "1")),
    "links named by labels and addresses": lambda: cleaned(linked(("a" * 62 + ".a@") * 30)),
    "mail links named by one label": lambda: links.note("mailto:a@x.fr", "a" * TEXT),
    "recipients of blanks": lambda: addresses.read_recipients("x@y.fr," + " " * TEXT + "a"),
    "a group of blanks": lambda: addresses.read_recipients(f"a{' ' * TEXT}b,x@y.fr;"),
    "a name of blanks": lambda: addresses.read_recipients(f"a{' ' * TEXT}<{' ' * TEXT}b"),
} | {
    f"a style sheet of {piece}": lambda piece=piece: css.sheet(piece * (SHEET // len(piece)))
    for piece in (
        ";/*",
        "{ /*",
        "/*<!--",
        "a{b:c}/*",
        "@media ",
        "@media a{",
        "a[b='",
        "()(",
        "<!--",
    )
}


@pytest.mark.parametrize("read", COSTS.values(), ids=COSTS)
def test_nothing_is_quadratic(read: Callable[[], object]) -> None:
    start = time.process_time()
    read()
    assert time.process_time() - start < SECONDS


NUMBERS = {
    "in a style": '<p style="width:{} ;color:red">x</p>',
    "alone in a style": '<p style="{};color:red">x</p>',
    "in a function": '<p style="color:rgb({},0,0)">x</p>',
    "in a style sheet": "<style>p{{width:{}px}}</style><p>x</p>",
    "in a selector": "<style>p:nth-child({}){{color:red}}</style><p>x</p>",
    "in a media query": "<style>@media (min-width:{}px){{p{{color:red}}}}</style><p>x</p>",
    "in a colour of the page": '<body bgcolor="&#{};"><p>x</p>',
    "in the media of a sheet": '<style media="&#{};">p{{color:red}}</style><p>x</p>',
    "in an address": '<p>x</p><a href="http://a.fr/&amp;#{};">y</a>',
    "in a size": '<p>x</p><img width="{}" src="http://a.fr/b.png">',
    "in the text": "<p>x</p>&#{};",
    "in a list": '<ol start="{}"><li>x</ol>',
}


@pytest.mark.parametrize("digit", ["0", "9", "٣"])
@pytest.mark.parametrize("source", NUMBERS.values(), ids=NUMBERS)
def test_a_number_that_python_will_not_read_breaks_nothing(source: str, digit: str) -> None:
    source = source.format(digit * 4_900)
    assert "x" in html.sanitise(source, remote=True).body
    assert "x" in html.to_text(source)
    assert "x" in html.to_text("&" * 200_000 + source)
