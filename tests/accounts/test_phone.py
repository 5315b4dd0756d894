"""From the NUMEN to a configured telephone: each step, and the whole walk."""

from __future__ import annotations

import base64
import imaplib
import plistlib
import re
import smtplib
import time
from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client

from accounts.autoconfig import phone, signing
from accounts.models import AuditEvent, MailDomain, StaffRecord, User
from demo.servers.dovecot import MailAccount
from demo.servers.submission import SubmissionServer
from tests.accounts.autoconfig.test_apple import self_signed
from tests.waiting import LONGEST_S

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_cache")]

CODE, SHEET, MINE = "/lookup/phone/", "/lookup/sheet/", "/account/settings/phone/"
ANDROID = "Mozilla/5.0 (Linux; Android 15) Chrome/140.0 Mobile"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1"


def link_on(browser: Client, page: str = CODE) -> str:
    """The path that the page's link and code lead to."""
    match = re.search(r'href="(/phone/[\w-]{27}/)"', browser.get(page).content.decode())
    assert match
    return match[1]


def profile_of(content: bytes) -> dict[str, object]:
    (mail,) = plistlib.loads(content)["PayloadContent"]
    return dict(mail)


def test_from_a_numen_to_a_configured_telephone(
    computer: Client, alice: MailAccount, submission: SubmissionServer
) -> None:
    sheet = computer.get(SHEET).content.decode()
    assert CODE in sheet
    page = computer.get(CODE).content.decode()
    picture = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', page)
    assert picture
    assert b"<svg" in base64.b64decode(picture[1])
    telephone = Client(headers={"user-agent": IPHONE})
    opened = telephone.get(link_on(computer))
    assert opened.status_code == 200
    action = re.search(r'action="(/phone/[^"]+/profile)"', opened.content.decode())
    assert action
    answer = telephone.post(action[1])
    assert answer["Content-Type"] == "application/x-apple-aspen-config"
    assert answer["Content-Disposition"] == 'attachment; filename="messagerie.mobileconfig"'
    assert "no-store" in answer["Cache-Control"]
    mail = profile_of(answer.content)
    assert mail["EmailAddress"] == "alice.martin@ac-exemple.fr"
    host, port = mail["IncomingMailServerHostName"], mail["IncomingMailServerPortNumber"]
    with imaplib.IMAP4(str(host), int(str(port)), timeout=LONGEST_S) as imap:
        assert imap.login(str(mail["IncomingMailServerUsername"]), alice.password)[0] == "OK"
    host, port = mail["OutgoingMailServerHostName"], mail["OutgoingMailServerPortNumber"]
    with smtplib.SMTP(str(host), int(str(port)), timeout=LONGEST_S) as smtp:
        smtp.login(str(mail["OutgoingMailServerUsername"]), alice.password)


def test_looking_at_the_link_uses_nothing_up_and_tells_nobody(computer: Client) -> None:
    link = link_on(computer)
    for _preview in range(5):
        for answer in (Client().get(link), Client().head(link)):
            assert answer.status_code == 200
            words = answer.content.decode()
            assert "alice" not in words.lower()
            assert "martin" not in words.lower()
            assert "no-store" in answer["Cache-Control"]
    assert "a•••@ac-exemple.fr" in Client().get(link).content.decode()
    kept = phone.find_phone_link(link.split("/")[2])
    assert kept is not None
    assert kept.seconds_left > 590


def test_the_profile_is_not_fetched_by_get(computer: Client) -> None:
    assert Client().get(link_on(computer) + "profile").status_code == 405


def test_a_browser_without_cookies_may_fetch_it(computer: Client) -> None:
    scanner = Client(enforce_csrf_checks=True)
    assert scanner.post(link_on(computer) + "profile").status_code == 200
    scanner = Client(enforce_csrf_checks=True)
    assert scanner.post(link_on(computer)).status_code == 200


def test_a_link_dies_a_minute_after_the_first_profile(
    computer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phone, "AFTER_FETCH_SECONDS", 5)
    link = link_on(computer)
    assert Client().post(link + "profile").status_code == 200
    assert Client().post(link + "profile").status_code == 200
    time.sleep(5.1)
    for answer in (
        Client().post(link + "profile"), Client().get(link), Client().post(link),
    ):  # fmt: skip
        assert answer.status_code == 404
        assert "alice" not in answer.content.decode().lower()
    again = computer.get(CODE).content.decode()
    assert "data:image" not in again
    assert computer.post(CODE).status_code == 302
    assert link_on(computer) != link


def test_a_link_dies_after_its_time(computer: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone, "LINK_SECONDS", 5)
    link = link_on(computer)
    assert Client().get(link).status_code == 200
    time.sleep(5.1)
    assert Client().get(link).status_code == 404
    assert Client().post(link + "profile").status_code == 404


