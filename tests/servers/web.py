"""A small public internet on loopback: host names, public addresses, servers behind them.

`Web.resolve` and `Web.connect` are what `mail.remote.fetch` takes. The addresses are public, so
the guard stands as in production; only behind it each leads to a socket of this machine.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mail.remote import Address

Talk = Callable[[socket.socket], None]
# What to answer: the bytes, or a function that talks on the socket after the request was read.
Answer = bytes | Talk


def http(
    content: bytes = b"", media_type: str = "image/png", status: str = "200 OK", **fields: str
) -> bytes:
    """An answer with its length; `fields` as `Content_Encoding="gzip"`."""
    lines = [f"HTTP/1.1 {status}"]
    if media_type:
        lines.append(f"Content-Type: {media_type}")
    if "Content_Length" not in fields and "Transfer_Encoding" not in fields:
        lines.append(f"Content-Length: {len(content)}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return "\r\n".join((*lines, "", "")).encode() + content


def redirect(to: str, status: str = "302 Found", **fields: str) -> bytes:
    return http(b"", "", status, Location=to, **fields)


class Server:
    """Listens on loopback; `requests` are the heads it was sent."""

    def __init__(self, answers: Sequence[Answer], tls: ssl.SSLContext | None) -> None:
        self._answers = answers
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.requests: list[str] = []
        self.connections = 0
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            answer = self._answers[min(self.connections, len(self._answers) - 1)]
            self.connections += 1
            self._start(self._serve, client, answer)

    def _serve(self, client: socket.socket, answer: Answer) -> None:
        client.settimeout(5)
        try:
            if self._tls:
                client = self._tls.wrap_socket(client, server_side=True)
            head = b""
            while b"\r\n\r\n" not in head:
                piece = client.recv(4096)
                if not piece:
                    return
                head += piece
            self.requests.append(head.decode("ascii"))
            if isinstance(answer, bytes):
                client.sendall(answer)
            else:
                answer(client)
        except OSError:
            return  # the client hung up, or wanted no such certificate
        finally:
            client.close()


@dataclass
class Web:
    """`names` may give a host several answers: each lookup gets the next, the last one stays."""

    names: dict[str, list[Sequence[str]]] = field(default_factory=dict)
    servers: dict[tuple[str, int], Server] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    connected: list[str] = field(default_factory=list)

    def serve(
        self,
        host: str,
        *answers: Answer,
        address: str = "",
        port: int = 80,
        tls: ssl.SSLContext | None = None,
    ) -> Server:
        """A server of that name; it gives the answers one after the other, then always the last."""
        address = address or f"93.184.216.{len(self.servers) + 1}"
        self.names.setdefault(host, [(address,)])
        server = self.servers[address, port] = Server(answers, tls)
        return server

    def resolve(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        answers = self.names.get(host)
        if answers is None:
            raise socket.gaierror("no such host")
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def connect(self, address: Address, port: int, seconds: float) -> socket.socket:
        self.connected.append(str(address))
        server = self.servers.get((str(address), port))
        if server is None:
            raise ConnectionRefusedError
        return socket.create_connection(("127.0.0.1", server.port), timeout=seconds)

    def close(self) -> None:
        for server in self.servers.values():
            server.close()


SIGNS_CERTIFICATES = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


class Authority:
    """A certificate authority of the test's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        certificate = self._certificate(self._name, self._key, [], is_authority=True)
        self.file = folder / "authority.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def context(self, *names: str) -> ssl.SSLContext:
        """A server's, with a certificate for these host names or addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
        certificate = self._certificate(subject, key, names, is_authority=False)
        file = self._folder / f"{names[0]}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _certificate(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        names: Iterable[str],
        *,
        is_authority: bool,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
            # From Python 3.13 on, certificates are held to all of RFC 5280.
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), False
            )
        )
        if is_authority:
            builder = builder.add_extension(SIGNS_CERTIFICATES, critical=True)
        if alternatives := [_general_name(name) for name in names]:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), False)
        return builder.sign(self._key, hashes.SHA256())


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
