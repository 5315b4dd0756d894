"""The verbs of actions on messages, as forms, buttons, keys and jobs name them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from webmail.imap.values import ADVERT, DELETED, FLAGGED, JUNK, SEEN, Selected
from webmail.mailbox.actions import CLEAR, COPY, DELETE, MOVE, SET
from webmail.mailbox.folders import ARCHIVE, TRASH
from webmail.mailbox.folders import JUNK as JUNK_FOLDER


class Target(Enum):
    """The folder that a verb brings messages to, where its ``special_use`` does not say it."""

    INBOX = "inbox"
    ADVERTS = "adverts"
    CHOSEN = "chosen"
    """The folder that the form names."""


@dataclass(frozen=True)
class Verb:
    """One verb. ``step`` is the verb of the steps that it takes, "" where the form says them.

    ``flags`` are what SET and CLEAR apply to; ``special_use`` is the folder that MOVE brings
    messages to (RFC 6154). ``needs`` names the field without which the verb says nothing.
    ``leaves``: the messages go from the list. ``shows``: the button itself shows that the verb was
    done to one message, so that no toast says it. ``asks``: the verb only opens a dialog.
    ``judges``: it says something of who wrote the messages, so that it is not for one's own.
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
    """The names of the verbs that the user may not do in the open folder: access lists (RFC 4314)
    show in the flags that the server lets be set, which SELECT tells. No command."""
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
    """The verb that brings messages to such a folder; "" where none does."""
    return next((verb.name for verb in _TABLE if verb.special_use == special_use != ""), "")