def test_an_invented_or_replaced_token_opens_nothing(computer: Client) -> None:
    link = link_on(computer)
    computer.post(CODE)
    for path in (link, "/phone/" + "x" * 27 + "/", "/phone/" + "x" * 3000 + "/"):
        assert Client().get(path).status_code == 404
        assert Client().post(path + "profile").status_code == 404
    assert Client().get("/phone/%00%0d%0a/").status_code == 404


def test_who_left_gets_nothing_by_an_old_link(computer: Client, record: StaffRecord) -> None:
    link = link_on(computer)
    record.is_active = False
    record.save()
    assert Client().post(link + "profile").status_code == 404
    assert computer.get(CODE)["Location"] == SHEET


def test_the_code_is_shown_to_the_browser_that_looked_up_alone(computer: Client) -> None:
    assert Client().get(CODE)["Location"] == SHEET
    assert Client().post(CODE)["Location"] == SHEET
    assert link_on(computer) == link_on(computer)


def test_a_new_code_cannot_be_forced_from_elsewhere(computer: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = computer.cookies
    assert strict.post(CODE).status_code == 403


def test_too_many_codes_are_refused_with_the_time_to_wait(computer: Client) -> None:
    computer.get(CODE)
    answers = [computer.post(CODE) for _ in range(12)]
    assert [answer.status_code for answer in answers].count(302) == 9
    assert answers[-1].status_code == 429
    assert int(answers[-1]["Retry-After"]) > 3000


def test_other_telephones_get_the_values_and_a_guide(computer: Client) -> None:
    telephone = Client(headers={"user-agent": ANDROID})
    link = link_on(computer)
    page = telephone.get(link).content.decode()
    assert page.index('id="way-values"') < page.index('id="way-profile"')
    page = Client(headers={"user-agent": IPHONE}).get(link).content.decode()
    assert page.index('id="way-profile"') < page.index('id="way-values"')
    values = telephone.post(link)
    assert "no-store" in values["Cache-Control"]
    words = unescape(values.content.decode())
    assert "alice.martin@ac-exemple.fr" in words
    assert '<ol class="guide-steps">' in words
    assert telephone.get(link).status_code == 200  # a tab that Android dropped loads again


def test_without_a_server_to_send_by_there_are_values_and_no_profile(
    computer: Client, mail_domain: MailDomain
) -> None:
    mail_domain.smtp_host = ""
    mail_domain.save()
    link = link_on(computer)
    assert 'id="way-profile"' not in Client().get(link).content.decode()
    assert Client().post(link + "profile").status_code == 404
    assert Client().post(link).status_code == 200


def test_a_profile_is_signed_where_a_certificate_is_configured(computer: Client, settings) -> None:
    certificates, key = self_signed()
    settings.PROFILE_SIGNER = signing.parse(certificates, key)
    content = Client().post(link_on(computer) + "profile").content
    assert content.startswith(b"\x30\x82")  # a DER sequence
    assert b"com.apple.mail.managed" in content


def test_what_a_telephone_takes_is_written_down_without_the_link(computer: Client) -> None:
    link = link_on(computer)
    Client().get(link)
    Client().post(link)
    Client().post(link + "profile")
    events = AuditEvent.objects.filter(kind=AuditEvent.Kind.SETTINGS_FETCHED).order_by("pk")
    assert [event.detail for event in events] == [{"way": "values"}, {"way": "profile"}]
    assert {event.target for event in events} == {"alice.martin@ac-exemple.fr"}
    assert {event.network for event in events} == {"127.0.0.1"}


def test_who_fetches_again_and_again_fills_no_log(computer: Client) -> None:
    link = link_on(computer)
    for _again in range(5):
        assert Client().post(link).status_code == 200
        assert Client().post(f"{link}profile").status_code == 200
    lines = AuditEvent.objects.filter(kind=AuditEvent.Kind.SETTINGS_FETCHED)
    assert sorted(line.detail["way"] for line in lines) == ["profile", "values"]


def test_who_is_signed_in_needs_no_numen(
    signed_in: Callable[..., Client], bob: MailAccount
) -> None:
    browser = signed_in(bob)
    mail = profile_of(Client().post(link_on(browser, MINE) + "profile").content)
    assert mail["IncomingMailServerUsername"] == "bob"
    assert mail["EmailAddress"] == "bob@ac-exemple.fr"
    link = link_on(browser, MINE)
    User.objects.filter(login="bob").update(is_active=False)
    assert Client().post(link + "profile").status_code == 404


def test_the_sheet_is_a_pdf_for_the_same_browser_alone(
    computer: Client, signed_in: Callable[..., Client], bob: MailAccount
) -> None:
    answer = computer.get("/lookup/sheet.pdf")
    assert answer["Content-Type"] == "application/pdf"
    assert "no-store" in answer["Cache-Control"]
    assert answer.content.startswith(b"%PDF-")
    assert Client().get("/lookup/sheet.pdf")["Location"] == SHEET
    assert signed_in(bob).get("/account/settings/sheet.pdf").content.startswith(b"%PDF-")
    assert Client().get("/account/settings/sheet.pdf").status_code == 302
