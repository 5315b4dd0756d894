"""The frozen values that mail/imap returns: fully read, nothing lazy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mail.mime.envelope import Envelope
from mail.mime.structure import Part

SEEN, ANSWERED, FLAGGED, DELETED, DRAFT = (
    "\\Seen",
    "\\Answered",
    "\\Flagged",
    "\\Deleted",
    "\\Draft",
)
FORWARDED = "$Forwarded"
ADVERT, JUNK = "$Advert", "$Junk"
"""Keywords for the verdict of a message. The second is registered (RFC 5788), the first is of this
webmail.
"""
RECEIPT_ANSWERED = "$MDNSent"
"""Keyword: the user has decided whether to send a receipt (RFC 3503)."""


@dataclass(frozen=True, slots=True)
class ImapServer:
    """The address of an IMAP server and the way to reach it. ``security`` is ``tls``, ``starttls``
    or ``none``; ``timeout`` is in seconds. ``name`` is the name that its certificate must be for if
    ``host`` is an IP address.
    """

    host: str
    port: int
    security: str
    timeout: float = 20.0
    ca_file: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, order=True)
class MessageRef:
    """The only name of a message everywhere, so that no action falls on another message."""

    folder: str
    uidvalidity: int
    uid: int


@dataclass(frozen=True, slots=True)
class Folder:
    r"""A folder: one IMAP mailbox name (RFC 9051 ``LIST``), decoded. Counts that the server did not
    tell are None.

    ``special_use`` is ``"\Sent"`` and the like (RFC 6154), ``"\Inbox"`` for INBOX, else ``""``.
    ``addressable`` is False for a name that is no modified UTF-7 and cannot be sent back to the
    server. ``size`` is the size of all its messages in bytes (RFC 8438), if it was asked for.
    ``owner`` is ``"shared"`` or ``"others"`` for a folder that is not the user's own (RFC 2342).
    ``prefix`` is that of the namespace, with which the names of the folders at its top begin:
    ``"INBOX."`` on some servers, also for INBOX itself.
    """

    name: str
    delimiter: str
    attributes: frozenset[str] = frozenset()
    special_use: str = ""
    messages: int | None = None
    unseen: int | None = None
    addressable: bool = True
    size: int | None = None
    owner: str = ""
    prefix: str = ""

    @property
    def subscribed(self) -> bool:
        """Whether the user is subscribed to the folder, if subscriptions were asked for."""
        return "\\subscribed" in self.attributes

    @property
    def selectable(self) -> bool:
        return not self.attributes & {"\\noselect", "\\nonexistent"}


@dataclass(frozen=True, slots=True)
class Namespace:
    """A place of folders (RFC 2342). Their names begin with ``prefix``, which usually ends in the
    character that separates levels, and may be empty. ``owner`` is ``""`` for the user's own
    folders, else ``"shared"`` or ``"others"``.
    """

    owner: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Wishes:
    """The user's choices about folders, which the server does not know: the folder for each special
    use, and the names of the favourites.
    """

    special: Mapping[str, str] = field(default_factory=dict)
    favourites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Selected:
    """The state of the open folder as SELECT reported it.

    ``exists`` is updated while the folder is open. ``uidnext`` and ``highestmodseq`` (0 without
    CONDSTORE, RFC 7162) keep the values of the time of opening. ``keywords`` are those that
    messages in the folder have, in lower case.
    """

    folder: str
    uidvalidity: int
    exists: int
    uidnext: int = 0
    read_only: bool = False
    highestmodseq: int = 0
    keywords: frozenset[str] = frozenset()
    permanent: frozenset[str] | None = None

    def keeps(self, flag: str) -> bool:
        """Return whether the folder keeps a flag or keyword permanently (RFC 9051 section 7.1,
        PERMANENTFLAGS). A new keyword is kept if the server accepts new ones.
        """
        if self.permanent is None:  # a server without PERMANENTFLAGS keeps all
            return True
        return flag.lower() in self.permanent or (flag[:1] != "\\" and "\\*" in self.permanent)

    @property
    def keeps_some_keyword(self) -> bool:
        """Whether messages of the folder can be given any keyword at all."""
        return self.permanent is None or any(
            flag[:1] != "\\" or flag == "\\*" for flag in self.permanent
        )


@dataclass(frozen=True, slots=True)
class MessageMarks:
    """The changeable values of a message: its position in the folder and its flags. ``modseq`` is 0
    if the server sends none.
    """

    sequence: int
    uid: int
    flags: frozenset[str]
    modseq: int = 0


@dataclass(frozen=True, slots=True)
class MessageLinks:
    """The identifiers that tie a message to others: its Message-ID (``""`` for none), and those of
    the messages that it answers, oldest first.
    """

    uid: int
    message_id: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MessageSample:
    """The beginning of a message, as much as a verdict needs: header and text as sent."""

    uid: int
    flags: frozenset[str]
    raw: bytes


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """The values that an export records beside a message's bytes. ``size`` is the server's value,
    which some servers round.
    """

    uid: int
    flags: frozenset[str]
    received: datetime | None
    size: int
    fields: bytes = b""


@dataclass(frozen=True, slots=True)
class FetchedMessage:
    """One message of a FETCH answer, for a row of a list or the head of the reader.

    ``size`` is in bytes. ``urgent`` is the author's own mark. If ``is_readable`` is False, the
    server sent nothing that the sender wrote. ``recipients`` is about how many there are if the
    envelope names only the first of them, else 0.
    """

    ref: MessageRef
    sequence: int
    flags: frozenset[str]
    size: int
    received: datetime | None
    envelope: Envelope
    structure: Part
    urgent: bool = False
    is_readable: bool = True
    recipients: int = 0
