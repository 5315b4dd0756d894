"""What others feel of an attack: pages asked for again and again by a process of its own.

The attackers' threads and their answers take the interpreter of the benchmark; who waits beside
them would measure that, and not the server.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from tools.bench.cost.browser import Browser, Stuck
from tools.bench.cost.watch import sleep_until

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Question:
    """A page that is asked for each ``every`` seconds, and how long an answer is waited for. With
    ``anew`` each request has a connection of its own, which whichever process is free takes."""

    base: str
    path: str
    every: float
    patience: float
    anew: bool
    cookies: Mapping[str, str] = field(default_factory=dict)


class Asker:
    """A process that asks one `Question` after another, each from `begin` to `end`."""

    def __init__(self) -> None:
        self._child = subprocess.Popen(  # our own words
            (sys.executable, "-m", "tools.bench.cost.asking"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )

    def begin(self, question: Question) -> Asker:
        """Return once the first page was asked for."""
        self._say(json.dumps(asdict(question)))
        self._heard()
        return self

    def end(self) -> float:
        """The longest wait in seconds, that of a request without an answer so far included."""
        self._say("end")
        return float(self._heard())

    def close(self) -> None:
        with suppress(OSError):
            _pipe(self._child.stdin).close()
        self._child.terminate()
        self._child.wait()
        _pipe(self._child.stdout).close()

    def _say(self, line: str) -> None:
        pipe = _pipe(self._child.stdin)
        pipe.write(f"{line}\n")
        pipe.flush()

    def _heard(self) -> str:
        return _pipe(self._child.stdout).readline()


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


class _Asking:
    """One question, asked in a thread until it is over."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._browser = self._new()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._began = time.monotonic()
        self._longest = 0.0
        self._thread.start()

    def end(self) -> float:
        self._over.set()
        self._thread.join(2)
        waiting = time.monotonic() - self._began if self._thread.is_alive() else 0.0
        return max(self._longest, waiting)

    def _new(self) -> Browser:
        browser = Browser(self._question.base, self._question.patience)
        browser.take(self._question.cookies)
        return browser

    def _ask(self) -> None:
        while not self._over.is_set():
            self._began = time.monotonic()
            browser = self._new() if self._question.anew else self._browser
            with suppress(Stuck):
                browser.get(self._question.path)
            self._longest = max(self._longest, time.monotonic() - self._began)
            sleep_until(self._began + self._question.every)


def _main() -> None:
    asking: _Asking | None = None
    for line in sys.stdin:
        if line.strip() == "end":
            told = str(asking.end() if asking else 0.0)
        else:
            asking, told = _Asking(Question(**json.loads(line))), "begun"
        sys.stdout.write(f"{told}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _main()
