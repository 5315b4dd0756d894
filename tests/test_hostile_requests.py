"""Every address of a user, asked with fields that nobody types: no error of ours comes of it, no
redirect leads elsewhere, and what is another user's is neither told nor changed."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django import forms
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import session
from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData
from addressbook.contacts import groups, sharing, ties
from addressbook.models.imports import ImportJob
from demo.servers.dovecot import MailAccount
from tests.servers.mailboxes import Mailbox
from tests.test_doors import DOORS, NAMES, at
from webmail.models import CannedAnswer, DraftFile, OutboxMessage, Transfer
from webmail.writing import drafts
from webmail.writing.content import Content

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_cache", "numen_key")]

SECRET = "Quatre-Vents-4711"
HOSTILE = [
    "\0", "a\0b", "9" * 30, "9" * 5_000, "-1", "", " ", "a\r\nBcc: x@y.fr", "é\u202e\u2066x",
    "../../etc/passwd", "..\\..", "<img src=x onerror=alert(1)>", "{{7*7}}", "{nom}", "%", "%00",
    "=?utf-8?q?a=0D=0A?=", "\ufffd", "a" * 5_000, "0", "1e5", "1_0", "٣", "\uff11", "²", "NaN",
    "[]", "{}", "INBOX\0", "&", "&AAA-", "&-", "~2F", "\\", '"', "(", "*", "\u2028", "\x85", "\x7f",
    "//evil.example", "\\\\evil.example", "/\\evil.example", "https:evil.example",
    "javascript:alert(1)", "/\t/evil.example", "9999-99-99", "2026-02-30", "0000-00-00", "99:99",
    "a@b.fr", '"a\\"b"@c.fr', "a@[127.0.0.1]", "a@xn--", "a@" + "b." * 200 + "fr",
    "\U0001f600" * 500, "\u0301" * 3_000, "ﷺ" * 2_000, "İ" * 2_000, "ß" * 2_000,
]  # fmt: skip
VERBS = (
    "create rename remove delete move copy flag unflag read unread archive throw save send try add"
    " undo end begin close discard attach schedule empty mark judge each all keep merge restore"
    " leave accept refuse trash junk seen choose"
).split()
BUTTONS = {"verb", "do", "action"}
HEADERS: list[dict[str, str]] = [
    {}, {"HX-Request": "true"}, {"X-Requested-With": "fetch"}, {"X-Background": "1"},
]  # fmt: skip
LEFT = ("admin", "^", "account/session", "accounts/logout", "identity/o/logout", "design")
# Fields that views read themselves, without a form.
BARE = (
    "address as beside code comment digest draft due folder from group holiday inbox keyword lift"
    " list log login members name new next number order page password q reason refs relation"
    " request requires said since state subject sure text to undo view way who words zoom key found"
    " opened contacts senders emails-TOTAL_FORMS emails-0-value g0-0-test g0-0-value a0-kind"
).split()


def forms_below(kind: type[Any]) -> Iterator[type[Any]]:
    for form in kind.__subclasses__():
        yield form
        yield from forms_below(form)


def known_fields() -> dict[str, list[str]]:
    """The names of all fields of all forms, each with what may be chosen."""
    known: dict[str, set[str]] = {name: set() for name in BARE}
    for form in forms_below(forms.BaseForm):
        for name, field in getattr(form, "base_fields", {}).items():
            is_list = not hasattr(field, "queryset")
            choices = [str(value) for value, _words in getattr(field, "choices", ()) if is_list]
            known.setdefault(name, set()).update(filter(None, choices))
    for name in BUTTONS:
        known.setdefault(name, set()).update(VERBS)
    return {name: sorted(choices) for name, choices in sorted(known.items())}


class Typist:
    """Fills fields at random: each seed makes the same ones."""

    def __init__(self, seed: int, numbers: list[str]) -> None:
        self.random = random.Random(seed)  # noqa: S311  no secret
        self._fields, self._numbers = known_fields(), numbers

    def fields(self, longest: int) -> dict[str, str | list[str]]:
        typed = {name: self._values(name) for name in self._fields if self.random.random() < 0.5}
        return {name: values for name, values in typed.items() if len(str(values)) < longest}

    def _values(self, name: str) -> str | list[str]:
        times = self.random.choice((1, 1, 1, 1, 3))
        values = [self._value(name) for _ in range(times)]
        return values[0] if times == 1 else values

    def _value(self, name: str) -> str:
        choices = self._fields[name]
        if choices and self.random.random() < (0.8 if name in BUTTONS else 0.3):
            return self.random.choice(choices)
        return self.random.choice(self._numbers if self.random.random() < 0.2 else HOSTILE)


@pytest.fixture
def things(signed_in: Callable[..., Client], alice: MailAccount, mailbox: Mailbox) -> Any:
    """What is Alice's, by the names of converters."""
    signed_in(alice)
    owner = User.objects.get()
    mailbox.create_folder("Conseil")
    uid = mailbox.append(f"Subject: {SECRET}\r\n\r\n{SECRET}\r\n".encode(), "Conseil")
    pupil = contacts.create(owner, ContactData(display_name=SECRET))
    tie = ties.add_guardian(pupil, contacts.create(owner, ContactData(display_name="Luc")))
    group = groups.create(owner, f"Parents {SECRET}")
    sharing.share(group, ["paul@ac-exemple.fr"], may_edit=True, with_pupils=True)
    sent = OutboxMessage.objects.create(
        user=owner, key=uuid.uuid4(), due=timezone.now(), sealed=b""
    )
    Transfer.objects.create(pk=sent.pk, user=owner, kind="export", state="done")
    draft = drafts.save(owner, uuid.uuid4(), Content(subject=SECRET), base=0)
    file = DraftFile.objects.create(user=owner, draft=draft, sealed=b"")
    canned = CannedAnswer.objects.create(user=owner, name=SECRET)
    return NAMES | {
        "<ref:ref>": f"{mailbox.uidvalidity('Conseil')}-{uid}",
        "<int:pk>": str(pupil.pk),
        "<int:guardian>": str(tie.guardian_id),
        "<int:tie>": str(tie.pk),
        "<int:group>": str(group.pk),
        "<int:nesting_pk>": str(canned.pk),
        "<int:share_pk>": str(group.shares.get().pk),
        "<int:gone>": "1",
        "<uuid:pk>": str(sent.pk),
        "<uuid:number>": str(draft.pk),
        "<uuid:file_number>": str(file.pk),
        "<int:revision>": str(draft.revision),
        "<int:job>": str(ImportJob.objects.create(user=owner).pk),
    }


