"""Copy the mail of another account, folder by folder, into folders here.

The other server is reached under the guard of remote requests: it must have a public address, which
is checked before connecting to it, and use TLS. Administrators may allow networks of their own.

Only workers connect to it. A page would wait for a server that its user has chosen, and with it
everybody whose request waits for its thread.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

from django.conf import settings

from accounts import limits
from accounts.models import User
from accounts.sealed import rows as sealed_rows
from mail import remote
from mail.errors import (
    BadServerAnswer,
    FolderNotFound,
    MessageNotFound,
    RemoteRefused,
    RemoteUnavailable,
    ServerRefused,
    ServerUnavailable,
    SignInNeeded,
    TooManyTries,
    WebmailError,
)
from mail.imap import client, connection, fetch, search, uid_sets
from mail.imap.connection import Connection
from mail.imap.values import Folder, ImapServer, MessageRef, StoredMessage
from mail.mailbox import folders
from webmail.models import Transfer
from webmail.transfer import names, pairs
from webmail.transfer.depositing import FIELDS, Depositor
from webmail.transfer.exporting import bounded, together
from webmail.transfer.importing import LARGEST_MESSAGE
from webmail.transfer.pairs import FolderPairs, FolderPlace

PORTS = (993, 143)
SECONDS = 30.0
SIGN_IN_SECONDS = 60.0
"""The seconds that connecting and signing in to the other server may take together."""
_BATCH = 500
_MOST_FOLDERS, _DEEPEST = 2_000, 8
_PURPOSE = b"other account"
# Gmail shows all messages again in a folder of its own. Junk and trash are not copied.
_LEFT_OUT = ("\\all", "\\junk", "\\trash", "\\flagged", "\\important")


class OtherRefused(WebmailError):
    """The other server refuses this login with this password."""


class OtherUnavailable(WebmailError):
    """The other server cannot be reached, or violates the protocol."""


class OtherClosed(WebmailError):
    """The other server has no public address, and its network is not allowed."""


def seal(job: Transfer, password: str) -> bytes:
    """Seal the password of the other account for this job's row alone."""
    return sealed_rows.seal(_PURPOSE, job.pk, job.user_id, password.encode())


def server(name: str, port: int) -> ImapServer:
    """Return the server, with the address to connect to. Raises OtherClosed, OtherUnavailable."""
    try:
        server_addresses = remote.public_addresses(
            name,
            resolve=remote.look_up,
            seconds=SECONDS,
            closed=tuple(settings.REMOTE_CLOSED_NETWORKS),
            opened=tuple(settings.TRANSFER_OPEN_NETWORKS),
        )
    except RemoteRefused as error:
        raise OtherClosed from error
    except RemoteUnavailable as error:
        raise OtherUnavailable from error
    address = server_addresses[0]
    is_open = any(address in network for network in settings.TRANSFER_OPEN_NETWORKS)
    if port not in PORTS and not is_open:
        raise OtherClosed(f"port {port}")
    security = {993: "tls", 143: "starttls"}.get(port, "none" if is_open else "tls")
    # Connect to the address that was checked; the certificate must match the name.
    literal = f"[{address}]" if isinstance(address, ipaddress.IPv6Address) else str(address)
    host = literal.strip("[]")
    return ImapServer(host, port, security, SECONDS, settings.TLS_CA_FILE, name=name)


def reserve(user: User) -> None:
    """Count a try to sign in to another account. Raises TooManyTries, since nobody may guess
    passwords of others from here."""
    if seconds := limits.reserve(limits.of_other_accounts(str(user.pk))):
        raise TooManyTries(retry_after=seconds)


def run(job: Transfer, imap: Connection, go_on: Callable[..., None]) -> None:
    """Copy the remaining messages. Raises the errors of this module, OverQuota, and those of the
    user's own server."""
    other = job.work["other"]
    try:
        password = sealed_rows.opened(_PURPOSE, job.pk, job.user_id, job.sealed).decode()
    except sealed_rows.BrokenSeal as error:
        raise OtherRefused from error
    source = _opened(other["server"], other["port"], other["login"], password)
    try:
        _Collection(job, imap, source, go_on).run()
    finally:
        source.close()


