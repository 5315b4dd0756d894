"""The HTML of messages: sanitised once, then kept for the session; and whether its remote images
are loaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol

from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language

from accounts import session, session_cache
from accounts.http import SignedInRequest
from addressbook.contacts import known
from webmail import sandbox
from webmail.adverts.judging import digest_of
from webmail.forms.messages import ImagesForm
from webmail.imap import fetch
from webmail.imap.connection import Connection
from webmail.imap.values import MessageRef
from webmail.mailbox import reading
from webmail.mailbox.contents import FrameHtml, Sanitiser
from webmail.mime import authentication, headers, html
from webmail.mime.envelope import Envelope
from webmail.mime.headers import Headers
from webmail.mime.html import SafeHtml
from webmail.mime.structure import Part
from webmail.models import AllowedSender
from webmail.presentation import contents
from webmail.reader import image_proxy

_SHOWN_ONCE = "images_shown"
_MOST_SHOWN_ONCE = 100
# The records of a message: its HTML with what is told of it, and that alone.
_WHOLE, _TOLD = "frame", "message"
_OF_PART = ("number", "media_type", "encoding", "size", "file_name")


def compose_prefix() -> str:
    """The address of our composer, up to what a ``mailto:`` link asks of it."""
    return f"{reverse('mail:compose')}?"


# --- sanitised once ---


class ReaderSanitiser:
    """Sanitises one message's HTML in the reader's words, or finds what it gave before (a UID's
    content never changes: RFC 9051 section 2.3.1.1).

    A `contents.Sanitiser`. Two records are kept: the HTML, for the frame, and what is told of it,
    for the reader and for each image. ``inside`` names a message inside the message; its images
    follow what was chosen for the message, whose author could have written all that is in it.
    ``images`` is that choice, once the author is known.
    """

    def __init__(self, request: SignedInRequest, ref: MessageRef, inside: str = "") -> None:
        self.images = Images()
        self._request, self._ref, self._inside = request, ref, inside
        self._author: str | None = None
        self._is_known = False
        self._may_keep = True

    def meet(self, imap: Connection) -> None:
        """Learn who wrote the message, in two commands unless that is known."""
        if self._author is not None:
            return
        author = session_cache.get(self._request, "author", _name(self._ref))
        if author is None:
            fetched, raw = fetch.opened(imap, self._ref)
            fields = headers.parse(raw)
            session_cache.put(self._request, "fields", _name(self._ref), digest_of(fields))
            author = author_of(fields, fetched.envelope)
            session_cache.put(self._request, "author", _name(self._ref), author)
        self._met(author)

    def find(self, envelope: Envelope, fields: Headers) -> FrameHtml | None:
        """Everything about the HTML but its words, which the frame alone asks for."""
        if not self._inside:
            self._met(author_of(fields, envelope))
        if record := self._kept(_TOLD):
            self._is_known = True
            return _frame_html(record)
        if not self._inside:
            session_cache.put(self._request, "author", _name(self._ref), self._author)
        return None

    def found(self) -> FrameHtml | None:
        """The HTML as it was kept."""
        if record := self._kept(_WHOLE):
            self._is_known = True
            return _frame_html(record)
        return None

    def loaded(self) -> Loaded | None:
        """Return what the kept HTML loads, without reading the HTML."""
        if record := self._kept(_TOLD):
            rendered = _frame_html(record)
            return Loaded(rendered.inline, rendered.html.remote, self.images)
        return None

    def sanitise(self, source: str, names: Collection[str]) -> SafeHtml:
        try:
            return sandbox.call(
                html.sanitise,
                sandbox.HTML,
                source,
                locations=tuple(names),
                remote=self.images.are_shown,
                mailto=compose_prefix(),
                quote_label=contents.quote_label(),
            )
        except sandbox.Exhausted as error:
            # A machine that has too much to do now may have time for it later.
            self._may_keep = error.limit is not sandbox.CallLimit.BUSY
            raise

    def keep(self, rendered: FrameHtml) -> None:
        """Keep the HTML for the frame, for each image in it, and for the next time."""
        if self._is_known or not self._may_keep:
            return
        record = {
            "author": self._author,
            "shown": self.images.are_shown,
            "html": rendered.html.to_dict(),
            "inline": [
                part and {name: getattr(part, name) for name in _OF_PART}
                for part in rendered.inline
            ],
            "truncated": rendered.truncated,
            "simplified": rendered.simplified,
        }
        bodiless = {**record, "html": replace(rendered.html, body="", style="").to_dict()}
        for kind, kept in ((_WHOLE, record), (_TOLD, bodiless)):
            session_cache.put(self._request, kind, self._message(), kept)

    def _met(self, author: str) -> None:
        self._author, self.images = author, images(self._request, self._ref, author)

    def _kept(self, kind: str) -> dict[str, Any] | None:
        """The kept HTML; None, too, where its images are to be shown otherwise by now."""
        record: dict[str, Any] | None = session_cache.get(self._request, kind, self._message())
        if record is None:
            return None
        if self._author is None:
            self._met(record["author"])
        is_same = (record["author"], record["shown"]) == (self._author, self.images.are_shown)
        return record if is_same else None

    def _message(self) -> str:
        return json.dumps([_name(self._ref), self._inside, html.POLICY, get_language()])


def _frame_html(kept: dict[str, Any]) -> FrameHtml:
    inline = tuple(part and Part(**part) for part in kept["inline"])
    return FrameHtml(
        SafeHtml.from_dict(kept["html"]), inline, kept["truncated"], kept["simplified"]
    )


@dataclass(frozen=True)
class Loaded:
    """The resources that the HTML of a message loads: ``inline[n]`` is the part behind
    ``inline/<n>``, ``remote[n]`` the address behind ``remote/<n>``, if ``images`` are shown."""

    inline: tuple[Part | None, ...]
    remote: tuple[str, ...]
    images: Images


class Read(Protocol):
    """The way to come by the HTML of a message. Raises PartNotFound when it has none."""

    def __call__(self, imap: Connection, ref: MessageRef, *, sanitiser: Sanitiser) -> FrameHtml: ...


def of(
    request: SignedInRequest, ref: MessageRef, inside: str = "", read: Read = reading.html
) -> tuple[FrameHtml, Images]:
    """The HTML of a message as the user is to see it; no IMAP command when the message is open.

    ``inside`` names a message inside it, which ``read`` then reads. Raises PartNotFound when it has
    none, and what reading a message raises.
    """
    sanitiser = ReaderSanitiser(request, ref, inside)
    rendered = sanitiser.found()
    if rendered is None:
        with session.imap(request) as imap:
            sanitiser.meet(imap)
            rendered = sanitiser.found() or read(imap, ref, sanitiser=sanitiser)
        sanitiser.keep(rendered)
    return rendered, sanitiser.images


def kept(request: SignedInRequest, ref: MessageRef, inside: str) -> SafeHtml | None:
    """The HTML of a message inside a message, if this session has seen it. No command."""
    rendered = ReaderSanitiser(request, ref, inside).found()
    return rendered.html if rendered else None


def digest(request: SignedInRequest, ref: MessageRef) -> str | None:
    """The identity of a message (`judging.digest_of`), if this session met it in a frame before it
    met it in the reader. No command."""
    known_digest: str | None = session_cache.get(request, "fields", _name(ref))
    return known_digest


def loaded(
    request: SignedInRequest, ref: MessageRef, inside: str = "", read: Read = reading.html
) -> Loaded:
    """Return what the HTML loads, as `of` says: an image costs no more than a small record."""
    known_loads = ReaderSanitiser(request, ref, inside).loaded()
    if known_loads is None:
        rendered, images = of(request, ref, inside, read)
        known_loads = Loaded(rendered.inline, rendered.html.remote, images)
    return known_loads


# --- images from elsewhere ---


@dataclass(frozen=True)
class Images:
    """Whether a message's images from elsewhere are loaded: this once, or always, by the reader's
    choice for the author (``chosen``) or for his contacts (``for_contacts``), or by the
    administrators'. ``author`` is "" when nobody knows whose they are."""

    author: str = ""
    once: bool = False
    always: bool = False
    chosen: bool = False
    for_contacts: bool = False

    @property
    def are_shown(self) -> bool:
        return self.once or self.always


