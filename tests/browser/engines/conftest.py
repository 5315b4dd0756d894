"""The browsers of the walks: each process of the suite starts one of each when it needs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from accounts.models import MailDomain
from demo.servers.dovecot import MailAccount
from demo.servers.submission import SubmissionServer
from tests.browser.engines import starting
from tests.browser.engines.driving import DrivenHand, Hand, PlaywrightHand
from tests.browser.engines.walks import CHROMIUM, FIREFOX, OLD_CHROMIUM, WEBKIT, Place
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import missing
from tests.waiting import PATIENCE_S

ENGINES = {
    CHROMIUM: "in_chromium",
    OLD_CHROMIUM: "in_old_chromium",
    FIREFOX: "in_firefox",
    WEBKIT: "in_webkit",
}


@pytest.fixture
def in_chromium(browser: Browser, site: str) -> Iterator[Hand]:
    with _in_a_window(browser, site) as hand:
        yield hand


@pytest.fixture
def in_old_chromium(older_browser: Browser, site: str) -> Iterator[Hand]:
    with _in_a_window(older_browser, site) as hand:
        yield hand


@contextmanager
def _in_a_window(browser: Browser, site: str) -> Iterator[Hand]:
    context = browser.new_context(base_url=site, locale="fr-FR")
    page = context.new_page()
    page.set_default_timeout(1000 * PATIENCE_S)
    yield PlaywrightHand(page, site)
    context.close()


@pytest.fixture(scope="session")
def firefox(served_at: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DrivenHand]:
    if not starting.firefox_is_installed():
        pytest.skip(missing("Firefox ESR"))
    with starting.firefox(tmp_path_factory.mktemp("firefox"), served_at) as hand:
        yield hand


@pytest.fixture(scope="session")
def webkit(served_at: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DrivenHand]:
    if not starting.webkit_is_installed():
        pytest.skip(missing("WebKitGTK with its driver"))
    with starting.webkit(tmp_path_factory.mktemp("webkit"), served_at) as hand:
        yield hand


@pytest.fixture
def in_firefox(firefox: DrivenHand, site: str) -> Iterator[Hand]:
    yield from _begun(firefox)


@pytest.fixture
def in_webkit(webkit: DrivenHand, site: str) -> Iterator[Hand]:
    yield from _begun(webkit)


def _begun(hand: DrivenHand) -> Iterator[Hand]:
    """Nobody has been there; what is open at the end asks the server for nothing more."""
    hand.forget()
    yield hand
    hand.leave()


@pytest.fixture
def hand(request: pytest.FixtureRequest, name: str) -> Iterator[Hand]:
    """Of the browser with that name. No script may fail, and no policy refuse, in a whole walk."""
    hand: Hand = request.getfixturevalue(ENGINES[name])
    hand.resize(1440, 900)
    yield hand
    assert not hand.problems()


@pytest.fixture
def place(
    hand: Hand,
    alice: MailAccount,
    mailbox: Mailbox,
    submission: SubmissionServer,
    mail_domain: MailDomain,
    sieve_port: int,
    settings: Any,
    tmp_path: Path,
) -> Place:
    settings.SPOOL = tmp_path / "spool"
    mail_domain.sieve_host, mail_domain.sieve_port = "127.0.0.1", sieve_port
    mail_domain.sieve_security = MailDomain.Security.NONE
    mail_domain.save()
    return Place(hand, alice, mailbox, mail_domain, settings, tmp_path)
