"""The demo's own provider, between the webmail and a Dovecot that asks it."""

from __future__ import annotations

import http.client
import ipaddress
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from django.test import Client

from accounts import session
from accounts.models import MailDomain, SignInProvider, TokenGrant, User
from accounts.providers import asking, grants
from accounts.providers.failures import ProviderError
from demo.servers.dovecot import TokenCheck
from demo.servers.issuer import CLIENT_ID, Holder, IssuerServer
from tests.accounts.providers.conftest import onward, running
from tests.servers.plugin import ALICE

HOLDER = Holder("alice", "Un-Autre-Mot 1!", "Alice Martin", "alice.martin@ac-exemple.fr")


@pytest.fixture
def issuer(tmp_path: Path, settings: Any) -> Iterator[IssuerServer]:
    server = IssuerServer(tmp_path, [HOLDER], settings.BASE_URL)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def provider(
    db: None, clean_cache: None, issuer: IssuerServer, settings: Any
) -> Iterator[SignInProvider]:
    settings.PROVIDER_NETWORKS = [ipaddress.ip_network("127.0.0.1/32")]
    with running([ALICE], tokens=TokenCheck(f"{issuer.url}/userinfo")) as dovecot:
        domain = MailDomain.objects.create(
            name="ac-exemple.fr",
            is_default=True,
            login_form=MailDomain.LoginForm.LOCAL,
            imap_host="127.0.0.1",
            imap_port=dovecot.imap_port,
            imap_security=MailDomain.Security.NONE,
        )
        made = SignInProvider(mail_domain=domain, issuer=issuer.url, client_id=CLIENT_ID)
        made.secret = issuer.secret
        made.save()
        yield made
    session.pool().close_all()


def there(address: str, **form: str) -> tuple[int, str, str]:
    """Fill in its form: status, where it leads, and the page."""
    parts = urlsplit(address)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    with closing(http.client.HTTPConnection(parts.netloc, timeout=20)) as connection:
        connection.request("POST", f"{parts.path}?{parts.query}", urlencode(form), kind)
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Location", ""), answer.read().decode()


def test_the_academys_people_sign_in(provider: SignInProvider) -> None:
    browser = Client()
    leads = onward(browser.post("/accounts/login/", {"provider": provider.pk}))
    status, _to, page = there(leads, login="alice", password="faux")
    assert status == 422
    assert "incorrect" in page
    status, to, _page = there(leads, login=HOLDER.address, password=HOLDER.password)
    assert status == 303
    back = urlsplit(to)
    answer = browser.get(f"{back.path}?{back.query}")
    assert answer.status_code == 302, answer.content.decode()
    session.pool().close_all()
    assert browser.get("/mail/INBOX/").status_code == 200
    assert User.objects.get().login == "alice"
    assert TokenGrant.objects.get().sid
    leaves = onward(browser.post("/accounts/logout/"))
    assert re.match(rf"{provider.issuer}/leave\?", leaves)


def test_codes_and_refresh_tokens_are_worth_something_once(provider: SignInProvider) -> None:
    browser = Client()
    leads = onward(browser.post("/accounts/login/", {"provider": provider.pk}))
    back = urlsplit(there(leads, login="alice", password=HOLDER.password)[1])
    browser.get(f"{back.path}?{back.query}")
    user, grant = User.objects.get(), TokenGrant.objects.get()
    code = dict(pair.split("=", 1) for pair in back.query.split("&"))["code"]
    with pytest.raises(ProviderError):
        asking.exchange_code(provider, code, "x" * 43, "http://localhost/")
    request: Any = browser.get("/preferences/").wsgi_request
    from accounts import credentials

    credential = credentials.open_sealed(request)
    assert credential is not None
    old = grants._open(user, credential).tokens.refresh
    assert asking.refresh(provider, old).refresh != old
    with pytest.raises(ProviderError):
        asking.refresh(provider, old)
    assert grant.provider == provider
