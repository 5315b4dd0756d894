"""Start everything the demo needs, print where it is, and stop it all again.

This runs in `.venv`, started by `bin/demo`. Every server is a child process that the kernel ends
when this process dies in any way.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import imaplib
import json
import os
import secrets
import shutil
import signal
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import FrameType
from urllib.parse import quote

from accounts.oidc import keys
from core.queues import OFFICE, WORKERS
from demo import (
    academy,
    address_books,
    domains,
    mail_files,
    options,
    rules,
    sharing,
    staff,
)
from demo.environment import PYTHON, ROOT
from demo.mail.files import DATA
from demo.servers import dovecot, process
from demo.servers.broker import Broker
from demo.servers.dovecot import Dovecot, MailAccount, TokenCheck
from demo.servers.issuer import Holder, IssuerServer
from demo.servers.pymap import Pymap
from demo.servers.submission import SubmissionServer, open_imap, sign_in
from demo.set_up import OWN_ADMINISTRATOR
from demo.words import Refused, say
from mail.previews import office

FOLDER = ROOT / "var" / "demo"
OIDC_KEY = FOLDER / "oidc.pem"
METRICS_TOKEN = FOLDER / "metrics-token"
ADMINISTRATOR = "admin"

# Seconds: a part of the project that ends sooner is not started again.
_TOO_YOUNG = 10.0
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_WITHOUT_RULES = (
    "Dovecot's Sieve is not installed (dovecot-sieve, dovecot-managesieved): there are no rules and"
    " no answers of absence."
)
_WITHOUT_DOVECOT = (
    "Dovecot is not installed: a simpler IMAP server in pure Python takes its place. It cannot"
    " sort, group by conversation, filter or keep labels."
)


class Stopped(Exception):
    """The demo is to end, by Ctrl-C, SIGTERM, or a closed terminal."""


@dataclass(frozen=True)
class Mail:
    """The mail servers in use. `embedded` is None when the environment names an IMAP server."""

    imap_url: str
    smtp_url: str
    embedded: Dovecot | Pymap | None
    # Users may sign in there instead of with their mail password; Dovecot asks it about tokens.
    issuer: IssuerServer | None = None


class Running:
    """The servers and processes that were started, to be watched, and to be stopped in reverse
    order."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._servers: list[process.Server] = []

    def start(self, server: process.Server) -> None:
        """Start a server, which is stopped at the end. Raises ServerFailed."""
        self._stack.callback(server.stop)
        server.start()
        self._servers.append(server)

    def watch(self) -> None:
        """Watch the servers until a signal raises Stopped."""
        while True:
            self.look()
            time.sleep(0.5)

    def look(self) -> None:
        """Restart parts of the project that have ended. Raises Refused when a part ended right
        after its start, or when another server ended."""
        for server in self._servers:
            if not server.has_ended():
                continue
            end = process.last_lines(server.log)
            if not isinstance(server, Program) or server.age() < _TOO_YOUNG:
                raise Refused(f"{end}\n\nThe {server.name} ended unexpectedly.")
            say(f"The {server.name} ended unexpectedly: starting again")
            server.start()


