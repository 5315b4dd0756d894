"""Where an attack is played: a person with a mailbox, another person, and a stranger."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from tests.servers.mailboxes import Mailbox
from tools.bench.cost.browser import Browser, Stuck, links_in
from tools.bench.cost.servers import BOB, Installation

INBOX = "/mail/INBOX/"
SIGN_IN = "/accounts/login/"
MOST_PAGES = 45  # that are opened of one message
MOST_FOUND = 16  # of those, by links
AHEAD = {"HX_Request": "true", "X_Ahead": "1"}
_ALL = ("", "frame/", "print/", "headers/", "source/", "reply/", "forward/", "zip/")
_AT_ONCE = 8  # requests of each of the two people of a crowd
_LONGEST_CROWD = 20
_MAIL_LATE = 40  # seconds that a message to leave is waited for


@dataclass
class Scene:
    """``accomplice`` acts with the person in a crowd. ``late`` is how many seconds another person's
    message took to leave, where one was sent."""

    installation: Installation
    mailbox: Mailbox
    person: Browser
    bystander: Browser
    stranger: Browser
    accomplice: Browser
    is_crowd: bool = False
    late: float | None = None

    def read(self, letters: Sequence[bytes]) -> None:
        """Put messages into the inbox and open all that there is of the newest."""
        uids = [self.mailbox.append(one) for one in letters]
        ref = f"{self.mailbox.uidvalidity()}-{uids[-1]}"
        person, base = self.person, f"{INBOX}{ref}/"
        person.get(INBOX)
        person.get(f"{INBOX}snippets/?refs={ref}")
        person.get(base, **AHEAD)
        asked = {base + end for end in _ALL}
        found: list[str] = []
        for end in _ALL:
            found += links_in(person.get(base + end).text, base)
        for path in (f"{INBOX}?threads=1", f"{INBOX}?sort=subject", "/search/?q=attaque"):
            person.get(path)
        person.get(f"/rules/new/?from=INBOX/{ref}")
        self._follow(found, asked, base)

    def _follow(self, found: Sequence[str], asked: set[str], base: str) -> None:
        """Attachments, images, and what their pages lead to."""
        waiting = list(found)
        while waiting and len(asked) < MOST_PAGES:
            path = waiting.pop(0)
            if path in asked:
                continue
            asked.add(path)
            if path.endswith("/office/"):
                self._wait(path)
            else:
                waiting[:0] = links_in(self.person.get(path).text, base)[:MOST_FOUND]

    def _wait(self, path: str) -> None:
        """Ask as a page does that waits for a job, until it says that there is news."""
        while self.person.get(path, HX_Request="true").status in {200, 204}:
            time.sleep(0.5)

    def bring(self, name: str, book: bytes) -> None:
        """Import an address book, while another person sends a message."""
        files = {"books": (name, book, "application/octet-stream")}
        self.person.get("/contacts/import/other/")
        page = self.person.post("/contacts/import/other/", {}, files=files)
        with self.mail_leaving():
            if found := re.match(r"/contacts/import/(\d+)/", page.url):
                self._look_at(f"/contacts/import/{found[1]}/")

    def _look_at(self, job: str) -> None:
        self._wait(job)
        page = self.person.get(job)
        if page.url.endswith("/columns/"):
            self.person.fill(page.url, {})
            self._wait(job)
        self.person.get(job)
        self.person.post(f"{job}start/")
        self._wait(job)
        self.person.get(job)
        self.person.get("/contacts/")

    def mail_leaving(self) -> Leaving:
        """The bystander sends himself a message; how late it comes is measured to the end."""
        return Leaving(self)

    def crowd(self, begin: Callable[[Browser], Callable[[Browser], object]]) -> None:
        """Two people each prepare something, and then do it eight times at once."""
        acts = [(person, begin(person)) for person in (self.person, self.accomplice)]
        others = [(person.joined_by(), act) for person, act in acts for _time in range(_AT_ONCE)]
        self.is_crowd = True
        threads = [threading.Thread(target=self._act, args=pair, daemon=True) for pair in others]
        for thread in threads:
            thread.start()
        end = time.monotonic() + _LONGEST_CROWD
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        for other, _act in others:
            self.person.answers += other.answers

    @staticmethod
    def _act(other: Browser, act: Callable[[Browser], object]) -> None:
        with suppress(Stuck):
            act(other)

    def together(self, count: int, act: Callable[[], None]) -> None:
        """So many at once, each in a thread; returns when all are over."""
        self.person.get(INBOX)  # from now on the time counts
        threads = [threading.Thread(target=act, daemon=True) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, self.person.deadline - time.monotonic()))


class Leaving:
    """Measures how long a message of the bystander's takes while the block runs and after it."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._writer = scene.bystander.joined_by()
        self._thread = threading.Thread(target=self._send, daemon=True)

    def __enter__(self) -> None:
        self._scene.late = float("inf")
        time.sleep(0.5)  # the job has been taken
        self._thread.start()

    def __exit__(self, *_error: object) -> None:
        self._thread.join(_MAIL_LATE)

    def _send(self) -> None:
        mailbox = Mailbox(self._scene.installation.dovecot, BOB)
        before, began = len(mailbox.uids()), time.monotonic()
        values = {"to": BOB.aliases[0], "subject": "Bonjour", "body": "Bonjour", "do": "send"}
        try:
            self._writer.fill("/compose/", values)
            while len(mailbox.uids()) == before and time.monotonic() - began < _MAIL_LATE:
                time.sleep(0.2)
            if len(mailbox.uids()) > before:
                self._scene.late = time.monotonic() - began
        except Stuck:
            pass
        finally:
            mailbox.close()
