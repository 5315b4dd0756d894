"""The faults of a mail server, from its name to its certificate, each told apart."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.health import server_check
from accounts.health.server_check import ServerState, ServerTarget, check
from accounts.models import MailDomain, User
from demo.servers.dovecot import Dovecot, MailAccount
from demo.servers.submission import SubmissionServer
from tests.servers.certificates import certificate

pytestmark = pytest.mark.sqlite
Speak = Callable[[socket.socket], None]


@pytest.fixture
def serve() -> Iterator[Callable[[Speak], int]]:
    """`serve(speak)`: a server of one connection; its port."""
    listeners = []

    def start(speak: Speak) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def answer() -> None:
            with suppress(OSError):
                connection, _address = listener.accept()
                with connection:
                    speak(connection)

        threading.Thread(target=answer, daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    for listener in listeners:
        listener.close()


def saying(*lines: bytes) -> Speak:
    """Greets, then answers each command with the next line."""

    def speak(connection: socket.socket) -> None:
        connection.sendall(lines[0])
        for line in lines[1:]:
            connection.recv(1024)
            connection.sendall(line)
        connection.recv(1024)

    return speak


def imap(port: int, security: str = "none", host: str = "127.0.0.1") -> ServerTarget:
    return ServerTarget("imap", host, port, security)


def test_a_dovecot_answers_and_says_what_it_can(dovecot: Dovecot) -> None:
    result = check(imap(dovecot.imap_port))
    assert result.outcome == ServerState.OK
    assert 0 <= result.milliseconds < 5000
    assert "IMAP4REV1" in result.capabilities


def test_a_submission_server_answers_and_says_what_it_can(
    submission_server: SubmissionServer,
) -> None:
    result = check(ServerTarget("smtp", "127.0.0.1", submission_server.port, "none"))
    assert result.outcome == ServerState.OK
    assert dict(result.useful)["8BITMIME"]


@pytest.mark.parametrize("name", ["gibt-es-nicht.invalid", "a..b", "x" * 70 + ".fr"])
def test_a_name_that_nobody_has(name: str) -> None:
    assert check(imap(993, "tls", name)).outcome == ServerState.NAME


def test_a_port_where_nothing_listens(serve: Callable[[Speak], int]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = int(listener.getsockname()[1])
    assert check(imap(port)).outcome == ServerState.REFUSED


def test_a_server_that_says_nothing(serve: Callable[[Speak], int], monkeypatch) -> None:
    monkeypatch.setattr(server_check, "SECONDS", 0.3)
    assert check(imap(serve(saying(b"")))).outcome == ServerState.SILENT


def test_a_server_that_drips_is_left(serve: Callable[[Speak], int], monkeypatch) -> None:
    monkeypatch.setattr(server_check, "_ALL_SECONDS", 0.5)

    def drip(connection: socket.socket) -> None:
        stop = threading.Event()
        while not stop.wait(0.1):
            connection.sendall(b"x")

    assert check(imap(serve(drip))).outcome == ServerState.SILENT


def test_a_line_without_end_is_left(serve: Callable[[Speak], int]) -> None:
    assert check(imap(serve(saying(b"x" * 20_000)))).outcome == ServerState.PROTOCOL


@pytest.mark.parametrize(
    ("kind", "greeting"),
    [
        ("imap", b"220 mail.example ESMTP\r\n"),
        ("smtp", b"* OK IMAP4rev1\r\n"),
        ("pop", b"SSH-2.0-OpenSSH\r\n"),
        ("sieve", b"* OK\r\n"),
    ],
)
def test_another_kind_of_server(kind: str, greeting: bytes, serve: Callable[[Speak], int]) -> None:
    target = ServerTarget(kind, "127.0.0.1", serve(saying(greeting)), "none")
    assert check(target).outcome == ServerState.PROTOCOL


def test_a_server_that_hangs_up(serve: Callable[[Speak], int]) -> None:
    assert check(imap(serve(lambda connection: None))).outcome == ServerState.HUNG_UP


def test_plain_text_where_tls_is_meant(serve: Callable[[Speak], int]) -> None:
    port = serve(saying(b"* OK IMAP4rev1 ready\r\n"))
    assert check(imap(port, "tls")).outcome == ServerState.NO_TLS


def test_a_server_without_starttls(serve: Callable[[Speak], int]) -> None:
    port = serve(saying(b"* OK\r\n", b"* CAPABILITY IMAP4rev1\r\na OK done\r\n"))
    assert check(imap(port, "starttls")).outcome == ServerState.NO_STARTTLS


def test_answers_put_before_tls_are_not_read(serve: Callable[[Speak], int]) -> None:
    port = serve(
        saying(
            b"* OK\r\n",
            b"* CAPABILITY IMAP4rev1 STARTTLS\r\na OK done\r\n",
            b"b OK begin\r\n* CAPABILITY EVIL\r\n",
        )
    )
    assert check(imap(port, "starttls")).outcome == ServerState.PROTOCOL


def test_pop_and_manage_sieve_answer(serve: Callable[[Speak], int]) -> None:
    pop = serve(saying(b"+OK ready\r\n", b"+OK\r\nSTLS\r\nTOP\r\n.\r\n"))
    assert check(ServerTarget("pop", "127.0.0.1", pop, "none")).outcome == ServerState.OK
    sieve = serve(saying(b'"IMPLEMENTATION" "x"\r\n"STARTTLS"\r\nOK "ready"\r\n'))
    result = check(ServerTarget("sieve", "127.0.0.1", sieve, "none"))
    assert result.outcome == ServerState.OK
    assert "STARTTLS" in result.capabilities


def test_manage_sieve_says_what_rules_may_do(serve: Callable[[Speak], int]) -> None:
    greeting = b'"IMPLEMENTATION" "x"\r\n"SIEVE" "fileinto vacation"\r\n"SASL" "PLAIN"\r\nOK\r\n'
    result = check(ServerTarget("sieve", "127.0.0.1", serve(saying(greeting)), "none"))
    useful = dict(result.useful)
    assert (useful["FILEINTO"], useful["VACATION"], useful["MIME"]) == (True, True, False)


def over_tls(pem: Path) -> Speak:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)

    def speak(connection: socket.socket) -> None:
        with suppress(OSError), context.wrap_socket(connection, server_side=True) as secured:
            saying(b"* OK ready\r\n", b"* CAPABILITY IMAP4rev1 SORT\r\na OK done\r\n")(secured)

    return speak


@pytest.mark.parametrize(
    ("name", "days", "is_trusted", "outcome"),
    [
        ("localhost", 30, True, ServerState.OK),
        ("localhost", -1, True, ServerState.EXPIRED),
        ("autre.example", 30, True, ServerState.OTHER_NAME),
        ("localhost", 30, False, ServerState.UNKNOWN_ISSUER),
    ],
)
def test_certificates(
    name: str,
    days: int,
    is_trusted: bool,
    outcome: ServerState,
    tmp_path: Path,
    serve: Callable[[Speak], int],
    settings,
) -> None:
    pem = certificate(tmp_path, name, days=days)
    settings.TLS_CA_FILE = str(pem if is_trusted else certificate(tmp_path, "fremd.example"))
    result = check(imap(serve(over_tls(pem)), "tls", "localhost"))
    assert result.outcome == outcome
    assert dict(result.useful).get("SORT", False) == (outcome == ServerState.OK)


def test_every_outcome_has_its_words() -> None:
    assert set(server_check.WORDS) == set(ServerState)


@pytest.fixture
def administrator(mail_domain: MailDomain, settings, clean_cache: None) -> Client:
    settings.ADMIN_NEEDS_TOTP = False
    user = User.objects.create(mail_domain=mail_domain, login="patronne")
    user.groups.add(Group.objects.get(name="administrator"))
    client = Client()
    client.force_login(user, backend="accounts.backends.LocalAdministratorBackend")
    return client


def page_of(domain: MailDomain) -> str:
    return f"/admin/accounts/maildomain/{domain.pk}/connection/"


@pytest.mark.django_db
def test_the_page_tries_what_is_saved_and_only_when_asked(
    administrator: Client, mail_domain: MailDomain
) -> None:
    assert "results" not in administrator.get(page_of(mail_domain)).context
    answer = administrator.post(page_of(mail_domain), {"imap_host": "ailleurs.example"})
    outcomes = {result.target.kind: result.outcome for result in answer.context["results"]}
    assert outcomes == {"imap": ServerState.OK, "smtp": ServerState.REFUSED}
    assert "ailleurs.example" not in answer.content.decode()


@pytest.mark.django_db
def test_a_login_is_tried_and_never_shown_again(
    administrator: Client, mail_domain: MailDomain, submission: SubmissionServer, alice: MailAccount
) -> None:
    for password, is_in in ((alice.password, True), ("Mauvais-Mot-2026", False)):
        form = {"login": "alice", "password": password}
        answer = administrator.post(page_of(mail_domain), form)
        tried = {name: accepted for name, accepted, _words in answer.context["sign_ins"]}
        assert tried == {"IMAP": is_in, "SMTP": is_in}
        assert password not in answer.content.decode()


@pytest.mark.django_db
def test_a_login_without_its_password_is_not_tried(
    administrator: Client, mail_domain: MailDomain
) -> None:
    assert administrator.post(page_of(mail_domain), {"login": "alice"}).status_code == 422
