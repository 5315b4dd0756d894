"""What it takes to tell thousands of idle people of new mail, in one process.

python -m tools.bench.bench_push [--users 2000] [--seconds 60] [--tls]

The project's server (uvicorn, one worker) has a Redis of its own and SQLite; an IMAP server in
another process lets everybody in and then says what Dovecot says to who idles; browsers are sockets
of this process. After everybody listens, nothing arrives for a minute: the web server's memory and
processor time are read from /proc. Then somebody's mail arrives, and the time until his browser
hears of it is taken. ``--tls``: the IMAP server speaks TLS, as a real one does.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import resource
import secrets
import signal
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Iterator
from pathlib import Path

from demo.servers import process
from demo.servers.broker import Broker

DOMAIN = "ac-exemple.fr"
CAPABILITIES = b"IMAP4rev1 ID ENABLE IDLE CONDSTORE QRESYNC NOTIFY LITERAL+ AUTH=PLAIN"
STATUS = b"(MESSAGES %d UIDNEXT %d UIDVALIDITY 7 UNSEEN 3 HIGHESTMODSEQ %d)"
# As Dovecot: so often it says that it is still there (imap_idle_notify_interval).
STILL_HERE = 120
AT_ONCE = 50
ARRIVALS = 50


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  what is measured is for people to read


# The IMAP server


class Mailbox:
    """One connection. Whose mail "arrives" is told by a login of ``arrive-<login>``."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._count = 3
        self._tag = b""
        self._login = ""

    async def serve(self) -> None:
        self._writer.write(b"* OK ready\r\n")
        with contextlib.suppress(ConnectionError):
            while line := await self._reader.readline():
                self._answer(line.rstrip())
        self._writer.close()

    def _answer(self, line: bytes) -> None:
        tag, _, command = line.partition(b" ")
        word = command.partition(b" ")[0].upper()
        told = b""
        if line == b"DONE":
            tag = self._tag
        elif word == b"CAPABILITY":
            told = b"* CAPABILITY " + CAPABILITIES + b"\r\n"
        elif word == b"LOGIN":
            self._login = command.split(b'"')[1].decode()
            if self._login.startswith("arrive-"):
                IDLING[self._login.removeprefix("arrive-")].arrive()
        elif word == b"STATUS":
            told = b"* STATUS INBOX " + STATUS % ((self._count,) * 3) + b"\r\n"
        elif word == b"UID":
            told = (
                b"* %d FETCH (UID %d FLAGS () RFC822.SIZE 99 "
                b"BODY[HEADER.FIELDS (SUBJECT)]<0> {15}\r\nSubject: Coucou)\r\n"
                % ((self._count, self._count - 1))
            )
        elif word == b"IDLE":
            self._tag = tag
            IDLING[self._login] = self
            self._writer.write(b"+ idling\r\n")
            return
        self._writer.write(told + tag + b" OK done\r\n")

    def arrive(self) -> None:
        self._count += 1
        self._writer.write(b"* %d EXISTS\r\n" % self._count)

    def still_here(self) -> None:
        self._writer.write(b"* OK Still here\r\n")


IDLING: dict[str, Mailbox] = {}


