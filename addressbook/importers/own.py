"""The product's own table of contacts, written and read back without loss.

A row is a contact with the names of its groups. A group with addresses of no contact, or without
any contact, has a row of its own. The first addresses and telephones of a contact have columns. The
others, and values without a column, are lines of a vCard in the last column.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

from addressbook import vcard
from addressbook.contact_data import ContactData, Email, GroupData, Phone, PostalAddress
from addressbook.folding import fold, words
from addressbook.importers import dates

PROGRAM = "webmail"
"""The source of such a reading."""

_EMAILS, _PHONES, _ADDRESSES, _URLS = 3, 4, 2, 2
_TEXTS = (
    "display_name", "prefix", "first_name", "middle_name", "last_name", "suffix", "nickname",
    "organization", "department", "job_title", "school", "notes", "uid",
)  # fmt: skip
_DATES = ("birthday", "anniversary")
_PARTS = ("street", "po_box", "postal_code", "city", "region", "country", "formatted")


def _columns() -> Iterator[tuple[str, str, str]]:
    """Yield the columns: key, header in English, header in French. They are a format and no
    interface, so that an old export stays readable when the words of the product change."""
    yield from (
        ("display_name", "Display Name", "Nom affiché"),
        ("prefix", "Title", "Civilité"),
        ("first_name", "First Name", "Prénom"),
        ("middle_name", "Middle Name", "Deuxième prénom"),
        ("last_name", "Last Name", "Nom"),
        ("suffix", "Suffix", "Suffixe"),
        ("nickname", "Nickname", "Surnom"),
    )
    for n in range(1, _EMAILS + 1):
        yield f"email:{n}", f"E-mail {n}", f"Courriel {n}"
        yield f"email:{n}:type", f"E-mail {n} Type", f"Type du courriel {n}"
    for n in range(1, _PHONES + 1):
        yield f"phone:{n}", f"Phone {n}", f"Téléphone {n}"
        yield f"phone:{n}:type", f"Phone {n} Type", f"Type du téléphone {n}"
    for n in range(1, _ADDRESSES + 1):
        yield f"address:{n}:type", f"Address {n} Type", f"Type de l’adresse {n}"
        yield f"address:{n}:street", f"Street {n}", f"Rue {n}"
        yield f"address:{n}:po_box", f"PO Box {n}", f"Boîte postale {n}"
        yield f"address:{n}:postal_code", f"Postal Code {n}", f"Code postal {n}"
        yield f"address:{n}:city", f"City {n}", f"Ville {n}"
        yield f"address:{n}:region", f"Region {n}", f"Région {n}"
        yield f"address:{n}:country", f"Country {n}", f"Pays {n}"
        yield f"address:{n}:formatted", f"Whole Address {n}", f"Adresse entière {n}"
    yield from (
        ("organization", "Organization", "Organisation"),
        ("department", "Department", "Service"),
        ("job_title", "Job Title", "Fonction"),
        ("school", "School", "Établissement"),
        ("birthday", "Birthday", "Date de naissance"),
        ("anniversary", "Anniversary", "Anniversaire de mariage"),
    )
    for n in range(1, _URLS + 1):
        yield f"url:{n}", f"Web Site {n}", f"Site web {n}"
    yield from (
        ("notes", "Notes", "Notes"),
        ("categories", "Categories", "Catégories"),
        ("groups", "Groups", "Groupes"),
        ("external", "Other Addresses of the Group", "Autres adresses du groupe"),
        ("inner", "Groups in the Group", "Groupes dans le groupe"),
        ("uid", "Contact Identifier", "Identifiant du contact"),
        ("more", "Other Data", "Autres données"),
    )


def _normal(text: str) -> str:
    return fold(text.replace("’", "'"))


COLUMNS = tuple(_columns())
_KEYS = {_normal(name): key for key, *names in COLUMNS for name in names}
_TYPES = {
    "home": ("Home", "Domicile"),
    "work": ("Work", "Bureau"),
    "mobile": ("Mobile", "Mobile"),
    "fax": ("Fax", "Télécopie"),
    "work_fax": ("Work Fax", "Télécopie bureau"),
    "home_fax": ("Home Fax", "Télécopie domicile"),
    "pager": ("Pager", "Pager"),
    "former": ("Former", "Ancienne adresse"),
}
_OF_TYPE = {_normal(name): kind for kind, names in _TYPES.items() for name in names}


@dataclass(frozen=True, slots=True)
class OwnRow:
    """A contact with the names of its groups. Without a contact, it is a group of that name with
    its ``external`` addresses and inner groups, as in `GroupData.inner`. ``problems`` are codes of
    `codes.WARNINGS`."""

    contact: ContactData | None
    groups: tuple[str, ...] = ()
    external: tuple[str, ...] = ()
    inner: tuple[tuple[str, str], ...] = ()
    problems: tuple[str, ...] = ()


# --- writing ---


def table(rows: Iterable[OwnRow], language: str) -> Iterator[list[str]]:
    """Yield the header and the rows, in French or, for every other language, in English."""
    column = int(language.lower().startswith("fr"))
    yield [names[column] for _key, *names in COLUMNS]
    for row in rows:
        cells = _cells(row.contact, column) if row.contact else {}
        cells["groups"], cells["external"] = _joined(row.groups), _joined(row.external)
        cells["inner"] = _joined([_inner_word(*nested, column) for nested in row.inner])
        yield [cells.get(key, "") for key, *_names in COLUMNS]


def _cells(contact: ContactData, column: int) -> dict[str, str]:
    cells: dict[str, str] = {name: getattr(contact, name) for name in (*_TEXTS, *_DATES)}
    for n, email in enumerate(contact.emails[:_EMAILS], start=1):
        cells |= {f"email:{n}": email.address, f"email:{n}:type": _type_word(email.type, column)}
    for n, phone in enumerate(contact.phones[:_PHONES], start=1):
        cells |= {f"phone:{n}": phone.number, f"phone:{n}:type": _type_word(phone.type, column)}
    for n, address in enumerate(contact.addresses[:_ADDRESSES], start=1):
        cells[f"address:{n}:type"] = _type_word(address.type, column)
        cells |= {f"address:{n}:{part}": getattr(address, part) for part in _PARTS}
    cells |= {f"url:{n}": url for n, url in enumerate(contact.urls[:_URLS], start=1)}
    return cells | {"categories": _joined(contact.categories), "more": _more(contact)}


_AUDIENCES = {
    "guardians": ("guardians", "responsables"),
    "pupils": ("pupils", "élèves"),
    "both": ("pupils and guardians", "élèves et responsables"),
}
_OF_AUDIENCE = {_normal(word): key for key, words_ in _AUDIENCES.items() for word in words_}


def _inner_word(name: str, audience: str, column: int) -> str:
    """Return the name of an inner group with its audience: ``5e C [responsables]``."""
    return f"{name} [{_AUDIENCES[audience][column]}]" if audience in _AUDIENCES else name


def _read_inner(text: str) -> tuple[str, str]:
    name, bracket, word = text.rpartition("[")
    audience = _OF_AUDIENCE.get(_normal(word.rstrip("] ")), "")
    return (name.strip(), audience) if bracket and name.strip() and audience else (text, "")


def _type_word(kind: str, column: int) -> str:
    return _TYPES[kind][column] if kind in _TYPES else ""


def _joined(names: Sequence[str]) -> str:
    return "; ".join(re.sub(r"([\\;])", r"\\\1", name) for name in names)


def _more(contact: ContactData) -> str:
    """Return the values without a column as lines of a card."""
    rest = ContactData(
        emails=contact.emails[_EMAILS:],
        phones=contact.phones[_PHONES:],
        addresses=contact.addresses[_ADDRESSES:],
        urls=contact.urls[_URLS:],
        others=contact.others,
    )
    lines = vcard.write(rest).replace("\r\n ", "").split("\r\n")
    # The lines between BEGIN, VERSION, FN, N and END.
    return "\n".join(lines[4:-2])


# --- reading ---


def is_table(text: str) -> bool:
    """Return whether a text is the product's own table, with any cells."""
    return is_header(text[:10_000].partition("\n")[0].split(";"))


