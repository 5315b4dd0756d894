"""The page on which the user settles the documents of a message to each: the document of each
recipient, open questions, and the answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import QueryDict
from django.utils.translation import gettext

from accounts.models import User
from webmail.models import Draft
from webmail.presentation import words
from webmail.writing import documents, drafts, matching, recipients, rosters
from webmail.writing.documents import Document, Held
from webmail.writing.field_values import KnownRecipient
from webmail.writing.matching import Decisions, DocumentOwner, Matching

NOBODY, ALL = "nobody", "all"
UNMATCHED, SHARED, DOUBLED = "unmatched", "shared", "doubled"
_TO = "to_"
_MOST_SHOWN = 50
_MOST_CHOICES = 300
# The largest number of pairs of a document and a recipient that are decided by hand. A document for
# each of 2,000 people needs as many, one for all 1,900 people of a roster 1,900.
_MOST_DECIDED = 20_000


@dataclass(frozen=True, slots=True)
class RecipientChoice:
    """One of the people to whom a document may go. `ALL` stands for all whom it may mean."""

    value: str
    label: str
    is_likely: bool = False


@dataclass(frozen=True, slots=True)
class OpenDocument:
    """A document without a certain recipient. ``kind`` is `UNMATCHED`, `SHARED` or `DOUBLED`."""

    document: Document
    kind: str
    choices: tuple[RecipientChoice, ...]

    @property
    def likely(self) -> tuple[RecipientChoice, ...]:
        return tuple(choice for choice in self.choices if choice.is_likely)

    @property
    def others(self) -> tuple[RecipientChoice, ...]:
        return tuple(choice for choice in self.choices if not choice.is_likely)


@dataclass(frozen=True, slots=True)
class DocumentRecipient:
    """A recipient. ``name`` is the name that documents have. ``absent`` is the document that the
    roster names for the recipient and that does not exist."""

    key: str
    name: str
    address: str
    documents: tuple[Document, ...] = ()
    absent: str = ""


@dataclass(frozen=True, slots=True)
class DocumentsSheet:
    """The documents and recipients of a draft. ``open_documents`` are the first that are not
    settled, ``more`` is the number of the others."""

    count: int
    size: int
    recipients: int
    matching: Matching
    open_documents: tuple[OpenDocument, ...] = ()
    more: int = 0
    lacking: tuple[DocumentRecipient, ...] = ()
    given: tuple[DocumentRecipient, ...] = ()
    left_out: tuple[Document, ...] = ()
    without: tuple[DocumentRecipient, ...] = ()

    @property
    def size_words(self) -> str:
        return words.size(self.size)

    @property
    def to_settle(self) -> int:
        return self.matching.open_documents + len(self.lacking)

    @property
    def has_unmatched(self) -> bool:
        return bool(self.matching.unmatched)

    @property
    def has_doubled(self) -> bool:
        return bool(self.matching.doubled)

    @property
    def uncompared_words(self) -> str:
        return documents.uncompared_words(self.matching)


def sheet(user: User, draft: Draft) -> DocumentsSheet | None:
    """Return the values of the page; None for a draft without documents."""
    held = documents.of(draft)
    if held is None:
        return None
    content = drafts.content(draft)
    roster = rosters.asked_for(draft, content)
    review = recipients.review(user, content, with_names=True, with_pupils=True, roster=roster)
    people = documents.persons(review.members, roster)
    matched = matching.match(held.names, people, held.decided)
    return _SheetMaker(held, review.members, people, matched).sheet()


class _SheetMaker:
    """A sheet that is being made."""

    def __init__(
        self,
        held: Held,
        members: Sequence[KnownRecipient],
        people: Sequence[DocumentOwner],
        matched: Matching,
    ) -> None:
        self._held, self._found = held, matched
        self._people = {person.key: person for person in people}
        self._members = {member.key: member for member in members}
        # Those without a document come first.
        self._others = tuple(dict.fromkeys((*matched.lacking, *self._members)))

    def sheet(self) -> DocumentsSheet:
        matched = self._found
        kinds = {
            **dict.fromkeys(matched.unmatched, UNMATCHED),
            **dict.fromkeys(matched.shared, SHARED),
            **dict.fromkeys(matched.doubled, DOUBLED),
        }
        shown = list(kinds.items())[:_MOST_SHOWN]
        return DocumentsSheet(
            count=len(self._held.documents),
            size=sum(document.size for document in self._held.documents.values()),
            recipients=len(self._members),
            matching=matched,
            open_documents=tuple(self._open(key, kind) for key, kind in shown),
            more=len(kinds) - len(shown),
            lacking=tuple(map(self._recipient, matched.lacking)),
            given=tuple(map(self._recipient, self._in_order(matched.given))),
            left_out=tuple(self._held.documents[key] for key in matched.left_out),
            without=tuple(map(self._recipient, matched.without)),
        )

    def _in_order(self, keys: Mapping[str, object]) -> Iterator[str]:
        return (key for key in self._members if key in keys)

    def _recipient(self, key: str) -> DocumentRecipient:
        person, member = self._people[key], self._members[key]
        own = tuple(self._held.documents[number] for number in self._found.given.get(key, ()))
        absent = person.file if key in self._found.absent else ""
        return DocumentRecipient(key, _name(person, member), member.address, own, absent)

    def _open(self, key: str, kind: str) -> OpenDocument:
        matched = self._found
        likely = {SHARED: matched.shared, DOUBLED: matched.doubled}.get(kind, matched.candidates)
        likely_keys = likely.get(key, ())
        choices = [
            self._choice(recipient, is_likely=True) for recipient in likely_keys[:_MOST_CHOICES]
        ]
        if kind == SHARED or len(likely_keys) > 1:
            choices.append(RecipientChoice(ALL, gettext("All of these people"), is_likely=True))
        known = set(likely_keys)
        others = (other for other in self._others if other not in known)
        choices += [self._choice(other) for other in islice(others, _MOST_CHOICES)]
        return OpenDocument(self._held.documents[key], kind, tuple(choices))

    def _choice(self, key: str, *, is_likely: bool = False) -> RecipientChoice:
        person, member = self._people[key], self._members[key]
        name = _name(person, member)
        label = f"{name} ({member.address})" if name else member.address
        return RecipientChoice(key, label, is_likely)


def _name(person: DocumentOwner, member: KnownRecipient) -> str:
    return f"{person.first} {person.last}".strip() or member.name


# --- answers ---


def answer(draft: Draft, shown: DocumentsSheet, post: QueryDict) -> str:
    """Store the decisions of the page, and return "". Decisions about documents of other drafts, or
    people who are no recipients, are ignored. Return the reason why nothing was stored if too many
    documents would go to too many people."""
    held = documents.of(draft)
    if held is None:
        return ""
    decided, everybody = held.decided, {ticked.casefold() for ticked in post.getlist("without")}
    chosen = dict(decided.documents)
    for key in held.documents:
        if to := _answer_for(post.get(_TO + key, ""), key, shown):
            chosen[key] = to[0]
    without = decided.without | {
        recipient.key for recipient in shown.lacking if recipient.key in everybody
    }
    decided = Decisions(chosen, decided.opened, without)
    decided = _after_button(post.get("do", ""), decided, shown, held)
    if pairs := _over(decided):
        words = gettext(
            "So many documents for so many people are %(pairs)s files to send; %(most)s are"
            " possible. Put what all of them get into one document, or attach it to the message."
        )
        return words % {"pairs": intcomma(pairs), "most": intcomma(_MOST_DECIDED)}
    documents.decide(draft, decided)
    return ""


def _over(decided: Decisions) -> int:
    """Return the number of files that would leave by these decisions if it is too large, else
    0."""
    pairs = sum(len(to) for to in decided.documents.values())
    return pairs if pairs > _MOST_DECIDED else 0


def _answer_for(value: str, key: str, shown: DocumentsSheet) -> tuple[tuple[str, ...]] | None:
    """Return the recipients of a document, in a tuple of one; the inner tuple is empty for nobody.
    Return None without an answer."""
    if value == NOBODY:
        return ((),)
    if value == ALL:
        matched = shown.matching
        keys = matched.shared.get(key) or matched.doubled.get(key) or matched.candidates.get(key)
        return (keys,) if keys else None
    return ((value.casefold(),),) if value else None


def _after_button(button: str, decided: Decisions, shown: DocumentsSheet, held: Held) -> Decisions:
    """Return the decisions after the pressed button, which decides about all documents at once, or
    takes decisions back."""
    chosen, opened, without = dict(decided.documents), set(decided.opened), set(decided.without)
    action, _colon, key = button.partition(":")
    if action == "leave_out":
        chosen |= {key: () for key in shown.matching.unmatched if key not in chosen}
    elif action == "all_doubled":
        chosen |= {key: to for key, to in shown.matching.doubled.items() if key not in chosen}
    elif action == "all_without":
        without |= set(shown.matching.lacking)
    elif action == "change" and key in held.documents:
        chosen.pop(key, None)
        opened.add(key)
    elif action == "again":
        without.discard(key.casefold())
    return replace(decided, documents=chosen, opened=frozenset(opened), without=frozenset(without))
