"""Folders: the list with its counts, the tree that the user sees, and the special folders."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from mail.errors import BadServerAnswer, FolderNotFound, FolderNotMade, ServerRefused
from mail.folding import fold
from mail.imap import names, response, search, status
from mail.imap.connection import Connection, canonical, quoted_folder
from mail.imap.grammar import Piece
from mail.imap.values import Folder, Namespace

INBOX, DRAFTS, SENT = "\\Inbox", "\\Drafts", "\\Sent"
ARCHIVE, JUNK, TRASH = "\\Archive", "\\Junk", "\\Trash"
OWN_MAIL = frozenset({SENT, DRAFTS})
_SAID_OWN = frozenset(use.lower() for use in OWN_MAIL)
# The special uses in the order in which they are shown.
SPECIAL = (INBOX, DRAFTS, SENT, ARCHIVE, JUNK, TRASH)

# The levels of nesting that are shown; servers may allow more.
DEEPEST = 20
# The greatest number of STATUS commands on a server without LIST-STATUS.
MOST_STATUS = 50
_MOST_APART = 4
# The time for which their answers are kept.
COUNTS_SECONDS = 30.0

# The names by which mail programs call special folders, for servers without SPECIAL-USE (RFC 6154);
# folded, in English and French.
_KNOWN_NAMES = {
    DRAFTS: ("drafts", "draft", "brouillons", "brouillon"),
    SENT: (
        "sent",
        "sent items",
        "sent messages",
        "sent mail",
        "envoyes",
        "messages envoyes",
        "elements envoyes",
        "courrier envoye",
    ),
    ARCHIVE: ("archive", "archives"),
    JUNK: (
        "junk",
        "spam",
        "junk e-mail",
        "junk email",
        "bulk mail",
        "indesirables",
        "courrier indesirable",
        "pourriel",
        "pourriels",
    ),
    TRASH: (
        "trash",
        "deleted items",
        "deleted messages",
        "bin",
        "corbeille",
        "elements supprimes",
        "messages supprimes",
    ),
}
_USE_OF_NAME = {name: use for use, names in _KNOWN_NAMES.items() for name in names}
# Counts of a folder: messages, unread messages, bytes.
Counted = tuple[int | None, int | None, int | None]
Counts = dict[str, Counted]
_KIND, _COUNTS = "folders", "counts of folders"
_NO_COUNTS = (None, None, None)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class FolderNode:
    """A folder in the tree. ``label`` is the last component of its name. ``usable`` is False for
    one that cannot be opened: a mere level above others, or a name that cannot be sent to the
    server.
    """

    folder: Folder
    label: str
    children: tuple[FolderNode, ...] = ()
    depth: int = 0
    usable: bool = True


def list_folders(imap: Connection, *, sizes: bool = False) -> tuple[Folder, ...]:
    """Return all folders, with the counts of messages and of unread messages.

    Sends one command if the server has LIST-STATUS (RFC 5819), else STATUS for the first 50
    folders, which may be `COUNTS_SECONDS` old. With ``sizes``, the folders also tell whether the
    user is subscribed, and their bytes if the server has STATUS=SIZE (RFC 8438); without
    LIST-EXTENDED this costs one more command. An answer equal to the previous one on this
    connection gives the same tuple.
    """
    items = "MESSAGES UNSEEN SIZE" if sizes and imap.has("STATUS=SIZE") else "MESSAGES UNSEEN"
    if imap.has("LIST-EXTENDED") and imap.has("LIST-STATUS"):
        lines = _list(imap, subscribed=sizes, more=f"STATUS ({items})")
        answer = (imap.wishes, lines, imap.untagged("STATUS"))
        before, folders = imap.kept.get(_KIND, (None, ()))
        if answer != before:
            folders = _with_counts(_placed(imap, _folders(lines)), _counts(answer[2]))
    else:
        answer = (imap.wishes, [], [])
        folders = _listed_apart(imap, items, subscribed=sizes)
    imap.kept[_KIND] = (answer, folders)
    return folders


def kept_folders(imap: Connection) -> tuple[Folder, ...]:
    """Return all folders as this connection listed them last. Their names and places are current;
    their counts may be old. Sends no command, except those of `outline` if there is no list yet.
    """
    answer, folders = imap.kept.get(_KIND, ((None,), ()))
    return folders if answer[0] == imap.wishes else _plain(imap)


def are_kept(imap: Connection) -> bool:
    """Return whether `kept_folders` has counts and needs no command."""
    told, _folders_before = imap.kept.get(_KIND, ((None,), ()))
    return bool(told[0] == imap.wishes)


def outline(imap: Connection) -> tuple[Folder, ...]:
    """Return all folders with their subscriptions but without counts. Sends one or two commands."""
    return _plain(imap, subscribed=True)


def tree(folders: Iterable[Folder]) -> tuple[FolderNode, ...]:
    """Return the folders as shown: special ones first, in their fixed order, then the others by
    label, nested by the server's delimiter. Each namespace of other users begins at its own top.
    Levels that the server does not list are added.
    """
    by_name = {folder.name: folder for folder in folders if not _is_namespace(folder)}
    for folder in list(by_name.values()):
        for above in _ancestors(folder):
            by_name.setdefault(above.name, above)
    below: dict[str, list[Folder]] = {}
    for folder in by_name.values():
        below.setdefault(_parent(folder), []).append(folder)
    return _nodes("", below, 0)


def _is_namespace(folder: Folder) -> bool:
    """Return whether a listed name is a mere namespace. INBOX is more than the place of the folders
    below it.
    """
    is_prefix = bool(folder.prefix) and f"{folder.name}{folder.delimiter}" == folder.prefix
    return is_prefix and folder.name != "INBOX"


def is_for_own_mail(folder: Folder) -> bool:
    """Return whether a folder holds messages that its owner wrote: sent messages or drafts. This
    includes those of a shared mailbox, whose folders have no special use for the user.
    """
    return folder.special_use in OWN_MAIL or not _SAID_OWN.isdisjoint(folder.attributes)


def special(folders: Iterable[Folder], use: str) -> Folder | None:
    r"""Return the folder with this special use, such as ``"\Sent"``, or None."""
    return next((folder for folder in folders if folder.special_use == use), None)


def ensure(imap: Connection, use: str) -> str:
    """Return the name of the folder with this special use, which is created if missing. Raises
    FolderNotMade.
    """
    folders = _plain(imap)
    folder = special(folders, use)
    return folder.name if folder else _made(imap, folders, use.removeprefix("\\"), use)


def ensure_named(imap: Connection, label: str) -> str:
    """Return the name of the user's own top-level folder ``label``, in any spelling. It is created
    without a special use if missing. Raises FolderNotMade.
    """
    folders = _plain(imap)
    existing = named(folders, label)
    return existing.name if existing else _made(imap, folders, label, "")


def create(imap: Connection, name: str) -> None:
    """Create a folder and subscribe to it. An existing folder stays."""
    _create(imap, name, "")


def remove_empty(imap: Connection, places: Iterable[tuple[str, int]]) -> None:
    """Remove the folders of ``places``, pairs of name and UIDVALIDITY, that hold no message and no
    folder.

    A folder that is gone or was recreated is skipped; UIDVALIDITY 0 matches any. Sends several
    commands for each folder.
    """
    wanted = list(places)
    by_name = {folder.name: folder for folder in outline(imap)} if wanted else {}
    for name, uidvalidity in sorted(wanted, key=lambda place: -len(place[0])):
        folder = by_name.get(name)
        if folder is None or any(other.startswith(_inside(folder)) for other in by_name):
            continue
        try:
            state = status.ask_status(imap, name)
            if state.exists or uidvalidity not in (0, state.uidvalidity):
                continue
            if imap.open_folder == name:  # some servers hang up otherwise
                imap.select("INBOX")
            imap.command("DELETE", quoted_folder(name), changes=True)
        except (FolderNotFound, ServerRefused):
            continue  # gone meanwhile, or kept by the server
        del by_name[name]
        imap.command("UNSUBSCRIBE", quoted_folder(name), changes=True)


def _inside(folder: Folder) -> str:
    return f"{folder.name}{folder.delimiter}" if folder.delimiter else "\n"


def shared_sent(folders: Iterable[Folder], address: str) -> Folder | None:
    """Return the folder for sent mail in the shared mailbox that the server names by this address
    or by its part before the @. Return None when there is none, or none that the user may see.
    """
    logins = {address.casefold(), address.partition("@")[0].casefold()}
    for folder in folders:
        if folder.owner != "others" or not folder.selectable:
            continue
        login, _delimiter, rest = folder.name.removeprefix(folder.prefix).partition(
            folder.delimiter or "/"
        )
        is_sent = SENT.lower() in folder.attributes or _USE_OF_NAME.get(folded(rest)) == SENT
        if is_sent and login.casefold() in logins:
            return folder
    return None


def named(folders: Iterable[Folder], label: str) -> Folder | None:
    """Return the user's own top-level folder called ``label``, ignoring accents and case. Return
    None when there is none, or none that can be opened.
    """
    wanted = folded(label)
    return next(
        (
            folder
            for folder in _at_home(folders)
            if folder.selectable and folded(folder.name.removeprefix(folder.prefix)) == wanted
        ),
        None,
    )


def is_own(imap: Connection, name: str) -> bool:
    """Return whether a folder is for own mail, see `is_for_own_mail`. Sends no command if this
    connection has listed the folders.
    """
    known = next((folder for folder in kept_folders(imap) if folder.name == canonical(name)), None)
    return known is not None and is_for_own_mail(known)


def is_called(name: str, label: str) -> bool:
    """Return whether a top-level folder is called ``label``, compared as in `named`, by its name
    alone.
    """
    bare = name[len("INBOX") + 1 :] if re.match(r"INBOX[./]", name) else name
    return folded(bare) == folded(label)


def is_for_junk(imap: Connection, name: str) -> bool:
    """Return whether a folder is the one for junk: chosen by the user, or named as mail programs
    name it. Sends no command.
    """
    chosen = imap.wishes.special.get(JUNK)
    prefix = next((each.prefix for each in imap.namespaces if not each.owner), "")
    bare = name.removeprefix(prefix)
    return name == chosen or any(is_called(bare, known_name) for known_name in _KNOWN_NAMES[JUNK])


def own_levels(folder: Folder) -> list[str]:
    """Return the labels of a folder, from the top, as another server would need them: without the
    prefix below which this server keeps the user's own folders.
    """
    is_below = not folder.owner and folder.name != folder.prefix
    name = folder.name.removeprefix(folder.prefix) if is_below else folder.name
    return name.split(folder.delimiter) if folder.delimiter else [name]


def personal_prefix(folders: Iterable[Folder]) -> str:
    """Return the prefix of the user's own folders, such as ``"INBOX."``; ``""`` on most servers.

    Several own namespaces are possible: new folders go into that of INBOX.
    """
    return next((folder.prefix for folder in folders if folder.name == "INBOX"), "")


def _at_home(folders: Iterable[Folder]) -> list[Folder]:
    """Return the folders of the user's first own namespace."""
    listed = list(folders)
    prefix = personal_prefix(listed)
    return [folder for folder in listed if not folder.owner and folder.prefix == prefix]


