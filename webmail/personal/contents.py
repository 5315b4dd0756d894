"""The files in the download of a user's own data: rows as JSON, contacts as vCard, files as they
are.

Rows are read a few hundred at a time, and files a piece at a time. Secrets that prove an identity
(sealed passwords, keys, digests, secrets of second factors) are left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any, BinaryIO, Final

from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from accounts import kept
from accounts.models import AuditEvent, StaffRecord, User
from accounts.sealed import files as sealed_files
from addressbook.contacts import export
from addressbook.models import Contact, Group
from mail.errors import PartNotFound, Unreadable, WebmailError
from mail.zips import NewMember
from webmail import outbox
from webmail.models import (
    Draft,
    DraftDocument,
    DraftFile,
    DraftRoster,
    DraftVersion,
    OutboxMessage,
    Transfer,
)
from webmail.outbox import batch_template
from webmail.outbox import values as outbox_values
from webmail.writing import documents, files, sealing

_CHUNK = 200
_PIECE = 256 * 1024
CONTACTS = "contacts"
# The lookup from a row to its user, where the row has no such column itself.
_PATHS: Final = {
    "addressbook.GroupNesting": "outer__user",
    "addressbook.ImportFile": "job__user",
    "addressbook.ImportPart": "job__user",
    "webmail.DraftDocument": "draft__user",
    "webmail.DraftRoster": "draft__user",
    "webmail.DraftVersion": "draft__user",
    "accounts.WireLogPiece": "log__user",
}
# Columns that hold secrets, or name a file or a worker of this server.
_LEFT_OUT: Final = frozenset(
    {"data", "digest", "hash", "key_id", "lookup_digest", "numen_digest", "password", "runner"}
    | {"session_key", "source_key", "spool", "user"}
)


def members(user: User) -> Iterator[NewMember]:
    """Yield all files of the zip. Texts are in the user's language."""
    yield NewMember("LISEZ-MOI.txt", _read_me(user))
    yield NewMember("contacts.vcf", _cards(user, Q(deleted=None)))
    if Contact.objects.filter(user=user, deleted__isnull=False).exists():
        yield NewMember("contacts-bin.vcf", _cards(user, Q(deleted__isnull=False)))
    for name in dict.fromkeys(kind.file for kind in kept.KINDS):
        if name and name != CONTACTS:
            yield NewMember(f"{name}.json", _json(user, name))
    for row in DraftFile.objects.filter(user=user).exclude(spool="").iterator(_CHUNK):
        with suppress(Unreadable, PartNotFound):
            about = files.about(row)
            name = f"drafts/{row.draft_id}/{row.pk}-{about.name}"
            yield NewMember(name, _pieces(files.open_(row)), about.size)
    for document in rows_of(user, "webmail.DraftDocument").select_related("draft").iterator(_CHUNK):
        with suppress(Unreadable, PartNotFound):
            owner = document.draft
            name = f"drafts/{owner.pk}/{document.pk}-{documents.about(owner, document).name}"
            yield NewMember(name, _pieces(documents.open_(owner, document)), document.size)
    for message in OutboxMessage.objects.of(user).exclude(spool="").iterator(_CHUNK):
        if (pieces := _spooled(message)) is not None:
            yield NewMember(f"outbox/{message.pk}.eml", pieces, message.size)


def count(user: User) -> list[tuple[kept.StoredData, int]]:
    """Return the number of rows of each kind about a user, for the page on which they are
    deleted."""
    return [
        (kind, sum(rows_of(user, label).count() for label in kind.models))
        for kind in kept.KINDS
        if kind.models
    ]


def rows_of(user: User, label: str) -> QuerySet[Any]:
    """Return the rows of a model about a user."""
    model = apps.get_model(label)
    rows = model._base_manager.order_by("pk")
    if model is User:
        return rows.filter(pk=user.pk)
    if model is AuditEvent:
        names = {name.lower() for name in (str(user), user.address, user.login) if name}
        return rows.filter(Q(actor=user) | Q(target__in=names))
    if model is StaffRecord:
        return rows.filter(mail_domain=user.mail_domain, login=user.login)
    return rows.filter(**{_path(model): user})


def _path(model: type[models.Model]) -> str:
    if path := _PATHS.get(model._meta.label):
        return path
    for name in ("contact", "job", "group"):
        if any(field.name == name for field in model._meta.concrete_fields):
            own = any(field.name == "user" for field in model._meta.concrete_fields)
            if not own:
                return f"{name}__user"
    return "user"


# --- rows ---


