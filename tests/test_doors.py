"""Who gets what at every address of the project; a new address must be entered here."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts import session, urls
from accounts.models import User
from accounts.numen import NumenKey
from accounts.roles import ROLES
from addressbook import contacts
from addressbook.contact_data import ContactData
from addressbook.contacts import audiences, groups, nesting, sharing, ties
from addressbook.models import SharedGone
from addressbook.models.imports import ImportJob
from demo.servers.dovecot import MailAccount
from tests.servers.mailboxes import Mailbox
from webmail.models import DraftFile, OutboxMessage, Transfer
from webmail.writing import drafts
from webmail.writing.content import Content

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_cache")]

REF = "mail/<folder:folder>/<ref:ref>/"
LOGO = "/static/webmail/img/logo.svg"
SIGN_IN = "/accounts/login/"
AGAIN = "/accounts/reauthenticate/"
SHEET = "/lookup/sheet/"
GUIDE = "/guides/thunderbird/"
AUTODISCOVER = f"^{urls.AUTODISCOVER}$"
# Each address: what a stranger gets, another mail user who asks for what is Alice's, and a local
# administrator who gave no second factor yet. A text is where one is led.
Answers = tuple[int | str, int | str, int | str]
DOORS: dict[str, Answers] = {
    # Only where DEBUG is on: tests/webmail/views/test_design.py.
    "design/": (404, 404, 404),
    "design/states.css": (404, 404, 404),
    "": ("/mail/INBOX/", "/mail/INBOX/", "/admin/"),
    "mail/<folder:folder>/": (SIGN_IN, 404, "/admin/"),
    "mail/<folder:folder>/snippets/": (SIGN_IN, 200, "/admin/"),
    "mail/<folder:folder>/act/": (405, 405, 405),
    REF: (SIGN_IN, 404, "/admin/"),
    REF + "frame/": (SIGN_IN, 404, "/admin/"),
    REF + "frame/inline/<int:n>": (SIGN_IN, 404, "/admin/"),
    REF + "frame/remote/<int:n>": (SIGN_IN, 404, "/admin/"),
    REF + "seen/": (405, 405, 405),
    REF + "images/": (405, 405, 405),
    REF + "card/": (SIGN_IN, f"/{REF}", "/admin/"),
    REF + "risks/": (SIGN_IN, 404, "/admin/"),
    REF + "print/": (SIGN_IN, 404, "/admin/"),
    REF + "headers/": (SIGN_IN, 404, "/admin/"),
    REF + "part/<part:number>/": (SIGN_IN, 404, "/admin/"),
    REF + "zip/": (SIGN_IN, 404, "/admin/"),
    REF + "source/": (SIGN_IN, 404, "/admin/"),
    REF + "reply/": (SIGN_IN, 404, "/admin/"),
    REF + "forward/": (SIGN_IN, 404, "/admin/"),
    REF + "links/": (405, 405, 405),
    REF + "report/": (405, 405, 405),
    REF + "sender/": (405, 405, 405),
    REF + "unsubscribe/": (405, 405, 405),
    "adverts/senders/": (SIGN_IN, 200, "/admin/"),
    "adverts/judge/": (405, 405, 405),
    "adverts/close/": (405, 405, 405),
    "adverts/folder/<slug:kind>/": (SIGN_IN, "/mail/INBOX/", "/admin/"),
    REF + "receipt/": (405, 405, 405),
    REF + "invitation/<part:number>/": (SIGN_IN, 404, "/admin/"),
    REF + "edit/": (SIGN_IN, 404, "/admin/"),
    REF + "resend/": (SIGN_IN, 404, "/admin/"),
    "drafts/": (SIGN_IN, "/mail/Drafts/", "/admin/"),
    "drafts/discarded/": (SIGN_IN, 200, "/admin/"),
    "drafts/offered/dismiss/": (405, 405, 405),
    "drafts/<uuid:number>/": (SIGN_IN, 404, "/admin/"),
    "drafts/<uuid:number>/save/": (405, 405, 405),
    "drafts/<uuid:number>/again/": (405, 405, 405),
    "drafts/<uuid:number>/discard/": (405, 405, 405),
    "drafts/<uuid:number>/reopen/": (405, 405, 405),
    "drafts/<uuid:number>/roster/": (405, 405, 405),
    "drafts/<uuid:number>/documents/": (SIGN_IN, 404, "/admin/"),
    "drafts/<uuid:number>/documents/add/": (405, 405, 405),
    "drafts/<uuid:number>/documents/remove/": (405, 405, 405),
    "drafts/<uuid:number>/documents/<uuid:file_number>": (SIGN_IN, 404, "/admin/"),
    "drafts/<uuid:number>/files/": (405, 405, 405),
    "drafts/<uuid:number>/files/<uuid:file_number>": (SIGN_IN, 404, "/admin/"),
    "drafts/<uuid:number>/files/<uuid:file_number>/remove/": (405, 405, 405),
    "drafts/<uuid:number>/as-sent/": (SIGN_IN, 404, "/admin/"),
    "drafts/<uuid:number>/versions/": (SIGN_IN, 404, "/admin/"),
    "drafts/<uuid:number>/versions/<int:revision>/": (SIGN_IN, 404, "/admin/"),
    "search/save/": (405, 405, 405),
    "search/saved/<int:pk>/remove/": (405, 405, 405),
    "search/": (SIGN_IN, 200, "/admin/"),
    "search/suggestions/": (SIGN_IN, 200, "/admin/"),
    "search/recent/": (405, 405, 405),
    "search/trace/": (SIGN_IN, 200, "/admin/"),
    "search/selection/": (SIGN_IN, 200, "/admin/"),
    "mail/<folder:folder>/selection/": (SIGN_IN, 404, "/admin/"),
    "mail/<folder:folder>/purge/": (SIGN_IN, 404, "/admin/"),
    "mail/<folder:folder>/export/": (SIGN_IN, 404, "/admin/"),
    "mail/<folder:folder>/download/": (SIGN_IN, 404, "/admin/"),
    "transfers/": (SIGN_IN, 200, "/admin/"),
    "transfers/export/": (405, 405, 405),
    "transfers/import/": (405, 405, 405),
    "transfers/account/": (405, 405, 405),
    "transfers/<uuid:pk>/": (SIGN_IN, 404, "/admin/"),
    "transfers/<uuid:pk>/file/": (SIGN_IN, 404, "/admin/"),
    "transfers/<uuid:pk>/piece/": (405, 405, 405),
    "transfers/<uuid:pk>/cancel/": (405, 405, 405),
    "transfers/<uuid:pk>/resume/": (405, 405, 405),
    "transfers/<uuid:pk>/undo/": (405, 405, 405),
    "jobs/": (SIGN_IN, 200, "/admin/"),
    "jobs/progress/": (SIGN_IN, 286, "/admin/"),
    "jobs/<int:pk>/": (SIGN_IN, 404, "/admin/"),
    "jobs/<int:pk>/cancel/": (405, 405, 405),
    "jobs/<int:pk>/resume/": (405, 405, 405),
    "jobs/<int:pk>/undo/": (405, 405, 405),
    "outbox/": (SIGN_IN, 200, "/admin/"),
    "outbox/progress/": (SIGN_IN, 286, "/admin/"),
    "outbox/<uuid:pk>/": (SIGN_IN, 404, "/admin/"),
    "outbox/<uuid:pk>/back/": (405, 405, 405),
    "outbox/<uuid:pk>/again/": (405, 405, 405),
    "outbox/<uuid:pk>/correct/": (405, 405, 405),
    "outbox/<uuid:pk>/dismiss/": (405, 405, 405),
    "outbox/<uuid:pk>/when/": (405, 405, 405),
    "tags/": (SIGN_IN, 200, "/admin/"),
    "folders/": (SIGN_IN, 200, "/admin/"),
    "folders/change/": (405, 405, 405),
    "folders/column/": (SIGN_IN, 200, "/admin/"),
    "folders/quota/": (SIGN_IN, 200, "/admin/"),
    "folders/space/": (SIGN_IN, 200, "/admin/"),
    "folders/space/clean/": (405, 405, 405),
    "folders/of/<folder:folder>/": (SIGN_IN, 404, "/admin/"),
    "folders/share/<folder:folder>/": (SIGN_IN, 404, "/admin/"),
    "compose/": (SIGN_IN, 200, "/admin/"),
    "compose/check/": (SIGN_IN, 200, "/admin/"),
    "compose/beside/": (405, 405, 405),
    "compose/canned/": (SIGN_IN, "/preferences/canned/", "/admin/"),
    "poll/": (SIGN_IN, "/accounts/reenter/", "/admin/"),
    "rules/": (SIGN_IN, 200, "/admin/"),
    "rules/new/": (SIGN_IN, 200, "/admin/"),
    "rules/raw/": (SIGN_IN, 200, "/admin/"),
    "rules/absence/": (SIGN_IN, 200, "/admin/"),
    "rules/absence/of/<folder:login>/": (SIGN_IN, 404, "/admin/"),
    "rules/state/": (405, 405, 405),
    "rules/<int:number>/": (SIGN_IN, 404, "/admin/"),
    "rules/<int:number>/apply/": (SIGN_IN, 404, "/admin/"),
    "preferences/": (SIGN_IN, 200, "/admin/"),
    "preferences/find/": (SIGN_IN, "/preferences/", "/admin/"),
    "preferences/<slug:tab>/": (SIGN_IN, 200, "/admin/"),
    "preferences/identities/": (SIGN_IN, 200, "/admin/"),
    "preferences/canned/": (SIGN_IN, 200, "/admin/"),
    "preferences/canned/<int:pk>/": (SIGN_IN, 404, "/admin/"),
    "preferences/canned/<int:pk>/remove/": (SIGN_IN, 404, "/admin/"),
    "contacts/": (SIGN_IN, 200, "/admin/"),
    "contacts/act/": (405, 405, 405),
    "contacts/act/undo/": (405, 405, 405),
    "contacts/add/": (405, 405, 405),
    "contacts/collected/": (SIGN_IN, 200, "/admin/"),
    "contacts/collected/act/": (405, 405, 405),
    "contacts/directory/": (SIGN_IN, 200, "/admin/"),
    "contacts/complete/": (SIGN_IN, 200, "/admin/"),
    "contacts/new/": (SIGN_IN, 200, "/admin/"),
    "contacts/<int:pk>/": (SIGN_IN, 404, "/admin/"),
    "contacts/<int:pk>/edit/": (SIGN_IN, 404, "/admin/"),
    "contacts/<int:pk>/photo/<slug:digest>": (SIGN_IN, 404, "/admin/"),
    "contacts/<int:pk>/guardians/": (SIGN_IN, 404, "/admin/"),
    "contacts/<int:pk>/guardians/<int:guardian>/restore/": (405, 405, 405),
    "contacts/guardians/<int:tie>/": (SIGN_IN, 404, "/admin/"),
    "contacts/guardians/<int:tie>/remove/": (405, 405, 405),
    "contacts/year/": (SIGN_IN, 200, "/admin/"),
    "contacts/groups/<int:group>/write/": (SIGN_IN, 404, "/admin/"),
    "contacts/groups/<int:group>/keep/": (405, 405, 405),
    "contacts/groups/<int:group>/class/": (SIGN_IN, 404, "/admin/"),
    "contacts/groups/new/": (SIGN_IN, 200, "/admin/"),
    "contacts/groups/<int:group>/": (SIGN_IN, 404, "/admin/"),
    "contacts/groups/<int:group>/recipients/": (SIGN_IN, 404, "/admin/"),
    "contacts/groups/<int:group>/edit/": (SIGN_IN, 404, "/admin/"),
    "contacts/groups/<int:group>/addresses/": (SIGN_IN, 404, "/admin/"),
    "contacts/groups/<int:group>/delete/": (405, 405, 405),
    "contacts/groups/<int:group>/restore/": (405, 405, 405),
    "contacts/groups/directory/": (SIGN_IN, 200, "/admin/"),
    "contacts/groups/<int:group>/directory/": (SIGN_IN, 404, "/admin/"),
    "contacts/groups/<int:group>/inner/": (SIGN_IN, 404, "/admin/"),
    "contacts/groups/<int:group>/inner/<int:nesting_pk>/remove/": (405, 405, 405),
    "contacts/groups/<int:group>/share/": (SIGN_IN, 404, "/admin/"),
    "contacts/groups/<int:group>/share/<int:share_pk>/": (405, 405, 405),
    "contacts/shared/<int:group>/": (SIGN_IN, 404, "/admin/"),
    "contacts/shared/<int:group>/recipients/": (SIGN_IN, 404, "/admin/"),
    "contacts/shared/<int:group>/members/": (405, 405, 405),
    "contacts/shared/<int:group>/members/remove/": (405, 405, 405),
    "contacts/shared/<int:group>/leave/": (405, 405, 405),
    "contacts/shared/<int:group>/return/": (405, 405, 405),
    "contacts/shared/gone/<int:gone>/": (405, 405, 405),
    "contacts/directory/lists/": (SIGN_IN, 200, "/admin/"),
    "contacts/directory/lists/<int:group>/": (SIGN_IN, 404, "/admin/"),
    "contacts/duplicates/": (SIGN_IN, 200, "/admin/"),
    "contacts/duplicates/merge/": (SIGN_IN, 404, "/admin/"),
    "contacts/duplicates/undo/": (405, 405, 405),
    "contacts/bin/": (SIGN_IN, 200, "/admin/"),
    "contacts/import/": (SIGN_IN, 200, "/admin/"),
    "contacts/import/<int:job>/": (SIGN_IN, 404, "/admin/"),
    "contacts/import/<int:job>/columns/": (SIGN_IN, 404, "/admin/"),
    "contacts/import/<int:job>/policy/": (405, 405, 405),
    "contacts/import/<int:job>/pupils/": (405, 405, 405),
    "contacts/import/<int:job>/start/": (405, 405, 405),
    "contacts/import/<int:job>/cancel/": (405, 405, 405),
    "contacts/import/<int:job>/undo/": (SIGN_IN, 404, "/admin/"),
    "contacts/import/<int:job>/refused.csv": (SIGN_IN, 404, "/admin/"),
    "contacts/import/brought/dismiss/": (405, 405, 405),
    "contacts/import/<slug:source>/": (SIGN_IN, 200, "/admin/"),
    "contacts/export/": (SIGN_IN, 200, "/admin/"),
    "contacts/export/file/": (SIGN_IN, 422, "/admin/"),
    "favicon.ico": (LOGO, LOGO, LOGO),
    "language/": ("/", "/", "/"),
    "theme/sign-in/": (200, 200, 200),
    "theme/<slug:digest>.css": (404, 404, 404),
    "theme/<slug:digest>.webp": (404, 404, 404),
    "lookup/": (200, 200, 200),
    "lookup/sheet/": (410, 410, 410),
    "lookup/close/": (405, 405, 405),
    "account/settings/": (SIGN_IN, 200, "/admin/"),
    "lookup/phone/": (SHEET, SHEET, SHEET),
    "lookup/sheet.pdf": (SHEET, SHEET, SHEET),
    "lookup/guides/": (200, 200, 200),
    "lookup/guides/<slug:slug>/": (GUIDE, GUIDE, GUIDE),
    "account/settings/phone/": (SIGN_IN, 200, "/admin/"),
    "account/settings/sheet.pdf": (SIGN_IN, 200, "/admin/"),
    "phone/<slug:token>/": (404, 404, 404),
    "phone/<slug:token>/profile": (405, 405, 405),
    "announcements/<int:pk>/dismiss": (405, 405, 405),
    "accessibilite/": (200, 200, 200),
    "rest/": (405, 405, 405),
    "tips/<slug:tip>/close/": (405, 405, 405),
    "first-steps/close/": (405, 405, 405),
    "moved/dismiss/": (405, 405, 405),
    "help/": (200, 200, 200),
    "help/keys/": (200, 200, 200),
    "help/news/": (200, 200, 200),
    "help/<slug:slug>/": (404, 404, 404),
    "legal/": (200, 200, 200),
    "privacy/": (200, 200, 200),
    "services/": (SIGN_IN, 200, "/admin/"),
    ".well-known/openid-configuration": (200, 200, 200),
    ".well-known/jwks.json": (200, 200, 200),
    "identity/o/authorize": (400, 400, 400),
    "identity/o/continue": (400, 400, 400),
    "identity/o/logout": (SIGN_IN, 200, 200),
    "identity/o/api/token": (405, 405, 405),
    "identity/o/api/revoke": (405, 405, 405),
    "identity/o/api/userinfo": (401, 401, 401),
    "guides/": (200, 200, 200),
    "guides/<slug:slug>/": (200, 200, 200),
    "mail/config-v1.1.xml": (404, 404, 404),
    ".well-known/autoconfig/mail/config-v1.1.xml": (404, 404, 404),
    "robots.txt": (200, 200, 200),
    # Without WEBMAIL_SECURITY_CONTACTS.
    ".well-known/security.txt": (404, 404, 404),
    ".well-known/change-password": (
        "/account/password/",
        "/account/password/",
        "/account/password/",
    ),
    AUTODISCOVER: (405, 405, 405),
    "accounts/provider/<int:pk>/": (404, 404, 404),
    "accounts/provider/<int:pk>/back/": (404, 404, 404),
    "accounts/provider/<int:pk>/over/": (405, 405, 405),
    "accounts/proxy/": (404, 404, 404),
    "accounts/reenter/": (SIGN_IN, 200, 200),
    "account/": ("/account/password/", "/account/password/", "/account/security/"),
    "account/security/": (SIGN_IN, 200, 200),
    "account/data/": (SIGN_IN, 200, "/admin/"),
    "account/data/state/": (SIGN_IN, 286, "/admin/"),
    "account/data/<uuid:pk>/": (SIGN_IN, 404, "/admin/"),
    "account/session/": (SIGN_IN, 200, 200),
    "account/sessions/": (SIGN_IN, 200, 200),
    "account/sessions/others/end/": (405, 405, 405),
    "account/sessions/<int:pk>/end/": (405, 405, 405),
    "account/password/": (SIGN_IN, 200, "/admin/"),
    "account/password/strength/": (405, 405, 405),
    "account/password/later/": (405, 405, 405),
    "accounts/login/": (200, "/mail/INBOX/", "/"),
    "accounts/logout/": (SIGN_IN, 200, 200),
    "accounts/inactive/": (200, 200, 200),
    "accounts/reauthenticate/": (SIGN_IN, 200, 200),
    "accounts/2fa/": ("/account/security/", "/account/security/", "/account/security/"),
    "accounts/2fa/webauthn/": ("/account/security/", "/account/security/", "/account/security/"),
    "accounts/2fa/webauthn/add/": (SIGN_IN, 200, AGAIN),
    "accounts/2fa/webauthn/reauthenticate/": (SIGN_IN, AGAIN, AGAIN),
    "accounts/2fa/webauthn/keys/<int:pk>/remove/": (SIGN_IN, 404, AGAIN),
    "accounts/2fa/webauthn/keys/<int:pk>/edit/": (SIGN_IN, 404, AGAIN),
    "accounts/2fa/authenticate/": (SIGN_IN, "/mail/INBOX/", "/"),
    "accounts/2fa/reauthenticate/": (SIGN_IN, AGAIN, AGAIN),
    "accounts/2fa/totp/activate/": (SIGN_IN, 200, AGAIN),
    "accounts/2fa/totp/deactivate/": (SIGN_IN, 404, 404),
    "accounts/2fa/recovery-codes/": (SIGN_IN, 404, 404),
    "accounts/2fa/recovery-codes/generate/": (SIGN_IN, 200, AGAIN),
    "accounts/2fa/recovery-codes/download/": (SIGN_IN, 404, 404),
    "admin/login/": (SIGN_IN, 403, "/accounts/2fa/totp/activate/"),
    "admin/logout/": ("/admin/", "/admin/", "/admin/"),
}
# An attachment in the viewer, and a file in one.
VIEWED = ["", "image", "thumb", "media", "pdf", "frame/", "frame/inline/<int:n>", "file"]
VIEWED += ["message/", "frame/remote/<int:n>", "office/", "office/pdf", "scan"]
for file in ("view/<part:number>/", "view/<part:number>/member/<member:member>/"):
    DOORS |= {f"{REF}{file}{more}": (SIGN_IN, 404, "/admin/") for more in VIEWED}
    DOORS |= {f"{REF}{file}contacts/": (405, 405, 405)}
# All else of the admin leads everybody to the step that is missing.
ADMIN = ["", "password_change/", "password_change/done/", "autocomplete/", "jsi18n/"]
ADMIN += ["r/<path:content_type_id>/<path:object_id>/", "(?P<url>.*)$"]
ADMIN += ["^(?P<app_label>…)/$"]
for model in (
    "mfa/authenticator",
    "accounts/application",
    "accounts/announcement",
    "accounts/auditevent",
    "accounts/domaintheme",
    "accounts/maildomain",
    "accounts/moveduser",
    "accounts/providersubject",
    "accounts/service",
    "accounts/sitetext",
    "accounts/staffimport",
    "accounts/staffrecord",
    "accounts/supportcontact",
    "accounts/user",
    "addressbook/addressbook",
    "addressbook/importjob",
    "addressbook/schoolholiday",
    "webmail/agreedsender",
    "webmail/allowedsender",
    "webmail/forwardpolicy",
    "webmail/fraudreport",
    "webmail/installationlearnt",
    "webmail/identity",
    "webmail/mailjob",
    "webmail/outboxmessage",
    "webmail/officepreview",
    "webmail/preferencedefault",
    "webmail/probe",
    "webmail/sendingpolicy",
    "webmail/signaturetemplate",
    "webmail/standingforward",
    "webmail/trustedimagedomain",
):
    ADMIN += [f"{model}/", f"{model}/add/", f"{model}/<path:object_id>/"]
    ADMIN += [f"{model}/<path:object_id>/{page}/" for page in ("history", "delete", "change")]
ADMIN += [f"accounts/staffimport/<int:pk>/{page}/" for page in ("progress", "confirm", "cancel")]
ADMIN += ["accounts/staffimport/template/", "accounts/application/<path:object_id>/secret/"]
ADMIN += ["accounts/auditevent/export/", "accounts/maildomain/<int:pk>/connection/", "jobs/"]
ADMIN += ["reports/", "reports/<int:pk>/", "reports/pulls/<int:pk>/"]
ADMIN += ["doctor/", "retention/", "accounts/user/<int:pk>/data/"]
ADMIN += ["accounts/user/<int:pk>/wire-log/"]
ADMIN += [
    f"addressbook/importjob/<int:pk>/{page}"
    for page in ("progress/", "start/", "cancel/", "undo/", "report.csv")
]
ADMIN += [f"support/{page}/" for page in ("why", "lift", "reset", "message")]
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


# The pieces of addresses that name no row.
NAMES = {
    "<folder:folder>": "Conseil",
    "<folder:login>": "claire",
    "<part:number>": "1",
    "<member:member>": "0",
    "<int:n>": "0",
    "<int:number>": "1",
    "<slug:slug>": "thunderbird",
    "<slug:tip>": "search",
    "<slug:token>": "x" * 27,
    "<slug:source>": "horde",
    "<slug:kind>": "adverts",
    "<slug:tab>": "notifications",
    "<slug:digest>": "0",
}


@pytest.fixture
def filled(mailbox: Mailbox, db: None) -> dict[str, str]:
    """What to put into addresses: a folder and a message of Alice's, a contact and a group of
    somebody else's."""
    mailbox.create_folder("Conseil")
    uid = mailbox.append(b"Subject: x\n\nx\n", "Conseil")
    owner = User.objects.create(login="claire")
    sophie = contacts.create(owner, ContactData(display_name="Sophie"))
    group = groups.create(owner, "Parents")
    groups.set_class(group, 2026, group.Guardians.ALL)
    nested = nesting.add(groups.create(owner, "Tous"), group, audiences.Audience.GUARDIANS)
    # Shared with somebody else than the one who asks.
    sharing.share(group, ["paul@ac-exemple.fr"], may_edit=True, with_pupils=True)
    gone = SharedGone.objects.create(user=owner, group_key=1, group_name="x", owner_name="x")
    tie = ties.add_guardian(sophie, contacts.create(owner, ContactData(display_name="Luc")))
    return NAMES | {
        "<ref:ref>": f"{mailbox.uidvalidity('Conseil')}-{uid}",
        AUTODISCOVER: "Autodiscover/Autodiscover.xml",
        "<int:pk>": str(sophie.pk),
        "<int:guardian>": str(tie.guardian_id),
        "<int:tie>": str(tie.pk),
        "<int:group>": str(group.pk),
        "<int:nesting_pk>": str(nested.pk),
        "<int:share_pk>": str(group.shares.get().pk),
        "<int:gone>": str(gone.pk),
        "<uuid:pk>": str(_message_of(owner)),
        **_draft_of(owner),
        "<int:job>": str(ImportJob.objects.create(user=owner).pk),
        "<path:object_id>": "1",
        "<path:content_type_id>": "1",
        "^(?P<app_label>…)/$": "accounts/",
        "(?P<url>.*)$": "nothing/",
    }


