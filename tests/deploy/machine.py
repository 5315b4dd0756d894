"""A bare Debian with systemd as its first process, in namespaces of this machine.

It needs root, mmdebstrap and systemd-nspawn (Debian's systemd-container). The network is this
machine's: its ports 80, 443, 5432, 6379 and 8000 must be free.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# What a server has after Debian's installer, without what the instructions install.
_PACKAGES = "systemd-sysv,dbus,sudo,ca-certificates,procps,nano"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# systemd 257 wants the unified hierarchy, which some machines mount elsewhere or not at all.
_BOOT = """
[ -e /sys/fs/cgroup/cgroup.controllers ] || mount -t cgroup2 cgroup2 /sys/fs/cgroup
exec systemd-nspawn --quiet --directory "$0" --boot --register=no --keep-unit \
    --resolv-conf=off --timezone=off --link-journal=no --machine webmail
"""
BOOT_SECONDS = 120
ROOT = Path(__file__).resolve().parents[2]


class LineFailed(Exception):
    """A line ended with a status other than 0."""


class Machine:
    """`make()`, then `boot()`; `stop()` ends it, and `remove()` takes its folder away. ``admin`` is
    an account that may do everything by sudo."""

    def __init__(self, suite: str) -> None:
        self.suite = suite
        self.tree = Path(tempfile.mkdtemp(prefix="machine-", dir="/var/tmp"))
        self.tree.chmod(0o755)
        self.log = self.tree.with_suffix(".log")
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._first = 0

    def make(self, hosts: str) -> None:
        """``hosts``: lines of /etc/hosts. What a suite begins with is kept in var/."""
        base = ROOT / "var" / f"machine-{self.suite}.tar"
        if not base.exists():
            command = (
                *("mmdebstrap", "--quiet", "--variant=minbase", f"--include={_PACKAGES}"),
                '--aptopt=Acquire::Check-Valid-Until "false"',
                *("--aptopt=APT::Get::Assume-Yes true", self.suite, f"{base}.new"),
            )
            subprocess.run((*command, "--format=tar"), check=True)  # noqa: S603  our own words
            Path(f"{base}.new").rename(base)
        unpack = ("/usr/bin/tar", "--extract", "--file", str(base), "--directory", str(self.tree))
        subprocess.run((*unpack, "--exclude=./dev/*"), check=True)  # noqa: S603
        self._write("etc/hosts", f"127.0.0.1 localhost webmail\n{hosts}")
        self._write("etc/hostname", "webmail\n")
        shutil.copy("/etc/resolv.conf", self.tree / "etc" / "resolv.conf")
        # This machine's way to the packages: proxies may have authorities of their own.
        shutil.copy("/etc/ssl/certs/ca-certificates.crt", self.tree / "etc/ssl/certs")
        self._write(
            "etc/pip.conf",
            "[global]\ncert = /etc/ssl/certs/ca-certificates.crt\ndefault-timeout = 180\n",
        )
        self._write("etc/sudoers.d/admin", "admin ALL=(ALL) NOPASSWD: ALL\n")
        subprocess.run(  # noqa: S603
            ["/usr/sbin/chroot", str(self.tree), "useradd", "-m", "-s", "/bin/bash", "admin"],
            check=True,
        )

    def _write(self, name: str, text: str, mode: int = 0o644) -> None:
        path = self.tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def write(self, name: str, data: bytes, mode: int = 0o644) -> None:
        """Write a file, which belongs to root."""
        path = self.tree / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.chmod(mode)

    def boot(self) -> float:
        """Return after how many seconds systemd had started what it starts."""
        begun = time.monotonic()
        with self.log.open("ab") as log:
            self._nspawn = subprocess.Popen(  # noqa: S603
                ["/usr/bin/unshare", "--mount", "/bin/sh", "-ec", _BOOT, str(self.tree)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        while not (self._first and self._has_started()):
            if time.monotonic() - begun > BOOT_SECONDS or self._nspawn.poll() is not None:
                sys.exit(f"systemd did not start: {self.log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.5)
            self._first = self._first or _first_process(self._nspawn.pid)
        return time.monotonic() - begun

    def _has_started(self) -> bool:
        answer = self.run("systemctl is-system-running", check=False)
        return answer.strip() in {"running", "degraded"}

    def run(
        self,
        line: str,
        *,
        user: str = "root",
        where: str = "/",
        stdin: str = "",
        check: bool = True,
    ) -> str:
        """Return what the line of a shell prints. Raises LineFailed."""
        home = "/root" if user == "root" else f"/home/{user}"
        environment = (
            *(f"PATH={_PATH}", f"HOME={home}", f"USER={user}"),
            *("LANG=C.UTF-8", "EDITOR=/usr/bin/fill-in"),
        )
        words = (
            *("nsenter", "--target", str(self._first), "--all", "runuser", "-u", user, "--"),
            *("env", "-i", *environment),
            *("bash", "-euo", "pipefail", "-c", f"cd {shlex.quote(where)}\n{line}"),
        )
        done = subprocess.run(  # noqa: S603
            words, input=stdin, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            check=False, errors="replace",
        )  # fmt: skip
        if check and done.returncode:
            raise LineFailed(f"{line}\nended with status {done.returncode}:\n{done.stdout[-3000:]}")
        return done.stdout

    def stop(self) -> None:
        if self._nspawn is not None:
            # nspawn tells systemd to end the machine.
            self._nspawn.terminate()
            try:
                self._nspawn.wait(120)
            except subprocess.TimeoutExpired:
                self._nspawn.kill()
                self._nspawn.wait()
        self._nspawn, self._first = None, 0

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.tree, ignore_errors=True)
        self.log.unlink(missing_ok=True)


def _first_process(starter: int) -> int:
    """The process among the descendants of ``starter`` that is the first one of a namespace; 0
    where there is none yet."""
    for pid in _descendants(starter):
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        numbers = next(x for x in status.splitlines() if x.startswith("NSpid:")).split()[1:]
        if len(numbers) > 1 and numbers[-1] == "1":
            return pid
    return 0


def _descendants(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [found for child in children for found in (int(child), *_descendants(int(child)))]
