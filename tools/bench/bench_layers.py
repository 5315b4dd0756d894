"""What the processor time of a page is made of, by layer, with its function calls, SQL queries,
Redis commands and IMAP commands.

python -m tools.bench.bench_layers [--rounds 40] [--pages list,text] [--against ../another-tree]

One user's mailbox of 300 messages; every page was asked for before, as when its user comes back to
it. Times are medians of the thread that answers, without Django's test client; function calls are
those of Python and of C, counted in a run of their own. With ``--against`` the pages of another
tree of this repository are measured in turns with those of this one, which is the only way to
compare on a machine that others use.
"""

from __future__ import annotations

import argparse
import gzip
import importlib
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import wraps
from pathlib import Path
from typing import Any

from demo.servers.broker import Broker
from demo.servers.dovecot import Dovecot, MailAccount
from tests.servers import large
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import ALICE
from tests.servers.postgresql import PostgreSQL

ROOT = Path(__file__).parents[2]
FOLDER = "grand-300"
HTMX = {"HX-Request": "true", "Accept-Encoding": "gzip"}
PAGES = ("poll", "list", "text", "html", "conversations", "search", "mark", "draft", "download")
# The functions whose time, without that of other layers below them, is a layer's.
LAYERS = {
    "templates": ("django.template.backends.django:Template.render",),
    "presentation": (
        "webmail.presentation.lists:mail_page",
        "webmail.presentation.lists:tagged",
        "webmail.presentation.reader:message_view",
        "webmail.presentation.contents:images_bar",
    ),
    "folder list": (
        "mail.mailbox.folders:list_folders",
        "mail.mailbox.folders:tree",
        "webmail.presentation.folder_list:folder_list",
    ),
    "Redis": ("redis.client:Redis.execute_command", "redis.client:Pipeline.execute"),
    "user and SQL": (
        "django.contrib.auth:get_user",
        "django.db.models.query:QuerySet._fetch_all",
        "django.db.models.query:QuerySet.get",
        "django.db.models.sql.compiler:SQLCompiler.execute_sql",
        "django.db.models.sql.compiler:SQLInsertCompiler.execute_sql",
        "django.db.models.sql.compiler:SQLUpdateCompiler.execute_sql",
    ),
    "session cache": ("accounts.sealed.cache:get", "accounts.sealed.cache:put"),
    "IMAP": (
        "mail.imap.connection:Connection.select",
        "mail.imap.connection:Connection.uid",
        "mail.imap.connection:Connection.command",
        "mail.imap.connection:Connection.append",
        "mail.imap.fetch:rows",
        "mail.imap.fetch:marks",
        "mail.imap.fetch:marks_by_sequence",
        "mail.imap.fetch:opened",
        "mail.imap.response:items",
    ),
    "preferences": ("core.preferences:Preferences.combine",),
    "gzip": ("gzip:compress",),
}
VIEW = "view, addresses, rest"


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Clock:
    """The processor time of this thread by layer: that of the innermost one that is at work."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self._open: list[str] = []
        self._since = 0.0

    def of(self, layer: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def timed(*args: Any, **more: Any) -> Any:
            self._turn()
            self._open.append(layer)
            try:
                return function(*args, **more)
            finally:
                self._turn()
                self._open.pop()

        return timed

    def _turn(self) -> None:
        now = time.thread_time()
        if self._open:
            self.spent[self._open[-1]] += now - self._since
        self._since = now

    def watch(self) -> None:
        """From now on, in this process."""
        from django.conf import settings

        places = [(layer, place) for layer, places in LAYERS.items() for place in places]
        middleware = [path.rpartition(".") for path in settings.MIDDLEWARE]
        places += [("middleware", f"{module}:{name}.__call__") for module, _, name in middleware]
        places += [(VIEW, "django.core.handlers.base:BaseHandler._get_response")]
        for layer, place in places:
            module, _, path = place.partition(":")
            *owners, name = path.split(".")
            owner: Any = importlib.import_module(module)
            for step in owners:
                owner = getattr(owner, step)
            found = vars(owner).get(name)
            if isinstance(found, classmethod):
                setattr(owner, name, classmethod(self.of(layer, found.__func__)))
            else:
                setattr(owner, name, self.of(layer, getattr(owner, name)))


class Pages:
    """Each method asks for one page as a browser does; it returns the processor time of the answer
    in seconds."""

    def __init__(self, client: Any, refs: dict[str, str]) -> None:
        self.client = client
        self._base = f"/mail/{FOLDER}/"
        self._refs = refs
        self._who = client.session["_auth_user_id"]
        self._is_seen = False
        self._draft = {"kind": "new", "to": "bob@ac-exemple.fr", "subject": "Réunion"}
        self._draft |= {"draft": str(uuid.uuid4()), "writer": "w"}
        self._folders = ""
        handler = client.handler
        self._spent = 0.0
        answer = handler.get_response

        def timed(request: Any) -> Any:
            begun = time.thread_time()
            response = answer(request)
            if response.streaming:
                response.streaming_content = list(response.streaming_content)
            self._spent += time.thread_time() - begun
            return response

        handler.get_response = timed
        for name in ("list", "text", "html"):
            getattr(self, name)()

    def __call__(self, name: str) -> float:
        self._spent = 0.0
        getattr(self, name)()
        return self._spent

    def poll(self) -> None:
        self._get(f"/poll/?who={self._who}&folder={FOLDER}")

    def list(self) -> None:
        self._get(self._base, **{"HX-Target": "message-list"})

    def text(self) -> None:
        self._get(f"{self._base}{self._refs['text']}/")

    def html(self) -> None:
        """The reader, and the frame inside it."""
        url = f"{self._base}{self._refs['html']}/"
        self._get(url)
        self._get(f"{url}frame/")

    def conversations(self) -> None:
        self._get(f"{self._base}?threads=1", **{"HX-Target": "message-list"})

    def search(self) -> None:
        self._get(f"/search/?q=objet:cantine&in=here&folder={FOLDER}", **{"HX-Trigger": "search"})

    def mark(self) -> None:
        self._is_seen = not self._is_seen
        form = {"verb": "seen" if self._is_seen else "unseen", "refs": self._refs["text"]}
        self._post(f"{self._base}act/", form, HTMX)

    def draft(self) -> None:
        """As Ctrl+S: kept, and its copy in the folder made anew."""
        form = self._draft | {"body": f"Bonjour {uuid.uuid4()}", "key": str(uuid.uuid4())}
        url = f"/drafts/{self._draft['draft']}/save/"
        answer = self._post(url, form | {"do": "save"}, {"X-Requested-With": "fetch"})
        self._draft["revision"] = str(answer.json()["revision"])

    def download(self) -> None:
        """20 MB."""
        self._get(f"{self._base}{self._refs['file']}/part/2/")

    def look_at(self, url: str) -> None:
        """A message of the folder, by its address."""
        self._get(url)

    def _get(self, url: str, **more: str) -> None:
        headers = {**HTMX, **more, "X-Folders": self._folders}
        answer = self.client.get(url, headers=headers)
        if answer.status_code != 200:
            raise SystemExit(f"{url}: {answer.status_code}")
        if not answer.streaming:
            self._note_folders(answer)

    def _post(self, url: str, form: dict[str, str], headers: dict[str, str]) -> Any:
        answer = self.client.post(url, form, headers={**headers, "X-Folders": self._folders})
        if answer.status_code != 200:
            raise SystemExit(f"{url}: {answer.status_code} {answer.content[:500]!r}")
        self._note_folders(answer)
        return answer

    def _note_folders(self, answer: Any) -> None:
        """As the script of the page does, which then gets the list of folders only when it is
        another."""
        content = answer.content
        if answer.get("Content-Encoding") == "gzip":
            content = gzip.decompress(content)
        if version := re.search(rb'id="folder-list" data-version="(\w+)"', content):
            self._folders = version[1].decode()


# --- the process that answers ---


def serve() -> None:
    """Answer one line of standard input after the other: a page's name."""
    import django

    django.setup()
    pages = _pages()
    for line in sys.stdin:
        name, _, what = line.strip().partition(" ")
        say(json.dumps(counted(pages, name) if what else pages(name)))


