"""The pictures of pages, as far as no demo is needed for them."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from demo import pictures


def test_each_page_has_a_name_of_its_own() -> None:
    names = [shot.name for shot in pictures.SHOTS]
    assert len(names) == len(set(names)) > 60


def test_the_pictures_of_the_documents_are_those_that_the_command_takes() -> None:
    kept = {}
    for file in pictures.DOCS.glob("*.webp"):
        with Image.open(file) as picture:
            kept[file.name] = picture.size
    assert kept == {
        file: (width * scale, height * scale)
        for file, _name, width, height, scale, _theme in pictures.DOCS_SHOTS
    }
    assert {shot[1] for shot in pictures.DOCS_SHOTS} <= {shot.name for shot in pictures.SHOTS}


def test_a_contact_sheet_has_every_picture(tmp_path: Path) -> None:
    files = []
    for number in range(8):
        files.append(tmp_path / f"{number}.png")
        Image.new("RGB", (600, 400), (30 * number, 0, 0)).save(files[-1])
    pictures.contact_sheet(files, tmp_path / "sheet.webp")
    with Image.open(tmp_path / "sheet.webp") as kept:
        sheet = kept.convert("RGB")
    assert sheet.size == (308 * 6, 208 * 2)
    last = sheet.getpixel((308 + 150, 208 + 100))
    assert isinstance(last, tuple) and abs(last[0] - 210) < 8


def test_nothing_answers_at_a_port_where_nobody_listens() -> None:
    assert not pictures._answers("http://127.0.0.1:9")
