"""What was done to messages, what is being done and what may be asked, in words."""

from __future__ import annotations

from django.utils.translation import gettext, ngettext


def done(verb: str, count: int, gone: int = 0) -> str:
    """``verb`` as forms say it; ``gone`` were no longer there."""
    words = _done(verb, count) % {"count": count}
    if not gone:
        return words
    missing = ngettext(
        "%(count)d was no longer there.", "%(count)d were no longer there.", gone
    ) % {"count": gone}
    return f"{words} {missing}"


def doing(verb: str, total: int) -> str:
    """The title of a job."""
    values = {"count": total}
    match verb:
        case "flag" | "unflag" | "seen" | "unseen" | "tag" | "untag":
            words = ngettext("Marking %(count)d message", "Marking %(count)d messages", total)
        case "copy":
            words = ngettext("Copying %(count)d message", "Copying %(count)d messages", total)
        case "delete":
            words = ngettext("Deleting %(count)d message", "Deleting %(count)d messages", total)
        case "archive":
            words = ngettext("Archiving %(count)d message", "Archiving %(count)d messages", total)
        case "rule":
            words = gettext("Applying a rule")
        case "undo":
            words = ngettext(
                "Taking back what was done to %(count)d message",
                "Taking back what was done to %(count)d messages",
                total,
            )
        case _:
            words = ngettext("Moving %(count)d message", "Moving %(count)d messages", total)
    return words % values


def failure(name: str) -> str:
    """Why a job stopped; ``name`` is the class of webmail/errors.py."""
    match name:
        case "OverQuota":
            return gettext("Your mailbox is full. Make room, then try again.")
        case "FolderNotFound":
            return gettext("The folder is no longer there.")
        case "FolderChanged":
            return gettext("The folder was made anew meanwhile; its messages are others now.")
        case "ServerUnavailable":
            return gettext("The mail server did not answer, several times.")
        case "ServerRefused":
            return gettext("The mail server refused.")
    return gettext("Something went wrong.")


def _done(verb: str, count: int) -> str:
    match verb:
        case "flag":
            return ngettext("%(count)d message flagged.", "%(count)d messages flagged.", count)
        case "unflag":
            return ngettext(
                "Flag removed from %(count)d message.",
                "Flag removed from %(count)d messages.",
                count,
            )
        case "seen":
            return ngettext(
                "%(count)d message marked as read.", "%(count)d messages marked as read.", count
            )
        case "unseen":
            return ngettext(
                "%(count)d message marked as unread.",
                "%(count)d messages marked as unread.",
                count,
            )
        case "tag":
            return ngettext("%(count)d message tagged.", "%(count)d messages tagged.", count)
        case "untag":
            return ngettext(
                "Tag removed from %(count)d message.",
                "Tag removed from %(count)d messages.",
                count,
            )
        case "trash":
            return ngettext(
                "%(count)d message moved to the trash.",
                "%(count)d messages moved to the trash.",
                count,
            )
        case "delete":
            return ngettext(
                "%(count)d message deleted for good.",
                "%(count)d messages deleted for good.",
                count,
            )
        case "undo":
            return ngettext(
                "%(count)d message is as it was.", "%(count)d messages are as they were.", count
            )
        case "archive":
            return ngettext("%(count)d message archived.", "%(count)d messages archived.", count)
        case "junk":
            return ngettext(
                "%(count)d message moved to junk.", "%(count)d messages moved to junk.", count
            )
        case "advert":
            return ngettext(
                "%(count)d message moved to the adverts. Messages like it will follow.",
                "%(count)d messages moved to the adverts. Messages like them will follow.",
                count,
            )
        case "letter":
            return gettext("Noted: this is no advert.")
        case "copy":
            return ngettext("%(count)d message copied.", "%(count)d messages copied.", count)
        case "rule":
            return ngettext(
                "The rule was applied: %(count)d change.",
                "The rule was applied: %(count)d changes.",
                count,
            )
    return ngettext("%(count)d message moved.", "%(count)d messages moved.", count)
