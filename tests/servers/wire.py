"""What goes over the wire between a client and a server: a proxy on loopback that counts."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType


class Wire:
    """Passes everything on; `commands` are the client's lines without their tags, `received` is how
    many bytes the server answered, `round_trips` how often the client spoke after it had answered.
    """

    def __init__(self, port: int) -> None:
        self._server = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.commands: list[str] = []
        self.received = self.round_trips = 0
        self._client_spoke = False
        self._open: list[socket.socket] = []

    def hang_up(self) -> None:
        """End all connections, as a server does that is restarted."""
        while self._open:
            with suppress(OSError):
                self._open.pop().shutdown(socket.SHUT_RDWR)

    def forget(self) -> None:
        self.commands, self.received, self.round_trips = [], 0, 0

    def __enter__(self) -> Wire:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Closing alone does not wake accept() on Linux.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _start(self, target, *args) -> None:
        threading.Thread(target=target, args=args, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._server))
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open += [client, server]
            self._start(self._pass_on, client, server, True)
            self._start(self._pass_on, server, client, False)

    def _pass_on(self, origin: socket.socket, target: socket.socket, is_client: bool) -> None:
        with origin, target, suppress(OSError):  # the other side hung up
            while data := origin.recv(65536):
                self.round_trips += is_client and not self._client_spoke
                self._client_spoke = is_client
                if is_client:
                    lines = data.decode("ascii", "replace").splitlines()
                    self.commands += [line.partition(" ")[2] for line in lines]
                else:
                    self.received += len(data)
                target.sendall(data)
