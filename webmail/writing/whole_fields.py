"""Put the placeholders of a written text in one piece, as readers see them.

Editors and word processors cut a placeholder by formatting (``{<b>pré</b>nom}``), by the line ends
of the HTML, or write its braces as entities. A reader sees ``{prénom}`` all the same, so all of
these are the same placeholder.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from mail.errors import FieldsLeft
from webmail.writing import fields
from webmail.writing.content import Content

_OPENING = re.compile(r"&(?:#0{0,6}123|#[xX]0{0,6}7[bB]|lcub|lbrace);?")
_CLOSING = re.compile(r"&(?:#0{0,6}125|#[xX]0{0,6}7[dD]|rcub|rbrace);?")
# Elements that begin a line, or stand in it as something that is seen.
_APART = (
    "br|blockquote|caption|col|colgroup|div|h[1-6]|hr|img|li|ol|p|pre"
    "|table|tbody|td|tfoot|th|thead|tr|ul"
)
_IN_PIECES = re.compile(
    rf"\{{((?:[^{{}}<>]|<(?!/?(?:{_APART})\b)[^<>]*+>){{1,400}})\}}", re.IGNORECASE
)
_TAG = re.compile("<[^<>]*+>")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


def may_have_some(source: str) -> bool:
    """Return whether a text or HTML has an opening brace. This costs less than `joined`."""
    return "{" in source or bool(_OPENING.search(source))


def joined(source: str, known: Collection[str]) -> str:
    """Return HTML in which each placeholder for a field in ``known`` is in one piece, with the
    formatting that began or ended in it behind it. Other braces stay."""
    if not may_have_some(source):
        return source
    source = _CLOSING.sub("}", _OPENING.sub("{", source))

    def join(match: re.Match[str]) -> str:
        name = " ".join(_TAG.sub("", match[1]).split())
        if not fields.count(f"{{{name}}}", known):
            return match[0]
        return f"{{{name}}}{''.join(_TAG.findall(match[1]))}"

    return _IN_PIECES.sub(join, source)


def settled(content: Content, known: Collection[str]) -> Content:
    """Return the message with its placeholders in one piece, as `fields.asked` finds them."""
    subject = _CONTROL.sub(" ", content.subject)
    html = joined(content.html, known) if content.is_html else content.html
    return replace(content, subject=subject, html=html)


def check_filled(subject: str, text: str, html: str, known: Collection[str]) -> None:
    """Raise FieldsLeft if a message that is about to leave still has a placeholder for a field in
    ``known``."""
    parts = (subject, text, joined(html, known))
    left: dict[str, str] = {}
    for part in parts:
        left = fields.asked(part, known) | left
    if left:
        raise FieldsLeft(tuple(f"{{{spelt}}}" for spelt in left.values()))
