"""A message that came back from some of its recipients, taken up again for them alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from django.utils.translation import ngettext

from webmail.errors import MessageNotFound
from webmail.imap.connection import Connection
from webmail.imap.values import MessageRef
from webmail.mailbox import actions, reading, returned
from webmail.mailbox.reading import OpenedMessage
from webmail.mime import addresses
from webmail.mime.addresses import Address
from webmail.presentation.words import few
from webmail.writing import beginning
from webmail.writing.beginning import Begun, Writer

_MOST_NAMED = 5


def begin(imap: Connection, writer: Writer, report: MessageRef) -> Begun:
    """The message that a delivery report is about, as the folder for sent mail has it, addressed to
    the recipients whom it did not reach and to nobody else.

    Seven commands at most. Raises MessageNotFound where the report names nobody, or the message is
    not there any more.
    """
    opened = reading.open_message(imap, report, mark_seen=False, as_text=True)
    failed = _failed(opened)
    original = _original(imap, opened)
    if not failed or original is None:
        raise MessageNotFound("The message that came back is not among the sent ones.")
    begun = beginning.edit(imap, writer, original)
    names = _names(begun)
    people = [Address(names.get(address.casefold(), ""), address) for address in failed]
    content = replace(
        begun.content, to=", ".join(map(addresses.format, people)), cc="", bcc="", origin=original
    )
    return replace(begun, content=content, warnings=(_words(failed), *begun.warnings))


def _failed(opened: OpenedMessage) -> tuple[str, ...]:
    recipients = (outcome.recipient for outcome in opened.outcomes if outcome.is_permanent)
    return tuple(dict.fromkeys(filter(addresses.is_valid, recipients)))


def _original(imap: Connection, opened: OpenedMessage) -> MessageRef | None:
    """The sent message that the report encloses, or that it answers."""
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
