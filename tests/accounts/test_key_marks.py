"""Keys of the environment that are changed: what was sealed before opens, and no session ends."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client

from accounts import key_marks
from accounts.models import KeyMark, User, UserSession
from accounts.sealed import rows
from demo.servers.dovecot import MailAccount
from mail.errors import Unreadable
from tests.waiting import LONGEST_S
from webmail.backups import contents
from webmail.doctor import keys
from webmail.models import Draft
from webmail.writing import sealing

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_cache", "pool_closed")]
NEW = "a-new-key-of-the-installation-of-50-characters-and-more"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def rotate(settings) -> Callable[..., None]:
    """Put new keys in front; without ``listed`` the former ones are gone."""

    def change(*, listed: bool = True) -> None:
        former = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
        settings.SECRET_KEY = f"{NEW}-{len(former)}"
        settings.SECRET_KEY_FALLBACKS = former if listed else []
        lending = [settings.LENDING_KEY, *settings.LENDING_KEY_FALLBACKS]
        settings.LENDING_KEY = f"{len(lending):032}".encode()
        settings.LENDING_KEY_FALLBACKS = lending if listed else []

    return change


@pytest.fixture(params=["cached", "database"])
def engine(request: pytest.FixtureRequest, settings) -> str:
    settings.SESSION_ENGINE = f"accounts.session_stores.{request.param}"
    return str(request.param)


def test_a_session_goes_on_and_needs_the_former_key_no_more(
    engine: str, signed_in: Callable[..., Client], alice: MailAccount, rotate, settings
) -> None:
    browser = signed_in(alice)
    own = UserSession.objects.get()
    cookie = browser.cookies["session"].value
    rotate()
    cache.clear()
    assert browser.get("/mail/INBOX/").status_code == 200
    assert browser.cookies["session"].value == cookie
    moved = UserSession.objects.get()
    assert (moved.pk, moved.session_key != own.session_key) == (own.pk, True)
    assert Session.objects.get().pk == moved.session_key
    settings.SECRET_KEY_FALLBACKS = []
    cache.clear()
    assert browser.get("/mail/INBOX/").status_code == 200


def test_two_browsers_of_one_session_at_once_both_go_on(
    engine: str, signed_in: Callable[..., Client], alice: MailAccount, rotate
) -> None:
    """The second request still reads the former row's cookie, and finds the row that was moved."""
    browser = signed_in(alice)
    twin = Client()
    twin.cookies.update(browser.cookies)
    rotate()
    for client in (browser, twin, browser):
        assert client.get("/mail/INBOX/").status_code == 200


def test_without_the_former_key_a_session_is_over(
    engine: str, signed_in: Callable[..., Client], alice: MailAccount, rotate
) -> None:
    browser = signed_in(alice)
    rotate(listed=False)
    assert browser.get("/mail/INBOX/").status_code == 302


def test_second_factors_drafts_and_loans_open_with_either_key(rotate) -> None:
    user = User.objects.create(login="anne")
    text = get_adapter().encrypt("JBSWY3DPEHPK3PXP")
    number = uuid.uuid4()
    lent = rows.seal(b"lent password", number, user.pk, b"Craie")
    draft = Draft(user=user)
    draft.sealed = sealing.seal(draft.pk, user.pk, b"{}")
    rotate()
    rotate()
    assert get_adapter().decrypt(text) == "JBSWY3DPEHPK3PXP"
    assert rows.opened(b"lent password", number, user.pk, lent) == b"Craie"
    assert sealing.opened(draft.pk, user.pk, draft.sealed) == b"{}"
    rotate(listed=False)
    with pytest.raises(Unreadable):
        sealing.opened(draft.pk, user.pk, draft.sealed)


def doctor(level: str) -> str:
    return " ".join(
        f"{finding.text} {finding.advice}" for finding in keys.findings() if finding.level == level
    )


def test_the_doctor_tells_of_a_changed_key_where_nothing_was_sealed_yet(rotate) -> None:
    key_marks.plant()
    assert not doctor("bad") and not doctor("warn")
    rotate()
    assert "adopt_keys" in doctor("warn") and not doctor("bad")
    rotate(listed=False)
    for setting in (key_marks.SECRET, key_marks.LENDING):
        assert setting in doctor("bad")
    assert "adopt_keys" in doctor("bad")
    key_marks.plant()
    assert doctor("bad"), "a mark of another key stays"


def test_adopted_keys_open_second_factors_without_the_former_key(rotate, settings) -> None:
    key_marks.plant()
    user = User.objects.create(login="anne")
    data = {"secret": get_adapter().encrypt("JBSWY3DPEHPK3PXP")}
    factor = Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data=data)
    codes = {"seed": get_adapter().encrypt("seed"), "used_mask": 3}
    recovery = Authenticator.objects.create(
        user=user, type=Authenticator.Type.RECOVERY_CODES, data=codes
    )
    rotate()
    call_command("adopt_keys")
    settings.SECRET_KEY_FALLBACKS = settings.LENDING_KEY_FALLBACKS = []
    factor.refresh_from_db()
    recovery.refresh_from_db()
    assert get_adapter().decrypt(factor.data["secret"]) == "JBSWY3DPEHPK3PXP"
    assert get_adapter().decrypt(recovery.data["seed"]) == "seed"
    assert recovery.data["used_mask"] == 3
    assert not doctor("bad") and not doctor("warn")


def test_keys_that_open_nothing_are_not_adopted(rotate) -> None:
    key_marks.plant()
    user = User.objects.create(login="anne")
    data = {"secret": get_adapter().encrypt("JBSWY3DPEHPK3PXP")}
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data=data)
    marks = set(KeyMark.objects.values_list("mark", flat=True))
    rotate(listed=False)
    with pytest.raises(CommandError, match="new,old"):
        call_command("adopt_keys")
    assert Authenticator.objects.get().data == data
    assert set(KeyMark.objects.values_list("mark", flat=True)) == marks


def test_a_backup_of_the_former_key_is_not_called_foreign(rotate) -> None:
    manifest = contents.Manifest("2026-01-01T00:00:00+00:00", "1", "x", [], {}, contents.key_mark())
    rotate()
    assert contents.is_of_known_key(manifest)
    rotate(listed=False)
    assert not contents.is_of_known_key(manifest)


OLD = "an-old-key-of-the-installation-of-50-characters,with,commas"


@pytest.mark.parametrize(
    ("value", "keys_read"),
    [
        (f"{NEW},{NEW[::-1]}", [NEW, NEW[::-1]]),
        (f"{NEW}, {NEW[::-1]}", [NEW, NEW[::-1]]),
        (OLD, [OLD]),
        (f"{NEW},", [f"{NEW},"]),
    ],
)
def test_the_environment_lists_keys_and_a_comma_within_a_key_stays(
    value: str, keys_read: list[str], tmp_path: Path
) -> None:
    (tmp_path / "key").write_text(value + "\n")
    code = "from webmail import settings as s; print([s.SECRET_KEY, *s.SECRET_KEY_FALLBACKS])"
    environment = {"PATH": os.environ["PATH"], "WEBMAIL_SECRET_KEY_FILE": str(tmp_path / "key")}
    answer = subprocess.run(  # noqa: S603  our own interpreter
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=LONGEST_S,
    )
    assert answer.stdout.strip() == str(keys_read)
