"""The question that the user answers before a message leaves: to whom, and how.

`decide` returns the messages that leave, or a `Question`. The composer's page then comes back (422)
with ``_sending_choice.html`` in its form and the question as ``choice``; a script gets only this
partial, with ``is_dialog``, for ``#sending-choice``. The message leaves when the form is posted
again with the answer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import QueryDict
from django.utils.translation import gettext, ngettext, pgettext

from accounts.models import User
from addressbook.contacts import custody
from mail.mime.addresses import Address
from webmail.writing import cleaning, documents, doubts, fields, recipients
from webmail.writing.content import DELIVERIES, Content
from webmail.writing.documents import Held
from webmail.writing.doubts import Doubt
from webmail.writing.field_values import KnownRecipient
from webmail.writing.fields import FIRST, LAST, LONGEST, WHOLE
from webmail.writing.matching import Matching
from webmail.writing.recipients import EACH, HIDDEN, EachMessage, Review
from webmail.writing.roster_reading import Roster

_MOST_LISTED = 5_000
_LONGEST_NAME = 100
_LONGEST_PREVIEW = 50_000
_MOST_INSTEAD = 60
_INSTEAD = "instead_"
_FEW = 5


@dataclass(frozen=True, slots=True)
class ChoiceAnswer:
    """The answers that are already in the form.

    ``digest`` identifies the recipients of the choice, and ``members`` are the keys of the ticked
    ones. ``instead`` has the words for empty fields, by the keys of the fields. ``confirmed`` are
    the keys of the doubts that were shown. ``act`` is the button that was pressed and will be
    pressed again. ``look`` is the number of the message to preview, from 0, or -1.
    """

    members: frozenset[str] = frozenset()
    digest: str = ""
    instead: tuple[tuple[str, str], ...] = ()
    confirmed: frozenset[str] = frozenset()
    act: str = "send"
    look: int = -1


@dataclass(frozen=True, slots=True)
class ChosenRecipient:
    """One row of the list. ``lacking`` are the placeholders of the text that are empty for the
    recipient, ``documents`` the names of the files that only this recipient gets. ``notes`` say
    about which pupils the recipient is not to be written to: then nobody ticks them but the
    user."""

    member: KnownRecipient
    is_ticked: bool
    lacking: tuple[str, ...]
    documents: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EmptyField:
    """A field of the text that is empty for some recipients, with the input for the words that
    replace it. ``key`` is that of the field; ``hint`` says where its value would come from."""

    key: str
    label: str
    words: str
    instead: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class MessagePreview:
    """One message of a message to each, as it will leave: ``number`` of ``count``, from 1.
    ``before`` and ``after`` are the neighbours in the form of `ChoiceAnswer.look`, -1 for none.
    ``documents`` are number and name of the files that only this recipient gets. ``query`` names
    the message for the page of its HTML, "" for a plain text."""

    to: str
    subject: str
    text: str
    number: int = 1
    count: int = 1
    documents: tuple[tuple[str, str], ...] = ()
    query: str = ""

    @property
    def before(self) -> int:
        return self.number - 2

    @property
    def after(self) -> int:
        return self.number if self.number < self.count else -1


@dataclass(frozen=True, slots=True)
class Question:
    """A question that the user must answer before the message leaves.

    ``refusal`` is the sentence that says why it cannot leave like this. ``doubts`` are possible
    oversights that were not shown before, and ``confirmed`` are the keys of all doubts.
    ``asks_how`` says that the user must choose recipients and delivery. ``is_looked_at`` says that
    the user only asked for another preview. ``unsettled`` says that documents, or people without
    one, must be settled first. With ``has_documents``, each recipient has a document, and with
    ``fields``, the text's placeholders, a value: the message can then only leave to each. With
    ``is_hiding_enforced`` it may not leave with all addresses visible.
    """

    review: Review
    refusal: str = ""
    doubts: tuple[Doubt, ...] = ()
    confirmed: tuple[str, ...] = ()
    asks_how: bool = False
    delivery: str = HIDDEN
    people: tuple[ChosenRecipient, ...] = ()
    digest: str = ""
    missing: tuple[EmptyField, ...] = ()
    preview: MessagePreview | None = None
    act: str = "send"
    is_looked_at: bool = False
    unsettled: bool = False
    has_documents: bool = False
    is_hiding_enforced: bool = False
    fields: tuple[str, ...] = ()

    @property
    def ways(self) -> tuple[str, ...]:
        """The ways in which the message may leave."""
        if self.has_documents or self.fields:
            return (EACH,)
        return (HIDDEN, EACH) if self.is_hiding_enforced else DELIVERIES[1:]

    @property
    def advised(self) -> str:
        """The way that is chosen already if the user chose none before."""
        is_each = EACH in self.ways[:1] or recipients.are_too_many(len(self.review.members))
        return EACH if is_each else HIDDEN

    @property
    def offers_sender(self) -> bool:
        return any(doubt.offers_sender for doubt in self.doubts)

    @property
    def field_names(self) -> str:
        return ", ".join(self.fields)

    @property
    def ticked(self) -> int:
        return sum(person.is_ticked for person in self.people)

    @property
    def has_groups(self) -> bool:
        return bool(self.review.groups or self.review.hidden_groups)

    @property
    def people_count(self) -> int:
        return len(self.review.members)

    @property
    def group_names(self) -> str:
        return ", ".join(group.name for group in self.review.groups)


def instead_of(data: QueryDict) -> tuple[tuple[str, str], ...]:
    """Return the words for empty fields, by the keys of the fields."""
    names = [name for name in data if name.startswith(_INSTEAD)][:_MOST_INSTEAD]
    return tuple(
        (name.removeprefix(_INSTEAD)[:LONGEST], data.get(name, "")[:_LONGEST_NAME].strip())
        for name in names
    )


def answer(post: QueryDict) -> ChoiceAnswer:
    """Return the answer of a posted form. Other values are ignored."""
    members = " ".join(post.getlist("members")).split()
    look = post.get("look", "")
    return ChoiceAnswer(
        members=frozenset(member.casefold() for member in members),
        digest=post.get("choice", ""),
        instead=instead_of(post),
        confirmed=frozenset(post.getlist("confirmed")),
        act="schedule" if (post.get("do") or post.get("act")) == "schedule" else "send",
        look=int(look) if look.isascii() and look.isdigit() and len(look) < 6 else -1,
    )


def decide(
    user: User,
    content: Content,
    given: ChoiceAnswer,
    *,
    sender: Address,
    has_files: bool,
    roster: Roster | None = None,
    held: Held | None = None,
    footer: str = "",
    hides_outside: bool = False,
    file_names: Sequence[str] = (),
) -> Question | Sequence[Content]:
    """Return the messages that leave (one, or one to each recipient), or a question to ask first.

    ``has_files`` says whether there is an attachment; images in the text are none. ``file_names``
    are the names of the attachments. The columns of ``roster`` are fields; ``held`` are documents
    for one recipient each. ``footer`` is put below each message. With ``hides_outside``, many
    people from outside may not see one another, whatever the answer is.
    """
    review = recipients.review(user, content, roster=roster)
    question = Question(
        review,
        act=given.act,
        has_documents=held is not None,
        is_hiding_enforced=hides_outside and review.shows_outside,
        fields=tuple(f"{{{spelt}}}" for spelt in review.placeholders.values()),
    )
    if refusal := _refusal(user, review):
        return replace(question, refusal=refusal)
    has_files = has_files or held is not None
    found_doubts = doubts.find(
        user, content, plain(content), review, has_files=has_files, file_names=file_names
    )
    question = _with_doubts(question, found_doubts, given)
    if not _must_choose(content, given, review, held):
        return question if question.doubts else (_to_all(content, review, sender),)
    review = recipients.review(
        user, content, with_names=True, with_pupils=held is not None, roster=roster
    )
    if _is_one_of_whom_all_is_known(given, review, held):
        alone = _to_each(content, given, review.members, None)
        return question if question.doubts else alone
    matching = held.matched(review.members, roster) if held else None
    if matching and not matching.is_settled:
        return replace(question, refusal=documents.unsettled_words(matching), unsettled=True)
    if held and matching:
        people = documents.persons(review.members, roster)
        found_doubts = (*found_doubts, *doubts.of_documents(held, matching, people))
        question = _with_doubts(question, found_doubts, given)
    ticked = tuple(member for member in review.members if member.key in given.members)
    is_answered = _is_answered(question, content, given, review, matching)
    refusal = _refusal_of_answer(user, content, ticked) if is_answered else ""
    if question.doubts or refusal or not is_answered or given.look >= 0:
        is_looked_at = given.look >= 0 and (bool(review.placeholders) or held is not None)
        question = replace(question, refusal=refusal, is_looked_at=is_looked_at)
        return _with_people(question, content, given, review, footer, held, matching)
    if content.delivery == EACH:
        return _to_each(content, given, ticked, matching)
    return (recipients.delivered(content, ticked, sender),)


def _must_choose(content: Content, given: ChoiceAnswer, review: Review, held: Held | None) -> bool:
    """Return whether the user must choose the recipients and the delivery. A user who only asks for
    another preview sends nothing."""
    return (
        review.shows_many
        or bool(review.placeholders)
        or content.delivery == EACH
        or held is not None
        or recipients.are_too_many(len(review.members))
        or given.look >= 0
    )


def _is_one_of_whom_all_is_known(given: ChoiceAnswer, review: Review, held: Held | None) -> bool:
    """Return whether there is nothing to choose: the message goes to one person, and every field of
    its text has a value."""
    return (
        len(review.members) == 1
        and held is None
        and given.look < 0
        and not any(review.lacking(key) for key in review.placeholders)
    )


def _is_answered(
    question: Question,
    content: Content,
    given: ChoiceAnswer,
    review: Review,
    matching: Matching | None,
) -> bool:
    """Return whether the answer has an allowed delivery, and is about the present recipients."""
    return content.delivery in question.ways and given.digest == _digest(review, matching)


def _to_all(content: Content, review: Review, sender: Address) -> Content:
    """Return the message to all recipients as typed. An earlier answer was about other
    recipients."""
    return recipients.delivered(replace(content, delivery=""), review.members, sender)


def _to_each(
    content: Content,
    given: ChoiceAnswer,
    ticked: Sequence[KnownRecipient],
    matching: Matching | None,
) -> EachMessage:
    """Return a message to each ticked recipient, with that recipient's documents."""
    return recipients.to_each(
        content, ticked, dict(given.instead), matching.given if matching else {}
    )


