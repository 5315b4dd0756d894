"""Every page of the project, held to axe and to what can be told of it by looking (conformity.py).

A new address of `test_doors.py` must be entered here: as a page, or as what is none.
"""

from __future__ import annotations

import itertools
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page

from accounts.models import (
    Announcement,
    Service,
    SiteText,
    SupportContact,
    User,
)
from accounts.roles import ROLES
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import groups, sharing, ties
from addressbook.models import GroupFilter
from addressbook.models.imports import ImportJob
from demo import address_books
from demo.servers.dovecot import MailAccount
from tests.browser import conformity
from tests.browser.conftest import as_playwright_has_it
from tests.browser.test_rules import a_rule, scripts  # noqa: F401  a fixture
from tests.browser.test_viewer import FILES
from tests.servers.mailboxes import Mailbox
from tests.servers.scripts import Scripts
from tests.test_doors import DOORS
from tests.webmail.outbox.letters import letter as outgoing
from tests.webmail.views.mail import letter, path
from webmail import outbox
from webmail.models import (
    CannedAnswer,
    FraudReport,
    MailJob,
    PreferenceDefault,
    Pull,
    Transfer,
)
from webmail.writing import drafts
from webmail.writing.content import Content

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MESSAGE = "mail/<folder:folder>/<ref:ref>/"
VIEW = f"{MESSAGE}view/<part:number>/"
MEMBER = f"{VIEW}member/<member:member>/"
# What stands in the place of a part of an address: for each page its own.
PAGES: dict[str, str] = {
    "mail/<folder:folder>/": "mail/INBOX/",
    MESSAGE: "{letter}",
    f"{MESSAGE}headers/": "{letter}headers/",
    f"{MESSAGE}reply/": "{letter}reply/",
    f"{MESSAGE}forward/": "{letter}forward/",
    f"{MESSAGE}edit/": "{letter}edit/",
    f"{MESSAGE}resend/": "{letter}resend/",
    VIEW: "{files}view/2/",
    f"{VIEW}message/": "{files}view/11/message/",
    MEMBER: "{files}view/10/member/0/",
    "adverts/senders/": "",
    "drafts/<uuid:number>/": "drafts/{draft}/",
    "drafts/<uuid:number>/documents/": "drafts/{draft}/documents/",
    "drafts/<uuid:number>/versions/": "drafts/{draft}/versions/",
    "drafts/<uuid:number>/versions/<int:revision>/": "drafts/{draft}/versions/1/",
    "drafts/discarded/": "",
    "search/": "search/?q=lettre",
    "search/trace/": "search/trace/?sender=bob@ac-exemple.fr",
    "search/selection/": "search/selection/?q=lettre",
    "mail/<folder:folder>/selection/": "mail/INBOX/selection/",
    "mail/<folder:folder>/purge/": "mail/INBOX/purge/",
    "mail/<folder:folder>/export/": "mail/INBOX/export/",
    "transfers/": "",
    "transfers/<uuid:pk>/": "transfers/{transfer}/",
    "jobs/": "",
    "jobs/<int:pk>/": "jobs/{mail_job}/",
    "outbox/": "",
    "outbox/<uuid:pk>/": "outbox/{outbox}/",
    "tags/": "",
    "folders/": "",
    "folders/space/": "",
    "folders/of/<folder:folder>/": "folders/of/Conseil/",
    "folders/share/<folder:folder>/": "folders/share/Conseil/",
    "compose/": "",
    "rules/": "",
    "rules/new/": "",
    "rules/raw/": "",
    "rules/absence/": "",
    "rules/<int:number>/": "rules/1/",
    "rules/<int:number>/apply/": "rules/1/apply/",
    "preferences/": "",
    "preferences/find/": "preferences/find/?q=couleur",
    "preferences/<slug:tab>/": "preferences/writing/",
    "preferences/identities/": "",
    "preferences/canned/": "",
    "preferences/canned/<int:pk>/": "preferences/canned/{canned}/",
    "preferences/canned/<int:pk>/remove/": "preferences/canned/{canned}/remove/",
    "contacts/": "",
    "contacts/collected/": "",
    "contacts/directory/": "contacts/directory/?q=a",
    "contacts/new/": "",
    "contacts/<int:pk>/": "contacts/{contact}/",
    "contacts/<int:pk>/edit/": "contacts/{contact}/edit/",
    "contacts/<int:pk>/guardians/": "contacts/{contact}/guardians/",
    "contacts/guardians/<int:tie>/": "contacts/guardians/{tie}/",
    "contacts/year/": "",
    "contacts/groups/<int:group>/write/": "contacts/groups/{group}/write/",
    "contacts/groups/new/": "",
    "contacts/groups/<int:group>/": "contacts/groups/{group}/",
    "contacts/groups/<int:group>/edit/": "contacts/groups/{group}/edit/",
    "contacts/groups/<int:group>/share/": "contacts/groups/{group}/share/",
    "contacts/groups/directory/": "",
    "contacts/groups/<int:group>/directory/": "contacts/groups/{renewed}/directory/",
    "contacts/shared/<int:group>/": "contacts/shared/{shared}/",
    "contacts/directory/lists/": "",
    "contacts/duplicates/": "",
    "contacts/duplicates/merge/": "contacts/duplicates/merge/?contacts={contact}&contacts={twin}",
    "contacts/bin/": "",
    "contacts/import/": "",
    "contacts/import/<int:job>/": "contacts/import/{done_import}/",
    "contacts/import/<int:job>/columns/": "contacts/import/{import_job}/columns/",
    "contacts/import/<int:job>/undo/": "contacts/import/{done_import}/undo/",
    "contacts/import/<slug:source>/": "contacts/import/school/",
    "contacts/export/": "",
    "account/settings/": "",
    "account/settings/phone/": "",
    "lookup/": "",
    "lookup/sheet/": "",
    "lookup/guides/": "",
    "phone/<slug:token>/": "phone/none/",
    "accessibilite/": "",
    "help/": "",
    "help/keys/": "",
    "help/news/": "",
    "help/<slug:slug>/": "help/rules/",
    "legal/": "",
    "privacy/": "",
    "services/": "",
    "identity/o/authorize": "",
    "identity/o/continue": "",
    "identity/o/logout": "",
    "guides/": "",
    "guides/<slug:slug>/": "guides/thunderbird/",
    "accounts/reenter/": "",
    "account/security/": "",
    "account/data/": "",
    "account/sessions/": "",
    "account/password/": "",
    "accounts/logout/": "",
    "accounts/inactive/": "",
    "accounts/reauthenticate/": "",
    "accounts/2fa/webauthn/add/": "",
    "accounts/2fa/totp/activate/": "",
    "accounts/2fa/recovery-codes/generate/": "",
}
# What anybody sees before signing in.
DOORSTEP = {
    "accounts/login/": "",
    "accounts/provider/<int:pk>/back/": "accounts/provider/1/back/",
    "accounts/proxy/": "",
}
# Addresses whose page stands for what is missing here, with its status. What they show where it is
# there, other tests look at.
NOT_SHOWN = {
    f"{MESSAGE}resend/": 404,  # a delivery report: tests/webmail/views/test_resending.py
    "folders/share/<folder:folder>/": 404,  # tests/webmail/views/folders/test_sharing.py
    "lookup/": 404,  # a key of NUMEN digests: tests/browser/test_lookup.py
    "lookup/sheet/": 410,  # a sheet is seen once, after a lookup: tests/browser/test_lookup.py
    "phone/<slug:token>/": 404,  # a code that a computer shows: tests/browser/test_phone.py
    # A key that signs, and a service that asks: tests/browser/test_services.py.
    "identity/o/authorize": 404,
    "identity/o/continue": 404,
    "identity/o/logout": 404,
    "accounts/provider/<int:pk>/back/": 404,  # a provider: tests/browser/test_providers.py
    "accounts/proxy/": 404,  # a proxy that signs in: tests/accounts/providers/test_proxied.py
    "mail/Nulle%20part/": 404,  # the page of a folder that is not there
}
# Parts of pages, files, answers to programs, and addresses that lead to a page above.
NO_PAGES = {
    "",
    "mail/<folder:folder>/snippets/",
    f"{MESSAGE}frame/",
    f"{MESSAGE}print/",  # no scripts run in it, those that look at it neither
    f"{MESSAGE}frame/inline/<int:n>",
    f"{MESSAGE}frame/remote/<int:n>",
    f"{MESSAGE}card/",
    f"{MESSAGE}risks/",
    f"{MESSAGE}part/<part:number>/",
    f"{MESSAGE}zip/",
    f"{MESSAGE}source/",
    f"{MESSAGE}invitation/<part:number>/",
    "adverts/folder/<slug:kind>/",
    "drafts/",
    "drafts/<uuid:number>/documents/<uuid:file_number>",
    "drafts/<uuid:number>/files/<uuid:file_number>",
    "search/suggestions/",
    "mail/<folder:folder>/download/",
    "transfers/<uuid:pk>/file/",
    "jobs/progress/",
    "outbox/progress/",
    "folders/column/",
    "folders/quota/",
    "compose/check/",
    "compose/canned/",
    "poll/",
    "contacts/complete/",
    "contacts/<int:pk>/photo/<slug:digest>",
    "contacts/groups/<int:group>/recipients/",
    # Forms of the page of a group, which leads back to it.
    "contacts/groups/<int:group>/class/",
    "contacts/groups/<int:group>/addresses/",
    "contacts/groups/<int:group>/inner/",
    "contacts/shared/<int:group>/recipients/",
    "contacts/directory/lists/<int:group>/",
    "rules/absence/of/<folder:login>/",  # one's own absence with another name above it
    "design/",  # of those that write pages, where DEBUG is on
    "design/states.css",
    "theme/sign-in/",
    "theme/<slug:digest>.css",
    "theme/<slug:digest>.webp",
    "contacts/import/<int:job>/refused.csv",
    "contacts/export/file/",
    "favicon.ico",
    "language/",
    "lookup/phone/",
    "lookup/guides/<slug:slug>/",
    "lookup/sheet.pdf",
    "account/settings/sheet.pdf",
    ".well-known/openid-configuration",
    ".well-known/jwks.json",
    "identity/o/api/userinfo",
    "mail/config-v1.1.xml",
    ".well-known/autoconfig/mail/config-v1.1.xml",
    "robots.txt",
    ".well-known/security.txt",
    ".well-known/change-password",
    "drafts/<uuid:number>/as-sent/",  # the frame of a preview
    "accounts/provider/<int:pk>/",
    "account/",
    "account/data/state/",
    "account/data/<uuid:pk>/",
    "account/session/",
    "accounts/2fa/",
    "accounts/2fa/webauthn/",
    "accounts/2fa/webauthn/reauthenticate/",
    "accounts/2fa/webauthn/keys/<int:pk>/remove/",
    "accounts/2fa/webauthn/keys/<int:pk>/edit/",
    "accounts/2fa/authenticate/",
    "accounts/2fa/reauthenticate/",
    "accounts/2fa/totp/deactivate/",
    "accounts/2fa/recovery-codes/",
    "accounts/2fa/recovery-codes/download/",
    *(f"{way}{file}" for way in (VIEW, MEMBER) for file in ("image", "thumb", "media", "pdf")),
    *(f"{way}{file}" for way in (VIEW, MEMBER) for file in ("frame/", "file", "office/", "scan")),
    *(f"{way}frame/inline/<int:n>" for way in (VIEW, MEMBER)),
    *(f"{way}frame/remote/<int:n>" for way in (VIEW, MEMBER)),
    *(f"{way}office/pdf" for way in (VIEW, MEMBER)),
    f"{MEMBER}message/",
}
# Other states of pages above: messages with HTML, and attachments of each kind in the viewer.
STATES = ("{news}", *(f"{{files}}view/{n}/" for n in range(3, 16)), "mail/Nulle%20part/")