def _opened(name: str, port: int, login: str, password: str) -> Connection:
    try:
        other = server(name, port)
        with client.within(SIGN_IN_SECONDS):
            return connection.open(other, login, password)
    except SignInNeeded as error:
        raise OtherRefused(server_words=error.server_words) from error
    except (ServerUnavailable, BadServerAnswer, ServerRefused) as error:
        raise OtherUnavailable(server_words=error.server_words) from error


def _taken_over(job: Transfer) -> dict[str, list[Any]]:
    """Return the pairs of the last fetch of the same account into the same folder, and take them
    from its row: one row has them at a time."""
    others = Transfer.objects.filter(user=job.user, kind=Transfer.Kind.ACCOUNT, folder=job.folder)
    for other in others.exclude(pk=job.pk).exclude(state__in=Transfer.UNFINISHED):
        if other.work.get("pairs") and other.work.get("other") == job.work["other"]:
            work = {**other.work}
            packed: dict[str, list[Any]] = work.pop("pairs")
            Transfer.objects.filter(pk=other.pk, changed=other.changed).update(work=work)
            return packed
    return {}


@dataclass
class _SourceFolder:
    """A folder elsewhere that is being copied: its number in the order of folders, the path of its
    copy, the pairs of an earlier fetch, and those of this one."""

    name: str
    path: tuple[str, ...]
    number: int
    before: FolderPairs
    now: FolderPairs

    def keep(self, packed: dict[str, list[Any]], done: int) -> None:
        """Write the pairs, of which those up to a UID are new."""
        packed[self.name] = pairs.packed(
            self.now.place, [*self.now.runs, *self.before.beyond(done)]
        )


