"""What a person costs an installation of two nodes: connections, memory, processor time.

python -m tests.bench.bench_nodes [--people 20] [--seconds 90] [--processes 4] [--think 6]

People read and write through nginx (tests/faults). Of each node it tells the connections to the
mail server and to PostgreSQL at their most, and what an answer takes of its processor: the figures
of docs/scaling.md. Then the same once more without affinity.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from tests.faults.people import Person
from tests.faults.site import Part, Site, tree

_TICKS = os.sysconf("SC_CLK_TCK")


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
    before = {part.name: _processor(part) for part in site.parts}
    answers = sum(len(person.seen) for person in people)
    most: dict[str, int] = {}
    end = time.monotonic() + options.seconds
    while time.monotonic() < end:
        counts = {
            "PostgreSQL, all": _postgresql(site),
            **{f"PostgreSQL, {p.name}": _connections(p, site.postgresql.port) for p in site.parts},
            **{f"IMAP, {p.name}": _connections(p, site.dovecot.imap_port) for p in site.parts},
        }
        most = {name: max(count, most.get(name, 0)) for name, count in counts.items()}
        time.sleep(2)
    done = sum(len(person.seen) for person in people) - answers
    say(f"{done} actions of {options.people} people in {options.seconds:.0f} s")
    for name, count in most.items():
        say(f"{name}: {count}")
    for part in site.parts:
        used = _processor(part) - before[part.name]
        say(f"{part.name}: {1000 * used / done:.1f} ms of processor an action, {_memory(part)} MB")
    for person in people:
        person.is_over.set()
    for person in people:
        person.join(60)


def _postgresql(site: Site) -> int:
    return len(site.ask("SELECT 1 FROM pg_stat_activity WHERE backend_type = 'client backend'")) - 1


def _pids(part: Part) -> list[int]:
    return tree(part.child.pid) if part.child else []


def _connections(part: Part, port: int) -> int:
    """Established TCP connections of a part to a port of loopback."""
    wanted = f":{port:04X}"
    inodes = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[2].endswith(wanted) and fields[3] == "01":
            inodes.add(f"socket:[{fields[9]}]")
    # A forked helper may hold its parent's sockets too.
    return len(inodes & {inode for pid in _pids(part) for inode in _sockets(pid)})


def _sockets(pid: int) -> list[str]:
    found = []
    try:
        for file in Path(f"/proc/{pid}/fd").iterdir():
            try:
                found.append(os.readlink(file))
            except OSError:
                continue
    except OSError:
        return []
    return found


def _processor(part: Part) -> float:
    """Seconds, with those of children that have ended."""
    total = 0
    for pid in _pids(part):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(int(field) for field in fields[11:15])
    return total / _TICKS


def _memory(part: Part) -> int:
    """Megabytes, shared pages by share."""
    total = 0
    for pid in _pids(part):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total // 1024


if __name__ == "__main__":
    main()
