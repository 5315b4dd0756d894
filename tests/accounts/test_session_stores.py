"""What stands in the database and in the cache opens no session, and cannot be changed into one."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from accounts.models import User, UserSession
from accounts.session_stores import cached, database
from accounts.session_stores.shared import SharedStore
from demo.servers.dovecot import MailAccount

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_cache", "pool_closed")]
STORES = (cached.SessionStore, database.SessionStore)


@pytest.fixture(params=STORES, ids=("cached", "database"))
def store(request: pytest.FixtureRequest, settings) -> type[SharedStore]:
    settings.SESSION_ENGINE = request.param.__module__
    return request.param


def made(store: type[SharedStore], **contents: str) -> SharedStore:
    session = store()
    session.update(contents)
    session.save()
    return session


def test_a_session_is_found_by_its_key_alone(store: type[SharedStore]) -> None:
    session = made(store, name="Françoise")
    assert store(session.session_key)["name"] == "Françoise"
    assert store(session.digest).load() == {}
    assert store("another-key-of-nobody").load() == {}


def test_a_new_key_keeps_the_contents_and_the_old_one_opens_nothing(
    store: type[SharedStore],
) -> None:
    session = made(store, name="Françoise")
    old = str(session.session_key)
    session.cycle_key()
    assert store(session.session_key)["name"] == "Françoise"
    assert not store().exists(old) and store(old).load() == {}
    session.flush()
    assert Session.objects.count() == 0


def test_a_session_is_ended_by_its_digest(store: type[SharedStore]) -> None:
    session = made(store, name="Françoise")
    store.end(session.digest)
    assert store(session.session_key).load() == {}


def test_neither_the_key_nor_the_contents_stand_anywhere(
    store: type[SharedStore],
    signed_in: Callable[..., Client],
    alice: MailAccount,
    capsys: pytest.CaptureFixture[str],
) -> None:
    browser = signed_in(alice)
    assert browser.get("/mail/INBOX/").status_code == 200
    assert browser.get("/search/?q=lettre").status_code == 200
    key = browser.cookies["session"].value
    call_command("dumpdata", "--all")
    kept = capsys.readouterr().out + repr(vars(cache).get("_cache", ""))
    assert Session.objects.get().session_key in kept
    assert key not in kept
    assert not [
        word for word in ("_auth_user_id", '"mail_password"', "own_session") if word in kept
    ]


def test_what_is_read_in_the_database_opens_no_session(
    store: type[SharedStore], signed_in: Callable[..., Client], alice: MailAccount
) -> None:
    browser = signed_in(alice)
    for key in (Session.objects.get().session_key, UserSession.objects.get().session_key):
        thief = Client()
        thief.cookies["session"] = key
        thief.cookies["mail_key"] = browser.cookies["mail_key"].value
        assert thief.get("/mail/INBOX/").status_code == 302


def test_contents_of_another_session_are_not_taken(store: type[SharedStore]) -> None:
    """Whoever writes to the database and the cache makes no administrator of a session."""
    boss, own = made(store, _auth_user_id="1"), made(store, name="own")
    row = Session.objects.get(session_key=boss.digest)
    Session.objects.filter(session_key=own.digest).update(session_data=row.session_data)
    cache.set(f"session:{own.digest}", row.session_data)
    assert store(own.session_key).load() == {}
    for forged in ("", "AAAA", "é", json.dumps({"_auth_user_id": "1"}), {"_auth_user_id": "1"}):
        cache.set(f"session:{own.digest}", forged)
        Session.objects.filter(session_key=own.digest).update(session_data=str(forged))
        assert store(own.session_key).load() == {}, forged


def test_another_installation_reads_nothing(store: type[SharedStore], settings) -> None:
    session = made(store, name="Françoise")
    settings.SECRET_KEY = "another-key-of-the-installation-" * 2
    assert store(session.session_key).load() == {}


def test_the_engine_of_the_settings_is_one_of_ours() -> None:
    engine = importlib.import_module(django_settings.SESSION_ENGINE)
    assert issubclass(engine.SessionStore, SharedStore)


def test_a_session_in_the_old_form_is_over(
    store: type[SharedStore], signed_in: Callable[..., Client], alice: MailAccount
) -> None:
    browser = signed_in(alice)
    key = browser.cookies["session"].value
    Session.objects.update(session_key=key)
    UserSession.objects.update(session_key=key)
    cache.clear()
    assert browser.get("/mail/INBOX/").status_code == 302
    assert User.objects.count() == 1