def _plain(imap: Connection, *, subscribed: bool = False) -> tuple[Folder, ...]:
    listed = _folders(_list(imap, subscribed=subscribed))
    if subscribed and not imap.has("LIST-EXTENDED"):
        lines = response.lines(imap.command("LSUB", '""', '"*"'))
        subscribed_names = {_folder(tuple(line)).name for line in lines}
        listed = tuple(
            _subscribed(folder) if folder.name in subscribed_names else folder for folder in listed
        )
    return _placed(imap, listed)


def _placed(imap: Connection, folders: Sequence[Folder]) -> tuple[Folder, ...]:
    """Return the folders with their owner and their special use."""
    return _with_special_uses(_with_owners(folders, imap.namespaces), imap.wishes.special)


def _with_owners(folders: Sequence[Folder], namespaces: Sequence[Namespace]) -> tuple[Folder, ...]:
    own = [namespace for namespace in namespaces if not namespace.owner]
    foreign = [namespace for namespace in namespaces if namespace.owner]
    if not own:
        # An empty prefix is told apart from one's own by the prefix of one's own alone.
        foreign = [namespace for namespace in foreign if namespace.prefix]
        placed = [_with_owner(folder, foreign) for folder in folders]
        own = [Namespace("", _guessed_prefix(placed))]
    # Of several that fit, the longest is meant: INBOX.x is not of the namespace "".
    ranked = sorted((*own, *foreign), key=lambda namespace: -len(namespace.prefix))
    return tuple(
        replace(folder, prefix=own[0].prefix)
        if folder.name == "INBOX"
        else _with_owner(folder, ranked)
        for folder in folders
    )