def test_every_address_is_a_page_here_or_none() -> None:
    posted = {address for address, answers in DOORS.items() if answers[:2] == (405, 405)}
    admin = {address for address in DOORS if address.startswith("admin/")}
    assert {*PAGES, *DOORSTEP} | NO_PAGES | posted | admin == set(DOORS)
    assert not {*PAGES, *DOORSTEP} & (NO_PAGES | posted | admin)


@pytest.fixture(autouse=True)
def spool(settings: Any, tmp_path: Path) -> None:
    settings.SPOOL = tmp_path / "spool"
    settings.ADMIN_NEEDS_TOTP = False
    settings.REPORT_ADDRESS = "signalement@ac-exemple.fr"
    settings.CELERY_TASK_ALWAYS_EAGER = True


@pytest.fixture
def browser_of(site: str) -> Callable[[Page, MailAccount], Client]:
    """``browser_of(page, alice)``: a client whose cookies the page has, signed in."""

    def sign_in(page: Page, account: MailAccount) -> Client:
        client = Client(HTTP_USER_AGENT=page.evaluate("navigator.userAgent"))
        given = {"login": account.login, "password": account.password}
        answer = client.post(reverse("account_login"), given)
        assert answer.status_code == 302, answer.content.decode()
        cookies = [as_playwright_has_it(one, site) for one in client.cookies.values()]
        page.context.add_cookies(cookies)
        return client

    return sign_in


