"""The verbs of actions on messages, as named in forms, buttons, keys and jobs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from mail.imap.values import ADVERT, DELETED, FLAGGED, JUNK, SEEN, Selected
from mail.mailbox.actions import CLEAR, COPY, DELETE, MOVE, SET
from mail.mailbox.folders import ARCHIVE, TRASH
from mail.mailbox.folders import JUNK as JUNK_FOLDER


class Target(Enum):
    """The folder that a verb brings messages to, where its ``special_use`` does not say it."""

    INBOX = "inbox"
    ADVERTS = "adverts"
    CHOSEN = "chosen"
    """The folder that the form names."""


@dataclass(frozen=True)
class Verb:
    """One verb. ``step`` is the verb of its steps, "" if the form names them.

    ``flags`` are those that SET and CLEAR change; ``special_use`` is the target folder of MOVE (RFC
    6154). ``needs`` names the form field that the verb requires. ``leaves``: the messages leave the
    list. ``shows``: the button itself shows that the verb was done to one message, so that no toast
    is needed. ``asks``: the verb only opens a dialog. ``judges``: it is a statement about the
    sender, and not offered for one's own messages.
    """

    name: str
    step: str = ""
    flags: tuple[str, ...] = ()
    special_use: str = ""
    needs: str = "refs"
    leaves: bool = False
    shows: bool = False
    asks: bool = False
    judges: bool = False
    target: Target | None = None


_TABLE = (
    Verb("flag", SET, (FLAGGED,), shows=True),
    Verb("unflag", CLEAR, (FLAGGED,), shows=True),
    Verb("seen", SET, (SEEN,), shows=True),
    Verb("unseen", CLEAR, (SEEN,)),
    Verb("wanted", CLEAR, (ADVERT, JUNK), judges=True),
    Verb("tag", SET, needs="tag", shows=True),
    Verb("untag", CLEAR, needs="tag", shows=True),
    Verb("retag", needs="tag"),
    Verb("trash", MOVE, special_use=TRASH, leaves=True),
    Verb("archive", MOVE, special_use=ARCHIVE, leaves=True),
    Verb("junk", MOVE, special_use=JUNK_FOLDER, leaves=True, judges=True),
    Verb("advert", MOVE, leaves=True, judges=True, target=Target.ADVERTS),
    Verb("inbox", MOVE, leaves=True, target=Target.INBOX),
    Verb("move", MOVE, needs="to", leaves=True, target=Target.CHOSEN),
    Verb("copy", COPY, needs="to", target=Target.CHOSEN),
    Verb("delete", DELETE, leaves=True),
    Verb("choose", asks=True),
    Verb("tags", asks=True),
    Verb("download"),
    Verb("undo", needs="steps"),
)
VERBS = {verb.name: verb for verb in _TABLE}
LEAVING = tuple(verb.name for verb in _TABLE if verb.leaves)
ASKING = tuple(verb.name for verb in _TABLE if verb.asks)
TAGGING = frozenset(("tag", "untag", "retag", "tags"))


def withheld(selected: Selected) -> frozenset[str]:
    """Return the names of the verbs that the user may not do in the open folder. Access lists (RFC
    4314) show in the flags that the server lets the user set, which SELECT reports. Sends no
    command.
    """
    return frozenset(verb.name for verb in _TABLE if not _is_allowed(verb, selected))


def _is_allowed(verb: Verb, selected: Selected) -> bool:
    if not (verb.leaves or verb.flags or verb.name in TAGGING):
        return True
    if selected.read_only:
        return False
    if verb.name in TAGGING:
        return selected.keeps_some_keyword
    return all(map(selected.keeps, verb.flags or (DELETED,)))


def of_special_use(special_use: str) -> str:
    """Return the verb that moves messages to a folder of this special use, or ""."""
    return next((verb.name for verb in _TABLE if verb.special_use == special_use != ""), "")
