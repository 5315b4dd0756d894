"""The part of the user's Sieve script that files adverts while nobody looks."""

from __future__ import annotations

from contextlib import suppress

from django.conf import settings
from django.utils import timezone

from accounts import session
from accounts.http import SignedInRequest
from accounts.models import MailDomain
from addressbook.contacts import known as acquaintances
from mail.errors import WebmailError
from mail.mailbox import folders, rules
from mail.sieve import writing
from mail.sieve.connection import SieveConnection as Sieve
from webmail.adverts import judging
from webmail.models import SenderChoice
from webmail.views.rules.page import folder_ids, open_rules


def renew_adverts(request: SignedInRequest) -> None:
    """Update the part of the script about adverts after its data changed. Do nothing if the Sieve
    server is not available: the next request for the absence banner does it."""
    if session.has_sieve(request.user):
        with suppress(WebmailError, writing.UnwritableScript), open_rules(request) as (sieve, kept):
            put_adverts_aside(request, sieve, kept)


def put_adverts_aside(request: SignedInRequest, sieve: Sieve, kept: rules.UserScripts) -> None:
    """Write the user's current choice about adverts into the script. Rules of other software are
    kept, never replaced."""
    if kept.is_foreign or not kept.is_readable:
        return
    text = _aside(request, kept) if judging.disposal(request) == "move" else ""
    is_true = text == kept.script.adverts and (kept.is_active or not text)
    if is_true and not kept.is_cut_off:
        return
    script = rules.with_adverts(kept.script, text)
    if not rules.answers_twice(kept, script, rules.included_text(sieve, kept)):
        rules.save(sieve, kept, script, timezone.localtime())


def _aside(request: SignedInRequest, kept: rules.UserScripts) -> str:
    """Return the part of the script about adverts; "" if the server cannot file messages."""
    if not kept.extensions >= writing.ADVERTS_REQUIRES:
        return ""
    with session.imap(request) as imap:
        known = folders.outline(imap)
        adverts = folders.named(known, settings.ADVERTS_FOLDER)
        junk = folders.special(known, folders.JUNK)
        there = [folder.name for folder in (adverts, junk) if folder]
        ids = folder_ids(imap, kept, rules.misread(kept, there))
    allowed, blocked = SenderChoice.objects.all().named(request.user)
    people = [name for name in allowed if "@" in name]
    people += acquaintances.nearest(request.user, writing.MOST_ALLOWED)
    authority = MailDomain.objects.all().names()
    prefix = folders.personal_prefix(known)
    return writing.adverts(
        writing.AsideMail(
            adverts_folder=adverts.name if adverts else prefix + settings.ADVERTS_FOLDER,
            junk_folder=junk.name if junk else f"{prefix}Junk",
            allowed=tuple(name for name in dict.fromkeys(people) if name not in blocked),
            domains=tuple({name for name in allowed if "@" not in name} | authority),
            ids=ids,
        )
    )
