"""vCard files of any program, read into contacts and groups."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice

from addressbook import vcard
from addressbook.contact_data import ContactData, GroupData, LinkData
from addressbook.importers import horde, own, sun
from addressbook.importers.reading import (
    MOST_FOLLOWED,
    FileRejected,
    Gathered,
    Reading,
    Tags,
    refused,
)
from addressbook.vcard import Card, families

_LOOKED_AT = 500
_GOOGLES = {"mycontacts", "my contacts", "starred"}


def is_vcard(text: str) -> bool:
    return bool(re.search(r"^\s*\"?BEGIN:VCARD", text[:20_000], re.MULTILINE | re.IGNORECASE))


def first(content: bytes, most: int) -> tuple[ContactData, ...]:
    """Return the first ``most`` people of a file of cards."""
    contacts = (item for item in vcard.parse(content) if isinstance(item, ContactData))
    return tuple(islice(contacts, most))


def read_vcards(content: bytes, known: Reading) -> Reading:
    """Return the contacts and groups of a file of cards. ``known`` has the facts about it so
    far."""
    gathered = Gathered()
    try:
        cards = _bounded(content)
        # The first cards tell the program; the others are read one by one.
        first = list(islice(cards, _LOOKED_AT))
        source = _source(first, content, known.source)
        charset = _charset(first, known.charset, content)
        _gather(chain(first, cards), source, gathered)
        return gathered.finished(replace(known, format="vcard", source=source, charset=charset))
    except FileRejected as error:
        return refused(str(error.args[0]), replace(known, format="vcard"))


def _bounded(content: bytes) -> Iterator[Card]:
    for number, card in enumerate(vcard.cards(content)):
        if number > 100_000:
            raise FileRejected("too_many_records")
        yield card


def _charset(cards: Sequence[Card], charset: str, content: bytes) -> str:
    """Return the charset of a file; for ASCII, the one that its quoted-printable values declare."""
    if not content.isascii():
        return charset
    for card in cards:
        for line in card.properties:
            if line.was_quoted and (declared := line.parameters.get("CHARSET")):
                return f"us-ascii (QP, {declared[0].lower()})"
    return charset


_BY_PRODUCT = (
    ("apple", "apple"),
    ("icloud", "apple"),
    ("thunderbird", "thunderbird"),
    ("mozilla", "thunderbird"),
    ("kaddressbook", "kmail"),
    ("roundcube", "roundcube"),
    ("horde", "horde"),
    ("evolution", "evolution"),
    ("zimbra", "zimbra"),
    ("sabre", "nextcloud"),
    ("nextcloud", "nextcloud"),
    ("outlook", "outlook"),
    ("google", "google"),
    ("convergence", "sun"),
)


def _source(cards: Sequence[Card], content: bytes, asked_source: str) -> str:
    for card in cards[:50]:
        if _is_own(card):
            return own.PROGRAM
        product = card.first("PRODID").lower()
        for word, program in _BY_PRODUCT:
            if word in product:
                return program
        names = [line.name for line in card.properties]
        if source := _source_of(card, names):
            return source
    if asked_source not in ("", "auto"):
        return asked_source
    # Roundcube writes an empty line after each card, and names no product.
    has_gaps = re.search(rb"END:VCARD\r?\n\r?\n", content[:200_000]) is not None
    is_old = bool(cards) and cards[0].version == "3.0"
    return "roundcube" if has_gaps and is_old else "other"


def _is_own(card: Card) -> bool:
    return card.first("PRODID") == vcard.PRODUCT


def _source_of(card: Card, names: Sequence[str]) -> str:
    uid = card.first("UID")
    if ".Horde." in uid or "X-EPOCSECONDNAME" in names:
        return "horde"
    if sun.is_card(uid):
        return "sun"
    if any(name.startswith("X-MS-") for name in names):
        return "outlook"
    if any(name.startswith("X-EVOLUTION") for name in names):
        return "evolution"
    if any(name.startswith(("X-ABSHOWAS", "X-ADDRESSBOOKSERVER")) for name in names):
        return "apple"
    # Horde writes the full name first and its parts near the end; other programs begin with both.
    if {"FN", "N"} <= set(names) and "PRODID" not in names and card.version in ("2.1", "3.0"):
        at, full = names.index("N"), names.index("FN")
        if at > full + 1 and at > len(names) / 2 and full <= 2:
            return "horde"
    return ""


@dataclass(frozen=True, slots=True)
class _GroupCard:
    record: int
    uid: str
    name: str
    members: tuple[str, ...]
    own: bool = False
    class_of: int = 0
    audiences: Mapping[str, str] = field(default_factory=dict)


def _gather(cards: Iterable[Card], source: str, gathered: Gathered) -> None:
    tags = Tags("categories")
    bare: list[GroupData] = []
    lists: list[_GroupCard] = []
    ties: list[tuple[int, families.Tie]] = []
    for number, card in enumerate(cards):
        _warn_of_ends(card, number, gathered)
        if not card.properties:
            gathered.skip(number, card.line, "nothing_to_keep")
            continue
        contact, is_own = vcard.contact_of(card), _is_own(card)
        if not is_own:
            contact = _with_bad_addresses(_without_labels(contact), card)
        if card.is_group:
            lists.append(_list_of(card, contact, number, is_own=is_own))
            continue
        if source == "horde" and _is_bare(contact):
            bare.append(GroupData(contact.display_name))
            gathered.warn("group_without_members", number)
            continue
        _warn_of_values(card, contact, number, gathered)
        if not vcard.has_something(contact):
            gathered.skip(number, card.line, "nothing_to_keep")
            continue
        if is_own:
            others = (line for line in contact.others if not families.is_own_line(line))
            contact = replace(contact, others=tuple(others))
        index = gathered.add(contact, number, card.line)
        if is_own:
            ties += [(index, tie) for tie in families.ties(card)][: MOST_FOLLOWED - len(ties)]
        else:
            # In the cards of other programs, a category is the only way to name a group. Own cards
            # have both.
            tags.add(contact, index)
    gathered.groups += [*tags.groups(), *bare]
    _add_lists(lists, gathered)
    _add_ties(ties, gathered)


def _warn_of_ends(card: Card, number: int, gathered: Gathered) -> None:
    if not card.ended:
        gathered.warn("card_without_end", number)
    if card.cut:
        gathered.warn("record_cut", number)


def _warn_of_values(card: Card, contact: ContactData, number: int, gathered: Gathered) -> None:
    if _bad_addresses(card):
        gathered.warn("invalid_email", number)
    if contact.photo is None and any(_holds_picture(line) for line in card.all("PHOTO")):
        gathered.warn("invalid_photo", number)


def _list_of(card: Card, group: ContactData, number: int, *, is_own: bool) -> _GroupCard:
    """Return the list of a group's card. Properties of this product count only in its own cards."""
    return _GroupCard(
        number,
        group.uid,
        group.display_name,
        card.members,
        own=is_own,
        class_of=_class_of(card) if is_own else 0,
        audiences=_audiences(card) if is_own else {},
    )


