"""The group of recipients that the address of the composer names."""

from __future__ import annotations

import re

from accounts.http import SignedInRequest
from addressbook.contacts import audiences, groups, sharing
from addressbook.directory import lists
from mail.errors import NotFound
from webmail.writing import recipients


def group_text(request: SignedInRequest) -> str:
    """Return the recipients of the group that ``?group=`` names, the user's own or a colleague's,
    or of the list of the directory that ``?list=`` names; "" where neither is there. The address
    of a page has no room for the recipients themselves."""
    asked = request.GET.get("list", "")
    if re.fullmatch(r"[0-9]{1,18}", asked):
        directory_list = lists.find_list(int(asked))
        return recipients.group_text(directory_list.name, directory_list.members)
    asked = request.GET.get("group", "")
    if not re.fullmatch(r"[0-9]{1,18}", asked):
        return ""
    who = request.GET.get("who", "")
    who = who if who in tuple(audiences.Audience) else ""
    if group := groups.find_group(request.user, int(asked)):
        people = groups.recipients(group, who)
    elif seen := sharing.find_shared_group(request.user, int(asked)):
        group, people = seen.group, sharing.recipients(seen, who)
        sharing.note_use(request.user, group)
    else:
        raise NotFound
    name = audiences.label(group, who) if group.is_class and who else group.name
    return recipients.group_text(name, people)
