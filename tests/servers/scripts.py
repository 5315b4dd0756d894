"""A person's scripts seen from outside, by a client of the tests' own: what the webmail's client
does not say can't hide itself."""

from __future__ import annotations

import base64
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from demo.servers.dovecot import MailAccount
from demo.servers.process import LOOPBACK


class Scripts:
    """On one connection for each call: other sessions change scripts too."""

    def __init__(self, port: int, account: MailAccount) -> None:
        self._port = port
        self._account = account

    def all(self) -> dict[str, bool]:
        """Name -> whether it is the active one."""
        found = re.findall(rb'^"((?:[^"\\]|\\.)*)"( ACTIVE)?\r$', self._say(b"LISTSCRIPTS"), re.M)
        return {name.decode(): bool(active) for name, active in found}

    def get(self, name: str) -> str:
        answer = self._say(b'GETSCRIPT "%b"' % name.encode())
        size = re.match(rb"\{(\d+)\}\r\n", answer)
        assert size is not None, answer
        return answer[size.end() :][: int(size[1])].decode().replace("\r\n", "\n")

    def put(self, name: str, text: str, *, active: bool = False) -> None:
        data = text.replace("\n", "\r\n").encode()
        self._say(b'PUTSCRIPT "%b" {%d+}\r\n%b' % (name.encode(), len(data), data))
        if active:
            self._say(b'SETACTIVE "%b"' % name.encode())

    def delete(self, name: str) -> None:
        self._say(b'DELETESCRIPT "%b"' % name.encode())

    def empty(self) -> None:
        self._say(b'SETACTIVE ""')
        for name in self.all():
            self.delete(name)

    def _say(self, command: bytes) -> bytes:
        with self._signed_in() as connection:
            connection.sendall(command + b"\r\n")
            return _answer(connection)

    @contextmanager
    def _signed_in(self) -> Iterator[socket.socket]:
        secret = f"\0{self._account.login}\0{self._account.password}".encode()
        with socket.create_connection((LOOPBACK, self._port), 5) as connection:
            _answer(connection)
            connection.sendall(b'AUTHENTICATE "PLAIN" "%b"\r\n' % base64.b64encode(secret))
            _answer(connection)
            yield connection


def _answer(connection: socket.socket) -> bytes:
    said = b""
    while not re.search(rb"(?:^|\n)(?:OK|NO)\b[^\n]*\n\Z", said):
        piece = connection.recv(65536)
        assert piece, said
        said += piece
    assert re.search(rb"(?:^|\n)OK\b[^\n]*\n\Z", said), said
    return said