def _guessed_prefix(folders: Iterable[Folder]) -> str:
    """Return ``"INBOX."`` where the user's folders are all below INBOX, else ``""``: for a server
    that does not tell its namespaces.
    """
    others = [folder for folder in folders if folder.name != "INBOX" and not folder.owner]
    if not others or not others[0].delimiter:
        return ""
    prefix = f"INBOX{others[0].delimiter}"
    return prefix if all(folder.name.startswith(prefix) for folder in others) else ""


def _with_owner(folder: Folder, ranked: Iterable[Namespace]) -> Folder:
    for namespace in ranked:
        # Some servers list the namespace itself, without the separator that ends its prefix.
        if f"{folder.name}{folder.delimiter}".startswith(namespace.prefix):
            return replace(folder, owner=namespace.owner, prefix=namespace.prefix)
    return folder


def _subscribed(folder: Folder) -> Folder:
    return replace(folder, attributes=folder.attributes | {"\\subscribed"})


def _list(imap: Connection, *, subscribed: bool = False, more: str = "") -> list[Any]:
    words = _list_words(imap, subscribed=subscribed, more=more)
    if not (apart := _lists_apart(imap)):
        return imap.command("LIST", *words)
    imap.together([["LIST", *words], *apart])
    return imap.untagged("LIST")