def is_header(cells: Sequence[str]) -> bool:
    return "uid" in (keys := keys_of(cells)) and "display_name" in keys


def keys_of(header: Sequence[str]) -> list[str]:
    """Return the key of each column, "" for a column that is not the product's, or that repeats."""
    keys: list[str] = []
    for cell in header:
        key = _KEYS.get(_normal(cell), "")
        keys.append("" if key in keys else key)
    return keys


_CANONICAL = {"email:1": "email", "url:1": "url", "url:2": "url"}


def field_of(key: str) -> str:
    """Return the name of a column by its key: the canonical field if there is one."""
    named = key in (*_TEXTS, *_DATES) and key != "uid"
    return key if named else _CANONICAL.get(key, f"own:{key}")


def read_own_row(cells: Mapping[str, str]) -> OwnRow:
    """Return a row from the cells by the keys of their columns."""
    cells = {key: text for key, cell in cells.items() if (text := cell.strip())}
    problems: list[str] = []
    more = _read_more(cells.get("more", ""))
    emails = _read_emails(cells, problems)
    contact = ContactData(
        **{name: cells[name] for name in _TEXTS if name in cells},
        **{name: _read_date(cells.get(name, ""), problems) for name in _DATES},
        emails=(*emails, *more.emails),
        phones=(*_read_phones(cells), *more.phones),
        addresses=(*_read_addresses(cells), *more.addresses),
        urls=(*_present(cells, "url", _URLS), *more.urls),
        categories=_split(cells.get("categories", "")),
        others=more.others,
        photo=None,
    )
    groups, external = _split(cells.get("groups", "")), _split(cells.get("external", ""))
    whole = None if contact == ContactData() and groups else contact
    inner = tuple(map(_read_inner, _split(cells.get("inner", ""))))
    return OwnRow(whole, groups, external, inner, tuple(problems))