def _message_of(owner: User) -> uuid.UUID:
    """In somebody's outbox; a transfer of theirs has the same number."""
    row = OutboxMessage.objects.create(user=owner, key=uuid.uuid4(), due=timezone.now(), sealed=b"")
    Transfer.objects.create(pk=row.pk, user=owner, kind="export", state="done")
    return row.pk


def _draft_of(owner: User) -> dict[str, str]:
    """Somebody's draft, with a file."""
    draft = drafts.save(owner, uuid.uuid4(), Content(subject="x"), base=0)
    file = DraftFile.objects.create(user=owner, draft=draft, sealed=b"")
    return {
        "<uuid:number>": str(draft.pk),
        "<uuid:file_number>": str(file.pk),
        "<int:revision>": str(draft.revision),
    }


@pytest.fixture
def opened(numen_key: NumenKey, oidc_key: str) -> None:
    """All that a key opens."""


@pytest.fixture
def people(signed_in: Callable[..., Client], bob: MailAccount) -> Iterator[list[Client]]:
    administrator = Client()
    administrator.force_login(
        User.objects.create_administrator("patronne", "Une-Craie-Verte-2026"),
        backend="accounts.backends.LocalAdministratorBackend",
    )
    yield [Client(), signed_in(bob), administrator]
    session.pool().close_all()


