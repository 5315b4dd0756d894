"""The outbox before a real Exim and Postfix: each message leaves once, or its fate is told."""

from __future__ import annotations

import quopri
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from django.test import Client

from accounts.models import MailDomain
from mail.mime import build
from tests.servers.certificates import certificate
from tests.servers.mailboxes import Mailbox
from tests.servers.offers import Offers, Submitting
from tests.servers.wire import CutAtTheDot
from tests.webmail.outbox.letters import BOB, letter
from tests.webmail.views.mail import words
from webmail import outbox
from webmail.models import OutboxMessage

pytestmark = pytest.mark.django_db
State = OutboxMessage.State


@pytest.fixture(autouse=True)
def sends_by_it(request_of_alice: object, mail_domain: MailDomain, submitting: Submitting) -> None:
    sends_by(mail_domain, submitting.port)


def sends_by(domain: MailDomain, port: int) -> None:
    domain.smtp_port = port
    domain.save()


def test_what_is_greylisted_leaves_once_at_the_next_attempt(
    accepted: Callable[..., OutboxMessage],
    later: Callable[[], None],
    mailbox: Mailbox,
    submitting: Submitting,
) -> None:
    submitting.greylist()
    before = len(submitting.taken)
    row = accepted(letter("bob@ac-exemple.fr", "greylisted@ac-exemple.fr"))
    assert outbox.deliver(row.pk) is None
    row.refresh_from_db()
    assert row.state == State.HELD and "Greylisted" in row.server_words
    assert len(submitting.taken) == before
    submitting.recognise()
    later()
    assert outbox.deliver(row.pk) is not None
    row.refresh_from_db()
    assert row.state == State.SENT and len(submitting.taken) == before + 1
    assert len(mailbox.uids("Sent")) == 1


def test_a_recipient_that_is_refused_keeps_the_message_from_all(
    accepted: Callable[..., OutboxMessage], submitting: Submitting
) -> None:
    before = submitting.taken
    row = accepted(letter("bob@ac-exemple.fr", "nobody@ac-exemple.fr"))
    assert outbox.deliver(row.pk) is None
    row.refresh_from_db()
    assert (row.state, row.failure) == (State.FAILED, "RecipientsRefused")
    assert submitting.taken == before


BIG = b"x" * 70 + b"\r\n"
LATER = "Le serveur de messagerie ne peut pas le prendre pour l’instant. Le serveur"


@pytest.mark.parametrize(
    ("to", "more", "state", "failure", "said"),
    [
        ("infected", b"", State.FAILED, "ServerRefused", "messagerie a refusé le message. Le"),
        ("scanned", b"", State.HELD, "ServerUnavailable", LATER),
        ("full", b"", State.HELD, "ServerUnavailable", LATER),
        ("nobody", b"", State.FAILED, "RecipientsRefused", "refusé ce destinataire : nobody@"),
        ("élodie", b"", State.FAILED, "RecipientsRefused", "n’accepte pas d’accent dans une"),
        ("bob", BIG * 400, State.FAILED, "TooLarge", "est trop volumineux pour le serveur"),
    ],
)
def test_each_refusal_is_told_on_the_page_and_nothing_was_taken(
    accepted: Callable[..., OutboxMessage],
    reader: Client,
    submitting: Submitting,
    to: str,
    more: bytes,
    state: str,
    failure: str,
    said: str,
) -> None:
    before = submitting.taken
    one = letter(f"{to}@ac-exemple.fr")
    row = accepted(replace(one, message=one.message + more))
    assert outbox.deliver(row.pk) is None
    row.refresh_from_db()
    assert (row.state, row.failure) == (state, failure)
    assert said in words(reader.get(f"/outbox/{row.pk}/"))
    assert submitting.taken == before