@pytest.fixture
def things(
    mailbox: Mailbox,
    scripts: Scripts,  # noqa: F811
    tmp_path: Path,
) -> Callable[[Client], dict[str, str]]:
    """``things(client)``: what stands in the braces of ``PAGES``, all of it Alice's."""

    def make(client: Client) -> dict[str, str]:
        user = User.objects.get(login="alice")
        mailbox.create_folder("Conseil")
        mailbox.append(letter("Lettre du collège"), "Conseil")
        made = {
            "letter": path(mailbox, mailbox.append("letter.eml"))[1:],
            "news": path(mailbox, mailbox.append("newsletter.eml"))[1:],
            "files": path(mailbox, mailbox.append(letter("Documents", files=FILES)))[1:],
        }
        return made | _written_by(user, client) | _known_to(user) | _imported(client, tmp_path)

    return make


def _written_by(user: User, client: Client) -> dict[str, str]:
    request: Any = client.get("/preferences/").wsgi_request
    to = "Bob Petit <bob@ac-exemple.fr>"
    draft = drafts.save(user, uuid.uuid4(), Content(to=to, subject="Sortie", text="a"), base=0)
    drafts.save(user, draft.pk, Content(to=to, subject="Sortie", text="b"), base=draft.revision)
    sent = drafts.save(user, uuid.uuid4(), Content(to=to, subject="Départ", text="c"), base=0)
    (row,) = outbox.accept(
        request, sent, [outgoing()], key=uuid.uuid4(), due=None, undo_seconds=900
    )
    canned = CannedAnswer.objects.create(user=user, name="Merci", html="<p>Merci beaucoup.</p>")
    job = MailJob.objects.create(
        user=user, verb="move", folder="INBOX", to="Conseil", total=3, done=3, state="done"
    )
    transfer = Transfer.objects.create(user=user, kind="export", state="done", name="Conseil")
    return {
        "draft": str(draft.pk),
        "outbox": str(row.pk),
        "canned": str(canned.pk),
        "mail_job": str(job.pk),
        "transfer": str(transfer.pk),
    }


