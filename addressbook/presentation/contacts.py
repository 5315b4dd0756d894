"""Contacts as the templates show them: rows, cards, initials, words for types, addresses of
pages."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import pgettext, pgettext_lazy

from accounts.models import User
from addressbook.contact_data import FORMER, ContactData, Email, Phone, PostalAddress
from addressbook.contacts import recipient, sharing
from addressbook.contacts.finding import ContactPage
from addressbook.contacts.groups import counted
from addressbook.contacts.keeping import digits
from addressbook.models import Contact, Group
from addressbook.models.imports import ImportJob
from addressbook.presentation.groups import SharedRow, shared_row
from core.avatars import hue, initials


@dataclass(frozen=True)
class ContactRow:
    """A contact in the list."""

    pk: int
    name: str
    detail: str
    initials: str
    hue: int
    photo_url: str
    url: str
    selected: bool


@dataclass(frozen=True)
class IndexLetter:
    """A letter of the index. ``url`` is "" if no contact begins with it."""

    letter: str
    url: str


@dataclass(frozen=True)
class ContactListing:
    """The list of contacts: rows by letter, the index, and the pages before and after."""

    total: int
    letters: tuple[IndexLetter, ...]
    by_letter: tuple[tuple[str, tuple[ContactRow, ...]], ...]
    before_url: str
    next_url: str


def listing(
    page: ContactPage, base: str, query: str, group: Group | None, opened: int | None
) -> ContactListing:
    """Return a page of the list. ``base`` is the list's address, ``query`` the words of the
    search."""

    def asked(number: int) -> dict[str, str]:
        return {
            **({"q": query} if query else {}),
            **({"page": str(number)} if number > 1 else {}),
        }

    def url(number: int) -> str:
        return f"{base}?{urlencode(asked(number))}" if asked(number) else base

    letters = {letter.letter: letter for letter in page.letters}
    index = tuple(
        IndexLetter(
            letter,
            f"{url(letters[letter].page)}#letter-{anchor(letter)}" if letter in letters else "",
        )
        for letter in (*string.ascii_uppercase, "#")
    )
    suffix = urlencode(asked(page.number) | ({"group": str(group.pk)} if group else {}))
    rows = (row(contact, suffix, opened) for contact in page.rows)
    pairs = zip((contact.initial for contact in page.rows), rows, strict=True)
    by_letter = tuple(
        (letter, tuple(shown_row for _letter, shown_row in same))
        for letter, same in groupby(pairs, key=lambda pair: pair[0])
    )
    return ContactListing(
        page.total,
        index,
        by_letter,
        url(page.number - 1) if page.number > 1 else "",
        url(page.number + 1) if page.has_next else "",
    )


def anchor(letter: str) -> str:
    """Return the letter as part of an element's id."""
    return "other" if letter == "#" else letter


def row(contact: Contact, suffix: str = "", opened: int | None = None) -> ContactRow:
    """Return the row of a contact from `finding.page`."""
    url = reverse("addressbook:contact", args=[contact.pk])
    return ContactRow(
        contact.pk,
        contact.display_name,
        ", ".join(filter(None, (contact.job_title, contact.organization))),
        initials(contact.display_name),
        hue(contact.display_name),
        photo_url(contact.pk, getattr(contact, "photo_digest", "")),
        f"{url}?{suffix}" if suffix else url,
        contact.pk == opened,
    )


def photo_url(pk: int, digest: str | None) -> str:
    return reverse("addressbook:photo", args=[pk, digest]) if digest else ""


def write_url(name: str, address: str) -> str:
    """Return the address of the page on which the user writes to a person."""
    return f"{reverse('mail:compose')}?{urlencode({'to': recipient(name, address)})}"


@dataclass(frozen=True)
class GroupRow:
    """A group beside the list. ``size`` is None for a composite group."""

    pk: int
    name: str
    size: int | None
    current: bool
    is_class: bool = False
    is_archived: bool = False


