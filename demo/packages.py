"""Find programs that are missing, and install them from the system's packages where allowed.

This uses the standard library alone, because it runs before the virtual environment exists.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from demo.servers import dovecot
from demo.words import say

# Debian starts a service when it is installed, unless policy-rc.d forbids it, and again at the next
# boot, unless it is disabled. The demo and the tests start private instances only.
_INSTALL = """
guard=/usr/sbin/policy-rc.d
if [ ! -e "$guard" ]; then
  trap 'rm -f "$guard"' EXIT INT TERM
  printf '#!/bin/sh\\nexit 101\\n' >"$guard"
  chmod 755 "$guard"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
for part in "$@"; do
  apt-get install -y -qq --no-install-recommends $part </dev/null
done
if command -v systemctl >/dev/null; then
  case " $* " in *dovecot-*) systemctl disable dovecot.service dovecot.socket ;; esac
  case " $* " in *slapd*) systemctl disable slapd.service ;; esac
  case " $* " in *redis-server*) systemctl disable redis-server.service ;; esac
  case " $* " in *nginx*) systemctl disable nginx.service ;; esac
  case " $* " in *postgresql*) systemctl disable postgresql.service ;; esac
fi
true
"""


@dataclass(frozen=True)
class Part:
    """A program that may be missing. `packages` is empty where the system has no package for it."""

    name: str
    present: Callable[[], bool]
    packages: tuple[str, ...]
    hint: str = ""


DOVECOT = Part(
    "Dovecot",
    lambda: dovecot.installed() and dovecot.has_sieve(),
    ("dovecot-imapd", "dovecot-lmtpd", "dovecot-sieve", "dovecot-managesieved"),
)
REDIS = Part("Redis", lambda: shutil.which("redis-server") is not None, ("redis-server",))

LIBREOFFICE = Part(
    "LibreOffice",
    lambda: shutil.which("soffice") is not None,
    tuple(f"libreoffice-{part}-nogui" for part in ("writer", "calc", "impress")),
)
BUBBLEWRAP = Part("bubblewrap", lambda: shutil.which("bwrap") is not None, ("bubblewrap",))
POPPLER = Part("poppler", lambda: shutil.which("pdftotext") is not None, ("poppler-utils",))
ENCRYPTION = Part(
    "age and GnuPG",
    lambda: all(map(shutil.which, ("age", "gpg"))),
    ("age", "gnupg"),
)
JAVA = Part("Java", lambda: shutil.which("java") is not None, ("default-jre-headless",))
ORCA = Part(
    "Orca",
    lambda: (
        all(map(shutil.which, ("orca", "Xvfb", "dbus-daemon", "xdotool")))
        and Path("/usr/libexec/at-spi-bus-launcher").exists()
    ),
    ("orca", "xvfb", "at-spi2-core", "dbus", "xdotool"),
)
# A screen that nobody sees, and what moves its mouse.
_SCREEN = ("Xvfb", "xdotool")
WEBKIT = Part(
    "WebKitGTK",
    lambda: all(map(shutil.which, ("WebKitWebDriver", *_SCREEN))),
    ("webkit2gtk-driver", "xvfb", "xdotool"),
)
NGINX = Part(
    "nginx",
    lambda: any(map(Path.exists, (Path("/usr/sbin/nginx"), Path("/usr/local/sbin/nginx")))),
    ("nginx-light",),
)

_HEADERS = (Path("/usr/include/ldap.h"), Path("/usr/include/sasl/sasl.h"))
# python-ldap has no wheel, so it is built where all of these exist.
OPENLDAP = Part(
    "OpenLDAP",
    lambda: (
        any(map(Path.exists, (Path("/usr/sbin/slapd"), Path("/usr/local/sbin/slapd"))))
        and shutil.which("gcc") is not None
        and all(map(Path.exists, (*_HEADERS, Path(sysconfig.get_path("include"), "Python.h"))))
    ),
    ("slapd", "gcc", "libc6-dev", "libldap2-dev", "libsasl2-dev", "python3-dev"),
)


def chromium() -> Part:
    """Return Chromium. On Ubuntu it is a snap, which needs a running snapd, so it is only
    mentioned."""
    snap = "ID=ubuntu" in _os_release()
    return Part(
        "Chromium",
        lambda: any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
        () if snap else ("chromium",),
        "Ubuntu has it as a snap: sudo snap install chromium" if snap else "",
    )


def firefox() -> Part:
    """Return Firefox ESR. Ubuntu has Firefox as a snap alone, so it is only mentioned."""
    snap = "ID=ubuntu" in _os_release()
    return Part(
        "Firefox ESR",
        lambda: all(map(shutil.which, ("firefox-esr", *_SCREEN))),
        () if snap else ("firefox-esr", "xvfb", "xdotool"),
        "Ubuntu has it in a repository of Mozilla: packages.mozilla.org" if snap else "",
    )


def headless_shell() -> Part:
    """Return Chromium without windows, which tests prefer. It counts as present where no package
    list has it: tests then use Chromium itself."""
    name = "chromium-headless-shell"
    return Part(
        "Chromium's headless shell",
        lambda: shutil.which(name) is not None or not _knows(name),
        (name,),
    )


def unpack(wanted: Sequence[str], tree: Path, release: str = "") -> None:
    """Download packages with those that they need and this machine does not have, and unpack them
    to `tree`. Nothing is installed; after a failure there is no tree. ``release`` names another
    release of Debian, which the machine's own sources do not list.
    """
    say(f"Unpacking {', '.join(wanted)} for the tests")
    tree.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=tree.parent) as place:
        archives, made = Path(place, "archives"), Path(place, "tree")
        # With the release in its name a package may be older than the one that is installed.
        names = [f"{name}/{release}" if release else name for name in wanted]
        if not _fetched(names, archives, _sources(release, Path(place))):
            return
        for archive in archives.glob("*.deb"):
            _run(["dpkg-deb", "-x", archive, made])
        if made.is_dir():
            made.rename(tree)


def _fetched(wanted: Sequence[str], archives: Path, sources: Sequence[str]) -> bool:
    """Whether the packages are there; the lists are brought up to date where they are not known."""
    if _downloaded(wanted, archives, sources):
        return True
    update = ["apt-get", "update", "-qq", *sources]
    _run(update if sources else [*(_root_prefix() or ()), *update])
    return _downloaded(wanted, archives, sources)


def _sources(release: str, place: Path) -> list[str]:
    """Return the options by which apt reads another release, from where this machine has its own:
    with lists of its own, so that the machine's stay as they are."""
    if not release:
        return []
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI) $(SIGNED_BY)"]
    chosen = ["Identifier: Packages", "Label: Debian", "Component: main"]
    told = subprocess.run([*asked, *chosen], capture_output=True, text=True, check=False).stdout  # noqa: S603
    address, _, key = (told.splitlines() or [""])[0].partition(" ")
    (place / "lists" / "partial").mkdir(parents=True)
    (place / "sources.list").write_text(f"deb [signed-by={key}] {address} {release} main\n")
    settings = (
        f"Dir::State::lists={place}/lists",
        f"Dir::Cache={place}",
        f"Dir::Etc::sourcelist={place}/sources.list",
        "Dir::Etc::sourceparts=/dev/null",
        "APT::Get::allow-downgrades=true",
    )
    return [word for setting in settings for word in ("-o", setting)]