def _lists_apart(imap: Connection) -> list[Sequence[str | bytes]]:
    """Return the commands for other users' folders that ``*`` does not match: those of namespaces
    that begin with # (RFC 3501 section 6.3.8), as Courier has. Newsgroups are not asked for.
    """
    prefixes = [namespace.prefix for namespace in imap.namespaces if namespace.owner]
    return [
        ("LIST", '""', quoted_folder(f"{prefix}*"))
        for prefix in prefixes[:_MOST_APART]
        if prefix.startswith("#") and not prefix.startswith("#news")
    ]


def _list_words(imap: Connection, *, subscribed: bool = False, more: str = "") -> list[str]:
    options = ["SUBSCRIBED"] if subscribed and imap.has("LIST-EXTENDED") else []
    options += ["SPECIAL-USE"] if imap.has("SPECIAL-USE") else []
    options += [more] if more else []
    returned = [f"RETURN ({' '.join(options)})"] if options else []
    return ['""', '"*"', *returned]


def _made(imap: Connection, folders: Sequence[Folder], label: str, use: str) -> str:
    """Create a folder at the top of the user's own ones. Return its name. Raises FolderNotMade.

    A server may keep all folders below INBOX and tell of no namespace: an inbox alone shows
    nothing of it, except that a folder beside it is refused.
    """
    name = personal_prefix(folders) + label
    try:
        _create(imap, name, use)
    except (ServerRefused, FolderNotFound) as refused:
        below = _below_inbox(folders, label)
        if not below:
            raise FolderNotMade(label, server_words=refused.server_words) from refused
        try:
            _create(imap, below, use)
        except (ServerRefused, FolderNotFound):
            raise FolderNotMade(label, server_words=refused.server_words) from refused
        return below
    return name


def _below_inbox(folders: Sequence[Folder], label: str) -> str:
    """Return the name below INBOX, where no folder of the user's own stands beside it; else ""."""
    own = [folder for folder in folders if not folder.owner]
    delimiter = next((folder.delimiter for folder in own if folder.delimiter), "")
    prefix = f"INBOX{delimiter}"
    alone = all(f"{folder.name}{delimiter}".startswith(prefix) for folder in own)
    return prefix + label if delimiter and alone and personal_prefix(own) != prefix else ""


def _create(imap: Connection, name: str, use: str) -> None:
    """Create a folder, with its special use if the server takes it, and subscribe to it. An
    existing folder stays.
    """
    with_use = [f"(USE ({use}))"] if use and imap.has("CREATE-SPECIAL-USE") else []
    try:
        _ask_for(imap, name, *with_use)
    except ServerRefused:
        if not with_use:
            raise
        _ask_for(imap, name)
    # Programs that show only subscribed folders would not show it. The folder serves without, too.
    with suppress(ServerRefused, FolderNotFound):
        imap.command("SUBSCRIBE", quoted_folder(name), changes=True)


def _ask_for(imap: Connection, name: str, *options: str) -> None:
    try:
        imap.command("CREATE", quoted_folder(name), *options, changes=True)
    except ServerRefused:
        # Another session created it first, which few servers tell by a code.
        if imap.code() != "ALREADYEXISTS" and all(each.name != name for each in _plain(imap)):
            raise


