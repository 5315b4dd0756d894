"""Failures as sentences, for pages that stay because an error page would lose the input.

A failure that ends the request has a page: ``templates/errors/``. A sentence of this module stands
nowhere else: templates ask for it by a tag.
"""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext, ngettext

from mail.errors import (
    ContentTooCostly,
    DraftChanged,
    DraftNotFound,
    FieldsLeft,
    FileRefused,
    FolderChanged,
    FolderNotFound,
    MessageNotFound,
    MessageUnkept,
    OverQuota,
    PartNotFound,
    PerhapsSent,
    RecipientsRefused,
    SenderRefused,
    ServerUnavailable,
    SignInNeeded,
    TooLarge,
    TooManyDrafts,
    WebmailError,
)
from webmail.presentation.contents import status_words
from webmail.presentation.sending import Standing
from webmail.presentation.words import few
from webmail.presentation.words import size as size_in_words
from webmail.writing.files import NO_IMAGE

MOST_REFUSED = 2
"""The most addresses that a sentence names."""


def of_sending(error: WebmailError) -> str:
    """Return the reason why a message could not be sent, in a sentence."""
    match error:
        case RecipientsRefused():
            refused = {"addresses": few(tuple(error.refused), MOST_REFUSED)}
            return gettext("The mail server refused these recipients: %(addresses)s.") % refused
        case SignInNeeded():
            return gettext("Your session has ended: enter your password to send the message.")
        case SenderRefused():
            return gettext("The mail server does not let you write from this address.")
        case TooLarge():
            return _message_is_too_large()
        case PerhapsSent():
            return gettext(
                "The mail server had the whole message and did not say whether it took it. Ask one"
                " of the recipients whether it arrived, before you send it again."
            )
        case ServerUnavailable():
            return gettext("The mail server does not answer: try again in a few minutes.")
        case OverQuota():
            return _mailbox_is_full()
        case MessageUnkept():
            return gettext(
                "The server cannot take messages just now. Your text is kept: try again in a few"
                " minutes."
            )
        case ContentTooCostly():
            return gettext(
                "Laying out your message takes too long: take out what you quoted or pasted, or"
                " choose plain text. It is kept among your drafts."
            )
        case FieldsLeft():
            words = gettext(
                "The message was not sent: its recipients would have read %(fields)s as it stands."
                " Take it out of the text, or correct the contact or the list from which it comes."
                " The message is kept among your drafts."
            )
            return words % {"fields": few(error.fields, MOST_REFUSED)}
        case MessageNotFound() | PartNotFound() | FolderChanged() | FolderNotFound():
            return gettext(
                "The message that you forward is no longer where it was: its attachments cannot"
                " leave. Untick them, or begin again from where it is now."
            )
        case DraftChanged() | DraftNotFound() | FileRefused() | TooManyDrafts():
            return of_draft(error)
        case _:
            return gettext("The message could not be sent.")


def of_draft(error: WebmailError) -> str:
    """Return the reason why something could not be kept, in a sentence."""
    match error:
        case FileRefused(reason="empty"):
            return file_is_empty()
        case FileRefused(reason="cut"):
            return gettext("The file did not arrive whole: try again.")
        case FileRefused(reason="image"):
            return str(NO_IMAGE)
        case FileRefused(reason="many"):
            most = settings.FILES_PER_MESSAGE
            return ngettext(
                "A message has %(count)d file at most.",
                "A message has %(count)d files at most.",
                most,
            ) % {"count": most}
        case FileRefused():
            return gettext("The server cannot keep files just now: try again in a few minutes.")
        case TooLarge():
            limit = {"limit": size_in_words(error.limit)}
            return gettext("It is too large: there is room for %(limit)s more.") % limit
        case TooManyDrafts():
            return gettext("You have too many drafts: discard some, then go on.")
        case DraftChanged():
            return draft_was_changed()
        case DraftNotFound():
            return draft_is_gone()
        case OverQuota():
            return _mailbox_is_full()
        case _:
            return gettext("It could not be saved.")


def way_out(error: WebmailError) -> str:
    """Return the advice about a file that was refused; "" if the reason contains it."""
    match error:
        case FileRefused(reason="many"):
            return send_the_rest()
        case TooLarge():
            return gettext("Choose a smaller file, or send it in another message.")
        case _:
            return ""


