"""Attachments opened in place: a page for each, with what a browser may be given of it.

What mail carries is never answered as something that a browser would run: images are encoded anew,
sounds and films come under a type of a fixed list, PDFs as bytes for our own reader, texts and
tables are escaped in our page, and HTML goes through the sanitiser into a sandboxed frame.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as render_template
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext, ngettext
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_POST
from kombu.exceptions import OperationalError

from accounts import session
from accounts.http import SignedInRequest, login_required
from addressbook.contacts import received
from webmail import (
    attachments,
    conversions,
    dates,
    invitations,
    presentation,
    rendering,
    streaming,
    tasks,
)
from webmail.attachments import Found, Holding
from webmail.errors import PartNotFound, ServerRefused, ServerUnavailable
from webmail.htmx import render
from webmail.imap import fetch
from webmail.imap.connection import Connection
from webmail.imap.values import MessageRef
from webmail.mailbox import reading
from webmail.mailbox.reading import Opened
from webmail.mime import html as html_mail
from webmail.mime import text as mime_text
from webmail.mime.html import SafeHtml
from webmail.models import OfficePreview
from webmail.previews import calendar, images, tables, vcards
from webmail.previews import office as office_files
from webmail.previews.detect import BINARY, Kind
from webmail.previews.failures import NoPreview, Reason
from webmail.previews.pages import Page, Sheets, Table
from webmail.views.messages import TOAST
from webmail.views.parts import FRAMED, INERT, SANDBOX, policy

# Members of an archive that one page lists.
MOST_LISTED = 500


@dataclass(frozen=True)
class Place:
    """What an address of the viewer names: an attachment, or a file inside it."""

    ref: MessageRef
    number: str
    member: tuple[int, ...] = ()

    def url(self, view: str = "view", *more: object) -> str:
        args: list[object] = [self.ref.folder, presentation.ref_segment(self.ref), self.number]
        if self.member:
            args.append(self.member)
        return reverse(f"mail:{view}", args=[*args, *more])

    def inside(self, index: int) -> Place | None:
        """A file inside this one; None where no address leads so deep."""
        if len(self.member) >= attachments.DEEPEST:
            return None
        return Place(self.ref, self.number, (*self.member, index))

    @property
    def name(self) -> str:
        """One text for all of it."""
        return self.url()

    @property
    def holder(self) -> Place | None:
        return Place(self.ref, self.number, self.member[:-1]) if self.member else None


@dataclass(frozen=True)
class Preview:
    """How a file is shown: a template, and what it is given."""

    template: str
    context: dict[str, Any] = field(default_factory=dict)

    @property
    def zooms(self) -> bool:
        return self.template in ZOOMED

    @property
    def prints(self) -> bool:
        """Whether the page is worth printing; a PDF is printed by its own reader."""
        return self.template not in UNPRINTED


ZOOMED = {f"webmail/viewer_{name}.html" for name in ("image", "text", "table")}
UNPRINTED = {f"webmail/viewer_{name}.html" for name in ("pdf", "media", "none", "office")}


def refused(reason: Reason) -> Preview:
    return Preview("webmail/viewer_none.html", {"reason": reason.value})


def at_place(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """The captured values of both kinds of addresses, as one."""

    @wraps(view)
    def placed(
        request: SignedInRequest,
        folder: str,
        ref: tuple[int, int],
        number: str,
        member: tuple[int, ...] = (),
        **more: Any,
    ) -> HttpResponseBase:
        return view(request, Place(MessageRef(folder, *ref), number, member), **more)

    return placed


# --- the page ---


@require_GET
@login_required
@at_place
def view(request: SignedInRequest, place: Place) -> HttpResponse:
    """An attachment over its message; for htmx the viewer alone."""
    with session.imap(request) as imap:
        opened = _opened(request, imap, place.ref)
        found = attachments.look(
            imap, place.ref, place.number, place.member, settings.PREVIEW_LIMIT
        )
    parts = opened.shown.attachments
    name = _name(found)
    kind, kind_class = presentation.kind_of(name)
    context = {
        "message": presentation.subject_of(opened.fetched.envelope.subject),
        "name": name,
        "kind": kind,
        "kind_class": kind_class,
        "size": presentation.size(len(found.content) if found.is_whole else found.file.size),
        "place": _position(place, [part.number for part in parts]),
        "close_url": f"{presentation.message_url(place.ref)}#file-{place.number}",
        "download_url": _download_url(place),
        "zip_url": presentation.message_url(place.ref, "zip") if len(parts) > 1 else "",
        "holder_url": place.holder.url() if place.holder else "",
        "claim": _contradicted(found),
        "is_program": found.detected.is_program,
        "shown": _preview(request, place, found),
    }
    return render(request, "webmail/viewer.html", context)


def _opened(request: SignedInRequest, imap: Connection, ref: MessageRef) -> Opened:
    """The message, whose attachments are those of its own page."""
    renderer = rendering.Renderer(request, ref)
    return reading.open_message(imap, ref, mark_seen=False, rendering=renderer)


def _name(found: Found) -> str:
    if found.file.part is not None:
        return presentation.file_name(found.file.part)
    return found.file.name or gettext("file")


def _download_url(place: Place) -> str:
    if place.member:
        return place.url("view_file")
    return presentation.message_url(place.ref, "part", place.number)


def _position(place: Place, numbers: Sequence[str]) -> dict[str, Any]:
    """Where an attachment stands among those of its message, and what stands beside it."""
    if place.member or place.number not in numbers:
        return {}
    at = numbers.index(place.number)
    before = Place(place.ref, numbers[at - 1]).url() if at else ""
    after = Place(place.ref, numbers[at + 1]).url() if at + 1 < len(numbers) else ""
    return {"number": at + 1, "count": len(numbers), "before": before, "after": after}


def _contradicted(found: Found) -> dict[str, str]:
    """What the mail claims a file to be and what it is, where these differ."""
    if not found.detected.contradiction:
        return {}
    kind, _css = presentation.kind_of(found.file.name)
    claimed = kind if kind != "…" else found.file.media_type
    return {"claimed": claimed, "real": found.detected.extension.upper()}


# --- how each kind is shown ---


def _preview(request: SignedInRequest, place: Place, found: Found) -> Preview:
    if found.refusal is not None:
        return refused(found.refusal)
    if found.file.size > settings.PREVIEW_LIMIT and found.detected.kind in LIMITED:
        return refused(Reason.TOO_LARGE)
    try:
        if found.detected.kind is Kind.OFFICE:
            return _office(request, place, found)
        return SHOWN_BY[found.detected.kind](place, found)
    except NoPreview as refusal:
        return refused(refusal.reason)


def _image(place: Place, _found: Found) -> Preview:
    return Preview("webmail/viewer_image.html", {"src": place.url("view_image")})


def _pdf(place: Place, _found: Found) -> Preview:
    return Preview("webmail/viewer_pdf.html", {"src": place.url("view_pdf")})


def _media(place: Place, found: Found) -> Preview:
    if found.detected.served == BINARY:
        return refused(Reason.UNSUPPORTED)
    context = {
        "src": place.url("view_media"),
        "type": found.detected.served,
        "is_video": found.detected.kind is Kind.VIDEO,
    }
    return Preview("webmail/viewer_media.html", context)


def _text(_place: Place, found: Found) -> Preview:
    return Preview(
        "webmail/viewer_text.html", {"plain": tables.text(found.content, found.file.charset)}
    )


def _csv(_place: Place, found: Found) -> Preview:
    return _tables((tables.csv_table(found.content, found.file.charset),))


def _tables(found: Sequence[Table], *, is_truncated: bool = False) -> Preview:
    context = {"tables": found, "is_truncated": is_truncated}
    return Preview("webmail/viewer_table.html", context)


def _framed(place: Place, _found: Found) -> Preview:
    return Preview("webmail/viewer_frame.html", {"src": place.url("view_frame")})


def _office(request: SignedInRequest, place: Place, found: Found) -> Preview:
    """By a job where LibreOffice is there; as simple text and tables where it is not, or where the
    person would rather have that."""
    by_job = settings.OFFICE == "auto" and office_files.is_available()
    if by_job and "light" not in request.GET:
        return _converted(request, place, found)
    light = office_files.light(found.content, found.detected.extension)
    if isinstance(light, Sheets):
        return _tables(light.tables, is_truncated=light.is_truncated)
    return _framed(place, found)


def _converted(request: SignedInRequest, place: Place, found: Found) -> Preview:
    job = conversions.begin(
        request, request.user, place.name, found.content, found.detected.extension
    )
    if job.state == job.State.WAITING:
        try:
            tasks.convert_office_file.delay(job.pk)
        except OperationalError:
            job.fail(Reason.BUSY)
        job.refresh_from_db()
    return _of_job(place, job)


def _of_job(place: Place, job: OfficePreview) -> Preview:
    """How far it is, what came of it, or why nothing did."""
    if job.is_stuck or job.state == job.State.FAILED:
        context: dict[str, Any] = {"reason": job.reason or Reason.TOO_SLOW.value}
        if office_files.has_light(job.extension) and job.reason != Reason.ENCRYPTED:
            context["light_url"] = f"{place.url()}?light=1"
        return Preview("webmail/viewer_none.html", context)
    if job.state == job.State.DONE:
        context = {"src": place.url("view_office_pdf"), "is_truncated": job.is_truncated}
        return Preview("webmail/viewer_pdf.html", context)
    context = {"poll_url": place.url("view_office"), "page_url": place.url()}
    return Preview("webmail/viewer_office.html", context)


def _archive(place: Place, found: Found) -> Preview:
    holding = attachments.inside(found)
    files = _listed(place, holding)
    context = {
        "files": files[:MOST_LISTED],
        "is_truncated": holding.is_truncated or len(files) > MOST_LISTED,
    }
    return Preview("webmail/viewer_archive.html", context)


def _listed(place: Place, holding: Holding) -> list[dict[str, Any]]:
    """The files that a file holds, as their lines or cards show them."""
    listed = []
    for held in holding.files[: MOST_LISTED + 1]:
        name = presentation.file_name(held.file.part) if held.file.part else held.file.name
        kind, kind_class = presentation.kind_of(name)
        opened = place.inside(held.index)
        openable = opened is not None and not held.is_encrypted
        listed.append(
            {
                "path": held.path or name,
                "kind": kind,
                "kind_class": kind_class,
                "size": presentation.size(held.file.size),
                "is_encrypted": held.is_encrypted,
                "url": opened.url() if opened and openable else "",
                "download_url": opened.url("view_file") if opened and openable else "",
            }
        )
    return listed


def _message(place: Place, found: Found) -> Preview:
    letter = attachments.letter(found.content)
    context = {
        "letter": letter,
        "subject": presentation.subject_of(letter.subject),
        "date": dates.when_long(letter.date),
        "text": "" if letter.html else _text_html(letter.text),
        "frame_url": place.url("view_frame") if letter.html else "",
        "files": _listed(place, attachments.inside(found)),
    }
    return Preview("webmail/viewer_message.html", context)


def _text_html(words: str) -> str:
    return presentation.text_html(words, rendering.compose_prefix())


def _cards(place: Place, found: Found) -> Preview:
    cards = vcards.cards(found.content, found.file.charset)
    context = {"cards": cards, "add_url": place.url("view_contacts")}
    return Preview("webmail/viewer_cards.html", context)


def _calendar(_place: Place, found: Found) -> Preview:
    method = found.file.parameters.get("method", "")
    said = calendar.invitation(found.content, found.file.charset, method=method)
    return Preview("webmail/viewer_calendar.html", {"invitation": invitations.told(said)})


def _unknown(_place: Place, _found: Found) -> Preview:
    return refused(Reason.UNSUPPORTED)


SHOWN_BY: dict[Kind, Callable[[Place, Found], Preview]] = {
    Kind.IMAGE: _image,
    Kind.PDF: _pdf,
    Kind.TEXT: _text,
    Kind.CSV: _csv,
    Kind.MARKDOWN: _framed,
    Kind.AUDIO: _media,
    Kind.VIDEO: _media,
    Kind.ARCHIVE: _archive,
    Kind.MESSAGE: _message,
    Kind.VCARD: _cards,
    Kind.CALENDAR: _calendar,
    Kind.UNKNOWN: _unknown,
}
# The browser fetches these by itself, and holds all of them in its memory.
LIMITED = frozenset({Kind.IMAGE, Kind.PDF})


# --- what a browser is given ---


@require_GET
@login_required
@policy(INERT)
@at_place
def image(request: SignedInRequest, place: Place) -> HttpResponseBase:
    """An image, encoded anew."""
    found = _whole(request, place, Kind.IMAGE)
    with _unshown():
        return _picture(images.picture(found.content))


@require_GET
@login_required
@policy(INERT)
@at_place
def thumb(request: SignedInRequest, place: Place) -> HttpResponseBase:
    """An image small, for its card."""
    found = _whole(
        request,
        place,
        Kind.IMAGE,
        limit=presentation.THUMBNAIL_LIMIT,
    )
    with _unshown():
        return _picture(images.thumbnail(found.content))


@require_GET
@login_required
@policy(INERT)
@at_place
def inline(request: SignedInRequest, place: Place, n: int) -> HttpResponseBase:
    """The nth image that the HTML of a nested message names."""
    found = _whole(request, place, Kind.MESSAGE)
    with _unshown():
        content = attachments.inline_image(found.content, n)
        return _picture(images.picture(content))


@require_GET
@login_required
@policy(INERT)
@at_place
def media(request: SignedInRequest, place: Place) -> HttpResponseBase:
    """A sound or a film, whole or the span that the browser asks for."""
    return _bytes(request, place, frozenset({Kind.AUDIO, Kind.VIDEO}), "")


@require_GET
@login_required
@policy(INERT)
@at_place
def pdf(request: SignedInRequest, place: Place) -> HttpResponseBase:
    """A PDF as bytes for our own reader: no browser's reader opens this type."""
    return _bytes(request, place, frozenset({Kind.PDF}), BINARY)


