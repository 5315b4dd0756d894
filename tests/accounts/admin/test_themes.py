"""The looks of a mail domain: what administrators give, what is refused, and who sees it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from accounts import notices
from accounts.looks import themes
from accounts.models import AuditEvent, DomainTheme, MailDomain, SupportContact, User
from tests.accounts.admin.conftest import browser

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]

ADD = "/admin/accounts/domaintheme/add/"
GREEN = "#04602f"


def image(format_: str = "PNG", size: tuple[int, int] = (90, 30), mode: str = "RGB") -> bytes:
    made = io.BytesIO()
    Image.new(mode, size, GREEN).save(made, format_)
    return made.getvalue()


def file(content: bytes, name: str = "logo.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "image/png")


def text(answer: Any) -> str:
    return str(answer.content.decode())


@pytest.fixture
def other(domain: MailDomain) -> MailDomain:
    return MailDomain.objects.create(name="lycees.example", imap_host="127.0.0.1", imap_port=1)


@pytest.fixture
def save(administrator: Client, other: MailDomain) -> Callable[..., Any]:
    """`save(accent="#04602f")`: posts the form of a theme of the other domain."""

    def post(**fields: Any) -> Any:
        return administrator.post(ADD, {"mail_domain": other.pk, "name": "Courriel"} | fields)

    return post


def test_the_pages_of_a_domain_have_its_name_logo_and_colour(
    save: Callable[..., Any], other: MailDomain, teacher: Client
) -> None:
    answer = save(authority="Lycées", accent="#04602F", upload=file(image()))
    assert answer.status_code == 302, text(answer)
    user = User.objects.create(mail_domain=other, login="prof2", address="p@lycees.example")
    page = text(browser(user).get("/help/"))
    assert "<b>Courriel</b> <small>Lycées</small>" in page
    logo = re.search(r'<img class="own" src="(/theme/[0-9a-f]{32}\.webp)" width="90"', page)
    sheet = re.search(r'<link rel="stylesheet" href="(/theme/[0-9a-f]{16}\.css)">', page)
    assert logo is not None
    assert sheet is not None
    for found, kind in ((logo, "image/webp"), (sheet, "text/css; charset=utf-8")):
        answer = Client().get(found[1])
        assert answer["Content-Type"] == kind
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "immutable" in answer["Cache-Control"]
    assert Image.open(io.BytesIO(Client().get(logo[1]).content)).size == (90, 30)
    assert "--accent: #04602f;" in text(Client().get(sheet[1]))
    assert "Courriel" not in text(teacher.get("/help/"))


def test_who_chose_an_accent_keeps_it(save: Callable[..., Any], other: MailDomain) -> None:
    save(accent=GREEN)
    user = User.objects.create(mail_domain=other, login="prof2", preferences={"accent": "rose"})
    assert "/theme/" not in text(browser(user).get("/help/"))


def test_the_sign_in_page_looks_so_by_the_host_name(
    save: Callable[..., Any], other: MailDomain, settings
) -> None:
    settings.ALLOWED_HOSTS = ["testserver", "mail.lycees.example"]
    SupportContact.objects.create(name="Lycées", mail_domain=other, link="https://aide.example/")
    assert save(hosts="Mail.Lycees.Example\n", accent=GREEN).status_code == 302
    page = text(Client().get("/accounts/login/", headers={"host": "mail.lycees.example:8443"}))
    assert "<b>Courriel</b>" in page
    assert "https://aide.example/" in page
    assert "/theme/" in page
    elsewhere = text(Client().get("/accounts/login/"))
    assert "Courriel" not in elsewhere
    assert "https://aide.example/" not in elsewhere
    # An error page comes by the same name.
    lost = Client().get("/help/rien/", headers={"host": "mail.lycees.example"})
    assert lost.status_code == 404
    assert "<b>Courriel</b>" in text(lost)


def test_the_sign_in_page_looks_so_once_an_address_is_typed(
    save: Callable[..., Any], other: MailDomain
) -> None:
    save(accent=GREEN)
    SupportContact.objects.create(name="Lycées", mail_domain=other, phone="03 00 00 00 00")
    part = Client().get("/theme/sign-in/", {"domain": "LYCEES.example"})
    assert "<b>Courriel</b>" in text(part)
    assert "03 00 00 00 00" in text(part)
    assert "no-store" in part["Cache-Control"]
    for unknown in ("ailleurs.example", "", "\0", "x" * 5000, "lycees.example\0"):
        answer = Client().get("/theme/sign-in/", {"domain": unknown})
        assert answer.status_code == 200
        assert "Courriel" not in text(answer)
    refused = Client().post("/accounts/login/", {"login": "prof@lycees.example", "password": "x"})
    assert refused.status_code >= 422
    assert "<b>Courriel</b>" in text(refused)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<html><script>alert(1)</script>",
        image()[:60],
        b"\x89PNG\r\n\x1a\n" + b"\0" * 500,
        image("PNG", (7000, 7000), "1"),
        image("PNG", (700, 20)),
        b"\0" * 1_200_000,
    ],
    ids=["empty", "svg", "html", "cut", "noise", "bomb", "long", "large"],
)
def test_a_hostile_logo_is_refused_and_nothing_is_kept(
    save: Callable[..., Any], content: bytes
) -> None:
    answer = save(upload=file(content))
    assert answer.status_code == 200
    assert "errorlist" in text(answer)
    assert not DomainTheme.objects.exists()


def test_a_logo_is_encoded_anew(save: Callable[..., Any]) -> None:
    save(upload=file(image("GIF") + b"<script>alert(1)</script>", "x.html"))
    kept = bytes(DomainTheme.objects.get().logo)
    assert kept[:4] == b"RIFF"
    assert b"script" not in kept


def test_a_logo_can_be_taken_away(
    save: Callable[..., Any], administrator: Client, other: MailDomain
) -> None:
    save(upload=file(image()))
    theme = DomainTheme.objects.get()
    change = f"/admin/accounts/domaintheme/{theme.pk}/change/"
    assert theme.logo_digest in text(administrator.get(change))
    administrator.post(change, {"mail_domain": other.pk, "name": "Courriel", "without_logo": "on"})
    theme.refresh_from_db()
    assert (bytes(theme.logo), theme.logo_digest, theme.logo_width) == (b"", "", 0)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"accent": "#7cb342"}, "contraste de 2,5"),
        ({"accent": "#ffffff"}, "contraste de 1,0"),
        ({"accent": GREEN, "accent_dark": "#04602f"}, "liens des pages sombres"),
        ({"accent": "red"}, "#1a2b3c"),
        ({"accent": "#123456;"}, "errorlist"),
        ({"accent_dark": "#93d4a4"}, "errorlist"),
        ({"hosts": "pas un nom.fr"}, "WEBMAIL_ALLOWED_HOSTS"),
        ({"hosts": "<script>"}, "errorlist"),
        ({"hosts": "ailleurs.example"}, "WEBMAIL_ALLOWED_HOSTS"),
        ({"mail_domain": "", "hosts": "testserver"}, "errorlist"),
        ({"name": "x" * 41}, "errorlist"),
    ],
)
def test_what_could_not_be_read_or_reached_is_refused_in_words(
    save: Callable[..., Any], fields: dict[str, str], words: str
) -> None:
    answer = save(**fields)
    assert answer.status_code == 200
    assert words in text(answer)
    assert not DomainTheme.objects.exists()


def test_a_host_is_one_themes(
    save: Callable[..., Any], administrator: Client, domain: MailDomain
) -> None:
    assert save(hosts="testserver").status_code == 302
    answer = administrator.post(ADD, {"mail_domain": domain.pk, "hosts": "testserver"})
    assert answer.status_code == 200
    assert DomainTheme.objects.count() == 1


def test_there_is_one_for_all_besides_those_of_domains(
    administrator: Client, save: Callable[..., Any], teacher: Client
) -> None:
    assert administrator.post(ADD, {"name": "Partout"}).status_code == 302
    assert administrator.post(ADD, {"name": "Encore"}).status_code == 200
    assert save().status_code == 302
    assert "<b>Partout</b>" in text(teacher.get("/help/"))
    assert "<b>Partout</b>" in text(Client().get("/accounts/login/"))


def test_only_administrators_make_themes(support: Client, teacher: Client) -> None:
    for client in (support, teacher, Client()):
        assert client.post(ADD, {"name": "Pirate"}).status_code in (302, 403)
    assert not DomainTheme.objects.exists()


def test_notices_bear_the_name_of_the_domain(save: Callable[..., Any], other: MailDomain) -> None:
    save(authority="Lycées")
    SupportContact.objects.create(name="L", mail_domain=other, link="https://aide.example/")
    user = User.objects.create(mail_domain=other, login="p", address="p@lycees.example")
    event = AuditEvent.objects.create(kind=AuditEvent.Kind.PASSWORD_CHANGED, actor=user)
    notice = notices.of_password(event)
    assert notice is not None
    assert "Courriel, Lycées." in notice.text
    assert "https://aide.example/" in notice.text


def test_a_theme_costs_a_page_no_query(save: Callable[..., Any], other: MailDomain) -> None:
    user = User.objects.create(mail_domain=other, login="prof2")
    client = browser(user)

    def queries() -> int:
        for _warm in range(2):
            client.get("/help/")
        with CaptureQueriesContext(connection) as counted:
            client.get("/help/")
        return len(counted)

    before = queries()
    save(accent=GREEN, upload=file(image()))
    assert queries() == before
    assert themes.of_domain(other.pk).sheet
