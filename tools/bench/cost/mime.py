"""Messages of parts, and what wraps a message: winmail.dat, S/MIME."""

import zlib

from tests.mail.mime import wrap
from tools.bench.cost.attacks import attached, mailed
from tools.bench.cost.letters import joined, letter, multipart, part

PLAIN = "text/plain; charset=utf-8"
TNEF_HEAD = b"\x78\x9f\x3e\x22\x01\x00"
MESSAGE = "message/rfc822"


@mailed
def parts() -> bytes:
    """10,000 parts."""
    return multipart([part("a", PLAIN)] * 10_000)


@mailed
def files() -> bytes:
    """5,000 attachments."""
    many = (part("a", "text/plain", f"Content-Disposition: attachment; filename=a{n}.txt")
            for n in range(5_000))  # fmt: skip
    return multipart([part("a", PLAIN), *many])


@mailed
def nested() -> bytes:
    """Multiparts in one another, 5,000 deep."""
    inner = part("a", PLAIN)
    for n in range(5_000):
        head = f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n'.encode()
        inner = head + inner
    return letter(b"", "text/plain").partition(b"MIME-Version")[0] + inner


@mailed
def boundaries() -> bytes:
    """Boundaries of which each begins as the one before."""
    inner = part("a", PLAIN)
    for n in range(1, 60):
        kind = f'multipart/mixed; boundary="{"b" * n}"'
        inner = part(joined([inner] * (2 if n < 12 else 1), "b" * n), kind)
    return letter(inner.partition(b"\r\n\r\n")[2], f'multipart/mixed; boundary="{"b" * 59}"')


@mailed
def lines_like_boundaries() -> bytes:
    """A text of lines that nearly end a part."""
    return multipart([part("--=_limit\r\n" * 400_000, PLAIN)])


@mailed
def messages() -> bytes:
    """Messages in messages, 400 deep."""
    inner = letter("a")
    for _ in range(400):
        inner = letter(inner, MESSAGE)
    return inner


@mailed
def many_messages() -> bytes:
    """500 nested messages side by side."""
    return multipart([part("a", PLAIN)] + [part(letter("<p>a"), MESSAGE)] * 500)


@mailed
def alternatives() -> bytes:
    """2,000 alternatives of one text."""
    both = [part("a" * 500, PLAIN), part("<p>" + "a" * 500, "text/html; charset=utf-8")]
    return multipart(both * 1_000, "alternative")


@mailed
def related() -> bytes:
    """A page with 3,000 inline images, each a part."""
    page = "".join(f"<img src=cid:i{n}>" for n in range(3_000))
    images = [
        part("GIF89a", "image/gif", f"Content-ID: <i{n}>", "Content-Disposition: inline")
        for n in range(3_000)
    ]
    return multipart([part(page, "text/html"), *images], "related")


@mailed
def report() -> bytes:
    """A notice about 20,000 recipients who were not reached."""
    one = "Final-Recipient: rfc822; a@exemple.fr\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
    parts_of_it = [part("Non remis", PLAIN), part(one * 20_000, "message/delivery-status")]
    return letter(joined(parts_of_it), "multipart/report; report-type=delivery-status; "
                  'boundary="=_limite"')  # fmt: skip


@mailed
def report_field() -> bytes:
    """A notice with one field of a megabyte."""
    field = "Diagnostic-Code: smtp; " + "(550 " * 200_000
    parts_of_it = [part("Non remis", PLAIN), part(field, "message/delivery-status")]
    return letter(joined(parts_of_it), "multipart/report; report-type=delivery-status; "
                  'boundary="=_limite"')  # fmt: skip


@mailed
def partial() -> bytes:
    """A piece of a message, and bodies kept elsewhere."""
    outside = 'message/external-body; access-type=URL; URL="https://exemple.fr/' + "a" * 900 + '"'
    return multipart([part(letter("a"), "message/partial; id=a; number=1; total=9999999")]
                     + [part("Content-Type: text/html\r\n\r\n", outside)] * 500)  # fmt: skip


@mailed
def base64_blanks() -> bytes:
    """Base64 with a character a line, and padding inside."""
    coded = part("Y\r\n=\r\n" * 500_000, PLAIN, "Content-Transfer-Encoding: base64")
    return multipart([coded])


