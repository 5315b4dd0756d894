"""A door of TLS before the IMAP server, whose certificate expires, and which may be slow."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import suppress
from pathlib import Path

from tests.servers.certificates import certificate
from tools.faults.ways import Listener, hang_up


class Door(Listener):
    """Speaks TLS, and passes all on to a port of loopback. ``trusted`` is the file of certificates
    that clients shall trust: that of a good certificate and of one that has expired."""

    def __init__(self, folder: Path, name: str, inner: int) -> None:
        self._inner = inner
        self._open: set[socket.socket] = set()
        self._good = certificate(folder, name)
        self._expired = certificate(folder, name, days=-1)
        self.trusted = folder / "trusted.pem"
        self.trusted.write_bytes(self._good.read_bytes() + self._expired.read_bytes())
        self.delay = 0.0
        """Seconds before each answer is passed on."""
        self.mend()
        self.listen()

    def expire(self) -> None:
        """Show the certificate that has expired, also to connected clients."""
        self._show(self._expired)

    def mend(self) -> None:
        self._show(self._good)
        self.delay = 0.0

    def _show(self, pem: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pem)
        hang_up(*self._open)

    def _pass(self, outer: socket.socket) -> None:
        try:
            with (
                self._context.wrap_socket(outer, server_side=True) as client,
                socket.create_connection(("127.0.0.1", self._inner)) as server,
            ):
                self._open.add(client)
                back = threading.Thread(target=self._copy, args=(server, client, True), daemon=True)
                back.start()
                self._copy(client, server, False)
                back.join(60)
                self._open.discard(client)
        except (OSError, ValueError):
            outer.close()

    def _copy(self, source: socket.socket, target: socket.socket, is_answer: bool) -> None:
        with suppress(OSError, ValueError):
            while data := source.recv(65536):
                if is_answer and self.delay:
                    time.sleep(self.delay)
                target.sendall(data)
        hang_up(source, target)
