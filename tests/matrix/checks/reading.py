"""Messages, opened with all that is in them."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from tests.corpus import MESSAGES, SHARED
from tests.matrix.checks import check
from tests.matrix.places import Place
from tests.servers.mailboxes import DATA, message_bytes
from tests.webmail.views.mail import letter, page, words
from tests.webmail.views.reader.test_messages import PNG, body, related
from tests.webmail.views.test_corpus import cards

_HEAD = b"From: a@x.example\r\nSubject: S\r\n"
_LOCATED = (
    b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\n"
    b"Content-Type: text/html\r\nContent-Location: http://a.example/\r\n\r\n"
    b'<p>Voici</p><img src="b.gif">\r\n--x\r\n'
    b"Content-Type: image/gif\r\nContent-Transfer-Encoding: base64\r\n"
    b"Content-Location: http://a.example/b.gif\r\n\r\n"
    b"R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7\r\n--x--\r\n"
)


def _got(place: Place, uid: int, more: str) -> Any:
    answer = place.reader.get(place.url(more=f"{place.ref(uid)}/{more}"))
    assert answer.status_code == 200, more
    return answer


def _said(place: Place, uid: int) -> str:
    """What a reader sees of a message: its page, and its HTML."""
    ref = f"{place.ref(uid)}/"
    framed = place.reader.get(place.url(more=f"{ref}frame/"))
    return words(place.open(uid)) + (words(framed) if framed.status_code == 200 else "")


@check("text, people and files of a message; files come back byte by byte")
def files(place: Place) -> None:
    content = bytes(range(256)) * 8000
    file = (("relevé d’été.bin", "application/x-a", content),)
    uid = place.box.append(letter("Relevé", "Voici le relevé.\n", files=file, cc="c@x.fr"))
    said = _said(place, uid)
    for text in ("Relevé", "Bob Petit", "c@x.fr", "Voici le relevé.", "relevé d’été.bin"):
        assert text in said, text
    assert body(_got(place, uid, "part/2/")) == content
    assert body(_got(place, uid, "source/")) == place.box.message(uid)


@check("pictures in the text")
def inline(place: Place) -> None:
    html = '<p>Bonjour</p><img src="cid:logo@x">'
    uid = place.box.append(related(html, ("logo@x", "image/png", PNG)))
    place.open(uid)
    assert "inline/0" in page(_got(place, uid, "frame/"))
    assert body(_got(place, uid, "frame/inline/0")) == PNG


@check("pictures named by Content-Location")
def located(place: Place) -> None:
    uid = place.box.append(_HEAD + _LOCATED)
    assert "inline/0" in page(_got(place, uid, "frame/"))
    assert body(_got(place, uid, "frame/inline/0")).startswith(b"GIF89a")


@check("a message without MIME-Version")
def bare(place: Place) -> None:
    html = "Content-Type: text/html; charset=utf-8\r\n\r\n<p>Bonjour <b>à tous</b></p>\r\n"
    uid = place.box.append(_HEAD + html.encode())
    assert "Bonjour <b>à tous</b>" in page(_got(place, uid, "frame/"))


_MUNGED = "but letters in 8 bits in headers, which it stores as X"


def _is_munged(place: Place, uid: int, raw: bytes) -> bool:
    """The server has not kept the header."""
    head, kept = (m.partition(b"\r\n\r\n")[0] for m in (raw, place.box.message(uid)))
    assert kept == head or kept == bytes(byte if byte < 128 else ord("X") for byte in head)
    return kept != head


@check("letters in 8 bits in the header of an opened message")
def eight_bits(place: Place) -> str | None:
    raw = "From: René <r@x.example>\r\nSubject: L’été au café\r\n\r\nOui\r\n".encode()
    uid = place.box.append(raw)
    said = words(place.open(uid))
    if _is_munged(place, uid, raw):
        return "no: it stores them as X"
    assert "L’été au café" in said and "René" in said
    return None


@check("messages inside a message")
def nested(place: Place) -> None:
    raw, _expected = MESSAGES["message-inside.eml"]
    uid = place.box.append(raw)
    assert "Cantine" in words(place.open(uid))
    assert cards(_got(place, uid, ""))


@check("all of the header, and the page to print")
def pages(place: Place) -> None:
    uid = place.box.append(letter("Réunion", x_ecole="Collège"))
    assert "X-Ecole" in words(_got(place, uid, "headers/"))
    assert "rendez-vous à 8 h." in words(_got(place, uid, "print/"))


def _corpora() -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    for name, (raw, expected) in MESSAGES.items():
        yield name, raw, expected
    for folder in (DATA / "mime", SHARED / "mime"):
        yield from _corpus(folder)


def _corpus(folder: Path) -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    if folder.is_dir():
        known = json.loads((folder / "expected.json").read_text())
        for name, expected in known.items():
            yield name, (folder / name).read_bytes(), expected


@cache
def _odd() -> list[tuple[str, bytes, dict[str, Any]]]:
    return [found for found in _corpora() if found[2].get("visible")]


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).split())


@check("odd messages are read alike")
def odd(place: Place) -> str | None:
    wrong: list[tuple[str, str]] = []
    munged = 0
    for name, raw, expected in _odd():
        uid = place.box.append(raw)
        if _is_munged(place, uid, message_bytes(raw)):
            munged += 1
            continue
        said = _folded(_said(place, uid))
        told = [expected.get("subject", ""), *expected["visible"]]
        told += expected.get("attachments", ())
        wrong += [(name, text) for text in told if _folded(text) not in said]
    assert not wrong and munged < len(_odd()) / 4
    return f"yes, {_MUNGED}" if munged else None
