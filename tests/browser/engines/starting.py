"""Firefox ESR and WebKitGTK are started, each with a profile of its own."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Final

from demo.servers import process
from tests.browser.engines.driving import FirefoxHand, WebKitHand
from tests.waiting import next_line, wait_for

# A screen that nobody sees, and what moves its mouse.
_SCREEN: Final = ("Xvfb", "xdotool")
_MINIBROWSERS: Final = "lib/*/webkit2gtk-4.1/MiniBrowser"
# No other program's page, no questions at the start, nothing fetched; French as the other browsers,
# and a mouse, whatever the screen has (2: it is exact, 4: it hovers).
_PREFERENCES: Final[Mapping[str, object]] = {
    "marionette.port": 0,
    "intl.accept_languages": "fr-FR,fr",
    "ui.allPointerCapabilities": 6,
    "ui.primaryPointerCapabilities": 6,
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False,
    "datareporting.policy.dataSubmissionPolicyBypassNotification": True,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
}


def minibrowser() -> Path | None:
    """Return WebKitGTK's small browser, which its driver starts."""
    return next(Path("/usr").glob(_MINIBROWSERS), None)


def firefox_is_installed() -> bool:
    return all(map(shutil.which, ("firefox-esr", *_SCREEN)))


def webkit_is_installed() -> bool:
    return all(map(shutil.which, ("WebKitWebDriver", *_SCREEN))) and minibrowser() is not None


@contextmanager
def firefox(home: Path, site: str) -> Iterator[FirefoxHand]:
    """``home``: an empty folder, for its profile."""
    lines = (f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in _PREFERENCES.items())
    (home / "user.js").write_text("".join(lines))
    flags = ["--marionette", "--remote-allow-system-access", "--no-remote"]
    told = home / "MarionetteActivePort"
    env = _environment(home)
    with ExitStack() as stack:
        env["DISPLAY"] = _screen(stack, env)
        log = stack.enter_context((home / "log").open("w"))
        command = ["firefox-esr", *flags, "--profile", str(home)]
        _started(stack, command, env=env, stdout=log, stderr=log)
        wait_for(lambda: told.exists() and told.read_text(), (home / "log").read_text)
        yield stack.enter_context(closing(FirefoxHand(int(told.read_text()), env["DISPLAY"], site)))


@contextmanager
def webkit(home: Path, site: str) -> Iterator[WebKitHand]:
    """``home``: an empty folder. The pages have a screen of their own."""
    env = _environment(home) | {"WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1"}
    quiet = subprocess.DEVNULL
    browser = minibrowser()
    assert browser
    with ExitStack() as stack:
        env["DISPLAY"] = _screen(stack, env)
        port = process.free_port()
        _started(stack, ["WebKitWebDriver", f"--port={port}"], env=env, stdout=quiet, stderr=quiet)
        wait_for(lambda: _answers(port))
        yield stack.enter_context(closing(WebKitHand(port, browser, env["DISPLAY"], site)))


def _started(stack: ExitStack, command: list[str], **options: Any) -> subprocess.Popen[str]:
    """Start a program that ends with the stack."""
    child = subprocess.Popen(command, text=True, **options)  # noqa: S603
    stack.callback(child.wait)
    stack.callback(child.terminate)
    if child.stdout:
        stack.callback(child.stdout.close)
    return child


def _screen(stack: ExitStack, env: Mapping[str, str]) -> str:
    """Return the name of a screen that nobody sees."""
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "1920x1400x24", "-nolisten", "tcp"]
    quiet = subprocess.DEVNULL
    screen = _started(stack, command, env=env, stdout=subprocess.PIPE, stderr=quiet)
    return f":{next_line(screen.stdout).strip()}"


def _environment(home: Path) -> dict[str, str]:
    own = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), "LC_ALL": "C.UTF-8"}
    quiet = {"GSETTINGS_BACKEND": "memory", "NO_AT_BRIDGE": "1"}
    return {**os.environ, **own, **quiet}


def _answers(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0
