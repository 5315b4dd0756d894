"""Messages made to cost time or memory, or to meet an edge; each is shown, if only in part."""

# ruff: noqa: E501 - mail has long lines

from __future__ import annotations

import base64
import io
import zipfile

from tests.mail.mime import wrap
from tests.mail.mime.letters import FROM, HEAD, TO, entity, file, html, letter, message, parts, text


def _zip(name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


def _zips(depth: int) -> bytes:
    content = b"x"
    for level in range(depth):
        content = _zip(f"{level}.zip", content)
    return content


def _nested(depth: int) -> bytes:
    raw = message("Subject: fond\nContent-Type: text/plain", "Bonjour")
    for level in range(depth):
        raw = HEAD + f"Subject: {level}\r\nContent-Type: message/rfc822\r\n\r\n".encode() + raw
    return raw


def _deep(kind: str, depth: int) -> bytes:
    opened = b"".join(
        b'Content-Type: multipart/%s; boundary="b%d"\r\n\r\n--b%d\r\n' % (kind.encode(), n, n)
        for n in range(depth)
    )
    return HEAD + opened + text("Bonjour")


def _date(value: str) -> bytes:
    return FROM + TO + f"Date: {value}\r\n".encode() + b"Subject: date\r\n" + text("Bonjour")


PDF_SCRIPT = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert\\(1\\);this.submitForm\\('http://tracker.example/'\\))>>>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Annots[<</Type/Annot/Subtype/Link/Rect[0 0 200 200]/A<</S/URI/URI(javascript:__ran\\(1\\))>>>>]>>endobj
trailer<</Root 1 0 R>>
%%EOF
"""
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="__ran(1)"><script>__ran(1)</script><image href="http://tracker.example/"/></svg>'
PAGE = b"<!doctype html><script>__ran(1)</script><img src=x onerror=__ran(1)><img src=http://tracker.example/>"
ICS = b'BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260512T070000Z\r\nSUMMARY:<img src=x onerror=__ran(1)>\r\nDESCRIPTION:<svg><animate onbegin=__ran(1)>\r\nLOCATION:"><script>__ran(1)</script>\r\nURL:javascript:__ran(1)\r\nORGANIZER;CN="<img src=x onerror=__ran(1)>":javascript:__ran(1)\r\nATTENDEE;CN=<script>:MAILTO:a@b"><script>__ran(1)</script>\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n'
VCF = b'BEGIN:VCARD\r\nVERSION:3.0\r\nFN:<img src=x onerror=__ran(1)>\r\nNOTE:<script>__ran(1)</script>\r\nURL:javascript:__ran(1)\r\nURL:https://a/"onclick="__ran(1)\r\nTEL:javascript:__ran(1)\r\nEMAIL:a@b"><script>__ran(1)</script>\r\nPHOTO;VALUE=URI:http://tracker.example/\r\nEND:VCARD\r\n'
MARKDOWN = b'# <script>__ran(1)</script>\n\n[a](javascript:__ran(1)) [b](data:text/html,<script>__ran(1)</script>) ![c](http://tracker.example/) <img src=x onerror=__ran(1)>\n\n<http://tracker.example/"onclick=__ran(1)>\n\n[x]: javascript:__ran(1)\n[x]\n'
CSV = b"a;<script>__ran(1)</script>\n=cmd|' /c calc'!A1;\"<img src=x onerror=__ran(1)>\"\n"
RTF = b'{\\rtf1{\\field{\\*\\fldinst HYPERLINK "javascript:__ran(1)"}{\\fldrslt x}}{\\object\\objautlink{\\*\\objdata 01}} INCLUDEPICTURE "http://tracker.example/"}'
DOCX = _zip(
    "word/document.xml",
    b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>&e;</w:t></w:r></w:p></w:body></w:document>',
)
EML = message("Subject: <script>__ran(1)</script>\nContent-Type: text/html", PAGE)


def _carried(name: str, content: bytes, kind: str = "application/octet-stream") -> bytes:
    return letter(
        parts(
            "mixed",
            text("Voir."),
            file(
                f'Content-Type: {kind}; name="{name}"\nContent-Disposition: attachment; filename="{name}"',
                content,
            ),
        ),
        "Porteur",
    )


CARRIERS = {
    "an SVG": _carried("a.svg", SVG, "image/svg+xml"),
    "an SVG said to be a PNG": _carried("a.png", SVG, "image/png"),
    "a page": _carried("a.html", PAGE, "text/html"),
    "a page said to be a picture": _carried("a.jpg", PAGE, "image/jpeg"),
    "a page said to be a PDF": _carried("a.pdf", PAGE, "application/pdf"),
    "a page said to be a text": _carried("a.txt", PAGE, "text/plain"),
    "a page behind a mark of GIF": _carried("a.gif", b"GIF89a/*" + PAGE, "image/gif"),
    "a page behind a mark of BMP": _carried("a.bmp", b"BM" + PAGE, "image/bmp"),
    "a page behind a mark of PDF": _carried("a.pdf", b"%PDF-1.4\n" + PAGE, "application/pdf"),
    "a page in UTF-7": _carried(
        "a.txt", b"+ADw-script+AD4-__ran(1)+ADw-/script+AD4-", "text/plain; charset=utf-7"
    ),
    "a page in UTF-16": _carried(
        "a.html", PAGE.decode().encode("utf-16"), "text/html; charset=utf-16"
    ),
    "XHTML": _carried(
        "a.xhtml",
        b'<html xmlns="http://www.w3.org/1999/xhtml"><script>__ran(1)</script></html>',
        "application/xhtml+xml",
    ),
    "XML with a style sheet": _carried(
        "a.xml",
        b'<?xml-stylesheet href="javascript:__ran(1)"?><a xmlns:h="http://www.w3.org/1999/xhtml"><h:script>__ran(1)</h:script></a>',
        "text/xml",
    ),
    "MHTML": _carried("a.mht", b"Content-Type: text/html\r\n\r\n" + PAGE, "multipart/related"),
    "a script": _carried("a.js", b"__ran(1)", "text/javascript"),
    "a Java program": _carried(
        "a.jar", _zip("META-INF/MANIFEST.MF", b"x"), "application/java-archive"
    ),
    "a PDF with a script": _carried("a.pdf", PDF_SCRIPT, "application/pdf"),
    "a calendar": _carried("a.ics", ICS, "text/calendar"),
    "a card": _carried("a.vcf", VCF, "text/vcard"),
    "Markdown": _carried("a.md", MARKDOWN, "text/markdown"),
    "a table": _carried("a.csv", CSV, "text/csv"),
    "RTF": _carried("a.rtf", RTF, "application/rtf"),
    "a document with an entity": _carried(
        "a.docx", DOCX, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    ),
    "a message": _carried("a.eml", EML, "message/rfc822").replace(
        b"Content-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(EML).replace(b"\n", b"\r\n"),
        b"\r\n" + EML,
    ),
    "a message in a file": _carried("a.eml", EML),
    "a zip of pages": _carried(
        "a.zip", _zip("../../<img src=x onerror=__ran(1)>.html", PAGE), "application/zip"
    ),
    "a winmail.dat of a page": _carried(
        "winmail.dat",
        wrap.tnef(
            [wrap.unicode(0x37, "<script>__ran(1)</script>"), wrap.binary(0x1013, PAGE)],
            wrap.attachment(b"a.html", PAGE),
        ),
        "application/ms-tnef",
    ),
    "a sound that is a page": _carried("a.mp3", b"ID3" + PAGE, "audio/mpeg"),
    "a film that is a page": _carried("a.mp4", b"\0\0\0\x18ftypmp42" + PAGE, "video/mp4"),
}

BOMBS = {
    "10,000 parts": letter(parts("mixed", *[text("x")] * 10_000)),
    "3,000 HTML texts": letter(parts("mixed", *[html("<p>x</p>")] * 3000)),
    "1,000 deep": _deep("mixed", 1000),
    "1,000 alternatives deep": _deep("alternative", 1000),
    "200 messages in messages": _nested(200),
    "500 forwarded messages": letter(
        parts(
            "digest",
            *[
                entity(
                    "Content-Type: message/rfc822",
                    message("Subject: x\nContent-Type: text/plain", "x"),
                )
            ]
            * 500,
        )
    ),
    "40 in 40 multiparts": letter(
        parts("mixed", *[parts("mixed", *[text("x")] * 40, boundary="=_c")] * 40)
    ),
    "a boundary line ten thousand times": HEAD
    + b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    + b"--b\r\n" * 10_000,
    "a boundary of dashes": HEAD
    + b'Content-Type: multipart/mixed; boundary="-"\r\n\r\n'
    + b"-" * 100_000,
    "the same boundary within": letter(parts("mixed", parts("mixed", text("Bonjour")), text("x"))),
    "a boundary of 5,000 characters": letter(parts("mixed", text("Bonjour"), boundary="b" * 5000)),
    "a line of a megabyte": letter(text("x" * 1_000_000)),
    "a megabyte of zeros": HEAD + b"Content-Type: text/plain\r\n\r\n" + bytes(1_000_000),
    "zeros in the head": HEAD
    + b"Subject: a\0b\r\nX-\0: c\r\nContent-Type: text/\0plain\r\n\r\nBonjour",
    "a field of 200 KB": HEAD + b"Subject: " + b"x " * 100_000 + b"\r\n\r\nBonjour",
    "5,000 fields": HEAD + b"".join(b"X-A%d: b\r\n" % n for n in range(5000)) + b"\r\nBonjour",
    "5,000 parameters": HEAD
    + b"Content-Type: text/plain"
    + b"".join(b";\r\n a%d=b" % n for n in range(5000))
    + b"\r\n\r\nBonjour",
    "a name in 3,000 pieces": HEAD
    + b"Content-Type: application/pdf"
    + b"".join(b";\r\n name*%d=a" % n for n in range(3000))
    + b"\r\n\r\nx",
    "a charset of 5,000 characters": HEAD
    + b'Content-Type: text/plain; charset="'
    + b"u" * 5000
    + b'"\r\n\r\nBonjour',
    "20,000 recipients": FROM
    + b"To: "
    + b"Paul <p@x.invalid>,\r\n " * 20_000
    + b"x@x.invalid\r\n\r\nBonjour",
    "20,000 references": HEAD + b"References:" + b" <a@b>\r\n" * 20_000 + b"\r\nBonjour",
    "comments that never end": FROM + b"To: " + b"(a\\" * 30_000 + b"\r\n\r\nBonjour",
    "zips in zips": _carried("a.zip", _zips(30), "application/zip"),
    "a zip bomb": _carried("a.zip", _zip("a.txt", bytes(30_000_000)), "application/zip"),
    "a document bomb": _carried("a.docx", _zip("word/document.xml", b" " * 30_000_000)),
    "a laughing document": _carried(
        "a.docx",
        _zip(
            "word/document.xml",
            b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
            + b"".join(b'<!ENTITY %c "%s">' % (99 + n, b"&%c;" % (98 + n) * 10) for n in range(9))
            + b"]><x>&h;</x>",
        ),
    ),
    "an RTF bomb": _carried(
        "winmail.dat",
        wrap.tnef([wrap.binary(0x1009, wrap.rtf_bomb(200_000))]),
        "application/ms-tnef",
    ),
    "no date": FROM + TO + b"\r\nBonjour",
    "1970": _date("Thu, 1 Jan 1970 00:00:00 +0000"),
    "1900": _date("Mon, 1 Jan 1900 00:00:00 +0000"),
    "the year 1": _date("Mon, 1 Jan 0001 00:00:00 +1400"),
    "the year 9999": _date("Fri, 31 Dec 9999 23:59:59 -1200"),
    "the year 99999": _date("Fri, 31 Dec 99999 23:59:59 +0000"),
    "an odd zone": _date("Tue, 12 May 2026 09:30:00 +9999"),
    "a zone of letters": _date("Tue, 12 May 2026 09:30:00 CEST"),
    "no zone": _date("12 May 26 09:30"),
    "32 May": _date("Tue, 32 May 2026 25:61:61 +0200"),
    "a date of digits": _date("9" * 5000),
    "a date of words": _date("hier soir"),
    "a French date": _date("mar., 12 mai 2026 09:30:00 +0200"),
}
