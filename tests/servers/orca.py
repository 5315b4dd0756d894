"""Orca, the screen reader of GNOME, on a screen and a bus of its own: what it says is read from its
log, so that nothing need be heard."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.waiting import next_line, wait_for

PROGRAMS: Final = ("orca", "Xvfb", "dbus-daemon", "xdotool")
LAUNCHER: Final = Path("/usr/libexec/at-spi-bus-launcher")
_SPOKEN: Final = re.compile(r"SPEECH OUTPUT: '(.*)' \{", re.MULTILINE)


def installed() -> bool:
    return LAUNCHER.exists() and all(map(shutil.which, PROGRAMS))


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

    def take_keyboard(self) -> None:
        """Give the keyboard to the window that was opened last: no window manager does."""
        windows = self._on_screen("search", "--onlyvisible", "--class", "chromium").split()
        self._on_screen("windowfocus", "--sync", windows[-1])

    def press(self, *keys: str) -> None:
        """Press keys of the keyboard, which Orca takes before the browser does. The names are
        those of X, such as ``Return`` and ``Alt+Shift+Down``."""
        for key in keys:
            self.listen()
            self._on_screen("key", "--clearmodifiers", key)

    def write(self, text: str) -> None:
        self.listen()
        self._on_screen("type", "--delay", "40", text)

    def keep_to_the_page(self) -> None:
        """Leave all keys to the page from now on, as a user does who works in an application."""
        self.listen()
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

    def says(self, *words: str) -> bool:
        """Whether it comes to say all of these words, in whatever order."""

        def has_said() -> bool:
            said = " ".join(self.spoken())
            return all(word in said for word in words)

        wait_for(has_said, lambda: f"Orca says {words}; it said {self.spoken()}")
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
        orca = Orca(folder / "orca.log", env)
        start("orca", "--replace", "--debug", f"--debug-file={orca.log}")
        orca.says("Screen reader on")
        yield orca


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