LUC = (Email("luc.martin@courriel.example"),)


def _known_to(user: User) -> dict[str, str]:
    maelle = contacts.create(user, ContactData(display_name="Maëlle Martin"))
    twin = contacts.create(user, ContactData(display_name="Maelle Martin"))
    luc = contacts.create(user, ContactData(display_name="Luc Martin", emails=LUC))
    tie = ties.add_guardian(maelle, luc)
    group = groups.create(user, "4e B")
    groups.set_class(group, 2026, group.Guardians.ALL)
    groups.add(group, [maelle.pk])
    wanted = GroupFilter(discipline="SVT")
    renewed = groups.create_filtered(user, "Professeurs de SVT", wanted)
    bob = User.objects.create(login="bob", address="bob@ac-exemple.fr", name="Bob Petit")
    lent = groups.create(bob, "Équipe de 4e B")
    zoe = contacts.create(bob, ContactData(display_name="Zoé Roux", emails=LUC))
    groups.add(lent, [zoe.pk])
    sharing.share(lent, [user.address], may_edit=True, with_pupils=False)
    return {
        "renewed": str(renewed.pk),
        "shared": str(lent.pk),
        "contact": str(maelle.pk),
        "twin": str(twin.pk),
        "tie": str(tie.pk),
        "group": str(group.pk),
    }


