"""The HTML of messages: sanitised once and then cached for the session; and whether its remote
images are loaded."""

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

from accounts import session
from accounts.http import SignedInRequest
from accounts.sealed import cache as session_cache
from addressbook.contacts import known
from mail import sandbox
from mail.imap import fetch
from mail.imap.connection import Connection
from mail.imap.values import MessageRef
from mail.mailbox import reading
from mail.mailbox.contents import FrameHtml, Sanitiser
from mail.mime import authentication, headers
from mail.mime.envelope import Envelope
from mail.mime.headers import Headers
from mail.mime.hypertext import html
from mail.mime.hypertext.html import SafeHtml
from mail.mime.structure import Part
from webmail.adverts.digests import digest_of
from webmail.forms.messages import ImagesForm
from webmail.models import AllowedSender
from webmail.presentation import contents
from webmail.reader import image_proxy

_SHOWN_ONCE = "images_shown"
_MOST_SHOWN_ONCE = 100
# The two records of a message: its HTML with the facts about it, and the facts alone.
_WHOLE, _TOLD = "frame", "message"
_OF_PART = ("number", "media_type", "encoding", "size", "file_name")


def compose_prefix() -> str:
    """Return the address of the composer, to which a ``mailto:`` link adds its parameters."""
    return f"{reverse('mail:compose')}?"


# --- sanitised once ---


class ReaderSanitiser:
    """Sanitises the HTML of one message for the reader, or finds the cached result (the content of
    a UID never changes: RFC 9051 section 2.3.1.1).

    It implements ``contents.Sanitiser``. Two records are cached: the HTML, for the frame, and the
    facts about it, for the reader and for each image. ``inside`` names a message inside the
    message. Its images follow the user's choice for the outer message, whose author could have
    written all of its content. ``images`` is that choice, once the author is known.
    """

    def __init__(self, request: SignedInRequest, ref: MessageRef, inside: str = "") -> None:
        self.images = Images()
        self._request, self._ref, self._inside = request, ref, inside
        self._author: str | None = None
        self._is_known = False
        self._may_keep = True

    def meet(self, imap: Connection) -> None:
        """Find out the author of the message; takes two commands unless it is cached."""
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
        """Return the cached facts about the HTML without its text, which only the frame needs."""
        if not self._inside:
            self._met(author_of(fields, envelope))
        if record := self._kept(_TOLD):
            self._is_known = True
            return _frame_html(record)
        if not self._inside:
            session_cache.put(self._request, "author", _name(self._ref), self._author)
        return None

    def found(self) -> FrameHtml | None:
        """Return the cached HTML."""
        if record := self._kept(_WHOLE):
            self._is_known = True
            return _frame_html(record)
        return None

    def loaded(self) -> Loaded | None:
        """Return the resources that the cached HTML loads, without reading the HTML."""
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
            # An overloaded machine may have time for it later.
            self._may_keep = error.limit is not sandbox.CallLimit.BUSY
            raise

    def keep(self, rendered: FrameHtml) -> None:
        """Cache the HTML, for the frame, its images and the next time."""
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
        """Return a cached record; None also where the choice for its images has changed since."""
        record: dict[str, Any] | None = session_cache.get(self._request, kind, self._message())
        if record is None:
            return None
        if self._author is None:
            self._met(record["author"])
        is_same = (record["author"], record["shown"]) == (self._author, self.images.are_shown)
        return record if is_same else None

    def _message(self) -> str:
        return json.dumps([_name(self._ref), self._inside, html.POLICY, get_language()])


def _frame_html(record: dict[str, Any]) -> FrameHtml:
    inline = tuple(part and Part(**part) for part in record["inline"])
    return FrameHtml(
        SafeHtml.from_dict(record["html"]), inline, record["truncated"], record["simplified"]
    )


@dataclass(frozen=True)
class Loaded:
    """The resources that the HTML of a message loads. ``inline[n]`` is the part behind
    ``inline/<n>``, ``remote[n]`` the URL behind ``remote/<n>``, which is loaded only where
    ``images`` are shown."""

    inline: tuple[Part | None, ...]
    remote: tuple[str, ...]
    images: Images


class HtmlReader(Protocol):
    """A function that reads the HTML of a message. Raises PartNotFound when there is none."""

    def __call__(self, imap: Connection, ref: MessageRef, *, sanitiser: Sanitiser) -> FrameHtml: ...


