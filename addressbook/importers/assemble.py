"""Make one contact of canonical fields and their texts. All tables and LDIF share this."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from addressbook import vcard
from addressbook.contact_data import ContactData, Email, Phone, Photo, PostalAddress
from addressbook.folding import words
from addressbook.importers import dates

Pair = tuple[str, str]

LONGEST_TEXT = 200_000
_PHONES = {"car": "other", "company": "other", "assistant": "other"}
_SEVERAL = " ::: "
_SYSTEM_LABELS = {"mycontacts", "my contacts", "starred", "friends", "family", "coworkers"}
_NAMES_TEXT = (
    "display_name prefix first_name middle_name last_name suffix nickname organization department"
    " job_title school uid owner"
)
_NAMES = _NAMES_TEXT.split()
_FILED_AS = "x:FILE-AS"


@dataclass(frozen=True, slots=True)
class Style:
    """The conventions of a file: the separators of its categories, and the order of its dates."""

    separators: tuple[str, ...] = (";", ":::")
    day_first: bool = True


@dataclass(frozen=True, slots=True)
class Assembled:
    """A contact, and codes of `codes.WARNINGS` for values that it could not take."""

    contact: ContactData
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class _Draft:
    style: Style
    texts: dict[str, str] = field(default_factory=dict)
    emails: dict[str, Email] = field(default_factory=dict)
    phones: list[Phone] = field(default_factory=list)
    places: dict[str, dict[str, str]] = field(default_factory=dict)
    urls: list[str] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    numbered: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    named_in_address: str = ""
    filed_as: str = ""


def contact_from(
    pairs: Iterable[Pair], style: Style | None = None, photo: Photo | None = None
) -> Assembled:
    """Return the contact for these pairs of canonical field (`headers`) and text, in the order of
    the file."""
    draft = _Draft(style or Style())
    for name, text in pairs:
        text = text.strip()[:LONGEST_TEXT]
        if text:
            _take(draft, name, text)
    _take_numbered(draft)
    return _finished(draft, photo)


def _take(draft: _Draft, name: str, text: str) -> None:
    kind, _colon, detail = name.partition(":")
    if kind == "email":
        _take_emails(draft, text, detail if detail in ("home", "work") else "other")
    elif kind == "phone":
        _take_phone(draft, text, _PHONES.get(detail, detail))
    elif name in ("birthday", "anniversary"):
        _take_date(draft, name, text)
    elif name == _FILED_AS:
        draft.filed_as = " ".join(text.split())
    elif kind == "x":
        draft.others.append(f"X-{detail}:{vcard.escape(text)}")
    elif kind in ("google", "sun"):
        group, number, part = detail.split(":")
        draft.numbered.setdefault((f"{kind}:{group}", number.zfill(2)), {}).setdefault(part, text)
    elif "." in name:
        place, _dot, part = name.partition(".")
        draft.places.setdefault(place, {}).setdefault(part, text)
    else:
        _take_text(draft, name, text)


def _take_text(draft: _Draft, name: str, text: str) -> None:
    if name == "categories":
        draft.categories += _categories(text, draft.style)
    elif name == "notes":
        draft.notes.append(text)
    elif name == "url":
        # labeledURI is an address, a blank and a label.
        draft.urls.append(text.split()[0])
    elif name == "last_name" and text == "-":
        pass  # SUN's stores require a surname
    elif name and not name.startswith("_"):
        one_line = " ".join(text.split()) if "\n" in text else text
        draft.texts.setdefault(name, one_line)


def _take_emails(draft: _Draft, text: str, place: str) -> None:
    addresses = vcard.addresses_in(text)
    if not addresses:
        draft.problems.append("invalid_email")
        draft.notes += [] if vcard.is_x500(text) else [text]
    for address in addresses:
        draft.emails.setdefault(address.casefold(), Email(address, place))
    if not draft.named_in_address and (named := re.match(r'\s*+"?([^"<>@]++)"?\s*+<', text)):
        draft.named_in_address = named[1].strip()


def _take_phone(draft: _Draft, text: str, place: str) -> None:
    for number in text.split(_SEVERAL):
        phone = Phone(vcard.phone_number(number), place)
        if phone.number and phone not in draft.phones:
            draft.phones.append(phone)


def _take_date(draft: _Draft, name: str, text: str) -> None:
    if dates.is_none(text):
        return
    date = dates.read_date(text, day_comes_first=draft.style.day_first)
    if date:
        draft.texts.setdefault(name, date)
    else:
        draft.problems.append("invalid_date")


def _categories(text: str, style: Style) -> list[str]:
    first, *others = style.separators
    for other in others:
        text = text.replace(other, first)
    categories = []
    for word in text.split(first):
        name = " ".join(word.strip().removeprefix("* ").split())
        if name and name.casefold() not in _SYSTEM_LABELS:
            categories.append(name)
    return categories


# Fields that are in the file as a number, a type and a value


def _take_numbered(draft: _Draft) -> None:
    # The numbers have gaps, and the columns any order.
    for (group, _number), parts in sorted(draft.numbered.items(), key=lambda item: item[0][1]):
        kind = group.partition(":")[2]
        if kind == "address":
            _take_numbered_address(draft, parts)
        elif value := parts.get("value", ""):
            _take_numbered_value(draft, kind, _typed(value, parts.get("type", "")))


def _typed(value: str, types: str) -> list[tuple[str, frozenset[str]]]:
    """Return the values of a cell, each with the words of its type."""
    values = value.split(_SEVERAL)
    kinds = [_type_words(word) for word in types.split(_SEVERAL)]
    if len(kinds) != len(values):
        kinds = [kinds[0]] * len(values)
    return list(zip(values, kinds, strict=True))


def _type_words(text: str) -> frozenset[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text.strip().removeprefix("* "))
    return frozenset(re.split(r"[\s_-]+", spaced.lower()))


def _take_numbered_value(
    draft: _Draft, kind: str, values: Sequence[tuple[str, frozenset[str]]]
) -> None:
    for value, types in values:
        if kind in ("email", "e-mail"):
            _take_emails(draft, value, vcard.place_of(types))
        elif kind == "phone":
            _take_phone(draft, value, vcard.phone_type(types))
        elif kind == "website":
            draft.urls.append(value.strip())
        elif kind == "event" and "anniversary" in types:
            _take_date(draft, "anniversary", value)
        elif kind == "relation":
            name = "SPOUSE" if "spouse" in types else "RELATION"
            draft.others.append(f"X-{name}:{vcard.escape(value.strip())}")
        elif kind == "im":
            draft.others.append(f"X-IM:{vcard.escape(value.strip())}")


def _take_numbered_address(draft: _Draft, parts: dict[str, str]) -> None:
    place = vcard.place_of(_type_words(parts.get("type", "")))
    place_parts = {part: text for part, text in parts.items() if part != "type"}
    if place_parts:
        # Two addresses of one type stay apart: the key of the second one gets a number.
        key = place if place not in draft.places else f"{place} {len(draft.places)}"
        draft.places[key] = place_parts


# The whole


def _finished(draft: _Draft, photo: Photo | None) -> Assembled:
    texts = draft.texts
    if birthday := dates.from_parts(
        texts.get("birthday:y", ""), texts.get("birthday:m", ""), texts.get("birthday:d", "")
    ):
        texts.setdefault("birthday", birthday)
    role = texts.get("role", "")
    if role and texts.setdefault("job_title", role) != role:
        draft.others.append(f"ROLE:{vcard.escape(role)}")
    addresses = (_address(place, parts) for place, parts in draft.places.items())
    contact = ContactData(
        **{name: texts[name] for name in _NAMES if name in texts},
        emails=tuple(draft.emails.values()),
        phones=tuple(draft.phones),
        addresses=tuple(dict.fromkeys(address for address in addresses if address)),
        birthday=texts.get("birthday", ""),
        anniversary=texts.get("anniversary", ""),
        notes="\n".join(draft.notes),
        urls=tuple(dict.fromkeys(draft.urls)),
        categories=tuple(dict.fromkeys(draft.categories)),
        photo=photo,
        others=tuple(dict.fromkeys(draft.others)),
    )
    return Assembled(_named(contact, draft), tuple(dict.fromkeys(draft.problems)))


def _named(contact: ContactData, draft: _Draft) -> ContactData:
    """Return the contact with a full name: the file's own, else that of its parts."""
    has_parts = bool(contact.first_name or contact.last_name)
    instead = "" if has_parts else draft.filed_as or draft.named_in_address
    name = contact.display_name or instead or vcard.full_name(contact)
    if draft.filed_as and set(words(draft.filed_as)) - set(words(name)):
        filed = f"X-FILE-AS:{vcard.escape(draft.filed_as)}"
        return replace(contact, display_name=name, others=(*contact.others, filed))
    return replace(contact, display_name=name)


