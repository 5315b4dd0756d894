"""The outbox before a real Exim and Postfix: each message leaves once, or its fate is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import MailDomain
from tests.servers.mailboxes import Mailbox
from tests.servers.offers import Submitting
from tests.webmail.outbox.letters import letter
from webmail import outbox
from webmail.models import OutboxMessage

pytestmark = pytest.mark.django_db
State = OutboxMessage.State


@pytest.fixture(autouse=True)
def sends_by_it(request_of_alice: object, mail_domain: MailDomain, submitting: Submitting) -> None:
    mail_domain.smtp_port = submitting.port
    mail_domain.save()


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