def frame_html_of(
    request: SignedInRequest, ref: MessageRef, inside: str = "", read: HtmlReader = reading.html
) -> tuple[FrameHtml, Images]:
    """Return the HTML of a message for the user, without an IMAP command if this session has opened
    the message.

    ``inside`` names a message inside it, which ``read`` reads. Raises PartNotFound when there is no
    HTML, and the errors of reading a message.
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
    """Return the cached HTML of a message inside a message. No command."""
    rendered = ReaderSanitiser(request, ref, inside).found()
    return rendered.html if rendered else None


def digest(request: SignedInRequest, ref: MessageRef) -> str | None:
    """Return the identity of a message (`digests.digest_of`), if this session opened its frame
    before its reader. No command."""
    known_digest: str | None = session_cache.get(request, "fields", _name(ref))
    return known_digest


def loaded(
    request: SignedInRequest, ref: MessageRef, inside: str = "", read: HtmlReader = reading.html
) -> Loaded:
    """Return what the HTML of a message loads, as `of` does, but read only the small record, since
    each image asks."""
    known_loads = ReaderSanitiser(request, ref, inside).loaded()
    if known_loads is None:
        rendered, images = frame_html_of(request, ref, inside, read)
        known_loads = Loaded(rendered.inline, rendered.html.remote, images)
    return known_loads


# --- images from elsewhere ---


@dataclass(frozen=True)
class Images:
    """Whether the remote images of a message are loaded: once in this session (``once``), or
    ``always``, by the user's choice for the author (``chosen``) or for all contacts
    (``for_contacts``), or by the administrators'. ``author`` is "" where the author cannot be
    trusted."""

    author: str = ""
    once: bool = False
    always: bool = False
    chosen: bool = False
    for_contacts: bool = False

    @property
    def are_shown(self) -> bool:
        return self.once or self.always


def author_of(fields: Headers, envelope: Envelope) -> str:
    """Return the address of a message's author; ``""`` if there is none, several, or one whose
    domain disowns the message. Anybody can write any address into From, so the author is unknown
    where no verdicts of a mail server are read."""
    if not settings.AUTHSERV_ID or len(envelope.from_) != 1:
        return ""
    if authentication.server_verdicts(fields, settings.AUTHSERV_ID).is_refused:
        return ""
    return envelope.from_[0].address


def images(request: SignedInRequest, ref: MessageRef, author: str) -> Images:
    """Return the user's choice of images for a message by ``author``."""
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
    """Return the author of a message, as `author_of` does. Two commands."""
    fetched, raw = fetch.opened(imap, ref)
    return author_of(headers.parse(raw), fetched.envelope)


def choose(request: SignedInRequest, ref: MessageRef, author: str, show: str) -> None:
    """Store a choice: show the images of this message in this session (``once``), of its author
    from now on (``always``), or neither any more (``never``); of all contacts from now on
    (``contacts``), or no longer (``not_contacts``)."""
    hides = show in (ImagesForm.NEVER, ImagesForm.NOT_CONTACTS)
    digests = [
        shown_digest
        for shown_digest in request.session.get(_SHOWN_ONCE, ())
        if shown_digest != _digest(ref)
    ]
    if not hides:
        digests.append(_digest(ref))
    request.session[_SHOWN_ONCE] = digests[-_MOST_SHOWN_ONCE:]
    match show:
        case ImagesForm.ALWAYS if author:
            with suppress(ValueError):  # an invalid address allows this once only
                AllowedSender.objects.allow(request.user, author)
        case ImagesForm.NEVER:
            AllowedSender.objects.forget(request.user, author)
        case ImagesForm.CONTACTS:
            _prefer(request, "contacts")
        case ImagesForm.NOT_CONTACTS:
            _prefer(request, "ask")


def _prefer(request: SignedInRequest, images: str) -> None:
    """Store the preference for images, unless administrators have locked it."""
    if "images" in request.preferences.locked:
        return
    request.user.preferences = {**request.user.preferences, "images": images}
    request.user.save(update_fields=["preferences"])


def _name(ref: MessageRef) -> str:
    return json.dumps([ref.folder, ref.uidvalidity, ref.uid])


def _digest(ref: MessageRef) -> str:
    return hashlib.sha256(_name(ref).encode()).hexdigest()[:20]
