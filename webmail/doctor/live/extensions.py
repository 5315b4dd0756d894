"""What the IMAP server announces after the sign-in, and what is slower or missing without."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.health.findings import Finding, ok, warn
from core.sizes import size
from mail.imap import acl, quota
from webmail.doctor.live import known
from webmail.doctor.live.mailbox import LiveMailbox

WITHOUT: Final[dict[str, Promise]] = {
    "NAMESPACE": _("The webmail goes by the other folders to see where the user’s own ones are."),
    "SORT": _("Orders by sender, subject or size are read message by message: slow above 1,000."),
    "THREAD=REFERENCES": _("Conversations are put together here: slow in large folders."),
    "CONDSTORE": _("Changes by other programs are found by reading all flags again."),
    "QRESYNC": _("After a pause, what was removed meanwhile is found by asking for all numbers."),
    "UIDPLUS": _(
        "Removed messages stay, marked as deleted, until the user empties the folder; moving cannot"
        " be taken back."
    ),
    "MOVE": _("Messages are copied, then removed: moving takes about twice as long."),
    "IDLE": _("New mail is seen only when a page asks for it."),
    "NOTIFY": _("Only the inbox tells at once of new mail, and no other folder."),
    "LIST-STATUS": _("The counts of folders are asked for one by one, and are half a minute old."),
    "ESEARCH": _("Answers to searches in large folders are long."),
    "SPECIAL-USE": _("Folders for sent mail, drafts and so on are known by their names alone."),
    "LITERAL+": _("Searches with accents take one more round trip."),
}
"""The extensions that make a difference, and what is so without each."""


def signed_in(live: LiveMailbox) -> Iterator[Finding]:
    """Sign in, and yield which program the server is."""
    name = known.program(live.imap())
    if name:
        yield ok(gettext("The sign-in works. The server is %(name)s.") % {"name": name})
    else:
        yield ok(gettext("The sign-in works."))


def findings(live: LiveMailbox) -> Iterator[Finding]:
    """Yield a finding about each extension that is missing, and one about those that are there."""
    imap = live.imap()
    has = {name for name in WITHOUT if imap.has(name)}
    if imap.has("LITERAL-"):
        has.add("LITERAL+")
    if has:
        yield ok(
            gettext("It has %(names)s.") % {"names": ", ".join(n for n in WITHOUT if n in has)}
        )
    setting = known.setting(known.EXTENSIONS, known.program(imap))
    for name, words in WITHOUT.items():
        if name not in has:
            hint = gettext("If the server can do it: %(setting)s.") % {"setting": setting}
            yield warn(gettext("It lacks %(name)s. %(what)s") % {"name": name, "what": words}, hint)


def quota_finding(live: LiveMailbox) -> Iterator[Finding]:
    """Yield how much room the mailbox has."""
    room = quota.ask_quota(live.imap())
    if room is None:
        yield warn(
            gettext("The server tells no quota: users do not see how full their mailbox is."),
            gettext("It is the extension QUOTA, and a limit for the mailbox."),
        )
    elif room.is_storage and room.limit:
        words = {"used": size(room.used), "limit": size(room.limit)}
        yield ok(gettext("Quota: %(used)s of %(limit)s are used.") % words)
    else:
        yield ok(gettext("Quota: it is told, without a limit in bytes."))


def acl_finding(live: LiveMailbox) -> Iterator[Finding]:
    """Yield whether users can share their folders."""
    imap = live.imap()
    if not imap.has("ACL"):
        yield warn(
            gettext("Folders cannot be shared: the server has no access lists (ACL)."),
            gettext("Dovecot: the plugins acl and imap_acl. Cyrus and Courier have them."),
        )
    elif "a" in acl.my_rights(imap, live.folder()):
        yield ok(gettext("Folders can be shared (ACL)."))
    else:
        yield warn(
            gettext(
                "The server has access lists, but users may not change those of their folders."
            ),
            gettext("Cyrus: implicit_owner_rights (imapd.conf)."),
        )


def metadata_finding(live: LiveMailbox) -> Iterator[Finding]:
    """Yield whether the server keeps METADATA, which the webmail does without."""
    if live.imap().has("METADATA"):
        yield ok(gettext("It has METADATA, which the webmail does not use."))
    else:
        yield ok(gettext("It has no METADATA, which the webmail does not need."))


ROOM: Final = (quota_finding, acl_finding, metadata_finding)
