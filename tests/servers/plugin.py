"""Servers that Django's settings must know: started before pytest-django reads the settings.

Loaded by `-p tests.servers.plugin` in pyproject.toml, which needs the checkout on Python's path:
`bin/test`, or `python -m pytest`. DATABASE_URL and REDIS_URL of the environment are respected;
`DATABASE_URL=sqlite:///:memory:` spares PostgreSQL's start. With pytest-xdist (`-n 4`) all
processes share one PostgreSQL, in which each has a database; each has a Redis of its own.
"""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from demo.servers.broker import Broker
from demo.servers.dovecot import Dovecot, MailAccount
from demo.servers.dovecot import installed as dovecot_installed
from demo.servers.dovecot import version as dovecot_version
from mail.previews import office
from tests.servers import postgresql
from tests.servers.courier import Courier
from tests.servers.cyrus import ALTERNATIVE, DEFAULT, Cyrus
from tests.servers.exim import Exim
from tests.servers.offers import USUAL, Offers, Submitting
from tests.servers.postfix import Postfix
from tests.servers.unpacked import COURIER, CYRUS, EXIM, POSTFIX, Unpacked
from tests.table import ENGINES, LAYOUT, MATRIX

NEED_ALL = "WEBMAIL_TESTS_NEED_ALL"
SQLITE = "sqlite:///:memory:"

ALICE = MailAccount(
    "alice",
    "Craie-Bleue 7!",
    (
        "alice@ac-exemple.fr",
        "alice.martin@ac-exemple.fr",
        "alice.moreau",
        "alice@invente.example",  # as to a server that does not look at the domain of a login
    ),
)
# Opens everybody's mailbox, where the settings name it.
MASTER = MailAccount("maitre", "Passe-Partout 9:")
BOB = MailAccount("bob", "Tableau:Noir 8?", ("bob@ac-exemple.fr", "bob.petit@ac-exemple.fr"))

# Thousands of tests sign in. As installed, Dovecot starts a process for each sign-in and one for
# each session (9 ms of a processor): here one serves all sign-ins, and a session takes the process
# that another has left (2 ms). Each process holds one of the 128 ways to hear of changes that Linux
# gives an account; beyond them the changes are looked for.
_FOR_MANY_SESSIONS = """
mailbox_idle_check_interval = 2 secs
service imap-login {{
  {count} = {unlimited}
  process_min_avail = 1
  client_limit = 200
}}
service imap {{
  {count} = {unlimited}
}}
service auth {{
  unix_listener {auth} {{
    mode = 0666
  }}
}}
"""

_OLD_EXTENSIONS = "fileinto vacation imap4flags envelope body relational copy date include mailbox"

_running = ExitStack()
_header: list[str] = []
_late: list[Callable[[], None]] = []
"""What the first test that needs a database starts."""


def missing(part: str) -> str:
    """Say that `part` is not installed; a failure where everything must be there (`.ci/run`)."""
    words = f"{part} is not installed"
    if os.environ.get(NEED_ALL) == "1":
        raise pytest.UsageError(f"{words}, and {NEED_ALL}=1 asks for it.")
    return words


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-tables",
        action="store_true",
        help="write the tables of docs/ that tests hold (tests/table.py), with --whole",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    options = early_config.known_args_namespace
    if options.help or options.version:
        os.environ.setdefault("DATABASE_URL", SQLITE)
        return
    is_worker = "PYTEST_XDIST_WORKER" in os.environ
    has_workers = bool(getattr(options, "numprocesses", None)) and not is_worker
    _database(is_late=not has_workers)
    if not has_workers:
        _redis()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What has been collected lives until the end, 640,000 objects of a whole suite: the search for
    garbage leaves them out, and is whole as often as if they were there."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()
        often, now_and_then, _seldom = gc.get_threshold()
        gc.set_threshold(often, now_and_then, 30)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not session.testsfailed:
        for table in (MATRIX, ENGINES, LAYOUT):
            table.write()


def pytest_report_header() -> list[str]:
    return _header


def pytest_unconfigure() -> None:
    _running.close()


def _database(*, is_late: bool) -> None:
    if "DATABASE_URL" in os.environ:
        _header.append(f"database: {os.environ['DATABASE_URL'].split(':')[0]} (DATABASE_URL)")
        return
    if not postgresql.installed():
        _header.append(f"database: SQLite, for {missing('PostgreSQL')}")
        os.environ["DATABASE_URL"] = SQLITE
        return
    server = postgresql.PostgreSQL()
    _running.callback(server.stop)
    if is_late:
        _late.append(server.start)
    else:
        server.start()
    os.environ["DATABASE_URL"] = server.url
    _header.append("database: a private PostgreSQL")


def _redis() -> None:
    """The system's Redis, or the demo's embedded one, which speaks the same protocol."""
    if "REDIS_URL" in os.environ:
        _header.append("redis: REDIS_URL")
        return
    program = shutil.which("redis-server")
    words = "a private Redis" if program else f"the demo's broker, for {missing('Redis')}"
    server = Broker(_folder("redis"), Path(program) if program else None, keep=False)
    _running.callback(server.stop)
    server.start()
    os.environ["REDIS_URL"] = server.url
    _header.append(f"redis: {words}")


def _folder(name: str) -> Path:
    """A short-named temporary folder, open to the accounts that servers started by root use.

    pytest's own `tmp_path` is closed to them, and too long for a socket.
    """
    folder = Path(tempfile.mkdtemp(prefix=f"webmail-{name}-"))
    folder.chmod(0o755)
    _running.callback(shutil.rmtree, folder, ignore_errors=True)
    return folder


