"""A message that takes too long to be sanitised is shown all the same."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import page, path
from webmail import sandbox
from webmail.sandbox import Budget
from webmail.serving import health

pytestmark = pytest.mark.django_db


def test_what_takes_too_long_is_shown_as_text_and_counted(
    reader: Client, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "HTML", Budget(seconds=0.02, wait=5, memory=300_000_000))
    before = health.ended_today()
    letter = "<p style='color:red'>Bonjour <b>à tous</b></p>" * 10_000
    uid = mailbox.append(
        b"Subject: long\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + letter.encode()
    )
    assert page(reader.get(path(mailbox, uid)))
    frame = reader.get(path(mailbox, uid, "frame/"))
    assert frame.status_code == 200 and "Bonjour à tous" in frame.content.decode()
    assert "<b>" not in frame.content.decode()
    assert health.ended_today() > before
