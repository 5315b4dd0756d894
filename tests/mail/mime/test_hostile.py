"""Three hundred hostile pieces of HTML, and texts that would be HTML: nothing that runs, loads,
leads away or covers is left."""

from __future__ import annotations

from collections.abc import Callable

from mail.mime import addresses, headers, text
from mail.mime.hypertext import html
from mail.mime.hypertext.html import SafeHtml
from tests.cases import each
from tests.mail.mime.hostile import ADDRESS, PIECES, TEXTS, VALUES, Piece
from tests.mail.mime.judge import judge

AROUND = [
    "<p>avant</p>{}<p>après</p>",
    "{}",
    "<html><head></head><body><div>{}</div></body></html>",
]


def of(pieces: tuple[Piece, ...]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return each("piece", pieces, ids=lambda piece: piece.name)


@of(PIECES)
def test_nothing_hostile_is_left(piece: Piece) -> None:
    for around in AROUND:
        safe = html.sanitise(around.format(piece.source), mailto="/compose/?")
        judge(safe)
        assert ADDRESS not in safe.style
        assert "remote/" not in safe.body + safe.style
        assert "avant" not in around or "avant" in safe.body


@of(PIECES)
def test_images_from_elsewhere_are_numbers_of_ours_when_they_are_allowed(piece: Piece) -> None:
    safe = html.sanitise(piece.source, remote=True, mailto="/compose/?")
    judge(safe)
    assert ADDRESS not in safe.style
    assert all(address.startswith(("http://", "https://")) for address in safe.remote)


@of(PIECES)
def test_what_is_clean_stays_clean(piece: Piece) -> None:
    once = html.sanitise(piece.source)
    judge(html.sanitise(f"<style>{once.style}</style>{once.body}"))


@of((*PIECES, *TEXTS, *VALUES))
def test_a_text_is_never_more_than_text_and_links(piece: Piece) -> None:
    for written in (piece.source, html.to_text(piece.source)):
        shown = text.to_html(written)
        judge(SafeHtml(shown.replace(' class="quote"', "").replace(' class="signature"', "")))


@of(VALUES)
def test_no_name_is_a_path_or_turns_around(piece: Piece) -> None:
    name = headers.safe_name(piece.source)
    assert not set('/\\:*?"<>|') & set(name)
    assert not name.startswith(".")
    assert name.isprintable()
    assert not set(name) & set(map(chr, [*range(0x200B, 0x2010), *range(0x202A, 0x202F)]))


@of(VALUES)
def test_a_sender_is_one_sender(piece: Piece) -> None:
    quoted = piece.source.replace("\\", "").replace('"', "")
    senders = addresses.parse(f'"{quoted}" <a@exemple.invalid>')
    assert [sender.address for sender in senders] == ["a@exemple.invalid"]


def test_there_are_as_many_as_it_says() -> None:
    assert len(PIECES) >= 300
    assert len({piece.source for piece in PIECES}) == len(PIECES)
