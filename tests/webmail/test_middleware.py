"""What stands around every page."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from demo.servers.dovecot import MailAccount
from tests.servers.mailboxes import Mailbox
from webmail.middleware import CompressionMiddleware

pytestmark = pytest.mark.django_db
LETTER = b"Subject: Bonjour\r\n\r\n" + b"Bien des choses.\r\n" * 200


def test_pages_travel_compressed_and_downloads_as_they_are(
    alice: MailAccount, mailbox: Mailbox, signed_in: Callable[..., Client]
) -> None:
    ref = f"{mailbox.uidvalidity()}-{mailbox.append(LETTER)}"
    client = signed_in(alice)
    accepts = {"accept-encoding": "gzip"}
    answer = client.get("/mail/INBOX/", headers=accepts)
    assert answer["Content-Encoding"] == "gzip"
    assert "Bonjour" in gzip.decompress(answer.content).decode()
    download = client.get(f"/mail/INBOX/{ref}/source/", headers=accepts)
    assert "Content-Encoding" not in download
    assert b"".join(download.streaming_content) == LETTER  # type: ignore[attr-defined]


def test_every_answer_is_kept_from_other_origins_and_from_unused_features(
    alice: MailAccount, mailbox: Mailbox, signed_in: Callable[..., Client]
) -> None:
    message = b"Subject: Bonjour\r\nContent-Type: text/html\r\n\r\n<p>Bien des choses.</p>"
    ref = f"{mailbox.uidvalidity()}-{mailbox.append(message)}"
    client = signed_in(alice)
    of_message = f"/mail/INBOX/{ref}/"
    for path in (
        "/accounts/login/",
        "/static/webmail/img/logo.svg",
        of_message,
        f"{of_message}frame/",
        f"{of_message}source/",
        "/compose/",
        "/nowhere/",
        "/mail/Nowhere/",
    ):
        answer = client.get(path)
        assert answer["Cross-Origin-Resource-Policy"] == "same-origin", path
        permissions = dict(field.split("=") for field in answer["Permissions-Policy"].split(", "))
        assert permissions["camera"] == permissions["geolocation"] == "()", path
        assert "clipboard-write" not in permissions, path
        assert answer["X-Content-Type-Options"] == "nosniff", path
        if "/static/" not in path:
            assert "frame-ancestors 'self'" in answer["Content-Security-Policy"], path
            assert answer["X-Frame-Options"] == "SAMEORIGIN", path
        b"".join(answer)
    sheet = client.get("/static/webmail/css/base.css")
    assert sheet["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Permissions-Policy" not in sheet  # it is no page
    b"".join(sheet)


def said(content: bytes, kind: str = "text/html", accepts: str = "br, gzip") -> HttpResponse:
    request = RequestFactory().get("/", headers={"accept-encoding": accepts})
    made = CompressionMiddleware(lambda _request: HttpResponse(content, content_type=kind))
    answer = made(request)
    assert isinstance(answer, HttpResponse)
    return answer


def test_the_size_of_a_compressed_page_says_nothing_exact() -> None:
    page = b"<p>Bien des choses.</p>" * 100
    answers = [said(page) for _time in range(40)]
    assert {gzip.decompress(answer.content) for answer in answers} == {page}
    sizes = {len(answer.content) for answer in answers}
    assert len(sizes) > 10
    assert max(sizes) < len(page) / 5
    for answer in answers:
        assert answer["Content-Length"] == str(len(answer.content))
        assert answer["Vary"] == "Accept-Encoding"


def test_what_is_short_compressed_or_not_wanted_so_travels_as_it_is() -> None:
    page = b"<p>Bien des choses.</p>" * 100
    for answer in (
        said(page, accepts="br"),
        said(page[:199]),
        said(page, "image/jpeg"),
        said(page, "application/octet-stream"),
    ):
        assert not answer.has_header("Content-Encoding")
        assert page.startswith(answer.content)
    assert said(page, "application/json")["Content-Encoding"] == "gzip"


def test_a_frame_whose_session_is_over_says_so_instead_of_showing_a_form() -> None:
    answer = Client().get("/mail/INBOX/1-1/frame/", headers={"sec-fetch-dest": "iframe"})
    assert answer.status_code == 401
    assert "<form" not in answer.content.decode().partition("<main")[2]
