"""Replace groups of the directory among the recipients by their members at the time of sending.

A chosen group is replaced by its people at once, so that they are visible. A group that contains
people of the directory may have other members when the message is sent. Other groups are the user's
own to change.
"""

from __future__ import annotations

from dataclasses import replace

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext

from accounts.models import User
from addressbook.contacts import live
from mail.mime import addresses
from webmail.writing.content import Content

_LINES = ("to", "cc", "bcc")


class TooLarge(ValueError):
    """A group of the directory has more people than allowed; its name is the argument."""


def renew(user: User, content: Content) -> Content:
    """Return the message with the present members of such groups, which keep their names. Raises
    TooLarge."""
    texts = {name: getattr(content, name) for name in _LINES}
    read = {name: addresses.read_recipients(text) for name, text in texts.items() if ":" in text}
    called = {group.name for line in read.values() for group in line.groups}
    live_groups = live.find_live_groups(user, called)
    if not live_groups:
        return content
    members = {}
    for name in called:
        if group := live_groups.get(name):
            if group.is_too_large:
                raise TooLarge(name)
            members[name] = addresses.read_each(group.recipients)
    lines = {
        name: addresses.with_groups(text, members) if name in read else text
        for name, text in texts.items()
    }
    return replace(content, to=lines["to"], cc=lines["cc"], bcc=lines["bcc"])


def too_large_words(error: TooLarge) -> str:
    return gettext(
        "The group “%(group)s” has more people of the directory than a group may have (%(most)s)."
        " Take it out, or change it under Contacts."
    ) % {"group": str(error), "most": intcomma(live.most())}
