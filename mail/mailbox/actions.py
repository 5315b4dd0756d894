"""The user's actions on messages: mark, move, copy, delete, file.

A `MailStep` is one action on messages of one folder. It takes two calls: `prepare` reads what is
needed later to tell what was done, and `perform` does it. Between the two, a job records what it is
about to do; if the connection or the job breaks there, `settle` finds out how far the step came.
Only `purge` expunges messages that another program marked as deleted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from mail.errors import FolderChanged, MessageNotFound, NotPermitted, OverQuota, ServerRefused
from mail.imap import fetch, response, search, status, uid_sets
from mail.imap.connection import Connection, Raw, canonical, checked_flag, quoted_folder
from mail.imap.values import ANSWERED, DELETED, DRAFT, FLAGGED, SEEN, MessageRef
from mail.mailbox import folders

MOVE, COPY, SET, CLEAR, DELETE = "move", "copy", "set", "clear", "delete"
ARCHIVE = "archive"
"""The verb of a step that becomes one move for each year; `mail.mailbox.archive` makes them."""

# UIDs in one command if nothing else limits them.
_AT_ONCE = 500
# Search keys for messages that have a flag; keywords are searched for by name (RFC 9051 section
# 6.4.4).
_CRITERIA = {
    SEEN: ("SEEN", "UNSEEN"),
    ANSWERED: ("ANSWERED", "UNANSWERED"),
    FLAGGED: ("FLAGGED", "UNFLAGGED"),
    DELETED: ("DELETED", "UNDELETED"),
    DRAFT: ("DRAFT", "UNDRAFT"),
}


@dataclass(frozen=True)
class MailStep:
    """One action on messages of one folder. ``to`` is the target folder of MOVE and COPY; for
    ARCHIVE, the folder above those of the years. ``flag`` is the flag of SET and CLEAR.
    """

    verb: str
    folder: str
    uidvalidity: int
    uids: tuple[int, ...]
    to: str = ""
    flag: str = ""

    @property
    def first(self) -> MessageRef:
        return MessageRef(self.folder, self.uidvalidity, self.uids[0])


@dataclass(frozen=True)
class BegunStep:
    """A step about to be performed. ``chosen`` are the messages that it changes, if they were asked
    for. ``uidvalidity`` and ``uidnext`` are those of the target folder, 0 if there is none.
    """

    step: MailStep
    chosen: tuple[int, ...]
    uidvalidity: int = 0
    uidnext: int = 0


@dataclass(frozen=True)
class ActionOutcome:
    """The result of a step. ``done`` counts messages that are as they should be, ``gone`` those
    that no longer existed. ``undo`` reverts the step; it is None if nothing was changed or nothing
    can be reverted. ``left`` are still to be done. ``adrift`` counts messages that were done but
    whose new UIDs are unknown.
    """

    done: int
    gone: int = 0
    undo: MailStep | None = None
    left: tuple[int, ...] = ()
    adrift: int = 0


def prepare(imap: Connection, step: MailStep) -> BegunStep:
    """Read what must be known of a step before it is performed. Sends at most two commands, more
    if STATUS is refused; none for a move if the server has MOVE. Raises FolderChanged and
    FolderNotFound.
    """
    imap.require(step.first)
    match step.verb:
        case "set" | "clear":
            return BegunStep(step, search.uids(imap, _to_change(step)))
        case "copy":
            return BegunStep(step, step.uids, *status.ask_next(imap, step.to))
        case "move" if not imap.has("MOVE"):
            uids = f"UID {uid_sets.compressed(step.uids)} UNDELETED"
            return BegunStep(step, search.uids(imap, uids), *status.ask_next(imap, step.to))
    return BegunStep(step, step.uids)


def perform(imap: Connection, begun: BegunStep) -> ActionOutcome:
    """Perform a step in the fewest commands.

    Raises MessageNotFound when none of the messages exists, FolderChanged, FolderNotFound or
    OverQuota; then nothing was done.
    """
    imap.require(begun.step.first)
    match begun.step.verb:
        case "set" | "clear":
            return _mark(imap, begun)
        case "copy":
            return _copied(imap, begun)
        case "delete":
            return _delete(imap, begun)
    return _move(imap, begun)


def settle(imap: Connection, begun: BegunStep) -> ActionOutcome:
    """Find out how far a step came whose answer was lost. ``left`` are the messages still to be
    done.

    Nothing is done twice: a moved message is in its target folder, and a copied one is found among
    the messages that arrived there since. Only the new UIDs of moved messages are lost with the
    answer of MOVE, and with them the way to undo it.
    """
    step = begun.step
    imap.require(step.first)
    if step.verb in (SET, CLEAR, DELETE):
        return perform(imap, begun) if begun.chosen else ActionOutcome(len(step.uids))
    if not begun.uidnext:
        left = search.uids(imap, f"UID {uid_sets.compressed(step.uids)}")
        moved = len(step.uids) - len(left)
        return ActionOutcome(moved, left=left, adrift=moved)
    return _settle_copies(imap, begun)


def purge(imap: Connection, folder: str) -> int:
    """Remove permanently all messages of a folder that are marked as deleted, whatever program
    marked them; return how many. For servers without UIDPLUS, which cannot remove fewer.
    """
    imap.select(folder)
    marked = search.uids(imap, "DELETED")
    if marked:
        imap.command("EXPUNGE", changes=True)
    return len(marked)


def marked_deleted(imap: Connection, folder: str) -> int:
    """Return the number of messages that `purge` would remove."""
    imap.select(folder)
    return len(search.uids(imap, "DELETED"))


def set_flag(imap: Connection, refs: Iterable[MessageRef], flag: str, on: bool) -> None:
    """Set or clear a flag or keyword, in one command for each folder.

    Raises MessageNotFound when none of the messages exists any more, and FolderChanged when a
    folder was recreated; then nothing in it was changed.
    """
    word = f"({checked_flag(flag)})"
    for group in _groups(refs):
        imap.require(group[0])
        uids = uid_sets.compressed(ref.uid for ref in group)
        if not imap.uid("STORE", uids, "+FLAGS" if on else "-FLAGS", word, changes=True):
            # No FETCH came back: either the flag was set already, or there is no such message.
            _need_some(imap, uids)


def move(imap: Connection, refs: Iterable[MessageRef], to: str) -> tuple[MessageRef, ...]:
    """Move messages with their flags and dates. Return their new names, if the server tells them
    (UIDPLUS). Messages that are in ``to`` already stay.

    Raises FolderNotFound when ``to`` does not exist, and MessageNotFound when none of a folder's
    messages does.
    """
    target = canonical(to)
    moved: list[MessageRef] = []
    for group in _groups(refs):
        if canonical(group[0].folder) == target:
            continue
        uids = tuple(ref.uid for ref in group)
        step = MailStep(MOVE, group[0].folder, group[0].uidvalidity, uids, target)
        undo = perform(imap, prepare(imap, step)).undo
        if undo:
            moved += [MessageRef(target, undo.uidvalidity, uid) for uid in undo.uids]
    return tuple(moved)


def file_sent(imap: Connection, message: bytes, sender: str) -> None:
    """Save a copy of a sent message in the folder for sent mail, which is created if missing.

    If the sender's address belongs to a shared mailbox whose folder for sent mail the user may add
    to, the copy is saved there.
    """
    if shared := _shared_sent(imap, sender):
        try:
            imap.append(shared, message, (SEEN,))
        except (NotPermitted, OverQuota):
            pass
        else:
            return
    imap.append(folders.ensure(imap, folders.SENT), message, (SEEN,))


def is_filed_sent(imap: Connection, message_id: str, sender: str) -> bool:
    """Return whether a message with this Message-ID is already in one of the folders for sent mail
    that `file_sent` may choose.
    """
    shared = _shared_sent(imap, sender)
    if shared and _newest(imap, shared, message_id):
        return True
    return find_sent(imap, message_id) is not None


def find_sent(imap: Connection, message_id: str) -> MessageRef | None:
    """Return the newest message with this Message-ID in the user's own folder for sent mail."""
    return _newest(imap, folders.ensure(imap, folders.SENT), message_id)