class Program(process.Server):
    """A part of the project itself, run in `.venv`. `command` are the arguments of Python."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        env: Mapping[str, str],
        is_ready: Callable[[], bool] = lambda: True,
    ) -> None:
        self.name = name
        self.log = FOLDER / f"{name.replace(' ', '-')}.log"
        self._command = [str(PYTHON), *command]
        self._env = env
        self._is_ready = is_ready

    def start(self) -> None:
        self.child = process.spawn(self._command, self.log, env=self._env, cwd=ROOT)
        self._began = time.monotonic()
        process.wait_until(self._is_ready, self.child, self.log, seconds=60)

    def age(self) -> float:
        """Return the seconds since its last start."""
        return time.monotonic() - self._began


def main(arguments: Sequence[str]) -> int:
    """Return 0 after an orderly end, 1 after printing why there is no demo."""
    chosen = options.read(arguments)
    for number in _STOPPING:
        signal.signal(number, _stop)
    try:
        with ExitStack() as stack:
            run(chosen, stack)
    except Stopped:
        return 0
    except (Refused, process.ServerFailed) as problem:
        say(str(problem))
        return 1
    return 0


def run(chosen: options.Options, stack: ExitStack) -> None:
    """Start everything, announce it, and watch it until the demo is to end."""
    mail_folder = mail_store(FOLDER)
    if chosen.reset:
        _forget(mail_folder)
    elif _is_of_other_tables():
        say("What was done in this demo was kept by other tables: it starts over.")
        _forget(mail_folder)
    FOLDER.mkdir(parents=True, exist_ok=True)
    _TABLES.write_text(_tables())
    password = _stored_secret(FOLDER / "administrator", 12)
    running = Running(stack)
    broker_url = _start_broker(running)
    mail = _start_mail(running, mail_folder, chosen.port)
    secret = _stored_secret(FOLDER / "secret", 40)
    _keep_oidc_key()
    _stored_secret(METRICS_TOKEN, 24)
    address_books.write(FOLDER / address_books.FOLDER)
    shutil.copytree(DATA / "bulletins", FOLDER / "bulletins", dirs_exist_ok=True)
    mail_files.write(FOLDER / mail_files.FOLDER)
    env = environment(os.environ, mail, broker_url, chosen.port, secret, _numen_key())
    with _set_up(env, password, people=mail.embedded is not None) as set_up:
        if mail.embedded is not None:
            _fill(mail.imap_url, _unchanged(mail))
            if mail.embedded.sieve_port is not None:
                rules.fill(mail.embedded.sieve_port, _unchanged(mail))
            else:
                say(_WITHOUT_RULES)
            if isinstance(mail.embedded, Dovecot) and mail.embedded.sharing:
                sharing.fill(mail.embedded)
                domains.fill(mail.embedded.imap_port)
        has_our_password = set_up()
    _start_django(running, env, chosen.port)
    people = academy.PEOPLE if mail.embedded is not None else _admitted(mail.imap_url)
    ready = announcement(chosen.port, mail, people, password if has_our_password else None)
    announce(chosen, ready)
    running.watch()


def _stop(number: int, frame: FrameType | None) -> None:
    # Stopping the servers must not be interrupted by a second Ctrl-C.
    for other in _STOPPING:
        signal.signal(other, signal.SIG_IGN)
    raise Stopped


def mail_store(folder: Path) -> Path:
    """Return the folder of Dovecot's mail: below `folder`, unless the owner of the mail cannot get
    there.

    Dovecot started by root stores the mail under an account without rights, which cannot enter a
    checkout in root's home.
    """
    if os.getuid() != 0 or dovecot.reachable(folder.parent):
        return folder / "dovecot"
    place = hashlib.sha256(bytes(folder)).hexdigest()[:8]
    return Path("/var/lib") / f"webmail-demo-{place}"


_TABLES = FOLDER / "tables"


def _tables() -> str:
    """Return a digest of the first migrations, which are edited as long as no version is released:
    a database that they made before has other columns, and no migration changes it."""
    migrations = sorted(ROOT.glob("*/migrations/0001_initial.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in migrations)).hexdigest()


def _is_of_other_tables() -> bool:
    """Return whether the demo's database was made by other first migrations. A database named by
    the environment is left alone."""
    if "DATABASE_URL" in os.environ or not FOLDER.exists():
        return False
    return not _TABLES.exists() or _TABLES.read_text() != _tables()


def _forget(mail_folder: Path) -> None:
    for folder in (FOLDER, mail_folder):
        shutil.rmtree(folder, ignore_errors=True)


def _stored_secret(file: Path, size: int) -> str:
    """Return the secret in `file`, which is made of `size` random bytes first. Only its owner may
    read it."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(size))
    return file.read_text().strip()


def _numen_key() -> str:
    """Return the key for NUMENs. It is made once, because records could not be found with another
    key."""
    secret = _stored_secret(FOLDER / "numen-key", 32)
    return f"demo:{hashlib.sha256(secret.encode()).hexdigest()}"


def _keep_oidc_key() -> None:
    """Make the key that signs for other services, once, since they cache it."""
    if not OIDC_KEY.exists():
        OIDC_KEY.touch(mode=0o600)
        OIDC_KEY.write_text(keys.create())


def _start_broker(running: Running) -> str:
    if "REDIS_URL" in os.environ:
        return os.environ["REDIS_URL"]
    broker = Broker(FOLDER / "broker")
    running.start(broker)
    return broker.url