def _with_doubts(
    question: Question, found_doubts: Sequence[Doubt], given: ChoiceAnswer
) -> Question:
    """Return the question with the doubts that were not shown before."""
    new = tuple(doubt for doubt in found_doubts if doubt.key not in given.confirmed)
    return replace(question, doubts=new, confirmed=tuple(doubt.key for doubt in found_doubts))


def _refusal(user: User, review: Review) -> str:
    """Return the error that no choice can resolve, or ""."""
    if review.invalid:
        return ngettext(
            "This is not an address: %(addresses)s.",
            "These are not addresses: %(addresses)s.",
            len(review.invalid),
        ) % {"addresses": ", ".join(text[:80] for text in review.invalid[:_FEW])}
    if not review.members:
        return gettext("Name at least one recipient.")
    if len(review.members) > _MOST_LISTED:
        words = gettext("A message may go to %(most)s people; this one has %(count)s recipients.")
        return words % {"most": intcomma(_MOST_LISTED), "count": intcomma(len(review.members))}
    return recipients.limits_error(user, len(review.members), EACH)


def _refusal_of_answer(user: User, content: Content, ticked: Sequence[KnownRecipient]) -> str:
    if not ticked:
        return gettext("Tick at least one person.")
    return recipients.limits_error(user, len(ticked), content.delivery)


