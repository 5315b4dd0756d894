"""Transfers of mail in words: their kind, progress and result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext, ngettext

from webmail.models import Transfer
from webmail.presentation.words import size as size_in_words
from webmail.transfer.tallies import TEXT_BEFORE, Tallies
from webmail.transfer.tallies import TransferOutcome as Outcome

Kind, State = Transfer.Kind, Transfer.State

FORMS = {
    Transfer.Form.EML: "zip",
    Transfer.Form.MBOX: "mbox",
    Transfer.Form.MAILDIR: "tar",
}
"""The formats in the order of the form, with the extension of a file."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message that was not imported. ``place`` is its place in the file."""

    place: str
    reason: str
    size: str


@dataclass(frozen=True, slots=True)
class FolderTally:
    """What became of the messages for one folder."""

    folder: str
    words: str


@dataclass(frozen=True, slots=True)
class ShownTransfer:
    """A transfer as pages show it."""

    row: Transfer
    title: str
    progress: str
    outcome: str
    size: str
    refused: tuple[Refusal, ...] = ()
    more_refused: int = 0
    can_be_resumed: bool = False
    tallies: tuple[FolderTally, ...] = ()

    @property
    def needs_another_file(self) -> bool:
        """Return whether no further try can import from the file."""
        return self.row.state == State.FAILED and self.row.failure in _NO_MESSAGES


_NO_MESSAGES = ("NoMessages", "OutlookStore", "MacOutlookStore")
_MOST_FOLDERS = 200


def shown(job: Transfer, *, can_be_resumed: bool = False) -> ShownTransfer:
    refused = tuple(_refusals(job.work.get("refused", [])))
    return ShownTransfer(
        job,
        title(job),
        _progress(job),
        outcome(job) if job.is_finished else "",
        size_in_words(job.size),
        refused,
        max(0, job.refused - _refused_and_listed(job)) if job.kind != Kind.EXPORT else 0,
        can_be_resumed,
        tuple(islice(_folder_tallies(job), _MOST_FOLDERS)),
    )


def _refused_and_listed(job: Transfer) -> int:
    rows = job.work.get("refused", [])
    return sum(reason != TEXT_BEFORE for _place, reason, _size in rows)


def _folder_tallies(job: Transfer) -> Iterator[FolderTally]:
    """Yield the sums of each folder; the last are those of messages without a known folder."""
    tallies = Tallies(job.work.get("tallies", {}))
    for name in sorted(tallies.folders, key=lambda name: (not name, name)):
        numbers = tallies.of(name)
        total = sum(numbers)
        read = ngettext("%(count)s message read", "%(count)s messages read", total)
        parts = zip(_outcomes(), numbers, strict=True)
        words = ", ".join(part % {"count": intcomma(number)} for part, number in parts if number)
        label = name or gettext("Without a folder")
        if total:
            yield FolderTally(label, f"{read % {'count': intcomma(total)}} – {words}")


def _outcomes() -> tuple[str, ...]:
    """Return the words for each outcome."""
    return (
        gettext("brought in: %(count)s"),
        gettext("there already: %(count)s"),
        gettext("identical to another one: %(count)s"),
        gettext("refused: %(count)s"),
        gettext("left out, marked as deleted: %(count)s"),
    )


def forms() -> list[tuple[str, str, str]]:
    """Return the formats of an export: value, name, and purpose."""
    return [
        (
            "eml",
            gettext("One file per message (zip)"),
            gettext(
                "To read or file single messages: each opens with a double click. The file"
                " messages.json in it keeps dates, marks and tags."
            ),
        ),
        (
            "mbox",
            gettext("mbox"),
            gettext("To bring the messages into Thunderbird, Apple Mail or another webmail."),
        ),
        (
            "maildir",
            gettext("Maildir (tar)"),
            gettext("For specialists. Keeps 26 different tags of a folder at most."),
        ),
    ]


def title(job: Transfer) -> str:
    match job.kind:
        case Kind.EXPORT:
            return gettext("Export: %(name)s") % {"name": job.name}
        case Kind.IMPORT:
            return gettext("Import: %(name)s") % {"name": job.name}
    return gettext("Messages of %(name)s") % {"name": job.name}


def _progress(job: Transfer) -> str:
    if job.state == State.UPLOADING:
        words = gettext("%(size)s of %(total)s uploaded")
        return words % {"size": size_in_words(job.size), "total": size_in_words(job.total)}
    if job.kind == Kind.EXPORT:
        words = gettext("%(done)s of %(total)s messages")
        return words % {"done": intcomma(job.passed), "total": intcomma(job.total)}
    if job.kind == Kind.ACCOUNT and not job.has_begun:
        return gettext("Trying to sign in to %(name)s…") % {"name": job.name}
    return _counted(job)


def outcome(job: Transfer) -> str:
    """Return the sentence about a transfer that has ended."""
    words = [_counted(job)] if job.kind != Kind.EXPORT or job.state == State.DONE else []
    if job.state == State.CANCELLED:
        words.insert(0, gettext("Stopped."))
    if job.state == State.FAILED:
        words.append(failure(job.failure, is_export=job.kind == Kind.EXPORT))
    if job.is_undone:
        words.append(gettext("It was taken back."))
    return " ".join(words)


