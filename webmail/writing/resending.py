"""Begin a message again for the recipients from whom it came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from django.utils.translation import gettext, ngettext

from mail.errors import MessageNotFound
from mail.imap.connection import Connection
from mail.imap.values import MessageRef
from mail.mailbox import actions, reading, returned
from mail.mailbox.reading import OpenedMessage
from mail.mime import addresses, envelope
from mail.mime.addresses import Address
from mail.mime.envelope import Envelope
from webmail.presentation.words import few
from webmail.writing import beginning
from webmail.writing.beginning import Begun, Writer

_MOST_NAMED = 5


def begin(imap: Connection, writer: Writer, report: MessageRef) -> Begun:
    """Begin with the message that a delivery report is about, addressed only to the recipients whom
    it did not reach. Its content comes from the Sent folder, else from the report, else only the
    subject is known.

    Nine commands at most. Raises MessageNotFound if nothing came back.
    """
    opened = reading.open_message(imap, report, mark_seen=False, as_text=True)
    if not any(outcome.action == "failed" for outcome in opened.outcomes):
        raise MessageNotFound("Nothing came back to be sent again.")
    failed = _failed(opened)
    begun, warnings = _begun(imap, writer, opened)
    names = _names(begun)
    people = [Address(names.get(address.casefold(), ""), address) for address in failed]
    content = replace(begun.content, to=", ".join(map(addresses.format, people)), cc="", bcc="")
    warnings = (*((_words(failed),) if failed else ()), *warnings)
    return replace(begun, content=content, warnings=(*warnings, *begun.warnings))


def _begun(
    imap: Connection, writer: Writer, opened: OpenedMessage
) -> tuple[Begun, tuple[str, ...]]:
    """Return the message to correct, and warnings if it is not the one that was sent."""
    if original := _original(imap, opened):
        begun = beginning.edit(imap, writer, original)
        return replace(begun, content=replace(begun.content, origin=original)), ()
    if (copy := returned.copy(opened)) and copy.envelope and _is_own(writer, copy.envelope):
        begun = beginning.enclosed(imap, writer, opened.fetched.ref, copy)
        return begun, (_from_copy(),)
    fields = returned.header(imap, opened)
    if fields and _is_own(writer, head := envelope.envelope_of(fields)):
        to = ", ".join(map(addresses.format, (*head.to, *head.cc)))
        return beginning.new(writer, to=to, subject=head.subject), (_from_header(),)
    return beginning.new(writer), (_from_nothing(),)


def _is_own(writer: Writer, head: Envelope) -> bool:
    """Return whether the user wrote the message, since anybody can send a report about anything."""
    return any(sender.address.casefold() in writer.own for sender in head.from_)


def _failed(opened: OpenedMessage) -> tuple[str, ...]:
    recipients = (outcome.recipient for outcome in opened.outcomes if outcome.is_permanent)
    return tuple(dict.fromkeys(filter(addresses.is_valid, recipients)))


def _original(imap: Connection, opened: OpenedMessage) -> MessageRef | None:
    """Return the sent message that the report encloses or answers, or None."""
    for message_id in returned.message_ids(imap, opened):
        if ref := actions.find_sent(imap, message_id):
            return ref
    return None


def _names(begun: Begun) -> Mapping[str, str]:
    fields = (begun.content.to, begun.content.cc, begun.content.bcc)
    people = (person for text in fields for person in addresses.read_recipients(text).valid)
    return {person.address.casefold(): person.name for person in people}


def _words(failed: tuple[str, ...]) -> str:
    words = ngettext(
        "This message did not reach %(addresses)s. Correct the address: nobody else gets it again.",
        "This message did not reach %(addresses)s. Correct the addresses: nobody else gets it"
        " again.",
        len(failed),
    )
    return words % {"addresses": few(failed, _MOST_NAMED)}


def _from_copy() -> str:
    return gettext(
        "This message is not in your folder of sent mail any more: this is the copy that the other"
        " server sent back. See whether it is whole."
    )


def _from_header() -> str:
    return gettext(
        "This message is not in your folder of sent mail any more, and the other server sent back"
        " its subject alone: write its text again."
    )


def _from_nothing() -> str:
    return gettext(
        "This message is not in your folder of sent mail any more, and the other server did not"
        " send it back: write it again."
    )
