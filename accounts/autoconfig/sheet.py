"""The settings sheet on paper: one page of A4, without password and NUMEN."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape

from django.contrib.staticfiles import finders
from django.utils.formats import date_format
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _
from reportlab.graphics.shapes import Drawing, Rect
from reportlab.lib.colors import Color, HexColor, black
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import (
    Flowable,
    KeepInFrame,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from accounts.autoconfig import qr
from accounts.lookup import MailSettings, ServerSetting

# The PDF viewer brings a font with all characters of names in Latin script.
_FONTS = "webmail/vendor/pdfjs-6.5.438/standard_fonts/LiberationSans-{}.ttf"
_REGULAR, _BOLD = "LiberationSans-Regular", "LiberationSans-Bold"
_MARGIN = 20 * mm
_WIDTH = A4[0] - 2 * _MARGIN
_ACCENT, _TEXT, _SECOND, _LINE = (
    HexColor(colour) for colour in ("#2c479f", "#1a2233", "#455067", "#c6d3ee")
)


@dataclass(frozen=True, slots=True)
class SheetContext:
    """The text on the sheet besides the settings. ``guides`` is an absolute address. An empty
    telephone number or address of the support desk is left out."""

    product: str
    guides: str
    support_phone: str
    support_email: str
    printed: date


def pdf(settings: MailSettings, around: SheetContext) -> bytes:
    """Return the sheet in the language in force. Long content is scaled down to fit one page."""
    _register_fonts()
    out = BytesIO()
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        title=_("My mail settings"),
        author=_drawable(settings.authority),
        lang=get_language(),
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
    )
    height = A4[1] - 2 * _MARGIN - 12
    content = [
        *_head(settings, around),
        _table(_("My account"), _account(settings)),
        _table(pgettext("of mail", "Servers"), [_server(server) for server in settings.servers]),
        _webmail(settings, around),
        *_foot(around),
    ]
    document.build([KeepInFrame(_WIDTH - 12, height, content, mode="shrink")])
    return out.getvalue()


@cache
def _register_fonts() -> None:
    for name in ("Regular", "Bold"):
        path = finders.find(_FONTS.format(name))
        pdfmetrics.registerFont(TTFont(f"LiberationSans-{name}", str(Path(str(path)))))


@cache
def _characters() -> frozenset[int]:
    return frozenset(pdfmetrics.getFont(_REGULAR).face.charToGlyph)


def _drawable(text: str) -> str:
    """Return the text with characters that the font lacks replaced by their base character or by a
    question mark. The font would draw boxes."""
    return "".join(
        character if ord(character) in _characters() else _base(character)
        for character in unicodedata.normalize("NFC", text)
        if unicodedata.category(character)[0] != "C"
    )


def _base(character: str) -> str:
    base = unicodedata.normalize("NFKD", character)[:1]
    return base if ord(base) in _characters() else "?"


def _paragraph(
    text: str, size: float, *, bold: bool = False, colour: Color = _TEXT, after: float = 0
) -> Paragraph:
    style = ParagraphStyle(
        f"{size} {bold} {colour}",
        fontName=_BOLD if bold else _REGULAR,
        fontSize=size,
        leading=size * 1.3,
        textColor=colour,
        spaceAfter=after,
        splitLongWords=1,
    )
    return Paragraph(escape(_drawable(text)), style)


def _head(settings: MailSettings, around: SheetContext) -> list[Flowable]:
    whose = f"{around.product} · {settings.authority}"
    return [
        _paragraph(whose, 10, colour=_SECOND, after=6),
        _paragraph(_("My mail settings"), 22, bold=True, colour=_ACCENT, after=10),
        _paragraph(settings.name or settings.address, 15, bold=True),
        *([_paragraph(settings.post, 11, colour=_SECOND)] if settings.post else []),
        Spacer(0, 14),
    ]


def _account(settings: MailSettings) -> list[tuple[str, str, str]]:
    changed = ""
    if settings.password_changed:
        day = date_format(settings.password_changed, "SHORT_DATE_FORMAT")
        changed = _("Changed on %(day)s") % {"day": day}
    return [
        (_("Address"), settings.address, ""),
        (_("Login"), settings.login, ""),
        (_("Password"), _("known to you alone"), changed),
    ]


def _server(server: ServerSetting) -> tuple[str, str, str]:
    names = {
        "imap": _("Receiving (IMAP)"),
        "smtp": _("Sending (SMTP)"),
        "pop": _("Receiving (POP)"),
    }
    note = _("Port %(port)s, %(security)s") % {
        "port": server.port,
        "security": server.security_name,
    }
    return names[server.protocol], server.host, note


def _table(title: str, rows: Sequence[tuple[str, str, str]]) -> Table:
    cells: list[list[object]] = [[_paragraph(title, 13, bold=True), ""]]
    for name, value, note in rows:
        second = [_paragraph(value, 12, bold=True)]
        if note:
            second.append(_paragraph(note, 10, colour=_SECOND))
        cells.append([_paragraph(name, 11, colour=_SECOND), second])
    table = Table(cells, colWidths=(0.34 * _WIDTH, 0.66 * _WIDTH - 12), spaceAfter=16)
    table.setStyle(
        TableStyle(
            [
                ("SPAN", (0, 0), (1, 0)),
                ("LINEBELOW", (0, 0), (-1, -1), 0.6, _LINE),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 0),
                ("TOPPADDING", (0, 0), (-1, -1), 6),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 6),
            ]
        )
    )
    return table


def _webmail(settings: MailSettings, around: SheetContext) -> Table:
    words = [
        _paragraph(_("In a browser"), 13, bold=True, after=4),
        _paragraph(settings.webmail_url, 12, bold=True, colour=_ACCENT, after=6),
        _paragraph(
            _("Step-by-step guides for your devices: %(address)s") % {"address": around.guides},
            11,
            colour=_SECOND,
        ),
    ]
    table = Table(
        [[words, _qr_code(settings.webmail_url, 30 * mm)]],
        colWidths=(_WIDTH - 12 - 34 * mm, 34 * mm),
        spaceAfter=14,
    )
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("ALIGN", (1, 0), (1, 0), "RIGHT"),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
                ("RIGHTPADDING", (0, 0), (-1, -1), 0),
            ]
        )
    )
    return table


def _qr_code(text: str, size: float) -> Drawing:
    width, dark = qr.runs(text)
    drawing = Drawing(size, size)
    module = size / width
    for x, y, length in dark:
        square = Rect(x * module, size - (y + 1) * module, length * module, module)
        square.fillColor, square.strokeColor = black, None
        drawing.add(square)
    return drawing


def _foot(around: SheetContext) -> list[Flowable]:
    support = " · ".join(filter(None, (around.support_phone, around.support_email)))
    day = date_format(around.printed, "SHORT_DATE_FORMAT")
    lines = [
        _paragraph(
            _("Your password is not on this sheet. Do not write it here, and tell it to nobody."),
            11,
            bold=True,
            after=6,
        )
    ]
    if support:
        text = _("Support desk: %(contacts)s") % {"contacts": support}
        lines.append(_paragraph(text, 11, after=6))
    lines.append(_paragraph(_("Printed on %(day)s") % {"day": day}, 10, colour=_SECOND))
    return lines
