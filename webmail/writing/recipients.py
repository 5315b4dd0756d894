"""The recipients of a message before it leaves: the visible addresses, those outside the authority,
and the limits on their number; and the messages that the user's choice makes of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import overload

from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from accounts.models import MailDomain, User
from addressbook.contacts import custody, known
from addressbook.contacts.custody import WithheldGuardian
from core import clock
from mail.mime import addresses
from mail.mime.addresses import Address, AddressGroup, Recipients
from webmail.models import OutboxMessage
from webmail.writing import field_values, fields, slips
from webmail.writing.content import Content
from webmail.writing.field_values import KnownRecipient
from webmail.writing.roster_reading import Roster

HIDDEN, EACH, VISIBLE = "bcc", "each", "visible"


@dataclass(frozen=True, slots=True)
class Review:
    """The recipients of a message, each once, in the order of To, Cc and Bcc. ``groups`` are those
    in To or Cc, ``hidden_groups`` those in Bcc. ``outside`` and ``visible`` count people in To and
    Cc. ``known`` are the keys of all fields that the text may have. ``placeholders`` has the key
    and the first spelling of each that it has. ``withheld`` are guardians who are not to be written
    to about a pupil, by their address."""

    members: tuple[KnownRecipient, ...]
    groups: tuple[AddressGroup, ...] = ()
    hidden_groups: tuple[AddressGroup, ...] = ()
    invalid: tuple[str, ...] = ()
    repeated: int = 0
    known: frozenset[str] = fields.OF_CONTACTS
    placeholders: Mapping[str, str] = field(default_factory=dict)
    withheld: Mapping[str, tuple[WithheldGuardian, ...]] = field(default_factory=dict)

    @property
    def visible(self) -> int:
        return sum(member.is_visible for member in self.members)

    @property
    def outside(self) -> int:
        return sum(member.is_visible and member.is_outside for member in self.members)

    @property
    def shows_many(self) -> bool:
        """Whether recipients would see the addresses of others who may not want that: a group, or
        many people from outside, in To or Cc."""
        is_group = any(len(group.members) > 1 for group in self.groups)
        return self.visible > 1 and (is_group or self.shows_outside)

    @property
    def shows_outside(self) -> bool:
        """Whether more people from outside would see one another's addresses than is allowed."""
        return self.visible > 1 and self.outside > settings.OUTSIDE_VISIBLE

    def lacking(self, key: str) -> tuple[KnownRecipient, ...]:
        """Return the members for whom a field of the text has no value."""
        if key not in self.placeholders:
            return ()
        return tuple(member for member in self.members if not member.values.get(key))


def own_domains() -> frozenset[str]:
    """Return the authority's domains in lower case: its mail domains, and WEBMAIL_OWN_DOMAINS."""
    return frozenset({*MailDomain.objects.all().names(), *settings.OWN_DOMAINS})


def is_outside(address: str, own: Collection[str]) -> bool:
    """Return whether an address is neither in one of these domains nor in a subdomain."""
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
    """Review the recipients of ``content``.

    ``with_names`` adds the names and fields of contacts, directory and ``roster``, for a list to
    choose from. ``with_pupils`` adds the pupils of each guardian, even if no field needs them.
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
        withheld=custody.withheld(user, (member.address for member in people)),
    )


def _members(lines: Sequence[Recipients]) -> tuple[KnownRecipient, ...]:
    """Return everybody in To, Cc and Bcc once. An address in several fields counts for the
    first."""
    own = own_domains()
    members: dict[str, KnownRecipient] = {}
    for line, is_visible in zip(lines, (True, True, False), strict=True):
        within = {
            person.address.casefold(): group.name
            for group in line.groups
            for person in group.members
        }
        for person in line.valid:
            key = person.address.casefold()
            member = KnownRecipient(
                person.address,
                person.name,
                group=within.get(key, ""),
                is_outside=is_outside(person.address, own),
                is_visible=is_visible,
            )
            members.setdefault(key, member)
    return tuple(members.values())


_MOST_SLIPS = 50
"""The largest number of domains, in one message or request, that are looked up among the
contacts."""


def misspelt(user: User, typed: Iterable[str], own: Collection[str]) -> dict[str, str]:
    """Return the addresses that seem to be misspelt, each with the probable one. A domain of the
    user's contacts counts as right; ``own`` are `own_domains`."""
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
    """Return the people whose address is not among ``keys``, written as in a field."""
    return tuple(
        text
        for text in people
        if any(
            person.address.casefold() not in keys
            for person in addresses.read_recipients(text).valid
        )
    )


def group_text(name: str, people: Sequence[str]) -> str:
    """Return a group of the address book as it is written in a field, with the members in the form
    of `read_recipients`. A single person is written without a group."""
    valid = addresses.read_each(people)
    if len(valid) < 2:
        return _joined(valid)
    return addresses.format_group(AddressGroup(" ".join(name.split()), valid))


