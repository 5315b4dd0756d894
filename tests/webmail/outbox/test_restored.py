"""After a restore: what left after the backup was made does not leave again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.core import serializers
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import LentCredential
from tests.servers.mailboxes import Mailbox
from tests.tended import due
from webmail import outbox
from webmail.models import Draft, OutboxMessage

pytestmark = pytest.mark.django_db
State = OutboxMessage.State
Accept = Callable[..., OutboxMessage]


@pytest.fixture
def back_in_time(spool: Path, tmp_path: Path) -> Callable[[], Callable[[], None]]:
    """`restore = back_in_time()`: rows and files as they are now; `restore()` brings them back."""

    def remember() -> Callable[[], None]:
        models = (LentCredential, Draft, OutboxMessage)
        rows = serializers.serialize("json", [row for m in models for row in m.objects.all()])
        shutil.copytree(spool, tmp_path / "kept")

        def restore() -> None:
            for model in reversed(models):
                model.objects.all().delete()
            for row in serializers.deserialize("json", rows):
                row.save()
            shutil.copytree(tmp_path / "kept", spool, dirs_exist_ok=True)

        return restore

    return remember


def test_what_left_after_the_backup_is_found_in_the_folder_of_sent_mail(
    reader: Client,
    accepted: Accept,
    back_in_time: Callable[[], Callable[[], None]],
    later: Callable[[], None],
    mailbox: Mailbox,
    bobs_mailbox: Mailbox,
) -> None:
    row = accepted()
    restore = back_in_time()
    assert outbox.deliver(row.pk) is not None
    restore()
    cache.clear()  # as `backups.restore` does
    assert outbox.hold_restored() == 1
    later()
    assert due(OutboxMessage) == []
    reader.get("/mail/INBOX/")
    row.refresh_from_db()
    assert (row.state, row.failure) == (State.SENT, "")
    assert len(bobs_mailbox.uids()) == len(mailbox.uids("Sent")) == 1
    assert not Draft.objects.exists() and not LentCredential.objects.exists()


def test_what_perhaps_left_is_sent_again_by_its_person_alone(
    reader: Client,
    accepted: Accept,
    later: Callable[[], None],
    mailbox: Mailbox,
    bobs_mailbox: Mailbox,
) -> None:
    row = accepted()
    cache.clear()
    assert outbox.hold_restored() == 1
    reader.get("/mail/INBOX/")
    later()
    assert due(OutboxMessage) == []
    row.refresh_from_db()
    assert (row.state, row.failure) == (State.DOUBT, OutboxMessage.RESTORED_UNFILED)
    assert "restaurée" in reader.get("/outbox/").content.decode()
    reader.post(f"/outbox/{row.pk}/again/", {"sure": "on"})
    outbox.deliver(row.pk)
    row.refresh_from_db()
    assert row.state == State.SENT
    assert len(bobs_mailbox.uids()) == len(mailbox.uids("Sent")) == 1


def test_what_is_scheduled_for_later_stays_scheduled(accepted: Accept) -> None:
    row = accepted(due=timezone.now() + timedelta(days=2))
    assert outbox.hold_restored() == 0
    OutboxMessage.objects.update(due=timezone.now() - timedelta(seconds=1))
    assert outbox.hold_restored() == 1
    row.refresh_from_db()
    assert row.state == State.DOUBT


def test_what_was_handed_over_before_the_backup_is_filed_as_ever(
    accepted: Accept, later: Callable[[], None], mailbox: Mailbox
) -> None:
    row = accepted()
    OutboxMessage.objects.update(state=State.SENDING, stage=OutboxMessage.Stage.HANDED)
    assert outbox.hold_restored() == 0
    later()
    due(OutboxMessage)
    outbox.deliver(row.pk)
    assert len(mailbox.uids("Sent")) == 1
