"""Who gets what at every address of the project; a new address must be entered here."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts import session
from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData
from addressbook.contacts import groups
from demo.servers.dovecot import MailAccount
from tests.servers.mailboxes import Mailbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_cache")]

REF = "mail/<folder:folder>/<ref:ref>/"
LOGO = "/static/webmail/img/logo.svg"
SIGN_IN = "/accounts/login/"
AGAIN = "/accounts/reauthenticate/"
# Each address: what a stranger gets, another mail user who asks for what is Alice's, and a local
# administrator who gave no second factor yet. A text is where one is led.
Answers = tuple[int | str, int | str, int | str]
DOORS: dict[str, Answers] = {
    "": ("/mail/INBOX/", "/mail/INBOX/", "/admin/"),
    "mail/<folder:folder>/": (SIGN_IN, 404, "/admin/"),
    "mail/<folder:folder>/act/": (405, 405, 405),
    REF: (SIGN_IN, 404, "/admin/"),
    REF + "frame/": (SIGN_IN, 404, "/admin/"),
    REF + "frame/inline/<int:n>": (SIGN_IN, 404, "/admin/"),
    REF + "frame/remote/<int:n>": (SIGN_IN, 404, "/admin/"),
    REF + "images/": (405, 405, 405),
    REF + "print/": (SIGN_IN, 404, "/admin/"),
    REF + "headers/": (SIGN_IN, 404, "/admin/"),
    REF + "part/<part:number>/": (SIGN_IN, 404, "/admin/"),
    REF + "zip/": (SIGN_IN, 404, "/admin/"),
    REF + "source/": (SIGN_IN, 404, "/admin/"),
    REF + "reply/": (SIGN_IN, 404, "/admin/"),
    REF + "forward/": (SIGN_IN, 404, "/admin/"),
    "compose/": (SIGN_IN, 200, "/admin/"),
    "preferences/": (SIGN_IN, 200, "/admin/"),
    "contacts/": (SIGN_IN, 200, "/admin/"),
    "contacts/act/": (405, 405, 405),
    "contacts/add/": (405, 405, 405),
    "contacts/new/": (SIGN_IN, 200, "/admin/"),
    "contacts/<int:pk>/": (SIGN_IN, 404, "/admin/"),
    "contacts/<int:pk>/edit/": (SIGN_IN, 404, "/admin/"),
    "contacts/<int:pk>/photo/<slug:digest>": (SIGN_IN, 404, "/admin/"),
    "contacts/groups/new/": (SIGN_IN, 200, "/admin/"),
    "contacts/groups/<int:group>/": (SIGN_IN, 404, "/admin/"),
    "contacts/groups/<int:group>/edit/": (SIGN_IN, 404, "/admin/"),
    "contacts/groups/<int:group>/delete/": (405, 405, 405),
    "contacts/groups/<int:group>/restore/": (405, 405, 405),
    "contacts/duplicates/": (SIGN_IN, 200, "/admin/"),
    "contacts/duplicates/merge/": (SIGN_IN, 404, "/admin/"),
    "contacts/duplicates/undo/": (405, 405, 405),
    "contacts/bin/": (SIGN_IN, 200, "/admin/"),
    "contacts/export/": (SIGN_IN, 200, "/admin/"),
    "contacts/export/file/": (SIGN_IN, 422, "/admin/"),
    "favicon.ico": (LOGO, LOGO, LOGO),
    "language/": ("/", "/", "/"),
    "accounts/reenter/": (SIGN_IN, 200, 200),
    "accounts/login/": (200, "/", "/"),
    "accounts/logout/": (SIGN_IN, 200, 200),
    "accounts/inactive/": (200, 200, 200),
    "accounts/reauthenticate/": (SIGN_IN, 200, 200),
    "accounts/2fa/": (SIGN_IN, 200, 200),
    "accounts/2fa/authenticate/": (SIGN_IN, "/", "/"),
    "accounts/2fa/reauthenticate/": (SIGN_IN, AGAIN, AGAIN),
    "accounts/2fa/totp/activate/": (SIGN_IN, AGAIN, AGAIN),
    "accounts/2fa/totp/deactivate/": (SIGN_IN, 404, 404),
    "accounts/2fa/recovery-codes/": (SIGN_IN, 404, 404),
    "accounts/2fa/recovery-codes/generate/": (SIGN_IN, AGAIN, AGAIN),
    "accounts/2fa/recovery-codes/download/": (SIGN_IN, 404, 404),
    "admin/login/": (SIGN_IN, 403, "/accounts/2fa/totp/activate/"),
    "admin/logout/": ("/admin/", "/admin/", "/admin/"),
}
# An attachment in the viewer, and a file in one.
VIEWED = ["", "image", "thumb", "media", "pdf", "frame/", "frame/inline/<int:n>", "file"]
VIEWED += ["office/", "office/pdf"]
for file in ("view/<part:number>/", "view/<part:number>/member/<member:member>/"):
    DOORS |= {f"{REF}{file}{more}": (SIGN_IN, 404, "/admin/") for more in VIEWED}
    DOORS |= {f"{REF}{file}contacts/": (405, 405, 405)}
# All else of the admin leads everybody to the step that is missing.
ADMIN = ["", "password_change/", "password_change/done/", "autocomplete/", "jsi18n/"]
ADMIN += ["r/<path:content_type_id>/<path:object_id>/", "(?P<url>.*)$"]
ADMIN += ["^(?P<app_label>…)/$"]
for model in (
    "auth/group",
    "mfa/authenticator",
    "accounts/maildomain",
    "accounts/user",
    "webmail/allowedsender",
    "webmail/preferencedefault",
    "webmail/trustedimagedomain",
):
    ADMIN += [f"{model}/", f"{model}/add/", f"{model}/<path:object_id>/"]
    ADMIN += [f"{model}/<path:object_id>/{page}/" for page in ("history", "delete", "change")]
STEP = "/admin/login/"
DOORS |= {f"admin/{address}": (STEP, STEP, STEP) for address in ADMIN}


def addresses(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    for pattern in patterns:
        # Django builds the admin's list of applications from a set: in any order.
        path = before + re.sub(r"<app_label>[^)]*", "<app_label>…", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, path)
        else:
            yield path


@pytest.fixture
def filled(mailbox: Mailbox, db: None) -> dict[str, str]:
    """What to put into addresses: a folder and a message of Alice's, a contact and a group of
    somebody else's."""
    mailbox.create_folder("Conseil")
    uid = mailbox.append(b"Subject: x\n\nx\n", "Conseil")
    owner = User.objects.create(login="claire")
    sophie = contacts.create(owner, ContactData(display_name="Sophie"))
    group = groups.create(owner, "Parents")
    return {
        "<folder:folder>": "Conseil",
        "<ref:ref>": f"{mailbox.uidvalidity('Conseil')}-{uid}",
        "<part:number>": "1",
        "<member:member>": "0",
        "<int:n>": "0",
        "<int:pk>": str(sophie.pk),
        "<int:group>": str(group.pk),
        "<slug:digest>": "0",
        "<path:object_id>": "1",
        "<path:content_type_id>": "1",
        "^(?P<app_label>…)/$": "accounts/",
        "(?P<url>.*)$": "nothing/",
    }


