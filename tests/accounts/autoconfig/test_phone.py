"""Links in QR codes: who gets one, what it is worth and for how long."""

from __future__ import annotations

import time
from urllib.parse import quote

import pytest
from django.core.cache import cache

from accounts import audit
from accounts.autoconfig import phone
from mail.errors import TooManyTries

pytestmark = pytest.mark.usefixtures("clean_cache")

ALICE, BOB = phone.SettingsHolder("record", 1), phone.SettingsHolder("record", 2)


def test_a_reload_shows_the_same_code() -> None:
    first = phone.current("ticket", ALICE)
    assert first is not None
    assert phone.current("ticket", ALICE) == first
    assert phone.find_phone_link(first.token) == first
    assert first.holder == ALICE
    assert 598 <= first.seconds_left <= 600


def test_nobody_else_has_it() -> None:
    tokens = {
        link.token
        for secret in ("ticket", "another")
        for holder in (ALICE, BOB, phone.SettingsHolder("user", 1))
        if (link := phone.current(secret, holder))
    }
    assert len(tokens) == 6
    assert all(len(token) == 27 and quote(token, safe="") == token for token in tokens)


def test_the_cache_does_not_tell_the_token(settings) -> None:
    link = phone.current("ticket", ALICE)
    assert link is not None
    settings.SECRET_KEY = "another-installation"
    other = phone.current("ticket", ALICE)
    assert other is None  # from the same cache, without the secret key, nothing opens
    assert cache.get(f"phone:{link.token}") is None


def test_a_new_code_ends_the_one_before() -> None:
    first = phone.current("ticket", ALICE)
    assert first is not None
    second = phone.renew("ticket", ALICE)
    assert phone.find_phone_link(first.token) is None
    assert phone.current("ticket", ALICE) == second
    assert second.token != first.token


def test_a_code_lives_for_ten_minutes_and_does_not_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(phone, "LINK_SECONDS", 1)
    link = phone.current("ticket", ALICE)
    assert link is not None
    time.sleep(1.1)
    assert phone.find_phone_link(link.token) is None
    assert phone.fetch(link.token) is None
    assert phone.current("ticket", ALICE) is None


def test_fetching_leaves_a_minute_to_fetch_again(monkeypatch: pytest.MonkeyPatch) -> None:
    link = phone.current("ticket", ALICE)
    assert link is not None
    first = phone.fetch(link.token)
    assert first is not None
    assert 58 <= first.seconds_left <= 60
    monkeypatch.setattr(phone, "AFTER_FETCH_SECONDS", 600)  # a second time does not begin anew
    again = phone.fetch(link.token)
    assert again == first


def test_after_that_minute_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone, "AFTER_FETCH_SECONDS", 1)
    link = phone.current("ticket", ALICE)
    assert link is not None
    assert phone.fetch(link.token) is not None
    time.sleep(1.1)
    assert phone.fetch(link.token) is None


def test_a_fetch_in_the_last_seconds_does_not_lengthen_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone, "LINK_SECONDS", 2)
    link = phone.current("ticket", ALICE)
    assert link is not None
    fetched = phone.fetch(link.token)
    assert fetched is not None
    assert fetched.ends <= link.ends


def test_one_person_makes_ten_codes_an_hour_whatever_his_tickets() -> None:
    for number in range(10):
        assert phone.current(f"ticket {number}", ALICE)
    with pytest.raises(TooManyTries) as caught:
        phone.renew("ticket 1", ALICE)
    assert 3590 <= caught.value.retry_after <= 3600
    assert phone.current("ticket 1", ALICE)  # what he has stays good
    assert phone.current("ticket", BOB)


@pytest.mark.parametrize("token", ["", "x" * 27, "x" * 5000, "é", "a b\n"])
def test_an_invented_token_opens_nothing(token: str) -> None:
    assert phone.find_phone_link(token) is None
    assert phone.fetch(token) is None


def test_an_address_is_masked_but_for_its_first_letter_and_domain() -> None:
    assert audit.masked("francoise.durand@ac-exemple.fr") == "f•••@ac-exemple.fr"
    assert audit.masked("f@ac-exemple.fr") == "f•••@ac-exemple.fr"
