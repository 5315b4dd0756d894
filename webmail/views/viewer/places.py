"""The addresses of the viewer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext

from accounts.http import SignedInRequest
from mail.imap.connection import Connection
from mail.imap.values import MessageRef
from mail.mailbox import reading
from mail.mailbox.reading import OpenedMessage
from webmail.presentation import files, links
from webmail.reader import attachments, html
from webmail.reader.attachments import FoundAttachment
from webmail.views.judgement import judgements


@dataclass(frozen=True)
class Place:
    """The object of an address of the viewer: an attachment, or a file inside an attachment."""

    ref: MessageRef
    number: str
    member: tuple[int, ...] = ()

    def url(self, view: str = "view", *more: object) -> str:
        args: list[object] = [self.ref.folder, links.ref_segment(self.ref), self.number]
        if self.member:
            args.append(self.member)
        return reverse(f"mail:{view}", args=[*args, *more])

    def step(self, index: int) -> Place | None:
        """A file inside this one; None where no address leads so deep."""
        if len(self.member) >= attachments.DEEPEST:
            return None
        return Place(self.ref, self.number, (*self.member, index))

    @property
    def depth(self) -> int:
        """About how many messages and archives it lies in."""
        return self.number.count(".") + len(self.member)

    @property
    def inside(self) -> str:
        """Its name within its message."""
        return "/".join([self.number, *map(str, self.member)])

    @property
    def name(self) -> str:
        """One text for all of it."""
        return self.url()

    @property
    def holder(self) -> Place | None:
        return Place(self.ref, self.number, self.member[:-1]) if self.member else None


def at_place(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """The captured values of both kinds of addresses, as one; the files of a fraud stay shut."""

    @wraps(view)
    def placed(
        request: SignedInRequest,
        folder: str,
        ref: tuple[int, int],
        number: str,
        member: tuple[int, ...] = (),
        **more: Any,
    ) -> HttpResponseBase:
        place = Place(MessageRef(folder, *ref), number, member)
        judgements.require_open(request, place.ref)
        return view(request, place, **more)

    return placed


def name_of(attachment: FoundAttachment) -> str:
    if attachment.file.part is not None:
        return files.file_name(attachment.file.part)
    return attachment.file.name or gettext("file")


def download_url(place: Place) -> str:
    if place.member:
        return place.url("view_file")
    return links.message_url(place.ref, "part", place.number)


def opened_message(request: SignedInRequest, imap: Connection, ref: MessageRef) -> OpenedMessage:
    """The message, whose attachments are those of its own page."""
    sanitiser = html.ReaderSanitiser(request, ref)
    return reading.open_message(imap, ref, mark_seen=False, sanitiser=sanitiser)
