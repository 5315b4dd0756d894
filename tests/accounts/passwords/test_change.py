"""Changing the password on the page: what holds afterwards, and what is said when it fails."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis
from argon2 import PasswordHasher
from django.contrib.sessions.models import Session
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts import credentials, lending, session
from accounts.models import AuditEvent, LentCredential, MailDomain, StaffRecord, User
from accounts.passwords import change, drivers
from accounts.passwords.dovecot import PasswdFile
from accounts.passwords.owner import PasswordOwner
from demo.servers.dovecot import Dovecot, MailAccount
from mail.errors import ServerUnavailable, WebmailError
from mail.imap.pool import Pool
from tests.accounts.logged import begin_log, lines_of, shows
from tests.waiting import wait_for

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_cache")]
URL = "/account/password/"
NEW = "Nuage+Lampe-Tulipe8"
Opens = Callable[[str, str], bool]


def post(client: Client, old: str, new: str = NEW, again: str | None = None):
    return client.post(URL, {"old": old, "new": new, "again": new if again is None else again})


def text(answer) -> str:
    return answer.content.decode()


def marked(answer) -> list[str]:
    """The fields that are marked as wrong."""
    return re.findall(r'id="id_(\w+)" name="\w+" [^>]*aria-invalid', text(answer))


def refused() -> AuditEvent:
    """The one line about a change that was not made; her sign-in has one of its own."""
    return AuditEvent.objects.get(kind=AuditEvent.Kind.PASSWORD_REFUSED)


# What holds afterwards


def test_the_new_password_opens_the_mailbox_and_the_old_one_no_longer(
    hers: Client, carole: MailAccount, opens: Opens
) -> None:
    answer = post(hers, carole.password)
    assert (answer.status_code, answer["Location"]) == (302, URL)
    assert opens("carole", NEW)
    assert not opens("carole", carole.password)
    assert 'class="banner ok"' in text(hers.get(URL))
    assert 'class="banner ok"' not in text(hers.get(URL))  # said once


def test_this_session_goes_on_without_being_asked(hers: Client, carole: MailAccount) -> None:
    assert hers.get("/mail/INBOX/").status_code == 200
    before = hers.cookies["mail_key"].value
    post(hers, carole.password)
    assert hers.cookies["mail_key"].value != before
    assert hers.get("/mail/INBOX/").status_code == 200
    session.pool().close_all()
    assert hers.get("/mail/INBOX/").status_code == 200


def test_what_was_lent_to_jobs_goes_on_with_the_new_one(hers: Client, carole: MailAccount) -> None:
    request = hers.get("/preferences/").wsgi_request
    lent = lending.lend(request)
    post(hers, carole.password)
    assert lending.opened(LentCredential.objects.get(pk=lent.pk)) == NEW


def test_no_connection_made_with_the_old_one_lives_on(hers: Client, carole: MailAccount) -> None:
    hers.get("/mail/INBOX/")
    key = (User.objects.get(login="carole").pk, credentials.digest(carole.password), None)
    assert session.pool().count(key) == 1
    post(hers, carole.password)
    assert session.pool().count(key) == 0


def test_another_session_is_asked_for_the_new_one_though_its_connection_lives(
    hers: Client, carole: MailAccount, signed_in: Callable[..., Client], monkeypatch
) -> None:
    other = signed_in(carole)
    assert other.get("/mail/INBOX/").status_code == 200
    with monkeypatch.context() as elsewhere:
        # Another process has a pool of its own, and closes none of these connections.
        another = Pool()
        elsewhere.setattr(session, "pool", lambda: another)
        post(hers, carole.password)
    answer = other.get("/mail/INBOX/")
    assert answer["Location"].startswith("/accounts/reenter/")
    assert other.get("/mail/INBOX/", headers={"HX-Request": "true"}).status_code == 401
    again = {"password": NEW, "next": "/mail/INBOX/"}
    assert other.post("/accounts/reenter/", again)["Location"] == "/mail/INBOX/"
    assert other.get("/mail/INBOX/").status_code == 200
    assert hers.get("/mail/INBOX/").status_code == 200


def test_whoever_knows_this_sessions_key_is_out_afterwards(
    hers: Client, carole: MailAccount
) -> None:
    old = hers.cookies["session"].value
    post(hers, carole.password)
    assert hers.cookies["session"].value != old
    thief = Client()
    thief.cookies["session"], thief.cookies["mail_key"] = old, hers.cookies["mail_key"].value
    assert thief.get("/mail/INBOX/")["Location"].startswith("/accounts/login/")
    assert "data-current" in text(hers.get("/account/sessions/"))


def test_a_change_on_the_mail_server_itself_leads_to_a_clean_reentry(
    hers: Client, carole: MailAccount, dovecot: Dovecot, opens: Opens
) -> None:
    assert hers.get("/mail/INBOX/").status_code == 200
    dovecot.write_accounts([*dovecot.accounts, MailAccount("carole", NEW)])
    wait_for(lambda: opens("carole", NEW))
    # As long as the server keeps the old connection, she reads on; then she is asked.
    session.pool().close_all()
    answer = hers.get("/mail/INBOX/?page=1")
    assert answer["Location"].startswith("/accounts/reenter/")
    again = {"password": NEW, "next": "/mail/INBOX/?page=1"}
    assert hers.post("/accounts/reenter/", again)["Location"] == "/mail/INBOX/?page=1"
    assert hers.get("/mail/INBOX/").status_code == 200


def test_a_new_one_that_was_refused_before_the_change_is_no_longer(
    hers: Client, carole: MailAccount, signed_in: Callable[..., Client]
) -> None:
    tried = Client().post("/accounts/login/", {"login": "carole", "password": NEW})
    assert tried.status_code == 422
    assert post(hers, carole.password).status_code == 302
    assert signed_in(MailAccount("carole", NEW)).get("/mail/INBOX/").status_code == 200


def test_the_day_is_known_to_the_staff_record_and_to_the_page(
    hers: Client, carole: MailAccount, mail_domain: MailDomain
) -> None:
    record = StaffRecord.objects.create(
        numen_digest=b"n" * 32,
        lookup_digest=b"l" * 32,
        key_id="x",
        last_name="Roux",
        mail_domain=mail_domain,
        login="carole",
        address="carole.roux@ac-exemple.fr",
    )
    post(hers, carole.password)
    record.refresh_from_db()
    assert record.password_changed == timezone.localdate()
    assert User.objects.get(login="carole").mail_password_changed is not None


def test_the_audit_log_has_a_line_without_it(hers: Client, carole: MailAccount) -> None:
    post(hers, carole.password)
    event = AuditEvent.objects.get(kind=AuditEvent.Kind.PASSWORD_CHANGED)
    assert event.target == "carole@ac-exemple.fr"
    assert event.detail == {"outcome": "changed"}


@pytest.mark.usefixtures("celery_now")
def test_a_letter_tells_the_person(hers: Client, carole: MailAccount, settings) -> None:
    settings.EMAIL_HOST, settings.NOTICES_FROM = "127.0.0.1", "alice@ac-exemple.fr"
    post(hers, carole.password)
    (letter,) = mail.outbox
    assert letter.to == ["carole@ac-exemple.fr"]
    assert letter.subject and "http://localhost:8000" in letter.body
    assert NEW not in letter.body and carole.password not in letter.body


# What the form refuses


def test_a_wrong_old_password_is_marked_and_counts_as_at_sign_in(
    hers: Client, carole: MailAccount, opens: Opens, settings
) -> None:
    settings.LOGIN_FAILURES_PER_LOGIN = 2
    for n in range(2):
        answer = post(hers, f"faux {n}")
        assert answer.status_code == 422
        assert marked(answer) == ["old"]
    answer = post(hers, carole.password)
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    lines = AuditEvent.objects.filter(kind=AuditEvent.Kind.PASSWORD_REFUSED).order_by("pk")
    assert [line.detail["code"] for line in lines] == ["wrong", "wrong", "limited"]
    assert opens("carole", carole.password)


@pytest.mark.parametrize(
    ("new", "again", "fields"),
    [
        ("Loupe+Riviere3", "Loupe+Riviere4", ["again"]),
        ("courtA1", "courtA1", ["new"]),
        ("Soleil1!", "Soleil1!", ["new"]),
        ("Carole+Roux8", "Carole+Roux8", ["new"]),
        ("Aaaaaaa1!", "Aaaaaaa1!", ["new"]),  # keeps the rules, and is guessed at once
        ("20E0500001Aaa!", "20E0500001Aaa!", ["new"]),
        ("Premier-Tableau7", "Premier-Tableau7", ["new"]),
        ("Loupe+Riviere3\x00", "Loupe+Riviere3\x00", ["new", "again"]),
        ("", "", ["new", "again"]),
        ("aB1! " * 200, "aB1! " * 200, ["new", "again"]),
    ],
)
def test_what_is_wrong_with_the_new_one_is_said_before_the_old_one_is_tried(
    hers: Client, carole: MailAccount, opens: Opens, new: str, again: str, fields: list[str]
) -> None:
    answer = post(hers, carole.password, new, again)
    assert answer.status_code == 422
    assert marked(answer) == fields
    assert opens("carole", carole.password)
    assert not AuditEvent.objects.filter(kind__startswith="password").exists()


def test_nothing_typed_comes_back_in_the_page(hers: Client, carole: MailAccount) -> None:
    page = text(post(hers, "Ancien-Faux-9", "Nouveau-Court"))
    assert "Ancien-Faux-9" not in page and "Nouveau-Court" not in page


def test_a_mail_server_that_is_down_changes_nothing(
    hers: Client, carole: MailAccount, opens: Opens
) -> None:
    MailDomain.objects.update(imap_port=1)
    answer = post(hers, carole.password)
    assert answer.status_code == 503
    assert 'class="banner bad"' in text(answer)
    assert opens("carole", carole.password)


def test_a_form_of_another_page_changes_nothing(
    hers: Client, carole: MailAccount, opens: Opens
) -> None:
    hers.handler.enforce_csrf_checks = True
    assert post(hers, carole.password).status_code == 403
    assert opens("carole", carole.password)


# When it fails half-way


@dataclass
class Failing:
    """A driver that does its work, or does not, and then something happens."""

    path: Path
    works: bool
    happens: Callable[[], None]

    def change(self, owner: PasswordOwner, old: str, new: str) -> None:
        if self.works:
            PasswdFile(self.path, "argon2id").change(owner, old, new)
        self.happens()


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch, dovecot: Dovecot, carole: MailAccount, opens: Opens):
    """`failing(works=True, error=…, silent=True)`: how the driver behaves, whether the mail server
    can be asked afterwards."""

    def fail(*, works: bool, error: WebmailError | None = None, silent: bool = False) -> None:
        def of(domain: MailDomain) -> Failing:
            def happens() -> None:
                if silent:
                    domain.imap_port = 1
                if works and not silent:
                    wait_for(lambda: opens("carole", NEW))  # Dovecot has seen the file
                if error:
                    raise error

            return Failing(dovecot.users, works, happens)

        monkeypatch.setattr(drivers, "driver_of", of)

    return fail


def test_a_failure_after_the_change_is_a_change(
    hers: Client, carole: MailAccount, opens: Opens, failing
) -> None:
    failing(works=True, error=ServerUnavailable("lost the answer"))
    assert post(hers, carole.password).status_code == 302
    assert opens("carole", NEW)
    assert hers.get("/mail/INBOX/").status_code == 200


def test_a_failure_before_the_change_keeps_the_old_one(
    hers: Client, carole: MailAccount, opens: Opens, failing
) -> None:
    failing(works=False, error=ServerUnavailable("disk full"))
    answer = post(hers, carole.password)
    assert answer.status_code == 503
    assert str(change.PasswordOutcome.KEPT) in str(refused().detail)
    assert opens("carole", carole.password)
    assert hers.get("/mail/INBOX/").status_code == 200


def test_a_mail_server_silent_after_the_change_is_said_and_the_new_one_kept(
    hers: Client, carole: MailAccount, opens: Opens, failing
) -> None:
    failing(works=True, silent=True)
    assert post(hers, carole.password).status_code == 302
    assert 'class="banner warn"' in text(hers.get(URL))
    wait_for(lambda: opens("carole", NEW))
    assert hers.get("/mail/INBOX/").status_code == 200


def test_when_nobody_can_tell_that_is_said(hers: Client, carole: MailAccount, failing) -> None:
    failing(works=False, error=ServerUnavailable("?"), silent=True)
    answer = post(hers, carole.password)
    assert answer.status_code == 503
    assert refused().detail == {"code": "unknown"}


def test_a_driver_that_writes_elsewhere_is_undone(
    hers: Client, carole: MailAccount, opens: Opens, settings, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(change, "ARRIVES_SECONDS", 1.5)
    elsewhere = tmp_path / "users"
    elsewhere.write_text("carole:{PLAIN}x::::::\n")
    settings.PASSWORD_DOVECOT_PATH = {"": str(elsewhere)}
    answer = post(hers, carole.password)
    assert answer.status_code == 503
    assert refused().detail == {"code": "kept"}
    assert opens("carole", carole.password)
    assert not opens("carole", NEW)
    taken_back = elsewhere.read_text().split(":")[1].removeprefix("{ARGON2ID}")
    assert PasswordHasher().verify(taken_back, carole.password)
    assert hers.get("/mail/INBOX/").status_code == 200


def test_who_is_not_in_the_file_keeps_the_old_one(
    hers: Client, carole: MailAccount, opens: Opens, settings, tmp_path: Path
) -> None:
    (tmp_path / "users").write_text("bob:{PLAIN}x::::::\n")
    settings.PASSWORD_DOVECOT_PATH = {"": str(tmp_path / "users")}
    assert post(hers, carole.password).status_code == 422
    assert refused().detail == {"code": "refused"}
    assert opens("carole", carole.password)


# Domains without a driver


def test_a_domain_without_driver_shows_its_help_and_link(
    hers: Client, carole: MailAccount, opens: Opens
) -> None:
    MailDomain.objects.update(
        password_driver="none",
        password_help="Sur <b>Arena</b>.",
        password_url="https://arena.ac-exemple.fr/mdp",
    )
    page = text(hers.get(URL))
    assert "Sur &lt;b&gt;Arena" in page
    assert 'href="https://arena.ac-exemple.fr/mdp"' in page
    assert 'type="password"' not in page.partition('id="content"')[2].partition("</main>")[0]
    assert post(hers, carole.password).status_code == 200
    assert opens("carole", carole.password)


def test_a_driver_without_its_settings_is_told_to_the_administrators_alone(
    hers: Client, settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.PASSWORD_DOVECOT_PATH = {}
    page = text(hers.get(URL))
    assert 'class="banner warn"' in page
    assert "WEBMAIL_" not in page
    assert "WEBMAIL_PASSWORD_DOVECOT_PATH" in caplog.text


# While one types


def test_what_is_typed_is_judged_and_forgotten(hers: Client) -> None:
    answer = hers.post(f"{URL}strength/", {"new": "Camille1987!"})
    page = text(answer)
    assert answer.status_code == 200
    assert 'class="meter s2"' in page
    assert page.count('class="broken"') == 1
    assert "Camille1987!" not in page
    assert "no-store" in answer["Cache-Control"]


def test_it_judges_as_the_form_does(hers: Client, carole: MailAccount) -> None:
    for new in ("Soleil1!", "Carole+Roux8", "court-A", "Loupe+Rivière3"):
        judged = text(hers.post(f"{URL}strength/", {"new": new}))
        told = re.findall(
            r'(?s)<li class="broken">.*?</svg>\s*<span>.*?</span>\s*([^<]+?)\s*</span>', judged
        )
        form = text(post(hers, carole.password, new))
        errors = re.findall(r'class="field-error">.*?</svg> ([^<]+)</p>', form)
        assert told == errors[: len(told)] and told


def test_an_empty_field_shows_the_rules_again(hers: Client) -> None:
    page = text(hers.post(f"{URL}strength/", {"new": ""}))
    assert "meter" not in page and 'class="open"' in page


def test_nobody_asks_for_more_than_typing_needs(hers: Client, monkeypatch) -> None:
    from accounts.views import passwords

    monkeypatch.setattr(passwords, "STRENGTHS_PER_MINUTE", 3)
    codes = [hers.post(f"{URL}strength/", {"new": "x"}).status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]


def test_strangers_are_asked_to_sign_in(mail_domain: MailDomain) -> None:
    assert Client().get(URL)["Location"].startswith("/accounts/login/")
    for address in ("", "strength/", "later/"):
        assert Client().post(URL + address, {"new": NEW}).status_code == 401


def test_another_passphrase_comes_alone(hers: Client) -> None:
    answer = hers.get(URL, headers={"HX-Request": "true"})
    assert text(answer).lstrip().startswith('<div class="phrase" id="password-phrase">')
    assert text(hers.get(URL, headers={"HX-Request": "true"})) != text(answer)


# Nothing is kept


def everything_in_redis(url: str) -> bytes:
    client: Any = redis.from_url(url)  # its answers are typed otherwise from version to version
    kept = b""
    for key in client.keys("*"):
        kind = client.type(key)
        kept += key + (client.get(key) or b"" if kind == b"string" else b"")
    return kept


def test_neither_password_is_logged_or_stored_anywhere(
    hers: Client,
    carole: MailAccount,
    dovecot: Dovecot,
    redis_server: str,
    settings,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = "Ancien-Essai+9"
    post(hers, wrong, "Soleil1!")
    post(hers, wrong)
    hers.post(f"{URL}strength/", {"new": NEW})
    settings.PASSWORD_DOVECOT_PATH = {"": "/nowhere/users"}
    assert post(hers, carole.password).status_code == 503
    settings.PASSWORD_DOVECOT_PATH = {"": str(dovecot.users)}
    assert post(hers, carole.password).status_code == 302
    caplog.set_level(logging.WARNING)
    call_command("dumpdata", "--all")
    database = capsys.readouterr().out
    sessions = [row.session_data for row in Session.objects.all()] + [str(dict(hers.session))]
    places = [caplog.text, database, *sessions, str(everything_in_redis(redis_server))]
    places += [dovecot.users.read_text()]
    assert "carole" in database and "mail_password" in "".join(sessions)
    for secret in (carole.password, NEW, wrong, "Soleil1!"):
        assert not [place for place in places if secret in place], secret


def test_a_crash_shows_neither(
    hers: Client, carole: MailAccount, monkeypatch, caplog: pytest.LogCaptureFixture
) -> None:
    def crash(*args: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(change, "change", crash)
    hers.raise_request_exception = False
    answer = post(hers, carole.password)
    assert answer.status_code == 500
    for place in (text(answer), caplog.text):
        assert carole.password not in place and NEW not in place
    assert "unforeseen" in caplog.text
    (record,) = [record for record in caplog.records if record.exc_info]
    assert record.request.sensitive_post_parameters == ("old", "new", "again")  # type: ignore[attr-defined]


def test_neither_password_stands_in_a_log_of_connections(hers: Client, carole: MailAccount) -> None:
    user = User.objects.get(login="carole")
    begin_log(user)
    assert hers.get("/mail/INBOX/").status_code == 200
    post(hers, "Pas-Le-Mien9 !")
    post(hers, carole.password)
    session.pool().close_all()
    assert hers.get("/mail/INBOX/").status_code == 200
    text = lines_of(user)
    assert text.count(" LOGIN …") >= 2
    for secret in (carole.password, NEW, "Pas-Le-Mien9 !", "carole"):
        assert not shows(text, secret)
