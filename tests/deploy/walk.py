"""The way of docs/install.md, typed line by line in a bare Debian with systemd, to mail that is
read.

python -m tests.deploy.walk [--suite bookworm] [--way hand] [--trials] [--keep]

As root. The lines are those of the document; an editor that it opens fills in what an
administrator would. The mail servers are those of the tests, on loopback. At the end somebody reads
a message over https. With ``--trials`` the services are then told, under readers, what a year
brings: an upgrade, a restart, a crash, a stop in the middle of a message, an unusable setting, a
boot.
"""

from __future__ import annotations

import argparse
import email.message
import imaplib
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from demo.servers.dovecot import Dovecot, MailAccount
from demo.servers.submission import SubmissionServer
from tests.deploy import instructions
from tests.deploy.machine import LineFailed, Machine
from tests.servers.certificates import certificate
from tests.servers.nginx import NAME
from tools.faults.people import Browser, Page, Person, Seen, arrived
from tools.faults.ways import SubmissionWay

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = "ac-exemple.fr"
URL = "https://127.0.0.1"
SUBJECT, WORDS = "Conseil de classe", "Rendez-vous mardi en salle 12."
ADMINISTRATOR = "Craie-Bleue-et-Verte-7"
REPOSITORY = "/srv/webmail.git"
WAYS: dict[str, Callable[[], list[str]]] = {
    "hand": instructions.by_hand,
    "package": instructions.by_package,
}
UNITS = "webmail.socket webmail.service webmail-worker@sending.service"
READY_SECONDS = 180
VERDICT_SECONDS = 12.0
_IMPORT = """
from accounts.models import User
from addressbook.imports import jobs
from addressbook.tasks import run_import
card = "BEGIN:VCARD\\nVERSION:3.0\\nFN:Eve {0}\\nEMAIL:eve{0}@exemple.fr\\nEND:VCARD\\n"
cards = "".join(map(card.format, range(20_000))).encode()
user = User.objects.get(login="anne")
job = jobs.accept_chunks(user, [("a.vcf", [cards])], "auto", uploaded_by=user, policy="merge")
run_import.delay(job.pk)
"""


def say(text: str) -> None:
    print(f"{time.strftime('%T')} {text}", flush=True)  # noqa: T201  for people to read


@contextmanager
def timed(name: str) -> Iterator[None]:
    begun = time.monotonic()
    yield
    say(f"{name}: {time.monotonic() - begun:.0f} s")