def author_of(fields: Headers, envelope: Envelope) -> str:
    """The address of who wrote a message, ``""`` if that is nobody, several, or somebody whose
    domain disowns the message. Anybody can write any address into From: where no mail server's
    verdicts are read, nobody knows who wrote."""
    if not settings.AUTHSERV_ID or len(envelope.from_) != 1:
        return ""
    if authentication.read(fields, settings.AUTHSERV_ID).is_refused:
        return ""
    return envelope.from_[0].address


def images(request: SignedInRequest, ref: MessageRef, author: str) -> Images:
    """Return what was chosen for a message by ``author``."""
    always = bool(author) and image_proxy.allows(request.user, author)
    wanted = request.preferences.images == "contacts" and not always
    for_contacts = wanted and known.is_contact(request.user, author)
    return Images(
        author=author,
        once=_digest(ref) in request.session.get(_SHOWN_ONCE, ()),
        always=always or for_contacts,
        chosen=always and AllowedSender.objects.allows(request.user, author),
        for_contacts=for_contacts,
    )


def author(imap: Connection, ref: MessageRef) -> str:
    """Return who wrote a message, as ``author_of`` says. Two commands."""
    fetched, raw = fetch.opened(imap, ref)
    return author_of(headers.parse(raw), fetched.envelope)


def choose(request: SignedInRequest, ref: MessageRef, author: str, show: str) -> None:
    """Show the images of this message in this session (``once``), of its author from now on
    (``always``), or neither any more (``never``); of all contacts from now on (``contacts``), or
    no more (``not_contacts``)."""
    hides = show in (ImagesForm.NEVER, ImagesForm.NOT_CONTACTS)
    shown = [
        shown_digest
        for shown_digest in request.session.get(_SHOWN_ONCE, ())
        if shown_digest != _digest(ref)
    ]
    if not hides:
        shown.append(_digest(ref))
    request.session[_SHOWN_ONCE] = shown[-_MOST_SHOWN_ONCE:]
    match show:
        case ImagesForm.ALWAYS if author:
            with suppress(ValueError):  # what is no address can only be shown once
                AllowedSender.objects.allow(request.user, author)
        case ImagesForm.NEVER:
            AllowedSender.objects.forget(request.user, author)
        case ImagesForm.CONTACTS:
            _prefer(request, "contacts")
        case ImagesForm.NOT_CONTACTS:
            _prefer(request, "ask")


def _prefer(request: SignedInRequest, images: str) -> None:
    """Prefer to show images so from the next request on; a value that administrators locked
    stays."""
    if "images" in request.preferences.locked:
        return
    request.user.preferences = {**request.user.preferences, "images": images}
    request.user.save(update_fields=["preferences"])


def _name(ref: MessageRef) -> str:
    return json.dumps([ref.folder, ref.uidvalidity, ref.uid])


def _digest(ref: MessageRef) -> str:
    return hashlib.sha256(_name(ref).encode()).hexdigest()[:20]
