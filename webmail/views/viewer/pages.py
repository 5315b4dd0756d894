"""The page of a file, over its message."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render as render_template
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET

from accounts import session
from accounts.http import SignedInRequest, login_required
from addressbook.vcard import preview
from core.htmx import render, wants_partial
from mail.imap.connection import Connection
from mail.mailbox import reading
from mail.mailbox.reading import OpenedMessage
from mail.previews import calendar, scans, tables
from mail.previews.detect import BINARY, Kind
from mail.previews.failures import NoPreview, Reason
from mail.previews.making import make
from webmail.presentation import files, links, words
from webmail.presentation.files import AttachmentCard
from webmail.reader import attachments, html, invitations
from webmail.reader.attachments import FoundAttachment, InnerFiles
from webmail.views.viewer import nested_page, office_page
from webmail.views.viewer.answers import unshown
from webmail.views.viewer.places import Place, at_place, download_url, name_of, opened_message
from webmail.views.viewer.preview import Preview, framed, of_tables, refused

# Members of an archive that one page lists.
MOST_LISTED = 500


@require_GET
@login_required
@at_place
def view(request: SignedInRequest, place: Place) -> HttpResponse:
    """Show an attachment over its message; for htmx the viewer alone."""
    return _page(request, place)


def _page(request: SignedInRequest, place: Place) -> HttpResponse:
    with session.imap(request) as imap:
        opened = opened_message(request, imap, place.ref)
        attachment = attachments.look(
            imap, place.ref, place.number, place.member, settings.PREVIEW_LIMIT
        )
        around = _surroundings(request, imap, place, opened, attachment)
    name = name_of(attachment)
    kind, kind_class = files.kind_of(name)
    context = {
        "message": words.subject_of(opened.fetched.envelope.subject),
        "name": name,
        "kind": kind,
        "kind_class": kind_class,
        "size": words.size(
            len(attachment.content) if attachment.is_whole else attachment.file.size
        ),
        "place": _position(place, around.beside),
        "close_url": f"{links.message_url(place.ref)}#{around.anchor}",
        "download_url": download_url(place),
        "zip_url": around.zip_url,
        "holder_url": around.holder.url() if around.holder else "",
        "claim": _contradicted(attachment),
        "is_program": attachment.detected.is_program,
        "shown": _preview(request, place, attachment),
    }
    return render(request, "webmail/viewer/viewer.html", context)


@require_GET
@login_required
@at_place
def message(request: SignedInRequest, place: Place) -> HttpResponseBase:
    """Show a nested message inside the page of its message; without htmx on the viewer's page."""
    if not wants_partial(request):
        return _page(request, place)
    with unshown():
        shown = nested_page.read(request, place)
    response = render_template(request, "webmail/reader/_nested_message.html", {"message": shown})
    patch_vary_headers(response, ["HX-Request"])
    return response


@dataclass(frozen=True)
class Surroundings:
    """The surroundings of a file: its holder, the files beside it with itself among them, and the
    place of the file on the message's page."""

    holder: Place | None
    beside: tuple[Place, ...]
    anchor: str
    zip_url: str = ""


def _surroundings(
    request: SignedInRequest,
    imap: Connection,
    place: Place,
    opened: OpenedMessage,
    attachment: FoundAttachment,
) -> Surroundings:
    """The surroundings of an attachment, or of a file in an archive or a nested message."""
    ref, root = place.ref, opened.fetched.structure
    holders = reading.enclosing(root, place.number)
    anchor = f"nested-{holders[0].number}" if holders else f"file-{place.number}"
    if place.holder:
        steps = attachments.inner_files(attachment.holder).openable if attachment.holder else ()
        beside = tuple(filter(None, (place.holder.step(step) for step in steps)))
        return Surroundings(place.holder, beside, anchor)
    if holders:
        holder = Place(ref, holders[-1].number)
        sanitiser = html.ReaderSanitiser(request, ref, holder.inside)
        sanitiser.meet(imap)
        parts = reading.nested(imap, ref, holders[-1], sanitiser=sanitiser).shown.attachments
        return Surroundings(holder, tuple(Place(ref, part.number) for part in parts), anchor)
    parts = opened.shown.attachments
    zip_url = links.message_url(ref, "zip") if len(parts) > 1 else ""
    return Surroundings(None, tuple(Place(ref, part.number) for part in parts), anchor, zip_url)


def _position(place: Place, beside: Sequence[Place]) -> dict[str, Any]:
    """The place of a file among those beside it, and the files before and after it."""
    if place not in beside:
        return {}
    at = beside.index(place)
    return {
        "number": at + 1,
        "count": len(beside),
        "before": beside[at - 1].url() if at else "",
        "after": beside[at + 1].url() if at + 1 < len(beside) else "",
    }