def _folders(raw: Iterable[Any]) -> tuple[Folder, ...]:
    by_name: dict[str, Folder] = {}
    for line in response.lines(raw):
        folder = _folder(tuple(line))
        if folder.name:
            by_name.setdefault(folder.name, folder)
    return tuple(by_name.values())


# Nearly all lines are the same as for the previous page, or name other users' folders.
@lru_cache(maxsize=8192)
def _folder(line: tuple[Piece, ...]) -> Folder:
    """Read ``(attributes) delimiter name`` (RFC 9051 section 7.3.1)."""
    pieces = response.parsed(line)
    if len(pieces) < 3 or not isinstance(pieces[0], tuple):
        raise BadServerAnswer("The IMAP server sent a LIST line that is none.")
    attributes, delimiter, name = pieces[:3]
    decoded, addressable = names.decode(response.raw_bytes(name))
    words = frozenset(response.raw_bytes(word).decode("ascii", "replace") for word in attributes)
    return Folder(
        name=canonical(decoded),
        delimiter=response.raw_bytes(delimiter).decode("ascii", "replace"),
        attributes=frozenset(word.lower() for word in words),
        addressable=addressable,
    )


def _counts(raw: Iterable[Any]) -> Counts:
    counts: Counts = {}
    for line in response.lines(raw):
        counts |= _counted(tuple(line))
    return counts


@lru_cache(maxsize=8192)
def _counted(line: tuple[Piece, ...]) -> Counts:
    """Read a STATUS line: ``name (MESSAGES 3 UNSEEN 1 SIZE 4096)``; return nothing for another
    line.
    """
    pieces = response.parsed(line)
    if len(pieces) < 2 or not isinstance(pieces[1], tuple):
        return {}
    name, _ = names.decode(response.raw_bytes(pieces[0]))
    values = dict(zip(pieces[1][::2], pieces[1][1::2], strict=False))
    counts = (_count(values, b"MESSAGES"), _count(values, b"UNSEEN"), _count(values, b"SIZE"))
    return {canonical(name): counts}


def _count(values: dict[Any, Any], name: bytes) -> int | None:
    value = values.get(name)
    return value if isinstance(value, int) else None


def _listed_apart(imap: Connection, items: str, *, subscribed: bool) -> tuple[Folder, ...]:
    """Return all folders, with counts by a STATUS for each of the first `MOST_STATUS`: in the same
    round trip as the list for the folders that this connection knows, in another for new ones.

    A folder that is gone meanwhile, or not readable for the user, is shown without a count. The
    open one is counted by another command where STATUS is refused.
    """
    counts, asked = _kept_counts(imap, items), []
    if subscribed:
        folders = _plain(imap, subscribed=True)
    else:
        asked = _due(imap, imap.kept.get(_KIND, (None, ()))[1], counts)
        imap.expect_arrivals()
        lists = [["LIST", *_list_words(imap)], *_lists_apart(imap)]
        imap.together([*lists, *_statuses(imap, asked, items)])
        counts |= dict.fromkeys(asked, _NO_COUNTS) | _counts(imap.untagged("STATUS"))
        imap.note_newest(_uidnext(imap.untagged("STATUS"), imap.open_folder) - 1)
        folders = _placed(imap, _folders(imap.untagged("LIST") or _list(imap)))
    new = [name for name in _due(imap, folders, counts) if name not in asked]
    if new:
        imap.together(_statuses(imap, new, items))
        counts |= dict.fromkeys(new, _NO_COUNTS) | _counts(imap.untagged("STATUS"))
    if counts.get(imap.open_folder, (0, 0, 0))[1] is None:
        counts[imap.open_folder] = _counted_here(imap)
    imap.kept[_COUNTS] = (*imap.kept[_COUNTS][:2], counts)
    return _with_counts(folders, counts)


def _counted_here(imap: Connection) -> Counted:
    """Return the counts of the open folder, of which some servers refuse STATUS."""
    return imap.known().exists, search.count(imap, "UNSEEN"), None


def _kept_counts(imap: Connection, items: str) -> Counts:
    """Return the counts that are `COUNTS_SECONDS` old at most, if this connection has altered
    nothing since.
    """
    now, state = time.monotonic(), (imap.alterations, items)
    before, since, counts = imap.kept.get(_COUNTS, (None, 0.0, {}))
    if before == state and now - since < COUNTS_SECONDS:
        return dict(counts)
    imap.kept[_COUNTS] = (state, now, {})
    return {}


