"""What hostile bytes cost: each attack on a real installation, and what others feel of it.

python -m tools.bench.bench_cost [--only NAME…] [--list] [--csv FILE] [--answers]

Dovecot, PostgreSQL, Redis, a submission server, uvicorn with two processes and a Celery worker for
each queue are started on loopback. For each attack of `tools/bench/cost/` a row says: the longest
answer with its status and page, the processor time of web server, workers and their children, their
memory above rest, the longest wait of a stranger who asks for the sign-in page ten times a second
and of a bystander who asks for his inbox twice a second, and, where an address book is imported,
how long another person's message takes to leave. Stranger and bystander are processes of their own.
``still`` is the control: the bystander's longest wait just before, while the attackers are idle, so
that a busy machine can be told from a fault. ``--only``: attacks, or families of them (``css``);
``--answers``: a line for each answer, too.

The exit status is 1 when a goal is missed: see `missed`. Linux only, about ten seconds an attack.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import pkgutil
import signal
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, fields
from pathlib import Path

from tests.servers.mailboxes import Mailbox
from tools.bench import cost
from tools.bench.cost.asking import Asker, Question
from tools.bench.cost.attacks import ATTACKS, Attack
from tools.bench.cost.browser import Answer, Browser, Stuck
from tools.bench.cost.scene import INBOX, SIGN_IN, Scene
from tools.bench.cost.servers import ALICE, BOB, CLAIRE, Installation

# Seconds that an attack, and one answer of it, is given before the servers are started again.
LONGEST, PATIENCE = 60, 25
ANONYMOUS_EVERY, BYSTANDER_EVERY = 0.1, 0.5
# Seconds for which the bystander asks while nobody attacks: the control of the row that follows.
STILL = 3.0
LONGEST_BYSTANDER = 1.0
LONGEST_ANSWER, LONGEST_ANONYMOUS, MOST_MEMORY, LATEST_MAIL = 5.0, 1.0, 400.0, 30.0


@dataclass(frozen=True)
class Row:
    """Seconds and megabytes. ``late`` is None where no message was to leave meanwhile."""

    name: str
    answer: float
    status: int
    page: str
    processor: float
    web: float
    helper: float
    anonymous: float
    still: float
    bystander: float
    late: float | None
    words: str
    answers: tuple[Answer, ...] = field(default=(), repr=False)
    is_crowd: bool = False

    @property
    def missed(self) -> list[str]:
        """The goals that it does not reach."""
        goals = {
            # Those of a crowd wait for each other; what counts is that nobody else does.
            "answer": not self.is_crowd and (self.answer > LONGEST_ANSWER or self.status == 0),
            "inbox": self.is_crowd and self.bystander > LONGEST_BYSTANDER,
            # On such a machine, a missed goal says nothing of the product.
            "control": self.still > LONGEST_BYSTANDER / 2,
            "status": self.status >= 500,
            "anonymous": self.anonymous > LONGEST_ANONYMOUS,
            "memory": max(self.web, self.helper) > MOST_MEMORY,
            "mail": (self.late or 0) > LATEST_MAIL,
        }
        return [name for name, is_missed in goals.items() if is_missed]

    def line(self) -> str:
        late = "-" if self.late is None else f"{self.late:.1f}"
        missed = " ".join(self.missed) + (f" ({self.words})" if self.words else "")
        return (
            f"{self.name:34}{self.answer:7.2f}{self.status:5}{self.processor:8.1f}{self.web:7.0f}"
            f"{self.helper:7.0f}{self.anonymous:7.2f}{self.still:7.2f}{self.bystander:7.2f}"
            f"{late:>7}  {self.page:44} {missed}"
        )


HEAD = (
    f"{'attack':34}{'answer':>7}{'':5}{'cpu':>8}{'web':>7}{'other':>7}{'anon.':>7}{'still':>7}"
    f"{'inbox':>7}{'mail':>7}  {'the longest answer was of':44} missed"
)


def say(line: str) -> None:
    sys.stdout.write(f"{line.rstrip()}\n")
    sys.stdout.flush()


class Theatre:
    """Plays attacks one after the other, each from the same beginning."""

    def __init__(self, installation: Installation, stack: ExitStack) -> None:
        self._installation = installation
        self._mailbox = Mailbox(installation.dovecot, ALICE)
        stack.callback(self._mailbox.close)
        self._people = {account.login: self._signed_in(account) for account in (ALICE, BOB, CLAIRE)}
        self._stranger, self._other = Asker(), Asker()
        for asker in (self._stranger, self._other):
            stack.callback(asker.close)

    def play(self, attack: Attack) -> Row:
        self._tidy()
        base = self._installation.base
        person, bystander = self._people[ALICE.login], self._people[BOB.login]
        stranger, accomplice = Browser(base, PATIENCE), self._people[CLAIRE.login]
        scene = Scene(self._installation, self._mailbox, person, bystander, stranger, accomplice)
        still = self._still(bystander)
        self._stranger.begin(Question(base, SIGN_IN, ANONYMOUS_EVERY, LONGEST, anew=True))
        self._other.begin(self._inbox_of(bystander))
        watch = self._installation.watch()
        time.sleep(0.5)
        watch.begin()
        words = self._played(attack, scene)
        waits = self._stranger.end(), still, self._other.end()
        used = watch.end()
        answers = [*person.answers, *scene.stranger.answers] or [Answer("", 0.0, 0)]
        # No answer at all is worse than any.
        worst = max(answers, key=lambda one: (one.status == 0, one.status >= 500, one.seconds))
        slowest = max(answers, key=lambda one: one.seconds)
        page = slowest.what if worst.status in range(1, 500) else worst.what
        row = Row(
            attack.name, slowest.seconds, worst.status, page, used.seconds, used.web, used.helper,
            *waits, scene.late, words, tuple(answers), scene.is_crowd,
        )  # fmt: skip
        if words or self._installation.is_swollen():
            self._installation.renew()
        return row

    def _still(self, bystander: Browser) -> float:
        """The longest wait of the bystander while nobody attacks."""
        self._other.begin(self._inbox_of(bystander))
        time.sleep(STILL)
        return self._other.end()

    def _inbox_of(self, person: Browser) -> Question:
        base, cookies = self._installation.base, person.kept()
        return Question(base, INBOX, BYSTANDER_EVERY, PATIENCE, anew=False, cookies=cookies)

    def _played(self, attack: Attack, scene: Scene) -> str:
        """ "" or why it came to no end."""
        for browser in (scene.person, scene.stranger, scene.bystander, scene.accomplice):
            browser.forget(LONGEST)
        try:
            attack.play(scene)
        except Stuck as error:
            return str(error)
        except Exception as error:  # noqa: BLE001  the others are still to be played
            return f"{type(error).__name__}: {error}"[:100]
        return "" if scene.person.answers or scene.stranger.answers else "nothing was asked"

    def _signed_in(self, account: object) -> Browser:
        browser = Browser(self._installation.base, PATIENCE)
        form = {"login": account.login, "password": account.password}  # type: ignore[attr-defined]
        if browser.fill(SIGN_IN, form).status != 200 or "/login/" in browser.answers[-1].url:
            raise SystemExit(f"no sign-in: {browser.answers[-1]}")
        browser.get(INBOX)
        return browser

    def _tidy(self) -> None:
        """Nothing of the attack before is left."""
        from addressbook.models import Contact, Group
        from addressbook.models.imports import ImportJob
        from webmail.models import Draft, OutboxMessage, Transfer

        self._mailbox.empty()
        for model in (ImportJob, Group, Contact, OutboxMessage, Transfer, Draft):
            model.objects.all().delete()


def families() -> Iterable[str]:
    """Modules that have attacks; they are read here."""
    for module in pkgutil.iter_modules(cost.__path__):
        importlib.import_module(f"tools.bench.cost.{module.name}")
        yield module.name


def chosen(names: Sequence[str]) -> list[Attack]:
    """Those of these names, or families; all without names."""
    list(families())
    wanted = [
        attack
        for attack in ATTACKS.values()
        if not names or attack.name in names or attack.name.partition(".")[0] in names
    ]
    if not wanted:
        raise SystemExit(f"No attack is called {' '.join(names)}: see --list.")
    return wanted


def write(file: Path, rows: Sequence[Row]) -> None:
    with file.open("w", newline="") as output:
        writer = csv.writer(output)
        names = [one.name for one in fields(Row) if one.name != "answers"]
        writer.writerow([*names, "missed"])
        writer.writerows(
            [*(getattr(row, name) for name in names), " ".join(row.missed)] for row in rows
        )


def tell(row: Row, every_answer: bool) -> None:
    say(row.line())
    for answer in row.answers if every_answer else ():
        say(f"    {answer.seconds:7.2f} {answer.status:4} {answer.what}")


def play_all(attacks: Sequence[Attack], told: Callable[[Row], None]) -> list[Row]:
    rows = []
    with ExitStack() as stack:
        installation = Installation(stack)
        installation.start()
        theatre = Theatre(installation, stack)
        for attack in attacks:
            rows.append(theatre.play(attack))
            told(rows[-1])
        if any("status" in row.missed for row in rows):
            say(installation.words())
    return rows


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--answers", action="store_true")
    options = parser.parse_args(arguments)
    attacks = chosen(options.only)
    # The servers are stopped however this ends.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(2))
    if options.list:
        for attack in attacks:
            say(f"{attack.name:34}{attack.about}")
        return 0
    say(HEAD)
    rows = play_all(attacks, lambda row: tell(row, options.answers))
    if options.csv:
        write(options.csv, rows)
    failed = [row for row in rows if row.missed or row.words]
    say(f"{len(rows)} attacks, {len(failed)} miss a goal")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
