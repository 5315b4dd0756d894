"""Find out whether the user typed anything since the composer was opened. A signature or a quote
alone is no draft."""

from __future__ import annotations

import hashlib

from webmail.writing import cleaning, drafts
from webmail.writing.content import Content


def mark(content: Content, text: str) -> str:
    """Return the mark of a new form's beginning; ``text`` is the text of its body."""
    return f"{_head(content)}.{_digest(text)}"


def is_untouched(content: Content, begun: str) -> bool:
    """Return whether a form is unchanged. ``begun`` is the mark in the form, "" for a draft that is
    continued. The text is compared last, since it may have to be cleaned."""
    if content.files:
        return False
    if drafts.is_blank(content):
        return True
    head, _dot, text = begun.partition(".")
    return head == _head(content) and text == _digest(_text(content))


def _head(content: Content) -> str:
    fields = (content.to, content.cc, content.bcc, content.reply_to, content.subject)
    return _digest("\0".join(" ".join(field.split()) for field in fields))


def _text(content: Content) -> str:
    return cleaning.text(content.html) if content.is_html else content.text


def _digest(text: str) -> str:
    """Return a digest without blanks, since an editor changes these."""
    return hashlib.blake2b("".join(text.split()).encode(), digest_size=12).hexdigest()