def _imported(client: Client, folder: Path) -> dict[str, str]:
    """An import that waits for its columns, and one that was written."""
    address_books.write(folder / "books")
    jobs = []
    for source in ("school", "school"):
        file = folder / "books" / "pronote-5eC.csv"
        answer = client.post(
            f"/contacts/import/{source}/",
            {"books": [SimpleUploadedFile(file.name, file.read_bytes())]},
        )
        assert answer.status_code == 302, answer.content.decode()
        jobs.append(ImportJob.objects.latest("pk"))
    client.post(f"/contacts/import/{jobs[0].pk}/start/")
    return {"done_import": str(jobs[0].pk), "import_job": str(jobs[1].pk)}


WIDTHS = (
    (1440, "light"),
    (375, "dark"),
    (768, "light"),
    (1440, "dark"),
    (375, "light"),
    (768, "dark"),
)


def faults_of(page: Page, address: str, number: int, step: int, status: int = 200) -> list[str]:
    """The page at ``/address`` at three widths, light and dark. In the quick run each page has one
    of the six looks, by its number; so has every look a sixth of the pages."""
    answer = page.goto(f"/{address}")
    assert answer is not None
    assert answer.status == status, f"/{address} answered {answer.status}"
    assert "text/html" in answer.headers["content-type"], address
    page.wait_for_timeout(100)
    found = conformity.invalid(page, answer.text())
    looks = itertools.islice(itertools.cycle(WIDTHS), number % 6, number % 6 + 6)
    for width, scheme in itertools.islice(looks, 0, 6, step):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        found += conformity.looked_at(page)
        found += conformity.axe(page)
    page.set_viewport_size({"width": 1440, "height": 900})
    found += conformity.unnamed(page)
    found += conformity.stretched(page)
    return [f"/{address}: {one}" for one in dict.fromkeys(found)]


# --- the administration ---


# Pages of the admin that are no list, form or deletion of a model; the others lead on or are files.
ADMIN_PAGES = {
    "": "",
    "password_change/": "",
    "jobs/": "",
    "reports/": "",
    "reports/<int:pk>/": "reports/{report}/",
    "reports/pulls/<int:pk>/": "reports/pulls/{pull}/",
    "doctor/": "",
    "retention/": "",
    "accounts/user/<int:pk>/data/": "accounts/user/{user}/data/",
    "accounts/user/<int:pk>/wire-log/": "accounts/user/{user}/wire-log/",
    "support/why/": "support/why/?q=alice",
    "support/message/": "",
    "^(?P<app_label>…)/$": "accounts/",
}
NO_ADMIN_PAGES = {
    "password_change/done/",
    "autocomplete/",
    "jsi18n/",
    "login/",
    "logout/",
    "r/<path:content_type_id>/<path:object_id>/",
    "(?P<url>.*)$",
    "accounts/staffimport/template/",
    "accounts/auditevent/export/",
    "accounts/application/<path:object_id>/secret/",
    "accounts/maildomain/<int:pk>/connection/",
    "support/lift/",
    "support/reset/",
    *(f"accounts/staffimport/<int:pk>/{page}/" for page in ("progress", "confirm", "cancel")),
    *(
        f"addressbook/importjob/<int:pk>/{page}/"
        for page in ("progress", "start", "cancel", "undo")
    ),
    "addressbook/importjob/<int:pk>/report.csv",
}
# Refused to Alice, whose password is the mail server's and whose own data these are.
REFUSED = {"password_change/": 403, "accounts/user/<int:pk>/data/": 403}
# What the templates of Django's admin may be wrong in: fields of a date and time, and the hints of
# its pairs of lists.
DJANGOS = (
    "axe label:",
    "axe aria-prohibited-attr:",
    "axe aria-input-field-name:",
)
OF_MODELS = re.compile(r"\w+/\w+/(add/|<path:object_id>/(history/|delete/|change/)?)?")


