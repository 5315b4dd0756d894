"""One message of a message to each as it will leave, for the frame in the question before it does.

Its images are shown from where they lie: nothing is collected from the mail server for a preview.
"""

from __future__ import annotations

from collections.abc import Mapping

from accounts.models import User
from mail.errors import MessageNotFound
from webmail.models import Draft
from webmail.writing import (
    cleaning,
    documents,
    drafts,
    field_values,
    identities,
    images,
    making,
    recipients,
    renewing,
    rosters,
    whole_fields,
)
from webmail.writing.content import Content


def html(user: User, draft: Draft, address: str, instead: Mapping[str, str]) -> str:
    """Return the clean HTML of a draft as the recipient with this address will get it. ``instead``
    has the words for empty fields by their keys. Raises MessageNotFound if the draft is not for
    this recipient, or has no HTML; ContentTooCostly and SenderRefused."""
    content = renewing.renew(user, drafts.content(draft))
    roster = rosters.asked_for(draft, content)
    content = whole_fields.settled(content, field_values.keys(roster))
    review = recipients.review(
        user,
        content,
        with_names=True,
        with_pupils=documents.of(draft) is not None,
        roster=roster,
    )
    key = address.casefold()
    member = next((person for person in review.members if person.key == key), None)
    if member is None or not content.is_html:
        raise MessageNotFound("The draft has no such message.")
    return _laid_out(user, recipients.each(content, member, instead))


def _laid_out(user: User, content: Content) -> str:
    written = cleaning.written(content.html, _shown)
    laid = making.Laid(written.text, written.html, (), ())
    return making.with_footer(laid, identities.check(user, content.identity).footer).html


def _shown(address: str, _words: str) -> str | None:
    """Return the address of an image that leaves with the message, and None for any other."""
    is_kept_here = address.startswith("/") and images.is_ours(address)
    return address if is_kept_here or address.startswith("data:image/") else None
