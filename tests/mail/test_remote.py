"""The guarded way out, against real servers that do what they should not."""

from __future__ import annotations

import gzip
import ipaddress
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail import remote
from mail.errors import RemoteRefused, RemoteUnavailable
from mail.remote import RequestLimits
from tests.cases import each
from tests.examples import up_to
from tests.servers.web import Answer, Authority, Server, Talk, Web, http, redirect
from tests.waiting import PATIENCE_S, SOON_S, soon

ROOT = Path(__file__).parent.parent.parent
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 40
URL = "http://images.example/logo.png"
KILOBYTES = RequestLimits(bytes=4096, seconds=30, redirects=3)
HASTY = RequestLimits(bytes=4096, seconds=0.4, redirects=3)


@pytest.fixture
def web() -> Iterator[Web]:
    internet = Web()
    yield internet
    internet.close()


@pytest.fixture
def fetch(web: Web) -> Callable[..., remote.RemoteContent]:
    def fetched(url: str = URL, **more: Any) -> remote.RemoteContent:
        usual: dict[str, Any] = {"resolve": web.resolve, "connect": web.connect}
        return remote.fetch(url, **(usual | {"limits": KILOBYTES} | more))

    return fetched


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def inside() -> Iterator[Server]:
    """A server of this machine that nothing from outside may reach."""
    server = Server([http(PNG)], None)
    yield server
    server.close()


# Addresses


INSIDE = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1
127.255.255.255 168.63.129.16 169.254.0.1 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1
192.0.0.9 192.0.0.192 192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1 192.168.0.1
192.168.255.255 192.175.48.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1
224.0.1.1 232.1.1.1 239.255.255.255 240.0.0.1 255.255.255.255 :: ::1 ::127.0.0.1 ::8.8.8.8
::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:0:8.8.8.8 64:ff9b::127.0.0.1 64:ff9b::10.0.0.1
64:ff9b::169.254.169.254 64:ff9b:1::8.8.8.8 100::1 2001::1 2001:0:7f00:1::1 2001:2::1
2001:10::1 2001:20::1 2001:1ff::1 2001:db8::1 2002:7f00:1::1 2002:808:808::1 2620:4f:8000::1
3fff::1 4000::1 5f00::1 8000::1 fc00::1 fd00:ec2::254 fe80::1 fe80::1%2 2606:4700::1111%2
fec0::1 ff02::1 ff0e::1
"""


@each("address", INSIDE.split())
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not remote.is_public(ipaddress.ip_address(address))


OUTSIDE = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 93.184.216.34 100.63.255.255 100.128.0.0 126.255.255.255
128.0.0.1 169.253.255.255 172.15.255.255 172.32.0.0 192.167.255.255 192.169.0.0 198.17.255.255
198.20.0.0 223.255.255.255 2001:200::1 2001:4860:4860::8888 2606:4700::1111 2a01:e0a::1
64:ff9b::8.8.8.8
"""


@each("address", OUTSIDE.split())
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert remote.is_public(ipaddress.ip_address(address))


def test_networks_can_be_closed_besides() -> None:
    closed = (ipaddress.ip_network("93.184.216.0/24"),)
    for address in ("93.184.216.34", "64:ff9b::93.184.216.34"):
        assert not remote.is_public(ipaddress.ip_address(address), closed)
    assert remote.is_public(ipaddress.ip_address("93.184.217.34"), closed)
    assert remote.is_public(ipaddress.ip_address("2606:4700::1111"), closed)


# A good answer, and what was asked for it


def test_an_image_comes_as_what_its_bytes_are(web: Web, fetch) -> None:
    web.serve("images.example", http(JPEG, "image/png"))
    assert fetch() == remote.RemoteContent("image/jpeg", JPEG)


def test_the_request_tells_nothing_about_the_reader(web: Web, fetch) -> None:
    server = web.serve("images.example", http(PNG))
    fetch("http://images.example/a b/é.png?x=1&y=%C3%A9 z#part")
    [request] = server.requests
    assert request.split("\r\n") == [
        "GET /a%20b/%C3%A9.png?x=1&y=%C3%A9%20z HTTP/1.1",
        "Host: images.example",
        "User-Agent: Mozilla/5.0 (compatible; webmail)",
        "Accept: image/avif, image/bmp, image/gif, image/jpeg, image/png, image/webp",
        "Accept-Encoding: identity",
        "Connection: close",
        "",
        "",
    ]


