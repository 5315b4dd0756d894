"""A server that follows a script, for what no good server does: refuse, stall, hang up, rave.

A script is a list of steps ``(expected, *actions)``: the client's next line must begin with
``expected`` (for IMAP after its tag, which ``{tag}`` stands for in what is sent back), then the
actions follow. What does not go by the script is an error of the test: leaving the ``with`` block
raises it.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType

from tests.waiting import LONGEST_S

Step = tuple["bytes | str | Action", ...]


@dataclass(frozen=True)
class Action:
    """What to do instead of sending bytes."""

    kind: str
    seconds: float = 0.0
    data: bytes = b""


CLOSE = Action("close")
STALL = Action("stall")
READ_LITERAL = Action("read literal")
READ_DATA = Action("read data")
START_TLS = Action("start tls")


def wait(seconds: float) -> Action:
    return Action("wait", seconds)


def drip(data: bytes, seconds: float) -> Action:
    """One byte at a time, with a pause after each."""
    return Action("drip", seconds, data)


GREETING = b"* OK ready\r\n"
CAPABILITIES = "IMAP4rev1 UIDPLUS MOVE LITERAL+"


def ok(untagged: bytes = b"", words: bytes = b"done") -> bytes:
    return untagged + b"{tag} OK " + words + b"\r\n"


def no(words: bytes) -> bytes:
    return b"{tag} NO " + words + b"\r\n"


def selected(exists: int = 3, uidvalidity: int = 7) -> bytes:
    return ok(b"* %d EXISTS\r\n* OK [UIDVALIDITY %d] ok\r\n" % (exists, uidvalidity))


def imap_script(*steps: Step, capabilities: str = CAPABILITIES) -> list[Step]:
    """A script that signs the client in, then goes on with ``steps``."""
    told = ok(b"* CAPABILITY " + capabilities.encode() + b"\r\n")
    return [("", GREETING), ("CAPABILITY", told), ("LOGIN", ok()), ("CAPABILITY", told), *steps]


class ScriptedServer:
    """Connection after connection gets the next script; the last one serves all that follow.

    A first step that expects ``""`` is done before the client says anything. `received` holds the
    lines of each connection.
    """

    def __init__(self, *scripts: Sequence[Step], tls: ssl.SSLContext | None = None) -> None:
        self._scripts = scripts
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self._problems: list[str] = []
        self.port: int = self._listener.getsockname()[1]
        self.received: list[list[bytes]] = []

    def __enter__(self) -> ScriptedServer:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        # Closing alone does not wake accept() on Linux.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in list(self._threads):
            thread.join(5)
        if error is None and self._problems:
            raise AssertionError("; ".join(self._problems))

    def _start(self, target, *args) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            number = len(self.received)
            lines: list[bytes] = []
            self.received.append(lines)
            script = self._scripts[min(number, len(self._scripts) - 1)]
            self._start(self._serve, client, script, lines)

    def _serve(self, client: socket.socket, script: Sequence[Step], lines: list[bytes]) -> None:
        try:
            with _Dialogue(client, self._over, lines) as dialogue:
                if self._tls and not any(START_TLS in step for step in script):
                    dialogue.start_tls(self._tls)
                dialogue.tls = self._tls
                for step in script:
                    if not dialogue.play(step):
                        return
                self._after(dialogue)
        except AssertionError as error:
            self._problems.append(str(error))
        except OSError:
            return  # the client hung up, or there was nothing left to say

    def _after(self, dialogue: _Dialogue) -> None:
        """The script is over: the client may say goodbye, and nothing else."""
        while line := dialogue.line():
            if not re.search(rb"(?i)\b(logout|quit)\b", line):
                raise AssertionError(f"not in the script: {line!r}")


class _Dialogue:
    """One connection. Reading ends, as if the client had hung up, when the test is over."""

    def __init__(self, client: socket.socket, over: threading.Event, lines: list[bytes]) -> None:
        self._socket = client
        self._over = over
        self._lines = lines
        self._buffer = b""
        self._tag = b""
        self.tls: ssl.SSLContext | None = None

    def __enter__(self) -> _Dialogue:
        self._socket.settimeout(0.05)
        return self

    def __exit__(self, *args: object) -> None:
        self._socket.close()

    def start_tls(self, context: ssl.SSLContext) -> None:
        self._socket.settimeout(5)
        self._socket = context.wrap_socket(self._socket, server_side=True)
        self._socket.settimeout(0.05)

    def play(self, step: Step) -> bool:
        """False when the connection is over."""
        expected, *actions = step
        if expected:
            line = self.line()
            if not line or re.fullmatch(rb"bye LOGOUT", line):
                return False
            self._compare(line, str(expected).encode())
        return all(self._do(action) for action in actions)

    def line(self) -> bytes:
        """The client's next line without its end; ``b""`` when there is none any more."""
        while b"\r\n" not in self._buffer:
            if not self._more():
                return b""
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        self._lines.append(line)
        return line

    def _compare(self, line: bytes, expected: bytes) -> None:
        tag, _, command = line.partition(b" ")
        if line.upper().startswith(expected.upper()):
            return
        self._tag = tag
        if not command.upper().startswith(expected.upper()):
            raise AssertionError(f"expected {expected!r}, got {line!r}")

    def _do(self, action: bytes | str | Action) -> bool:
        if isinstance(action, bytes):
            self._send(action.replace(b"{tag}", self._tag))
            return True
        assert isinstance(action, Action)
        match action.kind:
            case "close":
                return False
            case "stall":
                self._over.wait(LONGEST_S)
                return False
            case "wait":
                time.sleep(action.seconds)
            case "drip":
                for byte in action.data:
                    self._send(bytes([byte]))
                    if self._over.wait(action.seconds):
                        return False
            case "read literal":
                found = re.search(rb"\{(\d+)\+?\}$", self._lines[-1])
                assert found is not None
                self._read(int(found[1]) + 2)
            case "read data":
                while b"\r\n.\r\n" not in self._buffer and self._more():
                    pass
                self._buffer = b""
            case "start tls":
                assert self.tls is not None
                self.start_tls(self.tls)
        return True

    def _send(self, data: bytes) -> None:
        self._socket.settimeout(5)
        self._socket.sendall(data)
        self._socket.settimeout(0.05)

    def _read(self, size: int) -> None:
        while len(self._buffer) < size and self._more():
            pass
        self._buffer = self._buffer[size:]

    def _more(self) -> bool:
        while not self._over.is_set():
            try:
                data = self._socket.recv(65536)
            except TimeoutError:
                continue
            self._buffer += data
            return bool(data)
        return False