@require_GET
@login_required
@policy(INERT)
@at_place
def file(request: SignedInRequest, place: Place) -> HttpResponseBase:
    """A file inside an attachment as a download."""
    found = _whole(request, place)
    return _download(StreamingHttpResponse(iter((found.content,))), _name(found))


@require_POST
@login_required
@at_place
def add_contacts(request: SignedInRequest, place: Place) -> HttpResponse:
    """The cards of a file go into the reader's contacts; who is there already stays as he is."""
    found = _whole(request, place, Kind.VCARD)
    made, known = received.add(request.user, found.content)
    words = ngettext("%(count)d contact added.", "%(count)d contacts added.", len(made))
    words %= {"count": len(made)}
    if known:
        already = ngettext(
            "%(count)d was there already.", "%(count)d were there already.", len(known)
        )
        words = f"{words} {already % {'count': len(known)}}"
    request.session[TOAST] = {"message": words, "undo": None}
    several = [*made, *known]
    if len(several) == 1:
        return redirect("addressbook:contact", several[0].pk)
    return redirect("addressbook:contacts")


@require_GET
@login_required
@policy(INERT)
def everything(request: SignedInRequest, folder: str, ref: tuple[int, int]) -> HttpResponseBase:
    """All attachments of a message as one zip, made while it leaves."""
    message_ref = MessageRef(folder, *ref)
    with session.imap(request) as imap:
        opened = _opened(request, imap, message_ref)
    parts = opened.shown.attachments
    if not parts:
        raise PartNotFound("The message has no attachment.")
    names = _distinct([presentation.file_name(part) for part in parts])
    when = dates.local(opened.fetched.received or opened.fetched.envelope.date)
    stream = streaming.begin(
        session.lease(request),
        lambda imap: streaming.zipped(
            imap, message_ref, list(zip(names, parts, strict=True)), when
        ),
    )
    subject = opened.fetched.envelope.subject
    return _download(StreamingHttpResponse(stream), presentation.zip_name(subject))


