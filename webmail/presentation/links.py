"""URLs of the pages of a message."""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from urllib.parse import quote

from django.urls import get_script_prefix, reverse
from django.utils.http import urlencode

from core.converters import FolderConverter
from mail.imap.values import MessageRef

# What Django's `reverse` leaves as it is in a segment.
_AS_DJANGO: Final = "!$&'()*+,;=~:@"


def ref_segment(ref: MessageRef) -> str:
    return f"{ref.uidvalidity}-{ref.uid}"


def ref_name(ref: MessageRef, folder: str) -> str:
    """Return the name of a message in a form about ``folder``; with its own folder if that differs,
    as in the URL: ``Classes~2F4e%20B/7-42``. Ids are made of it, which have no blanks."""
    segment = ref_segment(ref)
    if ref.folder == folder:
        return segment
    return f"{quote(FolderConverter().to_url(ref.folder), safe=_AS_DJANGO)}/{segment}"


def message_url(ref: MessageRef, view: str = "message", *more: object) -> str:
    """Return the URL of a message, or of a view below it."""
    prefix = get_script_prefix()
    return f"{folder_address(prefix, ref.folder)}{ref_segment(ref)}/{_below(prefix, view, *more)}"


# A page has every folder's address and a dozen of one message's, and Django looks long for each.
@lru_cache(maxsize=8192)
def folder_address(_prefix: str, folder: str, view: str = "folder") -> str:
    """Return the URL of a folder. Raises NoReverseMatch for a name that no URL can contain: empty,
    or longer than any server should have."""
    return reverse(f"mail:{view}", args=[folder])


@lru_cache(maxsize=1024)
def _below(_prefix: str, view: str, *more: object) -> str:
    args = ["INBOX", "1-1"]
    message = reverse("mail:message", args=args)
    return reverse(f"mail:{view}", args=[*args, *more]).removeprefix(message)


def rule_url(ref: MessageRef) -> str:
    """Return the URL of a new rule for messages such as this one."""
    source = f"{FolderConverter().to_url(ref.folder)}/{ref_segment(ref)}"
    return f"{reverse('mail:rule_new')}?{urlencode({'from': source})}"