@pytest.fixture
def people(signed_in: Callable[..., Client], bob: MailAccount) -> Iterator[list[Client]]:
    administrator = Client()
    administrator.force_login(
        User.objects.create_administrator("patronne", "Une-Craie-Verte-2026"),
        backend="accounts.backends.LocalAdministratorBackend",
    )
    yield [Client(), signed_in(bob), administrator]
    session.pool().close_all()


def test_every_address_is_entered_here() -> None:
    assert set(addresses(get_resolver().url_patterns)) == set(DOORS)


def test_who_gets_what(filled: dict[str, str], people: list[Client]) -> None:
    got = {}
    for address in DOORS:
        url = "/" + address
        for placeholder, value in filled.items():
            url = url.replace(placeholder, value)
        answers = [client.get(url) for client in people]
        got[address] = tuple(
            answer.get("Location", "").partition("?")[0] or answer.status_code for answer in answers
        )
    assert got == DOORS


def test_posts_change_nothing_for_whom_they_are_not(
    filled: dict[str, str], people: list[Client], mailbox: Mailbox
) -> None:
    data = {"verb": "trash", "refs": filled["<ref:ref>"]}
    got = [client.post("/mail/Conseil/act/", data) for client in people]
    assert [answer.status_code for answer in got] == [401, 404, 302]
    assert got[2]["Location"] == "/admin/"
    assert len(mailbox.uids("Conseil")) == 1
    data = {"density": "compact"}
    got = [client.post("/preferences/", data) for client in people]
    assert [answer.status_code for answer in got] == [401, 422, 302]
    assert not User.objects.exclude(preferences={}).exists()
