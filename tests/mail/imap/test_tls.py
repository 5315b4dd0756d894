"""TLS is verified, and nothing gets past STARTTLS."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mail.errors import BadServerAnswer, ServerUnavailable
from mail.imap import connection
from mail.imap.values import ImapServer
from tests.servers import certificates
from tests.servers.scripted import GREETING, START_TLS, ScriptedServer, imap_script, no, ok
from tests.servers.web import SIGNS_CERTIFICATES

PLAIN = ok(b"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\n")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    """Certificate and key for 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "imap.exemple.fr")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(SIGNS_CERTIFICATES, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@pytest.fixture
def context(certificate: Path) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate)
    return made


def sign_in(server, security, ca_file=""):
    where = ImapServer("127.0.0.1", server.port, security, timeout=2, ca_file=str(ca_file))
    return connection.open(where, "alice", "secret")


def test_a_trusted_certificate_is_taken(context, certificate):
    with ScriptedServer(imap_script(), tls=context) as server:
        sign_in(server, "tls", certificate).close()


def test_an_unknown_certificate_is_refused(context):
    script = [("", GREETING)]
    with ScriptedServer(script, tls=context) as server, pytest.raises(ServerUnavailable):
        sign_in(server, "tls")
    assert server.received == [[]]


def test_a_certificate_file_that_is_missing_is_unavailable():
    with pytest.raises(ServerUnavailable):
        connection.open(ImapServer("127.0.0.1", 1, "tls", ca_file="/nowhere.pem"), "alice", "x")


def test_starttls_encrypts_before_sign_in(context, certificate):
    script = [("", GREETING), ("CAPABILITY", PLAIN), ("STARTTLS", ok(), START_TLS)]
    script += imap_script()[1:]
    with ScriptedServer(script, tls=context) as server:
        sign_in(server, "starttls", certificate).close()


def test_starttls_verifies_the_certificate(context):
    script = [("", GREETING), ("CAPABILITY", PLAIN), ("STARTTLS", ok(), START_TLS)]
    with ScriptedServer(script, tls=context) as server, pytest.raises(ServerUnavailable):
        sign_in(server, "starttls")


def test_answers_put_in_before_tls_are_refused(context, certificate):
    injected = ok() + b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n"
    script = [("", GREETING), ("CAPABILITY", PLAIN), ("STARTTLS", injected)]
    with ScriptedServer(script) as server, pytest.raises(BadServerAnswer):
        sign_in(server, "starttls", certificate)


@pytest.mark.parametrize(
    "script",
    [
        [("", GREETING), ("CAPABILITY", ok(b"* CAPABILITY IMAP4rev1\r\n"))],
        [("", GREETING), ("CAPABILITY", PLAIN), ("STARTTLS", no(b"not now"))],
    ],
)
def test_without_starttls_no_password_is_sent(script, certificate):
    with ScriptedServer(script) as server, pytest.raises(BadServerAnswer):
        sign_in(server, "starttls", certificate)
    assert not any(b"LOGIN" in line for line in server.received[0])


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize(("name", "is_taken"), [("imap.exemple.fr", True), ("127.0.0.1", False)])
def test_a_server_that_is_reached_by_its_number_shows_the_certificate_of_its_name(
    tmp_path: Path, security: str, name: str, is_taken: bool
) -> None:
    own = certificates.certificate(tmp_path, "imap.exemple.fr")
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(own)
    script = imap_script()
    if security == "starttls":
        script = [("", GREETING), ("CAPABILITY", PLAIN), ("STARTTLS", ok(), START_TLS), *script[1:]]
    with ScriptedServer(script, tls=made) as server:
        where = ImapServer("127.0.0.1", server.port, security, 2, str(own), name=name)
        if is_taken:
            connection.open(where, "alice", "secret").close()
        else:
            with pytest.raises(ServerUnavailable):
                connection.open(where, "alice", "secret")
            assert not any(b"secret" in line for lines in server.received for line in lines)
