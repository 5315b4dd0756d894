"""What leaves for Sentry when something breaks: received by a server of the test's own."""

from __future__ import annotations

import gzip
import http.server
import json
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import brotli
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from demo.servers.dovecot import MailAccount
from mail.mailbox import listing
from tests.waiting import wait_for
from webmail.serving import reports

sentry_sdk = pytest.importorskip("sentry_sdk", reason=reports.MISSING)
pytestmark = pytest.mark.django_db
SECRET = "sujet confidentiel de zoe@ac-exemple.fr"


@pytest.fixture
def sent() -> Iterator[list[bytes]]:
    """The bodies that arrive; reports go there during the test."""
    bodies: list[bytes] = []

    class Sink(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            unpack = {"br": brotli.decompress, "gzip": gzip.decompress}
            bodies.append(unpack.get(self.headers.get("Content-Encoding", ""), bytes)(body))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_words: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    reports.begin(f"http://key@127.0.0.1:{server.server_port}/1")
    yield bodies
    sentry_sdk.get_client().close()
    sentry_sdk.get_global_scope().set_client(None)
    server.shutdown()
    server.server_close()


def received(sent: list[bytes]) -> dict[str, Any]:
    """The event of the only report; an envelope is lines of JSON."""
    sentry_sdk.flush(10)
    wait_for(lambda: len(sent) == 1)
    event: dict[str, Any] = json.loads(sent[0].splitlines()[2])
    return event


def test_a_page_that_breaks_tells_where_and_not_of_whom(
    signed_in: Callable[..., Client],
    alice: MailAccount,
    sent: list[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader = signed_in(alice)

    def broken(*args: object, **more: object) -> None:
        words = f"{SECRET} {alice.password}"
        raise RuntimeError(words)

    monkeypatch.setattr(listing, "page", broken)
    reader.raise_request_exception = False
    answer = reader.get(f"/mail/INBOX/?q={SECRET}", headers={"X-Test": SECRET})
    assert answer.status_code == 500

    event = received(sent)
    (error,) = event["exception"]["values"]
    assert error["type"] == "RuntimeError" and "value" not in error
    functions = [frame["function"] for frame in error["stacktrace"]["frames"]]
    assert functions[-1] == "broken" and "message_list" in functions
    assert event["tags"]["route"] == "mail/<folder:folder>/"
    assert event["tags"]["request_id"] == answer["X-Request-ID"]
    said = b"".join(sent).decode()
    for secret in (
        "confidentiel",
        alice.password,
        alice.login,
        "ac-exemple",
        "INBOX",
        "/mail/INBOX",
        reader.cookies["mail_key"].value,
        reader.session.session_key or "?",
    ):
        assert secret not in said, secret
    kept = {"contexts", "request", "user", "breadcrumbs", "extra", "server_name", "modules"}
    assert not kept & {name for name in event if event[name]}


def test_a_line_of_the_log_leaves_without_what_was_put_into_it(sent: list[bytes]) -> None:
    logger = logging.getLogger("webmail.outbox")
    logger.warning("not an error %s", SECRET)
    logger.error("message %s stays in the outbox", SECRET)
    event = received(sent)
    assert event["logentry"]["message"] == "message %s stays in the outbox"
    assert "confidentiel" not in sent[0].decode()


@pytest.mark.parametrize("dsn", ["nowhere", "https://sentry.ac-exemple.fr", "http://key@/x"])
def test_an_address_that_is_none_ends_the_start(dsn: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="WEBMAIL_SENTRY_DSN"):
        reports.begin(dsn)
