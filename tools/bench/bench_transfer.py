"""How long transfers of mail take, and how much memory: an import, exports in all formats, the
fetching of another account, and the reading of a file of two gigabytes.

python -m tools.bench.bench_transfer [MESSAGES [MEGABYTES]]

A private Dovecot, SQLite. Each transfer has a process of its own, whose largest resident size is
printed at its end beside that of a process that did nothing.
"""

from __future__ import annotations

import io
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MESSAGES, MEGABYTES = 10_000, 2_000
KINDS = ("nothing", "import", "mbox", "eml", "maildir", "account", "read")


def measure(kind: str, port: int, count: int, megabytes: int) -> None:
    """In a process whose DATABASE_URL is a database of its own."""
    import ipaddress

    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from mail.imap.connection import Connection
    from tests.servers.plugin import ALICE, BOB
    from tests.webmail.outbox.killed import signed_in, somebody
    from webmail.transfer import jobs, reading, store
    from webmail.transfer.exporting import ExportPlace

    call_command("migrate", verbosity=0)
    settings.TRANSFER_OPEN_NETWORKS = (ipaddress.ip_network("127.0.0.0/8"),)
    me = BOB if kind == "account" else ALICE
    request = signed_in(somebody(me.login, imap_port=port), me.password)
    sent = 0
    exchange = Connection._exchange

    def counted(*args: Any, **more: Any) -> Any:
        nonlocal sent
        sent += 1
        return exchange(*args, **more)

    Connection._exchange = counted  # type: ignore[method-assign]
    begun = time.monotonic()
    if kind == "nothing":
        done = 0
    elif kind == "read":
        key = b"k" * 32
        segments = [store.write(key, piece) for piece in _segments(megabytes)]
        begun = time.monotonic()
        source = store.Source(key, segments)
        limits = reading.Limits(60_000_000, 2**40)
        buffered = io.BufferedReader(source, 64 * 1024)
        done = sum(1 for _found in reading.read(buffered, source.size, "a", limits))
    else:
        if kind == "import":
            job = jobs.bring(request, "Archive", "a.mbox", _mbox(count))
        elif kind == "account":
            job = jobs.collect(request, "", "127.0.0.1", port, ALICE.login, ALICE.password)
        else:
            place = ExportPlace("Archive")
            job = jobs.export(
                request, [place], kind, name="a", folder="", total=count, fallback="-"
            )
        jobs.run(job.pk)
        job.refresh_from_db()
        assert job.state == "done", job.failure
        done = job.done
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(  # noqa: T201
        f"  {kind:<8} {done:6} messages {time.monotonic() - begun:6.1f} s, of which processor"
        f" {used.ru_utime + used.ru_stime:5.1f} s; {sent:6} commands; {used.ru_maxrss // 1024} MB"
    )


def _mbox(count: int) -> Iterator[bytes]:
    from tests.servers import large

    for number in range(1, count + 1):
        yield b"From a@b Tue Mar  3 09:00:00 2026\n" + large.message(number) + b"\n"


def _segments(megabytes: int) -> Iterator[Iterator[bytes]]:
    """An mbox of messages of five megabytes, and one of a hundred that is never kept."""
    head = b"From a@b Tue Mar  3 09:00:00 2026\nSubject: x\n\n"
    line = b"x" * 76 + b"\n"
    yield iter([head, *[line * 10_000] * 130, b"\n\n"])
    for _number in range(megabytes // 5):
        yield iter([head, *[line * 10_000] * 6, b"\n\n"])


def main(count: int, megabytes: int) -> None:
    from demo.servers.dovecot import Dovecot
    from tests.servers.plugin import ALICE, BOB

    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        dovecot = Dovecot(folder / "dovecot", [ALICE, BOB], quota_megabytes=4096)
        dovecot.start()
        try:
            for kind in KINDS:
                own = {
                    "DJANGO_SETTINGS_MODULE": "webmail.settings",
                    "DATABASE_URL": f"sqlite:///{folder / kind}.sqlite3",
                    "WEBMAIL_SECRET_KEY": "bench",
                    "WEBMAIL_SPOOL": str(folder / f"spool-{kind}"),
                    "REDIS_URL": "",
                }
                arguments = [kind, str(dovecot.imap_port), str(count), str(megabytes)]
                subprocess.run(  # noqa: S603
                    [sys.executable, "-W", "ignore", "-m", __spec__.name, *arguments],
                    env=os.environ | own,
                    check=True,
                )
        finally:
            dovecot.stop()


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in KINDS:
        measure(sys.argv[1], *map(int, sys.argv[2:5]))
    else:
        given = [int(word) for word in sys.argv[1:3]]
        main(*(given + [MESSAGES, MEGABYTES][len(given) :]))
