"""The people who may use a folder, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from core import avatars
from mail.mailbox.sharing import EVERYBODY, GROUPS, Share, SharingProgress
from webmail.presentation.people import Faces

# The name of each preset, and the rights that it gives.
LABELS = {
    "read": (
        pgettext_lazy("a right in a shared folder", "Read"),
        _("See the folder and read its messages."),
    ),
    "sort": (
        pgettext_lazy("a right in a shared folder", "Sort"),
        _("Besides mark, add, move away and delete messages."),
    ),
    "all": (
        pgettext_lazy("a right in a shared folder", "Everything"),
        _("Besides make and remove folders inside it, and let other people in."),
    ),
}


@dataclass(frozen=True)
class ShareRow:
    """A line of the list. ``address`` is "" if the name is the address, and for a group or
    everybody."""

    identifier: str
    name: str
    address: str
    initials: str
    may: str
    is_person: bool


def rows(
    shares: Iterable[Share], addresses: Mapping[str, str], names: Mapping[str, str], faces: Faces
) -> list[ShareRow]:
    """Return the lines of the list. ``addresses`` and ``names`` are of identifiers that are logins,
    "" if unknown."""
    return [_row(share, addresses, names, faces) for share in shares]


def _row(
    share: Share, addresses: Mapping[str, str], names: Mapping[str, str], faces: Faces
) -> ShareRow:
    address = addresses.get(share.identifier, "")
    face = faces.get(address.casefold())
    name = (face.name if face else "") or names.get(share.identifier, "") or _name(share, address)
    return ShareRow(
        identifier=share.identifier,
        name=name,
        address=address if name != address else "",
        initials=avatars.initials(name),
        may=_may(share),
        is_person=bool(address),
    )


def _name(share: Share, address: str) -> str:
    identifier = share.identifier
    if identifier in EVERYBODY:
        return gettext("Everybody on this mail server")
    if identifier.startswith(GROUPS):
        group = identifier.partition("=")[2] or identifier.lstrip("$#")
        return gettext("Group %(group)s") % {"group": group}
    return address or identifier


def _may(share: Share) -> str:
    if share.identifier.startswith("-"):
        return gettext("Shut out by an administrator")
    label = LABELS.get(share.preset)
    return str(label[0]) if label else gettext("Rights that another program gave")


def words_of_inside(at: SharingProgress) -> str:
    """Return the sentences about the folders inside; "" if there are none."""
    sentences = []
    if at.total - at.refused > 1:
        count = at.total - 1 - at.refused
        words = ngettext(
            "So it is in %(count)s folder inside.", "So it is in %(count)s folders inside.", count
        )
        sentences.append(words % {"count": intcomma(count)})
    if at.refused:
        words = ngettext(
            "In %(count)s folder inside the mail server refused it.",
            "In %(count)s folders inside the mail server refused it.",
            at.refused,
        )
        sentences.append(words % {"count": intcomma(at.refused)})
    return " ".join(sentences)


def done(count: int, name: str, *, is_over: bool) -> str:
    """Return the words of the toast. ``name`` is that of the only person; "" for several."""
    if is_over:
        return gettext("%(name)s may not use this folder any more.") % {"name": name}
    if name:
        return gettext("%(name)s may use this folder now.") % {"name": name}
    return gettext("%(count)s people may use this folder now.") % {"count": count}