def _with_people(
    question: Question,
    content: Content,
    given: ChoiceAnswer,
    review: Review,
    footer: str,
    documents_held: Held | None,
    matching: Matching | None,
) -> Question:
    """Return the question with the list of people and the answers so far."""
    digest = _digest(review, matching)
    names = documents_held.names if documents_held else {}
    of_each = matching.given if matching else {}
    is_same = given.digest == digest
    fields = tuple(review.placeholders.items())
    lacking = {key: {member.key for member in review.lacking(key)} for key in review.placeholders}
    people = tuple(
        ChosenRecipient(
            member,
            member.key in given.members if is_same else member.key not in review.withheld,
            tuple(f"{{{spelt}}}" for key, spelt in fields if member.key in lacking[key]),
            tuple(names[number] for number in of_each.get(member.key, ())),
            tuple(custody.words(note) for note in review.withheld.get(member.key, ())),
        )
        for member in review.members
    )
    ticked = [person.member for person in people if person.is_ticked] or [review.members[0]]
    instead = dict(given.instead)
    preview = None
    if review.placeholders or documents_held:
        preview = _preview(content, ticked, given, footer, names, of_each)
    is_allowed = content.delivery in question.ways
    return replace(
        question,
        review=review,
        asks_how=True,
        delivery=content.delivery if is_allowed else question.advised,
        people=people,
        digest=digest,
        missing=_missing(review, instead),
        preview=preview,
    )