def _distinct(names: Sequence[str]) -> list[str]:
    """``plan.pdf``, ``plan (2).pdf``: no name twice, also where capitals are the same."""
    taken: set[str] = set()
    distinct = []
    for name in names:
        stem, dot, ending = name.rpartition(".") if "." in name else (name, "", "")
        candidate, count = name, 1
        while candidate.casefold() in taken:
            count += 1
            candidate = f"{stem} ({count}){dot}{ending}"
        taken.add(candidate.casefold())
        distinct.append(candidate)
    return distinct


@require_GET
@login_required
@xframe_options_sameorigin
@policy(FRAMED | {"sandbox": SANDBOX})
@at_place
def frame(request: SignedInRequest, place: Place) -> HttpResponse:
    """What of a file is HTML, sanitised, as a document that can run nothing."""
    found = _whole(request, place, *SANITISED)
    try:
        safe = SANITISED[found.detected.kind](found)
    except (NoPreview, html_mail.TooComplex):
        safe = SafeHtml(mime_text.to_html(gettext("This file cannot be shown here.")))
    return render_template(request, "webmail/message_frame.html", {"safe": safe})


def _markdown(found: Found) -> SafeHtml:
    return _of_page(tables.markdown(found.content, found.file.charset))


def _light(found: Found) -> SafeHtml:
    light = office_files.light(found.content, found.detected.extension)
    if not isinstance(light, Page):
        raise NoPreview(Reason.UNSUPPORTED)
    return _of_page(light)