class Mail:
    """The mail servers, with three people; each has a message."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self.people = [
            MailAccount(name, secrets.token_urlsafe(12), (f"{name}@{DOMAIN}",))
            for name in ("anne", "bruno", "chloe")
        ]
        self.dovecot = Dovecot(folder / "d", self.people)
        (folder / "smtp").mkdir()
        submission = SubmissionServer(
            folder / "smtp", self.people, domain=DOMAIN, lmtp_port=self.dovecot.lmtp_port
        )
        for server in (self.dovecot, submission):
            server.start()
            stack.callback(server.stop)
        self.way = SubmissionWay(("127.0.0.1", submission.port))
        stack.callback(self.way.stop)
        self.counts: Counter[str] = Counter()
        """How often each subject arrived until the last look."""
        message = email.message.EmailMessage()
        message["From"], message["To"] = f"bruno@{DOMAIN}", f"anne@{DOMAIN}"
        message["Subject"] = SUBJECT
        message.set_content(WORDS)
        with imaplib.IMAP4("127.0.0.1", self.dovecot.imap_port) as imap:
            imap.login(self.people[0].login, self.people[0].password)
            imap.append("INBOX", "", "", message.as_bytes())

    @property
    def settings(self) -> dict[str, str]:
        return {
            "WEBMAIL_SECRET_KEY": secrets.token_urlsafe(50),
            "WEBMAIL_IMAP_URL": f"imap://127.0.0.1:{self.dovecot.imap_port}?security=none",
            "WEBMAIL_SMTP_URL": f"smtp://127.0.0.1:{self.way.port}?security=none",
            "WEBMAIL_SIEVE_URL": "",
            "WEBMAIL_LOGIN_FORM": "local",
            "WEB_CONCURRENCY": "2",
        }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--suite", default="bookworm", help="bookworm (Debian 12) or trixie (13)")
    parser.add_argument("--way", default="hand", choices=WAYS)
    parser.add_argument("--trials", action="store_true", help="try the services afterwards")
    parser.add_argument("--keep", action="store_true", help="leave the machine up until Enter")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="walk-")))
        folder.chmod(0o755)
        mail = Mail(stack, folder)
        machine = Machine(options.suite)
        stack.callback(machine.remove)
        with timed(f"a bare {options.suite}"):
            machine.make(f"127.0.0.1 {NAME}\n")
            _prepare(machine, folder, mail)
        say(f"systemd: {machine.boot():.0f} s")
        try:
            _walk(machine, WAYS[options.way](), mail.people[0])
            if options.trials:
                _tried(machine, mail)
        except LineFailed as error:
            say(f"FAILED: {error}")
            say(machine.run("journalctl --no-pager -n 60 -u 'webmail*' -u nginx", check=False))
            sys.exit(1)
        finally:
            if options.keep:
                input(f"{machine.tree}: Enter ends it. ")


def _prepare(machine: Machine, folder: Path, mail: Mail) -> None:
    """What is there before the first line: the repository, a certificate, and an administrator who
    knows what to write into files."""
    subprocess.run(  # noqa: S603
        ["/usr/bin/git", "-c", "safe.directory=*", "clone", "--quiet", "--bare", str(ROOT),
         f"{machine.tree}{REPOSITORY}"],
        check=True,
    )  # fmt: skip
    # It lies in a folder here, which no account of the machine owns.
    machine.write("/etc/gitconfig", b"[safe]\n\tdirectory = *\n")
    pem = certificate(folder, NAME, days=90).read_bytes()
    machine.write("/etc/ssl/webmail/fullchain.pem", pem)
    machine.write("/etc/ssl/webmail/privkey.pem", pem, 0o600)
    # It signs itself: the machine must know it to ask itself by its own name.
    with (machine.tree / "etc/ssl/certs/ca-certificates.crt").open("ab") as known:
        known.write(b"-----BEGIN CERTIFICATE" + pem.partition(b"-----BEGIN CERTIFICATE")[2])
    values = [f's|^{name}=.*|{name}="{value}"|' for name, value in mail.settings.items()]
    program = "#!/bin/sh\ncase $1 in */environment*) sed -i '{}' \"$1\" ;; esac\n"
    machine.write("/usr/bin/fill-in", program.format("; ".join(values)).encode(), 0o755)


def _walk(machine: Machine, lines: list[str], reader: MailAccount) -> None:
    begun = time.monotonic()
    where = "/home/admin"
    for line in lines:
        typed = line.replace("URL-OF-THIS-REPOSITORY", REPOSITORY)
        if typed.startswith("cd "):
            where = typed.removeprefix("cd ") if "/" in typed else f"{where}/{typed[3:]}"
            continue
        # Without a terminal the password of the administrator is read from here.
        stdin = f"{ADMINISTRATOR}\n" * 2 if "create_administrator" in typed else ""
        with timed(typed):
            machine.run(typed, user="admin", where=where, stdin=stdin)
    with timed("a message is read over https"):
        _read(reader)
    say(f"From nothing to mail that was read: {(time.monotonic() - begun) / 60:.1f} minutes")
    doctor = machine.run("sudo -u webmail webmail-manage doctor", user="admin", check=False)
    say(f"doctor:\n{doctor}")


def _read(reader: MailAccount) -> None:
    browser = Browser(URL, host=NAME)
    _wait_until_ready(browser)
    browser.open("/accounts/login/")
    browser.submit(login=reader.login, password=reader.password)
    browser.open("/mail/INBOX/")
    found = re.search(r'href="(/mail/INBOX/[\w.-]+/)[^"]*"[^>]*>[^<]*' + SUBJECT, browser.page)
    links = [found[1]] if found else re.findall(r'href="(/mail/INBOX/\d[\w.-]*/)"', browser.page)
    if not links:
        raise LineFailed(f"The list has no message:\n{browser.page[:3000]}")
    browser.open(links[0])
    if WORDS not in browser.page:
        raise LineFailed(f"The message is not shown:\n{browser.page[:3000]}")


def _wait_until_ready(browser: Browser) -> float:
    begun = time.monotonic()
    while True:
        try:
            browser.open("/readyz")
        except (Page, OSError) as error:
            if time.monotonic() - begun > READY_SECONDS:
                raise LineFailed(f"{URL} does not answer: {error}") from error
            time.sleep(0.2)
        else:
            return time.monotonic() - begun


# --- the services, afterwards ---


def _tried(machine: Machine, mail: Mail) -> None:
    trials = (
        *(_units, _walled, _upgraded, _restarted, _reloaded, _crashed),
        *(_stopped, _stopped_amid_an_import, _unusable, _booted),
    )
    for trial in trials:
        say(f"--- {trial.__name__.strip('_')}")
        trial(machine, mail)
    say(f"{mail.counts.total()} messages arrived, each of them once")


def _units(machine: Machine, _mail: Mail) -> None:
    """The units are sound, and how much they could do."""
    said = machine.run(f"systemd-analyze verify --man=no {UNITS} 2>&1", check=False).strip()
    if said:
        raise LineFailed(f"systemd-analyze verify:\n{said}")
    for unit in UNITS.split()[1:]:
        lines = machine.run(f"systemd-analyze security --no-pager {unit}").strip().splitlines()
        say(lines[-1].strip("→ "))
    say(machine.run("systemctl show -p MemoryCurrent,TasksCurrent,NRestarts webmail").strip())


def _walled(machine: Machine, _mail: Mail) -> None:
    """Bubblewrap makes its walls inside a unit. It has no /proc of its own here, which a machine in
    namespaces refuses to it."""
    machine.run("apt-get -qq install bubblewrap")
    wall = "/usr/bin/bwrap --unshare-all --cap-drop ALL --hostname a --ro-bind / / --dev /dev"
    own = f"[Service]\nType=oneshot\nExecStart={wall} /bin/true\n"
    for unit in ("webmail.service", "webmail-worker@sending.service"):
        text = machine.run(f"systemctl cat {unit}")
        text = re.sub(r"(?m)^(Exec|Restart=|NotifyAccess|Type=).*\n", "", text)
        machine.write(
            "/etc/systemd/system/walled.service", text.replace("[Service]\n", own).encode()
        )
        machine.run("systemctl daemon-reload && systemctl start walled.service")
        say(f"bubblewrap works with what {unit} allows")


@contextmanager
def _readers(mail: Mail) -> Iterator[list[Person]]:
    """People who read and write meanwhile; afterwards all of it has arrived."""
    people = [Person(one, mail.people, URL, think=0.5, host=NAME) for one in mail.people]
    for person in people:
        person.start()
    _until(lambda: all(person.accepted for person in people), "everybody has written")
    yield people
    for person in people:
        person.is_over.set()
    for person in people:
        person.join(120)
    accepted = {subject for person in people for subject in person.accepted}
    port = mail.dovecot.imap_port
    _until(lambda: not accepted - arrived(mail.people, port).keys(), "all messages arrived")
    counts = arrived(mail.people, port)
    # Each pass of readers begins its numbers anew.
    before = mail.counts
    if [name for name in accepted if counts[name] - before[name] != 1]:
        raise LineFailed(f"Not once each: {(counts - before).most_common(3)}")
    mail.counts = counts


def _until(condition: Callable[[], bool], what: str, seconds: float = READY_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise LineFailed(f"Waited in vain until {what}.")
        time.sleep(0.2)


def _failed(people: list[Person]) -> list[Seen]:
    return [seen for person in people for seen in person.seen if not seen.is_well]


def _without_a_failure(machine: Machine, mail: Mail, line: str) -> None:
    with _readers(mail) as people:
        before = machine.run("systemctl show -p MainPID --value webmail")
        with timed(line):
            machine.run(line, user="admin")
        _until(lambda: machine.run("systemctl show -p MainPID --value webmail") != before, "it ran")
        marks = {person: len(person.seen) for person in people}
        _until(lambda: all(len(p.seen) > marks[p] + 4 for p in people), "people went on")
    seen = sum(len(person.seen) for person in people)
    slowest = max(one.took for person in people for one in person.seen)
    say(f"{seen} answers, {len(_failed(people))} failed, the slowest took {slowest:.1f} s")
    if _failed(people):
        raise LineFailed(str(_failed(people)[:5]))


def _upgraded(machine: Machine, mail: Mail) -> None:
    _without_a_failure(machine, mail, "sudo -u webmail webmail-manage upgrade")


def _restarted(machine: Machine, mail: Mail) -> None:
    _without_a_failure(machine, mail, "sudo systemctl restart webmail")


def _reloaded(machine: Machine, mail: Mail) -> None:
    _without_a_failure(machine, mail, "sudo systemctl reload webmail")


def _crashed(machine: Machine, mail: Mail) -> None:
    """The web server and all workers are killed; systemd starts them again."""
    with _readers(mail) as people:
        machine.run("systemctl kill --signal=KILL webmail 'webmail-worker@*'")
        say(f"answered again after {_wait_until_ready(Browser(URL, host=NAME)):.0f} s")
        marks = {person: len(person.accepted) for person in people}
        _until(lambda: all(len(p.accepted) > marks[p] + 2 for p in people), "people went on")
    say(f"{len(_failed(people))} of {sum(len(p.seen) for p in people)} answers failed")


def _stopped(machine: Machine, mail: Mail) -> None:
    """A worker that is told to stop waits for the answer of the submission server."""
    port = mail.dovecot.imap_port
    before = len(arrived(mail.people, port))
    mail.way.verdict = VERDICT_SECONDS
    person = Person(mail.people[0], mail.people, URL, host=NAME)
    person._sign_in()
    person.browser.open("/compose/")
    person.browser.submit(to=mail.people[1].aliases[0], subject="en route", body="À demain.")
    _until(
        lambda: len(arrived(mail.people, mail.dovecot.imap_port)) > before,
        "the message is under way",
    )
    begun = time.monotonic()
    machine.run("systemctl stop webmail-worker@sending")
    took = time.monotonic() - begun
    mail.way.verdict = 0.0
    sql = "SELECT state FROM webmail_outboxmessage ORDER BY id DESC LIMIT 1"
    state = machine.run(
        f"psql --tuples-only --no-align webmail -c '{sql}'", user="postgres"
    ).strip()
    say(f"stopping took {took:.0f} s of the {VERDICT_SECONDS:.0f}; the message is {state}")
    if state not in {"sent", "filing"}:
        raise LineFailed("The message under way was cut.")
    machine.run("systemctl start webmail-worker@sending")


def _state(machine: Machine, table: str) -> str:
    """The state of the last row."""
    sql = f"SELECT state FROM {table} ORDER BY id DESC LIMIT 1"  # noqa: S608  our own names
    words = f"psql --tuples-only --no-align webmail -c '{sql}'"
    return machine.run(words, user="postgres").strip()


def _stopped_amid_an_import(machine: Machine, _mail: Mail) -> None:
    """A worker that is told to stop ends the import that it has in hand."""
    table = "addressbook_importjob"
    machine.run("sudo -u webmail webmail-manage shell", stdin=_IMPORT)
    _until(lambda: _state(machine, table) == "checking", "the import has begun")
    with timed("systemctl stop webmail-worker@imports"):
        machine.run("systemctl stop webmail-worker@imports")
    state = _state(machine, table)
    say(f"the import is {state}")
    if state != "ready":
        raise LineFailed("The import under way was cut.")
    machine.run("systemctl start webmail-worker@imports")


def _unusable(machine: Machine, _mail: Mail) -> None:
    """An unusable setting ends the start, with its name in the journal."""
    file = "/etc/webmail/environment"
    machine.run(f"cp -p {file} /var/tmp/kept; echo 'WEBMAIL_IMAP_TIMEOUT=\"soon\"' >> {file}")
    begun = time.monotonic()
    try:
        machine.run("systemctl restart webmail")
    except LineFailed:
        say(f"ended after {time.monotonic() - begun:.0f} s")
    else:
        raise LineFailed("webmail.service started with an unusable setting.")
    _until(
        lambda: machine.run("systemctl is-active webmail", check=False).strip() == "failed",
        "systemd gave up",
    )  # fmt: skip
    if "WEBMAIL_IMAP_TIMEOUT" not in machine.run("journalctl --no-pager -n 40 -u webmail"):
        raise LineFailed("The journal does not name the setting.")
    machine.run(f"cp -p /var/tmp/kept {file}; systemctl reset-failed webmail.socket webmail")
    machine.run("systemctl start webmail")


def _booted(machine: Machine, mail: Mail) -> None:
    """After a boot all of it is there without a command."""
    machine.stop()
    say(f"systemd: {machine.boot():.0f} s")
    say(f"answered {_wait_until_ready(Browser(URL, host=NAME)):.0f} s later")
    person = Person(mail.people[0], mail.people, URL, host=NAME)
    person._sign_in()
    person.read()
    failed = machine.run("systemctl --failed --no-legend 'webmail*'").strip()
    if failed:
        raise LineFailed(f"These did not come up: {failed}")


if __name__ == "__main__":
    main()
