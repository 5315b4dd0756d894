"""What an account lookup costs, and what its time gives away, among a million staff records.

python -m tools.bench.bench_lookup [--records 1000000] [--only sqlite|postgresql]

For each database, on its own: the table is filled; the query of a lookup is timed; the project's
server (uvicorn, two workers) is asked through its form by eight clients on this same machine; and
one client asks in random order for NUMENs that nobody has and for people's with a wrong date of
birth. How well one can tell them apart by time is the area under the curve (AUC: 0.5 is by tossing
a coin), beside its standard error. On a busy machine the web server's processor time for a lookup
says more than lookups a second: two cores have 2000 ms of it.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import random
import re
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlencode

from demo.servers import process
from demo.servers.broker import Broker
from tests.servers.postgresql import PostgreSQL
from tests.servers.postgresql import installed as postgresql_installed

DOMAIN = "ac-exemple.fr"
KEY = f"bench:{'7' * 64}"
BATCH = 20_000
QUERIES = 3_000
SECONDS = 15
CLIENTS = 8
PAIRS = 2_000
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def numen_of(n: int, year: int = 5) -> str:
    letters = "".join(chr(65 + n // 100_000 // 26**place % 26) for place in (2, 1, 0))
    return f"20E{year:02}{n % 100_000:05}{letters}"


def born(n: int) -> date:
    return date(1950, 1, 1) + timedelta(days=n * 7919 % 18_000)


def nobody(n: int) -> tuple[str, date]:
    return numen_of(n, year=99), born(n)


def wrong_date(n: int) -> tuple[str, date]:
    return numen_of(n), born(n) + timedelta(days=1)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


# In a process of its own, whose environment names the database


def measure(records: int) -> None:
    """Print one table."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    began = time.perf_counter()
    fill(records)
    say(f"| fill, {records:,} records | {time.perf_counter() - began:.0f} s |")
    times = query_times(records)
    say(f"| query of a lookup, median | {statistics.median(times):.2f} ms |")
    say(f"| query of a lookup, 99th of 100 | {statistics.quantiles(times, n=100)[98]:.2f} ms |")
    with server() as (port, pid):
        before = processor_seconds(pid)
        done = throughput(port, records)
        spent = (processor_seconds(pid) - before) * 1000 / done
        say(f"| lookups a second, 2 workers | {done / SECONDS:.0f} |")
        say(f"| processor time of a lookup in them | {spent:.1f} ms |")
        compare(port, records)


