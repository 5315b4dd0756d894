"""An authority whose people sign in by a provider, and whose mail server takes its tokens."""

from __future__ import annotations

import ipaddress
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import Client

from accounts import session
from accounts.models import MailDomain, SignInProvider
from demo.servers.dovecot import Dovecot, MailAccount, TokenCheck
from demo.servers.submission import SubmissionServer
from tests.conftest import put_first_steps_away
from tests.servers.forger import Forger
from tests.servers.issuer import Issuer
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import ALICE, BOB

MASTER = MailAccount("webmail", "Maitre-Des-Cles 9!")


@dataclass
class Academy:
    """Its servers, its mail domain, and its provider."""

    issuer: Issuer
    dovecot: Dovecot
    domain: MailDomain
    provider: SignInProvider

    def leave_for(self, browser: Client, **said: str) -> str:
        """Press the button, or the link of a session that goes on: the address of the provider that
        the page leads to."""
        answer = browser.post("/accounts/login/", {"provider": self.provider.pk, **said})
        if answer.status_code == 302:
            answer = browser.get(f"/accounts/provider/{self.provider.pk}/")
        assert answer.status_code == 200, answer.content.decode()
        return onward(answer)

    def come_back(self, browser: Client, address: str, sub: str = "alice") -> Any:
        """Sign in there, and come back here."""
        parts = urlsplit(self.issuer.sign_in(address, sub))
        return browser.get(f"{parts.path}?{parts.query}")

    def sign_in(self, sub: str = "alice", browser: Client | None = None, **said: str) -> Client:
        browser = browser or Client()
        answer = self.come_back(browser, self.leave_for(browser, **said), sub)
        assert answer.status_code == 302, answer.content.decode()
        put_first_steps_away()
        return browser


def onward(answer: Any) -> str:
    """Return where a page of ours leads by itself."""
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', answer.content.decode())
    assert found, answer.content.decode()
    return found[1].replace("&amp;", "&")


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    server = Issuer()
    server.start()
    server.knows("alice", preferred_username="alice", email="alice@ac-exemple.fr")
    server.knows("bob", preferred_username="bob", email="bob@ac-exemple.fr")
    yield server
    server.stop()


@contextmanager
def running(accounts: list[MailAccount], **options: Any) -> Iterator[Dovecot]:
    """Yield a mail server of its own, in a folder that its account may reach."""
    folder = Path(tempfile.mkdtemp(prefix="webmail-tokens-"))
    folder.chmod(0o755)
    server = Dovecot(folder, accounts, **options)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def token_dovecot(issuer: Issuer) -> Iterator[Dovecot]:
    """A mail server that shows access tokens to the provider, and has a master user."""
    tokens = TokenCheck(f"{issuer.url}/userinfo")
    with running([ALICE, BOB], tokens=tokens, master=MASTER) as server:
        yield server


@pytest.fixture(scope="session")
def token_submission(
    token_dovecot: Dovecot, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SubmissionServer]:
    server = SubmissionServer(
        tmp_path_factory.mktemp("token-submission"),
        [ALICE, BOB],
        domain="ac-exemple.fr",
        lmtp_port=token_dovecot.lmtp_port,
        imap_url=f"imap://127.0.0.1:{token_dovecot.imap_port}",
        takes_tokens=True,
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture
def academy(
    db: None,
    clean_cache: None,
    settings: Any,
    issuer: Issuer,
    token_dovecot: Dovecot,
    token_submission: SubmissionServer,
) -> Iterator[Academy]:
    settings.PROVIDER_NETWORKS = [ipaddress.ip_network("127.0.0.0/8")]
    domain = MailDomain.objects.create(
        name="ac-exemple.fr",
        is_default=True,
        login_form=MailDomain.LoginForm.LOCAL,
        imap_host="127.0.0.1",
        imap_port=token_dovecot.imap_port,
        imap_security=MailDomain.Security.NONE,
        smtp_host="127.0.0.1",
        smtp_port=token_submission.port,
        smtp_security=MailDomain.Security.NONE,
        sieve_host="127.0.0.1" if token_dovecot.sieve_port else "",
        sieve_port=token_dovecot.sieve_port or 4190,
        sieve_security=MailDomain.Security.NONE,
    )
    provider = SignInProvider(
        mail_domain=domain,
        label="Se connecter avec mon compte académique",
        issuer=issuer.url,
        client_id="webmail",
        scopes="openid profile email",
    )
    provider.secret = "un secret : partagé"
    provider.save()
    yield Academy(issuer, token_dovecot, domain, provider)
    session.pool().close_all()


@pytest.fixture
def alices(token_dovecot: Dovecot) -> Iterator[Mailbox]:
    """Alice's mailbox there, empty."""
    mailbox = Mailbox(token_dovecot, ALICE)
    mailbox.empty()
    yield mailbox
    mailbox.close()


@pytest.fixture
def bobs(token_dovecot: Dovecot) -> Iterator[Mailbox]:
    mailbox = Mailbox(token_dovecot, BOB)
    mailbox.empty()
    yield mailbox
    mailbox.close()


@dataclass
class Forged:
    """The same academy with a provider that lies; the mail server is opened by the master user."""

    forger: Forger
    domain: MailDomain
    provider: SignInProvider

    def arrive(self, browser: Client | None = None, **answer: str) -> Any:
        """Sign in from the button to the callback, whose parameters ``answer`` changes."""
        browser = browser or Client()
        page = browser.get(f"/accounts/provider/{self.provider.pk}/")
        if page.status_code != 200:
            return page
        query = dict(parse_qsl(urlsplit(onward(page)).query))
        self.forger.nonce = query["nonce"]
        said = {"state": query["state"], "code": "c"} | answer
        return browser.get(f"/accounts/provider/{self.provider.pk}/back/", said)


@pytest.fixture
def forged(academy: Academy, settings: Any, oidc_pem: str) -> Iterator[Forged]:
    settings.MASTER_USER = {"": MASTER.login}
    settings.MASTER_PASSWORD = {"": MASTER.password}
    forger = Forger(oidc_pem)
    forger.start()
    provider = academy.provider
    provider.issuer, provider.way = forger.url, SignInProvider.Way.MASTER
    provider.save()
    yield Forged(forger, academy.domain, provider)
    forger.stop()
