"""The way of docs/install.md, "In containers", walked to a message that was read.

python -m tests.deploy.containers [--local] [--built] [--nodes] [--keep]

It builds the image, makes `.env` and a certificate, types the lines of the document that begin with
`podman compose`, and lets three people sign in, read and write through its nginx on port 443; their
mail servers are those of the tests, on this machine. Then the containers are replaced, as by a new
version, and they do so again. `podman` and `podman-compose` (or a docker that has `compose`, by
`--compose "docker compose"`) are found by PATH. Where no registry is reached, `--local` first makes
the images that `compose.yaml` names, of Debian packages (mmdebstrap). With `--nodes` those of
`nodes.yaml` are there too, and the second web server is killed under the three.
"""

from __future__ import annotations

import argparse
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from demo.servers.dovecot import Dovecot, MailAccount
from demo.servers.submission import SubmissionServer
from tests.deploy import instructions
from tests.servers.certificates import certificate
from tools.faults.people import Browser, Page, Person, arrived

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).parent
NAME = "webmail.ac-exemple.fr"
DOMAIN = "ac-exemple.fr"
URL = "https://127.0.0.1"
CONTAINERS = ROOT / "deploy" / "container"
STAND_INS = ("postgres", "redis", "nginx")
READY_SECONDS = 300
SYSTEMD = Path("/run/systemd/system")


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  what is tried is for people to read


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--local", action="store_true", help="make the images that are named")
    parser.add_argument("--keep", action="store_true", help="leave the containers up")
    parser.add_argument("--built", action="store_true", help="the image is there")
    parser.add_argument("--nodes", action="store_true", help="with nodes.yaml")
    parser.add_argument("--podman", default="podman")
    parser.add_argument("--compose", default="podman-compose")
    parser.add_argument("--build", default="", help="more words for the build")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wc-")))
        folder.chmod(0o755)
        if options.local:
            with timed("local images"):
                _make_images(options.podman, folder, options.build.split())
        if not options.built:
            with timed("image of the webmail"):
                file = CONTAINERS / "Containerfile"
                _build(options.podman, file, "localhost/webmail", ROOT, options.build.split())
        people, imap_port, smtp_port = _mail_servers(stack, folder)
        place = _place(folder, _forwarded(stack, imap_port), _forwarded(stack, smtp_port))
        files = ["compose.yaml", *(["nodes.yaml"] if options.nodes else [])]
        compose = [
            *options.compose.split(),
            *(w for f in files for w in ("--file", str(place / f))),
        ]
        if not options.keep:
            stack.callback(_run, *compose, "down", "--volumes", where=place, check=False)
        if options.podman == "podman" and not SYSTEMD.exists():
            threading.Thread(target=_check_health, args=(options.podman,), daemon=True).start()
        _try(compose, place, people, imap_port)
        if options.nodes:
            _lose_a_node(compose, place, people, imap_port)


def _lose_a_node(
    compose: list[str], place: Path, people: list[MailAccount], imap_port: int
) -> None:
    with timed("three people read and write while the second node is lost"):
        threading.Timer(5, _run, (*compose, "kill", "web2"), {"where": place}).start()
        _read_and_write(people, imap_port)
    with timed("and without it"):
        _read_and_write(people, imap_port)


def _check_health(podman: str) -> None:
    """Podman has its health checks by timers of systemd; where that does not run, they are run
    from here."""
    label = "label=io.podman.compose.project=webmail"
    while True:
        listed = subprocess.run(  # noqa: S603
            (podman, "ps", "--quiet", "--filter", label),
            capture_output=True,
            text=True,
            check=False,
        )
        for container in listed.stdout.split():
            check = (podman, "healthcheck", "run", container)
            subprocess.run(check, capture_output=True, check=False)  # noqa: S603
        time.sleep(3)


def _try(compose: list[str], place: Path, people: list[MailAccount], imap_port: int) -> None:
    began = time.monotonic()
    for line in instructions.section("In containers"):
        words = line.split()
        if words[:2] != ["podman", "compose"]:
            continue  # done already: the image, `.env`, the certificate
        words = [*compose, words[2], *(["-T"] if words[2] in {"run", "exec"} else []), *words[3:]]
        password = f"{secrets.token_urlsafe(16)}\n" * 2 if "create_administrator" in words else None
        with timed(line):
            _run(*words, where=place, check="doctor" not in words, stdin=password)
        if "up" in words:
            with timed("a page is answered"):
                _wait_until_ready()
    with timed("three people read and write"):
        _read_and_write(people, imap_port)
    say(f"from the image to mail that was read: {time.monotonic() - began:.0f} s")
    with timed("containers replaced, until a page is answered"):
        _run(*compose, "up", "--detach", "--force-recreate", where=place)
        _wait_until_ready()
    _read_and_write(people, imap_port)


def _run(*words: str, where: Path = ROOT, check: bool = True, stdin: str | None = None) -> None:
    subprocess.run(words, cwd=where, check=check, input=stdin, text=True)  # noqa: S603  our words