def _letter(found: Found) -> SafeHtml:
    letter = attachments.letter(found.content)
    if not letter.html:
        raise NoPreview(Reason.UNSUPPORTED)
    return html_mail.sanitise(
        letter.html,
        locations=attachments.locations(found.content),
        quote_label=presentation.quote_label(),
        mailto=rendering.compose_prefix(),
    )


def _of_page(page: Page) -> SafeHtml:
    return SafeHtml(page.body, page.style)


SANITISED: dict[Kind, Callable[[Found], SafeHtml]] = {
    Kind.MARKDOWN: _markdown,
    Kind.OFFICE: _light,
    Kind.MESSAGE: _letter,
}


# --- office files by a job ---


@require_GET
@login_required
@at_place
def office(request: SignedInRequest, place: Place) -> HttpResponse:
    """Asked again and again while the file is converted: 204 until there is news, then 286, at
    which htmx stops asking."""
    job = conversions.find(request, request.user, place.name)
    if job is None:
        raise PartNotFound("Nobody asked for this file, or too long ago.")
    preview = _of_job(place, job)
    if "poll_url" in preview.context:
        return HttpResponse(status=204)
    context = {"shown": preview.context}
    return render_template(request, preview.template, context, status=286)


@require_GET
@login_required
@policy(INERT)
@at_place
def office_pdf(request: SignedInRequest, place: Place) -> HttpResponseBase:
    """What the job made of it, for our own PDF reader."""
    job = conversions.find(request, request.user, place.name)
    content = conversions.result(request, job) if job and job.state == job.State.DONE else None
    if content is None:
        raise PartNotFound("The file was not converted, or too long ago.")
    span = Span.asked(request.headers.get("Range", ""), len(content))
    if span is None:
        return _unsatisfiable(len(content))
    pieces = iter((content[span.start : span.end],))
    return _spanned(StreamingHttpResponse(pieces), span, len(content), BINARY)