def _downloaded(wanted: Sequence[str], archives: Path, sources: Sequence[str]) -> bool:
    """Packages that exclude one that is installed, or are older, are downloaded all the same."""
    (archives / "partial").mkdir(parents=True, exist_ok=True)
    options = ["-o", "Debug::NoLocking=1", *sources, "-o", f"Dir::Cache::archives={archives}"]
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "--download-only"]
    return _run([*command, *options, *wanted])


def _run(command: Sequence[str | Path]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603


def _knows(package: str) -> bool:
    cache = shutil.which("apt-cache")
    if cache is None:
        return False
    answer = subprocess.run([cache, "show", package], capture_output=True, check=False)  # noqa: S603
    return answer.returncode == 0


def ensure(parts: Sequence[Part]) -> list[Part]:
    """Install the missing ones of `parts` where root or sudo allows it. Return those that are still
    missing."""
    missing = [part for part in parts if not part.present()]
    wanted = [part for part in missing if part.packages]
    if wanted and (prefix := _root_prefix()) is not None:
        say(f"Installing from the system's packages: {', '.join(part.name for part in wanted)}")
        words = [" ".join(part.packages) for part in wanted]
        installation = subprocess.run(  # noqa: S603 - the words are those of this module
            [*prefix, "sh", "-c", _INSTALL, "sh", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        missing = [part for part in parts if not part.present()]
        if missing:
            say("\n".join(installation.stdout.splitlines()[-5:]))
    return missing


def command(parts: Sequence[Part]) -> str:
    """Return the command with which an administrator installs `parts`; "" if no package would
    help."""
    packages = [package for part in parts for package in part.packages]
    return f"sudo apt-get install {' '.join(packages)}" if packages else ""


def _root_prefix() -> list[str] | None:
    """Return the prefix that runs a command as root without a question; None if there is none."""
    if shutil.which("apt-get") is None:
        return None
    if os.getuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo is None:
        return None
    asks_nothing = subprocess.run([sudo, "-n", "true"], capture_output=True, check=False)  # noqa: S603
    return [sudo, "-n"] if asks_nothing.returncode == 0 else None


def _os_release() -> str:
    try:
        return Path("/etc/os-release").read_text()
    except OSError:
        return ""
