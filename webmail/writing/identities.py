"""The identities of a user: verified addresses with name, Reply-To and signature.

An address comes from the sign-in, from the staff record, from the directory or from an
administrator, never from a form. Name, Reply-To and signature are the user's own. If administrators
have locked the name, it is the authority's. The values of a policy (`webmail.writing.policies`) go
before the user's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.conf import settings
from django.db import transaction

from accounts.models import StaffRecord, User
from addressbook.contacts import names
from mail.errors import ContentTooCostly, SenderRefused
from mail.mime import addresses, composed
from mail.mime.addresses import Address
from webmail.models import Identity, SignatureTemplate
from webmail.writing import cleaning, policies, templates

Source = Identity.Source

LONGEST_SIGNATURE = 200_000
"""The largest number of characters, images included."""
LARGEST_IMAGE = 100 * 1024
"""The largest size in bytes of all images of a signature."""
_IMAGE = re.compile(r"data:(image/(?:png|jpeg|gif|webp));base64,([A-Za-z0-9+/]+={0,2})\Z")
_BLANK = re.compile(r"(?:\s|&nbsp;|<br>|</?(?:div|p|span)\b[^>]*>)*")


def of(user: User) -> tuple[Identity, ...]:
    """Return all identities of the user, the default first.

    Stored rows are used; others are made up and not saved. The tuple is not empty for a user who
    has an address. Three queries at most.
    """
    identities, record = _vouched(user)
    new = [identity for identity in identities if identity.pk is None]
    if new and (template := _template(user, record)):
        for identity in new:
            identity.signature = template
    return identities


def _vouched(user: User) -> tuple[tuple[Identity, ...], StaffRecord | None]:
    """Return the identities of `of` without a proposed signature, and the staff record. Two
    queries."""
    rows = {row.address.casefold(): row for row in Identity.objects.own(user)}
    record = StaffRecord.objects.of(user)
    vouched: dict[str, tuple[str, str]] = {}
    for source, address in (
        (Source.SIGN_IN, user.address),
        (Source.STAFF, record.address if record and record.is_active else ""),
        *((row.source, row.address) for row in rows.values() if _is_lasting(row)),
    ):
        if addresses.is_valid(address):
            vouched.setdefault(address.casefold(), (source, address))
    name = user.name or (record.name if record else "")
    identities = [
        rows.get(key) or Identity(user=user, address=address, source=source, name=name)
        for key, (source, address) in vouched.items()
    ]
    if settings.IDENTITY_NAME_LOCKED:
        _give_names(user, record, identities)
    policies.enforce(
        policies.of(user.mail_domain_id),
        identities,
        _own(user, record),
        templates.values(user, record),
    )
    return tuple(sorted(identities, key=lambda identity: not identity.is_default)), record


def _give_names(user: User, record: StaffRecord | None, identities: Iterable[Identity]) -> None:
    """Give the user's own addresses the name of the staff record or the directory. An address from
    an administrator keeps its name."""
    own = _own(user, record)
    name = (record.name if record else "") or user.name or names.in_directory(user.address)
    for identity in identities:
        if identity.address.casefold() in own:
            identity.name = name[:200]


def _own(user: User, record: StaffRecord | None) -> set[str]:
    """Return the user's own addresses, without those from an administrator."""
    return {user.address.casefold(), record.address.casefold() if record else ""}


def signature_text(identity: Identity) -> str:
    """Return the signature as plain text, without the mark above it."""
    return composed.to_text(identity.signature) if identity.signature else ""


def check(user: User, address: str) -> Identity:
    """Return the identity with this address, or for "" the default one, without a proposed
    signature. Raises SenderRefused for an address of which the user has no identity. Two
    queries."""
    mine, _record = _vouched(user)
    if not address and mine:
        return mine[0]
    for identity in mine:
        if identity.address.casefold() == address.casefold():
            return identity
    raise SenderRefused("This is none of the person's addresses.")


def written_to(mine: Iterable[Identity], people: Iterable[str]) -> Identity | None:
    """Return the first identity among the addresses of a message, or None."""
    by_address = {identity.address.casefold(): identity for identity in mine}
    return next(
        (by_address[address.casefold()] for address in people if address.casefold() in by_address),
        None,
    )


def sender(identity: Identity) -> Address:
    """Return the address for the From field."""
    return Address(" ".join(identity.name.split()), identity.address)


@transaction.atomic
def keep(identity: Identity) -> None:
    """Save the user's choices for one identity. A new default replaces the former one; what another
    request has stored for the address meanwhile is changed."""
    _wait_for_others(identity)
    if identity.is_default:
        others = Identity.objects.filter(user=identity.user, is_default=True)
        others.exclude(pk=identity.pk).update(is_default=False)
    # Enforced values are not the user's choice; the user's own values stay below them.
    if identity.pk is None:
        if policies.NAME in identity.enforced:
            identity.name = identity.user.name
        if policies.REPLY_TO in identity.enforced:
            identity.reply_to = ""
        identity.save()
    else:
        chosen = {"signature", "is_default", policies.NAME, policies.REPLY_TO} - identity.enforced
        identity.save(update_fields=chosen)


def _wait_for_others(identity: Identity) -> None:
    """Let one request at a time save identities of a user, and take the row that another has
    stored."""
    User.objects.select_for_update(no_key=True).get(pk=identity.user_id)
    if identity.pk is None:
        stored = Identity.objects.filter(user=identity.user_id, address=identity.address)
        identity.pk = stored.values_list("pk", flat=True).first()


def clean_signature(source: str) -> str:
    """Return the HTML of a signature cleaned like that of a message, with small images inside it,
    or "" if nothing of it is visible. Raises ValueError if it is too large."""
    try:
        cleaned = cleaning.written(source, _small_image).html
    except ContentTooCostly as error:
        raise ValueError("the signature takes too long to be read") from error
    images = sum(len(part) for part in re.findall(r"base64,([A-Za-z0-9+/=]+)", cleaned))
    if images * 3 // 4 > LARGEST_IMAGE or len(cleaned) > LONGEST_SIGNATURE:
        raise ValueError("the signature is too large")
    return "" if _BLANK.fullmatch(cleaned) else cleaned


def _small_image(address: str, _words: str) -> str | None:
    return address if _IMAGE.match(address) else None


def _is_lasting(row: Identity) -> bool:
    """Return whether the row itself verifies its address. A row with an address of the sign-in or
    the record lapses when these change."""
    return row.source in (Source.ADMINISTRATOR, Source.DIRECTORY)


def _template(user: User, record: StaffRecord | None) -> str:
    """Return the signature that administrators propose to a user without one."""
    text = SignatureTemplate.objects.text_for(user.mail_domain_id)
    if not text:
        return ""
    return composed.clean(
        composed.from_text(templates.filled(text, templates.values(user, record)))
    )