def _newest(imap: Connection, folder: str, message_id: str) -> MessageRef | None:
    selected = imap.select(folder)
    uids = search.matching(imap, (b"HEADER", b"MESSAGE-ID", message_id))
    return MessageRef(selected.folder, selected.uidvalidity, uids[-1]) if uids else None


def _shared_sent(imap: Connection, sender: str) -> str:
    """Return the shared mailbox's folder for sent mail, or "". Sends no command to a server without
    shared folders.
    """
    if not any(namespace.owner == "others" for namespace in imap.namespaces):
        return ""
    folder = folders.shared_sent(folders.kept_folders(imap), sender)
    return folder.name if folder else ""


def by_folder(refs: Iterable[MessageRef]) -> tuple[MailStep, ...]:
    """Return messages by folder, as steps that have no verb yet."""
    in_order = sorted(set(refs))
    return tuple(
        MailStep("", place, uidvalidity, tuple(ref.uid for ref in group))
        for (place, uidvalidity), group in groupby(
            in_order, key=lambda ref: (ref.folder, ref.uidvalidity)
        )
    )


def of_others(imap: Connection, steps: Iterable[MailStep]) -> tuple[MailStep, ...]:
    """Return the steps for messages that the user did not write, judged by their folders."""
    return tuple(step for step in steps if not folders.is_own(imap, step.folder))