def _pages() -> Pages:
    """Those of a session that begins now."""
    from django.test import Client
    from django.urls import reverse

    client = Client()
    form = {"login": ALICE.login, "password": ALICE.password}
    if client.post(reverse("account_login"), form).status_code != 302:
        raise SystemExit("no sign-in")
    return Pages(client, json.loads(os.environ["BENCH_REFS"]))


def counted(pages: Pages, name: str) -> dict[str, Any]:
    """What the page asks of others, and its function calls."""
    import cProfile

    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from tests.webmail.views.mail import commands_sent

    pages(name)
    imap, redis = commands_sent(), _redis_commands()
    with CaptureQueriesContext(connection) as queries:
        pages(name)
    counts = {
        "SQL": len(queries),
        "Redis": _redis_commands() - redis - 1,
        "IMAP": commands_sent() - imap,
    }
    profile = cProfile.Profile()
    profile.enable()
    pages(name)
    profile.disable()
    calls = sum(entry.callcount for entry in profile.getstats())
    return {"calls": calls, **counts}


def _redis_commands() -> int:
    """All that the server has done, this question included."""
    from django.core.cache import cache

    client = cache._cache.get_client()  # type: ignore[attr-defined]
    return int(client.info("stats")["total_commands_processed"])


class Server:
    """A process that answers with the code of a tree."""

    def __init__(self, tree: Path) -> None:
        self._child = subprocess.Popen(  # noqa: S603  our own words
            [sys.executable, str(Path(__file__)), "--serve"],
            cwd=tree,
            env={**os.environ, "PYTHONPATH": str(tree)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, line: str) -> Any:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(f"{line}\n")
        self._child.stdin.flush()
        return json.loads(self._child.stdout.readline())

    def stop(self) -> None:
        self._child.communicate(timeout=30)


# --- the mailbox ---


def start(
    stack: ExitStack, accounts: Sequence[MailAccount] = (ALICE,)
) -> dict[str, dict[str, str]]:
    """Start the servers and fill the mailboxes; the environment says where they are. Return what
    `filled` does, by login."""
    folder = Path(tempfile.mkdtemp(prefix="webmail-bench-"))
    folder.chmod(0o755)
    dovecot, database = Dovecot(folder / "dovecot", accounts), PostgreSQL()
    broker = Broker(folder / "redis", keep=False)
    for server in (dovecot, broker, database):
        server.start()
        stack.callback(server.stop)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "webmail.settings",
        "WEBMAIL_SECRET_KEY": "none",
        "WEBMAIL_ALLOWED_HOSTS": "testserver",
        "WEBMAIL_SPOOL": str(folder / "spool"),
        "DATABASE_URL": database.url,
        "REDIS_URL": broker.url,
    }
    _database(dovecot.imap_port)
    refs = {}
    for account in accounts:
        mailbox = Mailbox(dovecot, account)
        refs[account.login] = filled(mailbox, messages() | (_large() if account == ALICE else {}))
        mailbox.close()
    os.environ["BENCH_REFS"] = json.dumps(refs.get(ALICE.login))
    return refs


