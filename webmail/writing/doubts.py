"""Doubts about a message that is about to leave: each looks like an oversight of the user.

The user sees all of them at once, and each only once: the answer posts back the keys of those that
were shown (`webmail.writing.choosing`).
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext, ngettext

from accounts.models import User
from addressbook.contacts import custody, names, sharing
from addressbook.contacts.groups import GroupGap
from webmail.presentation.words import few
from webmail.writing import cleaning, fields, identities, matching, recipients, reminder
from webmail.writing.content import ANSWERS, FORWARDS, Content
from webmail.writing.documents import Held
from webmail.writing.matching import DocumentOwner, Matching
from webmail.writing.recipients import Review

_MOST_NAMED = 5
_MOST_OF_FAMILY = 3  # recipients who may be one family, as in js/family.js
_MOST_BESIDE = 2_500  # a school
_MOST_FILES = 25
_MANY_ANSWERED = 20
_LONGEST_LOOKED_AT = 50_000


@dataclass(frozen=True, slots=True)
class Doubt:
    """One doubt. ``question`` is the title of a dialog about this doubt alone. ``key`` changes with
    the facts of the doubt. ``offers_sender`` says that the answer may go to the sender alone."""

    key: str
    icon: str
    question: str
    fact: str
    offers_sender: bool = False


def find(
    user: User,
    content: Content,
    text: str,
    review: Review,
    *,
    has_files: bool,
    file_names: Sequence[str] = (),
) -> tuple[Doubt, ...]:
    """Return the doubts about a message, the worst first. ``text`` is its plain text. ``has_files``
    says whether there is an attachment; images in the text are none. ``file_names`` are the known
    names of attachments."""
    own_words = reminder.own_words(cleaning.own_text(content.html) if content.is_html else text)
    doubts = [
        *_of_custody(review),
        *_of_many_answered(content, review),
        *_of_others(user, review, f"{content.subject}\n{own_words}", file_names),
        *_of_slips(user, review),
        *_of_groups(user, review),
        *_of_fields(f"{content.subject}\n{own_words}", review.known),
    ]
    if not content.subject.strip():
        question, fact = gettext("Send without a subject?"), gettext("The message has no subject.")
        doubts.append(Doubt("subject", "type", question, fact))
    if (
        not has_files
        and _is_blank(content, text, own_words, review)
        and not _has_words_in_signature(user, text)
    ):
        question, fact = gettext("Send without a text?"), gettext("The message has no text.")
        doubts.append(Doubt("text", "type", question, fact))
    if not has_files and reminder.speaks_of_a_file(content.subject, text):
        question = gettext("Send without an attachment?")
        fact = gettext("Your text speaks of an attachment, and there is none.")
        doubts.append(Doubt("attachment", "paperclip", question, fact))
    return tuple(doubts)


def _is_blank(content: Content, text: str, own_words: str, review: Review) -> bool:
    """Return whether the user added nothing. A forwarded message needs no words, and neither does
    an answer to one person that quotes their message."""
    if own_words.strip() or content.kind in FORWARDS:
        return False
    is_quote_alone = content.kind in ANSWERS and "\n>" in f"\n{text}"
    return not (is_quote_alone and len(review.members) == 1)


def _has_words_in_signature(user: User, text: str) -> bool:
    """Return whether the user wrote words inside the signature, which are no less a text: one of
    the user's signatures stands there, and words beside it that none of them has."""
    written = _words(reminder.own_words(text, with_signature=True))
    signatures = [_words(cleaning.text(identity.signature)) for identity in identities.of(user)]
    is_there = any(signature and signature <= written for signature in signatures)
    return is_there and all(written - signature for signature in signatures)


def _words(text: str) -> Counter[str]:
    return Counter(word for word in text.split() if word != "--")


def _of_many_answered(content: Content, review: Review) -> list[Doubt]:
    """Return the doubt about an answer to many people, which was often meant for its sender."""
    count = len(review.members)
    if content.kind not in ANSWERS or content.origin is None or count <= _MANY_ANSWERED:
        return []
    fact = gettext("Your answer goes to %(count)s people.") % {"count": intcomma(count)}
    question = gettext("Answer all these people?")
    keys = [member.key for member in review.members]
    return [Doubt(_key("many", keys), "users", question, fact, offers_sender=True)]


def _of_custody(review: Review) -> list[Doubt]:
    """Return the doubt about guardians who are not to be written to about a pupil."""
    facts = [custody.words(note) for notes in review.withheld.values() for note in notes]
    if not facts:
        return []
    question = gettext("Write to this guardian?")
    shown = facts[:_MOST_NAMED]
    if more := len(facts) - len(shown):
        words = ngettext("%(count)s more person.", "%(count)s more people.", more)
        shown.append(words % {"count": intcomma(more)})
    return [Doubt(_key("custody", facts), "triangle-alert", question, " ".join(shown))]


def _of_slips(user: User, review: Review) -> list[Doubt]:
    typed = [member.address for member in review.members]
    misspelt = recipients.misspelt(user, typed, recipients.own_domains())
    if not misspelt:
        return []
    typed_and_meant = [f"{typed} ({meant}\xa0?)" for typed, meant in misspelt.items()]
    fact = ngettext(
        "This address seems to be misspelt: %(names)s.",
        "These addresses seem to be misspelt: %(names)s.",
        len(misspelt),
    ) % {"names": few(typed_and_meant, _MOST_NAMED)}
    question = gettext("Send to this address?")
    return [Doubt(_key("slips", misspelt), "triangle-alert", question, fact)]


