"""Signing in by a provider, to a mail server that takes its tokens."""

from __future__ import annotations

import pytest

from accounts.models import TokenGrant, User
from tests.accounts.providers.conftest import Academy
from tests.servers.mailboxes import Mailbox

pytestmark = pytest.mark.django_db


def test_a_token_opens_the_mailbox_and_the_list_shows(academy: Academy, alices: Mailbox) -> None:
    alices.append(b"From: parent@exemple.fr\nSubject: Sortie au mus\xc3\xa9e\n\nBonjour\n")
    browser = academy.sign_in("alice")
    page = browser.get("/mail/INBOX/")
    assert page.status_code == 200
    assert "Sortie au musée" in page.content.decode()
    user = User.objects.get()
    assert (user.mail_domain, user.login) == (academy.domain, "alice")
    assert TokenGrant.objects.get().user == user