class _Collection:
    """The copying of one account. ``at`` is the folder, and ``after`` the UID in it, up to which
    everything is done."""

    def __init__(
        self, job: Transfer, imap: Connection, source: Connection, go_on: Callable[..., None]
    ) -> None:
        self._source, self._beat = source, go_on
        self._work = dict(job.work)
        self._depositor = Depositor(imap, job.folder, self._work, self._go_on)
        self._passed = self._work.get("position", [0, 0, 0])[2]
        self._pairs: dict[str, list[Any]] = self._work.get("pairs") or _taken_over(job)

    def run(self) -> None:
        by_name = {folder.name: folder for folder in self._folders()}
        # Keep the order of the first run, since servers may list folders in another order on the
        # next connection. New folders come last, so that the position stays valid.
        order = list(self._work.get("folders", []))
        order += sorted(by_name.keys() - set(order))
        at, after, _passed = self._work.get("position", [0, 0, 0])
        total = sum(folder.messages or 0 for folder in by_name.values())
        self._go_on(work={"folders": order, "pairs": self._pairs}, total=total)
        for number in range(at, len(order)):
            if order[number] in by_name:
                self._folder(by_name[order[number]], number, after)
            after = 0
        self._depositor.check()
        self._tell(len(order), 0)

    def _folders(self) -> list[Folder]:
        listed = self._source_answers(lambda: folders.list_folders(self._source))
        return [
            folder
            for folder in listed[:_MOST_FOLDERS]
            if folder.selectable
            and folder.addressable
            and not folder.owner
            and not any(mark in folder.attributes for mark in _LEFT_OUT)
            and folder.special_use not in (folders.JUNK, folders.TRASH)
        ]

    def _folder(self, folder: Folder, number: int, after: int) -> None:
        labels = folders.own_levels(folder)[:_DEEPEST]
        path = tuple(names.clean(label, "_") for label in labels if label)
        try:
            selected = self._source_answers(lambda: self._source.select(folder.name))
        except FolderNotFound:
            return
        uids = self._source_answers(lambda: search.uids(self._source, "UNDELETED"))
        remaining = sorted(uid for uid in uids if uid > after)
        self._depositor.make(path)
        if remaining:
            place = FolderPlace(selected.uidvalidity, *self._depositor.where(path))
            before = pairs.unpacked(self._pairs.get(folder.name, ()), place)
            source = _SourceFolder(folder.name, path, number, before, before.upto(after))
            self._all(source, remaining)
        self._tell(number + 1, 0)

    def _all(self, source: _SourceFolder, remaining: Sequence[int]) -> None:
        while remaining:
            batch, rest = uid_sets.head(remaining, _BATCH)
            # Only pairs from an earlier fetch need the header fields.
            names = FIELDS if source.before.runs else ()
            stored = self._source_answers(
                partial(fetch.stored, self._source, uid_sets.compressed(batch), names)
            )
            for is_known, messages in groupby(stored, partial(self._is_known, source)):
                take = self._known if is_known else self._batch
                take(source, messages)
            source.keep(self._pairs, batch[-1])
            remaining = rest

    def _is_known(self, source: _SourceFolder, message: StoredMessage) -> bool:
        uid = source.before.get(message.uid)
        return bool(uid) and self._depositor.has_still(source.path, uid, message)

    def _known(self, source: _SourceFolder, messages: Iterable[StoredMessage]) -> None:
        """Pass messages that an earlier fetch brought, without their content."""
        for message in messages:
            uid = source.before.get(message.uid)
            self._depositor.recognise(source.path, uid)
            self._note(source, message, uid)

    def _batch(self, source: _SourceFolder, messages: Iterable[StoredMessage]) -> None:
        uidvalidity = source.before.place.uidvalidity
        for message, raw in self._contents(source.name, uidvalidity, list(messages)):
            self._note(source, message, self._put(source, message, raw))

    def _note(self, source: _SourceFolder, message: StoredMessage, uid: int) -> None:
        if uid:
            source.now.add(message.uid, uid)
        self._passed += 1
        self._depositor.note(self._position(source.number, message.uid), self._passed)

    def _put(self, source: _SourceFolder, message: StoredMessage, raw: bytes | None) -> int:
        """Store a message, and return its UID, or 0."""
        where = f"{source.name} {message.uid}"
        if raw is not None:
            return self._depositor.put(source.path, raw, message.flags, message.received, where)
        reason = "too_large" if message.size > LARGEST_MESSAGE else "gone"
        self._depositor.refuse(where, reason, message.size)
        return 0

    def _contents(
        self, folder: str, uidvalidity: int, stored: Sequence[StoredMessage]
    ) -> Iterator[tuple[StoredMessage, bytes | None]]:
        """Yield each message with its bytes, or None for one that is too large or no longer
        there."""
        for group in together(stored):
            if len(group) == 1 and group[0].size > LARGEST_MESSAGE:
                yield group[0], None
                continue
            if len(group) == 1:
                ref = MessageRef(folder, uidvalidity, group[0].uid)
                raw = None
                with suppress(MessageNotFound):
                    raw = self._source_answers(partial(self._one, ref, group[0].size))
                yield group[0], raw
                continue
            contents = self._source_answers(
                lambda group=group: fetch.whole(  # type: ignore[misc]  # mypy reads no default
                    self._source, [message.uid for message in group]
                )
            )
            for message in group:
                yield message, contents.pop(message.uid, None)

    def _one(self, ref: MessageRef, size: int) -> bytes:
        return b"".join(bounded(fetch.chunks(self._source, ref, ""), size))

    def _source_answers(self, ask: Callable[[], Any]) -> Any:
        """Return the answer of the other server. Its failure must be told from one of the user's
        own server."""
        try:
            return ask()
        except (FolderNotFound, MessageNotFound):
            raise
        except WebmailError as error:
            raise OtherUnavailable(server_words=error.server_words) from error

    def _position(self, number: int, after: int) -> dict[str, Any]:
        return {"position": [number, after, self._passed]}

    def _tell(self, number: int, after: int) -> None:
        self._depositor.tell(self._position(number, after), self._passed)

    def _go_on(self, *, work: Any = None, marks: Any = None, **columns: Any) -> None:
        if work is not None:
            self._work |= work
        if marks is not None:
            self._work["marks"] = {**self._work.get("marks", {}), **marks}
        if work is not None or marks is not None:
            columns["work"] = self._work
        self._beat(**columns)
