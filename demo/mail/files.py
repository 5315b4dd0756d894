"""Read the messages of demo/data/mail as they are stored in a mailbox; demo/data/README.md
describes the files."""

import html
import re
from collections.abc import Iterator
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.parser import HeaderParser
from email.utils import format_datetime
from pathlib import Path

from demo.mail.writing import Desk, Stored

DATA = Path(__file__).parent.parent / "data"

# 8bit would be shorter, but mail programs send quoted-printable and base64.
_POLICY = policy.SMTP.clone(cte_type="7bit")

_WORD = re.compile(r"\$\{([^}]{1,40})\}")
_TYPES = {
    ".bmp": "image/bmp",
    ".csv": "text/csv",
    ".doc": "application/msword",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".gif": "image/gif",
    ".jpg": "image/jpeg",
    ".md": "text/markdown",
    ".odp": "application/vnd.oasis.opendocument.presentation",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".ppt": "application/vnd.ms-powerpoint",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".rtf": "application/rtf",
    ".tif": "image/tiff",
    ".txt": "text/plain",
    ".vcf": "text/vcard",
    ".wav": "audio/wav",
    ".webm": "video/webm",
    ".webp": "image/webp",
    ".xls": "application/vnd.ms-excel",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".zip": "application/zip",
}


def messages(folder: str, desk: Desk) -> Iterator[Stored]:
    """Yield the messages of one folder of demo/data/mail."""
    for path in sorted((DATA / "mail" / folder).iterdir()):
        yield _raw(path, desk) if path.suffix == ".eml" else _composed(path, desk)


def _raw(path: Path, desk: Desk) -> Stored:
    """Return a message whose file contains its bytes, below a first line with date rule, folder and
    flags."""
    first, _, content = path.read_bytes().partition(b"\n")
    rule, folder, flags = first.decode().removeprefix("X-Demo: ").split("|")
    sent = desk.moment(rule)
    source = content.decode("latin-1")
    filled = _WORD.sub(lambda word: _encoded(desk.word(word[1], sent)), source)
    return _stored(sent, folder, flags, filled.encode("latin-1").replace(b"\n", b"\r\n"))


def _encoded(word: str) -> str:
    """Return a word for a header of bytes: an address with a name that is not ASCII is encoded."""
    message = EmailMessage(policy=policy.SMTP.clone(max_line_length=0))
    message["To"] = word
    return word if word.isascii() else str(message.as_bytes(), "ascii")[4:].strip()


def _composed(path: Path, desk: Desk) -> Stored:
    source = path.read_text(encoding="utf-8")
    sent = desk.moment(source.partition("\n")[0].removeprefix("When: "))

    def filled(text: str) -> str:
        return _WORD.sub(lambda word: desk.word(word[1], sent), text)

    parsed = HeaderParser().parsestr(filled(source))
    del parsed["When"]
    folder, flags = parsed["Folder"] or "", parsed["Flags"]
    text, page = str(parsed.get_payload()), ""
    if parsed["Page"]:
        page = filled((DATA / "pages" / parsed["Page"]).read_text(encoding="utf-8"))
    elif parsed["Rich"]:
        page = _as_html(text)
    message = _head(parsed.items(), sent)
    _fill_body(message, text, page)
    if parsed["Calendar"]:
        name, method = parsed["Calendar"].split()
        event = filled((DATA / "files" / name).read_text(encoding="utf-8")).replace("\n", "\r\n")
        message.add_alternative(
            event, subtype="calendar", params={"method": method}, cte="quoted-printable"
        )
    _enclose(message, parsed.get_all("Inline", []), parsed.get_all("Attach", []))
    flags = "\\Seen" if flags is None else flags
    return _stored(sent, folder, flags, message.as_bytes(policy=_POLICY))


def _stored(sent: datetime, folder: str, flags: str, content: bytes) -> Stored:
    path = tuple((folder.strip() or "INBOX").split("/"))
    return Stored(path, sent, tuple(flags.split()), content)


# Header fields of the files that describe how a message is composed.
_OWN = {"Folder", "Flags", "Page", "Rich", "Calendar", "Inline", "Attach"}


def _head(headers: list[tuple[str, str]], sent: datetime) -> EmailMessage:
    message = EmailMessage(policy=_POLICY)
    message["Date"] = format_datetime(sent)
    for name, value in headers:
        if name not in _OWN:
            message[name] = value.replace("\n", "")
    return message


def _fill_body(message: EmailMessage, text: str, page: str) -> None:
    if not text:
        message.set_content(page, subtype="html", cte="base64")
        return
    message.set_content(text, cte="quoted-printable")
    if page:
        message.add_alternative(page, subtype="html", cte="quoted-printable")


def _enclose(message: EmailMessage, inline: list[str], attached: list[str]) -> None:
    """Add the files of `Inline: FILE CID [NAME]` and of `Attach: FILE [NAME]`."""
    body = message.get_body(("html", "plain")) or message
    for line in inline:
        file, cid, name = (*line.split(" ", 2), "")[:3]
        kind, subtype = _TYPES[Path(file).suffix].split("/")
        content = (DATA / "files" / file).read_bytes()
        body.add_related(
            content, kind, subtype, filename=name or file, cid=f"<{cid}>", disposition="inline"
        )
    for line in attached:
        file, _, name = line.partition(" ")
        kind, subtype = _TYPES[Path(file).suffix].split("/")
        content = (DATA / "files" / file).read_bytes()
        message.add_attachment(content, kind, subtype, filename=name or file)


def _as_html(text: str) -> str:
    """Convert plain text to HTML as an ordinary mail program does."""
    blocks = "".join(
        f"<p>{html.escape(block, quote=False).replace(chr(10), '<br>')}</p>\n"
        for block in text.strip().split("\n\n")
    )
    return (
        '<html><head><meta charset="utf-8"></head>\n'
        '<body style="font-family:Calibri,Carlito,sans-serif;font-size:15px;color:#222">\n'
        f"{blocks}</body></html>\n"
    )