def _start_mail(running: Running, mail_folder: Path, port: int) -> Mail:
    accounts = mail_accounts()
    embedded = issuer = None
    relay_port = None
    imap_url = os.environ.get("WEBMAIL_IMAP_URL", "")
    if not imap_url:
        if "WEBMAIL_SMTP_URL" not in os.environ:
            relay_port = process.free_port()
        if dovecot.installed():
            issuer = _issuer(port)
            running.start(issuer)
        embedded = _embedded_imap(mail_folder, accounts, relay_port, issuer)
        running.start(embedded)
        imap_url = f"imap://{process.LOOPBACK}:{embedded.imap_port}"
    smtp_url = os.environ.get("WEBMAIL_SMTP_URL", "")
    if not smtp_url:
        submission = SubmissionServer(
            FOLDER,
            accounts,
            domain=os.environ.get("WEBMAIL_DOMAIN", academy.DOMAIN),
            lmtp_port=embedded.lmtp_port if embedded else None,
            imap_url=imap_url,
            ask_imap=embedded is None,
            relay_port=relay_port,
            takes_tokens=issuer is not None,
            elsewhere=staff.addresses(),
        )
        running.start(submission)
        smtp_url = submission.url
    return Mail(imap_url, smtp_url, embedded, issuer)


def _issuer(port: int) -> IssuerServer:
    people = [
        Holder(person.login, person.password, person.name, person.address)
        for person in academy.PEOPLE
    ]
    return IssuerServer(FOLDER, people, f"http://localhost:{port}")


def _embedded_imap(
    mail_folder: Path,
    accounts: Sequence[MailAccount],
    relay_port: int | None,
    issuer: IssuerServer | None,
) -> Dovecot | Pymap:
    if issuer is not None:
        say("Starting a private Dovecot")
        tokens = TokenCheck(f"{issuer.url}/userinfo")
        master = MailAccount("maitre", _stored_secret(FOLDER / "imap-master", 24))
        return Dovecot(
            mail_folder,
            accounts,
            relay_port=relay_port,
            tokens=tokens,
            master=master,
            sharing=True,
        )
    say(_WITHOUT_DOVECOT)
    return Pymap(FOLDER / "pymap", accounts)


def mail_accounts() -> list[MailAccount]:
    """Return the accounts of the academy's people, and those of notices, the office, the second
    domain and the probe."""
    people = [
        MailAccount(person.login, person.password, tuple(person.aliases))
        for person in academy.PEOPLE
    ]
    return [*people, academy.NOTICES, sharing.OFFICE, domains.TEACHER, domains.PROBE]


def environment(
    environ: Mapping[str, str],
    mail: Mail,
    broker_url: str,
    port: int,
    secret: str,
    numen_key: str,
) -> dict[str, str]:
    """Return the environment of Django: `environ`, and the demo's values for variables that are not
    set."""
    env = {
        "DATABASE_URL": f"sqlite:///{FOLDER}/webmail.sqlite3",
        "WEBMAIL_STATIC_ROOT": str(FOLDER / "static"),
        "WEBMAIL_BASE_URL": f"http://localhost:{port}",
        "WEBMAIL_DEBUG": "0",
        "WEBMAIL_LOGIN_FORM": "local" if mail.embedded else "typed",
        "WEBMAIL_DOMAIN": academy.DOMAIN,
        "WEBMAIL_NUMEN_KEYS": numen_key,
        # All mail of the demo is older than its users' first sign-in.
        "WEBMAIL_ADVERTS_FIRST": "200",
        "WEBMAIL_ADVERTS_TRIAL_DAYS": "0",
    }
    if "WEBMAIL_OIDC_PRIVATE_KEY" not in environ:
        env["WEBMAIL_OIDC_PRIVATE_KEY_FILE"] = str(OIDC_KEY)
    if not {"WEBMAIL_METRICS_TOKEN", "WEBMAIL_METRICS_TOKEN_FILE"} & environ.keys():
        env["WEBMAIL_METRICS_TOKEN_FILE"] = str(METRICS_TOKEN)
    if "WEBMAIL_SECRET_KEY_FILE" not in environ:
        env["WEBMAIL_SECRET_KEY"] = secret
    env |= _of_embedded(mail, environ)
    if mail.issuer is not None:
        env |= {
            "WEBMAIL_PROVIDER_NETWORKS": f"{process.LOOPBACK}/32",
            "DEMO_ISSUER": mail.issuer.url,
            "DEMO_ISSUER_SECRET": mail.issuer.secret,
        }
    return {
        **env,
        **environ,
        "DJANGO_SETTINGS_MODULE": "webmail.settings",
        "PYTHONPATH": str(ROOT),
        "REDIS_URL": broker_url,
        "WEBMAIL_DEMO": "1",
        "WEBMAIL_SUPPORT_EMAIL": "assistance@ac-exemple.fr",
        "WEBMAIL_SUPPORT_PHONE": "03 53 01 00 00",  # a number that nobody has
        "WEBMAIL_IMAP_URL": mail.imap_url,
        "WEBMAIL_SMTP_URL": mail.smtp_url,
    }


