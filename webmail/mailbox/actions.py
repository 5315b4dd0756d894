"""What a person does to messages: mark, move, file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from webmail.errors import MessageNotFound
from webmail.imap import response, search
from webmail.imap.connection import Connection, canonical, checked_flag, quoted_folder
from webmail.imap.values import DELETED, SEEN, MessageRef
from webmail.mailbox import folders

# UIDs in one command: its line stays below the 8,000 bytes that RFC 7162 asks servers to take.
_AT_ONCE = 500


def set_flag(imap: Connection, refs: Iterable[MessageRef], flag: str, on: bool) -> None:
    """Set or clear a flag or keyword. MessageNotFound when none of the messages is there any more,
    FolderChanged when a folder was made anew; then nothing in it was touched.
    """
    word = f"({checked_flag(flag)})"
    for group in _groups(refs):
        imap.require(group[0])
        uids = _uid_set(group)
        if not imap.uid("STORE", uids, "+FLAGS" if on else "-FLAGS", word, changes=True):
            # No FETCH came back: the flag stood so already, or there is no such message.
            _need_some(imap, uids)


def move(imap: Connection, refs: Iterable[MessageRef], to: str) -> tuple[MessageRef, ...]:
    """Move messages; their flags and dates go with them. Returns where they are now, in the order
    of ``refs``, as far as the server tells (UIDPLUS); messages that are in ``to`` already stay.

    Raises FolderNotFound when ``to`` is not there, MessageNotFound when none of a folder's messages
    is. What others marked as deleted is never expunged on the way.
    """
    target = canonical(to)
    moved: list[MessageRef] = []
    for group in _groups(refs):
        if canonical(group[0].folder) == target:
            continue
        imap.require(group[0])
        uids = _uid_set(group)
        lines = _move(imap, uids, quoted_folder(target))
        uidvalidity, new = response.copied(lines, limit=len(group))
        if not new and imap.has("UIDPLUS"):
            _need_some(imap, uids)
        moved += [MessageRef(target, uidvalidity, new[ref.uid]) for ref in group if ref.uid in new]
    return tuple(moved)


def file_sent(imap: Connection, message: bytes) -> None:
    """Put a copy of what was sent into the folder for sent mail, made when it is missing."""
    imap.append(folders.ensure(imap, folders.SENT), message, (SEEN,))


def _move(imap: Connection, uids: str, target: bytes) -> list[bytes]:
    """UID MOVE (RFC 6851), else what it stands for. Returns COPYUID lines.

    Without UIDPLUS the originals stay, marked as deleted: a plain EXPUNGE would also remove what
    another program has marked.
    """
    if imap.has("MOVE"):
        return imap.uid("MOVE", uids, target, changes=True)
    lines = imap.uid("COPY", uids, target, changes=True)
    imap.uid("STORE", uids, "+FLAGS.SILENT", f"({DELETED})", changes=True)
    if imap.has("UIDPLUS"):
        imap.uid("EXPUNGE", uids, changes=True)
    return lines


def _need_some(imap: Connection, uids: str) -> None:
    if not search.uids(imap, f"UID {uids}"):
        raise MessageNotFound("None of the messages is there any more.")


def _groups(refs: Iterable[MessageRef]) -> Iterator[Sequence[MessageRef]]:
    """Per folder and UIDVALIDITY, at most `_AT_ONCE` in one."""
    ordered = sorted(set(refs))
    for _, group in groupby(ordered, key=lambda ref: (ref.folder, ref.uidvalidity)):
        together = list(group)
        for start in range(0, len(together), _AT_ONCE):
            yield together[start : start + _AT_ONCE]


def _uid_set(refs: Sequence[MessageRef]) -> str:
    """``"3:5,9"`` for sorted refs."""
    pieces: list[list[int]] = []
    for ref in refs:
        if pieces and ref.uid == pieces[-1][1] + 1:
            pieces[-1][1] = ref.uid
        else:
            pieces.append([ref.uid, ref.uid])
    return ",".join(str(low) if low == high else f"{low}:{high}" for low, high in pieces)
