"""Guarded requests: addresses in mail are fetched only from public hosts, and within limits.

For addresses in mail, no argument and no setting turns the guard off; `Limits.closed` makes it
stricter. `ask` is for servers that an administrator has named. The module uses http.client, ssl and
socket directly. HTTP libraries look names up themselves, so that they may connect to another
address than the checked one; they limit the time of each read but not of the whole; they take
proxies from the environment, and decompress unasked.
"""

from __future__ import annotations

import io
import ipaddress
import math
import re
import socket
import ssl
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException, HTTPResponse
from typing import TYPE_CHECKING, cast
from urllib.parse import quote, urljoin, urlsplit

from mail.errors import RemoteRefused, RemoteUnavailable
from mail.sockets import BoundedSocket, seconds_until

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# Host name -> its IP addresses. Raises OSError when it has none.
Resolve = Callable[[str], Sequence[str]]
# A checked IP address, a port and seconds -> a connected socket. Raises OSError.
Connect = Callable[[Address, int, float], socket.socket]

WEB_PORTS = frozenset({80, 443})
# Types that browsers show and cannot run. SVG is not among them.
IMAGES = frozenset(
    {"image/jpeg", "image/png", "image/gif", "image/webp", "image/bmp", "image/avif"}
)

_LONGEST_ADDRESS = 8192
_HEAD_BYTES = 64 * 1024
# The number of addresses of one host that are tried.
_TRIES = 4
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_USER_AGENT = "Mozilla/5.0 (compatible; webmail)"
# Control characters would end a line of the request; browsers read a backslash as a slash, other
# programs do not.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\\]")
# At least two labels, the last beginning with a letter. This excludes names of the local network
# and those that browsers read as numbers (127.1, 0x7f000001, 2130706433, 0177.0.0.1).
_NAME = re.compile(
    r"(?=.{4,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])"
)
_PRINTABLE = "!$%&'()*+,-./:;=?@[]_~|"
_SAYS_NOTHING = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_SPELLINGS = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "image/x-bmp": "image/bmp",
    "image/x-ms-bmp": "image/bmp",
}

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_UNICAST = ipaddress.IPv6Network("2000::/3")
# IANA's special-purpose registries, multicast, and one provider's metadata service. `is_global`
# alone is not enough: before Python 3.11.10 it takes 6to4, NAT64 and site-local addresses for
# public, and still takes multicast for public.
_SPECIAL: tuple[Network, ...] = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure's services for its virtual machines
        "169.254.0.0/16",  # link-local, and the metadata of most clouds
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "2001::/23",  # Teredo, ORCHID, benchmarking
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
# A lookup cannot be interrupted, only abandoned: these threads wait for it. Names in mail may be
# slow on purpose, so those of servers that administrators have named have threads of their own.
_lookups = ThreadPoolExecutor(max_workers=32, thread_name_prefix="remote-lookup")
_known_lookups = ThreadPoolExecutor(max_workers=8, thread_name_prefix="known-lookup")


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """``bytes`` of the answer's body; ``seconds`` for all from the first lookup to the last byte;
    the number of ``redirects`` that are followed.

    ``closed`` are networks that are refused besides private ones, such as the authority's own
    public addresses, which are reachable from this machine behind their firewall. ``open`` are
    private networks that `ask` alone may connect to.
    """

    bytes: int
    seconds: float
    redirects: int
    closed: tuple[Network, ...] = ()
    open: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True)
class RemoteContent:
    """The body of an answer. ``media_type`` is its type by its content."""

    media_type: str
    content: bytes


