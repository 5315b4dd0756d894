"""Sign a profile, so that the telephone shows who made it: CMS (RFC 5652) with the
profile inside."""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.hazmat.primitives.serialization.pkcs7 import (
    PKCS7Options,
    PKCS7SignatureBuilder,
)
from cryptography.x509 import Certificate, load_pem_x509_certificates


@dataclass(frozen=True, slots=True)
class Signer:
    """A certificate with its key, and the intermediate certificates up to one that
    telephones know."""

    certificate: Certificate
    chain: tuple[Certificate, ...]
    key: RSAPrivateKey | EllipticCurvePrivateKey = field(repr=False)

    def sign(self, content: bytes) -> bytes:
        """Return ``content`` in a signed message, in DER."""
        builder = PKCS7SignatureBuilder().set_data(content)
        builder = builder.add_signer(self.certificate, self.key, SHA256())
        for certificate in self.chain:
            builder = builder.add_certificate(certificate)
        return builder.sign(Encoding.DER, [PKCS7Options.Binary])


def parse(certificates: str, key: str) -> Signer | None:
    """Return a signer made of PEM: a certificate followed by its chain, and its key without a
    passphrase. Return None when both are empty. Raises ValueError when they do not fit together."""
    if not (certificates or key):
        return None
    try:
        first, *chain = load_pem_x509_certificates(certificates.encode())
        private = load_pem_private_key(key.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise ValueError(
            "needs a certificate and its key, both PEM, the key without a passphrase"
        ) from error
    if not isinstance(private, RSAPrivateKey | EllipticCurvePrivateKey):
        raise ValueError("the key must be of RSA or of an elliptic curve")
    whole = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if private.public_key().public_bytes(*whole) != first.public_key().public_bytes(*whole):
        raise ValueError("the key is not that of the first certificate")
    return Signer(first, tuple(chain), private)
