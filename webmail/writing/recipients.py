"""The recipients of a message before it leaves: the addresses that others would see, those outside
the authority, and how many there may be; and the messages that the user's choice makes of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from accounts.models import MailDomain, User
from addressbook.contacts import known
from webmail.mime import addresses
from webmail.mime.addresses import Address, AddressGroup, Recipients
from webmail.models import OutboxMessage
from webmail.writing import field_values, fields, slips
from webmail.writing.content import Content
from webmail.writing.field_values import Member
from webmail.writing.roster_reading import Roster

HIDDEN, EACH, VISIBLE = "bcc", "each", "visible"


@dataclass(frozen=True, slots=True)
class Review:
    """The recipients of a message, each once, in the order of To, Cc and Bcc. ``groups`` stand in
    To or Cc, ``hidden_groups`` in Bcc; ``outside`` and ``visible`` count the people who are seen in
    To and Cc; ``known`` are the keys of all fields that the text may have, ``placeholders`` those
    that it has, each as it is spelt there."""

    members: tuple[Member, ...]
    groups: tuple[AddressGroup, ...] = ()
    hidden_groups: tuple[AddressGroup, ...] = ()
    invalid: tuple[str, ...] = ()
    repeated: int = 0
    known: frozenset[str] = fields.OF_CONTACTS
    placeholders: Mapping[str, str] = field(default_factory=dict)

    @property
    def visible(self) -> int:
        return sum(member.is_visible for member in self.members)

    @property
    def outside(self) -> int:
        return sum(member.is_visible and member.is_outside for member in self.members)

    @property
    def shows_many(self) -> bool:
        """Whether people would see the addresses of others who may not want that: a group, or many
        from outside, in To or Cc."""
        is_group = any(len(group.members) > 1 for group in self.groups)
        return self.visible > 1 and (is_group or self.shows_outside)

    @property
    def shows_outside(self) -> bool:
        """Whether more people from outside would see one another's addresses than may."""
        return self.visible > 1 and self.outside > settings.OUTSIDE_VISIBLE

    def lacking(self, key: str) -> tuple[Member, ...]:
        """The members for whom a field of the text is not known."""
        if key not in self.placeholders:
            return ()
        return tuple(member for member in self.members if not member.values.get(key))


def own_domains() -> frozenset[str]:
    """The authority's, in lower case: its mail domains, and those of WEBMAIL_OWN_DOMAINS."""
    return frozenset({*MailDomain.objects.all().names(), *settings.OWN_DOMAINS})


def is_outside(address: str, own: Collection[str]) -> bool:
    """Whether an address is in none of these domains, nor in one below them."""
    domain = address.rpartition("@")[2].lower()
    return domain not in own and not any(domain.endswith(f".{own_domain}") for own_domain in own)


def review(
    user: User,
    content: Content,
    *,
    with_names: bool = False,
    with_pupils: bool = False,
    roster: Roster | None = None,
) -> Review:
    """Look over the recipients of ``content``.

    ``with_names`` adds the names and fields that contacts, directory and ``roster`` have, for a
    list to choose from. ``with_pupils`` adds the pupils of each guardian, also where no field asks
    for them.
    """
    lines = [addresses.read_recipients(text) for text in (content.to, content.cc, content.bcc)]
    people = _members(lines)
    count = sum(len(line.valid) + line.repeated for line in lines)
    known_fields = field_values.keys(roster)
    spellings = placeholders(content, known_fields)
    if with_names:
        fields_asked = fields.OF_FAMILIES if with_pupils else frozenset(spellings)
        people = field_values.known(user, people, roster, asked=fields_asked)
    return Review(
        members=people,
        groups=lines[0].groups + lines[1].groups,
        hidden_groups=lines[2].groups,
        invalid=tuple(text for line in lines for text in line.invalid),
        repeated=count - len(people),
        known=known_fields,
        placeholders=spellings,
    )


def _members(lines: Sequence[Recipients]) -> tuple[Member, ...]:
    """Everybody in To, Cc and Bcc once: where an address stands in several, the first counts."""
    own = own_domains()
    members: dict[str, Member] = {}
    for line, is_visible in zip(lines, (True, True, False), strict=True):
        within = {
            person.address.casefold(): group.name
            for group in line.groups
            for person in group.members
        }
        for person in line.valid:
            key = person.address.casefold()
            member = Member(
                person.address,
                person.name,
                group=within.get(key, ""),
                is_outside=is_outside(person.address, own),
                is_visible=is_visible,
            )
            members.setdefault(key, member)
    return tuple(members.values())


_MOST_SLIPS = 50
"""Domains of one message, or of one request, that are looked for among the contacts."""


def misspelt(user: User, typed: Iterable[str], own: Collection[str]) -> dict[str, str]:
    """The addresses that seem to be a slip, each with the one that was probably meant. A domain in
    the user's contacts is right; ``own`` are `own_domains`."""
    suggestions = {
        text: meant for text in dict.fromkeys(typed) if (meant := slips.suggestion(text, (), own))
    }
    doubted = {text.rpartition("@")[2].lower() for text in suggestions}
    right = {name for name in sorted(doubted)[:_MOST_SLIPS] if known.knows_domain(user, name)}
    return {
        text: meant
        for text, meant in suggestions.items()
        if text.rpartition("@")[2].lower() not in right
    }


def without(people: Iterable[str], keys: Collection[str]) -> tuple[str, ...]:
    """The people whose address is not among ``keys``, written as in a field."""
    return tuple(
        text
        for text in people
        if any(
            person.address.casefold() not in keys
            for person in addresses.read_recipients(text).valid
        )
    )