def filled(mailbox: Mailbox, named: dict[str, bytes]) -> dict[str, str]:
    """Make the folder of 300 messages, these among them, and others beside it; returns how these
    are called there."""
    for name in (FOLDER, *(f"Classe {number}" for number in range(1, 16))):
        mailbox.create_folder(name)
    large.fill(mailbox, FOLDER, 300 - len(named))
    validity = mailbox.uidvalidity(FOLDER)
    return {name: f"{validity}-{mailbox.append(raw, FOLDER)}" for name, raw in named.items()}


def messages() -> dict[str, bytes]:
    from tests.mail.mime.newsletters import newsletter
    from tests.webmail.views.mail import letter

    lines = "".join(f"Ligne {n} de la circulaire, à lire avant lundi.\r\n" for n in range(40))
    return {
        "html": letter("Lettre", lines, html=newsletter(30_000)),
        "text": letter("Circulaire", lines),
    }


def _large() -> dict[str, bytes]:
    from tests.webmail.views.mail import letter

    content = random.Random(1).randbytes(20 << 20)  # noqa: S311
    return {"file": letter("Film", files=(("film.bin", "application/octet-stream", content),))}


def _database(imap_port: int) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from accounts.models import MailDomain

    call_command("migrate", verbosity=0)
    MailDomain.objects.create(
        name="ac-exemple.fr",
        is_default=True,
        login_form="local",
        imap_host="127.0.0.1",
        imap_port=imap_port,
        imap_security="none",
        smtp_host="127.0.0.1",
        smtp_port=1,
        smtp_security="none",
    )