@pytest.fixture(scope="session")
def one_in(request: pytest.FixtureRequest) -> Callable[[int], int]:
    """``one_in(4)``: the step of a long series of cases; 1 where ``--whole`` asks for all."""
    is_whole = bool(request.config.getoption("whole"))
    return lambda step: 1 if is_whole else step


@pytest.fixture(scope="session")
def database_server() -> str:
    """Its URL. The first test that asks for the database starts the server."""
    while _late:
        _late.pop()()
    return os.environ["DATABASE_URL"]


@pytest.fixture
def postgresql_url(database_server: str) -> Iterator[str]:
    """Of a PostgreSQL that makes databases: the tests' own, or else one for this test."""
    if database_server.startswith("postgres"):
        yield database_server
        return
    if not postgresql.installed():
        pytest.skip("PostgreSQL is not installed")
    server = postgresql.PostgreSQL()
    server.start()
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
def redis_server() -> str:
    """Its URL. Settings know it already; a test asks for it to talk to it directly."""
    return os.environ["REDIS_URL"]


class BusyDovecot(Dovecot):
    """One whose process of sign-in serves many sessions, and which checks passwords for Postfix."""

    @property
    def auth(self) -> Path:
        return self.folder / "passwords"

    def _configuration(self) -> str:
        count, unlimited = "restart_request_count", "unlimited"
        if dovecot_version() < (2, 4):
            count, unlimited = "service_count", "0"
        more = _FOR_MANY_SESSIONS.format(count=count, unlimited=unlimited, auth=self.auth)
        return super()._configuration() + more


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """A private Dovecot with the mailboxes of alice and bob; skips where there is none."""
    if not dovecot_installed():
        pytest.skip(missing("Dovecot (dovecot-imapd and dovecot-lmtpd)"))
    server = BusyDovecot(_folder("dovecot") / "dovecot", [ALICE, BOB], master=MASTER)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _started(
    package: Unpacked, make: Callable[[Path], Cyrus | Courier | Exim | Postfix]
) -> Generator[Any, None, None]:
    if not package.present():
        pytest.skip(missing(f"{package.name}, in a tree of its own,"))
    server = make(_folder(package.name))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def cyrus() -> Generator[Cyrus, None, None]:
    """A private Cyrus as Debian sets it up: all folders of a user are below INBOX."""
    yield from _started(CYRUS, lambda folder: Cyrus(folder, [ALICE, BOB]))


@pytest.fixture(scope="session")
def cyrus_alternative() -> Generator[Cyrus, None, None]:
    """Another, whose folders stand beside INBOX, and whose Sieve takes UTF-8."""
    yield from _started(CYRUS, lambda folder: Cyrus(folder, [ALICE, BOB], ALTERNATIVE))


@pytest.fixture(scope="session")
def courier() -> Generator[Courier, None, None]:
    """A private Courier."""
    yield from _started(COURIER, lambda folder: Courier(folder, [ALICE, BOB]))


@contextmanager
def _submitting(name: str, auth: Path, offers: Offers) -> Iterator[Submitting]:
    if name == "exim":
        yield from _started(EXIM, lambda folder: Exim(folder, [ALICE], offers))
    elif os.getuid():
        pytest.skip(missing("root, who alone starts Postfix,"))
    else:
        yield from _started(POSTFIX, lambda folder: Postfix(folder, [ALICE], auth, offers))


@pytest.fixture(scope="session", params=["exim", "postfix"])
def submitting(request: pytest.FixtureRequest, dovecot: BusyDovecot) -> Iterator[Submitting]:
    """A private Exim, then a Postfix: each takes mail of Alice, and sends none."""
    with _submitting(request.param, dovecot.auth, USUAL) as server:
        yield server


@pytest.fixture(params=["exim", "postfix"])
def submitting_with(
    request: pytest.FixtureRequest, dovecot: BusyDovecot
) -> Iterator[Callable[[Offers], Submitting]]:
    """`submitting_with(Offers(…))`: one of those for this test alone."""
    with ExitStack() as running:
        yield lambda offers: running.enter_context(_submitting(request.param, dovecot.auth, offers))


@pytest.fixture(scope="session")
def narrow_courier() -> Generator[Courier, None, None]:
    """One that takes three connections from one address."""
    yield from _started(COURIER, lambda folder: Courier(folder, [ALICE, BOB], 3))


@pytest.fixture(scope="session")
def narrow_cyrus() -> Generator[Cyrus, None, None]:
    """One that takes three sign-ins from one address, and knows only old extensions of Sieve."""
    settings = f"{DEFAULT}\nmaxlogins_per_host: 3\nsieve_extensions: {_OLD_EXTENSIONS}"
    yield from _started(CYRUS, lambda folder: Cyrus(folder, [ALICE, BOB], settings))


@pytest.fixture(scope="session")
def sieve_port(dovecot: Dovecot) -> int:
    """Where ManageSieve listens; skips where Pigeonhole is missing."""
    if dovecot.sieve_port is None:
        pytest.skip(missing("Dovecot's Sieve (dovecot-sieve and dovecot-managesieved)"))
    return dovecot.sieve_port


@pytest.fixture(scope="session")
def libreoffice() -> None:
    """Skips where LibreOffice is missing, or may not be shut in."""
    if not office.is_available():
        pytest.skip(missing("LibreOffice, or the right to shut it in,"))


@pytest.fixture(scope="session")
def poppler() -> None:
    """Skips where poppler's programs are missing."""
    if not shutil.which("pdftotext"):
        pytest.skip(missing("pdftotext (poppler-utils)"))


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser's path; skips where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    pytest.skip(missing("Chromium"))