def test_a_proxy_of_the_environment_is_not_used(
    web: Web, fetch, inside: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{inside.port}")
    web.serve("images.example", http(PNG))
    assert fetch().content == PNG
    assert inside.connections == 0


def test_another_port_must_be_asked_for(web: Web, fetch) -> None:
    server = web.serve("images.example", http(PNG), port=8080)
    with pytest.raises(RemoteRefused):
        fetch("http://images.example:8080/")
    assert fetch("http://images.example:8080/", ports={8080}).content == PNG
    assert "Host: images.example:8080" in server.requests[0]


@pytest.mark.parametrize(
    "url",
    [
        "HTTP://IMAGES.Example/logo.png",
        "http://images.example./logo.png",
        "http://images.example:80/logo.png",
        "http://images.example:/logo.png",
        " http://images.example/logo.png ",
        "http://images。example/logo.png",
        "http://\uff49\uff4d\uff41\uff47\uff45\uff53.example/logo.png",
        "http://images.example/logo.png#@10.0.0.1/",
    ],
)
def test_spellings_of_one_address(web: Web, fetch, url: str) -> None:
    server = web.serve("images.example", http(PNG))
    assert fetch(url).content == PNG
    assert server.requests[0].startswith("GET /logo.png HTTP/1.1\r\nHost: images.example\r\n")
    assert web.asked == ["images.example"]


def test_a_name_with_accents_is_asked_for_in_ascii(web: Web, fetch) -> None:
    web.serve("xn--acadmie-eya.example", http(PNG))
    assert fetch("http://Académie.example/").content == PNG


def test_a_public_address_needs_no_name(web: Web, fetch) -> None:
    web.serve("-", http(PNG), address="93.184.216.34")
    server = web.serve("-", http(PNG), address="2606:4700::1111")
    assert fetch("http://93.184.216.34/").content == PNG
    assert fetch("http://[2606:4700::1111]/").content == PNG
    assert web.asked == []
    assert "Host: [2606:4700::1111]\r\n" in server.requests[0]


# Whom it does not ask

FRAGMENTS = [
    *("127.0.0.1", "8.8.8.8", "0x7f", "0177", "[::1]", "[2606:4700::1111]", "[::ffff:8.8.8.8]"),
    *("images.example", "localhost", "http://", "//", "/", "\\", "@", ":", ":80", ":22", ".", "%"),
    *("%2e", "%00", "?", "#", "\r\n", "\t", " ", "。", "\uff11", "é", "xn--", "\ud800"),
]


@each(
    "url",
    [
        "",
        "logo.png",
        "//images.example/logo.png",
        "http:images.example",
        "http:///images.example/",
        "http://",
        "http://:80/",
        "file:///etc/passwd",
        "ftp://images.example/",
        "gopher://images.example/",
        "data:image/png;base64,AA==",
        "javascript:alert(1)",
        "cid:logo",
        "http://user@images.example/",
        "http://user:password@images.example/",
        "http://@images.example/",
        "http://images.example@10.0.0.1/",
        "http://images.example:22/",
        "http://images.example:8443/",
        "http://images.example:65616/",  # 80, for who counts in 16 bits
        "http://images.example:-1/",
        "http://images.example:8\uff10/",
        "http://images.example:80x/",
        "http://images.example\\@10.0.0.1/",
        "http:\\\\images.example/",
        "http://images.example/\\..\\x",
        "http://images.example/\r\nHost: x",
        "http://images.example/x\r\n\r\nGET /y",
        "http://images.example/\x00",
        "http://images.example/\x7f",
        "ht\ttp://images.example/",
        "http://images.exa\nmple/",
        "http://images.example/\ud800",
        "http://images.example/" + "x" * 9000,
        "http://" + "a." * 200 + "example/",
        "http://" + "a" * 64 + ".example/",
        "http://images example/",
        "http://images%2eexample/",
        "http://images.example%00.other.example/",
        "http://-images.example/",
        "http://images..example/",
        "http://.images.example/",
        "http://images.example../",
        "http://images.example.0x7f/",
        "http://localhost/",
        "http://localhost./",
        "http://LOCALHOST/",
        "http://intranet/",
        "http://127.1/",
        "http://0x7f000001/",
        "http://0x7f.0.0.1/",
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://017700000001/",
        "http://127.0.0.0x1/",
        "http://127.0.0.1./",
        "http://127.0.0.1/",
        "http://127。0。0。1/",
        "http://\uff11\uff12\uff17.\uff10.\uff10.\uff11/",
        "http://①②⑦.⓪.⓪.①/",
        "http://127.0.0.%31/",
        "http://0/",
        "http://0.0.0.0/",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[::ffff:7f00:1]:80/",
        "http://[0:0:0:0:0:ffff:7f00:1]/",
        "http://[fe80::1]/",
        "http://[fe80::1%25lo]/",
        "http://[2606:4700::1111%25lo]/",
        "http://[::1/",
        "http://::1/",
        "http://[v1.x]/",
        "http://100.64.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
    ],
)
def test_an_odd_address_is_refused_before_anybody_is_asked(web: Web, fetch, url: str) -> None:
    with pytest.raises(RemoteRefused) as caught:
        fetch(url)
    assert type(caught.value) is RemoteRefused
    assert (web.asked, web.connected) == ([], [])


@up_to(300)
@given(
    st.lists(st.text(max_size=3) | st.sampled_from(FRAGMENTS), max_size=12).map("".join),
    st.sampled_from(["http://", "https://", "http:", ""]),
)
def test_no_text_is_an_address_that_leads_inside(text: str, scheme: str) -> None:
    """Every name leads inside here; only a literal public address may be connected to."""
    web = Web()

    def resolve(host: str) -> list[str]:
        assert re.fullmatch(r"[a-z0-9_.-]+", host)
        return ["10.0.0.1"]

    with pytest.raises(RemoteRefused):
        remote.fetch(scheme + text, resolve=resolve, connect=web.connect, limits=KILOBYTES)
    assert all(remote.is_public(ipaddress.ip_address(address)) for address in web.connected)


@pytest.mark.parametrize(
    ("host", "addresses"),
    [
        ("127-0-0-1.nip.io", ["127.0.0.1"]),
        ("7F000001.nip.io", ["127.0.0.1"]),
        ("metadata.google.internal", ["169.254.169.254"]),
        ("localtest.me", ["::1"]),
        ("both.example", ["93.184.216.34", "127.0.0.1"]),
        ("both.example", ["10.0.0.1", "93.184.216.34"]),
        ("many.example", [*(f"93.184.216.{n}" for n in range(30)), "192.168.1.1"]),
        ("mapped.example", ["::ffff:10.0.0.1"]),
        ("nonsense.example", ["93.184.216.34; rm"]),
    ],
)
def test_a_name_that_leads_inside_is_refused_and_nobody_connected(
    web: Web, fetch, host: str, addresses: list[str]
) -> None:
    web.names[host.lower()] = [addresses]
    with pytest.raises(RemoteRefused) as caught:
        fetch(f"http://{host}/")
    assert type(caught.value) is RemoteRefused
    assert web.connected == []


def test_a_closed_network_is_refused(web: Web, fetch) -> None:
    web.serve("images.example", http(PNG), address="93.184.216.34")
    closed = (ipaddress.ip_network("93.184.216.0/24"),)
    with pytest.raises(RemoteRefused):
        fetch(limits=RequestLimits(4096, 5, 3, closed))
    assert web.connected == []


def test_a_name_is_looked_up_once_and_what_was_checked_is_connected_to(web: Web, fetch) -> None:
    """DNS rebinding: the second answer would lead inside."""
    web.serve("images.example", http(PNG), address="93.184.216.34")
    web.names["images.example"] = [["93.184.216.34"], ["127.0.0.1"]]
    assert fetch().content == PNG
    assert web.asked == ["images.example"]
    assert web.connected == ["93.184.216.34"]


def test_a_redirect_to_the_same_name_is_checked_anew(web: Web, fetch) -> None:
    web.serve("images.example", redirect("/again"), http(PNG), address="93.184.216.34")
    web.names["images.example"] = [["93.184.216.34"], ["127.0.0.1"]]
    with pytest.raises(RemoteRefused):
        fetch()
    assert web.connected == ["93.184.216.34"]


def test_the_next_address_is_tried_when_one_does_not_answer(web: Web, fetch) -> None:
    web.serve("images.example", http(PNG), address="93.184.216.34")
    web.names["images.example"] = [["2606:4700::1111", "93.184.216.34"]]
    assert fetch().content == PNG
    assert web.connected == ["2606:4700::1111", "93.184.216.34"]


@pytest.mark.parametrize("addresses", [[], ["93.184.216.99"], ["93.184.216.98", "93.184.216.99"]])
def test_a_host_that_does_not_answer_is_unavailable(web: Web, fetch, addresses) -> None:
    web.names["images.example"] = [addresses]
    with pytest.raises(RemoteUnavailable):
        fetch()


def test_a_host_that_does_not_exist_is_unavailable(fetch) -> None:
    with pytest.raises(RemoteUnavailable):
        fetch()


# Redirects


@pytest.mark.parametrize("status", ["301 x", "302 x", "303 x", "307 x", "308 x"])
def test_redirects_are_followed_without_what_the_first_host_gave(
    web: Web, fetch, status: str
) -> None:
    web.serve(
        "images.example", redirect("//cdn.example/a?é#x", status, Set_Cookie="reader=1; Path=/")
    )
    cdn = web.serve("cdn.example", redirect("b/c"), http(PNG))
    assert fetch().content == PNG
    assert web.asked == ["images.example", "cdn.example", "cdn.example"]
    assert [request.split(" ")[1] for request in cdn.requests] == ["/a?%C3%A9", "/b/c"]
    assert not re.search(r"(?i)cookie|referer|reader", "".join(cdn.requests))


@pytest.mark.parametrize(
    "to",
    [
        "http://127.0.0.1/",
        "http://0x7f000001/",
        "http://[::ffff:127.0.0.1]/",
        "//169.254.169.254/latest/",
        "http://inside.example/",
        "http://images.example:6379/",
        "http://user@images.example/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http:\\\\images.example/",
        "/\\10.0.0.1/x",
        "http://[",
        "",
    ],
)
def test_a_redirect_goes_nowhere_a_first_address_may_not(web: Web, fetch, to: str) -> None:
    web.serve("images.example", redirect(to), http(PNG), address="93.184.216.34")
    web.names["inside.example"] = [["10.0.0.1"]]
    with pytest.raises(RemoteRefused):
        fetch()
    assert web.connected == ["93.184.216.34"]


def test_redirects_end(web: Web, fetch) -> None:
    server = web.serve("images.example", redirect("/logo.png"))
    with pytest.raises(RemoteRefused):
        fetch()
    assert server.connections == 1 + KILOBYTES.redirects


def test_redirects_share_one_deadline(web: Web, fetch) -> None:
    def slowly(client: socket.socket) -> None:
        time.sleep(0.25)
        client.sendall(redirect("/"))

    web.serve("images.example", slowly)
    with soon(), pytest.raises(RemoteUnavailable):
        fetch(limits=HASTY)


# Sizes


@pytest.mark.parametrize("size", [KILOBYTES.bytes, KILOBYTES.bytes + 1])
@pytest.mark.parametrize("form", ["length", "chunks", "until closed"])
def test_the_size_is_limited_to_the_byte(web: Web, fetch, size: int, form: str) -> None:
    content = PNG.ljust(size, b"\0")
    answers = {
        "length": http(content),
        "chunks": http(b"%x\r\n%s\r\n0\r\n\r\n" % (size, content), Transfer_Encoding="chunked"),
        "until closed": http(content).replace(b"Content-Length", b"X-Length"),
    }
    web.serve("images.example", answers[form])
    if size > KILOBYTES.bytes:
        with pytest.raises(RemoteRefused):
            fetch()
    else:
        assert fetch().content == content


def test_what_is_announced_too_large_is_not_read(web: Web, fetch) -> None:
    gone = threading.Event()

    def announce(client: socket.socket) -> None:
        client.sendall(http(b"", Content_Length="5000000000"))
        if not client.recv(1):
            gone.set()

    web.serve("images.example", announce)
    with pytest.raises(RemoteRefused):
        fetch()
    assert gone.wait(PATIENCE_S)


def endless(first: bytes, more: bytes) -> Answer:
    def answer(client: socket.socket) -> None:
        client.sendall(first)
        while True:
            client.sendall(more)

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        endless(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n" + PNG, b"\0" * 4096),
        endless(http(b"", Transfer_Encoding="chunked"), b"1000\r\n" + b"\0" * 4096 + b"\r\n"),
        endless(http(b"", Transfer_Encoding="chunked"), b"1;" + b"x" * 4000 + b"\r\n\0\r\n"),
        endless(http(b"", Transfer_Encoding="chunked") + b"0\r\n", b"X: y\r\n"),
        endless(http(b"", Transfer_Encoding="chunked") + b"-1\r\n", b"\0" * 4096),
        endless(http(b"", Transfer_Encoding="chunked"), b"f" * 4096),
        endless(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        endless(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 4096),
        endless(b"HTTP/1.1 200 OK\r\nX: y\r\n", b" folded\r\n"),
        endless(b"", b"x" * 4096),
        endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=range(11),
)
def test_what_does_not_end_is_left(web: Web, fetch, answer: Answer) -> None:
    web.serve("images.example", answer)
    with soon(), pytest.raises(RemoteRefused):
        fetch()


@pytest.mark.parametrize(
    "answer",
    [
        http(gzip.compress(PNG + b"\0" * 10_000_000), Content_Encoding="gzip"),
        http(zlib.compress(PNG), Content_Encoding="deflate"),
        http(PNG, Content_Encoding="br"),
        http(PNG, Content_Encoding="identity, gzip"),
        http(gzip.compress(PNG), Transfer_Encoding="gzip, chunked"),
        http(gzip.compress(PNG), Transfer_Encoding="gzip"),
        http(PNG, Transfer_Encoding="gzip"),
    ],
    ids=range(7),
)
def test_nothing_is_decompressed(web: Web, fetch, answer: bytes) -> None:
    web.serve("images.example", answer)
    with pytest.raises(RemoteRefused):
        fetch()


@pytest.mark.parametrize(
    "answer",
    [
        http(PNG, Content_Length=str(len(PNG) + 1)),
        http(b"%x\r\n%s" % (len(PNG) + 9, PNG), Transfer_Encoding="chunked"),
        http(b"%x\r\n%s\r\n" % (len(PNG), PNG), Transfer_Encoding="chunked"),
        http(b"zz\r\n" + PNG, Transfer_Encoding="chunked"),
        b"",
        b"HTTP/1.1 200",
        b"\x16\x03\x01 hello",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 -200 OK\r\n\r\n",
        b"220 smtp.example ESMTP\r\n",
        PNG,
    ],
    ids=range(12),
)
def test_half_an_answer_is_none(web: Web, fetch, answer: bytes) -> None:
    web.serve("images.example", answer)
    with pytest.raises(RemoteRefused):
        fetch()


def test_a_length_that_is_too_small_ends_the_answer(web: Web, fetch) -> None:
    web.serve("images.example", http(PNG + b"more", Content_Length=str(len(PNG))))
    assert fetch().content == PNG


@pytest.mark.parametrize("status", ["204 x", "206 x", "304 x", "401 x", "404 x", "500 x", "103 x"])
def test_only_200_is_an_answer(web: Web, fetch, status: str) -> None:
    web.serve("images.example", http(PNG, status=status))
    with pytest.raises(RemoteRefused):
        fetch()


# Time


def dripping(data: bytes) -> Talk:
    def answer(client: socket.socket) -> None:
        for byte in data:
            client.sendall(bytes([byte]))
            time.sleep(0.2)

    return answer


def silent(client: socket.socket) -> None:
    client.recv(1)


@pytest.mark.parametrize(
    "answer",
    [silent, dripping(http(PNG)), dripping(b"\0" * 100)],
    ids=["silent", "dripping", "nonsense dripping"],
)
def test_the_whole_has_one_deadline(web: Web, fetch, answer: Answer) -> None:
    web.serve("images.example", answer)
    with soon(), pytest.raises(RemoteRefused):
        fetch(limits=HASTY)


def test_a_body_that_drips_ends_at_the_deadline(web: Web, fetch) -> None:
    def answer(client: socket.socket) -> None:
        client.sendall(http(PNG, Content_Length="4000"))
        dripping(b"\0" * 100)(client)

    web.serve("images.example", answer)
    begun = time.monotonic()
    with pytest.raises(RemoteUnavailable):
        fetch(limits=HASTY)
    assert 0.3 < time.monotonic() - begun < SOON_S


def test_a_slow_lookup_is_not_waited_for(web: Web, fetch) -> None:
    over = threading.Event()

    def resolve(_host: str) -> list[str]:
        over.wait(30)
        return ["93.184.216.34"]

    with soon(), pytest.raises(RemoteUnavailable):
        fetch(resolve=resolve, limits=HASTY)
    over.set()
    assert web.connected == []


def test_a_handshake_that_drips_ends_at_the_deadline(web: Web, fetch, authority) -> None:
    class Dripping:
        """Takes the place of a TLS context: begins a record, and never ends it."""

        @staticmethod
        def wrap_socket(client: socket.socket, server_side: bool) -> socket.socket:
            client.recv(4096)
            client.sendall(b"\x16\x03\x03" + struct.pack("!H", 4000))
            dripping(b"\x02" * 100)(client)
            return client

    web.serve("images.example", http(PNG), port=443, tls=Dripping())  # type: ignore[arg-type]
    with soon(), pytest.raises(RemoteUnavailable):
        fetch("https://images.example/", limits=HASTY, ca_file=str(authority.file))


# Types


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PNG, "image/png"),
        (JPEG, "image/jpeg"),
        (b"GIF87a" + b"\0" * 20, "image/gif"),
        (b"GIF89a" + b"\0" * 20, "image/gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
        (b"BM" + b"\0" * 12 + b"\x28\0\0\0" + b"\0" * 36, "image/bmp"),
        (b"\0\0\0\x20ftypavif\0\0\0\0", "image/avif"),
        (b"", ""),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", ""),
        (b"<?xml version='1.0'?><svg/>", ""),
        (b"<html>", ""),
        (b"BM is a bank of music", ""),
        (b"RIFF\x10\0\0\0WAVEfmt ", ""),
        (b"\0\0\0\x20ftypisom\0\0\0\0", ""),
        (b"%PDF-1.7", ""),
        (b" \x89PNG\r\n\x1a\n", ""),
    ],
)
def test_what_bytes_are(content: bytes, media_type: str) -> None:
    assert remote.image_type(content) == media_type