def test_every_address_of_the_admin_is_a_page_here_or_none() -> None:
    special = {*ADMIN_PAGES, *NO_ADMIN_PAGES}
    all_of_them = {address.removeprefix("admin/") for address in DOORS if "admin/" in address}
    left = {address for address in all_of_them if not OF_MODELS.fullmatch(address)}
    assert left - special == set()
    assert special - all_of_them == set()


def administered() -> dict[str, str]:
    """Rows for pages that want one."""
    alice = User.objects.get(login="alice")
    Announcement.objects.create(title="Maintenance", text="Ce soir.")
    SupportContact.objects.create(name="Assistance", phone="03 22 00 00 00")
    Service.objects.create(name="Frais", address="https://frais.example/")
    SiteText.objects.create(place=SiteText.Place.values[0], text="Texte.")
    PreferenceDefault.objects.create(name="density", value="compact")
    report = FraudReport.objects.create(
        user=alice,
        message_id="<1@x>",
        sender="a@x.example",
        domain="x.example",
        subject="Votre compte",
        received=timezone.localdate(),
    )
    pull = Pull.objects.create(by=alice, criteria={})
    return {"report": str(report.pk), "pull": str(pull.pk), "user": str(alice.pk)}


def pages_of_models(client: Client) -> Iterator[tuple[str, int]]:
    """Yield the list of each model, its form, and the form and deletion of its first row, and the
    status of each: the administration refuses forms of rows that nobody may add or delete."""
    request: Any = client.get("/admin/").wsgi_request
    for model, options in admin.site._registry.items():
        base = f"admin/{model._meta.app_label}/{model._meta.model_name}/"
        yield base, 200
        yield f"{base}add/", 200 if options.has_add_permission(request) else 403
        if row := model._default_manager.first():
            may_delete = options.has_delete_permission(request, row)
            yield f"{base}{row.pk}/change/", 200
            yield f"{base}{row.pk}/delete/", 200 if may_delete else 403
            yield f"{base}{row.pk}/history/", 200


def test_the_admin_conforms(
    open_page: Callable[..., Page],
    browser_of: Callable[[Page, MailAccount], Client],
    alice: MailAccount,
    mailbox: Mailbox,
    one_in: Callable[[int], int],
) -> None:
    """axe at three widths, light and dark, and no page is wider than the window."""
    page = open_page()
    page.add_init_script("window.print = () => {}")
    page.goto("/accounts/login/")
    client = browser_of(page, alice)
    User.objects.filter(login="alice").update(is_superuser=True)
    User.objects.get(login="alice").groups.add(*Group.objects.filter(name__in=ROLES))
    made = administered()
    special = [
        (f"admin/{(path or address).format(**made)}", REFUSED.get(address, 200))
        for address, path in ADMIN_PAGES.items()
    ]
    pages = [*special, *pages_of_models(client)]
    answers = [client.get(f"/{address}", follow=True) for address, _status in pages]
    told = [
        (address, answer.status_code)
        for (address, _status), answer in zip(pages, answers, strict=True)
    ]
    assert told == pages
    found = []
    for number, ((address, status), answer) in enumerate(
        [*zip(pages, answers, strict=True)][:: one_in(3)]
    ):
        if status != 200 or answer.redirect_chain:
            continue  # refused, as is said above, or it leads to another page of the list
        looks = itertools.islice(itertools.cycle(WIDTHS), number % 6, number % 6 + 6)
        for width, scheme in itertools.islice(looks, 0, 6, one_in(6)):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.goto(f"/{address}")  # Django's own sheets go from one scheme to the other slowly
            faults = [one for one in conformity.axe(page) if not one.startswith(DJANGOS)]
            found += [f"{width} {scheme} /{address}: {one}" for one in faults]
    assert found == []