def of_submission(standing: Standing) -> str:
    """Return the reason why an accepted message was not sent, or has no copy; "" where nothing went
    wrong. The server's own words stand apart."""
    if standing.is_back:
        return status_words(standing.bounce_status)
    match standing.failure:
        case "RecipientsRefused" if _are_accents_refused(standing):
            words = gettext("The mail server takes no accent in an address: %(addresses)s.")
            return words % _refused(standing)
        case "RecipientsRefused" if standing.refused and standing.is_of_batch:
            return gettext("The mail server refused %(addresses)s.") % _refused(standing)
        case "RecipientsRefused" if standing.refused:
            return ngettext(
                "The mail server refused this recipient: %(addresses)s. Nothing was sent to"
                " anybody.",
                "The mail server refused these recipients: %(addresses)s. Nothing was sent to"
                " anybody.",
                len(standing.refused),
            ) % _refused(standing)
        case "RecipientsWithheld":
            words = gettext(
                "It was not sent: it was noted since then that %(addresses)s is not to be written"
                " to about a pupil."
            )
            return words % _refused(standing)
        case "SenderRefused":
            return gettext("The mail server does not let you write from this address.")
        case "TooLarge":
            return _message_is_too_large()
        case "ServerUnavailable" | "ServerBusy" | "BadServerAnswer" if standing.state == "failed":
            return gettext("The mail server could not take it, however often it was tried.")
        case "ServerUnavailable" | "ServerBusy" | "BadServerAnswer":
            return gettext("The mail server cannot take it just now.")
        case "OverQuota":
            return gettext("Your mailbox is full: delete messages, so that the copy finds room.")
        case "ServerRefused" | "FolderNotMade" | "RecipientsRefused":
            return gettext("The mail server refused the message.")
        case "Unreadable":
            return gettext("What was kept of the message can no longer be read.")
        case "FieldsLeft":
            return gettext("A field between braces would have left as it stands.")
        case "Restored" | "RestoredUnfiled":
            return gettext(
                "The webmail was restored from a backup that was made before this message was to"
                " leave. It is not in “Sent”, but may have left."
            )
        case "" | "PerhapsSent":
            return ""
    return gettext("Something went wrong here. It is nothing that you did.")


def in_short(name: str) -> str:
    """Return the reason of `of_submission` for a list of administrators, who see neither recipients
    nor the user's choices. ``name`` is the outbox's: a class of mail/errors.py, or a word of its
    own."""
    return {
        "": "",
        "BadServerAnswer": gettext("answer of the mail server not understood"),
        "FieldsLeft": gettext("a field was not filled"),
        "OverQuota": gettext("mailbox full, no copy kept"),
        "PerhapsSent": gettext("connection lost after handing it over"),
        "RecipientsRefused": gettext("recipients refused"),
        "RecipientsWithheld": gettext("held back by a note in a list"),
        "Restored": gettext("restored from a backup"),
        "RestoredUnfiled": gettext("restored from a backup"),
        "SenderRefused": gettext("sender refused"),
        "ServerRefused": gettext("refused by the mail server"),
        "FolderNotMade": gettext("folder refused by the mail server"),
        "ServerBusy": gettext("mail server has too many connections"),
        "ServerUnavailable": gettext("mail server not reached"),
        "SignInNeeded": gettext("login or password refused"),
        "TooLarge": gettext("larger than the mail server takes"),
        "Unreadable": gettext("not readable any more"),
    }.get(name, gettext("fault of the webmail"))


def of_preview(reason: str) -> str:
    """Return the reason why a file could not be shown, for a list of administrators."""
    return {
        "": "",
        "bomb": gettext("made to overload what opens it"),
        "busy": gettext("too many files at once"),
        "damaged": gettext("damaged, or cut off"),
        "down": gettext("converter not reached"),
        "encrypted": gettext("protected by a password"),
        "no_office": gettext("no program for such files"),
        "too_large": gettext("too large to be shown"),
        "too_slow": gettext("takes too long to be shown"),
    }.get(reason, gettext("cannot be shown"))


def _are_accents_refused(standing: Standing) -> bool:
    """Return whether the addresses were never said to the server, which offers no SMTPUTF8."""
    return bool(standing.refused) and not any(
        words or address.isascii() for address, words in standing.refused
    )


def _refused(standing: Standing) -> dict[str, str]:
    """Return the values of a sentence about refused addresses: the first of them, since pages list
    the others below."""
    return {"addresses": few([address for address, _words in standing.refused], MOST_REFUSED)}


def of_job(name: str) -> str:
    """Return the reason why a job on messages stopped. ``name`` is a class of mail/errors.py."""
    match name:
        case "":
            return ""
        case "OverQuota":
            return _mailbox_is_full()
        case "FolderNotFound":
            return gettext("The folder is no longer there.")
        case "FolderChanged":
            return gettext("The folder was made anew meanwhile; its messages are others now.")
        case "ServerUnavailable" | "ServerBusy":
            return gettext("The mail server did not answer, several times.")
        case "ServerRefused" | "FolderNotMade":
            return gettext("The mail server refused.")
    return gettext("Something went wrong.")


def file_is_empty() -> str:
    return gettext("The file is empty.")


def send_the_rest() -> str:
    return gettext("Send the files that are left in another message.")


def draft_was_changed() -> str:
    return gettext("This draft was changed in another window.")


def draft_is_gone() -> str:
    return gettext("This message was already sent (or discarded) from another window.")


def _message_is_too_large() -> str:
    return gettext(
        "The message is too large for the mail server: remove an attachment or an image."
    )


def _mailbox_is_full() -> str:
    return gettext("Your mailbox is full: delete messages, then try again.")