def _address(place: str, parts: dict[str, str]) -> PostalAddress | None:
    place = place.partition(" ")[0]
    lines = parts.get("lines", "")
    has_parts = {"po_box", "city", "region", "postal_code", "country"} & parts.keys()
    street = _street(parts)
    if lines and has_parts and not street:
        street, lines = lines, ""
    if not (street or has_parts):
        formatted = lines or parts.get("formatted", "")
        return PostalAddress(place, formatted=_trimmed(formatted)) if formatted else None
    return PostalAddress(
        type=place,
        street=_trimmed(street),
        po_box=_one_line(parts.get("po_box", "")),
        city=_one_line(parts.get("city", "")),
        region=_one_line(parts.get("region", "")),
        postal_code=_one_line(parts.get("postal_code", "")),
        country=_one_line(parts.get("country", "")),
    )


def _one_line(text: str) -> str:
    return " ".join(text.split()) if "\n" in text else text


def _trimmed(text: str) -> str:
    return "\n".join(line.strip() for line in text.split("\n")).strip()


def _street(parts: dict[str, str]) -> str:
    """Return the lines of the street. Horde's LDIF has the composed address in the place of the
    street, and the street in the second line; the composed address then adds nothing."""
    first, second = parts.get("street", ""), parts.get("street2", "")
    if second and (first == second or first.startswith(f"{second}\n")):
        first = ""
    rest = " ".join(parts.get(name, "") for name in ("city", "region", "postal_code", "country"))
    if first and "," in first and not second and set(words(first)) <= set(words(rest)):
        first = ""
    lines = (first, second, parts.get("street3", ""), parts.get("extended", ""))
    return "\n".join(dict.fromkeys(filter(None, lines)))
