"""Every part of an installation fails, one after the other, while people read and write.

python -m tools.faults [--people 20] [--think 6] [--only WORDS]... [--from FAULT]

It tells of each fault what people saw (how often, status and heading), how long after its end the
last answer failed, how many messages were lost or arrived twice, and how many wait or are in doubt.
The table is that of docs/reliability.md. It takes about half an hour; as root it can do all of it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from dataclasses import dataclass

from tools.faults.breaking import FAULTS, Fault
from tools.faults.people import Person, Seen, arrived
from tools.faults.site import Site

RECOVERY = 300
COLUMNS = (
    "fault",
    "failed answers",
    "what people saw",
    "slowest answer",
    "over after",
    "signed out",
    "lost",
    "twice",
    "in the outbox",
)
ARRIVAL = 180
# "held" is what may still be taken back, for ten seconds.
_STATES = """
    SELECT state, count(*) FROM webmail_outboxmessage WHERE state NOT IN ('sent', 'held') GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    failed: Counter[tuple[str, int, str]]
    answers: int
    slowest: float
    recovery: float
    signed_out: int
    lost: int
    twice: int
    waiting: str

    def row(self, name: str) -> str:
        seen = "<br>".join(
            f"{count} × {did}: {status or 'no answer'} {sentence}"
            for (did, status, sentence), count in self.failed.most_common(4)
        )
        return (
            f"| {name} | {sum(self.failed.values())} of {self.answers} | {seen or 'nothing'}"
            f" | {self.slowest:.0f} s | {self.recovery:.0f} s | {self.signed_out} | {self.lost}"
            f" | {self.twice} | {self.waiting or '0'} |"
        )


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  what is measured is for people to read


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--think", type=float, default=6)
    parser.add_argument(
        "--only", action="append", default=[], help="faults whose name has these words; repeatable"
    )
    parser.add_argument("--from", default="", dest="first", help="this fault and those after it")
    options = parser.parse_args()
    site = Site(options.people, has_ways=True)
    try:
        site.start()
        people = [Person(one, site.accounts, site.url, options.think) for one in site.accounts]
        for person in people:
            person.start()
        _wait_for_all(site, people, time.monotonic())
        say(f"| {' | '.join(COLUMNS)} |")
        say("|---" * len(COLUMNS) + "|")
        names = [fault.name for fault in FAULTS]
        first = names.index(options.first) if options.first else 0
        for fault in FAULTS[first:]:
            if options.only and not any(words in fault.name for words in options.only):
                continue
            if not fault.is_possible(site):
                say(f"| {fault.name} | not tried: this account or machine cannot make it |")
                continue
            say(_try(site, people, fault).row(fault.name))
        for person in people:
            person.is_over.set()
    finally:
        site.stop()


def _try(site: Site, people: list[Person], fault: Fault) -> Outcome:
    counts = [len(person.seen) for person in people]
    signed_out = sum(person.signed_out for person in people)
    twice = _twice(site)
    begun = time.monotonic()
    fault.make(site)
    while time.monotonic() < begun + fault.seconds:
        site.tend()
        time.sleep(1)
    fault.mend(site)
    mended = time.monotonic()
    _wait_for_all(site, people, mended)
    missing = _wait_for_messages(site, people)
    seen = [one for person, n in zip(people, counts, strict=True) for one in person.seen[n:]]
    failed = [one for one in seen if not one.is_well]
    states = {str(state): int(str(count)) for state, count in site.ask(_STATES)}
    visible = sum(states.values())
    return Outcome(
        failed=Counter((one.did, one.status, one.sentence) for one in failed),
        answers=len(seen),
        slowest=max((one.took for one in seen), default=0),
        recovery=_last_failure(failed, mended),
        signed_out=sum(person.signed_out for person in people) - signed_out,
        lost=max(0, len(missing) - visible),
        twice=_twice(site) - twice,
        waiting=", ".join(f"{count} {state}" for state, count in states.items()),
    )


def _last_failure(failed: list[Seen], mended: float) -> float:
    return max([one.at + one.took - mended for one in failed if one.at + one.took > mended] + [0])


def _wait_for_all(site: Site, people: list[Person], since: float) -> None:
    """Until everybody has read and written, from this moment on."""
    deadline = time.monotonic() + RECOVERY
    for person in people:
        while not {"read", "write"} <= {
            one.did for one in person.seen[-50:] if one.at >= since and one.is_well
        }:
            site.tend()
            if time.monotonic() > deadline:
                sys.exit(f"{person.account.login} gets no further: {person.seen[-5:]}")
            time.sleep(0.5)


def _wait_for_messages(site: Site, people: list[Person]) -> set[str]:
    """What was taken until now and does not arrive, however long one waits."""
    accepted = {subject for person in people for subject in list(person.accepted)}
    deadline = time.monotonic() + ARRIVAL
    while True:
        site.tend()
        missing = accepted - arrived(site.accounts, site.dovecot.imap_port).keys()
        if not missing or time.monotonic() > deadline:
            return missing
        time.sleep(3)


def _twice(site: Site) -> int:
    there = arrived(site.accounts, site.dovecot.imap_port)
    return sum(1 for count in there.values() if count > 1)


if __name__ == "__main__":
    main()