def _audiences(card: Card) -> dict[str, str]:
    """Return the audiences of members that are classes, by their UID."""
    lines = card.all("MEMBER", "X-ADDRESSBOOKSERVER-MEMBER")
    audiences = ((card.text(line), line.parameters.get(families.AUDIENCE, ())) for line in lines)
    return {_plain_uid(uid): values[0].lower() for uid, values in audiences if values}


def _class_of(card: Card) -> int:
    year = card.first(families.CLASS)
    return int(year) if re.fullmatch(r"20[0-9]{2}", year) else 0


def _add_ties(ties: Iterable[tuple[int, families.Tie]], gathered: Gathered) -> None:
    """Tie pupils to the guardians whose cards are in the file too."""
    by_uid = {
        _plain_uid(contact.uid): index
        for index, contact in enumerate(gathered.contacts)
        if contact.uid
    }
    for pupil, tie in ties:
        guardian = by_uid.get(_plain_uid(tie.uid))
        if guardian is not None and guardian != pupil:
            gathered.links.append(
                LinkData(
                    pupil, guardian, tie.relation, tie.receives_mail, tie.is_legal, tie.position
                )
            )


def _without_labels(contact: ContactData) -> ContactData:
    """Remove the labels that Google itself sets, which are no groups."""
    own = tuple(word for word in contact.categories if word.lower() not in _GOOGLES)
    return contact if len(own) == len(contact.categories) else replace(contact, categories=own)


