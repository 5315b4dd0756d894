"""Whether a web process grows: what it holds after some thousand requests and after many more.

python -m tools.bench.bench_growth [--people 40] [--requests 5000,20000] [--trace]

People with a mailbox of 300 messages each read, search, mark and save drafts, one request after
the other in this process; each signs in anew from time to time, and reads other messages each time.
At each number of requests the process tells its memory and how many objects of each type it has;
with ``--trace`` also which lines made what is there since the number before (it then takes three
times as long). Django's test client leaves three finalizers of weak references a request, which no
server has: they are not told, and a kilobyte of memory a request is theirs.
"""

from __future__ import annotations

import argparse
import gc
import tracemalloc
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from demo.servers.dovecot import MailAccount
from tools.bench import bench_layers
from tools.bench.bench_layers import FOLDER, Pages, say

PAGES = ("poll", "list", "text", "html", "conversations", "search", "mark", "draft")
_EVERY = 25
"""Rounds after which somebody signs in anew."""
_TOLD = 12
_OF_CLIENT = (
    *("weakref.ReferenceType", "weakref.finalize", "weakref.finalize._Info"),
    "builtins.method",
)


class Person:
    def __init__(self, account: MailAccount, refs: dict[str, str]) -> None:
        self._account = account
        self._refs = refs
        self.sign_in()

    def sign_in(self) -> None:
        from django.test import Client
        from django.urls import reverse

        client = Client()
        form = {"login": self._account.login, "password": self._account.password}
        if client.post(reverse("account_login"), form).status_code != 302:
            raise SystemExit("no sign-in")
        self.pages = Pages(client, self._refs)

    def ask(self, number: int) -> None:
        validity = self._refs["text"].partition("-")[0]
        self.pages.look_at(f"/mail/{FOLDER}/{validity}-{number % 300 + 1}/")


def _state() -> tuple[int, Counter[str]]:
    gc.collect()
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    kilobytes = next(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty:"))
    kinds = Counter(
        f"{type(thing).__module__}.{type(thing).__qualname__}" for thing in gc.get_objects()
    )
    for kind in _OF_CLIENT:
        kinds.pop(kind, None)
    return kilobytes, kinds


def _tell(number: int, before: Any, now: Any) -> None:
    say(f"{number} requests: {now[0] / 1024:.1f} MB, {sum(now[1].values())} objects")
    if before is None:
        return
    say(f"  memory {100 * (now[0] / before[0] - 1):+.1f} %")
    for kind, more in (now[1] - before[1]).most_common(_TOLD):
        say(f"  {more:+8} {kind}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--requests", default="5000,20000")
    parser.add_argument("--trace", action="store_true")
    options = parser.parse_args()
    marks = [int(word) for word in options.requests.split(",")]
    accounts = [
        MailAccount(f"person{n}", "Craie-Bleue 7!", (f"person{n}@ac-exemple.fr",))
        for n in range(options.people)
    ]
    with ExitStack() as stack:
        refs = bench_layers.start(stack, accounts)
        people = [Person(account, refs[account.login]) for account in accounts]
        if options.trace:
            tracemalloc.start()
        before = snapshot = None
        for number in range(max(marks) + 1):
            if number in marks:
                now = _state()
                _tell(number, before, now)
                before = now
                snapshot = _traced(snapshot) if options.trace else None
            rounds, place = divmod(number, len(people))
            person = people[place]
            if rounds % _EVERY == place % _EVERY:
                person.sign_in()
            if rounds % 2:
                person.ask(rounds)
            else:
                person.pages(PAGES[rounds // 2 % len(PAGES)])


def _traced(before: Any) -> Any:
    now = tracemalloc.take_snapshot()
    for line in now.compare_to(before, "lineno")[:_TOLD] if before else ():
        say(f"  {line}")
    return now


if __name__ == "__main__":
    main()