def _due(imap: Connection, folders: Iterable[Folder], counts: Counts) -> list[str]:
    """Return the names of the folders to be counted: those without counts, and the open one."""
    special_first = sorted(folders, key=lambda folder: not folder.special_use)
    countable = [folder for folder in special_first if folder.selectable and folder.addressable]
    return [
        folder.name
        for folder in countable[:MOST_STATUS]
        if folder.name not in counts or folder.name == imap.open_folder
    ]


def _statuses(imap: Connection, folders: Iterable[str], items: str) -> list[Sequence[str | bytes]]:
    """Return the commands that count these folders; the open one tells its next UID too."""
    return [
        (
            "STATUS",
            quoted_folder(name),
            f"({items} UIDNEXT)" if name == imap.open_folder else f"({items})",
        )
        for name in folders
    ]


def _uidnext(raw: Iterable[Any], folder: str) -> int:
    """Return the next UID of a folder, 0 if its STATUS does not tell it."""
    told = dict(map(status.named, response.lines(raw)))
    return _count(told.get(folder, {}), b"UIDNEXT") or 0


def _with_counts(folders: Iterable[Folder], counts: Counts) -> tuple[Folder, ...]:
    return tuple(
        replace(folder, messages=messages, unseen=unseen, size=size)
        for folder in folders
        for messages, unseen, size in (counts.get(folder.name, _NO_COUNTS),)
    )


def _with_special_uses(folders: Sequence[Folder], chosen: Mapping[str, str]) -> tuple[Folder, ...]:
    """Give each special use to one folder: the user's choice, or the one that the server names, or
    one with a known name.
    """
    uses = {"INBOX": INBOX}
    own = [folder for folder in folders if not folder.owner]
    candidates = _known_names(_at_home(own))
    for use in SPECIAL[1:]:
        wanted = [folder for folder in own if chosen.get(use) == folder.name]
        announced = [folder for folder in own if use.lower() in folder.attributes]
        for folder in (wanted or announced or candidates.get(use, []))[:1]:
            uses.setdefault(folder.name, use)
    return tuple(replace(folder, special_use=uses.get(folder.name, "")) for folder in folders)


def _known_names(own: Iterable[Folder]) -> dict[str, list[Folder]]:
    """Return the folders with a known name, by the special use that the name stands for. Only
    top-level folders count: a user's ``Projets/Archives`` has no special use.
    """
    by_use: dict[str, list[Folder]] = {}
    for folder in own:
        use = _USE_OF_NAME.get(folded(folder.name.removeprefix(folder.prefix)))
        if use and folder.selectable:
            by_use.setdefault(use, []).append(folder)
    return by_use


folded = lru_cache(maxsize=8192)(fold)
"""Folds names, which are compared and sorted without accents and case."""


def _levels(folder: Folder) -> list[str]:
    """Return the components of the name; below `DEEPEST` levels, the rest is one component."""
    return folder.name.split(folder.delimiter, DEEPEST) if folder.delimiter else [folder.name]


def _ancestors(folder: Folder) -> Iterator[Folder]:
    if not folder.delimiter:
        return
    levels = _levels(folder)
    for count in range(1, len(levels)):
        name = folder.delimiter.join(levels[:count])
        if name and not folder.prefix.startswith(f"{name}{folder.delimiter}"):
            yield Folder(
                name,
                folder.delimiter,
                frozenset({"\\nonexistent"}),
                owner=folder.owner,
                prefix=folder.prefix,
            )


def _parent(folder: Folder) -> str:
    """Return the name of the folder above, ``""`` at the top; special folders stand at the top."""
    if folder.special_use or not folder.delimiter:
        return ""
    above = folder.delimiter.join(_levels(folder)[:-1])
    return "" if f"{above}{folder.delimiter}" == folder.prefix else above


def _nodes(parent: str, below: dict[str, list[Folder]], depth: int) -> tuple[FolderNode, ...]:
    return tuple(
        FolderNode(
            folder=folder,
            label=_label(folder),
            children=_nodes(folder.name, below, depth + 1),
            depth=depth,
            usable=folder.selectable and folder.addressable and not _CONTROLS.search(folder.name),
        )
        for folder in sorted(below.get(parent, ()), key=_order)
    )


def _order(folder: Folder) -> tuple[int, str, str]:
    place = SPECIAL.index(folder.special_use) if folder.special_use else len(SPECIAL)
    return place, folded(_label(folder)), folder.name


def _label(folder: Folder) -> str:
    label = _levels(folder)[-1]
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", label) or folder.name
