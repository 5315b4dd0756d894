"""A message that was begun or kept, as the form of the composer."""

from __future__ import annotations

import re
import uuid

from mail.errors import ContentTooCostly
from webmail.forms.compose import ComposeForm
from webmail.presentation import links
from webmail.writing import beginning, cleaning, untouched
from webmail.writing.content import Content

_SHOWN = re.compile(
    r"/drafts/[0-9a-f-]{36}/files/[0-9a-f-]{36}/?\Z"
    r"|/mail/[^\s\"'<>?#]{1,8000}/view/[0-9.~]{1,200}/image\Z"
    r"|data:image/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+\Z"
)


def form_of(
    content: Content, number: uuid.UUID, revision: int
) -> tuple[ComposeForm, tuple[str, ...]]:
    """Return the form with what was written, and warnings about it. Its HTML is cleaned, since the
    editor is a part of the webmail's own page. Where cleaning takes too long the form has the
    words alone; the HTML stays among the draft's versions."""
    origin = content.origin
    initial = {
        name: getattr(content, name)
        for name in (
            *("kind", "identity", "to", "cc", "bcc", "reply_to", "subject", "priority"),
            *("wants_receipt", "wants_notice", "delivery", "keep"),
        )
    }
    warnings: tuple[str, ...] = ()
    try:
        written = cleaning.written(content.html, _shown)
    except ContentTooCostly:
        written, warnings = cleaning.rough(content.html), (beginning.too_costly(),)
    text = written.text if content.is_html else content.text
    initial |= {
        "draft": number,
        "revision": revision,
        "key": uuid.uuid4(),
        "format": "html" if content.is_html else "plain",
        "html": written.html,
        "body": text,
        "untouched": "" if revision else untouched.mark(content, text),
        "origin_folder": origin.folder if origin else "",
        "origin_ref": links.ref_segment(origin) if origin else "",
    }
    return ComposeForm(initial=initial), warnings


def _shown(address: str, _words: str) -> str | None:
    """Return the address of an image that the editor may show: one of the webmail's own, or a small
    image that stands in the text itself. None for any other."""
    return address if _SHOWN.match(address) else None