# What other programs post to, without a page of ours before it. The service's consent is held to a
# token all the same (test_oidc.py).
WITHOUT_TOKEN = {
    "phone/<slug:token>/",
    "phone/<slug:token>/profile",
    "accounts/provider/<int:pk>/over/",
    AUTODISCOVER,
    "identity/o/authorize",
    "identity/o/logout",
    "identity/o/api/token",
    "identity/o/api/revoke",
    "identity/o/api/userinfo",
}


def at(address: str, filled: dict[str, str]) -> str:
    for placeholder, value in filled.items():
        address = address.replace(placeholder, value)
    return f"/{address}"


def got(answer: Any, filled: dict[str, str]) -> int | str:
    """The status, or where it leads: an address of a message as the table has it."""
    location = answer.get("Location", "").partition("?")[0]
    return location.replace(at(REF, filled), f"/{REF}") or answer.status_code


def test_every_address_is_entered_here() -> None:
    assert set(addresses(get_resolver().url_patterns)) == set(DOORS)


@pytest.mark.usefixtures("opened")
def test_who_gets_what(filled: dict[str, str], people: list[Client]) -> None:
    found = {
        address: tuple(got(client.get(at(address, filled)), filled) for client in people)
        for address in DOORS
    }
    assert found == DOORS


# What may change by GET: for every address, or for those that are named with a reason.
WRITTEN_ANYWHERE = {
    "accounts_user",  # the last visit, and notes of the pages that were seen
    "accounts_usersession",  # the last use
    "django_session",  # what the session notes
}
WRITTEN_BY_GET = {
    # Services lead people here by a link (OpenID Connect): what is refused is noted.
    "accounts_auditevent": {"identity/o/authorize"},
    # A message opened from what was found: the search is one of the last ten.
    "webmail_recentsearch": {REF},
}


