"""The mail servers as the code below the views knows them: values, and an open connection."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from demo.servers.dovecot import Dovecot, MailAccount
from mail.imap import connection
from mail.imap.connection import Connection
from mail.imap.values import ImapServer, MessageRef


@pytest.fixture
def imap_server(dovecot: Dovecot) -> ImapServer:
    return ImapServer("127.0.0.1", dovecot.imap_port, "none", timeout=10)


@pytest.fixture
def imap(imap_server: ImapServer, alice: MailAccount) -> Iterator[Connection]:
    """Alice's connection, signed in; her mailbox is empty."""
    opened = connection.open(imap_server, alice.login, alice.password)
    yield opened
    opened.close()


@pytest.fixture
def ref(imap: Connection):
    """`ref(uid, folder="INBOX")`: the name of a message of Alice's."""

    def named(uid: int, folder: str = "INBOX") -> MessageRef:
        return MessageRef(folder, imap.select(folder).uidvalidity, uid)

    return named