def fetch(
    url: str,
    *,
    resolve: Resolve,
    limits: RequestLimits,
    accept: Collection[str] = IMAGES,
    ports: Collection[int] = WEB_PORTS,
    ca_file: str = "",
    connect: Connect | None = None,
) -> RemoteContent:
    """GET an absolute http(s) address without cookie, referrer, language or proxy.

    Each host on the way, redirects included, is looked up once; all its addresses must be public,
    and the connection goes to one of those checked. ``accept`` are some of `IMAGES`: both the
    declared type and the type by the first bytes must be among them. ``ca_file`` replaces the
    system's certificate authorities. ``connect`` (`open_socket` by default) only gets addresses
    that were found public.

    Raises RemoteRefused, or RemoteUnavailable if a later try may work.
    """
    way = _Way(
        resolve=resolve,
        connect=connect or open_socket,
        limits=limits,
        accept=accept,
        ca_file=ca_file,
        deadline=time.monotonic() + limits.seconds,
    )
    with _refusals():
        for _hop in range(limits.redirects + 1):
            target = _Target.parse(url, ports)
            answer = way.ask(target)
            if isinstance(answer, RemoteContent):
                return answer
            url = urljoin(target.url, answer)
    raise RemoteRefused("There are too many redirects.")


def post(
    url: str,
    body: bytes,
    *,
    resolve: Resolve,
    limits: RequestLimits,
    ports: Collection[int] = frozenset({443}),
    ca_file: str = "",
    connect: Connect | None = None,
) -> None:
    """POST a form to an https address, under the guard of `fetch`, and read only the status of the
    answer: 2xx is success. Redirects are not followed (RFC 8058 section 3.1 demands this). Raises
    the errors of `fetch`.
    """
    way = _Way(
        resolve=resolve,
        connect=connect or open_socket,
        limits=limits,
        accept=(),
        ca_file=ca_file,
        deadline=time.monotonic() + limits.seconds,
    )
    with _refusals():
        target = _Target.parse(url, ports)
        if target.scheme != "https":
            raise RemoteRefused("Forms are sent by https alone.")
        way.post(target, body)


@dataclass(frozen=True, slots=True)
class RemoteAnswer:
    """The status of an answer, of any kind, and its body."""

    status: int
    content: bytes


def ask(
    url: str,
    *,
    resolve: Resolve,
    limits: RequestLimits,
    form: bytes | None = None,
    fields: Mapping[str, str] | None = None,
    ports: Collection[int] = frozenset({443}),
    ca_file: str = "",
    connect: Connect | None = None,
) -> RemoteAnswer:
    """GET an address, or POST ``form`` to it, under the guard of `fetch` except for
    ``limits.open``.

    ``fields`` are header fields of the request. Only https is used, except on this machine itself.
    Redirects are not followed, because the form may contain a secret. Raises the errors of `fetch`.
    """
    way = _Way(
        resolve=resolve,
        connect=connect or open_socket,
        limits=limits,
        accept=(),
        ca_file=ca_file,
        deadline=time.monotonic() + limits.seconds,
        open=limits.open,
        lookups=_known_lookups,
    )
    lines = [f"{name}: {value}" for name, value in (fields or {}).items()]
    if any(_UNSAFE.search(line) for line in lines):
        raise RemoteRefused("That is no header field.")
    with _refusals():
        return way.exchange(_Target.parse(url, ports), form, lines)


