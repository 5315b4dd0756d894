"""The files of a message that is being written, as its page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.converters import MessageConverter
from mail.imap.values import MessageRef
from mail.mime.structure import Part
from webmail.forms.compose import ComposeForm
from webmail.models import Draft
from webmail.presentation import files as cards
from webmail.views.composer.shared import file_card
from webmail.writing import files


def kept_cards(form: ComposeForm, parts: Sequence[Part]) -> list[cards.AttachmentCard]:
    """Return the parts of the answered message that leave with this one. Where the server was not
    asked about a part, its card has the number alone, which the form tells."""
    content = form.content if form.is_bound else None
    origin = content.origin if content else _origin(form)
    kept = content.keep if content else tuple(form.initial.get("keep", ()))
    known = {part.number: part for part in parts}
    if origin is None:
        return []
    return [cards.kept_card(origin, known.get(number) or Part(number, "")) for number in kept]


def _origin(form: ComposeForm) -> MessageRef | None:
    folder, segment = form.initial.get("origin_folder", ""), form.initial.get("origin_ref", "")
    if not folder or not segment:
        return None
    return MessageRef(folder, *MessageConverter().to_python(segment))


def file_cards(
    draft: Draft | None, form: ComposeForm
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the draft's files, which the page lists, and the images of its text, which it does not
    list. A draft in plain text has no such images: they are listed as files."""
    if draft is None:
        return [], []
    rows = files.of(draft)
    is_plain = form["format"].value() == "plain"
    return (
        [file_card(row) for row in rows if is_plain or not row.is_inline],
        [file_card(row) for row in rows if row.is_inline and not is_plain],
    )