def _json(user: User, name: str) -> Iterator[bytes]:
    """Yield one file: an object with a list of rows for each model."""
    labels = list(
        dict.fromkeys(label for kind in kept.KINDS if kind.file == name for label in kind.models)
    )
    yield b"{"
    for place, label in enumerate(labels):
        yield (b",\n" if place else b"\n") + json.dumps(label).encode() + b": ["
        for number, row in enumerate(rows_of(user, label).iterator(_CHUNK)):
            text = json.dumps(_row(row), cls=DjangoJSONEncoder, ensure_ascii=False)
            yield (b",\n" if number else b"\n") + text.encode("utf-8", "replace")
        yield b"]"
    yield b"\n}\n"


def _row(row: models.Model) -> dict[str, Any]:
    values = {
        field.name: field.value_from_object(row)
        for field in row._meta.concrete_fields
        if field.name not in _LEFT_OUT and not isinstance(field, models.BinaryField)
    }
    more = _OPENED.get(type(row))
    if more is not None:
        try:
            values |= more(row)
        except (Unreadable, ValueError):
            values["unreadable"] = True
    return values


def _draft(row: Any) -> dict[str, Any]:
    return {"content": json.loads(sealing.opened(row.pk, row.user_id, row.sealed))}


def _version(row: Any) -> dict[str, Any]:
    owner = row.draft
    return {"content": json.loads(sealing.opened(owner.pk, owner.user_id, row.sealed))}


def _roster(row: Any) -> dict[str, Any]:
    return {"content": json.loads(sealing.opened(row.pk, row.draft.user_id, row.sealed))}


def _file(row: Any) -> dict[str, Any]:
    about = files.about(row)
    return {"name": about.name, "media_type": about.media_type}


def _document(row: Any) -> dict[str, Any]:
    about = documents.about(row.draft, row)
    return {"name": about.name, "media_type": about.media_type}


def _sent(row: Any) -> dict[str, Any]:
    envelope = outbox.opened(row)
    return {
        "to": envelope.recipients,
        "people": envelope.people,
        "subject": envelope.subject,
        "refused": envelope.refused,
    }


def _transfer(row: Any) -> dict[str, Any]:
    left_out = ("segments", "records")  # names of files in the spool
    return {"work": {name: value for name, value in row.work.items() if name not in left_out}}


def _roles(row: Any) -> dict[str, Any]:
    return {"roles": sorted(row.roles)}


_OPENED: Final[dict[type, Callable[[Any], dict[str, Any]]]] = {
    Draft: _draft,
    DraftVersion: _version,
    DraftRoster: _roster,
    DraftFile: _file,
    DraftDocument: _document,
    OutboxMessage: _sent,
    Transfer: _transfer,
    User: _roles,
}


# --- contacts and files ---


def _cards(user: User, which: Q) -> Iterator[bytes]:
    contacts = Contact.objects.filter(which, user=user).order_by("sort_key", "pk")
    groups = list(Group.objects.filter(which, user=user))
    return export.vcards(contacts, groups, "4.0")


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    """Yield the content of a file of the spool. A damaged file ends where the damage begins."""
    with file, suppress(OSError):
        while piece := file.read(_PIECE):
            yield piece


def _spooled(row: OutboxMessage) -> Iterator[bytes] | None:
    """Return the message as it is or will be sent; None when its file is gone."""
    try:
        envelope = outbox.opened(row)
        if envelope.each:
            return iter([batch_template.message(row)])
        key = bytes.fromhex(envelope.key)
        return (
            _pieces(sealed_files.read_sealed(outbox_values.path(row.spool), key)) if key else None
        )
    except (OSError, ValueError, WebmailError):
        return None


def _read_me(user: User) -> Iterator[bytes]:
    yield "\n".join(_lines(user, timezone.localtime())).encode()


def _lines(user: User, now: datetime) -> Iterable[str]:
    yield gettext("What this webmail keeps about %(user)s, on %(day)s") % {
        "user": user,
        "day": f"{now:%d/%m/%Y %H:%M}",
    }
    yield ""
    yield gettext("Your mail and your rules are not here: they lie on the mail server.")
    yield gettext("Passwords, keys and what proves your second factor are never handed out.")
    for kind in kept.KINDS:
        yield ""
        yield f"- {kind.what}"
        yield "  " + gettext("Kept: %(time)s") % {"time": kind.lasts()}
        if kind.file == CONTACTS:
            yield "  contacts.vcf, contacts-bin.vcf"
        elif kind.file:
            yield f"  {kind.file}.json"
        else:
            yield "  " + gettext("Not in this file: %(reason)s") % {"reason": kind.absent}
    yield ""