def group_text(name: str, people: Sequence[str]) -> str:
    """A group of the address book as it stands in a field, its members as `read_recipients` reads
    them; of one person alone no group."""
    valid = addresses.read_recipients(", ".join(people)).valid
    if len(valid) < 2:
        return _joined(valid)
    return addresses.format_group(AddressGroup(" ".join(name.split()), valid))


# --- how many there may be ---


def limits_error(user: User, count: int, delivery: str = "") -> str:
    """Why the person may not write to so many people at once, or ""."""
    most, hourly = settings.RECIPIENTS_PER_MESSAGE, settings.RECIPIENTS_PER_HOUR
    if are_too_many(count) and delivery != EACH:
        return ngettext(
            "A message may go to %(most)s person; this one has %(count)s recipients. Write to a"
            " part of them, or choose “One message to each”.",
            "A message may go to %(most)s people; this one has %(count)s recipients. Write to a"
            " part of them, or choose “One message to each”.",
            most,
        ) % {"most": intcomma(most), "count": intcomma(count)}
    if hourly and count > hourly:
        return ngettext(
            "One may write to %(most)s person an hour; this message has %(count)s recipients.",
            "One may write to %(most)s people an hour; this message has %(count)s recipients.",
            hourly,
        ) % {"most": intcomma(hourly), "count": intcomma(count)}
    if hourly and (free := _free_from(user, count, hourly)):
        return gettext(
            "You have written to so many people lately that this message must wait: it may be sent"
            " from %(time)s. What you wrote is kept."
        ) % {"time": timezone.localtime(free).strftime("%H:%M")}
    return ""


def are_too_many(count: int) -> bool:
    """Whether no message may go to so many people, but one to each."""
    return 0 < settings.RECIPIENTS_PER_MESSAGE < count


def _free_from(user: User, count: int, hourly: int) -> datetime | None:
    """The moment from which there is room for so many more in one hour; None for now."""
    since = timezone.now() - timedelta(hours=1)
    lately = OutboxMessage.objects.of(user).filter(accepted__gt=since)
    lately = lately.exclude(state=OutboxMessage.State.CANCELLED)
    over = (lately.aggregate(all=Sum("recipients"))["all"] or 0) + count - hourly
    if over <= 0:
        return None
    free = since
    for accepted, number in lately.order_by("accepted").values_list("accepted", "recipients"):
        if over > 0:
            free, over = accepted, over - number
    return free + timedelta(hours=1, minutes=1)


# --- what the choice makes of it ---


def delivered(content: Content, members: Sequence[Member], sender: Address) -> Content:
    """The message as it leaves to these ``members`` alone, by its ``delivery``.

    In blind copy all are in Bcc, and the sender stands in To: a message without anybody there is
    taken for junk, and some servers trip over RFC 5322's empty group; `envelope` leaves the sender
    out."""
    keys = {member.key for member in members}
    to, cc, bcc = (_kept(text, keys) for text in (content.to, content.cc, content.bcc))
    is_hidden = content.delivery == HIDDEN or not (to or cc)
    if is_hidden and (to or cc or bcc):
        to, cc, bcc = (sender,), (), _once((*to, *cc, *bcc))
        content = replace(content, delivery=HIDDEN)
    return replace(content, to=_joined(to), cc=_joined(cc), bcc=_joined(bcc))


def _kept(text: str, keys: Collection[str]) -> tuple[Address, ...]:
    """The people of a field who are to have the message, without the names of their groups."""
    valid = addresses.read_recipients(text).valid
    return tuple(person for person in valid if person.address.casefold() in keys)


def _once(people: Sequence[Address]) -> tuple[Address, ...]:
    by_address: dict[str, Address] = {}
    for person in people:
        by_address.setdefault(person.address.casefold(), person)
    return tuple(by_address.values())


def _joined(people: Sequence[Address]) -> str:
    return ", ".join(map(addresses.format, people))


def envelope(content: Content) -> tuple[str, ...]:
    """The addresses that the submission server is given for a message that `delivered` or `each`
    made: in blind copy not the sender's, who only stands in its To."""
    fields = (content.bcc,) if content.delivery == HIDDEN else (content.to, content.cc, content.bcc)
    people = _once([person for text in fields for person in addresses.read_recipients(text).valid])
    return tuple(person.address for person in people)


def each(
    content: Content,
    member: Member,
    instead: Mapping[str, str] | None = None,
    documents: tuple[str, ...] = (),
) -> Content:
    """The message to one of them alone, with what is known of the recipient where the text has a
    field; ``instead``, by the keys of fields, is for those of whom it is not known. ``documents``
    are his alone."""
    values = member.values
    words = {
        key: values[key] or (instead or {}).get(key, "") for key in placeholders(content, values)
    }
    return replace(
        content,
        to=addresses.format(Address(member.name, member.address)),
        cc="",
        bcc="",
        delivery=EACH,
        names=tuple(words.items()),
        documents=documents,
        subject=fields.filled(content.subject, words),
        html=fields.filled_html(content.html, words),
        text=fields.filled(content.text, words),
    )


def placeholders(content: Content, known: Collection[str] = fields.OF_CONTACTS) -> dict[str, str]:
    """The fields of ``known`` that subject and text have, by their keys, as they are spelt."""
    text = content.html if content.is_html else content.text
    return fields.asked(text, known) | fields.asked(content.subject, known)
