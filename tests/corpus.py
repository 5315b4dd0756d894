"""Odd and hostile messages for tests that read many of them: ours, and a second corpus where its
folder stands beside the project (``../shared/corpus``).

Each is a folder: ``mime`` with ``expected.json``, what a reader must be given of some messages, and
``xss`` with ``manifest.json``, whose messages each carry one attack. ``write`` makes ours.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from tests.mail.mime.hostile import PIECES

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "corpus"
KINDS = ("ours", *(("shared",) if SHARED.is_dir() else ()))


def shared(name: str) -> list[Path]:
    """A message of the second corpus, where it is there."""
    path = SHARED / "mime" / name
    return [path] if path.is_file() else []


def write(folder: Path) -> None:
    """Write ours into a new folder."""
    mime, xss = folder / "mime", folder / "xss"
    for made in (mime, xss):
        made.mkdir(parents=True)
    for name, (raw, _expected) in MESSAGES.items():
        (mime / name).write_bytes(raw)
    expected = {name: expected for name, (_raw, expected) in MESSAGES.items() if expected}
    (mime / "expected.json").write_text(json.dumps(expected))
    manifest = [{"file": f"{mark}.eml", "payload": source} for mark, source in _attacks()]
    for entry in manifest:
        (xss / entry["file"]).write_bytes(_hostile(**entry))
    (xss / "manifest.json").write_text(json.dumps(manifest))


def _attacks() -> list[tuple[str, str]]:
    """One piece in five, others than those that ``tests/browser/test_pieces.py`` opens first."""
    return [(f"a{number:03}", piece.source) for number, piece in enumerate(PIECES[2::5], 1)]


def _hostile(file: str, payload: str) -> bytes:
    head = "From: Mallory <m@exemple.invalid>\r\nTo: alice@ac-exemple.fr\r\nSubject: Bonjour\r\n"
    kind = "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n"
    body = f"<p>{file.removesuffix('.eml')}</p>{payload}\r\n"
    return f"{head}{kind}Content-Transfer-Encoding: 8bit\r\n\r\n{body}".encode()


# --- ordinary and damaged messages ---

_FROM = "From: Claire Morvan <claire.morvan@college.invalid>\n"
_TO = "To: Paul Durand <paul.durand@college.invalid>\n"
_DATE = "Date: Thu, 06 Mar 2025 09:30:00 +0100\n"
_MIME = "MIME-Version: 1.0\n"
_TEXT = "Content-Type: text/plain; charset=utf-8\n"
_PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
    "rkJggg=="
)


def _message(subject: str, rest: str, *, sender: str = _FROM, date: str = _DATE) -> bytes:
    """A message with CRLF; ``rest`` are more fields, an empty line, the body."""
    about = f"Subject: {subject}\n" if subject else ""
    return f"{sender}{_TO}{about}{date}{_MIME}{rest}".replace("\n", "\r\n").encode()


def _given(
    subject: str, *visible: str, attachments: tuple[str, ...] = (), **more: Any
) -> dict[str, Any]:
    """What a reader must be given."""
    return {
        "subject": subject,
        "from": "claire.morvan@college.invalid",
        "visible": list(visible),
        "attachments": list(attachments),
        **more,
    }


def _mixed(*parts: str, kind: str = "mixed", end: str = "--b--\n") -> str:
    whole = "".join(f"--b\n{part}\n" for part in parts)
    return f"Content-Type: multipart/{kind}; boundary=b\n\n{whole}{end}"


def _file(name: str, content: str = "abc", kind: str = "text/plain") -> str:
    """A part that is a file; ``name`` is the field's parameter as it is written."""
    return f"Content-Type: {kind}\nContent-Disposition: attachment; {name}\n\n{content}"


def _deep(levels: int) -> str:
    text = f"{_TEXT}\nTout au fond.\n"
    for level in range(levels):
        text = (
            f"Content-Type: multipart/mixed; boundary=n{level}\n\n--n{level}\n{text}--n{level}--\n"
        )
    return text


_INVITATION = """BEGIN:VCALENDAR
METHOD:REQUEST
VERSION:2.0
PRODID:-//exemple//FR
BEGIN:VEVENT
UID:conseil@college.invalid
SEQUENCE:0
DTSTAMP:20250306T083000Z
DTSTART:20250310T160000Z
DTEND:20250310T170000Z
SUMMARY:Conseil de classe
ORGANIZER:mailto:claire.morvan@college.invalid
ATTENDEE:mailto:paul.durand@college.invalid
END:VEVENT
END:VCALENDAR"""
_FORWARDED = (
    "Content-Type: message/rfc822\n\nFrom: Rose <rose@exemple.invalid>\nSubject: Cantine\n\n"
    "Peut-on payer au mois ?"
)
_PICTURE = (
    "Content-Type: image/png\nContent-ID: <logo@x>\nContent-Transfer-Encoding: base64\n\n" + _PIXEL
)