def _of_embedded(mail: Mail, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables about the demo's own mail server; none if another server is used."""
    embedded = mail.embedded
    if embedded is None:
        return {}
    env = {"WEBMAIL_AUTHSERV_ID": f"mx.{academy.DOMAIN}"}  # as in the demo's messages
    if isinstance(embedded, Dovecot):
        env |= {
            "WEBMAIL_PASSWORD_DRIVER": "dovecot",
            "WEBMAIL_PASSWORD_DOVECOT_PATH": str(embedded.users),
            "WEBMAIL_PROBE_LOGIN": domains.PROBE.aliases[0],
            "WEBMAIL_PROBE_PASSWORD": domains.PROBE.password,
        }
        if master := embedded.master:
            env["WEBMAIL_MASTER_USER"] = master.login
            env["WEBMAIL_MASTER_PASSWORD"] = master.password
    if "WEBMAIL_SMTP_URL" not in environ:
        sender = academy.NOTICES
        host = mail.smtp_url.removeprefix("smtp://")
        env["WEBMAIL_NOTICES_URL"] = f"smtp://{sender.login}:{quote(sender.password)}@{host}"
        env["WEBMAIL_NOTICES_FROM"] = f"Messagerie <{sender.aliases[0]}>"
        env["WEBMAIL_REPORT_ADDRESS"] = sender.aliases[0]
    if embedded.sieve_port is not None:
        env["WEBMAIL_SIEVE_URL"] = f"sieve://{process.LOOPBACK}:{embedded.sieve_port}"
    return env


@contextmanager
def _set_up(env: Mapping[str, str], password: str, people: bool) -> Iterator[Callable[[], bool]]:
    """Prepare database, static files, mail domain and administrator while the block runs.
    ``people`` says whether to create the academy's users too, with their addresses and names.

    The function yielded waits for the end of this. It returns True when the administrator has
    `password`, and False when the database already had an administrator of that name with another
    password.
    """
    say("Preparing the database")
    log = FOLDER / "set-up.log"
    log.unlink(missing_ok=True)
    command = [str(PYTHON), "-m", "demo.set_up", ADMINISTRATOR, *(["--people"] * people)]
    child = process.spawn(command, log, env=env, cwd=ROOT, stdin=password.encode())

    def finished() -> bool:
        status = child.wait()
        if status not in (0, OWN_ADMINISTRATOR):
            raise Refused(f"{process.last_lines(log)}\n\nThe database could not be prepared.")
        return status == 0

    try:
        yield finished
    finally:
        process.stop(child)


def _unchanged(mail: Mail) -> list[academy.Person]:
    """Return the people whose password is still the one of the demo."""
    server = mail.embedded
    changed = server.changed_logins() if isinstance(server, Dovecot) else frozenset()
    return [person for person in academy.PEOPLE if person.login not in changed]


def _fill(imap_url: str, people: Sequence[academy.Person]) -> None:
    """Put the academy's mail into the mailboxes that were never filled. A person with a changed
    password has a filled mailbox."""
    count = academy.fill(imap_url, people=people)
    if count:
        say(f"Filled the mailboxes: {count} messages")


def _start_django(running: Running, env: Mapping[str, str], port: int) -> None:
    say("Starting the web server and the job workers")
    web = ["-m", "uvicorn", "webmail.asgi:application", "--host", process.LOOPBACK]
    # There is no proxy in front, so no header may claim another client address.
    web += ["--port", str(port), "--no-proxy-headers", "--no-access-log"]
    web += ["--timeout-graceful-shutdown", "3", "--log-level", "warning"]
    running.start(Program("web server", web, env, lambda: _healthy(port)))
    # The workers start after the web server, whose start is awaited: they would take half of the
    # processor.
    running.start(Program("job workers", workers(office.is_available()), env))


def workers(has_office: bool) -> tuple[str, ...]:
    """Return the arguments of Python for the workers: one process for each queue, which share the
    memory of the project. The queue of office files is left out without LibreOffice."""
    names = (name for name, worker in WORKERS.items() if has_office or worker != OFFICE)
    return (str(ROOT / "manage.py"), "run_workers", *names, "--loglevel", "WARNING")


def _healthy(port: int) -> bool:
    # Do not use a proxy of the environment.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{process.LOOPBACK}:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _admitted(imap_url: str) -> list[academy.Person]:
    """Return the people of the academy whom a real IMAP server accepts."""
    admitted = []
    for person in academy.PEOPLE:
        try:
            with open_imap(imap_url) as imap:
                sign_in(imap, person.address, person.password)
                admitted.append(person)
        except imaplib.IMAP4.error:
            continue
        except OSError as error:
            say(f"{imap_url} does not answer now: {error}")
            break
    return admitted


@dataclass(frozen=True)
class Account:
    """A sign-in of the demo. `password` is None if it was changed in the webmail. `numen` and
    `birth_date` (`1980-05-12`) are set where the demo has made the staff records."""

    login: str
    password: str | None
    role: str
    numen: str | None = None
    birth_date: str | None = None


@dataclass(frozen=True)
class Administrator:
    """The administrator. `password` is None if the database already had an administrator of that
    name."""

    url: str
    login: str
    password: str | None


@dataclass(frozen=True)
class Announcement:
    """The values of the line that `--json` prints."""

    url: str
    imap: str
    smtp: str
    accounts: tuple[Account, ...]
    admin: Administrator


def announcement(
    port: int, mail: Mail, people: Sequence[academy.Person], password: str | None
) -> Announcement:
    url = f"http://localhost:{port}"
    unchanged = {person.login for person in _unchanged(mail)}
    return Announcement(
        url=url,
        imap=mail.imap_url,
        smtp=mail.smtp_url,
        accounts=tuple(
            _account(p, p.login in unchanged, mail.embedded is not None) for p in people
        ),
        admin=Administrator(f"{url}/admin/", ADMINISTRATOR, password),
    )


def _account(person: academy.Person, has_our_password: bool, has_record: bool) -> Account:
    member = staff.of(person) if has_record else None
    return Account(
        login=person.address,
        password=person.password if has_our_password else None,
        role=person.role,
        numen=member.numen if member else None,
        birth_date=member.born.isoformat() if member else None,
    )


def announce(chosen: options.Options, ready: Announcement) -> None:
    """Announce the demo on stdout, as one line of JSON or in words."""
    if chosen.json:
        text = json.dumps(dataclasses.asdict(ready), ensure_ascii=False)
    else:
        text = in_words(ready)
    # The reader of a pipe may be gone; the demo continues.
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


def in_words(ready: Announcement) -> str:
    lines = ["", f"The webmail is at {ready.url}", ""]
    rows = [(a.login, a.password or "(changed here)", a.role) for a in ready.accounts]
    rows.append((ready.admin.login, ready.admin.password or "(its own)", f"at {ready.admin.url}"))
    width = max(len(login) for login, _, _ in rows)
    lines += [f"  {login:<{width}}  {password:<20}  {role}" for login, password, role in rows]
    if any(a.numen for a in ready.accounts):
        lines += ["", f"NUMEN and date of birth, for the mail settings at {ready.url}/lookup/", ""]
        lines += [
            f"  {a.login:<{width}}  {a.numen:<20}  {date.fromisoformat(a.birth_date):%d/%m/%Y}"
            for a in ready.accounts
            if a.numen and a.birth_date
        ]
    lines += ["", f"Old address books to import: {FOLDER / address_books.FOLDER}"]
    if any(a.numen for a in ready.accounts):
        lines += [f"Another mail domain: {domains.PETIT.addr_spec}  {domains.TEACHER.password}"]
    lines += [f"A class’s bulletins to send, one to each family: {FOLDER / 'bulletins'}"]
    lines += [f"Files of messages to bring in: {FOLDER / mail_files.FOLDER}"]
    lines += [f"Metrics for Prometheus: {ready.url}/metrics, with the token in {METRICS_TOKEN}"]
    return "\n".join([*lines, "", "Ctrl-C stops it."])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