# --- how many there may be ---


def limits_error(user: User, count: int, delivery: str = "") -> str:
    """Return the reason why the user may not write to so many people at once, or ""."""
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
    """Return whether a message to so many people must be one to each."""
    return 0 < settings.RECIPIENTS_PER_MESSAGE < count


def _free_from(user: User, count: int, hourly: int) -> datetime | None:
    """Return the moment from which the limit of an hour has room for so many more; None for now."""
    since = clock.now() - timedelta(hours=1)
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


def delivered(content: Content, members: Sequence[KnownRecipient], sender: Address) -> Content:
    """Return the message for only these ``members``, by its ``delivery``.

    In blind copy all are in Bcc, and the sender is in To: a message without anybody in To counts as
    junk, and some servers fail on the empty group of RFC 5322. `envelope` leaves the sender out.
    """
    keys = {member.key for member in members}
    to, cc, bcc = (_kept(text, keys) for text in (content.to, content.cc, content.bcc))
    is_hidden = content.delivery == HIDDEN or not (to or cc)
    if is_hidden and (to or cc or bcc):
        to, cc, bcc = (sender,), (), _once((*to, *cc, *bcc))
        content = replace(content, delivery=HIDDEN)
    return replace(content, to=_joined(to), cc=_joined(cc), bcc=_joined(bcc))


def _kept(text: str, keys: Collection[str]) -> tuple[Address, ...]:
    """Return the people of a field who get the message, without the names of their groups."""
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
    """Return the envelope recipients for a message of `delivered` or `each`. In blind copy they do
    not include the sender in To."""
    fields = (content.bcc,) if content.delivery == HIDDEN else (content.to, content.cc, content.bcc)
    people = _once([person for text in fields for person in addresses.read_recipients(text).valid])
    return tuple(person.address for person in people)


@dataclass(frozen=True, slots=True)
class Filling:
    """What one message of a message to each has of its own: the recipient, the values of the
    placeholders by their keys, and the numbers of the documents."""

    name: str
    address: str
    values: tuple[tuple[str, str], ...] = ()
    documents: tuple[str, ...] = ()


class EachMessage(Sequence[Content]):
    """A message to each recipient. Each content is made when it is asked for, since a thousand long
    texts are more than a process may hold."""

    def __init__(self, written: Content, fillings: Sequence[Filling]) -> None:
        self.written, self.fillings = written, fillings

    def __len__(self) -> int:
        return len(self.fillings)

    @overload
    def __getitem__(self, place: int) -> Content: ...
    @overload
    def __getitem__(self, place: slice) -> EachMessage: ...
    def __getitem__(self, place: int | slice) -> Content | EachMessage:
        if isinstance(place, slice):
            return EachMessage(self.written, self.fillings[place])
        return filled(self.written, self.fillings[place])


def to_each(
    content: Content,
    members: Sequence[KnownRecipient],
    instead: Mapping[str, str] | None = None,
    documents: Mapping[str, tuple[str, ...]] | None = None,
) -> EachMessage:
    """Return the message to each of these recipients alone. ``instead`` has the values for empty
    fields by their keys, and ``documents`` those that only one recipient gets, by the key of the
    recipient. The text is searched for placeholders once."""
    keys = tuple(fields.counts(_body(content)) | fields.counts(content.subject))
    return EachMessage(
        content,
        tuple(
            _filling(member, keys, instead or {}, (documents or {}).get(member.key, ()))
            for member in members
        ),
    )


def _filling(
    member: KnownRecipient,
    keys: Sequence[str],
    instead: Mapping[str, str],
    documents: tuple[str, ...],
) -> Filling:
    values = member.values
    words = tuple((key, values[key] or instead.get(key, "")) for key in keys if key in values)
    return Filling(member.name, member.address, words, documents)


def filled(content: Content, filling: Filling) -> Content:
    """Return the message to one recipient alone, with the values of the placeholders."""
    words = dict(filling.values)
    return replace(
        content,
        to=addresses.format(Address(filling.name, filling.address)),
        cc="",
        bcc="",
        delivery=EACH,
        names=filling.values,
        documents=filling.documents,
        subject=fields.filled(content.subject, words),
        html=fields.filled_html(content.html, words),
        text=fields.filled(content.text, words),
    )


def each(
    content: Content,
    member: KnownRecipient,
    instead: Mapping[str, str] | None = None,
    documents: tuple[str, ...] = (),
) -> Content:
    """Return the message to one recipient alone, as `to_each` does."""
    return to_each(content, [member], instead, {member.key: documents})[0]


def _body(content: Content) -> str:
    return content.html if content.is_html else content.text


def placeholders(content: Content, known: Collection[str] = fields.OF_CONTACTS) -> dict[str, str]:
    """Return the placeholders of subject and text for the fields in ``known``: the first spelling
    of each by its key."""
    return fields.asked(_body(content), known) | fields.asked(content.subject, known)
