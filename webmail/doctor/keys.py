"""The keys of the environment: whether they still open what was sealed with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import key_marks
from accounts.health.findings import Finding, bad, ok, warn
from mail.errors import Unreadable
from webmail.models import Draft
from webmail.writing import sealing

_LOST: Final = _(
    "Put back the former %(setting)s, from the copy of /etc/webmail that is kept apart from the"
    " backups: until then this is lost to its users."
)


def findings() -> Iterator[Finding]:
    """Yield findings on whether the oldest and the newest of what was sealed can be opened: after a
    key has changed the oldest cannot, and with two keys in use one of them cannot."""
    told = [*_marks(), *_second_factors(), *_drafts()]
    yield from told or [ok(gettext("The secret keys open what was sealed with them."))]


def _marks() -> Iterator[Finding]:
    for setting, is_listed in key_marks.changed():
        words = {"setting": setting}
        if is_listed:
            yield warn(
                gettext("%(setting)s was changed; the former key still opens what it sealed.")
                % words,
                gettext("Run: sudo -u webmail webmail-manage adopt_keys"),
            )
        else:
            text = gettext("%(setting)s was changed, and the former key is not listed.") % words
            advice = gettext(
                "Write new,old into the file of %(setting)s, restart, then run: sudo -u webmail"
                " webmail-manage adopt_keys. The former key is in the copy of /etc/webmail."
            )
            yield bad(text, advice % words)


def _second_factors() -> Iterator[Finding]:
    rows = Authenticator.objects.filter(type=Authenticator.Type.TOTP).order_by("pk")
    try:
        for row in filter(None, (rows.first(), rows.last())):
            get_adapter().decrypt(row.data["secret"])
    except InvalidToken:
        text = gettext("Second factors cannot be read: WEBMAIL_SECRET_KEY is another one.")
        yield _lost(text, _LOST, "WEBMAIL_SECRET_KEY")


def _drafts() -> Iterator[Finding]:
    rows = Draft.objects.exclude(sealed=b"").order_by("created")
    try:
        for row in filter(None, (rows.first(), rows.last())):
            sealing.opened(row.pk, row.user_id, row.sealed)
    except Unreadable:
        text = gettext(
            "Drafts and scheduled messages cannot be read: WEBMAIL_LENDING_KEY, or where it is"
            " empty WEBMAIL_SECRET_KEY, is another one."
        )
        yield _lost(text, _LOST, "WEBMAIL_LENDING_KEY")


def _lost(text: str, advice: Promise, setting: str) -> Finding:
    return bad(text, str(advice) % {"setting": setting})