async def imap_server(port: int, certificate: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await Mailbox(reader, writer).serve()

    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    await asyncio.start_server(serve, "127.0.0.1", port, ssl=context, backlog=500)
    while True:
        await asyncio.sleep(1)
        everybody = list(IDLING.values())
        for mailbox in everybody[int(time.time()) % STILL_HERE :: STILL_HERE]:
            mailbox.still_here()


# Who is signed in


def sign_everybody_in(count: int, imap_port: int, by_tls: bool) -> Iterator[tuple[int, str]]:
    """Users with a session each, as a sign-in leaves them; their number and cookies."""
    import django

    django.setup()
    from django.conf import settings
    from django.http import HttpRequest

    from accounts import credentials, sessions
    from accounts.models import MailDomain, User, UserSession
    from accounts.session_stores.cached import SessionStore

    domain = MailDomain.objects.create(
        name=DOMAIN,
        is_default=True,
        imap_host="localhost",
        imap_port=imap_port,
        imap_security="tls" if by_tls else "none",
        smtp_host="localhost",
        smtp_port=1,
        smtp_security="none",
    )
    logins = [f"agent{n}@{DOMAIN}" for n in range(count)]
    User.objects.bulk_create(User(login=login, mail_domain=domain) for login in logins)
    for user in User.objects.filter(login__in=logins[:30000]).iterator():
        request = HttpRequest()
        request.session = SessionStore()
        request.session["_auth_user_id"] = str(user.pk)
        request.session["_auth_user_backend"] = "accounts.backends.MailServerBackend"
        request.session["_auth_user_hash"] = user.get_session_auth_hash()
        credentials.seal(request, user.pk, f"Mot-de-passe-{user.pk}")
        request.session.create()
        row = UserSession.objects.create(user=user, session_key=request.session.digest)
        request.session[sessions.ROW] = row.pk
        request.session.save()
        cookies = {
            settings.SESSION_COOKIE_NAME: request.session.session_key,
            credentials.cookie_name(): request.mail_key,  # type: ignore[attr-defined]
        }
        yield user.pk, "; ".join(f"{name}={value}" for name, value in cookies.items())


# The browsers


class Browser:
    """One stream. ``heard`` is set when mail was told since it was cleared."""

    def __init__(self, who: int, cookies: str) -> None:
        self.who = who
        self._cookies = cookies
        self.heard = asyncio.Event()

    async def listen(self, port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"GET /events?who={self.who} HTTP/1.1\r\nHost: localhost\r\nCookie: {self._cookies}"
        writer.write(f"{head}\r\n\r\n".encode())
        first = await reader.readline()
        if b" 200 " not in first:
            raise AssertionError(first)
        self.task = asyncio.create_task(self._read(reader, writer))
        await self.heard.wait()

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            if line.startswith(b"event: mail"):
                self.heard.set()
            if line.startswith(b"event: down"):
                raise AssertionError("the mail server is not reached")
        writer.close()


async def all_listen(browsers: list[Browser], port: int) -> None:
    places = asyncio.Semaphore(AT_ONCE)

    async def listen(browser: Browser) -> None:
        async with places:
            await browser.listen(port)

    await asyncio.gather(*map(listen, browsers))


async def arrive(browser: Browser, imap: tuple[int, ssl.SSLContext | None]) -> float:
    """Seconds until the browser hears of one message."""
    port, context = imap
    browser.heard.clear()
    _reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname="localhost" if context else None
    )
    began = time.perf_counter()
    name = f"agent{browser.who - FIRST[0]}@{DOMAIN}"
    writer.write(f'a LOGIN "arrive-{name}" "x"\r\n'.encode())
    await asyncio.wait_for(browser.heard.wait(), 20)
    seconds = time.perf_counter() - began
    writer.close()
    return seconds


FIRST = [1]


# What the web server takes


def memory(pid: int) -> int:
    """Bytes in memory (VmRSS)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def threads(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


async def measure(
    signed_in: list[tuple[int, str]],
    port: int,
    server: subprocess.Popen[bytes],
    imap: tuple[int, ssl.SSLContext | None],
    seconds: int,
) -> None:
    pid = server.pid
    browsers = [Browser(who, cookies) for who, cookies in signed_in]
    FIRST[0] = browsers[0].who
    empty = memory(pid)
    began, used = time.perf_counter(), processor_seconds(pid)
    await all_listen(browsers, port)
    say(f"| people who listen | {len(browsers)} |")
    say(f"| until all did | {time.perf_counter() - began:.1f} s |")
    say(f"| processor time for that | {processor_seconds(pid) - used:.1f} s |")
    await asyncio.sleep(5)
    used = processor_seconds(pid)
    await asyncio.sleep(seconds)
    used = processor_seconds(pid) - used
    full = memory(pid)
    say(f"| memory before, then | {empty / 1e6:.0f} MB, {full / 1e6:.0f} MB |")
    say(f"| memory for each | {(full - empty) / len(browsers) / 1024:.1f} KiB |")
    say(f"| threads | {threads(pid)} |")
    say(f"| processor time in {seconds} idle seconds | {used:.2f} s: {used / seconds:.2%} |")
    lost = sum(browser.task.done() for browser in browsers)
    say(f"| streams that ended meanwhile | {lost} |")
    chosen: list[Awaitable[float]] = [
        arrive(one, imap) for one in browsers[:: len(browsers) // ARRIVALS]
    ]
    times = sorted([await one for one in chosen])
    middle = statistics.median(times)
    say(f"| a message is told after, median, longest | {middle:.2f} s, {times[-1]:.2f} s |")
    began = time.perf_counter()
    server.send_signal(signal.SIGTERM)
    await asyncio.to_thread(server.wait)
    say(f"| told to stop, the server has stopped after | {time.perf_counter() - began:.1f} s |")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--users", type=int, default=2000)
    arguments.add_argument("--seconds", type=int, default=60)
    arguments.add_argument("--tls", action="store_true")
    arguments.add_argument("--imap", nargs=2, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
    if chosen.imap:
        return asyncio.run(imap_server(int(chosen.imap[0]), chosen.imap[1]))
    with contextlib.ExitStack() as ending, tempfile.TemporaryDirectory() as temporary:
        run(chosen, Path(temporary), ending)


def run(chosen: argparse.Namespace, folder: Path, ending: contextlib.ExitStack) -> None:
    broker = Broker(folder / "redis", keep=False)
    ending.callback(broker.stop)
    broker.start()
    imap_port, port = process.free_port(), process.free_port()
    certificate, context = "", None
    if chosen.tls:
        certificate, context = make_certificate(folder)
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "webmail.settings",
        "DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3",
        "REDIS_URL": broker.url,
        "WEBMAIL_SECRET_KEY": secrets.token_urlsafe(48),
        "WEBMAIL_BASE_URL": f"http://localhost:{port}",
        "WEBMAIL_STATIC_ROOT": str(folder / "static"),
        "WEBMAIL_TLS_CA_FILE": str(folder / "authority.pem") if chosen.tls else "",
    }
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], check=True)
    command = [sys.executable, "-m", "tools.bench.bench_push"]
    imap = process.spawn([*command, "--imap", str(imap_port), certificate], folder / "imap.log")
    ending.callback(process.stop, imap)
    process.wait_for_port(imap_port, imap, folder / "imap.log")
    signed_in = list(sign_everybody_in(chosen.users, imap_port, chosen.tls))
    web = [sys.executable, "-m", "uvicorn", "webmail.asgi:application", "--port", str(port)]
    web += ["--no-proxy-headers", "--no-access-log", "--timeout-graceful-shutdown", "30"]
    server = process.spawn(web, folder / "web.log")
    ending.callback(process.stop, server)
    process.wait_for_port(port, server, folder / "web.log")
    time.sleep(2)
    say("| | |\n|---|---|")
    at = (imap_port, context)
    asyncio.run(measure(signed_in, port, server, at, chosen.seconds))
    if words := (folder / "web.log").read_text().strip():
        say(words[-2000:])


def make_certificate(folder: Path) -> tuple[str, ssl.SSLContext]:
    from tests.servers.web import Authority

    authority = Authority(folder)
    authority.context("localhost")
    return str(folder / "localhost.pem"), ssl.create_default_context(cafile=str(authority.file))


if __name__ == "__main__":
    main()
