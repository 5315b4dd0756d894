"""The way of a message in words: its folder, and the reasons for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext

from core import dates
from mail.imap.values import Folder, MessageRef
from mail.mailbox import folders
from mail.mailbox.tracing import ReturnedMail, TracedMessage
from webmail.models import Judgement
from webmail.presentation import adverts
from webmail.presentation.contents import OutcomeLine, outcome_line
from webmail.presentation.folders import folder_path
from webmail.presentation.links import message_url
from webmail.presentation.words import few, special_label, subject_of

_MOST_NAMES = 3
_MOST_REASONS = 3


@dataclass(frozen=True)
class Moved:
    """A message that a job moved to its folder. ``origin`` is the folder before."""

    origin: str
    when: str


@dataclass(frozen=True)
class TraceLine:
    """A message that was found, and the reasons why it is in its folder, the surest first."""

    url: str
    subject: str
    people: str
    when: str
    folder: str
    reasons: tuple[str, ...]
    message_id: str


def folder_labels(known: Iterable[Folder]) -> dict[str, str]:
    """Return the label of each folder, below those of its parents."""
    return {
        folder.name: special_label(folder.special_use) or folder_path(folder) for folder in known
    }


def lines(
    messages: Sequence[TracedMessage],
    known: Sequence[Folder],
    judgements: Mapping[MessageRef, Judgement],
    moved: Mapping[MessageRef, Moved],
    rules: Mapping[MessageRef, str],
) -> list[TraceLine]:
    """Return the lines of the messages. ``rules`` are the titles of rules that file such messages
    in their folder."""
    labels, uses = folder_labels(known), {folder.name: folder.special_use for folder in known}
    shown = []
    for message in messages:
        row = message.row
        ref = row.ref
        reasons = [*_verdict(judgements.get(ref)), *_moved(moved.get(ref)), *_ruled(rules.get(ref))]
        use = uses.get(ref.folder, "")
        is_sent = use == folders.SENT
        people = row.people if is_sent else row.from_
        names = [person.shown for person in people]
        shown.append(
            TraceLine(
                url=message_url(ref),
                subject=subject_of(row.subject),
                people=(gettext("to %(people)s") if is_sent else gettext("from %(people)s"))
                % {"people": few(names, _MOST_NAMES) or "–"},
                when=dates.when_long(row.received),
                folder=labels.get(ref.folder, ref.folder),
                reasons=tuple(reasons) or (_by_place(use, ref.folder),),
                message_id=message.message_id,
            )
        )
    return shown


def _verdict(judgement: Judgement | None) -> Iterable[str]:
    return judged(judgement) if judgement else ()


def judged(judgement: Judgement) -> Iterable[str]:
    """Return the reasons why the webmail moved a message to adverts or junk, as sentences."""
    when = {"when": dates.when_long(judgement.when)}
    if judgement.taught == "wanted":
        yield gettext("You said that it is wanted.")
    elif judgement.is_moved:
        yield (
            gettext("The webmail set it aside as an advert on %(when)s.")
            if judgement.kind == "advert"
            else gettext("The webmail set it aside as junk on %(when)s.")
        ) % when
        yield from adverts.words(judgement.reasons)[:_MOST_REASONS]
    elif judgement.is_fraud:
        yield gettext("The webmail holds it for a fraud, and left it where it was.")


def _moved(moved: Moved | None) -> Iterable[str]:
    if moved:
        yield gettext("You moved it there from “%(folder)s” with others on %(when)s.") % {
            "folder": moved.origin,
            "when": moved.when,
        }


def _ruled(rule: str | None) -> Iterable[str]:
    if rule:
        yield gettext("Your rule “%(rule)s” files such messages there.") % {"rule": rule}


def _by_place(use: str, folder: str) -> str:
    match use:
        case folders.INBOX:
            return gettext("It arrived, and lies where new mail does.")
        case folders.SENT:
            return gettext("This is the copy of a message that you sent.")
        case folders.DRAFTS:
            return gettext("This is a draft: it was not sent.")
        case folders.JUNK:
            return gettext(
                "The filter of the mail server put it there, or another program of yours, or you."
            )
        case folders.TRASH:
            return gettext("You deleted it, here or in another program.")
    if folders.is_called(folder, settings.ADVERTS_FOLDER):
        return gettext("It was set aside as an advert more than three months ago, or by you.")
    return gettext("You put it there, here or in another program.")


@dataclass(frozen=True)
class ReturnedLine:
    """A report that a message came back."""

    url: str
    when: str
    outcomes: tuple[OutcomeLine, ...]


def returned_lines(reports: Iterable[ReturnedMail]) -> list[ReturnedLine]:
    return [
        ReturnedLine(
            message_url(report.row.ref),
            dates.when_long(report.row.received),
            tuple(map(outcome_line, report.outcomes)),
        )
        for report in reports
    ]
