"""The same request at once in two windows, or twice in one, is one message."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from pytest_django import Settings

from accounts.http import SignedInRequest
from accounts.models import LentCredential
from demo.servers.dovecot import MailAccount
from mail.errors import DraftNotFound, TooManyRecipients
from tests.servers.mailboxes import Mailbox
from tests.waiting import LONGEST_S, join
from tests.webmail.outbox.letters import draft_of, letter
from webmail import outbox
from webmail.models import Draft, OutboxMessage


def at_once(work: Callable[[], object], count: int = 4) -> list[Any]:
    """What each of as many threads got, or why it did not."""
    together, results = threading.Barrier(count), []

    def run() -> None:
        together.wait(LONGEST_S)
        try:
            results.append(work())
        except (OperationalError, DraftNotFound, TooManyRecipients) as error:
            results.append(type(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    join(*threads)
    return results


@pytest.mark.django_db(transaction=True)
def test_the_same_request_at_once_is_one_message(
    request_of_alice: SignedInRequest, spool: Path, bob: MailAccount, bobs_mailbox: Mailbox
) -> None:
    draft, key = draft_of(request_of_alice.user), uuid.uuid4()
    results = at_once(lambda: outbox.accept(request_of_alice, draft, [letter()], key=key))
    row = OutboxMessage.objects.get()
    # SQLite in memory has one writer, and says so; asked again it knows the message.
    assert {one if isinstance(one, type) else one[0].pk for one in results} <= {
        row.pk,
        OperationalError,
    }
    assert outbox.accept(request_of_alice, draft, [letter()], key=key)[0].pk == row.pk
    assert LentCredential.objects.count() == 1
    assert len(list((spool / "outbox").iterdir())) == 1
    outbox.deliver(row.pk)
    assert len(bobs_mailbox.uids()) == 1


@pytest.mark.django_db(transaction=True)
def test_two_windows_on_one_draft_send_it_once(
    request_of_alice: SignedInRequest, spool: Path, bob: MailAccount
) -> None:
    draft = draft_of(request_of_alice.user)
    results = at_once(lambda: outbox.accept(request_of_alice, draft, [letter()], key=uuid.uuid4()))
    assert sum(not isinstance(one, type) for one in results) == 1
    assert OutboxMessage.objects.count() == 1 and LentCredential.objects.count() == 1
    assert len(list((spool / "outbox").iterdir())) == 1
    assert Draft.objects.get().state == Draft.State.ACCEPTED


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_send_it_once(
    request_of_alice: SignedInRequest, bob: MailAccount, bobs_mailbox: Mailbox, mailbox: Mailbox
) -> None:
    draft = draft_of(request_of_alice.user)
    (row,) = outbox.accept(request_of_alice, draft, [letter()], key=uuid.uuid4())
    at_once(lambda: outbox.deliver(row.pk))
    outbox.deliver(row.pk)
    assert len(bobs_mailbox.uids()) == 1 and len(mailbox.uids("Sent")) == 1


@pytest.mark.django_db(transaction=True)
def test_sendings_at_once_do_not_pass_the_hours_limit_together(
    request_of_alice: SignedInRequest, settings: Settings
) -> None:
    settings.RECIPIENTS_PER_HOUR = 5
    drafts = [draft_of(request_of_alice.user) for _number in range(6)]
    people = ("parent1@courriel.example", "parent2@courriel.example")

    def send() -> object:
        draft = drafts.pop()
        return outbox.accept(request_of_alice, draft, [letter(*people)], key=uuid.uuid4())

    results = at_once(send, 6)
    assert sum(OutboxMessage.objects.values_list("recipients", flat=True)) <= 4
    assert TooManyRecipients in results or OperationalError in results
    assert LentCredential.objects.count() == OutboxMessage.objects.count()
    draft = draft_of(request_of_alice.user)
    while OutboxMessage.objects.count() < 2:  # SQLite's refusals of above
        outbox.accept(request_of_alice, draft, [letter(*people)], key=uuid.uuid4())
        draft = draft_of(request_of_alice.user)
    with pytest.raises(TooManyRecipients, match="à partir de"):
        outbox.accept(request_of_alice, draft, [letter(*people)], key=uuid.uuid4())
    draft.refresh_from_db()
    assert draft.state == Draft.State.WRITING
