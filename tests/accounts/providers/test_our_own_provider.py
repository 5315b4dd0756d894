"""Two webmails: people sign in to one by the other, and leave both at once."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from accounts import session
from accounts.models import MailDomain, SignInProvider, User, UserSession
from accounts.providers import flow
from demo.servers.dovecot import Dovecot, TokenCheck
from tests.accounts.providers.conftest import onward, running
from tests.servers.plugin import ALICE
from tests.servers.second_webmail import Browser, SecondWebmail

SECRET = "Un-Secret-Long-Et-Sur"


@pytest.fixture
def second(
    tmp_path: Path, migrated: Path, oidc_pem: str, dovecot: Dovecot
) -> Iterator[SecondWebmail]:
    server = SecondWebmail(tmp_path, migrated, oidc_pem, dovecot.imap_port)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def own_dovecot(second: SecondWebmail) -> Iterator[Dovecot]:
    """It shows tokens to the second webmail, and knows people by their addresses."""
    tokens = TokenCheck(f"{second.url}/identity/o/api/userinfo", "email")
    with running([], tokens=tokens) as server:
        yield server


@pytest.mark.django_db(transaction=True)
def test_two_webmails(
    second: SecondWebmail, own_dovecot: Dovecot, settings: Any, live_server: Any, clean_cache: None
) -> None:
    settings.PROVIDER_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]
    settings.BASE_URL = live_server.url.replace("localhost", "127.0.0.1")
    domain = MailDomain.objects.create(
        name="ac-exemple.fr",
        is_default=True,
        imap_host="127.0.0.1",
        imap_port=own_dovecot.imap_port,
        imap_security=MailDomain.Security.NONE,
    )
    provider = SignInProvider(
        mail_domain=domain,
        issuer=second.url,
        client_id="webmail",
        scopes="openid profile email",
        login_template="{email}",
    )
    provider.secret = SECRET
    provider.save()
    over = f"{settings.BASE_URL}/accounts/provider/{provider.pk}/over/"
    second.register(
        back=flow.redirect_uri(provider),
        bye=flow.post_logout_redirect_uri(),
        over=over,
        secret=SECRET,
    )
    there = Browser(second.url)
    there.sign_in(ALICE)
    here = Client()
    leads = urlsplit(onward(here.post("/accounts/login/", {"provider": provider.pk})))
    status, to, page = there.ask(f"{leads.path}?{leads.query}")
    assert status == 302, page
    back = urlsplit(to)
    answer = here.get(f"{back.path}?{back.query}")
    assert answer.status_code == 302, answer.content.decode()
    session.pool().close_all()
    inbox = here.get("/mail/INBOX/")
    assert inbox.status_code == 200, own_dovecot.log.read_text()
    assert User.objects.get().login == "alice@ac-exemple.fr"
    # Leaving there ends the session here, by a request from server to server.
    assert there.send("/accounts/logout/")[0] == 302
    assert not UserSession.objects.exists()
    assert here.get("/mail/INBOX/").status_code == 302
    session.pool().close_all()
