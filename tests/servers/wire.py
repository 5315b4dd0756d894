"""What goes over the wire between a client and a server: a proxy on loopback that counts."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType


@contextmanager
def _hanging_up(*ends: socket.socket) -> Iterator[None]:
    """Closing alone does not wake who reads from it."""
    try:
        yield
    finally:
        for end in ends:
            end.shutdown(socket.SHUT_RDWR)


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
        """End all connections, as a server does that is restarted. The client's end is the first: a
        thread that sees the other one end closes this one without waking who reads from it."""
        while self._open:
            with suppress(OSError):
                self._open.pop(0).shutdown(socket.SHUT_RDWR)

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
        with origin, target, suppress(OSError), _hanging_up(origin, target):
            while (data := origin.recv(65536)) and self._may_pass(data, is_client):
                self.round_trips += is_client and not self._client_spoke
                self._client_spoke = is_client
                if is_client:
                    lines = data.decode("ascii", "replace").splitlines()
                    self.commands += [line.partition(" ")[2] for line in lines]
                else:
                    self.received += len(data)
                target.sendall(data)

    def _may_pass(self, data: bytes, is_client: bool) -> bool:
        """Whether to go on; else the connection is given up."""
        return True


class CutAtTheDot(Wire):
    """Hangs up on both where a message is complete, or at words ``within`` it: before the server
    has them; with ``reaches``, it has them, and its answer is lost."""

    def __init__(self, port: int, *, reaches: bool, within: bytes = b"\r\n.\r\n") -> None:
        super().__init__(port)
        self._reaches = reaches
        self._within = within
        self._is_complete = False

    def _may_pass(self, data: bytes, is_client: bool) -> bool:
        if not is_client:
            return not self._is_complete
        # The dot comes alone, or with the line before it.
        self._is_complete |= self._within in b"\r\n" + data
        return self._reaches or not self._is_complete
