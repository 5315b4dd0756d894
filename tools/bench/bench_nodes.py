"""What a person costs an installation of two nodes: connections, memory, processor time.

python -m tools.bench.bench_nodes [--people 20] [--seconds 90] [--processes 4] [--think 6]

People read and write through nginx (tools/faults). Of each node it tells the connections to the
mail server and to PostgreSQL at their most, and what an answer takes of its processor: the figures
of docs/scaling.md. Then the same once more without affinity.
"""

from __future__ import annotations

import argparse
import time

from tools.faults.people import Person
from tools.faults.processes import connections, memory, processor
from tools.faults.site import Site


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  what is measured is for people to read


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=90)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--think", type=float, default=6)
    options = parser.parse_args()
    for has_affinity in (True, False):
        site = Site(options.people, processes=options.processes)
        site.nginx.has_affinity = has_affinity
        try:
            site.start()
            say(f"\naffinity: {'yes' if has_affinity else 'no'}")
            _measure(site, options)
        finally:
            site.stop()


def _measure(site: Site, options: argparse.Namespace) -> None:
    people = [Person(one, site.accounts, site.url, options.think) for one in site.accounts]
    for person in people:
        person.start()
    while not all(person.seen and person.seen[-1].is_well for person in people):
        time.sleep(1)
    before = {part.name: processor(part) for part in site.parts}
    answers = sum(len(person.seen) for person in people)
    most: dict[str, int] = {}
    end = time.monotonic() + options.seconds
    while time.monotonic() < end:
        counts = {
            "PostgreSQL, all": _postgresql(site),
            **{f"PostgreSQL, {p.name}": connections(p, site.postgresql.port) for p in site.parts},
            **{f"IMAP, {p.name}": connections(p, site.imap_port) for p in site.parts},
        }
        most = {name: max(count, most.get(name, 0)) for name, count in counts.items()}
        time.sleep(2)
    done = sum(len(person.seen) for person in people) - answers
    say(f"{done} actions of {options.people} people in {options.seconds:.0f} s")
    for name, count in most.items():
        say(f"{name}: {count}")
    for part in site.parts:
        used = processor(part) - before[part.name]
        say(f"{part.name}: {1000 * used / done:.1f} ms of processor an action, {memory(part)} MB")
    for person in people:
        person.is_over.set()
    for person in people:
        person.join(60)


def _postgresql(site: Site) -> int:
    return len(site.ask("SELECT 1 FROM pg_stat_activity WHERE backend_type = 'client backend'")) - 1


if __name__ == "__main__":
    main()