def _counted(job: Transfer) -> str:
    if job.kind == Kind.EXPORT:
        words = ngettext("%(count)s message.", "%(count)s messages.", job.done)
        words %= {"count": intcomma(job.done)}
        gone = ngettext(
            "%(count)s was deleted meanwhile.", "%(count)s were deleted meanwhile.", job.refused
        )
        return f"{words} {gone % {'count': intcomma(job.refused)}}" if job.refused else words
    return " ".join(_of_import(job))


def _of_import(job: Transfer) -> Iterator[str]:
    """Yield a sentence for each thing that became of messages. Their numbers make up the sum."""
    tallies = Tallies(job.work.get("tallies", {}))
    identical, left = tallies.sum(Outcome.IDENTICAL), tallies.sum(Outcome.LEFT)
    brought = ngettext("%(count)s message brought in.", "%(count)s messages brought in.", job.done)
    yield brought % {"count": intcomma(job.done)}
    known = ngettext("%(count)s was there already.", "%(count)s were there already.", job.known)
    same = ngettext(
        "%(count)s was identical to another one of the same folder, and filed once.",
        "%(count)s were identical to another one of the same folder, and filed once.",
        identical,
    )
    refused = ngettext("%(count)s was refused.", "%(count)s were refused.", job.refused)
    deleted = ngettext(
        "%(count)s was marked as deleted, and left out.",
        "%(count)s were marked as deleted, and left out.",
        left,
    )
    missing = ngettext(
        "%(count)s message that was brought in is no longer in its folder: it was moved or deleted,"
        " or the mail server did not keep it.",
        "%(count)s messages that were brought in are no longer in their folder: they were moved or"
        " deleted, or the mail server did not keep them.",
        tallies.missing,
    )
    numbers = (job.known, identical, job.refused, left, tallies.missing)
    for words, number in zip((known, same, refused, deleted, missing), numbers, strict=True):
        if number:
            yield words % {"count": intcomma(number)}


def too_large() -> str:
    """Return the sentence about a file that is too large to be uploaded."""
    limit = {"limit": size_in_words(settings.IMPORT_LIMIT)}
    return gettext("The file is larger than %(limit)s: bring it in several parts.") % limit


def failure(name: str, *, is_export: bool) -> str:
    """Return the reason why a transfer stopped, and advice."""
    match name:
        case "SpoolFull":
            return gettext(
                "The server has no room for the file just now. What was written is kept: go on"
                " later, or tell the support desk."
            )
        case "TooLarge" if is_export:
            limit = {"limit": size_in_words(settings.EXPORT_LIMIT)}
            return (
                gettext("The file would be larger than %(limit)s. Take fewer folders at once.")
                % limit
            )
        case "OverQuota":
            return gettext(
                "Your mailbox has no room for these messages: make room, then go on. Nothing that"
                " was brought in is lost."
            )
        case "ServerUnavailable" | "ServerBusy":
            return gettext("The mail server does not answer: go on later. Nothing is lost.")
        case "FolderChanged" | "FolderNotFound":
            return gettext("The folder is no longer there: begin again from where it is now.")
        case "NoMessages":
            return gettext(
                "This file holds no messages that can be read: it is damaged, incomplete, or of"
                " another kind."
            )
        case "OutlookStore":
            return gettext(
                "This is a store of Outlook for Windows (.pst), which only Outlook opens. In"
                " Outlook, add this mailbox by IMAP and drag the folders into it. Or let"
                " Thunderbird for Windows import them from Outlook, and bring in the files of its"
                " profile."
            )
        case "MacOutlookStore":
            return gettext(
                "This is an archive of Outlook for Mac (.olm). In Outlook for Mac, drag a folder"
                " onto the desktop: it becomes an mbox, which can be brought in here. Or add this"
                " mailbox by IMAP in Outlook or Thunderbird, and drag the folders into it."
            )
        case "OtherRefused":
            return gettext(
                "The other server does not accept this login with this password. Some providers"
                " ask for a password made for this purpose (“app password”)."
            )
        case "TooManyTries":
            return gettext("You tried this too often: wait an hour, then try again.")
        case "OtherUnavailable":
            return gettext(
                "The other server cannot be reached: check its name. What was brought in stays."
            )
        case "OtherClosed":
            return gettext("Mail cannot be fetched from this server: it has no public address.")
    return gettext("Something went wrong. What was done until then is kept.")


def _refusals(rows: Iterable[tuple[str, str, int]]) -> Iterable[Refusal]:
    for place, reason, size in rows:
        yield Refusal(place, _reason(reason), size_in_words(size))


def _reason(code: str) -> str:
    return {
        "too_large": gettext("larger than the mail server takes"),
        "server": gettext("refused by the mail server"),
        "no_mail": gettext("a contact, an event or a task of Outlook, not a message"),
        "nested": gettext("messages within messages, too deep"),
        "no_message": gettext("no message"),
        "gone": gettext("deleted there meanwhile"),
        "junk": gettext("text before the first message that belongs to no message"),
        TEXT_BEFORE: gettext(
            "a message begins here without an empty line: the text before it was brought in as the"
            " end of the message above"
        ),
        "pst": gettext("a store of Outlook, which only Outlook opens"),
        "damaged": gettext("damaged, or cut off"),
        "encrypted": gettext("protected by a password"),
        "method": gettext("compressed in a way that is not read"),
        "bomb": gettext("made to deceive its reader"),
        "link": gettext("a link, not a file"),
        "path": gettext("a path that leads elsewhere"),
        "too_many": gettext("too many files"),
    }.get(code, gettext("not readable"))
