"""Profiles for iPhone, iPad and Mac: their values, and who signed them."""

from __future__ import annotations

import datetime
import plistlib
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from accounts.autoconfig import apple, signing
from accounts.lookup import MailSettings, ServerSetting
from tests.waiting import LONGEST_S

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def test_the_profile_holds_what_the_sheet_says_and_no_password(francoise: MailSettings) -> None:
    document = plistlib.loads(apple.profile(francoise))
    assert document["PayloadType"] == "Configuration"
    assert document["PayloadVersion"] == 1
    assert document["PayloadOrganization"] == "Académie d’Exemple"
    assert document["PayloadRemovalDisallowed"] is False
    (mail,) = document["PayloadContent"]
    expected = {
        "PayloadType": "com.apple.mail.managed",
        "EmailAccountName": "Françoise Durand",
        "EmailAccountType": "EmailTypeIMAP",
        "EmailAddress": "francoise.durand@ac-exemple.fr",
        "IncomingMailServerAuthentication": "EmailAuthPassword",
        "IncomingMailServerHostName": "imap.ac-exemple.fr",
        "IncomingMailServerPortNumber": 993,
        "IncomingMailServerUseSSL": True,
        "IncomingMailServerUsername": "fdurand",
        "OutgoingMailServerAuthentication": "EmailAuthPassword",
        "OutgoingMailServerHostName": "smtp.ac-exemple.fr",
        "OutgoingMailServerPortNumber": 587,
        "OutgoingMailServerUseSSL": True,
        "OutgoingMailServerUsername": "fdurand",
        "OutgoingPasswordSameAsIncomingPassword": True,
    }
    assert {name: mail[name] for name in expected} == expected
    assert not {name for name in mail if "Password" in name} - {
        "OutgoingPasswordSameAsIncomingPassword"
    }


def test_a_profile_made_again_takes_the_place_of_the_first(francoise: MailSettings) -> None:
    def identities(settings: MailSettings) -> list[str]:
        document = plistlib.loads(apple.profile(settings))
        names = ("PayloadIdentifier", "PayloadUUID")
        return [part[name] for part in (document, *document["PayloadContent"]) for name in names]

    first = identities(francoise)
    assert len(set(first)) == 4
    elsewhere = replace(francoise, servers=francoise.servers[:2])
    assert identities(elsewhere) == first
    assert not set(identities(replace(francoise, address="autre@ac-exemple.fr"))) & set(first)
    assert first[0].startswith("fr.ac-exemple.")


def test_without_a_server_to_send_by_there_is_no_profile(francoise: MailSettings) -> None:
    alone = replace(francoise, servers=francoise.servers[:1])
    assert not apple.can_be_made(alone)
    with pytest.raises(ValueError, match="SMTP"):
        apple.profile(alone)


def test_a_server_of_the_demonstration_uses_no_encryption(francoise: MailSettings) -> None:
    servers = tuple(ServerSetting(name, "127.0.0.1", 1, "none") for name in ("imap", "smtp"))
    document = plistlib.loads(apple.profile(replace(francoise, servers=servers)))
    assert document["PayloadContent"][0]["IncomingMailServerUseSSL"] is False


def certificate(subject: str, key: Key, issuer: str, issuer_key: Key) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    is_authority = subject != "profile"
    builder = x509.CertificateBuilder()
    builder = builder.subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
    builder = builder.issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    basic = x509.BasicConstraints(ca=is_authority, path_length=None)
    return builder.add_extension(basic, critical=True).sign(issuer_key, hashes.SHA256())


def pem(key: Key | ed25519.Ed25519PrivateKey, passphrase: bytes = b"") -> str:
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        encryption = serialization.BestAvailableEncryption(passphrase)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, encryption).decode()


def written(*certificates: x509.Certificate) -> str:
    return "".join(
        certificate.public_bytes(serialization.Encoding.PEM).decode()
        for certificate in certificates
    )


def self_signed() -> tuple[str, str]:
    """PEM of a certificate that signs for itself, and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    return written(certificate("profile", key, "profile", key)), pem(key)


@pytest.fixture(params=["rsa", "ec"])
def chain(request: pytest.FixtureRequest) -> tuple[str, str, str]:
    """PEM: the root; the certificate with what stands between; its key."""
    root_key, middle_key = (
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP256R1()),
    )
    key: Key = (
        rsa.generate_private_key(65537, 2048)
        if request.param == "rsa"
        else ec.generate_private_key(ec.SECP256R1())
    )
    root = certificate("root", root_key, "root", root_key)
    middle = certificate("middle", middle_key, "root", root_key)
    leaf = certificate("profile", key, "middle", middle_key)
    return written(root), written(leaf, middle), pem(key)


def test_a_signed_profile_is_verified_by_openssl(
    francoise: MailSettings, chain: tuple[str, str, str], tmp_path: Path
) -> None:
    root, certificates, key = chain
    signer = signing.parse(certificates, key)
    assert signer is not None
    profile = apple.profile(francoise)
    (tmp_path / "root.pem").write_text(root)
    (tmp_path / "signed.mobileconfig").write_bytes(signer.sign(profile))
    command = "openssl cms -verify -inform DER -in signed.mobileconfig -CAfile root.pem"
    command += " -purpose any -binary -out opened.plist"
    subprocess.run(  # noqa: S603
        command.split(), cwd=tmp_path, check=True, capture_output=True, timeout=LONGEST_S
    )
    assert (tmp_path / "opened.plist").read_bytes() == profile


def test_without_certificate_and_key_nothing_is_signed() -> None:
    assert signing.parse("", "") is None


def test_what_makes_no_signer_stops_the_start() -> None:
    key, other = rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())
    good = written(certificate("profile", key, "profile", key))
    odd = ed25519.Ed25519PrivateKey.generate()
    for certificates, key_text in (
        (good, ""),
        ("", pem(key)),
        ("no certificate", pem(key)),
        (good, "no key"),
        (good, pem(other)),
        (good, pem(key, b"passphrase")),
        (good, pem(odd)),
    ):
        with pytest.raises(ValueError, match="key"):
            signing.parse(certificates, key_text)


def test_a_signer_does_not_show_its_key() -> None:
    key = rsa.generate_private_key(65537, 2048)
    signer = signing.parse(written(certificate("profile", key, "profile", key)), pem(key))
    assert "key=" not in repr(signer)