# --- answers ---


def _whole(request: SignedInRequest, place: Place, *kinds: Kind, limit: int = 0) -> Found:
    """A file with all its bytes. PartNotFound when it is none of ``kinds``, if any are named, or
    can't be had."""
    limit = limit or settings.PREVIEW_LIMIT
    with _unshown(), session.imap(request) as imap:
        found = attachments.whole(imap, place.ref, place.number, place.member, limit)
    if kinds and found.detected.kind not in kinds:
        raise PartNotFound("The file is of another kind.")
    return found


@contextmanager
def _unshown() -> Iterator[None]:
    """What the page says in words is for its pictures only that they are not there."""
    try:
        yield
    except NoPreview as refusal:
        raise PartNotFound(str(refusal)) from refusal


def _picture(picture: images.Picture) -> HttpResponseBase:
    response = StreamingHttpResponse(iter((picture.content,)), content_type=picture.media_type)
    response["Content-Length"] = len(picture.content)
    return _kept(response)


def _kept(response: HttpResponseBase) -> HttpResponseBase:
    """By the browser, since a UID's content never changes (RFC 9051 section 2.3.1.1). On a shared
    computer the session's middleware has the last word: nothing is kept."""
    response["Cache-Control"] = "private, max-age=86400, immutable"
    return response


