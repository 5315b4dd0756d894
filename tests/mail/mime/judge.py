"""The judge of the sanitiser: a list of its own of what may come out, whatever went in, and a
parser of its own."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from mail.mime.hypertext import css
from mail.mime.hypertext.html import SafeHtml

TAGS = frozenset(
    """
    a abbr acronym address area article aside b bdi big blockquote br caption center cite
    code col colgroup dd del details dfn dir div dl dt em figcaption figure font footer h1 h2 h3
    h4 h5 h6 header hr i img ins kbd li main map mark menu nav ol p pre q rp rt ruby s samp
    section small span strike strong sub summary sup table tbody td tfoot th thead time tr tt u
    ul var wbr
    """.split()
)
LOADING = {"src", "srcset", "background"}
NEVER = frozenset(
    "action data formaction poster ping srcdoc manifest xmlns xlink:href cite longdesc".split()
)
COMPOSER = "/compose/?"
LINK = re.compile(r"(?:https?://|mailto:|tel:|#m-|/compose/\?)", re.IGNORECASE)
# An address that css may hold is a number of ours.
STYLE = re.compile(
    r"url\((?!(?:inline|remote)/\d+\))|expression|(?<!-)position|\\|<|@(?!media)|var\(|/\*",
    re.IGNORECASE,
)


class Judge(HTMLParser):
    """Checks each tag and attribute with a parser that has no part in the sanitising."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        values = {name: value or "" for name, value in attrs}
        for name, value in values.items():
            assert not name.startswith(("on", "hx-", "data-", "xml", "aria"))
            assert name not in NEVER
            if name in LOADING:
                assert re.fullmatch(r"(?:(?:inline|remote)/\d+(?: [\d.]+[wx])?(?:, )?)+", value)
            if name == "href":
                assert LINK.match(value)
            if name in ("id", "name"):
                assert value.startswith(css.PREFIX)
            if name == "style":
                assert not STYLE.search(value.replace("background-position", ""))
            if name in ("target", "rel"):
                assert value in ("_blank", "noopener noreferrer")
        if not values.get("href", "#").startswith("#"):
            assert values["target"] == "_blank"
            assert values["rel"] == "noopener noreferrer"

    def handle_comment(self, data: str) -> None:
        raise AssertionError("a comment came out")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError("a declaration came out")

    def handle_pi(self, data: str) -> None:
        raise AssertionError("an instruction came out")


def judge(safe: SafeHtml) -> None:
    """Assert that nothing but what is listed here is in ``safe``."""
    safe.body.encode()
    parser = Judge()
    parser.feed(safe.body)
    parser.close()
    assert not STYLE.search(re.sub(r"(?:background|object)-position", "", safe.style))
