"""The ways of a machine to the servers of others, which can be cut or slow."""

from __future__ import annotations

import itertools
import socket
import struct
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path

Place = tuple[str, int] | Path
"""A TCP address or the path of a Unix socket."""

# A packet to or from the port goes nowhere and nobody is told, as when a cable is drawn.
_CUT = """
table inet {table} {{
  chain packets {{
    type filter hook input priority 0;
    tcp dport {port} drop
    tcp sport {port} drop
  }}
}}
"""
_HANG_UP_AT_ONCE = struct.pack("ii", 1, 0)


def can_be_cut() -> bool:
    """Whether this account may drop packets."""
    table = "faults_tried"
    return _nft(f"table inet {table} {{ }}\ndelete table inet {table}\n")


def _nft(rules: str) -> bool:
    try:
        done = subprocess.run(
            ("nft", "-f", "-"),  # noqa: S607
            input=rules.encode(),
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        return False
    return done.returncode == 0


class Listener:
    """Listens at `port` of loopback, with a thread for each connection. A subclass begins with
    `listen`, and passes the bytes of a connection on in `_pass`."""

    def listen(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                outer, _address = self._listener.accept()
            except OSError:  # it is over
                return
            threading.Thread(target=self._pass, args=(outer,), daemon=True).start()

    def _pass(self, outer: socket.socket) -> None:
        raise NotImplementedError


class Way(Listener):
    """Passes all on to a server."""

    def __init__(self, inner: Place) -> None:
        self._inner = inner
        self.listen()
        self._table = f"faults_{self.port}"

    def cut(self) -> None:
        assert _nft(_CUT.format(table=self._table, port=self.port))

    def mend(self) -> None:
        _nft(f"delete table inet {self._table}\n")

    def stop(self) -> None:
        self.mend()
        super().stop()

    def _pass(self, outer: socket.socket) -> None:
        try:
            inner = self._connect()
        except OSError:
            outer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _HANG_UP_AT_ONCE)
            outer.close()
            return
        with outer, inner:
            back = threading.Thread(target=self._answers, args=(inner, outer), daemon=True)
            back.start()
            _copy(outer, inner)
            back.join()

    def _connect(self) -> socket.socket:
        if not isinstance(self._inner, Path):
            return socket.create_connection(self._inner)
        inner = socket.socket(socket.AF_UNIX)
        try:
            inner.connect(str(self._inner))
        except OSError:
            inner.close()
            raise
        return inner

    def _answers(self, inner: socket.socket, outer: socket.socket) -> None:
        _copy(inner, outer)


class SubmissionWay(Way):
    """The way to a submission server, which may be slow to greet, or to answer the final dot: that
    of each message, or of one in ``one_in``. The server has taken it by then.
    """

    def __init__(self, inner: Place) -> None:
        self.greeting = self.verdict = 0.0
        self.one_in = 1
        self._numbers = itertools.count()
        super().__init__(inner)

    def mend(self) -> None:
        self.greeting = self.verdict = 0.0
        self.one_in = 1
        super().mend()

    def _answers(self, inner: socket.socket, outer: socket.socket) -> None:
        time.sleep(self.greeting)
        with suppress(OSError):
            was_data = False
            while answer := inner.recv(65536):
                # 250 after 354 is the answer to the dot.
                if was_data and next(self._numbers) % self.one_in == 0:
                    time.sleep(self.verdict)
                was_data = answer.startswith(b"354")
                outer.sendall(answer)
        hang_up(inner, outer)


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    hang_up(source, target)


def hang_up(*connections: socket.socket) -> None:
    for connection in connections:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