# --- marking ---


def _to_change(step: MailStep) -> str:
    """Return search criteria for the messages whose flag must be changed."""
    flag = checked_flag(step.flag)
    have, lack = _CRITERIA.get(flag, (f"KEYWORD {flag}", f"UNKEYWORD {flag}"))
    return f"UID {uid_sets.compressed(step.uids)} {lack if step.verb == SET else have}"


def _mark(imap: Connection, begun: BegunStep) -> ActionOutcome:
    """Mark only the messages whose flag changes, so that only these are undone."""
    step = begun.step
    if not begun.chosen:
        _need_some(imap, uid_sets.compressed(step.uids))
        return ActionOutcome(len(step.uids))
    sign = "+" if step.verb == SET else "-"
    word = f"({checked_flag(step.flag)})"
    _store(imap, begun.chosen, f"{sign}FLAGS.SILENT", word)
    back = CLEAR if step.verb == SET else SET
    return ActionOutcome(len(step.uids), undo=replace(step, verb=back, uids=begun.chosen))


def _store(imap: Connection, uids: Sequence[int], item: str, word: str) -> None:
    imap.uid("STORE", uid_sets.compressed(uids), item, word, changes=True)


# --- deleting ---


def _delete(imap: Connection, begun: BegunStep) -> ActionOutcome:
    """Delete by UID EXPUNGE (RFC 4315). Without it, messages are only marked as deleted and hidden,
    which can be undone.
    """
    step = begun.step
    _store(imap, step.uids, "+FLAGS.SILENT", f"({DELETED})")
    if imap.has("UIDPLUS"):
        imap.uid("EXPUNGE", uid_sets.compressed(step.uids), changes=True)
        return ActionOutcome(len(step.uids))
    return ActionOutcome(len(step.uids), undo=replace(step, verb=CLEAR, flag=DELETED))


# --- moving and copying ---


def _move(imap: Connection, begun: BegunStep) -> ActionOutcome:
    """Move by UID MOVE (RFC 6851), or by the commands that it replaces.

    Without UIDPLUS, the originals stay, marked as deleted: a plain EXPUNGE would also remove
    messages that another program has marked.
    """
    step = begun.step
    if imap.has("MOVE"):
        lines = _handed(imap, "MOVE", step.uids, step.to)
        return _moved(imap, step, *response.copied(lines, limit=len(step.uids)))
    if not begun.chosen:
        raise MessageNotFound("None of the messages is there any more.")
    return _copied(imap, begun)


def _handed(imap: Connection, command: str, uids: Sequence[int], to: str) -> Raw:
    """Send MOVE or COPY. A server that finds that another program has removed one of the messages
    may refuse them all (RFC 5530 EXPUNGEISSUED): once it has told so, they are asked for again."""
    arguments = uid_sets.compressed(uids), quoted_folder(to)
    try:
        return imap.uid(command, *arguments, changes=True)
    except ServerRefused:
        if imap.code() != "EXPUNGEISSUED":
            raise
    imap.command("NOOP")
    return imap.uid(command, *arguments, changes=True)


def _moved(
    imap: Connection, step: MailStep, uidvalidity: int, new: dict[int, int]
) -> ActionOutcome:
    if not imap.has("UIDPLUS"):
        return ActionOutcome(len(step.uids))  # MOVE alone does not tell the new UIDs
    if not new and (done := len(imap.untagged("EXPUNGE"))):
        # Some servers with UIDPLUS do not tell them either.
        done = min(done, len(step.uids))
        return ActionOutcome(done, len(step.uids) - done)
    if not new:
        _need_some(imap, uid_sets.compressed(step.uids))
    return ActionOutcome(
        len(new), len(step.uids) - len(new), _way_back(step, uidvalidity, new.values())
    )