def _digest(review: Review, matching: Matching | None = None) -> str:
    """Return a digest of the recipients and their documents. An answer is valid only for those that
    were shown."""
    keys = "\n".join(sorted(member.key for member in review.members))
    if matching:
        keys += repr(sorted(matching.given.items()))
    return hashlib.blake2b(keys.encode(), digest_size=12).hexdigest()


def _missing(review: Review, instead: dict[str, str]) -> tuple[EmptyField, ...]:
    labels = {
        FIRST: pgettext("in place of the first name", "Write instead of the first name"),
        LAST: pgettext("in place of the last name", "Write instead of the last name"),
        WHOLE: pgettext("in place of the name", "Write instead of the name"),
    }
    missing = []
    for key, spelt in review.placeholders.items():
        if lacking := review.lacking(key):
            words = _counted(key, spelt, len(lacking))
            label = labels.get(key) or gettext("Write instead of {%(field)s}") % {"field": spelt}
            hint = _hint_of_families() if key in fields.OF_FAMILIES else ""
            missing.append(EmptyField(key, label, words, instead.get(key, ""), hint))
    return tuple(missing)


def _hint_of_families() -> str:
    return gettext(
        "It is known of the pupils and guardians among your contacts, and of the classes that"
        " colleagues share with you together with their pupils."
    )


def _counted(key: str, spelt: str, count: int) -> str:
    if key == FIRST:
        words = ngettext(
            "The first name of %(count)s person is not known.",
            "The first names of %(count)s people are not known.",
            count,
        )
    elif key == LAST:
        words = ngettext(
            "The last name of %(count)s person is not known.",
            "The last names of %(count)s people are not known.",
            count,
        )
    elif key == WHOLE:
        words = ngettext(
            "The name of %(count)s person is not known.",
            "The names of %(count)s people are not known.",
            count,
        )
    else:
        words = ngettext(
            "{%(field)s} is empty for %(count)s person.",
            "{%(field)s} is empty for %(count)s people.",
            count,
        )
    return words % {"count": intcomma(count), "field": spelt}


def _preview(
    content: Content,
    ticked: Sequence[KnownRecipient],
    given: ChoiceAnswer,
    footer: str,
    names: Mapping[str, str],
    of_each: Mapping[str, tuple[str, ...]],
) -> MessagePreview:
    """Return one message: its plain text with its quotes, and the query for its HTML."""
    number = min(max(given.look, 0), len(ticked) - 1)
    filled = recipients.each(content, ticked[number], dict(given.instead))
    text = f"{plain(filled).strip()}\n\n{footer}".strip()
    short = text if len(text) <= _LONGEST_PREVIEW else text[:_LONGEST_PREVIEW].rstrip() + "…"
    own = tuple((key, names[key]) for key in of_each.get(ticked[number].key, ()))
    query = _query(ticked[number], given) if content.is_html else ""
    return MessagePreview(filled.to, filled.subject, short, number + 1, len(ticked), own, query)


def _query(member: KnownRecipient, given: ChoiceAnswer) -> str:
    """Return a query that `instead_of` reads, with the address as ``to``."""
    words = ((f"{_INSTEAD}{key}", value) for key, value in given.instead)
    return urlencode([("to", member.address), *words])


def plain(content: Content) -> str:
    """Return the text of a message as plain text, with marked quotes."""
    return cleaning.text(content.html) if content.is_html else content.text
