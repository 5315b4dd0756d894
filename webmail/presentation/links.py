"""Addresses of the pages of a message."""

from __future__ import annotations

from django.urls import reverse

from webmail.imap.values import MessageRef


def ref_segment(ref: MessageRef) -> str:
    return f"{ref.uidvalidity}-{ref.uid}"


def message_url(ref: MessageRef, view: str = "message", *more: object) -> str:
    return reverse(f"mail:{view}", args=[ref.folder, ref_segment(ref), *more])