def _of_groups(user: User, review: Review) -> list[Doubt]:
    """Return the doubt about members of groups of the address book who get nothing."""
    there = {member.key for member in review.members}
    called = [group.name for group in review.groups + review.hidden_groups]
    facts = []
    for gap in sharing.gaps(user, called):
        facts += _facts(gap, recipients.without(gap.other_addresses, there))
    if not facts:
        return []
    question = gettext("Send without reaching everybody?")
    return [Doubt(_key("groups", facts), "users", question, " ".join(facts))]


def _facts(gap: GroupGap, others: Sequence[str]) -> list[str]:
    facts = []
    if gap.without_address:
        words = ngettext(
            "In the group “%(group)s”, %(names)s has no address and gets nothing.",
            "In the group “%(group)s”, %(count)s contacts have no address and get nothing:"
            " %(names)s.",
            len(gap.without_address),
        )
        named = few(gap.without_address, _MOST_NAMED)
        facts.append(
            words % {"group": gap.group, "count": len(gap.without_address), "names": named}
        )
    if others:
        words = ngettext(
            "In the group “%(group)s”, one more address of a contact gets nothing: %(names)s.",
            "In the group “%(group)s”, %(count)s more addresses of contacts get nothing:"
            " %(names)s.",
            len(others),
        )
        facts.append(
            words % {"group": gap.group, "count": len(others), "names": few(others, _MOST_NAMED)}
        )
    return facts


def _of_others(user: User, review: Review, text: str, file_names: Sequence[str]) -> list[Doubt]:
    """Return the doubt about a message to one family that names another person of the same group,
    such as another pupil of the class. Only the user's own contacts count."""
    if not 0 < len(review.members) <= _MOST_OF_FAMILY:
        return []
    if not all(member.is_outside for member in review.members):
        return []
    others = others_beside(user, [member.address for member in review.members])
    words = matching.in_a_row(text[:_LONGEST_LOOKED_AT])
    named = [
        other.shown
        for other in others
        if matching.is_in(words, other.first, other.last)
        or any(
            matching.names_person(name, matching.DocumentOwner("", other.last, other.first))
            for name in file_names[:_MOST_FILES]
        )
    ]
    if not named:
        return []
    to = ", ".join(member.shown for member in review.members)
    fact = ngettext(
        "The message to %(to)s names %(names)s, who is somebody else.",
        "The message to %(to)s names %(names)s, who are somebody else.",
        len(named),
    ) % {"to": to, "names": few(named, _MOST_NAMED)}
    question = gettext("Send it to this family?")
    return [Doubt(_key("others", [to, *named]), "users", question, fact)]


def others_beside(user: User, addresses: Sequence[str]) -> list[names.RecipientName]:
    """Return the contacts who are in a group with one of these people, or with a pupil of theirs,
    and whose full name is known. There are none for more people than one family has. One query."""
    if not 0 < len(addresses) <= _MOST_OF_FAMILY:
        return []
    others = names.beside(user, addresses, _MOST_BESIDE)
    return [other for other in others if other.first and other.last]


def of_documents(
    held: Held, matched: Matching, people: Sequence[DocumentOwner]
) -> tuple[Doubt, ...]:
    """Return the doubt about documents whose name has neither the recipient nor a child of theirs.
    They were assigned by hand, or by the roster."""
    by_key: dict[str, list[DocumentOwner]] = {}
    for person in people:
        by_key.setdefault(person.key, []).append(person)
    strange = [
        f"{name} ({', '.join(f'{child.first} {child.last}'.strip() for child in by_key[key])})"
        for key, numbers in matched.given.items()
        for name in (held.documents[number].name for number in numbers)
        if not any(matching.names_person(name, child, is_lenient=True) for child in by_key[key])
    ]
    if not strange:
        return ()
    fact = ngettext(
        "The name of this document does not name its recipient: %(names)s.",
        "The names of %(count)s documents do not name their recipients: %(names)s.",
        len(strange),
    ) % {"count": len(strange), "names": few(strange, _MOST_NAMED)}
    question = gettext("Send these documents to these people?")
    return (Doubt(_key("documents", strange), "file", question, fact),)


# A word between braces, such as {classe}; not {1, 2, 3} nor { x | x > 0 }.
_FIELD = re.compile(r"\{\s{0,3}[^\W\d_][\w' ’-]{1,30}\}")


def _of_fields(text: str, known: Collection[str]) -> list[Doubt]:
    """Return the doubt about words between braces that are no placeholders."""
    spellings = (match[0] for match in _FIELD.finditer(text))
    unknown = [
        spelling for spelling in dict.fromkeys(spellings) if not fields.count(spelling, known)
    ]
    if not unknown:
        return []
    fact = ngettext(
        "%(names)s is replaced by nothing and leaves as it stands; only fields of contacts, such"
        " as {prénom}, and the columns of a list of recipients are replaced.",
        "%(names)s are replaced by nothing and leave as they stand; only fields of contacts, such"
        " as {prénom}, and the columns of a list of recipients are replaced.",
        len(unknown),
    ) % {"names": few(unknown, _MOST_NAMED)}
    question = gettext("Send with the braces as they stand?")
    return [Doubt(_key("fields", unknown), "code", question, fact)]


def _key(kind: str, facts: Iterable[str]) -> str:
    digest = hashlib.blake2b("\n".join(sorted(facts)).encode(), digest_size=8).hexdigest()
    return f"{kind}-{digest}"
