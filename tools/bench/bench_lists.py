"""What a page of a list costs: the web server's processor time, the time on the clock, Dovecot's
processor time, IMAP commands and bytes, in folders of several sizes.

python -m tools.bench.bench_lists [--sizes 300,10000,100000] [--rounds 30]

Everything runs in this process but Dovecot and Redis: the web's processor time is what Python took
between the request and its answer, Django's test client included (about half a millisecond). Rows
are medians; "first time" is a session that has not seen that yet, and is measured once.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from demo.servers.broker import Broker
from demo.servers.dovecot import Dovecot
from tests.servers import large
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import ALICE

HTMX = {"HX-Request": "true", "HX-Target": "message-list"}
ROWS = {"HX-Request": "true", "HX-Target": "more"}


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def start(stack: ExitStack) -> Dovecot:
    """Dovecot and Redis; the environment names them, so that Django may be set up."""
    folder = Path(tempfile.mkdtemp(prefix="webmail-bench-"))
    folder.chmod(0o755)
    dovecot = Dovecot(folder / "dovecot", [ALICE])
    broker = Broker(folder / "redis", keep=False)
    for server in (dovecot, broker):
        server.start()
        stack.callback(server.stop)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webmail.settings")
    os.environ["WEBMAIL_SECRET_KEY"] = "none"
    os.environ["WEBMAIL_ALLOWED_HOSTS"] = "testserver"
    os.environ["DATABASE_URL"] = f"sqlite:///{folder / 'db.sqlite3'}"
    os.environ["REDIS_URL"] = broker.url
    return dovecot


def signed_in(dovecot: Dovecot) -> Any:
    """A client with a session of its own."""
    from django.test import Client
    from django.urls import reverse

    from accounts.models import MailDomain

    MailDomain.objects.get_or_create(
        name="ac-exemple.fr",
        defaults={
            "is_default": True,
            "login_form": "local",
            "imap_host": "127.0.0.1",
            "imap_port": dovecot.imap_port,
            "imap_security": "none",
            "smtp_host": "127.0.0.1",
            "smtp_port": 1,
            "smtp_security": "none",
        },
    )
    client = Client()
    form = {"login": ALICE.login, "password": ALICE.password}
    answer = client.post(reverse("account_login"), form)
    if answer.status_code != 302:
        raise SystemExit(f"no sign-in: {answer.status_code}")
    return client


def dovecot_seconds(dovecot: Dovecot) -> float:
    """Processor time of all its processes so far."""
    assert dovecot.child is not None
    waiting, total = [dovecot.child.pid], 0.0
    while waiting:
        pid = waiting.pop()
        for task in Path(f"/proc/{pid}/task").glob("*"):
            waiting += [int(child) for child in (task / "children").read_text().split()]
            total += int((task / "schedstat").read_text().split()[0]) / 1e9
    return total


class Measure:
    """Prints one line a kind of page."""

    def __init__(self, dovecot: Dovecot, rounds: int) -> None:
        self.dovecot = dovecot
        self.rounds = rounds

    def __call__(self, name: str, ask: Callable[[], Any], *, rounds: int = 0) -> None:
        from tests.webmail.views.mail import commands_sent

        rounds = rounds or self.rounds
        web, wall = [], []
        before, imap = commands_sent(), dovecot_seconds(self.dovecot)
        for _round in range(rounds):
            cpu, clock = time.process_time(), time.perf_counter()
            answer = ask()
            web.append(time.process_time() - cpu)
            wall.append(time.perf_counter() - clock)
            if answer.status_code != 200:
                raise SystemExit(f"{name}: {answer.status_code}")
        commands = (commands_sent() - before) / rounds
        imap = (dovecot_seconds(self.dovecot) - imap) / rounds
        say(
            f"{name:34}{statistics.median(web) * 1000:9.1f}{statistics.median(wall) * 1000:9.1f}"
            f"{imap * 1000:9.1f}{commands:9.1f}{len(answer.content):9}"
        )


def measure(dovecot: Dovecot, sizes: list[int], rounds: int) -> None:
    client = signed_in(dovecot)
    told = Measure(dovecot, rounds)
    client.get("/mail/INBOX/")  # templates are read, connections opened
    say(f"{'':34}{'web ms':>9}{'wall ms':>9}{'imap ms':>9}{'commands':>9}{'bytes':>9}")
    for size in sizes:
        say(f"{size} messages")
        pages(told, client, f"/mail/grand-{size}/", size // 50)


def pages(told: Measure, client: Any, url: str, last: int) -> None:
    for name, query in (("first page", ""), ("middle", f"?page={last // 2}")):
        told(f"  {name}, first time", partial(client.get, url + query), rounds=1)
        told(f"  {name}", partial(client.get, url + query))
    told("  last page", lambda: client.get(f"{url}?page={last}"))
    told("  the list alone", lambda: client.get(url, headers=HTMX))
    told("  the next rows", lambda: client.get(f"{url}?page=2", headers=ROWS))
    orders = {
        "by date": "?sort=date",
        "by subject": "?sort=subject&up=1",
        "unread": "?only=unread&sort=arrival",
    }
    for name, query in orders.items():
        ask = partial(client.get, url + query, headers=HTMX)
        told(f"  {name}, first time", ask, rounds=1)
        told(f"  {name}", ask)
    client.get(f"{url}?sort=arrival")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="300,10000")
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    with ExitStack() as stack:
        dovecot = start(stack)
        mailbox = Mailbox(dovecot, ALICE)
        stack.callback(mailbox.close)
        for size in sizes:
            mailbox.create_folder(f"grand-{size}")
            large.fill(mailbox, f"grand-{size}", size, large.FIRST)
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        measure(dovecot, sizes, options.rounds)


if __name__ == "__main__":
    main()
