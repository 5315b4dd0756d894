"""Every page, and what htmx is given of each, has no error in the eyes of the Nu Html Checker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from accounts.autoconfig import guides as texts
from accounts.models import User
from accounts.roles import ROLES
from addressbook.views.imports import SOURCES
from core.help import articles
from demo.servers.dovecot import MailAccount
from tests.browser.markup import told
from tests.browser.test_every_page import (
    ADMIN_PAGES,
    DOORSTEP,
    MEMBER,
    MESSAGE,
    PAGES,
    STATES,
    VIEW,
    administered,
    pages_of_models,
    scripts,  # noqa: F401  a fixture
    spool,  # noqa: F401  a fixture
    things,  # noqa: F401  a fixture
)
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter
from webmail.presentation.settings import TABS

pytestmark = [pytest.mark.django_db(transaction=True)]

# What is answered to scripts and frames, of the addresses that are no pages.
PARTS: dict[str, str] = {
    "mail/<folder:folder>/snippets/": "mail/INBOX/snippets/",
    f"{MESSAGE}frame/": "{news}frame/",
    f"{MESSAGE}print/": "{letter}print/",
    f"{MESSAGE}card/": "{letter}card/",
    f"{MESSAGE}risks/": "{letter}risks/",
    f"{VIEW}frame/": "{files}view/4/frame/",
    f"{MEMBER}message/": "{files}view/10/member/0/message/",
    "adverts/folder/<slug:kind>/": "adverts/folder/news/",
    "search/suggestions/": "search/suggestions/?q=le",
    "outbox/progress/": "",
    "jobs/progress/": "",
    "folders/column/": "",
    "folders/quota/": "",
    "compose/check/": "",
    "compose/canned/": "",
    "poll/": "",
    "contacts/complete/": "contacts/complete/?q=ma",
    "account/data/state/": "",
    "account/session/": "",
    "drafts/<uuid:number>/as-sent/": "drafts/{draft}/as-sent/",
}
FOLDER = "Parents d'élèves"
# Other states of pages, each of which another template or another row draws.
MORE = (
    *(f"preferences/{page.place[1]}/" for tab in TABS for page in tab.pages if page.place[1:]),
    *(f"help/{name}/" for name in articles.NAMES),
    *(f"guides/{name}/" for name in texts.TITLES),
    *(f"contacts/import/{source}/" for source in SOURCES),
    *("mail/INBOX/?threads=1", "mail/INBOX/?unread=1", f"mail/{FOLDER}/"),
    *("search/?q=introuvable", "search/?q=lettre&in=INBOX", "search/?more=1&q="),
    *("{letter}reply/?all=1", "{news}reply/", "{files}forward/", "{files}forward/?as=attachment"),
    *("compose/?to=bob@ac-exemple.fr", "compose/?draft={draft}", "folders/?new=1"),
    *("contacts/?group={group}", "contacts/?q=ma", "contacts/?q=introuvable"),
)
# What is told of forms that were filled in wrong.
WRONGLY_FILLED = (
    *("contacts/new/", "contacts/groups/new/", "rules/new/", "rules/absence/", "folders/", "tags/"),
    *("preferences/identities/", "preferences/canned/", "accounts/reenter/", "account/password/"),
    *("accounts/reauthenticate/", "accounts/2fa/totp/activate/", "lookup/", "contacts/import/sun/"),
    *("folders/share/Conseil/", "contacts/groups/{group}/share/"),
)
HTMX = {"HX-Request": "true"}


def test_every_page_and_part_has_no_error_of_html(
    signed_in: Callable[..., Client],
    things: Callable[[Client], dict[str, str]],  # noqa: F811
    alice: MailAccount,
    mailbox: Mailbox,
) -> None:
    client = signed_in(alice)
    made = things(client)
    read: dict[str, str] = {}
    mailbox.create_folder(FOLDER)
    mailbox.append(letter("Lettre des parents"), FOLDER)
    for address in (*PAGES, *STATES, *PARTS, *MORE):
        shown = ({**PAGES, **PARTS}.get(address) or address).format(**made)
        _add(read, client, shown)
        _add_part(read, client, shown)
    for address in (one.format(**made) for one in WRONGLY_FILLED):
        _read_answer(read, f"wrong: {address}", client.post(f"/{address}", {"login": "alice"}))
    for address, shown in DOORSTEP.items():
        _add(read, Client(), shown or address)
    wrong = Client().post("/accounts/login/", {"login": "alice", "password": "faux"})
    _read_answer(read, "wrong: accounts/login/", wrong)
    assert len(read) > 100
    assert told(read) == []


WRONG = {
    "an id twice": '<p id="a">A</p><p id="a">B</p>',
    "a block in a line": "<span><details><summary>A</summary></details></span>",
    "a time of microseconds": '<time datetime="2026-12-02T22:27:37.990793+01:00">A</time>',
    "an id with a blank": '<p id="a b">A</p>',
    "an attribute of htmx's that it has not": '<p hx_get="/">A</p>',
    "no list box": '<div role="option" aria-selected="false">A</div>',
}
PAGE = '<!doctype html><html lang="fr"><head><title>A</title></head><body>{}</body></html>'


def test_a_page_without_a_part_is_answered_whole_to_who_says_to_be_htmx(
    signed_in: Callable[..., Client], alice: MailAccount
) -> None:
    client = signed_in(alice)
    answer = client.get("/contacts/new/", headers=HTMX)
    assert answer.content.decode().lstrip().lower().startswith("<!doctype html")
    assert "<nav" in answer.content.decode()


def test_the_checker_names_what_is_wrong_in_pages_and_parts() -> None:
    pages = {name: PAGE.format(wrong) for name, wrong in WRONG.items()}
    right = {"a page": PAGE.format('<p hx-get="/">A</p>'), "a part": WRONG["no list box"]}
    part = {"an id twice in a part": WRONG["an id twice"]}
    found = {line.partition(": ")[0] for line in told({**pages, **right, **part})}
    assert found == {*pages, *part}


def test_the_administration_has_no_error_of_html(
    signed_in: Callable[..., Client], alice: MailAccount
) -> None:
    client = signed_in(alice)
    User.objects.filter(login="alice").update(is_superuser=True)
    User.objects.get(login="alice").groups.add(*Group.objects.filter(name__in=ROLES))
    made = administered()
    read: dict[str, str] = {}
    for address, path in ADMIN_PAGES.items():
        _add(read, client, f"admin/{(path or address).format(**made)}")
    for address, _status in pages_of_models(client):
        _add(read, client, address)
    assert len(read) > 50
    assert told(read) == []


def _add(read: dict[str, str], client: Client, address: str) -> None:
    _read_answer(read, address, client.get(f"/{address}"))


def _add_part(read: dict[str, str], client: Client, address: str) -> None:
    """Add what is answered to htmx, where it is another than the page."""
    answer = client.get(f"/{address}", headers=HTMX)
    if not _is_html(answer) or answer.content.decode() != read.get(address):
        _read_answer(read, f"htmx: {address}", answer)


def _is_html(answer: Any) -> bool:
    kind = answer.headers.get("Content-Type", "")
    return kind.startswith("text/html") and not answer.streaming


def _read_answer(read: dict[str, str], name: str, answer: Any) -> None:
    """Add an answer that is HTML; none may be an error of the server."""
    assert answer.status_code < 500, name
    if _is_html(answer) and answer.content:
        read[name] = answer.content.decode()
