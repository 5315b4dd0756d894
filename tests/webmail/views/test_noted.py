"""What the audit log says of a mailbox: how much left it, never what."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts import audit_words
from accounts.models import AuditEvent, User
from addressbook import contacts
from addressbook.contact_data import ContactData
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter, ref
from webmail.jobs import mail_jobs

pytestmark = pytest.mark.django_db


def lines(kind: str) -> list[dict[str, object]]:
    return list(AuditEvent.objects.filter(kind=kind).values_list("detail", flat=True))


def test_many_messages_deleted_at_once_are_a_line(
    reader: Client, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_jobs, "MANY", 3)
    uids = [mailbox.append(letter(f"n{n}")) for n in range(5)]
    for some in (uids[:2], uids[2:]):
        form = {"verb": "trash", "refs": [ref(mailbox, uid) for uid in some]}
        assert reader.post("/mail/INBOX/act/", form).status_code == 302
    assert mailbox.uids() == []
    (said,) = lines("mail.deleted")
    assert said == {"messages": 3, "way": "trash"}
    assert audit_words.in_words({"way": "trash"}) == "manière\N{NO-BREAK SPACE}: vers la corbeille"


def test_an_export_of_contacts_is_a_line(reader: Client) -> None:
    owner = User.objects.get(login="alice")
    contacts.create_many(owner, [ContactData(display_name=f"Parent {n}") for n in range(2)])
    assert reader.get("/contacts/export/file/?format=csv").status_code == 200
    assert lines("contacts.exported") == [{"contacts": 2}]
