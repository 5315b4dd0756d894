"""The failures that a user can meet, one class each.

A class consists of its name, a docstring and an HTTP ``status``. `webmail.middleware` alone turns
an error into an answer, through the template ``errors/<class_name>.html`` or its parent's. The
sentences of pages that stay are in `webmail.presentation.failures`.
"""

from __future__ import annotations


class WebmailError(Exception):
    """The base of all failures that are explained to the user in words.

    ``server_words`` is the mail server's answer, if there was one. The text is untrusted: it is
    shown escaped, and never logged with a secret.
    """

    status = 500
    retry_after = 0  # seconds until another try can succeed; 0 where that is unknown

    def __init__(self, message: str = "", *, server_words: str = "") -> None:
        super().__init__(message)
        self.server_words = server_words[:500]


class SignInNeeded(WebmailError):
    """There is no session, or the mail server no longer accepts its password."""

    status = 401


class TooManyTries(WebmailError):
    """An action was tried too often: it is refused for ``retry_after`` seconds."""

    status = 429

    def __init__(self, *, retry_after: int) -> None:
        super().__init__(f"again in {retry_after} s")
        self.retry_after = retry_after

    @property
    def minutes(self) -> int:
        """The waiting time in minutes, rounded up."""
        return -(-self.retry_after // 60)

    @property
    def hours(self) -> int:
        """The waiting time in hours, rounded up; 0 for two hours or less."""
        return -(-self.retry_after // 3600) if self.retry_after > 2 * 3600 else 0


class NotFound(WebmailError):
    """The address names an object that does not exist, or no longer exists."""

    status = 404


class DraftNotFound(NotFound):
    """The draft does not exist for this user: it was sent, discarded, or belongs to another
    user."""


class Unreadable(NotFound):
    """A sealed value can no longer be opened, because the server's key was changed."""


class DraftChanged(WebmailError):
    """The draft was changed in another window meanwhile; the user chooses the version to keep.
    ``revision`` is the number of the other window's version."""

    status = 409

    def __init__(self, message: str = "", *, revision: int = 0) -> None:
        super().__init__(message)
        self.revision = revision


class TooManyDrafts(WebmailError):
    """The user has the largest allowed number of drafts; the existing drafts are unchanged."""

    status = 507


class FileRefused(WebmailError):
    """A file cannot be added to a message. ``reason`` is ``empty``, ``cut`` (the size differs from
    the announced size), ``many`` (the message has too many files), ``image`` (an image was
    expected, the file is none) or ``unkept`` (the server has no room for the file)."""

    status = 422

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class MessageUnkept(WebmailError):
    """The server has no room for a message that is to be sent; nothing of it was accepted."""

    status = 503


class ContentTooCostly(WebmailError):
    """Content from outside takes more time or memory to read than one request may use."""

    status = 422


class FieldsLeft(WebmailError):
    """A message that was about to leave still had placeholders, such as ``{prénom}``, which its
    recipients would have read; ``fields`` are their spellings."""

    status = 422

    def __init__(self, fields: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.fields = fields


class FolderNotFound(NotFound):
    """The folder does not exist, or the user may not open it."""


class NotPermitted(FolderNotFound):
    """The user may not do this in the folder, which is somebody else's (RFC 5530, ``NOPERM``)."""

    status = 403


class MailboxClosed(NotPermitted):
    """Somebody else's mailbox, which the mail server does not open by the master user."""


class MessageNotFound(NotFound):
    """No message in the folder has this UID: the message was moved or deleted meanwhile."""


class PartNotFound(NotFound):
    """The message has no such part."""


class FilesShut(WebmailError):
    """The message is a fraud whose files the user has not opened: they are shown at ``links_url``,
    and the message at ``message_url``.
    """

    status = 403

    def __init__(self, *, message_url: str, links_url: str) -> None:
        super().__init__("the files of a fraud are shut")
        self.message_url = message_url
        self.links_url = links_url


class FolderChanged(WebmailError):
    """The folder's UIDVALIDITY differs from the address: the folder was recreated meanwhile."""

    status = 409


class FolderRefused(WebmailError):
    """A folder cannot be created, renamed, moved or removed as requested. ``reason`` is a code of
    `mail.mailbox.arranging`; ``folder`` is the name of the folder that prevents it.
    """

    status = 422

    def __init__(self, reason: str, folder: str = "", *, server_words: str = "") -> None:
        super().__init__(reason, server_words=server_words)
        self.reason = reason
        self.folder = folder


class TooLarge(WebmailError):
    """A message or file exceeds a limit of the webmail or of the mail server. ``limit`` is in
    bytes; 0 means unknown."""

    status = 413

    def __init__(self, message: str = "", *, limit: int = 0, server_words: str = "") -> None:
        super().__init__(message, server_words=server_words)
        self.limit = limit


class AddressBookTooLarge(TooLarge):
    """The uploaded files of an old address book exceed the limit of one import."""


class MailFileTooLarge(TooLarge):
    """A file of messages exceeds the limit of a form; a script brings larger ones in pieces."""


class TextTooLong(TooLarge):
    """What was typed into a form is longer than a page may bring back."""


class UploadTooSlow(WebmailError):
    """The browser did not send the whole request in time."""

    status = 408


class TooManyUploads(WebmailError):
    """The server already waits for the largest allowed number of slow requests."""

    status = 503
    retry_after = 60


class TooManyDownloads(WebmailError):
    """Other downloads of the same session are running, and this one has waited too long for its
    turn.
    """

    status = 503
    retry_after = 60


class ServerRefused(WebmailError):
    """The mail server understood the command and refused it (IMAP ``NO``, SMTP 5xx)."""

    status = 502


class FolderNotMade(ServerRefused):
    """The mail server refused to create a folder that the webmail needs, such as the trash.
    ``label`` is its name at the top of the user's folders.
    """

    def __init__(self, label: str, *, server_words: str = "") -> None:
        super().__init__(f"The folder {label!r} could not be made.", server_words=server_words)
        self.label = label


class SenderRefused(ServerRefused):
    """The submission server does not accept mail from this sender address."""


class RecipientsRefused(ServerRefused):
    """The submission server refused some recipients; the message was not sent to anybody.

    ``refused`` maps each refused address to the server's words.
    """

    def __init__(
        self, message: str = "", *, refused: dict[str, str], server_words: str = ""
    ) -> None:
        super().__init__(message, server_words=server_words)
        self.refused = refused


class RecipientsWithheld(RecipientsRefused):
    """The user noted, after the message was accepted, that some recipients are not to be written
    to; the message was not sent to anybody."""


class SieveRefused(ServerRefused):
    """The Sieve server refused a script. ``line`` is the line of the error, counted from 1; 0 where
    the server names none."""

    def __init__(self, message: str = "", *, line: int = 0, server_words: str = "") -> None:
        super().__init__(message, server_words=server_words)
        self.line = line


class ForwardRefused(SieveRefused):
    """A script would forward mail to ``address``, which the administrators do not allow;
    ``address`` is "" where the script's text does not state it, ``places`` are the domains and
    addresses that are allowed. The script was not stored."""

    def __init__(self, line: int, address: str, places: tuple[str, ...] = ()) -> None:
        super().__init__("Mail may not be forwarded there.", line=line)
        self.address = address
        self.places = places


class BadServerAnswer(WebmailError):
    """The mail server's answer violates its protocol."""

    status = 502


class ServerUnavailable(WebmailError):
    """The mail server cannot be reached, timed out, or closed the connection."""

    status = 503


class ServerBusy(ServerUnavailable):
    """The mail server answers, but has as many connections as it allows, or cannot sign in at the
    moment. It is tried a second time before this is told."""


class PerhapsSent(WebmailError):
    """The submission server received the whole message but did not confirm it. The message may have
    been sent; to send it again may deliver it twice."""

    status = 502


class TooManyRecipients(WebmailError):
    """The user exceeds the number of recipients allowed in an hour. ``words`` tells the user when
    the message can be sent. Nothing was accepted."""

    status = 429

    def __init__(self, words: str = "") -> None:
        super().__init__(words)
        self.words = words


class OutboxFull(WebmailError):
    """The user's messages in the outbox may take ``limit`` bytes, and one of ``size`` bytes has no
    room among them. Nothing was accepted."""

    status = 507

    def __init__(self, *, limit: int, size: int) -> None:
        super().__init__(f"{size} bytes more, of {limit}")
        self.limit, self.size = limit, size


class AlreadyLeft(WebmailError):
    """The message left the outbox, sent or undone, before the user's request was carried
    out."""

    status = 409


class ThreadsTooSlow(ServerUnavailable):
    """The mail server takes too long to group the messages of a folder into conversations."""


class SieveUnavailable(ServerUnavailable):
    """The Sieve server cannot be reached, or refuses the user's sign-in."""


class SieveNotOffered(WebmailError):
    """The mail domain has no Sieve server."""

    status = 404


class SieveChanged(WebmailError):
    """The rules on the server were changed since they were read; nothing was written."""

    status = 409


class OverQuota(WebmailError):
    """The mailbox is full (RFC 5530 ``OVERQUOTA``)."""

    status = 507


class AddressBookFull(WebmailError):
    """The user has the largest allowed number of contacts; nothing was added."""

    status = 507


class RemoteRefused(WebmailError):
    """A resource outside the authority is not fetched: its host is not public, or its answer is not
    of an accepted kind."""

    status = 502


class RemoteUnavailable(RemoteRefused):
    """An outside host cannot be reached, takes too long, or closed the connection; a later try may
    succeed."""

    status = 504


class RemoteLimit(RemoteRefused):
    """The user, or the whole server, fetches too many outside resources at once; a try in a minute
    may succeed."""

    status = 429
