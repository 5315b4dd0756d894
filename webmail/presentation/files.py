"""Attachments as their cards show them: names, kinds, sizes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext

from mail.imap.values import MessageRef
from mail.mime import headers
from mail.mime.build import decoded_size
from mail.mime.structure import MESSAGE_TYPES, Part
from webmail.presentation.links import message_url
from webmail.presentation.words import size

_LONGEST_SEEN = 60
MOST_CARDS = 500
"""The most files of a message that are listed; a message may have ten thousand."""

KINDS = {
    "k-pdf": ("pdf",),
    "k-doc": ("doc", "docx", "odt", "rtf", "txt", "md"),
    "k-img": ("png", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "svg", "heic"),
    "k-tab": ("xls", "xlsx", "ods", "csv", "tsv"),
}


# The extension of the name that is given to a part without one.
ENDINGS = {
    "text/plain": "txt",
    "text/html": "html",
    "text/csv": "csv",
    "text/vcard": "vcf",
    "text/x-vcard": "vcf",
    "text/directory": "vcf",
    "text/markdown": "md",
    "text/rtf": "rtf",
    "application/rtf": "rtf",
    "application/pdf": "pdf",
    "application/zip": "zip",
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.oasis.opendocument.presentation": "odp",
    "image/jpeg": "jpg",
    "image/pjpeg": "jpg",
    "image/svg+xml": "svg",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "video/quicktime": "mov",
}


# Attachments drawn small on their cards: what the image reader knows, and not too much of it.
DRAWN = {
    *("image/jpeg", "image/jpg", "image/pjpeg", "image/png", "image/gif", "image/webp"),
    *("image/bmp", "image/x-bmp", "image/x-ms-bmp", "image/tiff"),
}


THUMBNAIL_LIMIT = 10_000_000


# Files that a computer runs when they are opened, on Windows for the most part.
_PROGRAMS = frozenset(
    """
    apk app appx bat chm cmd com cpl dll dmg exe hta inf jar js jse lnk mjs msc msi msix msp mst pif
    pkg ps1 psm1 reg rpm scf scr sct sh sys url vb vbe vbs wsc wsf wsh xll
    """.split()
)
_WITH_MACROS = frozenset({"docm", "dotm", "xlsm", "xltm", "xlam", "pptm", "potm", "ppsm", "xlsb"})
_PROGRAM_TYPES = frozenset(
    {
        *("application/x-msdownload", "application/x-dosexec", "application/x-msdos-program"),
        *("application/x-ms-installer", "application/x-msi", "application/x-executable"),
        *("application/java-archive", "application/vnd.android.package-archive"),
        *("application/vnd.microsoft.portable-executable", "application/x-sh"),
    }
)


_PLAIN = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,5})*")
CLASS_OF_KIND = {ending: css for css, endings in KINDS.items() for ending in endings}


@dataclass(frozen=True)
class AttachmentCard:
    """A file as its card shows it. ``view_url`` and ``url``, the download, are "" for a file that
    cannot be opened here: it is ``locked`` by a password, or too deep in others. ``warning`` says
    why it is dangerous to open, judged by name and type."""

    number: str
    name: str
    kind: str
    kind_class: str
    size: str
    url: str
    view_url: str
    thumb_url: str = ""
    locked: bool = False
    warning: str = ""

    def shut(self) -> AttachmentCard:
        """Return the card of a file that is named but cannot be opened."""
        return replace(self, url="", view_url="", thumb_url="")

    @property
    def slot(self) -> str:
        """The number as part of an element's id, for a warning about the content; "" for a file
        with a picture or a warning, and for a file inside another."""
        if self.thumb_url or self.warning or not _PLAIN.fullmatch(self.number):
            return ""
        return self.number.replace(".", "-")


def attachment_cards(ref: MessageRef, parts: Sequence[Part]) -> tuple[AttachmentCard, ...]:
    """Return the cards of the attachments that are listed."""
    return tuple(attachment_card(ref, part) for part in parts[:MOST_CARDS])


def attachment_card(ref: MessageRef, part: Part) -> AttachmentCard:
    name = file_name(part)
    kind, kind_class = kind_of(name)
    octets = decoded_size(part.size) if part.encoding == "base64" else part.size
    drawn = kind_class == "k-img" and part.media_type in DRAWN and octets <= THUMBNAIL_LIMIT
    return AttachmentCard(
        number=part.number,
        name=name,
        kind=kind,
        kind_class=kind_class,
        size=size(octets),
        url=message_url(ref, "part", part.number),
        view_url=message_url(ref, "view", part.number),
        thumb_url=message_url(ref, "view_thumb", part.number) if drawn else "",
        warning=danger(name, part.media_type),
    )


def danger(name: str, media_type: str = "") -> str:
    """Return why it is dangerous to open a file of this name; "" for most files."""
    # Windows leaves out dots and blanks at the end of a name.
    stem, _dot, ending = name.rstrip(". ").lower().rpartition(".")
    if not stem:
        ending = ""
    if ending in _PROGRAMS or media_type in _PROGRAM_TYPES:
        return gettext("Program: dangerous to open")
    return gettext("May hold macros") if ending in _WITH_MACROS else ""


def misnamed(extension: str, *, is_program: bool) -> str:
    """Return the warning about a file whose content contradicts its name or type. ``extension`` is
    that of its real kind, "" if that is not known."""
    if is_program:
        return gettext("Program: dangerous to open")
    if extension:
        return gettext("Not what its name says: %(real)s") % {"real": extension.upper()}
    return gettext("Not what its name says")


def kept_card(ref: MessageRef, part: Part) -> AttachmentCard:
    """Return the card of a part of the answered message that leaves with the answer. A part without
    a type was not looked up on the server; the number ``whole`` is the message itself."""
    if not part.media_type:
        name = gettext("attachment %(number)s") % {"number": part.number}
        return AttachmentCard(part.number, name, "…", "k-any", "", "", "")
    if not part.number[:1].isdigit():
        url = message_url(ref, "source")
        name = file_name(part)
        return AttachmentCard(part.number, name, "EML", "k-any", size(part.size), url, "")
    return attachment_card(ref, part)


def kind_of(name: str) -> tuple[str, str]:
    """Return the label of a file's card, by the extension of its name: ``("PDF", "k-pdf")``."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    return ending[:4].upper() or "…", CLASS_OF_KIND.get(ending, "k-any")