@contextmanager
def timed(name: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    say(f"{name}: {time.monotonic() - began:.0f} s")


def _make_images(podman: str, folder: Path, more: list[str]) -> None:
    archive = str(folder / "base.tar")
    variant = ("--quiet", "--variant=minbase", "--include=ca-certificates")
    _run("mmdebstrap", *variant, "trixie", archive)
    base = _named("Containerfile", r"^ARG BASE=(\S+)$")
    _run(podman, "import", "--quiet", archive, base)
    more = [*more, "--build-arg", f"BASE={base}"]
    for name in STAND_INS:
        tag = _named("compose.yaml", rf"image: (\S+/{name}:\S+)$")
        _build(podman, HERE / f"{name}.Containerfile", tag, HERE, more)


def _named(file: str, pattern: str) -> str:
    """Return the name of an image as a file of deploy/container has it."""
    (name,) = re.findall(pattern, (CONTAINERS / file).read_text(), re.MULTILINE)
    return str(name)


def _build(podman: str, file: Path, tag: str, context: Path, more: list[str]) -> None:
    words = (podman, "build", "--quiet", "--format", "docker", "--file", str(file), "--tag", tag)
    _run(*words, *more, str(context))


def _mail_servers(stack: ExitStack, folder: Path) -> tuple[list[MailAccount], int, int]:
    people = [
        MailAccount(name, secrets.token_urlsafe(12), (f"{name}@{DOMAIN}",))
        for name in ("anne", "bruno", "chloe")
    ]
    dovecot = Dovecot(folder / "d", people)
    (folder / "smtp").mkdir()
    submission = SubmissionServer(
        folder / "smtp", people, domain=DOMAIN, lmtp_port=dovecot.lmtp_port
    )
    for server in (dovecot, submission):
        server.start()
        stack.callback(server.stop)
    return people, dovecot.imap_port, submission.port


def _place(folder: Path, imap_port: int, smtp_port: int) -> Path:
    """A copy of `deploy`, filled in as docs/install.md says."""
    shutil.copytree(ROOT / "deploy", folder / "deploy")
    place = folder / "deploy" / "container"
    password, redis_password = secrets.token_hex(16), secrets.token_hex(16)
    values = {
        "POSTGRES_PASSWORD": password,
        "REDIS_PASSWORD": redis_password,
        "REDIS_URL": f"redis://:{redis_password}@redis:6379/0",
        "WEBMAIL_SECRET_KEY": secrets.token_urlsafe(50),
        "DATABASE_URL": f"postgresql://webmail:{password}@postgresql/webmail",
        "WEBMAIL_BASE_URL": f"https://{NAME}",
        "WEBMAIL_ALLOWED_HOSTS": f"{NAME},127.0.0.1",
        "WEB_CONCURRENCY": "2",
        "WEBMAIL_TRUSTED_PROXIES": "127.0.0.1,172.30.7.0/24",
        "WEBMAIL_DOMAIN": DOMAIN,
        "WEBMAIL_IMAP_URL": f"imap://host.containers.internal:{imap_port}?security=none",
        "WEBMAIL_SMTP_URL": f"smtp://host.containers.internal:{smtp_port}?security=none",
        "WEBMAIL_SIEVE_URL": "",
        "WEBMAIL_LOGIN_FORM": "local",
    }
    example = (place / "env.example").read_text().splitlines()
    kept = [line for line in example if line.partition("=")[0] not in values]
    (place / ".env").write_text("\n".join([*kept, *(f"{k}={v}" for k, v in values.items())]) + "\n")
    (place / "tls").mkdir()
    (place / "secrets").mkdir()
    pem = certificate(folder, NAME).read_bytes()
    for name in ("fullchain.pem", "privkey.pem"):
        (place / "tls" / name).write_bytes(pem)
    return place


def _forwarded(stack: ExitStack, port: int) -> int:
    """A port that containers reach, and that leads to one of loopback."""
    listener = stack.enter_context(closing(socket.create_server(("", 0))))

    def serve() -> None:
        while True:
            try:
                client, _address = listener.accept()
            except OSError:  # it is over
                return
            server = socket.create_connection(("127.0.0.1", port))
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=_copy, args=(one, other), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    found: int = listener.getsockname()[1]
    return found


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def _wait_until_ready() -> None:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        try:
            Browser(URL).open("/readyz")
        except (Page, OSError) as error:
            if time.monotonic() > deadline:
                sys.exit(f"{URL} does not answer: {error}")
            time.sleep(1)
        else:
            return


def _read_and_write(people: list[MailAccount], imap_port: int) -> None:
    walkers = [Person(one, people, URL, think=1) for one in people]
    for walker in walkers:
        walker.start()
    deadline = time.monotonic() + READY_SECONDS
    while not all(walker.accepted for walker in walkers):
        if time.monotonic() > deadline:
            sys.exit(f"Somebody gets no further: {[walker.seen[-2:] for walker in walkers]}")
        time.sleep(0.5)
    for walker in walkers:
        walker.is_over.set()
    for walker in walkers:
        walker.join(60)
    accepted = {subject for walker in walkers for subject in walker.accepted}
    while accepted - arrived(people, imap_port).keys():
        if time.monotonic() > deadline:
            sys.exit("Messages that were accepted did not arrive.")
        time.sleep(1)


if __name__ == "__main__":
    main()
