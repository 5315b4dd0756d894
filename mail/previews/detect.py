"""Detect the true type of an attachment from its bytes, and compare it with the declared type and
the file name.

The bytes alone decide how a file is shown and as which type it is served. The declared type and the
file name are used only to tell text formats apart, which have no signature, and to warn where they
contradict the bytes.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from enum import StrEnum

HEAD = 65_536
"""Number of bytes that is enough to detect most files. Office files, archives and old Word files
need the whole content."""


class Kind(StrEnum):
    """How an attachment is shown."""

    IMAGE = "image"
    PDF = "pdf"
    TEXT = "text"
    CSV = "csv"
    MARKDOWN = "markdown"
    AUDIO = "audio"
    VIDEO = "video"
    OFFICE = "office"
    ARCHIVE = "archive"
    MESSAGE = "message"
    VCARD = "vcard"
    CALENDAR = "calendar"
    UNKNOWN = "unknown"


BINARY = "application/octet-stream"
PLAIN = "text/plain; charset=utf-8"

# The only types under which the bytes of an attachment are ever served. Browsers run none of them
# and render none as a page; a PDF is shown by our own viewer.
SERVED = {
    "application/pdf": "application/pdf",
    "image/jpeg": "image/jpeg",
    "image/png": "image/png",
    "image/gif": "image/gif",
    "image/webp": "image/webp",
    "image/bmp": "image/bmp",
    "audio/mpeg": "audio/mpeg",
    "audio/mp4": "audio/mp4",
    "audio/aac": "audio/aac",
    "audio/ogg": "audio/ogg",
    "audio/wav": "audio/wav",
    "audio/flac": "audio/flac",
    "audio/webm": "audio/webm",
    "video/mp4": "video/mp4",
    "video/webm": "video/webm",
    "video/ogg": "video/ogg",
    # Browsers play it as MP4, the format that was derived from it.
    "video/quicktime": "video/mp4",
    "text/plain": PLAIN,
    "text/csv": PLAIN,
    "text/markdown": PLAIN,
}


@dataclass(frozen=True, slots=True)
class Detected:
    """The detected format.

    ``media_type`` names it, for users and for the converters; ``extension`` is its usual file
    extension without the dot, ``""`` when unknown. ``contradiction`` means that the declared type
    or the file name claims something else, ``is_program`` that the file can run on a user's
    computer.
    """

    kind: Kind
    media_type: str
    extension: str
    contradiction: bool = False
    is_program: bool = False

    @property
    def served(self) -> str:
        """The Content-Type under which these bytes are served, from a fixed list."""
        return SERVED.get(self.media_type, BINARY)


@dataclass(frozen=True, slots=True)
class _Format:
    kind: Kind
    media_type: str
    extension: str


_OOXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."
_FORMATS = {
    entry.extension: entry
    for entry in (
        _Format(Kind.IMAGE, "image/jpeg", "jpg"),
        _Format(Kind.IMAGE, "image/png", "png"),
        _Format(Kind.IMAGE, "image/gif", "gif"),
        _Format(Kind.IMAGE, "image/webp", "webp"),
        _Format(Kind.IMAGE, "image/bmp", "bmp"),
        _Format(Kind.IMAGE, "image/tiff", "tiff"),
        _Format(Kind.PDF, "application/pdf", "pdf"),
        _Format(Kind.TEXT, "text/plain", "txt"),
        _Format(Kind.CSV, "text/csv", "csv"),
        _Format(Kind.MARKDOWN, "text/markdown", "md"),
        _Format(Kind.AUDIO, "audio/mpeg", "mp3"),
        _Format(Kind.AUDIO, "audio/mp4", "m4a"),
        _Format(Kind.AUDIO, "audio/aac", "aac"),
        _Format(Kind.AUDIO, "audio/ogg", "ogg"),
        _Format(Kind.AUDIO, "audio/wav", "wav"),
        _Format(Kind.AUDIO, "audio/flac", "flac"),
        _Format(Kind.VIDEO, "video/mp4", "mp4"),
        _Format(Kind.VIDEO, "video/webm", "webm"),
        _Format(Kind.VIDEO, "video/ogg", "ogv"),
        _Format(Kind.VIDEO, "video/quicktime", "mov"),
        _Format(Kind.OFFICE, f"{_ODF}text", "odt"),
        _Format(Kind.OFFICE, f"{_ODF}spreadsheet", "ods"),
        _Format(Kind.OFFICE, f"{_ODF}presentation", "odp"),
        _Format(Kind.OFFICE, f"{_OOXML}wordprocessingml.document", "docx"),
        _Format(Kind.OFFICE, f"{_OOXML}spreadsheetml.sheet", "xlsx"),
        _Format(Kind.OFFICE, f"{_OOXML}presentationml.presentation", "pptx"),
        _Format(Kind.OFFICE, "application/msword", "doc"),
        _Format(Kind.OFFICE, "application/vnd.ms-excel", "xls"),
        _Format(Kind.OFFICE, "application/vnd.ms-powerpoint", "ppt"),
        _Format(Kind.OFFICE, "application/rtf", "rtf"),
        _Format(Kind.ARCHIVE, "application/zip", "zip"),
        _Format(Kind.MESSAGE, "message/rfc822", "eml"),
        _Format(Kind.MESSAGE, "application/vnd.ms-outlook", "msg"),
        _Format(Kind.VCARD, "text/vcard", "vcf"),
        _Format(Kind.CALENDAR, "text/calendar", "ics"),
        # Formats that are recognised but can only be downloaded.
        _Format(Kind.UNKNOWN, "application/x-7z-compressed", "7z"),
        _Format(Kind.UNKNOWN, "application/vnd.rar", "rar"),
        _Format(Kind.UNKNOWN, "application/gzip", "gz"),
        _Format(Kind.UNKNOWN, "image/heic", "heic"),
        _Format(Kind.UNKNOWN, "image/avif", "avif"),
        _Format(Kind.UNKNOWN, "video/x-msvideo", "avi"),
        _Format(Kind.UNKNOWN, "application/vnd.microsoft.portable-executable", "exe"),
        _Format(Kind.UNKNOWN, BINARY, ""),
    )
}
_PROGRAM = "exe"
# Other extensions and media types in use for the same formats.
_SAME_ENDING = {
    "jpeg": "jpg", "jpe": "jpg", "jfif": "jpg", "tif": "tiff", "dib": "bmp",
    "text": "txt", "log": "txt", "tsv": "csv", "tab": "csv", "markdown": "md",
    "oga": "ogg", "opus": "ogg", "wave": "wav", "m4v": "mp4", "m4b": "m4a",
    "docm": "docx", "dotx": "docx", "dotm": "docx", "xlsm": "xlsx", "xltx": "xlsx",
    "xltm": "xlsx", "pptm": "pptx", "ppsx": "pptx", "potx": "pptx", "dot": "doc", "xlt": "xls",
    "pps": "ppt", "pot": "ppt", "ott": "odt", "ots": "ods", "otp": "odp", "vcard": "vcf",
    "ical": "ics", "ifb": "ics", "heif": "heic", "dll": "exe", "scr": "exe", "com": "exe",
}  # fmt: skip
_SAME_TYPE = {
    "image/jpg": "jpg", "image/pjpeg": "jpg", "image/x-png": "png", "image/x-ms-bmp": "bmp",
    "image/x-bmp": "bmp", "image/tif": "tiff", "application/x-pdf": "pdf",
    "text/comma-separated-values": "csv", "text/tab-separated-values": "csv",
    "application/csv": "csv", "text/x-markdown": "md", "audio/mp3": "mp3", "audio/x-mpeg": "mp3",
    "audio/x-m4a": "m4a", "audio/m4a": "m4a", "audio/opus": "ogg", "audio/x-wav": "wav",
    "audio/wave": "wav", "audio/vnd.wave": "wav", "audio/x-flac": "flac", "audio/x-aac": "aac",
    "application/ogg": "ogg", "audio/webm": "webm", "text/rtf": "rtf", "text/richtext": "rtf",
    "application/x-rtf": "rtf", "application/x-zip-compressed": "zip", "application/x-zip": "zip",
    "text/x-vcard": "vcf", "text/directory": "vcf", "application/ics": "ics",
    "application/vnd.ms-word": "doc", "application/excel": "xls", "application/msexcel": "xls",
    "application/powerpoint": "ppt", "application/mspowerpoint": "ppt",
    "application/x-rar-compressed": "rar", "application/x-gzip": "gz", "image/heif": "heic",
    "application/x-msdownload": "exe", "application/x-dosexec": "exe",
}  # fmt: skip
_OF_TYPE = {entry.media_type: entry.extension for entry in _FORMATS.values() if entry.extension}
_OF_TYPE |= _SAME_TYPE
_TEXTUAL = frozenset({"txt", "csv", "md", "vcf", "ics", "eml"})
# Formats that are confused without bad intent: a container with several uses, or the old and new
# files of one program.
_CONFUSED = (
    frozenset({"doc", "docx"}),
    frozenset({"doc", "rtf"}),
    frozenset({"xls", "xlsx"}),
    frozenset({"ppt", "pptx"}),
    frozenset({"ogg", "ogv"}),
    frozenset({"mp4", "m4a", "mov"}),
    frozenset({"aac", "m4a"}),
)


def detect(content: bytes, *, claimed: str = "", name: str = "") -> Detected:
    """Detect the format of ``content``, a whole file or at least its first ``HEAD`` bytes.

    ``claimed`` is the media type of the part, ``name`` the file's name; either may be empty or
    false. Never raises.
    """
    claims = _claims(claimed, name)
    format_ = _by_mark(content, claims) or _by_text(content, claims)
    return Detected(
        format_.kind,
        format_.media_type,
        format_.extension,
        contradiction=any(_contradicts(claim, format_.extension) for claim in claims),
        is_program=format_.extension == _PROGRAM,
    )


def of_beginning(head: bytes, *, claimed: str = "", name: str = "") -> Detected:
    """Detect the format from the first bytes alone; a kilobyte is enough. A container contradicts
    only claims of formats that are no container of its kind; empty content contradicts
    nothing."""
    if not head:
        return Detected(Kind.UNKNOWN, BINARY, "")
    for mark, formats in _CONTAINERS:
        if head.startswith(mark):
            claims = _claims(claimed, name)
            is_other = any(claim not in formats for claim in claims)
            return Detected(Kind.UNKNOWN, BINARY, "", contradiction=is_other)
    return detect(head, claimed=claimed, name=name)


def _claims(claimed: str, name: str) -> tuple[str, ...]:
    """Return the formats that the name and the media type claim, as extensions. The name comes
    first, since mail programs set it more reliably than the type."""
    ending = name.lower().rpartition(".")[2] if "." in name else ""
    ending = _SAME_ENDING.get(ending, ending)
    media_type = claimed.partition(";")[0].strip().lower()
    # Exported tables are often declared as Excel files.
    if ending == "csv" and media_type == "application/vnd.ms-excel":
        media_type = "text/csv"
    of_type = _OF_TYPE.get(media_type, "")
    if not of_type:
        of_type = next((e for t, e in _GENERAL if media_type.startswith(t)), "")
    return tuple(claim for claim in (ending if ending in _FORMATS else "", of_type) if claim)


# Types that are not in the table still claim their family.
_GENERAL = (
    ("image/svg", "txt"),
    ("image/", "an image"),
    ("audio/", "a sound"),
    ("video/", "a film"),
    ("text/", "txt"),
)
_FAMILY = {"an image": "image", "a sound": "audio", "a film": "video"}


def _contradicts(claim: str, detected: str) -> bool:
    if claim == detected or any({claim, detected} <= same for same in _CONFUSED):
        return False
    if claim in _FAMILY:
        # Telephones record voice in a video container.
        media_type = _FORMATS[detected].media_type.replace(
            "video/", "audio/" if claim == "a sound" else "video/"
        )
        return not media_type.startswith(f"{_FAMILY[claim]}/")
    if claim in _TEXTUAL and detected in _TEXTUAL:
        # A false kind of text is harmless, unless a contact card or an event is announced.
        return detected == "txt" and claim in ("vcf", "ics")
    if claim == "zip":
        return detected not in ("odt", "ods", "odp", "docx", "xlsx", "pptx")
    return True


# --- formats with a signature ---

_MARKS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"ID3", "mp3"),
    (b"fLaC", "flac"),
    (b"{\\rtf", "rtf"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"\x1f\x8b\x08", "gz"),
    (b"\x7fELF", "exe"),
    (b"\xca\xfe\xba\xbe", "exe"),
    (b"\xcf\xfa\xed\xfe", "exe"),
    (b"#!/", "exe"),
)
_RIFF = {b"WEBP": "webp", b"WAVE": "wav", b"AVI ": "avi"}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


_CONTAINERS = (
    (b"PK\x03\x04", frozenset({"zip", "docx", "xlsx", "pptx", "odt", "ods", "odp"})),
    (b"PK\x05\x06", frozenset({"zip"})),
    (_OLE, frozenset({"doc", "xls", "ppt", "msg", "docx", "xlsx", "pptx"})),
)


def _by_mark(content: bytes, claims: tuple[str, ...]) -> _Format | None:
    extension = _marked(content)
    if extension == "docx" and content.startswith(_OLE):
        # All password-protected Office files have the same signature.
        extension = next((claim for claim in claims if claim in ("xlsx", "pptx")), extension)
    return None if extension is None else _FORMATS[extension]


def _marked(content: bytes) -> str | None:
    """Return the extension of the format, ``""`` for a known format that is not in the table, or
    None."""
    for mark, extension in _MARKS:
        if content.startswith(mark):
            return extension
    if content[:4] == b"RIFF":
        return _RIFF.get(content[8:12], "")
    if content.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_based(content)
    if content.startswith(_OLE):
        return _ole(content)
    if content[4:8] == b"ftyp":
        return _iso_media(content[8:12])
    if content[:4] == b"OggS":
        head = content[:512]
        return "ogv" if b"theora" in head else "ogg"
    if content[:4] == b"\x1aE\xdf\xa3":
        # Where sizes are written with eight bytes, this name follows after 66.
        return "webm" if b"webm" in content[:128] else ""
    return _weakly_marked(content)


def _weakly_marked(content: bytes) -> str | None:
    """Recognise short signatures, which need further evidence."""
    # PDF readers look for the signature in the first kilobyte (PDF 1.7, appendix H, note 13).
    if b"%PDF-" in content[:1024]:
        return "pdf"
    if content[:2] == b"BM" and len(content) > 18:
        return (
            "bmp"
            if struct.unpack_from("<I", content, 14)[0] in (12, 40, 52, 56, 108, 124)
            else None
        )
    if content[:2] == b"MZ" and b"\x00" in content[:64]:
        return "exe"
    if (
        len(content) > 4
        and content[0] == 0xFF
        and not content.startswith((b"\xff\xfe", b"\xff\xff"))
    ):
        return _mpeg_audio(content)
    return None


def _mpeg_audio(content: bytes) -> str | None:
    if content[1] & 0xF6 == 0xF0:
        return "aac"
    is_layer_3 = content[1] & 0xE6 == 0xE2
    has_sane_rates = content[2] & 0xF0 not in (0x00, 0xF0) and content[2] & 0x0C != 0x0C
    return "mp3" if is_layer_3 and has_sane_rates else None


def _iso_media(brand: bytes) -> str:
    if brand.startswith((b"heic", b"heix", b"mif1", b"msf1", b"hevc")):
        return "heic"
    if brand.startswith(b"avi"):
        return "avif"
    if brand.startswith((b"M4A", b"M4B")):
        return "m4a"
    return "mov" if brand == b"qt  " else "mp4"


_OLE_STREAMS = (
    # This must come first: files attached to an Outlook message are embedded in it unchanged.
    ("__properties_version1.0", "msg"),
    ("EncryptedPackage", "docx"),
    ("WordDocument", "doc"),
    ("PowerPoint Document", "ppt"),
    ("Workbook", "xls"),
    ("Book", "xls"),
)


def _ole(content: bytes) -> str:
    """Return the extension of an old Office file. It is a file system whose stream names are in
    UTF-16 (MS-CFB section 2.6)."""
    for name, extension in _OLE_STREAMS:
        if name.encode("utf-16-le") in content:
            return extension
    return ""


_LOCAL_NAME = re.compile(rb"PK\x03\x04.{22}(..)..", re.DOTALL)


def _zip_based(content: bytes) -> str:
    if content[30:38] == b"mimetype":
        # OpenDocument puts its media type first and unpacked (ODF 1.3 part 2, section 3.3).
        media_type = content[38:120]
        for extension in ("odt", "ods", "odp"):
            if media_type.startswith(_FORMATS[extension].media_type.encode()):
                return extension
    names = _zip_names(content)
    if "[Content_Types].xml" in names:
        for folder, extension in (("word/", "docx"), ("xl/", "xlsx"), ("ppt/", "pptx")):
            if any(name.startswith(folder) for name in names):
                return extension
    return "zip"


def _zip_names(content: bytes) -> frozenset[str]:
    """Return the first file names of a zip, or of its beginning. They are read from the local
    headers, since the central directory is at the end and may be long."""
    names = set()
    for match in _LOCAL_NAME.finditer(content):
        length = int.from_bytes(match[1], "little")
        names.add(content[match.end() : match.end() + min(length, 200)].decode("utf-8", "replace"))
        if len(names) >= 200:
            break
    return frozenset(names)


# --- text ---

_BLANKS = b"\xef\xbb\xbf \t\r\n"
_CONTROLS = bytes(set(range(32)) - {8, 9, 10, 11, 12, 13, 27})
_HEADER_LINE = re.compile(rb"[A-Za-z][A-Za-z0-9-]{1,60}:[ \t]?[^\r\n]*\r?\n(?:[ \t][^\r\n]*\r?\n)*")
_KNOWN_HEADERS = re.compile(
    rb"^(?:from|to|subject|date|message-id|received|return-path|mime-version|content-type):",
    re.IGNORECASE | re.MULTILINE,
)


def _by_text(content: bytes, claims: tuple[str, ...]) -> _Format:
    if not _is_text(content):
        return _FORMATS[""]
    start = content[:2048].lstrip(_BLANKS).upper()
    if start.startswith(b"BEGIN:VCARD"):
        return _FORMATS["vcf"]
    if start.startswith(b"BEGIN:VCALENDAR"):
        return _FORMATS["ics"]
    if _is_message(content, is_claimed="eml" in claims):
        return _FORMATS["eml"]
    # Only the claims tell a table or Markdown from other text.
    return _FORMATS[next((claim for claim in claims if claim in ("csv", "md")), "txt")]


def _is_text(content: bytes) -> bool:
    head = content[:HEAD]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    if b"\x00" in head:
        return False
    return len(head) - len(head.translate(None, _CONTROLS)) <= len(head) // 100


def _is_message(content: bytes, *, is_claimed: bool) -> bool:
    """Return whether a text begins with header fields, some of which every message has."""
    head = content[:8192].lstrip(_BLANKS)
    # Mbox files begin with this line, and so do messages saved from them.
    head = re.sub(rb"\AFrom [^\r\n]*\r?\n", b"", head)
    position = 0
    while match := _HEADER_LINE.match(head, position):
        position = match.end()
    return len(_KNOWN_HEADERS.findall(head[:position])) >= (1 if is_claimed else 3)
