"""A door of TLS before the IMAP server, whose certificate expires, and which may be slow."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import suppress
from pathlib import Path

from tests.servers.certificates import certificate


class Door:
    """Listens at `port` for TLS and passes all on to a port of loopback. ``trusted`` is the file of
    certificates that clients shall trust: that of a good certificate and of one that has expired.
    """

    def __init__(self, folder: Path, name: str, inner: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self._inner = inner
        self._open: set[socket.socket] = set()
        self._good = certificate(folder, name)
        self._expired = certificate(folder, name, days=-1)
        self.trusted = folder / "trusted.pem"
        self.trusted.write_bytes(self._good.read_bytes() + self._expired.read_bytes())
        self.delay = 0.0
        """Seconds before each answer is passed on."""
        self.mend()
        threading.Thread(target=self._serve, daemon=True).start()

    def expire(self) -> None:
        """Show the certificate that has expired, to those too who are connected."""
        self._show(self._expired)

    def mend(self) -> None:
        self._show(self._good)
        self.delay = 0.0

    def stop(self) -> None:
        self._listener.close()

    def _show(self, pem: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pem)
        for one in list(self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        while True:
            try:
                outer, _address = self._listener.accept()
            except OSError:  # it is over
                return
            threading.Thread(target=self._pass, args=(outer,), daemon=True).start()

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
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
