"""The wrappings that some programs put around a message: winmail.dat, S/MIME, OpenPGP's armour,
uuencode."""

import base64
import binascii
import struct
import textwrap
from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from demo.mail.writing import Enclosure

# --- Transport Neutral Encapsulation Format (MS-OXTNEF section 2.1) ---

_VERSION, _CODEPAGE, _SUBJECT, _BODY = 0x00089006, 0x00069007, 0x00018004, 0x0002800C
_RENDERING, _TITLE, _DATA = 0x00069002, 0x00018010, 0x0006800F
_OF_MESSAGE, _OF_ATTACHMENT = 1, 2


def winmail(subject: str, text: str, files: Sequence[Enclosure]) -> bytes:
    """A winmail.dat: what Outlook sends to people whom it takes for its own kind."""
    parts = [
        struct.pack("<IH", 0x223E9F78, 1),
        _attribute(_OF_MESSAGE, _VERSION, struct.pack("<I", 0x00010000)),
        _attribute(_OF_MESSAGE, _CODEPAGE, struct.pack("<II", 1252, 0)),
        _attribute(_OF_MESSAGE, _SUBJECT, subject.encode("cp1252") + b"\0"),
        _attribute(_OF_MESSAGE, _BODY, text.encode("cp1252") + b"\0"),
    ]
    for file in files:
        parts += (
            _attribute(_OF_ATTACHMENT, _RENDERING, struct.pack("<HIHHI", 1, 0xFFFFFFFF, 0, 0, 0)),
            _attribute(_OF_ATTACHMENT, _TITLE, file.name.encode("cp1252") + b"\0"),
            _attribute(_OF_ATTACHMENT, _DATA, file.content),
        )
    return b"".join(parts)


def _attribute(level: int, name: int, content: bytes) -> bytes:
    checksum = sum(content) & 0xFFFF
    return struct.pack("<BII", level, name, len(content)) + content + struct.pack("<H", checksum)


# --- S/MIME (RFC 8551 section 3.5.2) ---


def signed(entity: bytes, name: str, address: str, now: datetime) -> bytes:
    """A MIME entity inside its signature: programs without S/MIME see an attachment alone. The
    certificate is the signer's own."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(4127)
        .not_valid_before(now - timedelta(days=90))
        .not_valid_after(now + timedelta(days=640))
        .add_extension(x509.SubjectAlternativeName([x509.RFC822Name(address)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    builder = pkcs7.PKCS7SignatureBuilder().set_data(entity)
    return builder.add_signer(certificate, key, hashes.SHA256()).sign(
        Encoding.DER, [pkcs7.PKCS7Options.Binary]
    )


# --- OpenPGP (RFC 9580 section 6.2) ---


def armoured(kind: str, packets: bytes) -> str:
    """Packets as lines of letters; `kind` as "MESSAGE", "SIGNATURE"."""
    lines = textwrap.fill(base64.b64encode(packets).decode(), 64)
    check = base64.b64encode(_crc24(packets).to_bytes(3)).decode()
    return f"-----BEGIN PGP {kind}-----\n\n{lines}\n={check}\n-----END PGP {kind}-----\n"


def _crc24(content: bytes) -> int:
    crc = 0xB704CE
    for byte in content:
        crc ^= byte << 16
        for _ in range(8):
            crc <<= 1
            if crc & 0x1000000:
                crc ^= 0x1864CFB
    return crc


def clear_signed(text: str) -> str:
    """A text that can be read, and what a signature of it looks like below."""
    return f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{text}\n" + armoured(
        "SIGNATURE", bytes(range(7, 103))
    )


# --- uuencode (POSIX) ---


def uuencoded(name: str, content: bytes) -> str:
    lines = [binascii.b2a_uu(content[at : at + 45]).decode() for at in range(0, len(content), 45)]
    return f"begin 644 {name}\n{''.join(lines)}`\nend\n"
