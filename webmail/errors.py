"""Every failure a person can meet, one class each.

A class is its name, a docstring and an HTTP ``status``. ``webmail.middleware`` alone turns one into
an answer, through the template ``errors/<class_name>.html`` or its parent's.
"""

from __future__ import annotations


class WebmailError(Exception):
    """Something went wrong that the person should be told in words.

    ``server_words`` is what a mail server answered, if it did: untrusted text, shown escaped, and
    never logged with a secret.
    """

    status = 500
    retry_after = 0  # seconds, where it is known when it will work again

    def __init__(self, message: str = "", *, server_words: str = "") -> None:
        super().__init__(message)
        self.server_words = server_words[:500]


class SignInNeeded(WebmailError):
    """There is no session, or the mail server no longer takes its password."""

    status = 401


class TooManyTries(WebmailError):
    """Something was tried so often that no further try is made for ``retry_after`` seconds."""

    status = 429

    def __init__(self, *, retry_after: int) -> None:
        super().__init__(f"again in {retry_after} s")
        self.retry_after = retry_after

    @property
    def minutes(self) -> int:
        """Rounded up."""
        return -(-self.retry_after // 60)

    @property
    def hours(self) -> int:
        """Rounded up; 0 where minutes say it better."""
        return -(-self.retry_after // 3600) if self.retry_after > 2 * 3600 else 0


class NotFound(WebmailError):
    """What the address names is not there (any more)."""

    status = 404


class DraftNotFound(NotFound):
    """The message being written is not there (any more): sent, discarded, or another person's."""


class Unreadable(NotFound):
    """What the server sealed opens no more: its key was changed."""


class DraftChanged(WebmailError):
    """The draft was changed in another window meanwhile: its person says which one stays.
    ``revision`` is the one that the other window left."""

    status = 409

    def __init__(self, message: str = "", *, revision: int = 0) -> None:
        super().__init__(message)
        self.revision = revision


class TooManyDrafts(WebmailError):
    """A person has as many messages begun as one may have; nothing was lost of the others."""

    status = 507


class FileRefused(WebmailError):
    """A file can't be added to a message. ``reason``: ``empty``, ``cut`` (less or more came than
    was announced), ``many``, ``image`` (it is none, where one was expected) or ``unkept`` (the
    server has no place for it)."""

    status = 422

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ContentTooCostly(WebmailError):
    """Something that came from outside takes more time or memory to read than one reader may
    have."""

    status = 422


class FolderNotFound(NotFound):
    """The folder does not exist, or may not be opened."""


class MessageNotFound(NotFound):
    """No message has this UID in the folder: moved or deleted meanwhile."""


class PartNotFound(NotFound):
    """The message has no such part."""


class FolderChanged(WebmailError):
    """The folder's UIDVALIDITY is another one than the address names: it was made anew."""

    status = 409


class FolderRefused(WebmailError):
    """A folder can't be made, renamed, moved or removed so. ``reason`` is one of those that
    `webmail.mailbox.arranging` names; ``folder`` the one that stands in the way.
    """

    status = 422

    def __init__(self, reason: str, folder: str = "", *, server_words: str = "") -> None:
        super().__init__(reason, server_words=server_words)
        self.reason = reason
        self.folder = folder


class TooLarge(WebmailError):
    """A message or file is over a limit, ours or the server's; ``limit`` in bytes, 0: unknown."""

    status = 413

    def __init__(self, message: str = "", *, limit: int = 0, server_words: str = "") -> None:
        super().__init__(message, server_words=server_words)
        self.limit = limit


class AddressBookTooLarge(TooLarge):
    """Files of an old address book are more than one import takes."""


class UploadTooSlow(WebmailError):
    """What a browser sends did not come in time."""

    status = 408


class TooManyUploads(WebmailError):
    """There is no room for another request that comes slowly."""

    status = 503
    retry_after = 60


class TooManyDownloads(WebmailError):
    """Downloads of the same session go on, and this one has waited for its turn long enough."""

    status = 503
    retry_after = 60


class ServerRefused(WebmailError):
    """The mail server understood and said no (IMAP ``NO``, SMTP 5xx)."""

    status = 502


class SenderRefused(ServerRefused):
    """The submission server does not take mail from this sender address."""


class RecipientsRefused(ServerRefused):
    """The submission server refused recipients; nothing was sent.

    ``refused`` maps each refused address to the server's words.
    """

    def __init__(
        self, message: str = "", *, refused: dict[str, str], server_words: str = ""
    ) -> None:
        super().__init__(message, server_words=server_words)
        self.refused = refused


class SieveRefused(ServerRefused):
    """The server does not take a script. ``line``: of the script, one-based; 0: it does not say."""

    def __init__(self, message: str = "", *, line: int = 0, server_words: str = "") -> None:
        super().__init__(message, server_words=server_words)
        self.line = line


class ForwardRefused(SieveRefused):
    """A script would send mail to ``address`` ("" where its text does not say), which the
    administrators do not allow. Nothing was written."""

    def __init__(self, line: int, address: str) -> None:
        super().__init__("Mail may not be forwarded there.", line=line)
        self.address = address


class BadServerAnswer(WebmailError):
    """The mail server broke its protocol."""

    status = 502


class ServerUnavailable(WebmailError):
    """The mail server cannot be reached, timed out, or hung up."""

    status = 503


class PerhapsSent(WebmailError):
    """The submission server had the whole message and never said whether it took it: it may have
    been sent, and a second time may be twice."""

    status = 502


class TooManyRecipients(WebmailError):
    """A person writes to more people within an hour than one may; ``words`` says from when on it
    goes. Nothing was accepted."""

    status = 429

    def __init__(self, words: str = "") -> None:
        super().__init__(words)
        self.words = words


class AlreadyLeft(WebmailError):
    """A message in the outbox was sent, or taken back, before what its person asked for."""

    status = 409


class ThreadsTooSlow(ServerUnavailable):
    """The mail server takes too long to put the conversations of a folder together."""


class SieveUnavailable(ServerUnavailable):
    """The server that keeps a person's rules cannot be reached, or does not let him in."""


class SieveNotOffered(WebmailError):
    """The mail domain has no server for rules."""

    status = 404


class SieveChanged(WebmailError):
    """The rules on the server are others than those that were read: nothing was written."""

    status = 409


class OverQuota(WebmailError):
    """The mailbox is full (RFC 5530 ``OVERQUOTA``)."""

    status = 507


class AddressBookFull(WebmailError):
    """A person has as many contacts as one may have; nothing was added."""

    status = 507


class RemoteRefused(WebmailError):
    """What mail names elsewhere is not fetched: its host is not public, its answer not wanted."""

    status = 502


class RemoteUnavailable(RemoteRefused):
    """A host elsewhere cannot be reached, takes too long, or hung up; it may work another time."""

    status = 504


class RemoteLimit(RemoteRefused):
    """One person, or this server, fetches too much at once; it will work in a minute."""

    status = 429