@dataclass(frozen=True)
class SideColumn:
    """The column beside every page. ``current`` names the open page. ``import_job`` is the key of
    an import that is running (``is_importing``) or waits for the user. ``shared`` are groups of
    colleagues."""

    total: int
    binned: int
    groups: tuple[GroupRow, ...]
    current: str
    import_job: int | None
    is_importing: bool
    shared: tuple[SharedRow, ...] = ()

    @property
    def has_archived(self) -> bool:
        return any(row.is_archived for row in self.groups)

    @property
    def is_in_archived(self) -> bool:
        """Whether the open page is that of an archived group."""
        return any(row.is_archived and row.current for row in self.groups)


def side(
    user: User, current: str, group: Group | None = None, shared: int | None = None
) -> SideColumn:
    """Return the column beside a page. Five queries."""
    rows = tuple(
        GroupRow(
            own_group.pk,
            own_group.name,
            None if size is None else size + len(own_group.external),
            own_group == group,
            own_group.is_class,
            own_group.archived is not None,
        )
        for own_group, size in counted(user)
    )
    binned = Contact.objects.in_bin(user).count()
    total = Contact.objects.of(user).count()
    unfinished = ImportJob.objects.of(user).unfinished()
    job = unfinished.only("state").first()
    return SideColumn(
        total,
        binned,
        rows,
        "" if group or shared else current,
        job.pk if job else None,
        job is not None and job.is_moving,
        tuple(shared_row(seen, shared) for seen in sharing.seen_by(user)),
    )


PLACES: dict[str, Promise] = {
    "home": pgettext_lazy("type of an address", "personal"),
    "work": pgettext_lazy("type of an address", "work"),
    "other": pgettext_lazy("type of an address", "other"),
}
"""The types of e-mail and postal addresses, in the order in which they are offered."""
EMAIL_TYPES: dict[str, Promise] = {
    **PLACES,
    FORMER: pgettext_lazy("type of an address", "former address: nothing is sent to it"),
}
"""The types of e-mail addresses, in the same way."""
TELEPHONES: dict[str, Promise] = {
    "mobile": pgettext_lazy("type of a telephone", "Mobile"),
    "home": pgettext_lazy("type of a telephone", "Home telephone"),
    "work": pgettext_lazy("type of a telephone", "Work telephone"),
    "other": pgettext_lazy("type of a telephone", "Telephone"),
    "fax": pgettext_lazy("type of a telephone", "Fax"),
    "work_fax": pgettext_lazy("type of a telephone", "Work fax"),
    "home_fax": pgettext_lazy("type of a telephone", "Home fax"),
    "pager": pgettext_lazy("type of a telephone", "Pager"),
}
"""The types of telephones, in the same way."""


def place_words(kind: str) -> str:
    """Return the words for the type of an e-mail or postal address."""
    return str(PLACES.get(kind, PLACES["other"]))


def phone_words(kind: str) -> str:
    return str(TELEPHONES.get(kind, TELEPHONES["other"]))


@dataclass(frozen=True)
class FieldLine:
    """A line of the card: label, text, link ("" for none), and whether it is the preferred one of
    several."""

    label: str
    text: str
    url: str = ""
    preferred: bool = False


@dataclass(frozen=True)
class ContactCard:
    """A contact in full. ``messages_query`` finds the mail from and to its addresses; it is ""
    without addresses."""

    pk: int
    name: str
    detail: str
    initials: str
    hue: int
    photo_url: str
    write_url: str
    call_url: str
    messages_query: str
    lines: tuple[FieldLine, ...]
    groups: tuple[Group, ...]
    updated: object
    is_archived: bool = False
    is_pupil: bool = False


