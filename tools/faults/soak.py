"""Two nodes for hours, with people who read and write: whether anything grows without end.

python -m tools.faults.soak [--people 200] [--minutes 120] [--think 40] [--processes 2]

Twice a minute it takes the memory, open files and connections of each process and the rows of each
table; `--minutes 1440` is a day. At the end it tells of each the median of the second quarter and
of the last one, and what people saw that was not what they asked for: the tables of
docs/reliability.md. The exit status is 1 where the memory of a process grew by more than a
twentieth, or an answer failed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from tools.faults import processes
from tools.faults.people import Person, arrived
from tools.faults.site import Site

EVERY = 30
TOLERANCE = 0.05
_TABLES = "SELECT relname FROM pg_stat_user_tables ORDER BY 1"


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  what is measured is for people to read


@dataclass
class Series:
    """What was taken of one thing, by its moment in seconds since the beginning."""

    values: dict[float, int] = field(default_factory=dict)

    def median(self, begin: float, end: float) -> int:
        chosen = [value for at, value in self.values.items() if begin <= at <= end]
        return round(statistics.median(chosen)) if chosen else 0


@dataclass
class Samples:
    """``memory`` and ``files`` by process, as ``node1 1234``; ``counts`` by what is counted."""

    memory: dict[str, Series] = field(default_factory=lambda: defaultdict(Series))
    files: dict[str, Series] = field(default_factory=lambda: defaultdict(Series))
    counts: dict[str, Series] = field(default_factory=lambda: defaultdict(Series))

    def take(self, site: Site, at: float) -> None:
        for part in site.parts:
            for pid in processes.pids(part):
                memory = processes.memory_of(pid)
                if memory:
                    self.memory[f"{part.name} {pid}"].values[at] = memory
                    self.files[f"{part.name} {pid}"].values[at] = processes.files_of(pid)
            for name, port in (
                ("PostgreSQL", site.postgresql.port),
                ("IMAP", site.imap_port),
            ):
                found = processes.connections(part, port)
                self.counts[f"{name} connections, {part.name}"].values[at] = found
        for (table,) in site.ask(_TABLES):
            ((rows,),) = site.ask(f'SELECT count(*) FROM "{table}"')  # noqa: S608  its own names
            self.counts[f"rows, {table}"].values[at] = int(str(rows))
        self.counts["spool, files"].values[at] = sum(1 for _ in site.spool.rglob("*.sealed"))
        self.counts["Redis, KB"].values[at] = site.redis_bytes() // 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--think", type=float, default=40)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", type=Path, help="a file for all that was taken")
    options = parser.parse_args()
    site = Site(options.people, processes=options.processes)
    try:
        site.start()
        people = [Person(one, site.accounts, site.url, options.think) for one in site.accounts]
        samples, seconds = _soak(site, people, options)
    finally:
        site.stop()
    sys.exit(_tell(people, samples, seconds))


def _soak(site: Site, people: list[Person], options: argparse.Namespace) -> tuple[Samples, float]:
    for person in people:
        person.start()
        time.sleep(options.think / len(people))
    samples, began = Samples(), time.monotonic()
    end = began + 60 * options.minutes
    while (now := time.monotonic()) < end:
        samples.take(site, now - began)
        if options.json:
            options.json.write_text(json.dumps(samples, default=vars))
        time.sleep(max(0, EVERY - (time.monotonic() - now)))
    for person in people:
        person.is_over.set()
    for person in people:
        person.join(120)
    _wait_for_messages(site, people)
    return samples, 60 * options.minutes


def _wait_for_messages(site: Site, people: list[Person]) -> None:
    accepted = {subject for person in people for subject in person.accepted}
    deadline = time.monotonic() + 300
    while True:
        there = arrived(site.accounts, site.dovecot.imap_port)
        missing = accepted - there.keys()
        if not missing or time.monotonic() > deadline:
            break
        time.sleep(5)
    twice = sum(1 for count in there.values() if count > 1)
    say(f"{len(accepted)} messages were accepted, {len(missing)} are lost, {twice} came twice")


def _tell(people: list[Person], samples: Samples, seconds: float) -> int:
    """Print the tables; return the exit status."""
    seen = [one for person in people for one in person.seen]
    failed = Counter((one.did, one.status, one.sentence) for one in seen if not one.is_well)
    slow = sorted(one.took for one in seen)
    say(f"{len(seen)} actions of {len(people)} people in {seconds / 60:.0f} minutes")
    say(f"median {_at(slow, 0.5):.2f} s, 95 of 100 within {_at(slow, 0.95):.2f} s")
    say(f"failed: {sum(failed.values())} {failed.most_common(5) if failed else ''}")
    second, last = (seconds / 4, seconds / 2), (seconds * 3 / 4, seconds)
    say("\n| process | memory, MB | | | open files | |\n|---|---|---|---|---|---|")
    grown = []
    for name, series in samples.memory.items():
        before, after = series.median(*second), series.median(*last)
        if not (before and after):  # it gave way to another one
            continue
        change = after / before - 1
        if change > TOLERANCE:
            grown.append(name)
        files = samples.files[name]
        say(
            f"| {name} | {before / 1024:.0f} | {after / 1024:.0f} | {100 * change:+.1f} %"
            f" | {files.median(*second)} | {files.median(*last)} |"
        )
    say("\n| | second quarter | last quarter |\n|---|---|---|")
    for name, series in samples.counts.items():
        before, after = series.median(*second), series.median(*last)
        if before or after:
            say(f"| {name} | {before} | {after} |")
    if grown:
        say(f"\ngrew by more than {TOLERANCE:.0%}: {', '.join(grown)}")
    return 1 if grown or failed else 0


def _at(sorted_values: list[float], share: float) -> float:
    return sorted_values[min(len(sorted_values) - 1, int(share * len(sorted_values)))]


if __name__ == "__main__":
    main()
