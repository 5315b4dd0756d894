"""Whole messages: what a reader must be given, and hostile ones that must give nothing else. Those
of tests/corpus.py and of tests/data/mime."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mail.mime import encoded_words, structure
from mail.mime.damage import Damage
from tests.corpus import shared
from tests.mail.mime.judge import judge
from tests.mail.mime.reader import Reader, Seen

OWN = Path(__file__).resolve().parents[2] / "data" / "mime"


def normal(value: str) -> str:
    return " ".join(unicodedata.normalize("NFC", value).split())


def wrong(seen: Seen, want: dict[str, Any]) -> Iterator[str]:
    """Yield the expectations of one message that are not met."""
    shown, text = seen.shown, normal(seen.text)
    names = {normal(part.file_name) for part in shown.attachments}
    if not all(normal(line) in text for line in want["visible"]):
        yield "visible"
    if any(normal(line) in text for line in want.get("absent", ())):
        yield "absent"
    if not {normal(file_name) for file_name in want["attachments"]} <= names:
        yield "attachments"
    if len(shown.inline) != want.get("inline_images", len(shown.inline)):
        yield "inline images"
    if want.get("protection", seen.protection.value) != seen.protection.value:
        yield "protection"
    if "damage" in want and {Damage(code) for code in want["damage"]} != seen.damage:
        yield "damage"
    if len(shown.messages) != want.get("messages", len(shown.messages)):
        yield "messages"


def test_every_message_is_shown_as_expected(corpus: Path) -> None:
    expected = json.loads((corpus / "mime" / "expected.json").read_text())
    mistakes = []
    for name, want in expected.items():
        reader = Reader((corpus / "mime" / name).read_bytes())
        senders = reader.headers.addresses("From")
        checks = {
            "subject": normal(reader.headers.get("Subject")) == normal(want["subject"]),
            "from": (senders[0].address if senders else "") == want["from"],
        }
        mistakes += [(name, check) for check, is_right in checks.items() if not is_right]
        mistakes += [(name, check) for check in wrong(reader.see(), want)]
    assert mistakes == []


OWN_EXPECTED = json.loads((OWN / "expected.json").read_text())


@pytest.mark.parametrize("name", OWN_EXPECTED)
def test_what_mail_programs_wrap_is_unwrapped(name: str) -> None:
    reader = Reader((OWN / name).read_bytes())
    assert list(wrong(reader.see(), OWN_EXPECTED[name])) == []


def test_a_message_inside_winmail_opens() -> None:
    reader = Reader((OWN / "winmail.eml").read_bytes())
    nested = next(
        part for part in reader.see().shown.attachments if part.file_name.endswith(".eml")
    )
    inner = Reader(reader.content(nested))
    assert inner.headers.get("Subject") == "Demande de parent"
    assert inner.see().text == "Bonjour, quand est le conseil ?"


def test_each_message_of_ours_is_described() -> None:
    described = (OWN / "README.md").read_text()
    names = {path.name for path in OWN.glob("*.eml")}
    assert names == set(OWN_EXPECTED)
    assert all(f"`{name}`" in described for name in names)


EMPTY_HTML = [
    (OWN / "html-twin-empty.eml", "Exercices 4 et 5, page 62."),
    *((path, "toto") for path in shared("php-mime-mail-parser__issue116.eml")),
]


@pytest.mark.parametrize(("path", "text"), EMPTY_HTML, ids=lambda one: getattr(one, "name", ""))
def test_an_alternative_whose_html_is_empty_falls_back_to_its_text(path: Path, text: str) -> None:
    assert Reader(path.read_bytes()).see().text.strip() == text


def test_every_odd_message_is_shown_without_an_error(corpus: Path) -> None:
    for path in sorted((corpus / "mime").glob("*.eml")):
        reader = Reader(path.read_bytes())
        seen = reader.see()
        judge(seen.html)
        seen.text.encode()
        json.dumps(reader.headers.items(), ensure_ascii=False).encode()


def test_no_hostile_message_gets_anything_through(corpus: Path) -> None:
    manifest = json.loads((corpus / "xss" / "manifest.json").read_text())
    for entry in manifest:
        seen = Reader((corpus / "xss" / entry["file"]).read_bytes()).see()
        judge(seen.html)
        assert "tracker.example" not in seen.html.style
        if entry["payload"] != "(see file)":
            assert entry["file"].removesuffix(".eml") in seen.text


LIMITS = {
    "10,000 parts": b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 10_000,
    "1,000 deep": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i) for i in range(1000)
    ),
    "13 MB of text": b"Subject: x\n\n" + "Ligne d’été.\n".encode() * 850_000,
    "13 MB on one line": b"Subject: x\n\n" + b"a@a." * 3_250_000,
    "13 MB of quotes": b"Subject: x\n\n" + b"> > >\n" * 2_200_000,
    "50,000 recipients": b"To: " + b"Paul <p@x.fr>,\n " * 50_000 + b"\n\nx",
    "a header of 5 MB": b"Subject: " + b"=?utf-8?q?=C3=A9?=\n " * 250_000 + b"\n\nx",
}


@pytest.mark.parametrize("raw", LIMITS.values(), ids=LIMITS)
def test_limits_hold_for_whole_messages(raw: bytes) -> None:
    reader = Reader(raw)
    seen = reader.see()
    reader.headers.get("Subject")
    assert len(reader.headers.addresses("To")) in (0, 50_000)
    assert len(seen.html.body) < 40_000_000
    assert len(list(reader.root.walk())) <= structure.MOST_PARTS + structure.DEEPEST + 1
    encoded_words.decode(seen.text[:1000])