def card(contact: Contact, data: ContactData, groups: Iterable[Group], digest: str) -> ContactCard:
    own_groups = tuple(groups)
    mails = tuple(_mail_lines(data))
    calls = tuple(
        FieldLine(
            phone_words(phone.type), phone.number, tel(phone.number), _first(index, data.phones)
        )
        for index, phone in enumerate(data.phones)
    )
    return ContactCard(
        contact.pk,
        data.display_name,
        ", ".join(filter(None, (data.job_title, data.department, data.organization, data.school))),
        initials(data.display_name),
        hue(data.display_name),
        photo_url(contact.pk, digest),
        mails[0].url if mails else "",
        next((line.url for line in calls if line.url), ""),
        " OR ".join(f"de:{email.address} OR à:{email.address}" for email in data.emails[:5]),
        (*mails, *calls, *_other_lines(data)),
        own_groups,
        contact.updated,
        contact.archived is not None,
        any(group.is_class for group in own_groups),
    )


def _first(index: int, several: tuple[object, ...]) -> bool:
    return index == 0 and len(several) > 1


def _mail_lines(data: ContactData) -> Iterable[FieldLine]:
    labels = {
        "home": pgettext("label of a card", "Personal e-mail"),
        "work": pgettext("label of a card", "Work e-mail"),
        FORMER: pgettext("label of a card", "Former e-mail address"),
    }
    for index, email in enumerate(data.emails):
        if email.is_former:
            yield FieldLine(labels[FORMER], email.address)
            continue
        to = urlencode({"to": recipient(data.display_name, email.address)})
        yield FieldLine(
            labels.get(email.type, pgettext("label of a card", "E-mail")),
            email.address,
            f"{reverse('mail:compose')}?{to}",
            _first(index, data.emails),
        )


def tel(number: str) -> str:
    """Return a ``tel:`` link with the digits, or "" for a text without digits."""
    figures = (digits(number) or ("",))[0]
    plus = "+" if number.strip().startswith("+") else ""
    return f"tel:{plus}{figures}" if figures else ""


def _other_lines(data: ContactData) -> Iterable[FieldLine]:
    for address in data.addresses:
        kind = place_words(address.type) if address.type != "other" else ""
        label = pgettext("label of a card", "Postal address")
        yield FieldLine(f"{label} ({kind})" if kind else label, written(address))
    texts = (
        (pgettext("label of a card", "Nickname"), data.nickname),
        (pgettext("label of a card", "Birthday"), day_words(data.birthday)),
        (pgettext("label of a card", "Anniversary"), day_words(data.anniversary)),
        (pgettext("label of a card", "Categories"), ", ".join(data.categories)),
    )
    yield from (FieldLine(label, text) for label, text in texts if text)
    for url in data.urls:
        # Only these schemes become links: another one could run a script.
        safe = url if url.lower().startswith(("http://", "https://")) else ""
        yield FieldLine(pgettext("label of a card", "Web site"), url, safe)
    if data.notes:
        yield FieldLine(pgettext("label of a card", "Note"), data.notes)


def written(address: PostalAddress) -> str:
    """Return the address in lines, as on an envelope."""
    town = " ".join(filter(None, (address.postal_code, address.city)))
    lines = (address.po_box, address.street, town, address.region, address.country)
    return "\n".join(filter(None, lines)) or address.formatted


def value_words(value: object) -> str:
    """Return the value of any field on one line."""
    match value:
        case Email():
            return f"{value.address} ({EMAIL_TYPES.get(value.type, PLACES['other'])})"
        case Phone():
            return f"{value.number} ({phone_words(value.type)})"
        case PostalAddress():
            return written(value).replace("\n", ", ")
    text = str(value)
    return day_words(text) if re.fullmatch(r"\d{4}-\d\d-\d\d|--\d\d-\d\d", text) else text


def day_words(date: str) -> str:
    """Return ``12/05/2009`` for ``2009-05-12`` and ``12/05`` for ``--05-12``."""
    if date.startswith("--"):
        return f"{date[5:7]}/{date[2:4]}"
    return "/".join(reversed(date.split("-"))) if date else ""
