"""ManageSieve: a real Pigeonhole, and servers that no good one is."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from demo.servers.dovecot import Dovecot
from mail.errors import (
    BadServerAnswer,
    NotFound,
    OverQuota,
    SieveRefused,
    SieveUnavailable,
    TooLarge,
    WebmailError,
)
from mail.sieve import connection
from mail.sieve.connection import MOST_BYTES, ScriptName, SieveConnection, SieveServer
from tests.servers.certificates import certificate
from tests.servers.plugin import ALICE
from tests.servers.scripted import (
    CLOSE,
    READ_LITERAL,
    STALL,
    START_TLS,
    ScriptedServer,
    Step,
    drip,
)
from tests.servers.scripts import Scripts

OK = b"OK\r\n"
GREETING = b'"IMPLEMENTATION" "x"\r\n"SIEVE" "fileinto Vacation"\r\n"SASL" "PLAIN"\r\n' + OK


@pytest.fixture
def server(sieve_port: int) -> SieveServer:
    Scripts(sieve_port, ALICE).empty()
    return SieveServer("127.0.0.1", sieve_port, "none")


def talk(
    steps: list[Step], do: Callable[[SieveConnection], object], timeout: float = 2.0
) -> object:
    """Sign in, then ``do`` it with a server that goes on with ``steps``."""
    script = [("", GREETING), ("AUTHENTICATE", OK), ("CAPABILITY", GREETING), *steps]
    with (
        ScriptedServer(script) as scripted,
        connection.open(
            SieveServer("127.0.0.1", scripted.port, "none", timeout), "a", "b"
        ) as sieve,
    ):
        return do(sieve)


# --- Pigeonhole ---


def test_a_script_is_written_read_listed_made_active_and_deleted(server: SieveServer) -> None:
    text = "# é\nkeep;\n"
    with connection.open(server, ALICE.login, ALICE.password) as sieve:
        assert "fileinto" in sieve.extensions
        sieve.put('a "b" \\ é', text)
        assert sieve.get('a "b" \\ é') == text
        assert sieve.scripts() == (ScriptName('a "b" \\ é'),)
        sieve.activate('a "b" \\ é')
        assert sieve.scripts() == (ScriptName('a "b" \\ é', is_active=True),)
        with pytest.raises(SieveRefused):
            sieve.delete('a "b" \\ é')
        sieve.activate("")
        sieve.delete('a "b" \\ é')
        assert sieve.scripts() == ()
        with pytest.raises(NotFound):
            sieve.get("x")


def test_what_pigeonhole_does_not_take_is_told_with_its_line(server: SieveServer) -> None:
    with connection.open(server, ALICE.login, ALICE.password) as sieve:
        for do in (sieve.check, lambda text: sieve.put("x", text)):
            with pytest.raises(SieveRefused) as raised:
                do("keep;\nfileinto 7;\n")
            assert raised.value.line == 2
            assert "fileinto" in raised.value.server_words
        sieve.check("keep;\n")
        assert sieve.scripts() == ()


def test_a_wrong_password_is_no_reason_to_be_signed_out(server: SieveServer) -> None:
    with pytest.raises(SieveUnavailable), connection.open(server, ALICE.login, "x"):
        pass


# --- what leaves us ---


@pytest.mark.parametrize("name", ["", "a\r\nDELETESCRIPT b", "a\0", "é" * 300, "a\u2028b", "a\x85"])
def test_a_name_that_is_none_is_never_sent(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        talk([], lambda sieve: sieve.get(name))


def test_a_script_is_counted_and_never_a_command() -> None:
    with ScriptedServer(
        [
            ("", GREETING),
            ("AUTHENTICATE", OK),
            ("CAPABILITY", GREETING),
            ('PUTSCRIPT "x" {30+}', READ_LITERAL, OK),
            ("LISTSCRIPTS", b'"x" ACTIVE\r\n' + OK),
        ]
    ) as scripted:
        server = SieveServer("127.0.0.1", scripted.port, "none")
        with connection.open(server, "a", "b") as sieve:
            sieve.put("x", 'é\nDELETESCRIPT "x"\n{999+}\n')
            assert sieve.scripts() == (ScriptName("x", is_active=True),)


def test_too_long_a_script_and_nul_are_not_sent() -> None:
    with pytest.raises(TooLarge):
        talk([], lambda sieve: sieve.put("x", "é" * MOST_BYTES))
    with pytest.raises(ValueError, match="NUL"):
        talk([], lambda sieve: sieve.put("x", "a\0b"))


# --- what comes in ---


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b'NO (QUOTA) "voll"\r\n', OverQuota),
        (b'NO (QUOTA/MAXSCRIPTS) "voll"\r\n', OverQuota),
        (b'NO (NONEXISTENT) "x"\r\n', NotFound),
        (b'NO (TRYLATER) "x"\r\n', SieveUnavailable),
        (b"NO\r\n", SieveRefused),
        (b"NO {12}\r\nline 3: a\r\nb\r\n", SieveRefused),
        (b'BYE "x"\r\n', SieveUnavailable),
        (b"", SieveUnavailable),
        (b'"a\r\n', BadServerAnswer),
        (b"{99999999}\r\n", BadServerAnswer),
        (b"{3000000}\r\n" + b"x" * 10, BadServerAnswer),
        (b"(" * 50 + b"\r\n", BadServerAnswer),
        (b"(a\r\n" + OK, BadServerAnswer),
        (b"x" * 40_000, BadServerAnswer),
        (b"a b\r\n" + OK, BadServerAnswer),
        (b"}\r\n", BadServerAnswer),
        (b'"x" ACTIVE\r\n' * 200_000, BadServerAnswer),
    ],
)  # fmt: skip
def test_a_bad_answer_ends_in_an_error(answer: bytes, error: type[WebmailError]) -> None:
    with pytest.raises(error):
        talk([("LISTSCRIPTS", answer, CLOSE)], lambda sieve: sieve.scripts())


def test_a_script_that_looks_like_an_answer_is_a_script() -> None:
    text = b'OK\r\nNO "x"\r\nBYE\r\n'
    step = ("GETSCRIPT", b"{%d}\r\n%b\r\nOK\r\n" % (len(text), text))
    assert talk([step], lambda sieve: sieve.get("x")) == 'OK\nNO "x"\nBYE\n'


def test_an_old_script_that_is_no_utf_8_is_read() -> None:
    step = ("GETSCRIPT", b"{3}\r\n#\xe9\n\r\nOK\r\n")
    assert talk([step], lambda sieve: sieve.get("x")) == "#é\n"


@pytest.mark.parametrize("action", [STALL, drip(b'"a" ACTIVE\r\n' * 100, 0.05)])
def test_a_server_that_keeps_one_waiting_is_given_up(action: object) -> None:
    began = time.monotonic()
    with pytest.raises(SieveUnavailable):
        talk([("LISTSCRIPTS", action)], lambda sieve: sieve.scripts(), 0.3)  # type: ignore[list-item]
    assert time.monotonic() - began < 3


def test_starttls_is_a_must_where_it_is_wanted_and_nothing_before_it_counts(
    tmp_path: Path,
) -> None:
    offers = GREETING.replace(OK, b'"STARTTLS"\r\n' + OK)
    for script in (
        [("", GREETING)],
        [("", offers), ("STARTTLS", OK + b'"SASL" "PLAIN"\r\nOK\r\n')],
    ):
        with (
            ScriptedServer(script) as scripted,
            pytest.raises((SieveUnavailable, BadServerAnswer)),
            connection.open(SieveServer("localhost", scripted.port, "starttls", 2), "a", "b"),
        ):
            pass
        assert not any(line.startswith(b"AUTHENTICATE") for line in scripted.received[0])


def test_after_starttls_one_is_signed_in(tmp_path: Path) -> None:
    pem = certificate(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    offers = GREETING.replace(OK, b'"STARTTLS"\r\n' + OK)
    script: list[Step] = [
        ("", offers),
        ("STARTTLS", OK, START_TLS, GREETING),
        ("AUTHENTICATE", OK),
        ("CAPABILITY", GREETING),
    ]
    with ScriptedServer(script, tls=context) as scripted:
        server = SieveServer("localhost", scripted.port, "starttls", 2, str(pem))
        with connection.open(server, "a", "b") as sieve:
            assert sieve.extensions == {"fileinto", "vacation"}


def test_a_server_that_is_not_there_or_knows_no_way_in(dovecot: Dovecot) -> None:
    for server in (SieveServer("127.0.0.1", 1, "none"), SieveServer("a..b", 4190, "none")):
        with pytest.raises(SieveUnavailable), connection.open(server, "a", "b"):
            pass
    with (
        ScriptedServer([("", GREETING.replace(b"PLAIN", b"GSSAPI"))]) as scripted,
        pytest.raises(SieveUnavailable),
        connection.open(SieveServer("127.0.0.1", scripted.port, "none"), "a", "b"),
    ):
        pass
    with (
        pytest.raises(SieveUnavailable),
        connection.open(SieveServer("x", 1, "none"), "a\r\nb", "c"),
    ):
        pass
