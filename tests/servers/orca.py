"""Orca, the screen reader of GNOME, on a screen and a bus of its own: what it says is read from its
log, so that nothing need be heard."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.waiting import PATIENCE_S, next_line, wait_for

LAUNCHER: Final = Path("/usr/libexec/at-spi-bus-launcher")
# At rest it writes a line every two seconds.
_REST_S: Final = 0.3
_LONGEST_REST_S: Final = 3
# After so long a user takes it that nothing will be said.
_SILENCE_S: Final = 5
_SPOKEN: Final = re.compile(r"SPEECH OUTPUT: '(.*)' \{", re.MULTILINE)


@dataclass
class Orca:
    """``environment``: what a program needs to be read out."""

    log: Path
    environment: dict[str, str]
    _heard: int = 0

    def spoken(self) -> list[str]:
        """Whatever was said since the last call of ``listen``."""
        if not self.log.exists():
            return []
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return _SPOKEN.findall(text)[self._heard :]

    def listen(self) -> None:
        self._heard += len(self.spoken())

    def settle(self) -> None:
        """Wait until it has dealt with what happened: its log, a line for each step, rests. Where a
        page never rests, a user goes on as well."""
        end = time.monotonic() + _LONGEST_REST_S
        size, rests_since = -1, time.monotonic()
        while time.monotonic() < min(end, rests_since + _REST_S):
            if (grown := self.log.stat().st_size) != size:
                size, rests_since = grown, time.monotonic()
            time.sleep(0.02)

    def take_keyboard(self) -> None:
        """Give the keyboard to the window that was opened last: no window manager does."""
        windows = self._on_screen("search", "--onlyvisible", "--class", "chromium").split()
        self._on_screen("windowfocus", "--sync", windows[-1])

    def press(self, *keys: str) -> None:
        """Press keys of the keyboard, which Orca takes before the browser does. The names are
        those of X, such as ``Return`` and ``Alt+Shift+Down``."""
        for key in keys:
            self.settle()
            self.listen()
            self._on_screen("key", "--clearmodifiers", key)

    def write(self, text: str) -> None:
        self.settle()
        self.listen()
        self._on_screen("type", "--delay", "40", text)

    def reach(self, key: str, *words: str) -> None:
        """Press a key again until these words are said, as one does who looks for something."""
        self.listen()
        end = time.monotonic() + PATIENCE_S
        while not self.has_said(*words):
            assert time.monotonic() < end, f"{key} never leads to {words}: {self.spoken()}"
            self.press(key)
            self.settle()

    def is_at(self, *words: str) -> bool:
        """Whether it says these words of what has the focus: by itself, or after a step back and
        forth, as of a user who is left in silence. It is silent where it hears of the caret in a
        field, or of the page around it, before the focus."""
        end = time.monotonic() + PATIENCE_S
        while not self._says_soon(*words):
            assert time.monotonic() < end, f"Orca is at {words}; it said {self.spoken()}"
            for key in ("Shift+Tab", "Tab"):
                self._on_screen("key", "--clearmodifiers", key)
                self.settle()
        return True

    def _says_soon(self, *words: str) -> bool:
        end = time.monotonic() + _SILENCE_S
        while not (said := self.has_said(*words)) and time.monotonic() < end:
            time.sleep(0.02)
        return said

    def keep_to_the_page(self) -> None:
        """Leave all keys to the page from now on, as a user does who works in an application: by a
        key that is pressed twice within half a second."""
        self.settle()
        self._on_screen("key", "--clearmodifiers", "Insert+a", "Insert+a")
        self.says("Focus mode is sticky.")

    def _on_screen(self, *command: str) -> str:
        return subprocess.run(  # noqa: S603
            ["xdotool", *command],  # noqa: S607
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        ).stdout

    def has_said(self, *words: str) -> bool:
        said = " ".join(self.spoken())
        return all(word in said for word in words)

    def says(self, *words: str) -> bool:
        """Whether it comes to say all of these words, in whatever order."""
        wait_for(
            lambda: self.has_said(*words), lambda: f"Orca says {words}; it said {self.spoken()}"
        )
        return True


@contextmanager
def running(folder: Path) -> Iterator[Orca]:
    """``folder``: its home, which is empty."""
    with ExitStack() as stack:

        def start(*command: str) -> subprocess.Popen[str]:
            child = subprocess.Popen(  # noqa: S603
                command, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            stack.enter_context(child)
            stack.callback(child.terminate)
            return child

        env = {**os.environ, "HOME": str(folder), "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
        env.pop("DBUS_SESSION_BUS_ADDRESS", None)
        env["XDG_RUNTIME_DIR"] = str(folder)
        screen = start(
            *("Xvfb", "-displayfd", "1", "-screen", "0", "1440x900x24", "-nolisten", "tcp")
        )
        env["DISPLAY"] = f":{_first_line(screen)}"
        bus = start("dbus-daemon", "--session", "--nofork", "--print-address")
        env["DBUS_SESSION_BUS_ADDRESS"] = _first_line(bus)
        start(str(LAUNCHER), "--launch-immediately", "--screen-reader=1")
        _stop_reading_whole_pages(folder)
        _write_each_line(folder)
        _let_others_be(folder, env)
        orca = Orca(folder / "orca.log", env)
        start("orca", "--debug", f"--debug-file={orca.log}")
        orca.says("Screen reader on")
        yield orca


def _write_each_line(home: Path) -> None:
    """It keeps the last 8 kB of its log to itself, and with them what it has just said."""
    file = home / ".local" / "share" / "orca" / "orca-customizations.py"
    file.write_text("from orca import debug\ndebug.debugFile.reconfigure(line_buffering=True)\n")


def _let_others_be(home: Path, env: dict[str, str]) -> None:
    """It asks ``pgrep`` for each Orca of the user, which it would end or give way to: that of
    whoever runs the tests, and those of other tests."""
    programs = home / "programs"
    programs.mkdir()
    (programs / "pgrep").symlink_to("/bin/false")
    env["PATH"] = f"{programs}:{env['PATH']}"


def _stop_reading_whole_pages(home: Path) -> None:
    """It reads a page from its beginning once it is there, and takes the focus along; a user stops
    it by a key."""
    chosen = {"sayAllOnLoad": False, "pageSummaryOnLoad": False}
    profile = {"profile": ["Default", "default"], **chosen}
    file = home / ".local" / "share" / "orca" / "user-settings.conf"
    file.parent.mkdir(parents=True)
    settings = {"general": chosen, "profiles": {"default": profile}}
    file.write_text(json.dumps({**settings, "pronunciations": {}, "keybindings": {}}))


def _first_line(child: subprocess.Popen[str]) -> str:
    return next_line(child.stdout).strip()