# Pages of the administration: signing in, the index, a list and two forms.
ADMINISTRATION = (
    "admin/login/",
    "admin/",
    "admin/accounts/user/",
    "admin/accounts/user/{user}/change/",
    "admin/accounts/announcement/add/",
)
# What is wrong in them, in templates of Django: by criterion, or by rule of axe. It only
# shrinks, but for a check that is new.
WRONG_IN_DJANGO = {
    *("3.3", "5.4", "5.7", "6.2", "7.1", "9.3", "10.4", "10.11", "10.12", "11.1"),
    *("axe label", "axe color-contrast"),
}


@pytest.mark.whole
def test_the_administration_has_no_other_faults_than_djangos(
    open_page: Callable[..., Page],
    browser_of: Callable[[Page, MailAccount], Client],
    alice: MailAccount,
    mailbox: Mailbox,
) -> None:
    page = open_page()
    assert faults_of(page, ADMINISTRATION[0], 0, 1) == []
    browser_of(page, alice)
    User.objects.filter(login="alice").update(is_superuser=True)
    User.objects.get(login="alice").groups.add(*Group.objects.filter(name__in=ROLES))
    made = {"user": str(User.objects.get(login="alice").pk)}
    found = []
    for number, address in enumerate(one.format(**made) for one in ADMINISTRATION[1:]):
        found += faults_of(page, address, number, 1)
        assert page.url.partition("?")[0].endswith(f"/{address}"), page.url
        assert page.locator("#content h1").inner_text()
        found += [f"/{address}: {one}" for one in conformity.tabbed(page)]
    assert [one for one in found if one.split(": ")[1] not in WRONG_IN_DJANGO] == []


PARTS = 4
OPEN_TO_ALL = ("lookup/", "guides/", "help/", "accessibilite/")


@pytest.mark.parametrize("part", range(PARTS))
def test_pages_conform(
    part: int,
    open_page: Callable[..., Page],
    browser_of: Callable[[Page, MailAccount], Client],
    things: Callable[[Client], dict[str, str]],
    alice: MailAccount,
    one_in: Callable[[int], int],
) -> None:
    """Each page is opened once, looked at, held to hands (hand.js) and walked by Tab. The quick run
    has the hands of each second page and the walk of each eighth."""
    page = open_page()
    page.add_init_script("window.print = () => {}")
    page.goto("/accounts/login/")
    made = things(browser_of(page, alice))
    found = []
    for number, address in enumerate((*PAGES, *STATES)[part::PARTS]):
        shown = (PAGES.get(address) or address).format(**made)
        found += faults_of(page, shown, number, one_in(6), NOT_SHOWN.get(address, 200))
        faults = conformity.by_hand(page) if number % one_in(2) == 0 else []
        if address in PAGES and number % one_in(8) == 0:
            faults += conformity.tabbed(page)
        found += [f"/{shown}: {one}" for one in faults]
    assert found == []


def test_the_doorstep_conforms(
    open_page: Callable[..., Page], one_in: Callable[[int], int]
) -> None:
    page = open_page()
    found = []
    for number, address in enumerate((*DOORSTEP, *OPEN_TO_ALL)):
        shown, status = DOORSTEP.get(address) or address, NOT_SHOWN.get(address, 200)
        found += faults_of(page, shown, number, one_in(6), status)
        found += [f"/{shown}: {one}" for one in conformity.by_hand(page)]
    assert found == []