# By name: the bytes, and what a reader must be given; nothing there where no answer is the one.
MESSAGES: dict[str, tuple[bytes, dict[str, Any]]] = {
    "text-utf-8.eml": (
        _message("Sortie", f"{_TEXT}\nLe car part à 8 h, dès l’aube.\n"),
        _given("Sortie", "Le car part à 8 h, dès l’aube."),
    ),
    "text-and-html.eml": (
        _message(
            "Deux",
            _mixed(
                f"{_TEXT}\nEn texte.",
                "Content-Type: text/html; charset=utf-8\n\n<p>En <b>HTML</b>, été.</p>",
                kind="alternative",
            ),
        ),
        _given("Deux", "HTML", "été", inline_images=0),
    ),
    "subject-latin-9.eml": (
        _message("=?iso-8859-15?q?Un_=E9cart_de_3_=A4?=", f"{_TEXT}\nBonjour\n"),
        _given("Un écart de 3 €", "Bonjour"),
    ),
    "subject-in-two-words.eml": (
        _message("=?utf-8?b?w6l0w6k=?=\n =?utf-8?b?IGV0IGhpdmVy?=", f"{_TEXT}\nBonjour\n"),
        _given("été et hiver", "Bonjour"),
    ),
    "subject-cp1252.eml": (
        _message("Annee", f"{_TEXT}\nBonjour\n").replace(b"Annee", b"Ann\xe9e"),
        _given("Année", "Bonjour"),
    ),
    "charset-that-lies.eml": (
        _message("Menteur", f"{_TEXT}\nA la rentree\n").replace(b"rentree", b"rentr\xe9e"),
        _given("Menteur", "A la rentrée"),
    ),
    "charset-unknown.eml": (
        _message("Inconnu", 'Content-Type: text/plain; charset="x-martien"\n\nBonjour à tous\n'),
        _given("Inconnu", "Bonjour"),
    ),
    "text-gb18030.eml": (
        _message(
            "Pekin",
            "Content-Type: text/plain; charset=gb2312\nContent-Transfer-Encoding: base64\n\n"
            + base64.b64encode("你好老师".encode("gb2312")).decode()
            + "\n",
        ),
        _given("Pekin", "你好老师"),
    ),
    "flowed.eml": (
        _message(
            "Suite", f"{_TEXT.rstrip()}; format=flowed\n\n> Une ligne \n> qui continue.\n\nOui.\n"
        ),
        _given("Suite", "Une ligne qui continue.", "Oui."),
    ),
    "boundary-not-there.eml": (
        _message("Perdu", f"Content-Type: multipart/mixed\n\n--b\n{_TEXT}\nCoucou\n--b--\n"),
        {},
    ),
    "boundary-not-closed.eml": (
        _message("Ouvert", _mixed(f"{_TEXT}\nLa fin manque.", end="")),
        _given("Ouvert", "La fin manque."),
    ),
    "nothing-but-fields.eml": (_message("Vide", ""), {}),
    "no-sender.eml": (
        _message("Anonyme", f"{_TEXT}\nBonjour\n", sender=""),
        {**_given("Anonyme", "Bonjour"), "from": ""},
    ),
    "no-subject-no-date.eml": (
        _message("", f"{_TEXT}\nBonjour\n", date=""),
        _given("", "Bonjour"),
    ),
    "date-nonsense.eml": (
        _message("Demain", f"{_TEXT}\nBonjour\n", date="Date: demain matin\n"),
        _given("Demain", "Bonjour"),
    ),
    "three-files.eml": (
        _message(
            "Trois",
            _mixed(
                f"{_TEXT}\nVoici.",
                _file("filename=notes.txt"),
                _file('filename="=?utf-8?q?relev=C3=A9.csv?="', kind="text/csv"),
                _file("filename*=utf-8''liste%20d%E2%80%99%C3%A9l%C3%A8ves.txt"),
            ),
        ),
        _given("Trois", "Voici.", attachments=("notes.txt", "relevé.csv", "liste d’élèves.txt")),
    ),
    "name-in-pieces.eml": (
        _message(
            "Pieces",
            _mixed(
                f"{_TEXT}\nVoici.",
                _file(
                    "filename*0*=utf-8''r%C3%A9sum;\n filename*1*=%C3%A9%20de;"
                    '\n filename*2=" fin.txt"'
                ),
            ),
        ),
        _given("Pieces", "Voici.", attachments=("résumé de fin.txt",)),
    ),
    "name-with-a-path.eml": (
        _message("Chemin", _mixed(f"{_TEXT}\nVoici.", _file('filename="../../etc/passwd"'))),
        _given("Chemin", "Voici."),
    ),
    "message-inside.eml": (
        _message("Tr: Cantine", _mixed(f"{_TEXT}\nPour information.", _FORWARDED)),
        _given("Tr: Cantine", "Pour information."),
    ),
    "picture-in-the-text.eml": (
        _message(
            "Image",
            _mixed(
                'Content-Type: text/html\n\n<p>Ici&nbsp;: <img src="cid:logo@x"></p>',
                _PICTURE,
                kind="related",
            ),
        ),
        _given("Image", "Ici", inline_images=1),
    ),
    "invitation.eml": (
        _message(
            "Conseil",
            _mixed(
                f"{_TEXT}\nVous venez ?",
                f"Content-Type: text/calendar; method=REQUEST; charset=utf-8\n\n{_INVITATION}",
                kind="alternative",
            ),
        ),
        {},
    ),
    "twenty-deep.eml": (_message("Profond", _deep(20)), {}),
    "parameter-without-end.eml": (
        _message("Guillemet", 'Content-Type: text/plain; charset="utf-8\n\nBonjour\n'),
        _given("Guillemet", "Bonjour"),
    ),
    "two-hundred-recipients.eml": (
        _message(
            "Tous",
            "Cc: "
            + ",\n ".join(f"Élève {n} <e{n}@exemple.invalid>" for n in range(200))
            + f"\n{_TEXT}\nBonjour à chacun\n",
        ),
        _given("Tous", "Bonjour à chacun"),
    ),
}