@pytest.mark.parametrize(
    "claim",
    [
        "image/png",
        "IMAGE/PNG; charset=utf-8",
        "image/x-png",
        "image/jpg",
        "image/webp",
        "application/octet-stream",
        "binary/octet-stream",
        "",
    ],
)
def test_a_claim_that_does_no_harm(web: Web, fetch, claim: str) -> None:
    web.serve("images.example", http(PNG, claim))
    assert fetch().media_type == "image/png"


@pytest.mark.parametrize(
    ("content", "claim"),
    [
        (PNG, "image/svg+xml"),
        (PNG, "text/html"),
        (PNG, "application/json"),
        (PNG, "image/*"),
        (PNG, "multipart/x-mixed-replace; boundary=x"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png"),
        (b"<html><script>alert(1)</script>", "image/gif"),
        (b'{"secret": 1}', "application/octet-stream"),
        (b"", "image/png"),
    ],
)
def test_what_is_no_image_is_refused(web: Web, fetch, content: bytes, claim: str) -> None:
    web.serve("images.example", http(content, claim))
    with pytest.raises(RemoteRefused):
        fetch()


def test_a_caller_may_want_fewer_types(web: Web, fetch) -> None:
    web.serve("images.example", http(PNG), http(JPEG, "image/png"), http(PNG, "image/jpeg"))
    assert fetch(accept={"image/png"}).content == PNG
    for _wrong in range(2):
        with pytest.raises(RemoteRefused):
            fetch(accept={"image/png"})


# TLS


def test_https_is_checked_against_the_host_name(web: Web, fetch, authority: Authority) -> None:
    names: list[str | None] = []
    context = authority.context("images.example")
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    web.serve("images.example", http(PNG), port=443, tls=context)
    assert fetch("https://images.example/", ca_file=str(authority.file)).content == PNG
    assert names == ["images.example"]


def test_https_to_an_address_is_checked_against_it(web: Web, fetch, authority: Authority) -> None:
    context = authority.context("93.184.216.34")
    web.serve("-", http(PNG), address="93.184.216.34", port=443, tls=context)
    assert fetch("https://93.184.216.34/", ca_file=str(authority.file)).content == PNG


@pytest.mark.parametrize("name", ["other.example", "93.184.216.34"])
def test_a_certificate_of_another_name_is_refused(
    web: Web, fetch, authority: Authority, name: str
) -> None:
    server = web.serve(
        "images.example",
        http(PNG),
        address="93.184.216.34",
        port=443,
        tls=authority.context(name),
    )
    with pytest.raises(RemoteRefused, match="certificate"):
        fetch("https://images.example/", ca_file=str(authority.file))
    assert server.requests == []


def test_a_certificate_of_an_unknown_authority_is_refused(
    web: Web, fetch, authority: Authority
) -> None:
    server = web.serve(
        "images.example", http(PNG), port=443, tls=authority.context("images.example")
    )
    with pytest.raises(RemoteRefused, match="certificate"):
        fetch("https://images.example/")
    assert server.requests == []


def test_a_redirect_to_https_is_checked_too(web: Web, fetch, authority: Authority) -> None:
    web.serve("images.example", redirect("https://cdn.example/"))
    web.serve("cdn.example", http(PNG), port=443, tls=authority.context("other.example"))
    with pytest.raises(RemoteRefused, match="certificate"):
        fetch(ca_file=str(authority.file))


# Without anything of the tests in between


def test_the_sockets_own_opener_opens(inside: Server) -> None:
    with remote.open_socket(ipaddress.ip_address("127.0.0.1"), inside.port, 2) as opened:
        assert opened.getpeername() == ("127.0.0.1", inside.port)


def test_the_systems_resolver_gives_addresses() -> None:
    assert "127.0.0.1" in remote.look_up("localhost")


NETWORK = """
ip link set lo up
ip addr add 93.184.216.34/32 dev lo
ip addr add 10.9.8.7/32 dev lo
"""
IN_A_NETWORK_OF_ITS_OWN = """
import socket, threading
from mail import remote
from mail.errors import RemoteRefused

def serve(address):
    listener = socket.create_server((address, 80))
    def answer():
        while True:
            client, _ = listener.accept()
            reached.append(address)
            client.recv(4096)
            content = b"GIF89a" + address.encode()
            client.sendall(b"HTTP/1.0 200 OK\\r\\nContent-Type: image/gif\\r\\n\\r\\n" + content)
            client.close()
    threading.Thread(target=answer, daemon=True).start()

def fetch(url):
    limits = remote.RequestLimits(bytes=4096, seconds=5, redirects=3)
    return remote.fetch(url, resolve=lambda host: answers[host], limits=limits).content

reached = []
answers = {"good.example": ["93.184.216.34"], "bad.example": ["10.9.8.7"]}
for address in ("93.184.216.34", "10.9.8.7", "127.0.0.1"):
    serve(address)
assert fetch("http://good.example/") == b"GIF89a93.184.216.34"
assert fetch("http://93.184.216.34/") == b"GIF89a93.184.216.34"
for url in ("http://bad.example/", "http://10.9.8.7/", "http://127.0.0.1/", "http://127.1/"):
    try:
        fetch(url)
    except RemoteRefused:
        continue
    raise SystemExit(f"{url} was fetched")
assert set(reached) == {"93.184.216.34"}, reached
"""


def test_in_a_network_of_its_own_only_the_public_address_is_reached() -> None:
    """The real opener, ports and addresses, where this machine has a public one besides."""
    unshare = shutil.which("unshare")
    if not (unshare and shutil.which("ip")):
        pytest.skip("unshare (util-linux) and ip (iproute2) are not installed")

    def alone(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603  a program of the system, our own arguments
            [unshare, "-rn", "sh", "-ec", NETWORK + script, *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )

    if alone("").returncode:
        pytest.skip("this system allows no network of one's own")
    done = alone('exec "$0" -c "$1"', sys.executable, IN_A_NETWORK_OF_ITS_OWN)
    assert done.returncode == 0, done.stderr


# A form that leaves a mailing


@pytest.fixture
def post(web: Web, authority: Authority) -> Callable[..., None]:
    def posted(url: str = "https://shop.example/u?t=1") -> None:
        remote.post(
            url,
            b"List-Unsubscribe=One-Click",
            resolve=web.resolve,
            connect=web.connect,
            limits=KILOBYTES,
            ca_file=str(authority.file),
        )

    return posted


def test_a_form_is_sent_without_anything_of_its_person(
    web: Web, post: Callable[..., None], authority: Authority
) -> None:
    tls = authority.context("shop.example")
    server = web.serve("shop.example", http(b"", "text/html"), port=443, tls=tls)
    post()
    head = server.requests[0].lower()
    assert head.startswith("post /u?t=1 http/1.1")
    assert "content-length: 26" in head
    assert "content-type: application/x-www-form-urlencoded" in head
    assert not re.search("cookie|referer|accept-language|authorization", head)


def test_a_form_follows_no_redirect(
    web: Web, post: Callable[..., None], authority: Authority
) -> None:
    tls = authority.context("shop.example")
    web.serve("shop.example", redirect("https://127.0.0.1/"), port=443, tls=tls)
    with pytest.raises(RemoteRefused):
        post()
    assert len(web.connected) == 1


@pytest.mark.parametrize(
    "url", ["http://shop.example/u", "https://127.0.0.1/u", "https://shop.example:8443/u"]
)
def test_a_form_goes_by_https_to_the_public_internet_alone(
    web: Web, post: Callable[..., None], url: str
) -> None:
    with pytest.raises(RemoteRefused):
        post(url)
    assert web.connected == []


def test_a_form_is_not_sent_to_a_name_that_leads_inside(
    web: Web, post: Callable[..., None]
) -> None:
    web.names["shop.example"] = [("10.0.0.1",)]
    with pytest.raises(RemoteRefused):
        post()
    assert web.connected == []


# Servers that an administrator has named


@pytest.fixture
def ask(web: Web, authority: Authority) -> Callable[..., remote.RemoteAnswer]:
    def asked(url: str = "https://sso.example/keys", **more: Any) -> remote.RemoteAnswer:
        usual: dict[str, Any] = {"resolve": web.resolve, "connect": web.connect}
        usual |= {"limits": KILOBYTES, "ca_file": str(authority.file)}
        return remote.ask(url, **(usual | more))

    return asked


def test_an_answer_is_told_whatever_its_status(
    web: Web, ask: Callable[..., remote.RemoteAnswer], authority: Authority
) -> None:
    tls = authority.context("sso.example")
    refusal = http(b'{"error": "x"}', "application/json", "400 Bad Request")
    server = web.serve("sso.example", http(b"{}"), refusal, port=443, tls=tls)
    assert ask() == remote.RemoteAnswer(200, b"{}")
    answer = ask(form=b"a=b", fields={"Authorization": "Basic x"})
    assert answer == remote.RemoteAnswer(400, b'{"error": "x"}')
    assert server.requests[0].startswith("GET /keys HTTP/1.1\r\n")
    assert server.requests[1].startswith("POST /keys HTTP/1.1\r\n")
    assert "Authorization: Basic x\r\n" in server.requests[1]


def test_a_redirect_is_an_answer_like_any(
    web: Web, ask: Callable[..., remote.RemoteAnswer], authority: Authority
) -> None:
    tls = authority.context("sso.example")
    server = web.serve("sso.example", redirect("https://sso.example/"), port=443, tls=tls)
    assert ask(form=b"secret").status == 302
    assert server.connections == 1


def test_secrets_go_by_https_alone(web: Web, ask: Callable[..., remote.RemoteAnswer]) -> None:
    server = web.serve("sso.example", http(b"{}"))
    with pytest.raises(RemoteRefused, match="https"):
        ask("http://sso.example/", ports={80})
    assert server.connections == 0


def test_a_private_network_is_asked_where_it_is_named(
    web: Web, ask: Callable[..., remote.RemoteAnswer], authority: Authority
) -> None:
    tls = authority.context("sso.example")
    web.serve("sso.example", http(b"{}"), address="10.1.2.3", port=443, tls=tls)
    with pytest.raises(RemoteRefused, match="public"):
        ask()
    inner = RequestLimits(4096, 30, 0, open=(ipaddress.ip_network("10.1.0.0/16"),))
    assert ask(limits=inner).status == 200
    outer = RequestLimits(4096, 30, 0, open=(ipaddress.ip_network("10.2.0.0/16"),))
    with pytest.raises(RemoteRefused, match="public"):
        ask(limits=outer)


def test_an_answer_has_an_end(
    web: Web, ask: Callable[..., remote.RemoteAnswer], authority: Authority
) -> None:
    tls = authority.context("sso.example")
    web.serve("sso.example", http(b"x" * 5000), port=443, tls=tls)
    with pytest.raises(RemoteRefused, match="too large"):
        ask()


def test_a_field_is_one_line(ask: Callable[..., remote.RemoteAnswer], web: Web) -> None:
    with pytest.raises(RemoteRefused, match="header"):
        ask(fields={"Authorization": "Bearer x\r\nX-Other: 1"})
    assert web.connected == []
