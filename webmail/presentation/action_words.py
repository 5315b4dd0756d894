"""The words for what was done to messages, what is being done and what may be asked."""

from __future__ import annotations

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext, ngettext

_SHARES = frozenset({"share", "unshare"})


def done(verb: str, count: int, gone: int = 0) -> str:
    """``verb`` as forms say it; ``gone`` were no longer there."""
    words = _done(verb, count) % {"count": intcomma(count)}
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
    """Return what is said of messages that were moved and cannot be moved back."""
    words = ngettext(
        "The connection was lost while %(count)s of them was moved: it arrived, but “Undo” will "
        "leave it there.",
        "The connection was lost while %(count)s of them were moved: they arrived, but “Undo” will "
        "leave them there.",
        count,
    )
    return words % {"count": intcomma(count)}


def doing(verb: str, total: int) -> str:
    """The title of a job."""
    match verb:
        case "flag" | "unflag" | "seen" | "unseen" | "tag" | "untag" | "retag":
            words = ngettext("Marking %(count)s message", "Marking %(count)s messages", total)
        case "copy":
            words = ngettext("Copying %(count)s message", "Copying %(count)s messages", total)
        case "delete":
            words = ngettext("Deleting %(count)s message", "Deleting %(count)s messages", total)
        case "archive":
            words = ngettext("Archiving %(count)s message", "Archiving %(count)s messages", total)
        case "rule":
            words = gettext("Applying a rule")
        case "share":
            words = ngettext("Sharing %(count)s folder", "Sharing %(count)s folders", total)
        case "unshare":
            words = ngettext(
                "Ending the sharing of %(count)s folder",
                "Ending the sharing of %(count)s folders",
                total,
            )
        case "undo":
            words = ngettext(
                "Taking back what was done to %(count)s message",
                "Taking back what was done to %(count)s messages",
                total,
            )
        case _:
            words = ngettext("Moving %(count)s message", "Moving %(count)s messages", total)
    return words % {"count": intcomma(total)}


def _done(verb: str, count: int) -> str:
    match verb:
        case "flag":
            return ngettext("%(count)s message flagged.", "%(count)s messages flagged.", count)
        case "unflag":
            return ngettext(
                "Flag removed from %(count)s message.",
                "Flag removed from %(count)s messages.",
                count,
            )
        case "seen":
            return ngettext(
                "%(count)s message marked as read.", "%(count)s messages marked as read.", count
            )
        case "unseen":
            return ngettext(
                "%(count)s message marked as unread.",
                "%(count)s messages marked as unread.",
                count,
            )
        case "tag":
            return ngettext("%(count)s message tagged.", "%(count)s messages tagged.", count)
        case "retag":
            return gettext("The tags were changed.")
        case "untag":
            return ngettext(
                "Tag removed from %(count)s message.",
                "Tag removed from %(count)s messages.",
                count,
            )
        case "trash":
            return ngettext(
                "%(count)s message moved to the trash.",
                "%(count)s messages moved to the trash.",
                count,
            )
        case "delete":
            return ngettext(
                "%(count)s message deleted for good.",
                "%(count)s messages deleted for good.",
                count,
            )
        case "undo":
            return ngettext(
                "%(count)s message is as it was.", "%(count)s messages are as they were.", count
            )
        case "archive":
            return ngettext("%(count)s message archived.", "%(count)s messages archived.", count)
        case "junk":
            return ngettext(
                "%(count)s message moved to junk.", "%(count)s messages moved to junk.", count
            )
        case "advert":
            return ngettext(
                "%(count)s message moved to the adverts. Messages like it will follow.",
                "%(count)s messages moved to the adverts. Messages like them will follow.",
                count,
            )
        case "wanted":
            return gettext("Noted: this is no advert.")
        case "copy":
            return ngettext("%(count)s message copied.", "%(count)s messages copied.", count)
        case "share":
            return ngettext("%(count)s folder is shared.", "%(count)s folders are shared.", count)
        case "unshare":
            return ngettext(
                "%(count)s folder is not shared with them any more.",
                "%(count)s folders are not shared with them any more.",
                count,
            )
        case "rule":
            return ngettext(
                "The rule was applied: %(count)s change.",
                "The rule was applied: %(count)s changes.",
                count,
            )
    return ngettext("%(count)s message moved.", "%(count)s messages moved.", count)


def own_mail() -> str:
    """The refusal to judge messages that the user wrote."""
    return gettext("Nothing was done: you wrote these messages yourself.")