@contextmanager
def _refusals() -> Iterator[None]:
    """Translate the errors of a connection into those of `mail.errors`."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise RemoteRefused("The certificate is not the host's.") from error
    except OSError as error:
        raise RemoteUnavailable("The host can't be reached.") from error
    except (HTTPException, ValueError) as error:  # http.client calls int() on chunk sizes
        raise RemoteRefused("The host did not answer as it must.") from error


def public_addresses(
    host: str,
    *,
    resolve: Resolve,
    seconds: float,
    closed: tuple[Network, ...] = (),
    opened: Collection[Network] = (),
) -> list[Address]:
    """Return the addresses of a host that another protocol may connect to, all public or in one of
    the ``opened`` networks; at most four. The caller connects to one of these without another
    lookup. Raises RemoteRefused and RemoteUnavailable.
    """
    deadline = time.monotonic() + seconds
    with _refusals():
        name = host.strip().lower()
        # A name of the local network is judged by its addresses.
        name = name.removesuffix(".") if opened and not _is_host(name) else _host(name)
        literal = _as_address(name)
        addresses = [literal] if literal else _looked_up(name, resolve, deadline)
        if not addresses:
            raise RemoteUnavailable("The host has no address.")
        for address in addresses:
            is_open = any(address in network for network in opened)
            if not is_open and not is_public(address, closed):
                raise RemoteRefused("The host is not on the public internet.")
        return addresses[:_TRIES]


def _is_host(name: str) -> bool:
    try:
        return bool(_host(name))
    except ValueError:
        return False


def _looked_up(
    host: str, resolve: Resolve, deadline: float, lookups: ThreadPoolExecutor = _lookups
) -> list[Address]:
    lookup = lookups.submit(resolve, host)
    try:
        return [ipaddress.ip_address(text) for text in lookup.result(seconds_until(deadline))]
    finally:
        lookup.cancel()


def host_of(url: str) -> str:
    """Return the host that `fetch` would ask first, "" where it would refuse the URL."""
    try:
        return _Target.parse(url, WEB_PORTS).host
    except RemoteRefused:
        return ""


def look_up(host: str) -> list[str]:
    """Look up a host with the system's resolver, as `fetch` requires."""
    places = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_kind, place in places))


def open_socket(address: Address, port: int, seconds: float) -> socket.socket:
    return socket.create_connection((str(address), port), timeout=seconds)


def is_public(address: Address, closed: Collection[Network] = ()) -> bool:
    """Return whether the address is on the public internet and in none of the ``closed`` networks.

    IPv6 addresses that embed an IPv4 address (mapped, compatible, 6to4, Teredo) are not public;
    those of NAT64 are judged by the IPv4 address, since behind NAT64 every IPv4 host has one.
    """
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return False
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF), closed)
        if address not in _UNICAST:
            return False
    if any(address in network for network in (*_SPECIAL, *closed)):
        return False
    return address.is_global  # for networks that are registered later


def image_type(content: bytes) -> str:
    """Return the type of `IMAGES` whose signature the bytes begin with, or ``""``."""
    for start, media_type in (
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"),
    ):
        if content.startswith(start):
            return media_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[:2] == b"BM" and content[14:18] in _BITMAP_HEADS:
        return "image/bmp"
    if content[4:8] == b"ftyp" and content[8:12] in (b"avif", b"avis"):
        return "image/avif"
    return ""


# The signature has only two characters, so the length of the header is checked too.
_BITMAP_HEADS = {size.to_bytes(4, "little") for size in (12, 40, 52, 56, 64, 108, 124)}