# --- the tables ---


def table(names: list[str], rounds: int) -> None:
    """A table in Markdown, of this process."""
    pages = _pages()
    counts = {name: counted(pages, name) for name in names}
    plain = {name: statistics.median(pages(name) for _ in range(rounds)) for name in names}
    clock = Clock()
    clock.watch()
    pages = _pages()
    by_layer: dict[str, dict[str, float]] = {}
    for name in names:
        for _ in range(3):
            pages(name)
        clock.spent.clear()
        for _ in range(rounds):
            pages(name)
        whole = sum(clock.spent.values())
        # The clock takes some of the time; what it tells is shared out over that without it.
        by_layer[name] = {layer: s / whole * plain[name] for layer, s in clock.spent.items()}
    say(f"| | {' | '.join(names)} |")
    say(f"|---|{'---|' * len(names)}")
    _row("function calls", [f"{counts[name]['calls']:,}" for name in names])
    for what in ("SQL", "Redis", "IMAP"):
        words = "SQL queries" if what == "SQL" else f"{what} commands"
        _row(words, [str(counts[name][what]) for name in names])
    _row("**processor, ms**", [f"**{plain[name] * 1000:.1f}**" for name in names])
    for layer in (*LAYERS, "middleware", VIEW):
        shares = [by_layer[name].get(layer, 0) * 1000 for name in names]
        _row(layer, [f"{share:.1f}" if share >= 0.05 else "–" for share in shares])


def _row(head: str, cells: list[str]) -> None:
    say(f"| {head} | {' | '.join(cells)} |")


def compare(servers: dict[str, Server], names: list[str], rounds: int) -> None:
    """Both trees in turns: medians, and the ratio of this one to the other."""
    say(f"{'':15}{'there ms':>10}{'here ms':>10}{'ratio':>8}   calls, SQL, Redis, IMAP")
    for name in names:
        costs = {tree: server(f"{name} counted") for tree, server in servers.items()}
        taken: dict[str, list[float]] = {tree: [] for tree in servers}
        for number in range(rounds):
            for tree in sorted(servers, reverse=bool(number % 2)):
                taken[tree].append(servers[tree](name))
        there, here = (statistics.median(taken[tree]) * 1000 for tree in ("there", "here"))
        counts = " -> ".join(str(list(costs[tree].values())) for tree in ("there", "here"))
        say(f"{name:15}{there:10.2f}{here:10.2f}{here / there:8.2f}   {counts}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--pages", default=",".join(PAGES))
    parser.add_argument("--against", type=Path)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve()
        return
    names = options.pages.split(",")
    with ExitStack() as stack:
        start(stack)
        if not options.against:
            table(names, options.rounds)
            return
        trees = {"there": options.against.resolve(), "here": ROOT}
        servers = {name: Server(tree) for name, tree in trees.items()}
        for server in servers.values():
            stack.callback(server.stop)
        compare(servers, names, options.rounds)


if __name__ == "__main__":
    main()
