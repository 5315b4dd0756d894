"""Messages of which a server tells a multipart as one part, as Exchange and GMX are reported to do:
they are read from the message itself."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from django.test import Client

from accounts.models import MailDomain
from demo.servers.dovecot import Dovecot
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import ALICE
from tests.servers.wire import Wire
from tests.webmail.views.mail import page, path, words

pytestmark = pytest.mark.django_db
_TOLD = re.compile(rb'\(\("text" "plain".*?"mixed" \("boundary" "b"\) NIL NIL NIL\)', re.DOTALL)
_ALONE = b'("multipart" "mixed" ("boundary" "b") NIL NIL "7BIT" -1 NIL NIL NIL NIL)'
_AMONG = (
    b'(("multipart" "related" ("boundary" "c") NIL NIL "7BIT" 400 NIL NIL NIL NIL)'
    b'("text" "html" NIL NIL NIL "7BIT" 20 1 NIL NIL NIL NIL) "mixed" ("boundary" "b") NIL NIL NIL)'
)
LETTER = (
    b"From: a@x.example\r\nSubject: Conseil\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nLe plan de la cour\r\n"
    b"--b\r\nContent-Type: application/pdf; name=plan.pdf\r\n"
    b"Content-Disposition: attachment; filename=plan.pdf\r\n\r\n%PDF-1.4\r\n--b--\r\n"
)


class Retelling(Wire):
    """Tells another structure in place of the true one."""

    structure = _ALONE

    def _pass_on(self, origin: socket.socket, target: socket.socket, is_client: bool) -> None:
        with origin, target, suppress(OSError):
            while data := origin.recv(65536):
                target.sendall(data if is_client else _TOLD.sub(self.structure, data))


@pytest.fixture(params=[_ALONE, _AMONG], ids=["alone", "among others"])
def reader(
    request: pytest.FixtureRequest,
    dovecot: Dovecot,
    mailbox: Mailbox,
    mail_domain: MailDomain,
    signed_in: Callable[..., Client],
) -> Iterator[Client]:
    retelling = Retelling(dovecot.imap_port)
    retelling.structure = request.param
    with retelling:
        mail_domain.imap_port = retelling.port
        mail_domain.save()
        yield signed_in(ALICE)


def test_the_text_of_such_a_message_is_read(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(LETTER)
    assert "Conseil" in page(reader.get("/mail/INBOX/"))
    assert "Le plan de la cour" in words(reader.get(path(mailbox, uid)))
