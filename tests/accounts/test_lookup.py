"""The account lookup: who is found, what is shown, what nobody learns from it."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import date
from urllib.parse import urlencode

import pytest
import redis
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import lookup, numen
from accounts.models import AuditEvent, MailDomain, StaffRecord, User
from accounts.numen import NumenKey
from core import clock
from demo.servers.dovecot import MailAccount

pytestmark = [
    pytest.mark.sqlite,
    pytest.mark.django_db,
    pytest.mark.usefixtures("clean_cache", "numen_key"),
]
LOOKUP, SHEET, CLOSE = "/lookup/", "/lookup/sheet/", "/lookup/close/"
NUMEN, BORN = "20E0500001AAA", date(1980, 5, 12)
TYPED = {"numen": NUMEN, "birth": "12/05/1980"}


@pytest.fixture
def claire(numen_key: NumenKey) -> StaffRecord:
    domain = MailDomain.objects.create(
        name="ac-exemple.fr",
        is_default=True,
        login_form=MailDomain.LoginForm.LOCAL,
        imap_host="imap.ac-exemple.fr",
        smtp_host="smtp.ac-exemple.fr",
        smtp_port=587,
        smtp_security=MailDomain.Security.STARTTLS,
        pop_host="pop.ac-exemple.fr",
    )
    return StaffRecord.objects.create(
        numen_digest=numen.digest_of_numen(numen_key, NUMEN),
        lookup_digest=numen.digest_of_person(numen_key, NUMEN, BORN),
        key_id=numen_key.id,
        first_name="Claire",
        last_name="Morvan",
        mail_domain=domain,
        login="cmorvan",
        address="claire.morvan@ac-exemple.fr",
        school_name="Collège des Tilleuls",
        discipline="sciences de la vie et de la Terre",
        password_changed=date(2026, 9, 14),
    )


def words(client: Client, url: str = SHEET) -> str:
    return client.get(url).content.decode()


def found(client: Client, **typed: str) -> bool:
    answer = client.post(LOOKUP, {**TYPED, **typed})
    assert answer.status_code in (302, 422), answer.status_code
    return answer.status_code == 302


def test_numen_and_date_of_birth_show_the_mail_settings(claire: StaffRecord, client) -> None:
    answer = client.post(LOOKUP, TYPED, follow=True)
    assert answer.redirect_chain == [(SHEET, 302)]
    shown = answer.content.decode()
    for value in (
        "Claire Morvan",
        "Collège des Tilleuls, sciences de la vie et de la Terre",
        "claire.morvan@ac-exemple.fr",
        "cmorvan",
        "imap.ac-exemple.fr",
        "smtp.ac-exemple.fr",
        "pop.ac-exemple.fr",
        "993",
        "587",
        "STARTTLS",
        "SSL/TLS",
        "14/09/2026",
        "http://localhost:8000",
    ):
        assert value in shown


def test_every_value_has_a_button_that_copies_it(claire: StaffRecord, client) -> None:
    client.post(LOOKUP, TYPED)
    assert re.findall(r'data-copy="([^"]+)"', words(client)) == [
        "claire.morvan@ac-exemple.fr",
        "cmorvan",
        "http://localhost:8000",
        "imap.ac-exemple.fr",
        "993",
        "smtp.ac-exemple.fr",
        "587",
        "pop.ac-exemple.fr",
        "995",
    ]


@pytest.mark.parametrize("typed", ["20 e 05 00001 aaa", "2OE050000IAAA".replace("I", "1")])
def test_the_form_of_what_is_typed_is_forgiven(claire: StaffRecord, client, typed: str) -> None:
    assert found(client, numen=typed, birth="12 mai 1980")


def test_servers_that_the_domain_lacks_are_not_shown(claire: StaffRecord, client) -> None:
    MailDomain.objects.update(pop_host="", smtp_host="")
    client.post(LOOKUP, TYPED)
    assert "(IMAP)" in words(client)
    assert "(POP)" not in words(client) and "(SMTP)" not in words(client)


def test_an_inactive_person_is_not_found(claire: StaffRecord, client) -> None:
    StaffRecord.objects.update(is_active=False)
    assert not found(client)


def test_who_leaves_meanwhile_is_no_longer_shown(claire: StaffRecord, client) -> None:
    client.post(LOOKUP, TYPED)
    StaffRecord.objects.update(is_active=False)
    assert client.get(SHEET).status_code == 410


def test_a_record_answers_by_the_old_key_until_an_import(
    claire: StaffRecord, client, settings, numen_key: NumenKey
) -> None:
    settings.NUMEN_KEYS = (NumenKey("2027", b"n" * 32), numen_key)
    assert found(client)


def test_a_record_of_a_key_that_is_gone_is_not_found(claire: StaffRecord, client, settings) -> None:
    settings.NUMEN_KEYS = (NumenKey("2027", b"n" * 32),)
    assert not found(client)


# What nobody learns


def steps(client: Client, **typed: str) -> tuple[list[str], str]:
    """The queries of a lookup without its values, and the page without its token."""
    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = client.post(LOOKUP, {**TYPED, **typed})
    page = answer.content.decode()
    for secret in (*typed.values(), *TYPED.values()):
        page = page.replace(f'value="{secret}"', 'value=""')
    page = re.sub(r"\b\w{64}\b", "", page)
    sql = [
        re.sub(r"'[^']*'|\b\d+\b|X?'[0-9A-F]+'", "?", q["sql"]) for q in queries.captured_queries
    ]
    return sql, f"{answer.status_code} {page}"


def test_an_unknown_numen_and_a_wrong_date_get_the_same_answer_by_the_same_steps(
    claire: StaffRecord, client
) -> None:
    client.get(LOOKUP)
    unknown = steps(client, numen="20E0599999ZZZ")
    wrong = steps(client, birth="13/05/1980")
    StaffRecord.objects.update(is_active=False)
    inactive = steps(client)
    assert unknown[0] == wrong[0] == inactive[0]
    assert unknown[1] == wrong[1] == inactive[1]
    assert sum("staffrecord" in sql for sql in unknown[0]) == 1


def test_the_cache_is_asked_as_often_for_a_numen_that_was_looked_up_before(
    claire: StaffRecord, client, redis_server: str
) -> None:
    def commands(numen: str) -> int:
        # What each page asks for is held by the process for five seconds: asked anew each time.
        cache._kept.near.clear()  # type: ignore[attr-defined]  # of webmail.serving.cache
        before = cache_commands(redis_server)
        assert not found(client, numen=numen)
        return cache_commands(redis_server) - before

    assert not found(client, numen="20E0599998ZZZ")
    assert commands("20E0599999ZZZ") == commands("20E0599999ZZZ")


def cache_commands(redis_server: str) -> int:
    """Return how many commands the server has run so far, however they came."""
    with redis.Redis.from_url(redis_server) as server:
        return sum(stat["calls"] for stat in server.info("commandstats").values())


def test_no_page_address_cookie_or_log_line_holds_what_was_typed(
    claire: StaffRecord, client, caplog
) -> None:
    caplog.set_level(logging.DEBUG)
    client.post(LOOKUP, {**TYPED, "birth": "13/05/1980"})
    answer = client.post(LOOKUP, TYPED)
    told = [answer["Location"], str(client.cookies), words(client), caplog.text]
    told += [str(vars(event)) for event in AuditEvent.objects.all()]
    for text in told:
        assert NUMEN not in text.upper()
        assert "1980" not in text


def test_errors_do_not_repeat_what_was_typed(claire: StaffRecord, client) -> None:
    page = client.post(LOOKUP, {"numen": "20E05000é1AAA", "birth": "31/02/1981"}).content.decode()
    assert page.count("20E05000é1AAA") == page.count('value="20E05000é1AAA"') == 1
    assert page.count("31/02/1981") == page.count('value="31/02/1981"') == 1


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.get(LOOKUP),
        lambda client: client.post(LOOKUP, {"numen": "x"}),
        lambda client: client.post(LOOKUP, TYPED),
        lambda client: client.get(SHEET),
        lambda client: client.post(CLOSE),
    ],
)
def test_nothing_is_kept_by_a_browser_or_proxy(claire: StaffRecord, client, ask) -> None:
    assert "no-store" in ask(client)["Cache-Control"]


def test_forms_of_other_sites_look_nobody_up(claire: StaffRecord) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(LOOKUP, TYPED).status_code == 403
    assert strict.post(CLOSE).status_code == 403


# The sheet, for ten minutes


def test_the_sheet_opens_to_the_browser_that_asked_alone(claire: StaffRecord, client) -> None:
    client.post(LOOKUP, TYPED)
    assert Client().get(SHEET).status_code == 410
    other = Client()
    other.cookies["lookup"] = "x" * 43
    assert other.get(SHEET).status_code == 410


def test_the_cookie_is_for_this_site_and_no_script(claire: StaffRecord, client) -> None:
    cookie = client.post(LOOKUP, TYPED).cookies["lookup"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Strict")
    assert (cookie["path"], cookie["max-age"]) == (LOOKUP, 600)


def test_the_cookie_goes_by_https_alone_where_the_site_has_it(
    claire: StaffRecord, client, settings
) -> None:
    settings.HTTPS = True
    assert client.post(LOOKUP, TYPED).cookies["__Secure-lookup"]["secure"]


def test_the_cache_alone_opens_nothing(claire: StaffRecord, client) -> None:
    token = client.post(LOOKUP, TYPED).cookies["lookup"].value
    assert cache.get(f"lookup:{token}") is None


def test_after_ten_minutes_the_server_shows_nothing(
    claire: StaffRecord, client, monkeypatch
) -> None:
    client.post(LOOKUP, TYPED)
    now = clock.timestamp()
    monkeypatch.setattr(clock, "timestamp", lambda: now + 599)
    assert client.get(SHEET).status_code == 200
    monkeypatch.setattr(clock, "timestamp", lambda: now + 601)
    answer = client.get(SHEET)
    assert answer.status_code == 410
    assert "cmorvan" not in answer.content.decode()
    assert LOOKUP in answer.content.decode()


def test_the_page_leaves_by_itself_without_a_script(claire: StaffRecord, client) -> None:
    client.post(LOOKUP, TYPED)
    (seconds,) = re.findall(r'http-equiv="refresh" content="(\d+)"', words(client))
    assert 590 <= int(seconds) <= 600


def test_closing_forgets_at_once(claire: StaffRecord, client) -> None:
    client.post(LOOKUP, TYPED)
    thief = Client()
    thief.cookies["lookup"] = client.cookies["lookup"].value
    assert client.post(CLOSE)["Location"] == LOOKUP
    assert client.get(SHEET).status_code == 410
    assert thief.get(SHEET).status_code == 410


# Limits


def test_a_numen_is_not_looked_up_for_ever(claire: StaffRecord, client, settings) -> None:
    settings.LOOKUPS_PER_NUMEN = 3
    for n in range(3):
        assert not found(Client(REMOTE_ADDR=f"192.0.2.{n}"), birth=f"{n + 1}/05/1980")
    answer = client.post(LOOKUP, TYPED)
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 23 * 3600
    assert found(client, numen="20E0500002AAA") is False


def test_a_numen_is_limited_however_it_is_typed(claire: StaffRecord, client, settings) -> None:
    settings.LOOKUPS_PER_NUMEN = 1
    assert not found(client, birth="1/1/1970")
    assert client.post(LOOKUP, {**TYPED, "numen": NUMEN.lower()}).status_code == 429


def test_an_unknown_numen_is_limited_as_a_known_one(claire: StaffRecord, client, settings) -> None:
    settings.LOOKUPS_PER_NUMEN = 1
    assert not found(client, numen="20E0599999ZZZ")
    assert client.post(LOOKUP, {**TYPED, "numen": "20E0599999ZZZ"}).status_code == 429


def test_failures_are_counted_for_a_network_and_successes_are_not(
    claire: StaffRecord, client, settings
) -> None:
    settings.LOOKUP_FAILURES_PER_NETWORK = 2
    assert all(found(client) for _time in range(4))
    for n in range(2):
        assert not found(client, numen=f"20E050000{n}ZZZ")
    assert client.post(LOOKUP, TYPED).status_code == 429
    assert found(Client(REMOTE_ADDR="192.0.2.9"))


def test_a_crowd_that_guesses_refuses_nobody_else(claire: StaffRecord, settings) -> None:
    """120 failures from the changing /64 of one /48 used to refuse everybody for a minute."""
    settings.LOOKUP_FAILURES_PER_MINUTE = 10
    settings.LOOKUP_FAILURES_PER_NETWORK = 2
    answers = [
        Client(REMOTE_ADDR=f"2001:db8:7:{n:x}::1").post(LOOKUP, {**TYPED, "numen": crowd(n)})
        for n in range(60)
    ]
    refused = [answer.status_code == 429 for answer in answers]
    assert refused.index(True) == 2 * 5, "the /56 is over"
    assert found(Client(REMOTE_ADDR="192.0.2.9"))
    assert found(Client(REMOTE_ADDR="2001:db8:8::1"))
    told = AuditEvent.objects.filter(kind="lookup.limited", detail__limit="all-lookups")
    assert told.count() == 1


def test_a_provider_whose_networks_all_guess_is_slowed_as_one(
    claire: StaffRecord, settings
) -> None:
    settings.LOOKUP_FAILURES_PER_NETWORK = 1
    for n in range(25):
        Client(REMOTE_ADDR=f"192.0.{n}.{n}").post(LOOKUP, {**TYPED, "numen": crowd(n)})
    answer = Client(REMOTE_ADDR="192.0.99.9").post(LOOKUP, TYPED)
    assert answer.status_code == 429 and int(answer["Retry-After"]) > 60
    assert found(Client(REMOTE_ADDR="192.1.0.9"))


def crowd(n: int) -> str:
    return f"20E05{n:05}ZZZ"


def test_what_has_no_form_of_a_numen_is_no_try(claire: StaffRecord, client, settings) -> None:
    settings.LOOKUP_FAILURES_PER_NETWORK = 1
    for _time in range(3):
        assert not found(client, numen="20E05")
    assert found(client)
    assert [event.kind for event in AuditEvent.objects.all()] == ["lookup.found"]


# The audit log


def test_each_lookup_is_a_line_of_the_audit_log(claire: StaffRecord, settings) -> None:
    settings.LOOKUPS_PER_NUMEN = 2
    client = Client(REMOTE_ADDR="192.0.2.7")
    client.post(LOOKUP, {**TYPED, "birth": "13/05/1980"})
    client.post(LOOKUP, TYPED)
    for _time in range(3):
        client.post(LOOKUP, TYPED)
    lines = [(e.kind, e.target, e.network, e.detail) for e in AuditEvent.objects.order_by("pk")]
    assert lines == [
        ("lookup.failed", "", "192.0.2.7", {}),
        ("lookup.found", "claire.morvan@ac-exemple.fr", "192.0.2.7", {}),
        ("lookup.limited", "", "192.0.2.7", {"limit": "numen"}),
    ]


def test_who_is_signed_in_and_finds_nobody_is_not_whom_the_line_is_about(
    signed_in: Callable[..., Client], alice: MailAccount
) -> None:
    signed_in(alice).post(LOOKUP, TYPED)
    event = AuditEvent.objects.get(kind="lookup.failed")
    assert (str(event.actor), event.target) == ("alice@ac-exemple.fr", "")


# Bad input


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ({}, ["numen", "birth"]),
        ({"numen": "20Е0500001AAA"}, ["numen"]),  # noqa: RUF001  a Cyrillic letter
        ({"numen": "20E0500001AA\0"}, ["numen"]),
        ({"numen": "x" * 10_000}, ["numen"]),
        ({"numen": ["20E0500001AAA", "20E05"]}, ["numen"]),
        ({"numen[]": NUMEN}, ["numen", "birth"]),
        ({"birth": "31/02/1981"}, ["birth"]),
        ({"birth": "01/01/2090"}, ["birth"]),
        ({"birth": "01/01/1800"}, ["birth"]),
        ({"birth": "1" * 10_000}, ["birth"]),
        ({"birth": "\0"}, ["birth"]),
        ({"birth": "\ud800"}, ["birth"]),
    ],
)
def test_what_cannot_be_looked_up_is_marked_at_its_field(
    claire: StaffRecord, client, typed: dict, wrong: list[str]
) -> None:
    data = {**TYPED, **typed} if typed and "numen[]" not in typed else typed
    body = urlencode(data, doseq=True, errors="surrogatepass")
    answer = client.post(LOOKUP, body, content_type="application/x-www-form-urlencoded")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert re.findall(r'<div id="id_(\w+)_error">', page) == wrong
    assert len(page) < 20_000
    assert not AuditEvent.objects.exists()


def test_an_error_leads_to_its_field(claire: StaffRecord, client) -> None:
    page = client.post(LOOKUP, {**TYPED, "birth": "31/02/1981"}).content.decode()
    assert re.search(r'<div class="banner bad" tabindex="-1" autofocus role="alert">', page)
    assert '<li><a href="#id_birth">' in page
    assert re.search(r'name="birth"[^>]*aria-describedby="id_birth_helptext id_birth_error"', page)
    assert re.search(r'name="birth"[^>]*aria-invalid="true"', page)
    assert not re.search(r'name="numen"[^>]*aria-invalid', page)


def test_each_mistake_has_french_words_of_its_own(claire: StaffRecord, client) -> None:
    def said(**typed: str) -> str:
        page = client.post(LOOKUP, {**TYPED, **typed}).content.decode()
        return re.sub(r"\s+", " ", page)

    assert "13 caractères" in said(numen="20E05")
    assert "sans accent" in said(numen="20E05000é1AAA")
    assert "dans aucun calendrier" in said(birth="31/02/1981")
    assert "n’est pas encore passé" in said(birth="01/01/2090")
    assert "Aucun agent en activité" in said(birth="13/05/1980")


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_are_refused(client, method: str) -> None:
    assert getattr(client, method)(LOOKUP).status_code == 405
    assert getattr(client, method)(SHEET).status_code == 405


def test_a_numen_in_an_address_looks_nobody_up(claire: StaffRecord, client) -> None:
    page = client.get(LOOKUP, TYPED).content.decode()
    assert not AuditEvent.objects.exists()
    assert f'value="{NUMEN}"' not in page


def test_without_a_key_there_is_no_lookup(claire: StaffRecord, client, settings) -> None:
    settings.NUMEN_KEYS = ()
    settings.SUPPORT_PHONE = "03 22 00 00 00"
    for answer in (client.get(LOOKUP), client.post(LOOKUP, TYPED)):
        assert answer.status_code == 404
        assert "03 22 00 00 00" in answer.content.decode()
    assert LOOKUP not in words(client, "/accounts/login/")


def test_the_sign_in_page_leads_to_the_lookup(claire: StaffRecord, client) -> None:
    assert f'href="{LOOKUP}"' in words(client, "/accounts/login/")


# Who is signed in


def test_who_is_signed_in_sees_his_own_settings(
    signed_in: Callable[..., Client], alice: MailAccount
) -> None:
    client = signed_in(alice)
    page = words(client, "/account/settings/")
    assert 'data-copy="alice@ac-exemple.fr"' in page and 'data-copy="alice"' in page
    assert 'data-copy="127.0.0.1"' in page
    assert 'href="/account/settings/"' in words(client, "/preferences/")


def test_the_staff_record_of_who_is_signed_in_tells_more(claire: StaffRecord, client) -> None:
    user = User.objects.create(mail_domain=claire.mail_domain, login="cmorvan")
    assert lookup.settings_of_user(user).password_changed == date(2026, 9, 14)
