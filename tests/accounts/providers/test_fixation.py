"""Who planted the key of a session in a browser has nothing of it once somebody signs in there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.test import Client

from accounts import session
from accounts.models import MailDomain, User
from demo.servers.dovecot import MailAccount
from tests.accounts.providers.conftest import Academy
from tests.accounts.test_administrators import code_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_cache", "pool_closed")]
LOGIN, STEP = "/accounts/login/", "/accounts/2fa/authenticate/"


def key_of(browser: Client) -> str:
    """Return the key of the browser's session, which is begun if there is none."""
    key = browser.session.session_key
    assert key
    return key


def opens(key: str) -> bool:
    """Return whether whoever has only this key counts as signed in. The mail stays shut to him even
    so, since another cookie opens the sealed password."""
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = key
    answer = thief.get("/mail/INBOX/")
    assert answer.status_code == 302
    return not answer["Location"].startswith(LOGIN)


def sign_in(browser: Client, account: MailAccount) -> str:
    form = {"login": account.login, "password": account.password}
    return browser.post(LOGIN, form)["Location"]


def test_by_password(mail_domain: MailDomain, alice: MailAccount) -> None:
    browser = Client()
    planted = key_of(browser)
    sign_in(browser, alice)
    assert opens(key_of(browser))
    assert not opens(planted)


def test_in_the_session_that_another_user_has_left(
    signed_in: Callable[..., Client], alice: MailAccount, bob: MailAccount
) -> None:
    browser = signed_in(bob)
    planted = key_of(browser)
    assert opens(planted)
    browser.post("/accounts/logout/")
    sign_in(browser, alice)
    assert opens(key_of(browser))
    assert not opens(planted)


def test_at_the_second_factor(mail_domain: MailDomain, alice: MailAccount) -> None:
    user = User.objects.create(mail_domain=mail_domain, login="alice")
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    browser = Client()
    planted = key_of(browser)
    assert sign_in(browser, alice) == STEP
    between = key_of(browser)
    assert browser.post(STEP, {"code": code_of(secret)}).status_code == 302
    assert opens(key_of(browser))
    assert not opens(planted)
    assert not opens(between)


def test_by_a_provider(academy: Academy) -> None:
    browser = Client()
    planted = key_of(browser)
    address = academy.leave_for(browser)
    underway = key_of(browser)
    assert academy.come_back(browser, address).status_code == 302
    session.pool().close_all()
    assert opens(key_of(browser))
    assert not opens(planted)
    assert not opens(underway)
