"""Images, PDFs, sounds: what is decoded, or read for its size."""

import io
import struct
import zlib

from PIL import Image

from tests.mail.previews import samples
from tools.bench.cost.attacks import attached, mailed
from tools.bench.cost.letters import multipart, part


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *more: bytes) -> bytes:
    """A black image that is as large as it says."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    squeeze = zlib.compressobj(9)
    row = bytes(1 + 3 * width)
    pixels = b"".join(squeeze.compress(row) for _ in range(height)) + squeeze.flush()
    parts = chunk(b"IHDR", head), *more, chunk(b"IDAT", pixels), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@attached("a.png", "image/png")
def png_large() -> bytes:
    """An image of 9,000 by 9,000 pixels in a few kilobytes."""
    return png(9_000, 9_000)


@mailed
def png_many_large() -> bytes:
    """A message with eight such images, one beside the other."""
    import base64

    one = base64.encodebytes(png(9_000, 9_000))
    file = part(one, "image/png; name=a.png", "Content-Transfer-Encoding: base64",
                "Content-Disposition: attachment; filename=a.png")  # fmt: skip
    return multipart([part("a", "text/plain"), *[file] * 8])


@attached("a.png", "image/png")
def png_claiming() -> bytes:
    """An image that claims four billion by four billion pixels."""
    return samples.png_claiming(2**31 - 1, 2**31 - 1)


@attached("a.png", "image/png")
def png_long() -> bytes:
    """An image of one by four million pixels."""
    return png(1, 4_000_000)


@attached("a.png", "image/png")
def png_text_bomb() -> bytes:
    """Comments that unfold to 60 MB each."""
    text = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(60_000_000), 9))
    return png(10, 10, *[text] * 20)


@attached("a.png", "image/png")
def png_profile_bomb() -> bytes:
    """A colour profile that unfolds to 500 MB."""
    squeeze = zlib.compressobj(9)
    packed = b"".join(squeeze.compress(bytes(10_000_000)) for _ in range(50)) + squeeze.flush()
    return png(10, 10, chunk(b"iCCP", b"a\0\0" + packed))


@attached("a.png", "image/png")
def png_chunks() -> bytes:
    """A million chunks."""
    return png(10, 10, chunk(b"tEXt", b"a\0b") * 1_000_000)


@attached("a.gif", "image/gif")
def gif_frames() -> bytes:
    """10,000 frames."""
    small = samples.animation("GIF", 3)
    head, frame = small[: small.index(b"!\xf9")], small[small.index(b"!\xf9") : -1]
    return head + frame * 4_000 + b";"


@attached("a.gif", "image/gif")
def gif_large() -> bytes:
    """A screen of 20,000 by 20,000 pixels with a small frame."""
    small = bytearray(samples.image("GIF"))
    small[6:10] = struct.pack("<HH", 20_000, 20_000)
    return bytes(small)


@attached("a.tiff", "image/tiff")
def tiff_pages() -> bytes:
    """A scan of 1,500 pages."""
    page = Image.new("1", (600, 800))
    out = io.BytesIO()
    page.save(out, "TIFF", save_all=True, append_images=[page] * 1_500, compression="group4")
    return out.getvalue()


@attached("a.tiff", "image/tiff")
def tiff_large_pages() -> bytes:
    """A scan of twenty pages of 10,000 by 10,000 pixels."""
    page = Image.new("1", (10_000, 10_000))
    out = io.BytesIO()
    page.save(out, "TIFF", save_all=True, append_images=[page] * 19, compression="group4")
    return out.getvalue()


@attached("a.tiff", "image/tiff")
def tiff_loop() -> bytes:
    """A scan whose last page is followed by its first."""
    entry = struct.pack("<HHII", 256, 3, 1, 1)
    return b"II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 8)


@attached("a.tiff", "image/tiff")
def tiff_strips() -> bytes:
    """An image that claims four million strips."""
    tags = [(256, 4, 1, 60_000), (257, 4, 1, 60_000), (258, 3, 1, 8), (259, 3, 1, 1),
            (262, 3, 1, 1), (273, 4, 4_000_000, 200), (277, 3, 1, 1), (278, 4, 1, 1),
            (279, 4, 4_000_000, 200)]  # fmt: skip
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    head = b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4)
    return head.ljust(200, b"\0") + bytes(16_000_000)


@attached("a.webp", "image/webp")
def webp_large() -> bytes:
    """An image of 16,000 by 6,000 pixels in a few kilobytes."""
    out = io.BytesIO()
    Image.new("RGB", (16_000, 6_000)).save(out, "WEBP", lossless=True)
    return out.getvalue()


@attached("a.webp", "image/webp")
def webp_frames() -> bytes:
    """2,000 frames."""
    return samples.animation("WEBP", 2_000)


@attached("a.bmp", "image/bmp")
def bmp_claiming() -> bytes:
    """A bitmap that claims 60,000 by 60,000 pixels."""
    small = bytearray(samples.image("BMP"))
    small[18:26] = struct.pack("<ii", 60_000, 60_000)
    return bytes(small)


@attached("a.bmp", "image/bmp")
def bmp_run_length() -> bytes:
    """A bitmap of 12,000 by 12,000 pixels, run-length encoded."""
    head = struct.pack("<IiiHHIIiiII", 40, 12_000, 12_000, 1, 8, 1, 0, 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, 14 + 40 + 1024) + head + bytes(1024) + b"\0\1"


@attached("a.avif", "image/avif")
def avif_large() -> bytes:
    """An AVIF image of 8,000 by 8,000 pixels."""
    out = io.BytesIO()
    Image.new("RGB", (8_000, 8_000)).save(out, "AVIF", speed=10)
    return out.getvalue()


@attached("a.jpg", "image/jpeg")
def jpeg_large() -> bytes:
    """A photograph of 12,000 by 12,000 pixels."""
    return samples.image("JPEG", (12_000, 12_000), quality=20)


@attached("a.jpg", "image/jpeg")
def jpeg_scans() -> bytes:
    """A progressive photograph whose scans are repeated 3,000 times."""
    made = samples.image("JPEG", (2_000, 2_000), progressive=True)
    start = made.index(b"\xff\xda")
    return made[:-2] + made[start:-2] * 300 + made[-2:]


@attached("a.jpg", "image/jpeg")
def exif() -> bytes:
    """A photograph whose EXIF refers to itself and has 60,000 entries."""
    entry = struct.pack("<HHII", 0x8769, 4, 1, 8)
    data = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 5_000) + entry * 5_000
    made = samples.image("JPEG")
    return made[:2] + b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data + made[2:]


@attached("a.svg", "image/svg+xml")
def svg() -> bytes:
    """An SVG of 200,000 elements in one another."""
    return b'<svg xmlns="http://www.w3.org/2000/svg">' + b"<g>" * 200_000


@attached("a.pdf", "application/pdf")
def pdf_pages() -> bytes:
    """A PDF of 5,000 pages."""
    return samples.pdf(["a"] * 5_000)


@attached("a.pdf", "application/pdf")
def pdf_large_page() -> bytes:
    """A PDF whose page is a kilometre wide."""
    return samples.pdf(["a"]).replace(b"0 0 595 842", b"0 0 9e9 9e9")


@attached("a.pdf", "application/pdf")
def pdf_stream_bomb() -> bytes:
    """A page of a PDF whose content unfolds to 500 MB."""
    squeeze = zlib.compressobj(9)
    piece = b"0 0 1 1 re f\n" * 800_000
    packed = b"".join(squeeze.compress(piece) for _ in range(50)) + squeeze.flush()
    old = b"<</Length 33>>stream\nBT /F1 24 Tf 40 700 Td (a) Tj ET\nendstream"
    new = b"<</Filter/FlateDecode/Length %d>>stream\n%b\nendstream" % (len(packed), packed)
    return samples.pdf(["a"]).replace(old, new)


@attached("a.mp4", "video/mp4")
def video() -> bytes:
    """A film of 20 MB that is nothing but boxes."""
    return samples.MP4 + struct.pack(">I", 8) * 1 + b"free" + b"\0\0\0\x08free" * 2_000_000
