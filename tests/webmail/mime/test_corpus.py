"""The shared corpus: what a reader must be given, and hostile messages that must give nothing
else."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

from tests.webmail.mime.judge import judge
from webmail.mime import html, structure, text
from webmail.mime.html import SafeHtml
from webmail.mime.structure import Parsed, Part, Shown


def pieces(parsed: Parsed, parts: tuple[Part, ...]) -> list[tuple[Part, str]]:
    """Each part with its decoded text."""
    decoders = {"text/html": html.decode}
    return [
        (
            part,
            decoders.get(part.media_type, text.decode)(
                parsed.bodies[part.number], part.encoding, part.charset
            ),
        )
        for part in parts
    ]


def show(parsed: Parsed) -> tuple[Shown, str, SafeHtml]:
    """What is chosen, the text a person sees, and the HTML he is given."""
    shown = structure.choose(parsed.root)
    if not shown.html:
        plain = html.join_text(pieces(parsed, shown.text))
        return shown, plain, SafeHtml(text.to_html(plain))
    locations = [part.location for part in parsed.root.walk() if part.location]
    safe = html.sanitise(html.join(pieces(parsed, shown.html)), locations=locations)
    return structure.choose(parsed.root, safe.inline), html.to_text(safe.body), safe


def normal(value: str) -> str:
    return " ".join(unicodedata.normalize("NFC", value).split())


def test_every_message_is_shown_as_expected(corpus: Path) -> None:
    expected = json.loads((corpus / "mime" / "expected.json").read_text())
    wrong = []
    for name, want in expected.items():
        parsed = structure.parse((corpus / "mime" / name).read_bytes())
        shown, seen, _ = show(parsed)
        senders = parsed.headers.addresses("From")
        names = {normal(part.file_name) for part in shown.attachments}
        checks = {
            "subject": normal(parsed.headers.get("Subject")) == normal(want["subject"]),
            "from": (senders[0].address if senders else "") == want["from"],
            "visible": all(normal(line) in normal(seen) for line in want["visible"]),
            "attachments": {normal(one) for one in want["attachments"]} <= names,
            "inline images": len(shown.inline) == want.get("inline_images", len(shown.inline)),
        }
        wrong += [(name, check) for check, is_right in checks.items() if not is_right]
    assert wrong == []


def test_every_odd_message_is_shown_without_an_error(corpus: Path) -> None:
    for path in sorted((corpus / "mime").glob("*.eml")):
        parsed = structure.parse(path.read_bytes())
        _, seen, safe = show(parsed)
        judge(safe)
        seen.encode()
        json.dumps(parsed.headers.items(), ensure_ascii=False).encode()


def test_no_hostile_message_gets_anything_through(corpus: Path) -> None:
    manifest = json.loads((corpus / "xss" / "manifest.json").read_text())
    for entry in manifest:
        parsed = structure.parse((corpus / "xss" / entry["file"]).read_bytes())
        _, seen, safe = show(parsed)
        judge(safe)
        assert "tracker.example" not in safe.style
        mark = entry["file"].removesuffix(".eml")
        if entry["payload"] != "(see file)":
            assert mark in seen
