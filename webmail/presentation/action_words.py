"""Sentences about actions on messages: done, under way, or to be confirmed."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext, gettext_lazy, ngettext, ngettext_lazy

# Words by the names of verbs in forms.
_DONE: Final[dict[str, Any]] = {
    "flag": ngettext_lazy("%(count)s message flagged.", "%(count)s messages flagged.", "number"),
    "unflag": ngettext_lazy(
        "Flag removed from %(count)s message.", "Flag removed from %(count)s messages.", "number"
    ),
    "seen": ngettext_lazy(
        "%(count)s message marked as read.", "%(count)s messages marked as read.", "number"
    ),
    "unseen": ngettext_lazy(
        "%(count)s message marked as unread.", "%(count)s messages marked as unread.", "number"
    ),
    "tag": ngettext_lazy("%(count)s message tagged.", "%(count)s messages tagged.", "number"),
    "retag": gettext_lazy("The tags were changed."),
    "untag": ngettext_lazy(
        "Tag removed from %(count)s message.", "Tag removed from %(count)s messages.", "number"
    ),
    "trash": ngettext_lazy(
        "%(count)s message moved to the trash.", "%(count)s messages moved to the trash.", "number"
    ),
    "delete": ngettext_lazy(
        "%(count)s message deleted for good.", "%(count)s messages deleted for good.", "number"
    ),
    "undo": ngettext_lazy(
        "%(count)s message is as it was.", "%(count)s messages are as they were.", "number"
    ),
    "archive": ngettext_lazy(
        "%(count)s message archived.", "%(count)s messages archived.", "number"
    ),
    "junk": ngettext_lazy(
        "%(count)s message moved to junk.", "%(count)s messages moved to junk.", "number"
    ),
    "advert": ngettext_lazy(
        "%(count)s message moved to the adverts. Messages like it will follow.",
        "%(count)s messages moved to the adverts. Messages like them will follow.",
        "number",
    ),
    "wanted": gettext_lazy("Noted: this is no advert."),
    "copy": ngettext_lazy("%(count)s message copied.", "%(count)s messages copied.", "number"),
    "share": ngettext_lazy(
        "%(count)s folder is shared.", "%(count)s folders are shared.", "number"
    ),
    "unshare": ngettext_lazy(
        "%(count)s folder is not shared with them any more.",
        "%(count)s folders are not shared with them any more.",
        "number",
    ),
    "rule": ngettext_lazy(
        "The rule was applied: %(count)s change.",
        "The rule was applied: %(count)s changes.",
        "number",
    ),
}
_MOVED = ngettext_lazy("%(count)s message moved.", "%(count)s messages moved.", "number")
_MARKING = ngettext_lazy("Marking %(count)s message", "Marking %(count)s messages", "number")
_DOING: Final[dict[str, Any]] = {
    **dict.fromkeys(("flag", "unflag", "seen", "unseen", "tag", "untag", "retag"), _MARKING),
    "copy": ngettext_lazy("Copying %(count)s message", "Copying %(count)s messages", "number"),
    "delete": ngettext_lazy("Deleting %(count)s message", "Deleting %(count)s messages", "number"),
    "archive": ngettext_lazy(
        "Archiving %(count)s message", "Archiving %(count)s messages", "number"
    ),
    "rule": gettext_lazy("Applying a rule"),
    "share": ngettext_lazy("Sharing %(count)s folder", "Sharing %(count)s folders", "number"),
    "unshare": ngettext_lazy(
        "Ending the sharing of %(count)s folder",
        "Ending the sharing of %(count)s folders",
        "number",
    ),
    "undo": ngettext_lazy(
        "Taking back what was done to %(count)s message",
        "Taking back what was done to %(count)s messages",
        "number",
    ),
}
_MOVING = ngettext_lazy("Moving %(count)s message", "Moving %(count)s messages", "number")

_SHARES = frozenset({"share", "unshare"})


def done(verb: str, count: int, gone: int = 0) -> str:
    """Return the sentence about a finished action. ``verb`` is the name in forms; ``gone`` messages
    were no longer there."""
    words = _counted(_DONE.get(verb, _MOVED), count)
    if not gone:
        return words
    if verb in _SHARES:
        refused = ngettext(
            "In %(count)s folder inside the mail server refused it.",
            "In %(count)s folders inside the mail server refused it.",
            gone,
        )
        return f"{words} {refused % {'count': intcomma(gone)}}"
    missing = ngettext(
        "%(count)s was no longer there.", "%(count)s were no longer there.", gone
    ) % {"count": intcomma(gone)}
    return f"{words} {missing}"


def adrift(count: int) -> str:
    """Return the words about messages that were moved and cannot be moved back."""
    words = ngettext(
        "The connection was lost while %(count)s of them was moved: it arrived, but “Undo” will "
        "leave it there.",
        "The connection was lost while %(count)s of them were moved: they arrived, but “Undo” will "
        "leave them there.",
        count,
    )
    return words % {"count": intcomma(count)}


def doing(verb: str, total: int) -> str:
    """Return the title of a job."""
    return _counted(_DOING.get(verb, _MOVING), total)


def _counted(words: Any, count: int) -> str:
    return str(words % {"number": count, "count": intcomma(count)})


def own_mail() -> str:
    """Return the refusal to judge messages that the user wrote."""
    return gettext("Nothing was done: you wrote these messages yourself.")