def short_name(name: str) -> str:
    """Return a file's name, shortened in the middle to at most 59 characters, so that its extension
    is seen."""
    return f"{name[:40]}…{name[-18:]}" if len(name) > _LONGEST_SEEN else name


def file_name(part: Part) -> str:
    """Return the name of an attachment, also of one without a name."""
    return part.file_name or _unnamed(part)


def zip_name(subject: str, sent: datetime | None) -> str:
    """Return the name of the zip of all attachments of a message, with the message's day in the
    user's time zone: ``2026-11-25 Conseil de classe.zip``."""
    day = f"{timezone.localtime(sent):%Y-%m-%d} " if sent else ""
    return f"{day}{_short(subject, gettext('attachments'))}.zip"


def _short(subject: str, otherwise: str) -> str:
    """Return a subject as the stem of a file's name."""
    # A question mark or a quote at the end of a subject has become a "_".
    return headers.safe_name(subject)[:80].rstrip(" ._").lstrip(" .") or otherwise


def _unnamed(part: Part) -> str:
    """Return a name for a part without one, by its type."""
    if part.media_type in MESSAGE_TYPES:
        subject = part.envelope.subject if part.envelope else ""
        return _short(subject, gettext("message")) + ".eml"
    named = _named_by_type(part.media_type)
    if named:
        return named
    ending = ENDINGS.get(part.media_type, "")
    if not ending and part.media_type.startswith(("image/", "audio/", "video/")):
        ending = part.media_type.rpartition("/")[2].removeprefix("x-")
    number = gettext("attachment %(number)s") % {"number": part.number}
    return headers.safe_name(f"{number}.{ending}" if ending else number)


def _named_by_type(media_type: str) -> str:
    """Return the name of a file that mail programs leave unnamed, since it is the only one of its
    kind; "" for others."""
    words = {
        "text/calendar": (gettext("invitation"), ".ics"),
        "message/delivery-status": (gettext("delivery report"), ".txt"),
        "message/global-delivery-status": (gettext("delivery report"), ".txt"),
        "message/disposition-notification": (gettext("read receipt"), ".txt"),
        "message/global-disposition-notification": (gettext("read receipt"), ".txt"),
        "message/feedback-report": (gettext("abuse report"), ".txt"),
        "text/rfc822-headers": (gettext("headers of the message"), ".txt"),
        "message/global-headers": (gettext("headers of the message"), ".txt"),
        "application/pgp-signature": (gettext("signature"), ".asc"),
        "application/pgp-keys": (gettext("PGP key"), ".asc"),
        "application/pkcs7-signature": ("smime", ".p7s"),
        "application/x-pkcs7-signature": ("smime", ".p7s"),
        "application/pkcs7-mime": ("smime", ".p7m"),
        "application/x-pkcs7-mime": ("smime", ".p7m"),
        "application/ms-tnef": ("winmail", ".dat"),
    }
    return "".join(words.get(media_type, ()))