def _read_more(text: str) -> ContactData:
    if not text:
        return ContactData()
    more = vcard.read_one(f"BEGIN:VCARD\nVERSION:4.0\nFN:-\n{text}\nEND:VCARD\n")
    # The reader takes a role without a title for the title.
    role = (f"ROLE:{vcard.escape(more.job_title)}",) if more.job_title else ()
    return replace(more, others=(*role, *more.others))


def _present(cells: Mapping[str, str], kind: str, most: int) -> tuple[str, ...]:
    return tuple(cells[key] for n in range(1, most + 1) if (key := f"{kind}:{n}") in cells)


def _read_emails(cells: Mapping[str, str], problems: list[str]) -> tuple[Email, ...]:
    emails: list[Email] = []
    for n in range(1, _EMAILS + 1):
        if text := cells.get(f"email:{n}"):
            kind = _OF_TYPE.get(_normal(cells.get(f"email:{n}:type", "")), "other")
            typed = vcard.addresses_in(text)
            emails += [Email(address, kind) for address in typed]
            problems += [] if typed else ["invalid_email"]
    return tuple(emails)


def _read_phones(cells: Mapping[str, str]) -> Iterator[Phone]:
    for n in range(1, _PHONES + 1):
        if number := cells.get(f"phone:{n}"):
            yield Phone(number, _read_type(cells.get(f"phone:{n}:type", "")))


def _read_type(text: str) -> str:
    return _OF_TYPE.get(_normal(text)) or vcard.phone_type(words(text))


def _read_addresses(cells: Mapping[str, str]) -> Iterator[PostalAddress]:
    for n in range(1, _ADDRESSES + 1):
        parts = {part: cells.get(f"address:{n}:{part}", "") for part in _PARTS}
        if any(parts.values()):
            kind = _OF_TYPE.get(_normal(cells.get(f"address:{n}:type", "")), "other")
            yield PostalAddress(kind, **parts)


def _read_date(text: str, problems: list[str]) -> str:
    date = "" if dates.is_none(text) else dates.read_date(text)
    problems += ["invalid_date"] if text and not (date or dates.is_none(text)) else []
    return date


_NAME = re.compile(r"(?:[^;\\]|\\.)+", re.DOTALL)


def _split(text: str) -> tuple[str, ...]:
    names = (re.sub(r"\\(.)", r"\1", name, flags=re.DOTALL).strip() for name in _NAME.findall(text))
    return tuple(dict.fromkeys(filter(None, names)))


@dataclass(slots=True)
class OwnGroups:
    """The groups of a table while its rows are read."""

    _names: dict[str, str] = field(default_factory=dict)
    _members: dict[str, list[int]] = field(default_factory=dict)
    _external: dict[str, list[str]] = field(default_factory=dict)
    _inner: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def add(self, row: OwnRow, index: int | None = None) -> None:
        """Add a row. ``index`` is that of its contact; the other addresses of a row without a
        contact are those of its group."""
        for name in row.groups:
            key = fold(name)
            self._names.setdefault(key, name)
            if index is not None:
                self._members.setdefault(key, []).append(index)
            else:
                self._external.setdefault(key, []).extend(row.external)
                self._inner.setdefault(key, []).extend(row.inner)

    def all(self) -> list[GroupData]:
        return [
            GroupData(
                name,
                _once(self._members.get(key, ())),
                _once(self._external.get(key, ())),
                inner=_once(self._inner.get(key, ())),
            )
            for key, name in self._names.items()
        ]


_Item = TypeVar("_Item")


def _once(items: Iterable[_Item]) -> tuple[_Item, ...]:
    return tuple(dict.fromkeys(items))


def with_more(contact: ContactData, other: ContactData) -> ContactData:
    """Return the contact with the values of foreign columns that it lacks."""
    values: dict[str, Any] = {}
    for place in fields(contact):
        mine, theirs = getattr(contact, place.name), getattr(other, place.name)
        several = isinstance(mine, tuple)
        values[place.name] = _once((*mine, *theirs)) if several else mine or theirs
    return replace(contact, **values)
