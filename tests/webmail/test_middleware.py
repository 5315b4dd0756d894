"""What stands around every page."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest
from django.test import Client

from demo.servers.dovecot import MailAccount
from tests.servers.mailboxes import Mailbox

pytestmark = pytest.mark.django_db
LETTER = b"Subject: Bonjour\r\n\r\n" + b"Bien des choses.\r\n" * 200


def test_pages_travel_compressed_and_downloads_as_they_are(
    alice: MailAccount, mailbox: Mailbox, signed_in: Callable[..., Client]
) -> None:
    ref = f"{mailbox.uidvalidity()}-{mailbox.append(LETTER)}"
    client = signed_in(alice)
    accepts = {"accept-encoding": "gzip"}
    answer = client.get("/mail/INBOX/", headers=accepts)
    assert answer["Content-Encoding"] == "gzip"
    assert "Bonjour" in gzip.decompress(answer.content).decode()
    download = client.get(f"/mail/INBOX/{ref}/source/", headers=accepts)
    assert "Content-Encoding" not in download
    assert b"".join(download.streaming_content) == LETTER  # type: ignore[attr-defined]


def test_a_frame_whose_session_is_over_says_so_instead_of_showing_a_form() -> None:
    answer = Client().get("/mail/INBOX/1-1/frame/", headers={"sec-fetch-dest": "iframe"})
    assert answer.status_code == 401
    assert "<form" not in answer.content.decode().partition("<main")[2]
