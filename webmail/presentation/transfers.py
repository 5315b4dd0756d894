"""Transfers of mail in words: their kind, progress and result."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext, ngettext

from webmail.models import Transfer
from webmail.presentation.words import size as size_in_words

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

    @property
    def needs_another_file(self) -> bool:
        """Return whether no further try can import from the file."""
        return self.row.state == State.FAILED and self.row.failure == "NoMessages"


def shown(job: Transfer, *, can_be_resumed: bool = False) -> ShownTransfer:
    refused = tuple(_refusals(job.work.get("refused", [])))
    return ShownTransfer(
        job,
        title(job),
        _progress(job),
        outcome(job) if job.is_finished else "",
        size_in_words(job.size),
        refused,
        max(0, job.refused - len(refused)) if job.kind != Kind.EXPORT else 0,
        can_be_resumed,
    )


def forms() -> list[tuple[str, str, str]]:
    """Return the formats of an export: value, name, and purpose."""
    return [
        (
            "eml",
            gettext("One file per message (zip)"),
            gettext("To read or file single messages: each opens with a double click."),
        ),
        (
            "mbox",
            gettext("mbox"),
            gettext("To bring the messages into Thunderbird, Apple Mail or another webmail."),
        ),
        (
            "maildir",
            gettext("Maildir (tar)"),
            gettext("For specialists: keeps which messages were read, flagged and answered."),
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
        return words % {"count": intcomma(job.done)}
    words = ngettext(
        "%(count)s message brought in.", "%(count)s messages brought in.", job.done
    ) % {"count": intcomma(job.done)}
    if job.known:
        words += " " + ngettext(
            "%(count)s was there already.", "%(count)s were there already.", job.known
        ) % {"count": intcomma(job.known)}
    if job.refused:
        words += " " + ngettext(
            "%(count)s was refused.", "%(count)s were refused.", job.refused
        ) % {"count": intcomma(job.refused)}
    return words


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
        "damaged": gettext("damaged, or cut off"),
        "encrypted": gettext("protected by a password"),
        "method": gettext("compressed in a way that is not read"),
        "bomb": gettext("made to deceive its reader"),
        "link": gettext("a link, not a file"),
        "path": gettext("a path that leads elsewhere"),
        "too_many": gettext("too many files"),
    }.get(code, gettext("not readable"))
