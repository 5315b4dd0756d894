"""The frozen values that the IMAP layer hands out: fully read, nothing lazy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from webmail.mime.envelope import Envelope
from webmail.mime.structure import Part

SEEN, ANSWERED, FLAGGED, DELETED, DRAFT = (
    "\\Seen",
    "\\Answered",
    "\\Flagged",
    "\\Deleted",
    "\\Draft",
)
FORWARDED = "$Forwarded"
ADVERT, JUNK = "$Advert", "$Junk"
"""Keywords of what a verdict found; the second is registered (RFC 5788), the first is ours."""
RECEIPT_ANSWERED = "$MDNSent"
"""Its reader said whether he sends a receipt (RFC 3503)."""


@dataclass(frozen=True, slots=True)
class ImapServer:
    """The address of an IMAP server and the way to reach it. ``security``: ``tls``, ``starttls`` or
    ``none``; seconds. ``name``: the one that its certificate must be for, where ``host`` is a
    number.
    """

    host: str
    port: int
    security: str
    timeout: float = 20.0
    ca_file: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, order=True)
class MessageRef:
    """The one name of a message everywhere, so that no action ever falls on another one."""

    folder: str
    uidvalidity: int
    uid: int


@dataclass(frozen=True, slots=True)
class Folder:
    """One IMAP mailbox name (RFC 9051 ``LIST``), decoded. Counts are ``None`` when the server did
    not tell.

    ``special_use`` is ``"\\Sent"`` and the like (RFC 6154), ``"\\Inbox"`` for INBOX, else ``""``.
    ``addressable`` is False for a name that is no modified UTF-7 and can't be said back to the
    server. ``size``: bytes of all its messages (RFC 8438), where they were asked for. ``owner``:
    ``"shared"`` or ``"others"`` for a folder that is not the person's own (RFC 2342); its name
    begins with ``prefix``.
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
        """As far as it was asked for."""
        return "\\subscribed" in self.attributes

    @property
    def selectable(self) -> bool:
        return not self.attributes & {"\\noselect", "\\nonexistent"}


@dataclass(frozen=True, slots=True)
class Namespace:
    """A place of folders that are not the person's own: their names begin with ``prefix``, whose
    last sign parts levels. ``owner``: ``"shared"`` or ``"others"``.
    """

    owner: str
    prefix: str


@dataclass(frozen=True, slots=True)
class Wishes:
    """The user's decisions about folders that the server does not know: special use ->
    name of the folder chosen for it, and the names of the favourites.
    """

    special: Mapping[str, str] = field(default_factory=dict)
    favourites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Selected:
    """The state of the open folder as SELECT told it.

    ``exists`` is kept up to date while it is open; ``uidnext`` and ``highestmodseq`` (0 without
    CONDSTORE, RFC 7162) are what they were when it was opened. ``keywords``: those that messages
    in it have, in small letters.
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
        """Whether a flag or keyword outlives the session (RFC 9051 section 7.1, PERMANENTFLAGS);
        one that no message has yet, where the server takes new ones.
        """
        if self.permanent is None:  # a server that says nothing takes all
            return True
        return flag.lower() in self.permanent or (flag[:1] != "\\" and "\\*" in self.permanent)

    @property
    def keeps_some_keyword(self) -> bool:
        """Whether a message of the folder can be given any keyword at all."""
        return self.permanent is None or any(
            flag[:1] != "\\" or flag == "\\*" for flag in self.permanent
        )


@dataclass(frozen=True, slots=True)
class Marked:
    """The changing part of a message: where it stands in its folder, and its flags. ``modseq`` is 0
    where the server tells none.
    """

    sequence: int
    uid: int
    flags: frozenset[str]
    modseq: int = 0


@dataclass(frozen=True, slots=True)
class Linked:
    """The identifiers that tie a message to others: its Message-ID (``""`` for none), and those
    that it answers, the oldest first.
    """

    uid: int
    message_id: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """The beginning of a message, as much as a verdict needs: header and text as they were sent."""

    uid: int
    flags: frozenset[str]
    raw: bytes


@dataclass(frozen=True, slots=True)
class Stored:
    """The facts of a message beside its bytes: what an export writes down. ``size`` is what the
    server says; some round it.
    """

    uid: int
    flags: frozenset[str]
    received: datetime | None
    size: int
    fields: bytes = b""


@dataclass(frozen=True, slots=True)
class Fetched:
    """One message of a FETCH answer: what a list row or the head of the reader needs. ``size`` in
    bytes; ``urgent``: its author says so. Of a message that is not ``is_readable`` the server told
    nothing that its sender wrote. ``recipients``: about how many there are, where the envelope
    names only the first of them; else 0.
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