def contents(tables: list[str]) -> dict[str, int]:
    """Return a digest of the rows of each of these tables that has any. Most have none, which one
    query tells of all."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")"  # noqa: S608  ours
                for name in tables
            )
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608  names of the database itself
            found[table] = hash(frozenset(Counter(map(repr, cursor.fetchall())).items()))
    return found


@pytest.mark.usefixtures("opened")
def test_a_get_writes_nothing_but_what_is_listed(
    filled: dict[str, str],
    signed_in: Callable[..., Client],
    alice: MailAccount,
    settings: Any,
) -> None:
    """Another site can lead anybody to any address: opening one must not do anything."""
    settings.ADMIN_NEEDS_TOTP = False
    owner, boss = signed_in(alice), Client()
    user = User.objects.create_administrator("patronne", "Une-Craie-Verte-2026")
    boss.force_login(user, backend="accounts.backends.LocalAdministratorBackend")
    asked = "?q=alice&address=chef@ac-exemple.fr&day=2026-03-04&sure=on&verb=trash&action=delete"
    writing: dict[str, set[str]] = {}
    tables = connection.introspection.table_names()
    before = contents(tables)
    for address in DOORS:
        for client in (owner, boss):
            client.get(at(address, filled) + asked)
        after = contents(tables)
        for table in before.keys() | after.keys():
            if before.get(table) != after.get(table):
                writing.setdefault(table, set()).add(address)
        before = after
    session.pool().close_all()
    unlisted = {
        table: paths - WRITTEN_BY_GET.get(table, set())
        for table, paths in writing.items()
        if table not in WRITTEN_ANYWHERE
    }
    assert {table: paths for table, paths in unlisted.items() if paths} == {}


@pytest.mark.usefixtures("opened")
def test_a_role_opens_nothing_of_another_persons(
    filled: dict[str, str], signed_in: Callable[..., Client], bob: MailAccount
) -> None:
    support = signed_in(bob)
    User.objects.get(login=bob.login).groups.add(*Group.objects.filter(name__in=ROLES))
    found = {address: got(support.get(at(address, filled)), filled) for address in DOORS}
    session.pool().close_all()
    # The administration waits for a second factor, which is set up first.
    as_another = {address: answers[1] for address, answers in DOORS.items()}
    assert found == as_another | {"admin/login/": "/accounts/2fa/totp/activate/"}


@pytest.mark.usefixtures("opened")
def test_a_form_of_another_site_is_refused_everywhere(
    filled: dict[str, str], signed_in: Callable[..., Client], bob: MailAccount
) -> None:
    """Where nobody is signed in, what is for users alone asks for that first."""
    stranger = Client(enforce_csrf_checks=True)
    user = signed_in(bob)
    user.handler.enforce_csrf_checks = True
    # What takes forms of others may end the session: last.
    doors = sorted(DOORS, key=WITHOUT_TOKEN.__contains__)
    for browser in (stranger, user):
        answers = {door: browser.post(at(door, filled)) for door in doors}
        refused = {door for door, answer in answers.items() if answer.status_code == 403}
        if browser is stranger:
            refused |= {door for door, answer in answers.items() if "X-Session-Over" in answer}
        assert set(DOORS) - refused == WITHOUT_TOKEN
    session.pool().close_all()


def test_posts_change_nothing_for_whom_they_are_not(
    filled: dict[str, str], people: list[Client], mailbox: Mailbox
) -> None:
    data = {"verb": "trash", "refs": filled["<ref:ref>"]}
    answers = [client.post("/mail/Conseil/act/", data) for client in people]
    assert [got(answer, filled) for answer in answers] == [401, 404, "/admin/"]
    assert len(mailbox.uids("Conseil")) == 1
    data = {"density": "compact"}
    answers = [client.post("/preferences/", data) for client in people]
    assert [got(answer, filled) for answer in answers] == [401, 422, "/admin/"]
    assert not User.objects.filter(preferences__has_key="density").exists()