def _bad_addresses(card: Card) -> list[str]:
    texts = (card.text(line).strip() for line in card.all("EMAIL"))
    return [text for text in texts if text and not vcard.addresses_in(text)]


def _with_bad_addresses(contact: ContactData, card: Card) -> ContactData:
    """Return the contact with invalid addresses as texts in its notes."""
    if len(contact.emails) >= len(card.all("EMAIL")) or not (bad := _bad_addresses(card)):
        return contact
    notes = [text for text in bad if not vcard.is_x500(text)]
    return replace(contact, notes="\n".join(filter(None, [contact.notes, *notes])))


def _holds_picture(line: vcard.Property) -> bool:
    """Return whether the card has the picture itself, not only its address."""
    return len(line.value) > 50 and (line.is_base64 or line.value[:5].lower() == "data:")


def _is_bare(contact: ContactData) -> bool:
    return horde.is_list(replace(contact, others=()))


def _plain_uid(uid: str) -> str:
    return re.sub(r"^urn:uuid:", "", uid.strip(), flags=re.IGNORECASE).casefold()


def _add_lists(lists: Sequence[_GroupCard], gathered: Gathered) -> None:
    """Add the groups of cards. Members are found by UID, then by address. An inner list is followed
    once, but in own cards it stays an inner group."""
    by_uid: dict[str, int] = {}
    by_address: dict[str, int] = {}
    for index, contact in enumerate(gathered.contacts):
        if contact.uid:
            by_uid.setdefault(_plain_uid(contact.uid), index)
        for email in contact.emails:
            by_address.setdefault(email.address.casefold(), index)
    inner = {_plain_uid(group.uid): group for group in lists if group.uid}
    for group in lists:
        gathered.groups.append(_group(group, inner, by_uid, by_address, gathered))


@dataclass
class _Members:
    """The members of one list, each once and in order: indexes of contacts, addresses that no
    contact has, members that are not in the file, and inner lists with their audiences."""

    indexes: dict[int, None] = field(default_factory=dict)
    external: dict[str, None] = field(default_factory=dict)
    missing: dict[str, None] = field(default_factory=dict)
    nested: dict[str, str] = field(default_factory=dict)


def _group(
    group: _GroupCard,
    inner: dict[str, _GroupCard],
    by_uid: dict[str, int],
    by_address: dict[str, int],
    gathered: Gathered,
) -> GroupData:
    members = _Members()
    itself = _plain_uid(group.uid)
    seen, waiting = {itself}, [*reversed(group.members)]
    while waiting:
        member = waiting.pop()
        uid = _plain_uid(member)
        address = re.sub(r"^mailto:", "", member, flags=re.IGNORECASE).partition("?")[0]
        index = by_uid.get(uid)
        if index is None and not group.own:
            index = by_address.get(address.casefold())
        if index is not None:
            members.indexes.setdefault(index)
        elif uid in inner:
            if uid == itself:
                gathered.warn("group_cycle", group.record)
            elif group.own:
                members.nested.setdefault(inner[uid].name, group.audiences.get(uid, ""))
            elif uid not in seen and gathered.may_follow(inner[uid].members):
                seen.add(uid)
                waiting += reversed(inner[uid].members)
            elif uid not in seen:
                members.missing.setdefault(member)
        elif vcard.addresses_in(address) == (address,):
            members.external.setdefault(address)
        else:
            members.missing.setdefault(member)
    _warn_of_members(group, members, gathered)
    return GroupData(
        group.name,
        tuple(members.indexes),
        tuple(members.external),
        tuple(members.missing),
        is_class=bool(group.class_of),
        school_year=group.class_of,
        inner=tuple(members.nested.items()),
    )


def _warn_of_members(group: _GroupCard, members: _Members, gathered: Gathered) -> None:
    if not (group.members or group.own):
        gathered.warn("group_without_members", group.record)
    for value in (*(() if group.own else members.external), *members.missing):
        gathered.warn("member_not_found", group.record, value)