def _contradicted(attachment: FoundAttachment) -> dict[str, str]:
    """The claimed and the real kind of a file, where they differ; else an empty mapping."""
    if not attachment.detected.contradiction:
        return {}
    kind, _css = files.kind_of(attachment.file.name)
    claimed = kind if kind != "…" else attachment.file.media_type
    return {"claimed": claimed, "real": attachment.detected.extension.upper()}


# --- how each kind is shown ---


def _preview(request: SignedInRequest, place: Place, attachment: FoundAttachment) -> Preview:
    if attachment.refusal is not None:
        return refused(attachment.refusal)
    if attachment.file.size > settings.PREVIEW_LIMIT and attachment.detected.kind in LIMITED:
        return refused(Reason.TOO_LARGE)
    try:
        if attachment.detected.kind is Kind.OFFICE:
            return office_page.preview(request, place, attachment)
        if attachment.detected.kind is Kind.MESSAGE:
            return Preview(
                "webmail/viewer/message.html", {"message": nested_page.read(request, place)}
            )
        return SHOWN_BY[attachment.detected.kind](place, attachment)
    except NoPreview as refusal:
        return refused(refusal.reason)


def _image(place: Place, attachment: FoundAttachment) -> Preview:
    if (
        attachment.detected.extension == "tiff"
        and attachment.is_whole
        and make(scans.is_paged, attachment.content)
    ):
        return Preview("webmail/viewer/pdf.html", {"src": place.url("view_scan")})
    return Preview("webmail/viewer/image.html", {"src": place.url("view_image")})


def _pdf(place: Place, _attachment: FoundAttachment) -> Preview:
    return Preview("webmail/viewer/pdf.html", {"src": place.url("view_pdf")})


def _media(place: Place, attachment: FoundAttachment) -> Preview:
    if attachment.detected.served == BINARY:
        return refused(Reason.UNSUPPORTED)
    context = {
        "src": place.url("view_media"),
        "type": attachment.detected.served,
        "is_video": attachment.detected.kind is Kind.VIDEO,
    }
    return Preview("webmail/viewer/media.html", context)


def _text(_place: Place, attachment: FoundAttachment) -> Preview:
    return Preview(
        "webmail/viewer/text.html",
        {"plain": make(tables.text, attachment.content, attachment.file.charset)},
    )


def _csv(_place: Place, attachment: FoundAttachment) -> Preview:
    return of_tables((make(tables.csv_table, attachment.content, attachment.file.charset),))


def _archive(place: Place, attachment: FoundAttachment) -> Preview:
    holding = attachments.inner_files(attachment)
    files = _listed(place, holding)
    context = {
        "files": files[:MOST_LISTED],
        "is_truncated": holding.is_truncated or len(files) > MOST_LISTED,
    }
    return Preview("webmail/viewer/archive.html", context)


def _listed(place: Place, holding: InnerFiles) -> list[AttachmentCard]:
    """The files that an archive holds, as their lines show them."""
    return [
        nested_page.card(
            held.path, held.file.size, place.step(held.index), locked=held.is_encrypted
        )
        for held in holding.files[: MOST_LISTED + 1]
    ]


def _cards(place: Place, attachment: FoundAttachment) -> Preview:
    cards = make(preview.cards, attachment.content)
    context = {"cards": cards, "add_url": place.url("view_contacts")}
    return Preview("webmail/viewer/cards.html", context)


def _calendar(_place: Place, attachment: FoundAttachment) -> Preview:
    method = attachment.file.parameters.get("method", "")
    invitation = calendar.invitation(attachment.content, attachment.file.charset, method=method)
    return Preview("webmail/viewer/calendar.html", {"invitation": invitations.told(invitation)})


def _unknown(_place: Place, _attachment: FoundAttachment) -> Preview:
    return refused(Reason.UNSUPPORTED)


SHOWN_BY: dict[Kind, Callable[[Place, FoundAttachment], Preview]] = {
    Kind.IMAGE: _image,
    Kind.PDF: _pdf,
    Kind.TEXT: _text,
    Kind.CSV: _csv,
    Kind.MARKDOWN: framed,
    Kind.AUDIO: _media,
    Kind.VIDEO: _media,
    Kind.ARCHIVE: _archive,
    Kind.VCARD: _cards,
    Kind.CALENDAR: _calendar,
    Kind.UNKNOWN: _unknown,
}
# The browser fetches these by itself, and holds all of them in its memory.
LIMITED = frozenset({Kind.IMAGE, Kind.PDF})
