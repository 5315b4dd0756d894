"""How the mail of a large account comes over, from one Dovecot to another: time, memory,
connections, and what is left when its worker is killed in the middle.

python -m tools.bench.bench_account [MESSAGES]

The account has ten folders of messages of half a kilobyte that all differ. A worker fetches them,
and is killed by SIGKILL when half of them are there; another takes the job up as beat would have
it. SQLite. At the end each folder is read anew: every message must lie there once.
"""

from __future__ import annotations

import imaplib
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MESSAGES, FOLDERS, TOGETHER = 50_000, 10, 500


def work(step: str, other: int, own: int) -> None:
    """In a process whose DATABASE_URL is a database of its own: ``begin`` makes the job and does
    it, ``go on`` takes it up, ``told`` says how far it is."""
    import ipaddress

    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.utils import timezone

    from accounts import tending
    from tests.servers.plugin import ALICE, BOB
    from tests.webmail.outbox.killed import signed_in, somebody
    from webmail.models import Transfer
    from webmail.transfer import jobs

    settings.TRANSFER_OPEN_NETWORKS = (ipaddress.ip_network("127.0.0.0/8"),)
    if step == "begin":
        call_command("migrate", verbosity=0)
        request = signed_in(somebody(BOB.login, imap_port=own), BOB.password)
        job = jobs.collect(request, "Ancienne", "127.0.0.1", other, ALICE.login, ALICE.password)
    else:
        job = Transfer.objects.get()
    if step == "go on":
        late = timezone.now() - 2 * Transfer.PATIENCE
        Transfer.objects.filter(state="running").update(changed=late)
        tending.due(Transfer)
    if step != "told":
        jobs.run(job.pk)
    job.refresh_from_db()
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(  # noqa: T201
        f"{step}: {job.state} {job.failure}, {job.done} done, {job.known} known, {job.refused}"
        f" refused, password kept: {bool(job.sealed)}; processor"
        f" {used.ru_utime + used.ru_stime:.0f} s, {used.ru_maxrss // 1024} MB",
        flush=True,
    )


def fill(port: int, account: Any, count: int) -> None:
    """By MULTIAPPEND (RFC 3502), some hundred messages at once."""
    from tests.servers import large

    imap = opened(port, account)
    for folder in range(FOLDERS):
        imap.create(f'"Dossier {folder}"')
        numbers = range(folder + 1, count + 1, FOLDERS)
        for start in range(0, len(numbers), TOGETHER):
            pieces = [b'm APPEND "Dossier %d"' % folder]
            for number in numbers[start : start + TOGETHER]:
                content = large.message(number)
                when = large.received(number).strftime("%d-%b-%Y %H:%M:%S +0000").encode()
                pieces += [b' (\\Seen) "%s" {%d+}\r\n' % (when, len(content)), content]
            imap.send(b"".join([*pieces, b"\r\n"]))
            while not (line := imap.readline()).startswith(b"m "):
                assert line, "the server hung up"
            assert line.startswith(b"m OK"), line
    imap.logout()


def opened(port: int, account: Any) -> imaplib.IMAP4:
    imap = imaplib.IMAP4("127.0.0.1", port)
    imap.login(account.login, account.password)
    return imap


def messages(port: int, account: Any, prefix: str) -> Counter[tuple[str, bytes]]:
    """How often each Message-ID lies in each folder."""
    imap, found = opened(port, account), Counter[tuple[str, bytes]]()
    for folder in range(FOLDERS):
        name = f"{prefix}Dossier {folder}"
        status, (count, *_) = imap.select(f'"{name}"', readonly=True)
        if status == "OK" and count != b"0":
            _, lines = imap.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")
            for line in lines:
                if isinstance(line, tuple) and (told := re.search(rb"<[^>]*>", line[1])):
                    found[f"Dossier {folder}", told[0]] += 1
    imap.logout()
    return found


class Connections:
    """The most connections to a port that were open at once, as the kernel tells."""

    def __init__(self, ports: dict[str, int]) -> None:
        self.most = dict.fromkeys(ports, 0)
        self._ports, self._over = ports, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._over.wait(0.2):
            rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
            there = Counter(row[2].rpartition(":")[2] for row in rows if row[3] == "01")
            for name, port in self._ports.items():
                self.most[name] = max(self.most[name], there[f"{port:04X}"])

    def end(self) -> None:
        self._over.set()
        self._thread.join()


def _arrived(port: int, account: Any) -> Iterator[int]:
    """Messages that are there, asked again and again."""
    imap = opened(port, account)
    while True:
        counts = []
        for folder in range(FOLDERS):
            _, (line, *_) = imap.status(f'"Ancienne/Dossier {folder}"', "(MESSAGES)")
            counts.append(int(told[1]) if (told := re.search(rb"S (\d+)", line or b"")) else 0)
        yield sum(counts)
        time.sleep(0.5)


def main(count: int) -> None:
    from demo.servers.dovecot import Dovecot
    from tests.servers.plugin import ALICE, BOB

    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        source = Dovecot(folder / "source", [ALICE], quota_megabytes=8192)
        target = Dovecot(folder / "target", [BOB], quota_megabytes=8192)
        source.start()
        target.start()
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "webmail.settings",
            "DATABASE_URL": f"sqlite:///{folder / 'bench.sqlite3'}",
            "WEBMAIL_SECRET_KEY": "bench",
            "WEBMAIL_SPOOL": str(folder / "spool"),
            "REDIS_URL": "",
        }
        ports = [str(source.imap_port), str(target.imap_port)]

        def worker(step: str) -> subprocess.Popen[bytes]:
            words = [sys.executable, "-W", "ignore", "-m", __spec__.name, step, *ports]
            return subprocess.Popen(words, env=environment)  # noqa: S603

        try:
            begun = time.monotonic()
            fill(source.imap_port, ALICE, count)
            print(f"filled: {count} in {time.monotonic() - begun:.0f} s", flush=True)  # noqa: T201
            connections = Connections({"source": source.imap_port, "target": target.imap_port})
            begun = time.monotonic()
            first = worker("begin")
            for there in _arrived(target.imap_port, BOB):
                begun = begun if there else time.monotonic()
                if there >= count // 2:
                    break
                assert first.poll() is None, "the worker ended early"
            first.send_signal(signal.SIGKILL)
            first.wait()
            half = time.monotonic() - begun
            worker("told").wait()
            assert worker("go on").wait() == 0
            connections.end()
            end = time.monotonic() - begun
            print(f"from the first message: killed after {half:.0f} s, all after {end:.0f} s")  # noqa: T201
            # The one that looks on, from here, is not the job's.
            most = connections.most | {"target": connections.most["target"] - 1}
            print(f"connections at once: {most}")  # noqa: T201
            wanted = messages(source.imap_port, ALICE, "")
            found = messages(target.imap_port, BOB, "Ancienne/")
            twice = sum(1 for times in found.values() if times > 1)
            print(  # noqa: T201
                f"{len(wanted)} there, {len(wanted - found)} missing, {twice} twice,"
                f" {len(found - wanted)} of others"
            )
        finally:
            source.stop()
            target.stop()


if __name__ == "__main__":
    if len(sys.argv) == 4:
        work(sys.argv[1], *map(int, sys.argv[2:]))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else MESSAGES)