def fill(records: int) -> None:
    """The table of staff records, as imports leave it."""
    from django.conf import settings
    from django.db import connection

    from accounts import numen
    from accounts.models import MailDomain, StaffRecord

    domain = MailDomain.objects.create(name=DOMAIN, is_default=True, imap_host=f"imap.{DOMAIN}")
    key = settings.NUMEN_KEYS[0]
    for start in range(0, records, BATCH):
        StaffRecord.objects.bulk_create(
            StaffRecord(
                numen_digest=numen.digest_of_numen(key, numen_of(n)),
                lookup_digest=numen.digest_of_person(key, numen_of(n), born(n)),
                key_id=key.id,
                first_name="Claire",
                last_name=f"Nom{n}",
                mail_domain=domain,
                login=f"cnom{n}",
                address=f"claire.nom{n}@{DOMAIN}",
                school_uai=f"{n % 9000:07}A",
                school_name=f"Collège numéro {n % 9000}",
            )
            for n in range(start, min(start + BATCH, records))
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def query_times(records: int) -> list[float]:
    """Milliseconds, for people and for nobody by turns."""
    from accounts import lookup

    draw = random.Random(1)  # noqa: S311
    times = []
    for turn in range(QUERIES):
        n = draw.randrange(records)
        asked = (numen_of(n), born(n)) if turn % 2 else nobody(n)
        began = time.perf_counter()
        found = lookup.find_staff_record(*asked)
        times.append((time.perf_counter() - began) * 1000)
        assert (found is not None) == bool(turn % 2)
    return times


@contextlib.contextmanager
def server() -> Iterator[tuple[int, int]]:
    """The project's server, as installed; its port and process."""
    port = int(os.environ["BENCH_PORT"])
    command = [sys.executable, "-m", "uvicorn", "webmail.asgi:application", "--workers", "2"]
    command += ["--port", str(port), "--no-proxy-headers", "--no-access-log"]
    log = Path(os.environ["BENCH_FOLDER"]) / "server.log"
    child = process.spawn(command, log)
    try:
        process.wait_for_port(port, child, log)
        time.sleep(5)  # until the second worker has begun, too
        yield port, child.pid
    finally:
        process.stop(child)


def processor_seconds(parent: int) -> float:
    """What the processes that ``parent`` started have used so far (proc_pid_stat(5))."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


class Browser:
    """One client: its connection, its cookie and its token."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._connection.request("GET", "/lookup/")
        answer = self._connection.getresponse()
        page = answer.read().decode()
        (self._token,) = set(re.findall(r'csrfmiddlewaretoken" value="(\w+)"', page))
        cookie = (answer.headers["Set-Cookie"] or "").partition(";")[0]
        self._headers = {**FORM, "Cookie": cookie}

    def look_up(self, numen: str, birth: date) -> tuple[int, float]:
        """The status, and the milliseconds until the whole answer was there."""
        typed = {"numen": numen, "birth": birth.isoformat(), "csrfmiddlewaretoken": self._token}
        began = time.perf_counter()
        self._connection.request("POST", "/lookup/", urlencode(typed), self._headers)
        answer = self._connection.getresponse()
        answer.read()
        return answer.status, (time.perf_counter() - began) * 1000


def throughput(port: int, records: int) -> int:
    """How many are answered in `SECONDS`; half of them find somebody."""

    def ask(seed: int) -> int:
        browser, draw, done = Browser(port), random.Random(seed), 0  # noqa: S311
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            n = draw.randrange(records)
            asked = (numen_of(n), born(n)) if done % 2 else wrong_date(n)
            status, _ms = browser.look_up(*asked)
            assert status == (302 if done % 2 else 422), status
            done += 1
        return done

    with ThreadPoolExecutor(CLIENTS) as clients:
        return sum(clients.map(ask, range(CLIENTS)))


def compare(port: int, records: int) -> None:
    """Nobody's NUMEN beside a person's with a wrong date, in random order."""
    browser, draw = Browser(port), random.Random(7)  # noqa: S311
    kinds = [nobody, wrong_date] * PAIRS
    draw.shuffle(kinds)
    times: dict[str, list[float]] = {"nobody": [], "wrong_date": []}
    for kind, n in zip(kinds, draw.choices(range(records), k=len(kinds)), strict=True):
        status, ms = browser.look_up(*kind(n))
        assert status == 422, status
        times[kind.__name__].append(ms)
    for name, label in (("nobody", "a NUMEN of nobody"), ("wrong_date", "a wrong date of birth")):
        low, median, high = statistics.quantiles(times[name], n=4)
        say(f"| answer to {label}, quartiles | {low:.2f}, {median:.2f}, {high:.2f} ms |")
    area, error = auc(times["nobody"], times["wrong_date"])
    say(f"| told apart by one answer's time, AUC | {area:.3f} ± {error:.3f} |")


def auc(some: Sequence[float], others: Sequence[float]) -> tuple[float, float]:
    """How often one of ``some`` took less time than one of ``others``, and the standard error of
    that where both are alike (Mann and Whitney)."""
    ranked = sorted([(ms, True) for ms in some] + [(ms, False) for ms in others])
    ranks = sum(rank for rank, (_ms, is_some) in enumerate(ranked, start=1) if is_some)
    more = ranks - len(some) * (len(some) + 1) / 2
    pairs = len(some) * len(others)
    return 1 - more / pairs, ((len(some) + len(others) + 1) / (12 * pairs)) ** 0.5


# The process that is started by hand


def environment(database: str, redis: str, folder: Path) -> dict[str, str]:
    port = process.free_port()
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "webmail.settings",
        "DATABASE_URL": database,
        "REDIS_URL": redis,
        "BENCH_PORT": str(port),
        "BENCH_FOLDER": str(folder),
        "WEBMAIL_SECRET_KEY": secrets.token_urlsafe(48),
        "WEBMAIL_BASE_URL": f"http://localhost:{port}",
        "WEBMAIL_STATIC_ROOT": str(folder / "static"),
        "WEBMAIL_LOG_LEVEL": "ERROR",
        "WEBMAIL_NUMEN_KEYS": KEY,
        # What limits would refuse is what is measured: they count, but never say no.
        "WEBMAIL_LOOKUPS_PER_NUMEN": "1000000",
        "WEBMAIL_LOOKUP_FAILURES_PER_NETWORK": "100000000",
        "WEBMAIL_LOOKUP_FAILURES_PER_MINUTE": "100000000",
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--records", type=int, default=1_000_000)
    arguments.add_argument("--only", choices=["sqlite", "postgresql"])
    arguments.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.measure:
        return measure(chosen.records)
    for name in ("postgresql", "sqlite"):
        if chosen.only in (None, name) and (name == "sqlite" or postgresql_installed()):
            run(name, chosen.records)


def run(name: str, records: int) -> None:
    """One database, with a Redis of its own."""
    with contextlib.ExitStack() as ending, tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        broker = Broker(folder / "redis", keep=False)
        ending.callback(broker.stop)
        broker.start()
        url = f"sqlite:///{folder}/bench.sqlite3"
        if name == "postgresql":
            database = PostgreSQL(durable=True)
            ending.callback(database.stop)
            database.start()
            url = database.url
        say(f"\n| {name} | |\n|---|---|")
        command = [sys.executable, "-m", "tools.bench.bench_lookup", "--measure"]
        command += ["--records", str(records)]
        subprocess.run(command, env=environment(url, broker.url, folder), check=True)  # noqa: S603


if __name__ == "__main__":
    main()