@pytest.mark.parametrize("reaches", [True, False])
def test_a_connection_lost_at_the_dot_is_a_doubt_that_is_not_sent_twice(
    accepted: Callable[..., OutboxMessage],
    later: Callable[[], None],
    reader: Client,
    mail_domain: MailDomain,
    submitting: Submitting,
    reaches: bool,
) -> None:
    before = len(submitting.taken)
    with CutAtTheDot(submitting.port, reaches=reaches) as wire:
        sends_by(mail_domain, wire.port)
        row = accepted()
        assert outbox.deliver(row.pk) is None
    sends_by(mail_domain, submitting.port)
    later()
    assert outbox.deliver(row.pk) is None
    row.refresh_from_db()
    assert row.state == State.DOUBT
    assert len(submitting.taken) == before + reaches
    assert "Envoi incertain : le serveur de messagerie" in words(reader.get(f"/outbox/{row.pk}/"))
    reader.post(f"/outbox/{row.pk}/again/", {"sure": "on"})
    assert outbox.deliver(row.pk) is not None
    assert len(submitting.taken) == before + reaches + 1


def test_a_connection_lost_before_the_dot_is_tried_again(
    accepted: Callable[..., OutboxMessage],
    later: Callable[[], None],
    mail_domain: MailDomain,
    submitting: Submitting,
) -> None:
    before = len(submitting.taken)
    with CutAtTheDot(submitting.port, reaches=False, within=b"Subject: ") as wire:
        sends_by(mail_domain, wire.port)
        row = accepted()
        assert outbox.deliver(row.pk) is None
    row.refresh_from_db()
    assert row.state == State.HELD and len(submitting.taken) == before
    sends_by(mail_domain, submitting.port)
    later()
    assert outbox.deliver(row.pk) is not None
    assert len(submitting.taken) == before + 1


def test_a_server_that_wants_tls_keeps_the_message_in_the_outbox(
    accepted: Callable[..., OutboxMessage],
    reader: Client,
    mail_domain: MailDomain,
    submitting_with: Callable[[Offers], Submitting],
    tmp_path: Path,
) -> None:
    server = submitting_with(Offers(tls=certificate(tmp_path, "localhost")))
    sends_by(mail_domain, server.port)
    row = accepted()
    assert outbox.deliver(row.pk) is None
    row.refresh_from_db()
    assert row.state == State.HELD and "STARTTLS" in row.server_words
    assert LATER in words(reader.get(f"/outbox/{row.pk}/"))
    assert server.taken == []


def test_an_address_with_accents_leaves_where_it_may(
    accepted: Callable[..., OutboxMessage],
    reader: Client,
    mail_domain: MailDomain,
    mailbox: Mailbox,
    submitting_with: Callable[[Offers], Submitting],
) -> None:
    server = submitting_with(Offers(utf8=True))
    sends_by(mail_domain, server.port)
    row = accepted(letter("élodie@ac-exemple.fr"))
    assert outbox.deliver(row.pk) is not None
    assert len(server.taken) == 1 and len(mailbox.uids("Sent")) == 1
    assert "Parti : " in words(reader.get(f"/outbox/{row.pk}/"))


def test_an_attached_message_of_eight_bits_leaves_in_seven_where_it_must(
    accepted: Callable[..., OutboxMessage],
    mail_domain: MailDomain,
    submitting_with: Callable[[Offers], Submitting],
) -> None:
    server = submitting_with(Offers(eight_bits=False))
    sends_by(mail_domain, server.port)
    inner = b"Subject: a\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + "Été\r\n".encode()
    file = build.OutgoingFile("lettre.eml", "message/rfc822", inner)
    parts = build.multipart("mixed", [build.file_part(file, "attachment")], "seed")
    one = letter()
    head = f"From: alice@ac-exemple.fr\r\nTo: {BOB}\r\nMessage-ID: {one.message_id}\r\n"
    row = accepted(replace(one, message=head.encode() + b"MIME-Version: 1.0\r\n" + parts))
    assert outbox.deliver(row.pk) is not None
    content = server.content(server.taken[0])
    assert content.isascii() and "Été".encode() in quopri.decodestring(content)