def asked(
    browser: Client, things: dict[str, str], seed: int
) -> Iterator[tuple[str, str, dict[str, Any], Any]]:
    """Ask for each address by GET and by POST, and yield each answer."""
    typist = Typist(seed, [*things.values(), "on", "1", "INBOX", "Conseil"])
    for address in sorted(DOORS):
        if address.startswith(LEFT) or "sessions" in address:
            continue
        for method, longest in (("GET", 1_000), ("POST", 6_000)):
            fields = typist.fields(longest)
            ask = browser.get if method == "GET" else browser.post
            headers = typist.random.choice(HEADERS)
            answer = ask(at(address, things), fields, headers=headers)
            yield method, address, fields, answer


def elsewhere(answer: Any) -> bool:
    """Whether a redirect leads to another site, as browsers read it."""
    target = answer.headers.get("Location", "").replace("\\", "/").replace("\t", "")
    parts = urlsplit(target)
    return bool(parts.netloc not in {"", "testserver"} or parts.scheme not in {"", "http", "https"})


def test_no_field_makes_an_error_of_ours(
    signed_in: Callable[..., Client], alice: MailAccount, things: dict[str, str]
) -> None:
    browser = signed_in(alice)
    browser.raise_request_exception = False
    failed = [
        f"{method} {address} {fields}"[:2_000]
        for method, address, fields, answer in asked(browser, things, seed=1)
        if answer.status_code == 500 or elsewhere(answer)
    ]
    session.pool().close_all()
    assert failed == []


def owned() -> Counter[str]:
    """The rows of Alice's things."""
    found: Counter[str] = Counter()
    owner = User.objects.get(login="alice").pk
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            columns = connection.introspection.get_table_description(cursor, table)
            for column in {"user_id", "owner_id"} & {one.name for one in columns}:
                cursor.execute(f'SELECT * FROM "{table}" WHERE {column} = %s', [owner])  # noqa: S608
                found.update(f"{table} {row!r}" for row in cursor.fetchall())
    return found


def test_what_is_another_users_is_neither_told_nor_changed(
    signed_in: Callable[..., Client],
    bob: MailAccount,
    things: dict[str, str],
    mailbox: Mailbox,
) -> None:
    before = owned()
    assert SECRET in repr(before)
    browser = signed_in(bob)
    browser.raise_request_exception = False
    told = [
        f"{method} {address} {fields}"[:2_000]
        for method, address, fields, answer in asked(browser, things, seed=2)
        if answer.status_code == 500 or (not answer.streaming and SECRET.encode() in answer.content)
    ]
    session.pool().close_all()
    assert told == []
    assert owned() == before
    assert len(mailbox.uids("Conseil")) == 1