@mailed
def unsaid_encodings() -> bytes:
    """500 parts in charsets and encodings that do not exist."""
    odd = part("é" * 2_000, "text/plain; charset=x-inconnu", "Content-Transfer-Encoding: x-zip")
    return multipart([odd] * 500)


# --- winmail.dat ---


@attached("winmail.dat", "application/ms-tnef")
def tnef_boundaries() -> bytes:
    """A message whose file of 13 MB names all the boundaries that would part it."""
    names = b"".join(b"=_mixed_%d\n=_alternative_%d\n" % (n, n) for n in range(400_000))
    inner = wrap.tnef([], wrap.attachment(b"a.txt", b"a"), _mail_in_mail(names[:13_000_000]))
    return wrap.tnef([], wrap.nested(inner))


def _mail_in_mail(content: bytes) -> bytes:
    """A nested mail, which is written without an encoding."""
    return wrap.attachment(b"a.eml", content, wrap.unicode(0x370E, "message/rfc822"))


@attached("winmail.dat", "application/ms-tnef")
def tnef_attributes() -> bytes:
    """500,000 empty attributes."""
    return TNEF_HEAD + wrap.attribute(1, 0x9003, b"") * 500_000


@attached("winmail.dat", "application/ms-tnef")
def tnef_properties() -> bytes:
    """300,000 properties of a message."""
    return wrap.tnef([wrap.unicode(0x0037, "a")] * 300_000)


@attached("winmail.dat", "application/ms-tnef")
def tnef_files() -> bytes:
    """10,000 attachments."""
    return wrap.tnef([], *[wrap.attachment(b"a.txt", b"a")] * 10_000)


@attached("winmail.dat", "application/ms-tnef")
def tnef_rtf_bomb() -> bytes:
    """Compressed RTF that unfolds to 100 MB."""
    return wrap.tnef([wrap.binary(0x1009, wrap.rtf_bomb(12_000_000))])


@attached("winmail.dat", "application/ms-tnef")
def tnef_rtf_groups() -> bytes:
    """RTF of opened groups."""
    return wrap.tnef([wrap.binary(0x1009, _rtf(rb"{\rtf1 " + b"{" * 900_000))])


@attached("winmail.dat", "application/ms-tnef")
def tnef_rtf_words() -> bytes:
    """RTF of control words, hexadecimal characters and skipped bytes."""
    words = rb"\bin9 \'e9\u233?\uc9\fonttbl;{\*\htmltag64 <p>}" * 20_000
    return wrap.tnef([wrap.binary(0x1009, _rtf(rb"{\rtf1\fromhtml1 " + words))])


@attached("winmail.dat", "application/ms-tnef")
def tnef_rtf_digits() -> bytes:
    """RTF with a number of 900,000 digits."""
    return wrap.tnef([wrap.binary(0x1009, _rtf(rb"{\rtf1 \u" + b"9" * 900_000))])


def _rtf(text: bytes) -> bytes:
    return wrap.rtf_literally(text)


# --- S/MIME ---


def _signed(content: bytes) -> bytes:
    return letter(
        content,
        'application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"',
        fields=["Content-Transfer-Encoding: binary"],
    )


@mailed
def smime_nested() -> bytes:
    """Signed messages in one another, 200 deep."""
    inner = b"Content-Type: text/plain\r\n\r\na"
    for _ in range(200):
        head = b"Content-Type: application/pkcs7-mime; smime-type=signed-data\r\n\r\n"
        inner = head + wrap.signed(inner)
    return _signed(wrap.signed(inner))


@mailed
def smime_depth() -> bytes:
    """ASN.1 of 100,000 sequences in one another."""
    return _signed(b"0\x80" * 100_000)


@mailed
def smime_pieces() -> bytes:
    """A signed text in pieces of seven bytes."""
    return _signed(wrap.signed(b"Content-Type: text/plain\r\n\r\n" + b"a" * 2_000_000,
                               indefinite=True))  # fmt: skip


@mailed
def smime_compressed() -> bytes:
    """A compressed message that unfolds to a gigabyte."""
    squeeze = zlib.compressobj(9)
    deflated = b"".join(squeeze.compress(bytes(10_000_000)) for _ in range(100)) + squeeze.flush()
    return _signed(wrap.compressed(deflated))