@dataclass(frozen=True, slots=True)
class _Target:
    """A parsed address: the check, the connection and the request all use these values."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, url: str, ports: Collection[int]) -> _Target:
        url = url.strip(" ")
        if len(url) > _LONGEST_ADDRESS or _UNSAFE.search(url):
            raise RemoteRefused("That is no address.")
        try:
            parts = urlsplit(url)
            default = {"http": 80, "https": 443}.get(parts.scheme, 0)
            port = default if parts.port is None else parts.port
            host = _host(parts.hostname or "")
            path = quote(parts.path or "/", safe=_PRINTABLE)
            query = quote(parts.query, safe=_PRINTABLE)
        except ValueError as error:
            raise RemoteRefused("That is no address.") from error
        if not default or port not in ports or "@" in parts.netloc:
            raise RemoteRefused("Only plain http and https addresses are fetched.")
        return cls(parts.scheme, host, port, f"{path}?{query}" if query else path)

    @property
    def literal(self) -> Address | None:
        return _as_address(self.host)

    @property
    def authority(self) -> str:
        """The value of the Host field (RFC 9110 section 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = self.port == (443 if self.scheme == "https" else 80)
        return host if usual else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


def _host(name: str) -> str:
    """Return a host name in ASCII (IDNA) or an IP address in its usual form. Raises ValueError for
    others.

    IDNA comes first: it converts full-width digits and ideographic dots to the usual ones.
    """
    if len(name) > 253:
        raise ValueError("A host name is shorter.")
    if not name.isascii():
        name = name.encode("idna").decode("ascii").lower()
    name = name.removesuffix(".")
    if _as_address(name) is None and not _NAME.fullmatch(name):
        raise ValueError("That is no host on the internet.")
    return name


def _as_address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class _Way:
    """The parameters that all requests of one `fetch` share."""

    resolve: Resolve
    connect: Connect
    limits: RequestLimits
    accept: Collection[str]
    ca_file: str
    deadline: float
    open: tuple[Network, ...] = ()
    lookups: ThreadPoolExecutor = _lookups

    def ask(self, target: _Target) -> RemoteContent | str:
        """Return the answer, or the address that it redirects to."""
        addresses = self._checked_addresses(target)
        with _Wire(self._open(target, addresses), self.deadline) as wire:
            wire.sendall(self._request(target))
            with closing(HTTPResponse(cast(socket.socket, wire), method="GET")) as response:
                response.begin()
                if response.status in _REDIRECTS:
                    return _location(response)
                self._check_head(response)
                wire.allow_body(self.limits.bytes)
                return self._fetched(response)

    def post(self, target: _Target, body: bytes) -> None:
        addresses = self._checked_addresses(target)
        with _Wire(self._open(target, addresses), self.deadline) as wire:
            wire.sendall(self._form(target, body))
            with closing(HTTPResponse(cast(socket.socket, wire), method="POST")) as response:
                response.begin()
                if not 200 <= response.status < 300:
                    raise RemoteRefused(f"The host answered {response.status}.")

    def exchange(self, target: _Target, form: bytes | None, fields: Sequence[str]) -> RemoteAnswer:
        addresses = self._checked_addresses(target)
        if target.scheme != "https" and not all(address.is_loopback for address in addresses):
            raise RemoteRefused("Secrets are sent by https alone.")
        message = self._message(target, form, fields)
        with _Wire(self._open(target, addresses), self.deadline) as wire:
            wire.sendall(message)
            with closing(HTTPResponse(cast(socket.socket, wire), method="GET")) as response:
                response.begin()
                wire.allow_body(self.limits.bytes)
                return RemoteAnswer(response.status, self._body(response))

    @staticmethod
    def _message(target: _Target, form: bytes | None, fields: Sequence[str]) -> bytes:
        lines = [
            f"{'GET' if form is None else 'POST'} {target.path} HTTP/1.1",
            f"Host: {target.authority}",
            f"User-Agent: {_USER_AGENT}",
            "Accept: application/json",
            "Accept-Encoding: identity",
            "Connection: close",
            *fields,
        ]
        if form is not None:
            lines.append("Content-Type: application/x-www-form-urlencoded")
            lines.append(f"Content-Length: {len(form)}")
        return "\r\n".join((*lines, "", "")).encode("ascii") + (form or b"")

    def _checked_addresses(self, target: _Target) -> list[Address]:
        literal = target.literal
        addresses = [literal] if literal else self._look_up(target.host)
        if not addresses:
            raise RemoteUnavailable("The host has no address.")
        if not all(self._is_allowed(address) for address in addresses):
            # One private address is enough to refuse: a host that is both public and private is an
            # attack.
            raise RemoteRefused("The host is not on the public internet.")
        return addresses[:_TRIES]

    def _is_allowed(self, address: Address) -> bool:
        if any(address in network for network in self.open):
            return True
        return is_public(address, self.limits.closed)

    def _look_up(self, host: str) -> list[Address]:
        return _looked_up(host, self.resolve, self.deadline, self.lookups)

    def _open(self, target: _Target, addresses: Sequence[Address]) -> socket.socket:
        for tried, address in enumerate(addresses, 1):
            seconds = seconds_until(self.deadline) / (len(addresses) - tried + 1)
            try:
                connected = self.connect(address, target.port, seconds)
            except OSError:
                if tried == len(addresses):
                    raise
            else:
                break
        if target.scheme == "http":
            return connected
        try:
            connected.settimeout(seconds_until(self.deadline))
            return _tls(self.ca_file).wrap_socket(connected, server_hostname=target.host)
        except BaseException:
            connected.close()
            raise

    def _request(self, target: _Target) -> bytes:
        lines = (
            f"GET {target.path} HTTP/1.1",
            f"Host: {target.authority}",
            f"User-Agent: {_USER_AGENT}",
            f"Accept: {', '.join(sorted(self.accept))}",
            "Accept-Encoding: identity",
            "Connection: close",
        )
        return "\r\n".join((*lines, "", "")).encode("ascii")

    def _form(self, target: _Target, body: bytes) -> bytes:
        lines = (
            f"POST {target.path} HTTP/1.1",
            f"Host: {target.authority}",
            f"User-Agent: {_USER_AGENT}",
            "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {len(body)}",
            "Accept-Encoding: identity",
            "Connection: close",
        )
        return "\r\n".join((*lines, "", "")).encode("ascii") + body

    def _check_head(self, response: HTTPResponse) -> None:
        if response.status != 200:
            raise RemoteRefused(f"The host answered {response.status}.")
        if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            raise RemoteRefused("The answer is compressed, though nobody asked for that.")
        if response.headers.get("Transfer-Encoding", "chunked").strip().lower() != "chunked":
            raise RemoteRefused("The answer is encoded, though nobody asked for that.")
        if (response.length or 0) > self.limits.bytes:
            raise RemoteRefused("The answer is too large.")
        claimed = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if claimed not in _SAYS_NOTHING and _SPELLINGS.get(claimed, claimed) not in self.accept:
            raise RemoteRefused("The answer is of another type.")

    def _fetched(self, response: HTTPResponse) -> RemoteContent:
        content = self._body(response)
        media_type = image_type(content)
        if media_type not in self.accept:
            raise RemoteRefused("The answer is not what it claims to be.")
        return RemoteContent(media_type, content)

    def _body(self, response: HTTPResponse) -> bytes:
        content = response.read(self.limits.bytes + 1)
        if len(content) > self.limits.bytes:
            raise RemoteRefused("The answer is too large.")
        if response.length:
            raise RemoteUnavailable("The host hung up in the middle.")
        return content


class _Wire(BoundedSocket, io.RawIOBase):
    """A socket for http.client with limits in time and bytes."""

    peer = "The host"
    unavailable = RemoteUnavailable
    excessive = RemoteRefused

    def __init__(self, connected: socket.socket, deadline: float) -> None:
        super().__init__()
        self.sock = connected
        self._pause = math.inf
        self.allow(_HEAD_BYTES, deadline)

    def allow_body(self, size: int) -> None:
        self._bytes_left += 2 * size  # chunks have headers of their own

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        received = self._received(len(memoryview(buffer)), may_end=True)
        self._spend(len(received))
        memoryview(buffer)[: len(received)] = received
        return len(received)

    def sendall(self, data: bytes) -> None:
        self._send_all(data, seconds_until(self._deadline))

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def close(self) -> None:
        self.sock.close()
        super().close()


def _location(response: HTTPResponse) -> str:
    location = response.headers.get("Location", "")
    if not location:
        raise RemoteRefused("The host redirects to nowhere.")
    # http.client decodes header fields as Latin-1; servers that send other characters mean UTF-8.
    return location.encode("latin-1", "replace").decode("utf-8", "replace")


@cache
def _tls(ca_file: str) -> ssl.SSLContext:
    """Return a context that verifies certificate and host name."""
    context = ssl.create_default_context(cafile=ca_file or None)
    context.set_alpn_protocols(["http/1.1"])
    return context
