"""The questions of mail programs, as they ask by themselves; and what others try there."""

from __future__ import annotations

import imaplib
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import MailDomain, StaffRecord
from demo.servers.dovecot import MailAccount
from tests.accounts.autoconfig.test_outlook import HOSTILE, IN_RESPONSE, REQUEST
from tests.waiting import LONGEST_S

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_cache")]

CONFIG, WELL_KNOWN = "/mail/config-v1.1.xml", "/.well-known/autoconfig/mail/config-v1.1.xml"
AUTODISCOVER = "/autodiscover/autodiscover.xml"


def ask_outlook(client: Client, body: str | bytes, path: str = AUTODISCOVER):
    return client.post(path, body, content_type="text/xml")


def filled_in(text: str, address: str) -> str:
    """The placeholders as Thunderbird fills them."""
    local, _at, domain = address.partition("@")
    for placeholder, value in (
        ("%EMAILADDRESS%", address), ("%EMAILLOCALPART%", local), ("%EMAILDOMAIN%", domain),
    ):  # fmt: skip
        text = text.replace(placeholder, value)
    return text


@pytest.mark.parametrize("form", ["address", "local"])
def test_thunderbird_signs_in_with_what_it_is_told(
    client: Client, mail_domain: MailDomain, alice: MailAccount, form: str
) -> None:
    mail_domain.program_login = form
    mail_domain.save()
    address = "alice@ac-exemple.fr"
    answer = client.get(CONFIG, {"emailaddress": address})
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/xml; charset=utf-8"
    provider = ElementTree.fromstring(answer.content)[0]  # noqa: S314  our own answer
    server = provider.find("incomingServer[@type='imap']")
    assert server is not None
    fields = {field.tag: filled_in(field.text or "", address) for field in server}
    assert fields["socketType"] == "plain"
    with imaplib.IMAP4(fields["hostname"], int(fields["port"]), timeout=LONGEST_S) as imap:
        assert imap.login(fields["username"], alice.password)[0] == "OK"


def test_outlook_signs_in_with_what_it_is_told(
    client: Client, mail_domain: MailDomain, alice: MailAccount
) -> None:
    mail_domain.program_login = "address"
    mail_domain.save()
    answer = ask_outlook(client, REQUEST)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/xml")
    protocol = ElementTree.fromstring(answer.content).find(f".//{IN_RESPONSE}Protocol")  # noqa: S314
    assert protocol is not None
    fields = {field.tag.removeprefix(IN_RESPONSE): field.text or "" for field in protocol}
    assert (fields["Type"], fields["Encryption"]) == ("IMAP", "None")
    with imaplib.IMAP4(fields["Server"], int(fields["Port"]), timeout=LONGEST_S) as imap:
        assert imap.login(fields["LoginName"], alice.password)[0] == "OK"


@pytest.fixture
def domain() -> MailDomain:
    return MailDomain.objects.create(
        name="ac-exemple.fr",
        is_default=True,
        imap_host="imap.ac-exemple.fr",
        smtp_host="smtp.ac-exemple.fr",
    )


def test_the_answer_is_the_same_for_who_exists_and_who_does_not(
    client: Client, domain: MailDomain
) -> None:
    StaffRecord.objects.create(
        numen_digest=b"n" * 32, lookup_digest=b"l" * 32, key_id="1", last_name="Durand",
        mail_domain=domain, login="fdurand", address="francoise.durand@ac-exemple.fr",
    )  # fmt: skip
    answers = []
    for address in ("francoise.durand@ac-exemple.fr", "nobody.at.all@ac-exemple.fr"):
        with CaptureQueriesContext(connection) as queries:
            xml = client.get(CONFIG, {"emailaddress": address}).content
            pox = ask_outlook(client, REQUEST.replace("alice.martin@ac-exemple.fr", address))
        assert not [query for query in queries if "staffrecord" in query["sql"]]
        answers.append((xml, pox.content.replace(address.encode(), b"ADDRESS")))
    assert answers[0] == answers[1]