def _take_away(imap: Connection, uids: Sequence[int]) -> None:
    _store(imap, uids, "+FLAGS.SILENT", f"({DELETED})")
    if imap.has("UIDPLUS"):
        imap.uid("EXPUNGE", uid_sets.compressed(uids), changes=True)


def _copied(imap: Connection, begun: BegunStep) -> ActionOutcome:
    """Copy, and take the originals away where they are moved. A server without UIDPLUS, and some
    that offer it, do not tell the new UIDs: the copies are then found among the messages that have
    arrived."""
    step = begun.step
    lines = _handed(imap, "COPY", begun.chosen, step.to)
    uidvalidity, new = response.copied(lines, len(step.uids)) if imap.has("UIDPLUS") else (0, {})
    if imap.has("UIDPLUS") and not new:
        _need_some(imap, uid_sets.compressed(begun.chosen))
    if not new and begun.uidnext:
        return _settle_copies(imap, begun)
    if step.verb == MOVE:
        _take_away(imap, begun.chosen)
    done = len(new) or len(begun.chosen)
    return ActionOutcome(done, len(step.uids) - done, _way_back(step, uidvalidity, new.values()))


def _way_back(step: MailStep, uidvalidity: int, new: Iterable[int]) -> MailStep | None:
    """Return the step that reverts a move or a copy: move back, or delete the copies."""
    uids = tuple(sorted(new))
    if not uids:
        return None
    if step.verb == COPY:
        return MailStep(DELETE, step.to, uidvalidity, uids)
    return MailStep(MOVE, step.to, uidvalidity, uids, step.folder)


def _settle_copies(imap: Connection, begun: BegunStep) -> ActionOutcome:
    """Settle a copy by the values that a copy keeps: size, INTERNALDATE, Message-ID and subject."""
    step = begun.step
    there = defaultdict(list)
    for uid, identity in _arrived(imap, begun):
        there[identity].append(uid)
    imap.require(step.first)
    new: dict[int, int] = {}
    here = fetch.identities(imap, uid_sets.compressed(begun.chosen)) if begun.chosen else []
    # Older equal messages may seem to have arrived, where the server told too low a UIDNEXT.
    for uid, identity in reversed(here):
        if there[identity]:
            new[uid] = there[identity].pop()
    copied = tuple(sorted(new))
    if step.verb == MOVE and copied:
        _take_away(imap, copied)
    # Chosen messages that are no longer here were removed after they were copied.
    moved = set(begun.chosen) - {uid for uid, _ in here} if step.verb == MOVE else set()
    left = tuple(sorted(set(begun.chosen) - set(copied) - moved))
    done = len(copied) + len(moved)
    gone = len(step.uids) - len(begun.chosen)
    return ActionOutcome(done, gone, _way_back(step, begun.uidvalidity, new.values()), left)


def _arrived(imap: Connection, begun: BegunStep) -> list[tuple[int, object]]:
    """Return UID and identity of the messages that arrived in the target folder since the copy
    began.
    """
    selected = imap.select(begun.step.to)
    if selected.uidvalidity != begun.uidvalidity:
        raise FolderChanged("The folder that messages were being copied to was made anew.")
    identities = fetch.identities(imap, f"{begun.uidnext}:*")
    # "n:*" matches the last message even if its UID is below n.
    return [(uid, identity) for uid, identity in identities if uid >= begun.uidnext]


# --- which messages ---


def _need_some(imap: Connection, uids: str) -> None:
    if not search.uids(imap, f"UID {uids}"):
        raise MessageNotFound("None of the messages is there any more.")


def _groups(refs: Iterable[MessageRef]) -> Iterator[Sequence[MessageRef]]:
    """Yield messages by folder and UIDVALIDITY, at most `_AT_ONCE` together."""
    ordered = sorted(set(refs))
    for _, group in groupby(ordered, key=lambda ref: (ref.folder, ref.uidvalidity)):
        together = list(group)
        for start in range(0, len(together), _AT_ONCE):
            yield together[start : start + _AT_ONCE]
