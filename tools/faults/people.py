"""People who read and write all the time, without JavaScript, and what each of them saw."""

from __future__ import annotations

import html
import http.cookiejar
import imaplib
import re
import ssl
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random

from demo.servers.dovecot import MailAccount
from tests.demo_walk import unescaped
from tests.servers.nginx import NAME

PATIENCE = 90  # seconds that a browser waits
_SENTENCE = re.compile(r"<h1[^>]*>(.*?)</h1>", re.DOTALL)
_TAG = re.compile(r"<[^>]+>")


@dataclass(frozen=True, slots=True)
class Seen:
    """An answer: when it was asked for and how long it took (seconds of `time.monotonic`), its
    status, 0 where there was none, and the heading of a page that is not what was asked for."""

    at: float
    took: float
    did: str
    status: int
    sentence: str = ""

    @property
    def is_well(self) -> bool:
        return 200 <= self.status < 400 and not self.sentence


class Page(Exception):
    """Not the page that was asked for."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(f"{status} {sentence}")
        self.status, self.sentence = status, sentence


class Browser:
    """Keeps its cookies; `page` is what it shows and `path` where it is. ``host`` is the name that
    it asks for, where that is not the one of ``url``."""

    def __init__(self, url: str, host: str = "") -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPSHandler(context=context),
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
        )
        # By the name in Host the webmail knows itself; it redirects there by paths alone.
        self._url = url
        self._host = {"Host": host} if host else {}
        self.page, self.path = "", "/"

    def open(self, path: str, data: bytes | None = None) -> None:
        """Raises Page for another status than 200, and OSError."""
        where = urllib.parse.urljoin(self._url, path)
        headers = {"Referer": f"https://{NAME}/", "Origin": f"https://{NAME}", **self._host}
        request = urllib.request.Request(where, data, headers)  # noqa: S310
        try:
            with self._opener.open(request, timeout=PATIENCE) as answer:
                self.page = answer.read().decode()
                self.path = urllib.parse.urlsplit(answer.url).path
        except urllib.error.HTTPError as error:
            self.page = error.read().decode(errors="replace")
            raise Page(error.code, heading(self.page)) from error

    def submit(self, **fields: str) -> None:
        """Send the form of this page that has all of `fields`, with its hidden ones."""
        for form in re.findall(r"<form\b.*?</form>", self.page, re.DOTALL):
            inputs = [unescaped(tag) for tag in re.findall(r"<(?:input|textarea)\b[^>]*>", form)]
            if set(fields) <= {found.get("name") for found in inputs}:
                hidden = {
                    f["name"]: f.get("value", "") for f in inputs if f.get("type") == "hidden"
                }
                action = unescaped(form[: form.index(">")]).get("action", "") or self.path
                self.open(action, urllib.parse.urlencode({**hidden, **fields}).encode())
                return
        raise Page(200, heading(self.page))


def heading(page: str) -> str:
    """The first heading of a page, as text."""
    found = _SENTENCE.search(page)
    return " ".join(html.unescape(_TAG.sub(" ", found[1])).split()) if found else ""


@dataclass
class Person(threading.Thread):
    """Signs in, and then reads its inbox and writes to another one, until `is_over`."""

    account: MailAccount
    others: Sequence[MailAccount]
    url: str
    think: float = 4.0
    host: str = ""
    seen: list[Seen] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    """The subjects of messages that the webmail said it has taken."""
    unsure: list[str] = field(default_factory=list)
    """Those whose answer was lost or an error."""
    signed_out: int = 0

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self.browser = Browser(self.url, self.host)
        self.is_over = threading.Event()
        self._numbers = count(1)
        self._random = Random(self.account.login)  # noqa: S311  not for secrets

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        while not self.is_over.is_set():
            self._try("sign in", self._sign_in)
            if self.seen[-1].is_well:
                break
            self.is_over.wait(self.think)
        while not self.is_over.is_set():
            for did, act in (("read", self.read), ("write", self.write)):
                self._try(did, act)
                self.is_over.wait(self._random.uniform(0.5, 1.5) * self.think)

    def _try(self, did: str, act: Callable[[], None]) -> None:
        begun = time.monotonic()
        status, sentence = 200, ""
        try:
            act()
        except Page as page:
            status, sentence = page.status, page.sentence or "?"
        except OSError as error:
            status, sentence = 0, type(error).__name__
        self.seen.append(Seen(begun, time.monotonic() - begun, did, status, sentence))

    def _sign_in(self) -> None:
        self.browser.open("/accounts/login/")
        self.browser.submit(login=self.account.login, password=self.account.password)
        if "/login/" in self.browser.path:
            raise Page(200, heading(self.browser.page))

    def read(self) -> None:
        self._open("/mail/INBOX/")
        if 'id="message-list"' not in self.browser.page:
            raise Page(200, heading(self.browser.page))

    def write(self) -> None:
        to = self._random.choice(self.others)
        subject = f"{self.account.login}-{next(self._numbers)}"
        self._open("/compose/")
        try:
            self.browser.submit(to=to.aliases[0], subject=subject, body="À demain.")
        except (Page, OSError):
            self.unsure.append(subject)
            raise
        if self.browser.path == "/compose/":
            self.unsure.append(subject)
            raise Page(200, heading(self.browser.page))
        self.accepted.append(subject)

    def _open(self, path: str) -> None:
        self.browser.open(path)
        if "/login/" in self.browser.path:
            self.signed_out += 1
            self._sign_in()


def arrived(accounts: Sequence[MailAccount], imap_port: int) -> Counter[str]:
    """How often each subject lies in an inbox."""
    found: Counter[str] = Counter()
    for account in accounts:
        with imaplib.IMAP4("127.0.0.1", imap_port, timeout=60) as imap:
            imap.login(account.login, account.password)
            _, counts = imap.select("INBOX", readonly=True)
            if counts == [b"0"]:
                continue
            _, pieces = imap.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
            for piece in pieces:
                if isinstance(piece, tuple):
                    found[piece[1].decode().partition(":")[2].strip()] += 1
    return found