def test_every_address_of_the_standards_answers(
    client: Client, domain: MailDomain, settings
) -> None:
    settings.ALLOWED_HOSTS = ["autoconfig.ac-exemple.fr", "ac-exemple.fr", "testserver"]
    expected = client.get(CONFIG, {"emailaddress": "a@AC-Exemple.fr"}).content
    assert b"ac-exemple.fr" in expected
    assert client.get(WELL_KNOWN, {"emailaddress": "a@ac-exemple.fr"}).content == expected
    by_host = client.get(CONFIG, headers={"host": "autoconfig.ac-exemple.fr:443"})
    assert by_host.content == expected
    assert client.get(WELL_KNOWN, headers={"host": "ac-exemple.fr"}).content == expected
    assert client.head(CONFIG, {"emailaddress": "a@ac-exemple.fr"}).status_code == 200
    for path in (
        AUTODISCOVER, "/Autodiscover/Autodiscover.xml", "/AutoDiscover/AutoDiscover.XML",
        "/AUTODISCOVER/AUTODISCOVER.XML",
    ):  # fmt: skip
        assert ask_outlook(client, REQUEST, path).status_code == 200


def test_where_logins_do_not_follow_from_addresses_nothing_is_said(
    client: Client, domain: MailDomain
) -> None:
    for login_form, program_login in (("typed", ""), ("local", "none"), ("address", "none")):
        domain.login_form, domain.program_login = login_form, program_login
        domain.save()
        for answer in (
            client.get(CONFIG, {"emailaddress": "alice@ac-exemple.fr"}),
            ask_outlook(client, REQUEST),
        ):
            assert (answer.status_code, answer.content) == (404, b"")


def test_a_login_of_the_local_part_is_said_so_to_outlook(
    client: Client, domain: MailDomain
) -> None:
    domain.login_form = MailDomain.LoginForm.LOCAL
    domain.save()
    content = ask_outlook(client, REQUEST).content
    assert b"<LoginName>alice.martin</LoginName>" in content


ODD_ADDRESSES = [
    "",
    "@",
    "alice",
    "alice@elsewhere.example",
    "alice@ac-exemple.fr@elsewhere.example",
    "a b@ac-exemple.fr",
    "alice@ac-exemple.fr\r\nSet-Cookie: a=b",
    "alice\x00@ac-exemple.fr",
    "alice@ac-exemple.fr\x00",
    "alice@аc-exemple.fr",  # noqa: RUF001  a Cyrillic letter
    "a" * 65 + "@ac-exemple.fr",
    "a@" + "x" * 7000 + ".fr",
    "%00@%0d%0a",
]


@pytest.mark.parametrize("address", ODD_ADDRESSES)
def test_odd_addresses_are_answered_with_nothing(
    client: Client, domain: MailDomain, address: str
) -> None:
    answer = client.get(f"{CONFIG}?emailaddress={quote(address)}")
    assert (answer.status_code, answer.content) == (404, b"")
    assert "Set-Cookie" not in answer.headers
    escaped = address.replace("\x00", "").replace("\r", "&#13;")
    answer = ask_outlook(client, REQUEST.replace("alice.martin@ac-exemple.fr", escaped))
    if "\x00" not in address:
        assert (answer.status_code, answer.content) == (404, b"")


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_what_outlook_would_not_ask_is_refused(
    client: Client, domain: MailDomain, body: str
) -> None:
    answer = ask_outlook(client, body)
    assert (answer.status_code, answer.content) == (400, b"")


def test_a_long_question_is_refused_unread(client: Client, domain: MailDomain) -> None:
    for body in (REQUEST + " " * 1024 * 1024, "x" * (64 * 1024 + 1)):
        assert ask_outlook(client, body).status_code == 413
    padded = REQUEST + "\n" * (64 * 1024 - len(REQUEST))
    assert ask_outlook(client, padded).status_code == 200


def test_outlook_needs_no_token_and_only_posts(domain: MailDomain) -> None:
    client = Client(enforce_csrf_checks=True)
    assert ask_outlook(client, REQUEST).status_code == 200
    assert client.get(AUTODISCOVER).status_code == 405
    assert client.post(CONFIG, {"emailaddress": "a@ac-exemple.fr"}).status_code in {403, 405}


def test_thunderbirds_answer_may_be_kept_and_outlooks_not(
    client: Client, domain: MailDomain
) -> None:
    config = client.get(CONFIG, {"emailaddress": "a@ac-exemple.fr"})
    assert config["Cache-Control"] == "public, max-age=3600"
    assert ask_outlook(client, REQUEST)["Cache-Control"] == "no-store"
