"""Images written anew: upright, bare of metadata, bounded."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mail.previews import images
from mail.previews.failures import NoPreview, Reason
from tests.examples import up_to
from tests.mail.previews import samples
from tests.measured import costs
from tests.waiting import cheap

# Pillow warns of much that it then reads all the same.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")


def opened(picture: images.Picture) -> Image.Image:
    image = Image.open(io.BytesIO(picture.content))
    image.load()
    return image


def pixel(image: Image.Image, x: int, y: int) -> tuple[int, ...]:
    """Red, green, blue and how much of it is seen."""
    colour = image.convert("RGBA").getpixel((x, y))
    assert isinstance(colour, tuple)
    return colour


def refusal(content: bytes) -> Reason:
    with pytest.raises(NoPreview) as refused:
        images.picture(content)
    with pytest.raises(NoPreview):
        images.thumbnail(content)
    return refused.value.reason


@pytest.mark.parametrize(
    ("format", "media_type"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("GIF", "image/png"),
        ("WEBP", "image/jpeg"),
        ("BMP", "image/png"),
        ("TIFF", "image/jpeg"),
    ],
)
def test_every_format_is_shown_as_one_that_browsers_know(format: str, media_type: str) -> None:
    shown = images.picture(samples.image(format, (60, 40)))
    assert (shown.media_type, shown.width, shown.height) == (media_type, 60, 40)
    red, green, *_ = pixel(opened(shown), 5, 5)
    assert red > 200 and green < 60
    assert pixel(opened(shown), 50, 30) >= (240, 240, 240, 255)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_an_image_taken_sideways_is_turned_and_loses_its_metadata(format: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter to the right
    exif[0x010F] = "Secret Camera"
    exif.get_ifd(0x8825)[2] = (48.0, 51.0, 30.0)
    content = samples.image(format, (60, 40), exif=exif)
    assert b"Secret Camera" in content
    for shown in (images.picture(content), images.thumbnail(content)):
        assert (shown.width, shown.height) == (40, 60)
        assert (shown.full_width, shown.full_height) == (40, 60)
        assert b"Secret" not in shown.content and b"Exif" not in shown.content
        assert not opened(shown).getexif()
        # The red quarter, upper left in the file, is now upper right.
        red, green, *_ = pixel(opened(shown), 35, 5)
        assert red > 200 and green < 60


def test_comments_and_text_in_an_image_are_dropped() -> None:
    jpeg = samples.image("JPEG", comment=b"secret remark")
    gif = samples.image("GIF", comment=b"secret remark")
    for content in (jpeg, gif):
        assert b"secret remark" in content
        assert b"secret" not in images.picture(content).content


def test_a_moving_gif_moves_without_its_comment() -> None:
    content = samples.animation("GIF", 5)
    shown = images.picture(content)
    assert shown.media_type == "image/gif"
    assert getattr(opened(shown), "n_frames", 1) == 5


def test_a_moving_webp_moves() -> None:
    shown = images.picture(samples.animation("WEBP", 4))
    assert shown.media_type == "image/webp"
    assert getattr(opened(shown), "n_frames", 1) == 4


def test_an_image_that_moves_too_much_stands_still() -> None:
    shown = images.picture(samples.animation("GIF", 400, (4, 4)))
    assert shown.media_type == "image/png"


def test_the_first_page_of_a_tiff_is_shown() -> None:
    pages = [Image.new("RGB", (30, 20), colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:])
    red, _, blue, _ = pixel(opened(images.picture(out.getvalue())), 5, 5)
    assert red > 200 and blue < 60


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "LA", "CMYK", "I;16", "F"])
def test_scans_in_every_depth_are_shown(mode: str) -> None:
    out = io.BytesIO()
    Image.new("L", (30, 20), 200).convert(mode.replace("I;16", "I")).convert(mode).save(out, "TIFF")
    shown = images.picture(out.getvalue())
    assert (shown.width, shown.height) == (30, 20)
    opened(shown)


def test_see_through_stays_see_through() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (10, 10), (255, 0, 0, 0)).save(out, "PNG")
    assert pixel(opened(images.picture(out.getvalue())), 5, 5)[3] == 0
    assert pixel(opened(images.thumbnail(out.getvalue())), 5, 5)[3] == 0


def test_a_big_image_becomes_a_small_one() -> None:
    content = samples.image("JPEG", (5000, 1000))
    shown, small = images.picture(content), images.thumbnail(content)
    assert (shown.width, shown.full_width, shown.full_height) == (4096, 5000, 1000)
    assert (small.width, small.height, small.media_type) == (320, 64, "image/webp")


def test_a_picture_of_a_document_keeps_its_size_on_paper_and_is_not_turned() -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    Image.new("RGB", (3000, 2000), "red").save(out, "JPEG", dpi=(300, 300), exif=exif)
    smaller = images.smaller(out.getvalue(), longest=1000)
    assert smaller
    image = Image.open(io.BytesIO(smaller))
    assert (image.format, image.size, image.info["dpi"]) == ("JPEG", (1000, 667), (100, 100))
    assert images.smaller(out.getvalue(), longest=3000) is None


def test_a_picture_of_a_document_stays_see_through() -> None:
    smaller = images.smaller(samples.image("PNG", (3000, 2000), "RGBA"), longest=1000)
    assert smaller
    image = Image.open(io.BytesIO(smaller))
    assert (image.format, image.mode, image.size) == ("PNG", "RGBA", (1000, 667))
    assert [round(density) for density in image.info["dpi"]] == [32, 32]


def test_a_small_image_is_not_blown_up() -> None:
    small = images.thumbnail(samples.image("PNG", (12, 8)))
    assert (small.width, small.height) == (12, 8)


@pytest.mark.parametrize("size", [(9_000, 9_000), (60_000, 60_000), (2**31 - 1, 2**31 - 1)])
def test_a_file_that_claims_too_many_pixels_is_refused_at_once(size: tuple[int, int]) -> None:
    with cheap(1):
        assert refusal(samples.png_claiming(*size)) in (Reason.TOO_LARGE, Reason.BOMB)


_SIDE = 6000
_WHOLE = (_SIDE, _SIDE)  # as many pixels as may be
_PHOTOGRAPH = (8000, 8000)
_A4 = (4961, 7016)


def _film(form: str, size: tuple[int, int], frames: int) -> bytes:
    first, *others = (Image.new("P", size, number) for number in range(frames))
    out = io.BytesIO()
    first.save(out, form, save_all=True, append_images=others)
    return out.getvalue()


def _heavy(mode: str, form: str, **options: Any) -> bytes:
    return saved(Image.new(mode, _WHOLE), form, **options)


HEAVY: dict[str, Callable[[], bytes]] = {
    **{
        f"PNG of {mode}": partial(_heavy, mode, "PNG")
        for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
    },
    "PNG of a palette that is seen through": lambda: saved(
        Image.new("P", _WHOLE), "PNG", transparency=0
    ),
    **{
        f"TIFF of {mode}": partial(_heavy, mode, "TIFF", compression="tiff_lzw")
        for mode in ("F", "CMYK", "LAB", "I;16", "RGB")
    },
    "TIFF in one strip": lambda: saved(
        Image.new("RGB", _WHOLE), "TIFF", compression="tiff_lzw", tiffinfo={278: _SIDE}
    ),
    "TIFF of a sheet of A4 at 600 dots an inch, in one strip": lambda: saved(
        Image.new("RGB", _A4), "TIFF", compression="tiff_lzw", tiffinfo={278: _A4[1]}
    ),
    "TIFF laid on its side, as large as may be": lambda: saved(
        Image.new("RGB", (5550, 5550)), "TIFF", compression="tiff_lzw", tiffinfo={274: 6}
    ),
    "JPEG of many scans, as large as may be": lambda: saved(
        Image.new("RGB", (7850, 7850)), "JPEG", progressive=True
    ),
    "TIFF laid on its side": lambda: saved(
        Image.new("RGB", _WHOLE), "TIFF", compression="tiff_lzw", tiffinfo={274: 6}
    ),
    "BMP": lambda: saved(Image.new("1", _WHOLE), "BMP"),
    "GIF": lambda: saved(Image.new("P", _WHOLE), "GIF"),
    "GIF that moves": lambda: _film("GIF", (4000, 3000), 5),
    "WebP": lambda: saved(Image.new("RGBA", _WHOLE), "WEBP"),
    "WebP of less": lambda: saved(Image.new("RGBA", (4000, 3000)), "WEBP"),
    "WebP that moves": lambda: _film("WEBP", (2000, 1500), 20),
    "JPEG": lambda: saved(Image.new("RGB", _PHOTOGRAPH), "JPEG", subsampling=0),
    "JPEG of many scans": lambda: saved(
        Image.new("RGB", _PHOTOGRAPH), "JPEG", progressive=True, subsampling=0
    ),
    "JPEG of fewer pixels in many scans": lambda: saved(
        Image.new("RGB", (6800, 6800)), "JPEG", progressive=True
    ),
    "JPEG for printers": lambda: saved(Image.new("CMYK", _PHOTOGRAPH), "JPEG", progressive=True),
    "JPEG of a line": lambda: saved(Image.new("RGB", (64_000, 1000)), "JPEG"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HEAVY)
def test_no_image_takes_more_memory_than_is_set_aside_for_it(name: str) -> None:
    calls = ("mail.previews.images:picture", "mail.previews.images:thumbnail")
    for call, cost in costs(HEAVY[name](), *calls).items():
        assert cost.megabytes < 300, (call, cost)
        assert cost.seconds < 10, (call, cost)
        assert cost.outcome == "Picture" or "pixels of" in cost.outcome


@pytest.mark.parametrize(
    ("size", "options"),
    [
        ((7000, 7000), {}),  # the cameras of telephones
        ((6000, 4000), {"progressive": True}),
        ((7000, 7000), {"progressive": True}),
    ],
)
def test_a_photograph_of_a_camera_is_shown(size: tuple[int, int], options: dict[str, bool]) -> None:
    shown = images.picture(saved(Image.new("RGB", size, "red"), "JPEG", **options))
    assert (shown.full_width, shown.full_height) == size
    assert shown.width > 3000
    assert pixel(opened(shown), 20, 20)[0] > 200


def test_a_jpeg_whose_components_come_one_after_the_other_keeps_all_of_them() -> None:
    content = saved(Image.new("RGB", (16, 16)), "JPEG")
    assert images._first_scan(content) == 3
    assert images._first_scan(saved(Image.new("L", (16, 16)), "JPEG")) == 1
    assert images._first_scan(b"\xff\xd8\xff\xff\xff\xd0\xff\xda\0\x08\x01") == 1
    assert [images._first_scan(content[:cut]) for cut in (0, 2, 5, 9)] == [0, 0, 0, 0]


def test_a_sheet_of_a4_at_600_dots_an_inch_is_shown_though_it_is_one_strip() -> None:
    """As scanners write it."""
    content = HEAVY["TIFF of a sheet of A4 at 600 dots an inch, in one strip"]()
    shown = images.picture(content)
    assert (shown.full_width, shown.full_height) == _A4


def test_a_photograph_may_have_more_pixels_than_what_is_read_whole() -> None:
    size = (6100, 6100)
    assert images.MOST_PIXELS_WHOLE < size[0] * size[1] < images.MOST_PIXELS
    sheet = Image.new("1", size)
    assert images.thumbnail(saved(sheet.convert("L"), "JPEG")).full_width == 6100
    assert refusal(saved(sheet, "PNG")) is Reason.TOO_LARGE


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def test_a_jpeg_of_a_thousand_scans_is_refused() -> None:
    content = samples.image("JPEG", progressive=True)
    start = content.rfind(b"\xff\xda")
    scan = content[start:-2]
    assert refusal(content[:start] + scan * 1000 + b"\xff\xd9") is Reason.BOMB


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        samples.image("JPEG")[:200],
        samples.PDF,
        samples.image("TIFF")[:60],
    ],
)
def test_what_is_no_whole_image_is_refused(content: bytes) -> None:
    assert refusal(content) is Reason.DAMAGED


@pytest.mark.parametrize("content", [samples.SVG, b"<svg/>", samples.image("ICO")])
def test_other_formats_are_never_read(content: bytes) -> None:
    assert refusal(content) is Reason.DAMAGED


SMALL = [
    samples.image(format, (16, 16)) for format in ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")
] + [samples.animation("GIF", 3), samples.animation("WEBP", 3)]


@up_to(300)
@given(
    st.sampled_from(SMALL),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=6))),
    st.floats(0.1, 1),
)
def test_damage_anywhere_gives_an_image_or_a_refusal(
    content: bytes, damage: list[tuple[float, bytes]], kept: float
) -> None:
    damaged = bytearray(content)
    for where, replacement in damage[:6]:
        start = int(where * len(damaged))
        damaged[start : start + len(replacement)] = replacement
    content = bytes(damaged[: int(len(damaged) * kept)])
    for make in (images.picture, images.thumbnail):
        try:
            shown = make(content)
        except NoPreview:
            continue
        assert max(shown.width, shown.height) <= 4096