def _download(response: HttpResponseBase, name: str) -> HttpResponseBase:
    response["Content-Type"] = BINARY
    response["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    return response


def _bytes(
    request: SignedInRequest, place: Place, kinds: frozenset[Kind], media_type: str
) -> HttpResponseBase:
    """A file of one of ``kinds`` as it is, or the span of it that the browser asks for, where the
    server can cut it. ``media_type`` ``""``: its own, of the fixed list."""
    with session.imap(request) as imap:
        found = attachments.look(
            imap, place.ref, place.number, place.member, settings.PREVIEW_LIMIT
        )
        if found.refusal is not None or found.detected.kind not in kinds:
            raise PartNotFound("The file is of another kind.")
        if found.is_whole:
            size: int | None = len(found.content)
        else:
            size = fetch.binary_size(imap, place.ref, place.number)
    span = Span.asked(request.headers.get("Range", ""), size)
    if span is None:
        return _unsatisfiable(size)
    if found.is_whole:
        pieces: Iterator[bytes] | streaming.Stream = iter((found.content[span.start : span.end],))
    else:
        pieces, span, size = _streamed(request, place.ref, found, span, size)
    response = StreamingHttpResponse(pieces)
    _download(response, _name(found))
    return _kept(_spanned(response, span, size, media_type or found.detected.served))


def _streamed(
    request: SignedInRequest, ref: MessageRef, found: Found, span: Span, size: int | None
) -> tuple[streaming.Stream, Span, int | None]:
    """A span of a part as the server cuts it; all of it, where the server can't decode it."""
    part = found.file.part
    assert part is not None  # noqa: S101  a file inside another is always whole
    if size is not None:
        # Dovecot tells the size of base64 that is cut off, then hangs up over it.
        with suppress(ServerUnavailable, ServerRefused):
            stream = streaming.begin(
                session.lease(request),
                lambda imap: fetch.binary_chunks(imap, ref, part.number, span.start, span.end),
            )
            return stream, span, size
    stream = streaming.begin(
        session.lease(request), lambda imap: streaming.decoded(imap, ref, part)
    )
    return stream, Span(0, 0), None


def _spanned(
    response: HttpResponseBase, span: Span, size: int | None, media_type: str
) -> HttpResponseBase:
    response["Content-Type"] = media_type
    if size is not None:
        response["Accept-Ranges"] = "bytes"
        response["Content-Length"] = span.end - span.start
    if span.is_part:
        response.status_code = 206
        response["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{size}"
    return response


def _unsatisfiable(size: int | None) -> HttpResponseBase:
    response = HttpResponse(status=416)
    response["Content-Range"] = f"bytes */{size}"
    return response


@dataclass(frozen=True)
class Span:
    """Bytes ``start`` to ``end``, which is not included, of a file (RFC 9110 section 14)."""

    start: int
    end: int
    is_part: bool = False

    @classmethod
    def asked(cls, header: str, size: int | None) -> Span | None:
        """What a Range header asks for; all, where it is none of ours or the size is not known;
        None when the file has no such bytes."""
        if size is None:
            return cls(0, 0)
        match = re.fullmatch(r"bytes=([0-9]{0,15})-([0-9]{0,15})", header.strip())
        if not match or not (match[1] or match[2]):
            return cls(0, size)
        if not match[1]:
            start, end = max(size - int(match[2]), 0), size
        else:
            start, end = int(match[1]), min(int(match[2]) + 1 if match[2] else size, size)
        return cls(start, end, is_part=True) if start < end else None
