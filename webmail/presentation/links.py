"""Addresses of the pages of a message."""

from __future__ import annotations

from django.urls import reverse
from django.utils.http import urlencode

from webmail.converters import FolderConverter
from webmail.imap.values import MessageRef


def ref_segment(ref: MessageRef) -> str:
    return f"{ref.uidvalidity}-{ref.uid}"


def ref_name(ref: MessageRef, folder: str) -> str:
    """How a form about ``folder`` names a message: with its folder where that is another one,
    ``Classes~2F4e B/7-42``.
    """
    segment = ref_segment(ref)
    is_here = ref.folder == folder
    return segment if is_here else f"{FolderConverter().to_url(ref.folder)}/{segment}"


def message_url(ref: MessageRef, view: str = "message", *more: object) -> str:
    return reverse(f"mail:{view}", args=[ref.folder, ref_segment(ref), *more])


def rule_url(ref: MessageRef) -> str:
    """The page on which a rule begins for messages such as this one."""
    source = f"{FolderConverter().to_url(ref.folder)}/{ref_segment(ref)}"
    return f"{reverse('mail:rule_new')}?{urlencode({'from': source})}"
