"""A WSGI application under an ASGI server: what a request is made into, and its answer."""

from __future__ import annotations

import asyncio
import ipaddress
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings

from accounts import session
from accounts.session import WHOSE
from tests.waiting import PATIENCE_S, run_apart
from webmail import asgi
from webmail.asgi import Bridge, Message, environ_of
from webmail.serving import bodies, shares

Start = Callable[[str, list[tuple[str, str]]], object]


class Page(list[bytes]):
    """As Django's answers that are no streams."""

    streaming = False
    closed = False

    def close(self) -> None:
        self.closed = True


class Asked:
    """One request to a bridge, and what came of it."""

    def __init__(self, path: str = "/", body: Iterable[bytes] = (), **headers: str) -> None:
        pieces = list(body)
        self.messages: list[Message] = [
            {"type": "http.request", "body": piece, "more_body": n < len(pieces)}
            for n, piece in enumerate(pieces, 1)
        ]
        self.scope: Message = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST" if pieces else "GET",
            "path": path,
            "query_string": b"a=%C3%A9",
            "headers": [
                (name.replace("__", "-").encode(), value.encode())
                for name, value in headers.items()
            ],
            "server": ("localhost", 8000),
            "client": ("127.0.0.1", 4242),
        }
        self.sent: list[Message] = []
        self.gone = asyncio.Event()

    async def receive(self) -> Message:
        if self.messages:
            return self.messages.pop(0)
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    async def of(self, bridge: Bridge) -> Asked:
        await bridge(self.scope, self.receive, self.send)
        return self

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent[1:])


def echo(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    start_response("200 OK", [("X-Said", environ["QUERY_STRING"])])
    return Page([environ["wsgi.input"].read(), environ["PATH_INFO"].encode("latin1")])


def asked(app: Any, request: Callable[[], Asked]) -> Asked:
    async def run() -> Asked:
        return await request().of(Bridge(app))

    return run_apart(run())


def test_a_page_is_handed_over_as_a_whole_and_closed_before() -> None:
    page = Page([b"one, ", b"two"])

    def app(_environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        start_response("404 Not Found", [("Content-Type", "text/html"), ("X-É", "é")])
        return page

    got = asked(app, Asked)
    assert got.sent == [
        {
            "type": "http.response.start",
            "status": 404,
            "headers": [(b"content-type", b"text/html"), ("x-é".encode("latin1"), b"\xe9")],
        },
        {"type": "http.response.body", "body": b"one, two"},
    ]
    assert page.closed


def test_an_address_with_accents_comes_as_wsgi_has_it() -> None:
    assert asked(echo, lambda: Asked("/mail/Réunion/")).body == "/mail/Réunion/".encode()


@pytest.mark.parametrize("size", [10, bodies.SMALL, bodies.SMALL + 1, 3 * bodies.SMALL])
def test_a_body_in_pieces_is_read_to_its_end(size: int) -> None:
    whole = bytes(n % 251 for n in range(size))
    pieces = [whole[: size // 3], whole[size // 3 :]]
    got = asked(echo, lambda: Asked("/", pieces, content__length=str(size)))
    assert got.body == whole + b"/"


def test_a_body_without_a_length_is_read_too() -> None:
    got = asked(echo, lambda: Asked("/", [b"a" * 9, b"b"], transfer__encoding="chunked"))
    assert got.body == b"a" * 9 + b"b/"


@pytest.mark.parametrize("length", [20, 2 * bodies.SMALL])
def test_nobody_is_asked_for_a_body_that_breaks_off(length: int) -> None:
    def request() -> Asked:
        broken = Asked("/", [b"only this"], content__length=str(length))
        broken.messages[0]["more_body"] = True
        broken.gone.set()
        return broken

    assert asked(echo, request).sent == []


class Dripping(Asked):
    """A body whose every piece lets itself be waited for."""

    def __init__(self, body: Iterable[bytes], *, seconds: float, **more: str) -> None:
        super().__init__("/", body, **more)
        self._seconds = seconds

    async def receive(self) -> Message:
        await asyncio.sleep(self._seconds)
        return await super().receive()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in {"MOMENT": 0.01, "PATIENCE": 0.2, "SILENCE": 0.2, "FAREWELL": 0.1}.items():
        monkeypatch.setattr(bodies, name, seconds)


def refusals(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    """Names the error with which the body was refused; else how long it is, as `echo` reads it."""
    start_response("200 OK", [])
    refusal = environ.get(bodies.REFUSED)
    return Page([type(refusal).__name__.encode() if refusal else b"%d" % len(read(environ))])


def read(environ: dict[str, Any]) -> bytes:
    return bytes(environ["wsgi.input"].read())


def told(*requests: Asked) -> list[bytes]:
    """What is answered to requests that come at the same time."""

    async def run() -> list[bytes]:
        bridge = Bridge(refusals)
        answers = await asyncio.gather(*(request.of(bridge) for request in requests))
        again = await Asked("/", [b"a" * 9], content__length="9").of(bridge)
        assert again.body == b"9"
        assert bridge._bodies._clients == {}
        assert (bridge._bodies._all.places, bridge._bodies._all.size) == (0, 0)
        return [answer.body for answer in answers]

    return run_apart(run())


def test_a_body_that_drips_is_given_up_and_the_browser_sent_away(impatient: None) -> None:
    slow = Dripping([b"a"] * 1000, seconds=0.05, content__length="1000")
    assert told(slow) == [b"UploadTooSlow"]
    assert (b"connection", b"close") in slow.sent[0]["headers"]


def test_a_body_that_stops_is_given_up(impatient: None) -> None:
    """However much of it had come."""
    stopped = Asked("/", [b"a" * 100_000, b"b"], content__length="100001")
    stopped.messages.pop()
    assert told(stopped) == [b"UploadTooSlow"]


def test_a_body_that_comes_slowly_but_fast_enough_is_taken(impatient: None) -> None:
    honest = Dripping([b"a" * 1000] * 20, seconds=0.04, content__length="20000")
    assert told(honest) == [b"20000"]


def test_one_client_has_so_many_places_and_others_have_theirs(
    impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "MOST_OF_CLIENT", 3)

    def of(host: str) -> Asked:
        slow = Dripping([b"a" * 1000] * 3, seconds=0.04, content__length="3000")
        slow.scope["client"] = (host, 1)
        return slow

    answers = told(*(of("192.0.2.1") for _ in range(5)), of("192.0.2.2"))
    assert sorted(answers[:5]) == [b"3000"] * 3 + [b"TooManyUploads"] * 2
    assert answers[5] == b"3000"


def test_many_networks_of_one_provider_leave_places_to_others(
    impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "MOST", 8)
    monkeypatch.setattr(bodies, "MOST_OF_CLIENT", 2)

    def of(host: str) -> Asked:
        slow = Dripping([b"a" * 1000] * 3, seconds=0.04, content__length="3000")
        slow.scope["client"] = (host, 1)
        return slow

    rotating = (of(f"2001:470:1:{n:x}::1") for n in range(8))
    answers = told(*rotating, of("2001:910:1:1::1"))
    assert answers.count(b"TooManyUploads") == 4
    assert answers[-1] == b"3000"


def test_who_is_behind_a_proxy_is_counted_for_himself(
    impatient: None, monkeypatch: pytest.MonkeyPatch, settings
) -> None:
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("127.0.0.1")]
    monkeypatch.setattr(bodies, "MOST_OF_CLIENT", 1)

    def of(address: str) -> Asked:
        more = {"content__length": "2000", "x__forwarded__for": address}
        return Dripping([b"a" * 1000] * 2, seconds=0.04, **more)

    answers = told(of("192.0.2.1"), of("192.0.2.1"), of("192.0.2.2"))
    assert sorted(answers) == [b"2000", b"2000", b"TooManyUploads"]


def test_all_bodies_together_have_so_many_bytes(
    impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "MOST_BYTES", 150_000)
    one, other = (
        Dripping([b"a" * 50_000] * 2, seconds=0.1, content__length="100000") for _ in range(2)
    )
    assert sorted(told(one, other)) == [b"100000", b"TooManyUploads"]


def test_what_is_whole_at_once_needs_no_place(
    impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "MOST_OF_CLIENT", 0)
    assert told(Asked("/", [b"a" * 500], content__length="500")) == [b"500"]


def test_what_is_larger_than_anything_may_be_is_not_taken_in(settings) -> None:
    huge = Asked("/", [b"a" * 9], content__length=str(bodies.largest() + 1))
    assert told(huge) == [b"0"]
    assert huge.messages, "somebody has read it"


def test_a_body_without_a_length_is_cut_at_the_largest(settings) -> None:
    settings.STAFF_FILE_LIMIT = settings.ADDRESS_BOOK_LIMIT = settings.MESSAGE_LIMIT = 1000
    settings.DOCUMENTS_LIMIT = settings.MAIL_FILE_LIMIT = 1000
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 0
    endless = Asked("/", [b"a" * 600] * 3, transfer__encoding="chunked")
    assert told(endless) == [b"TooLarge"]


def test_headers_are_named_as_wsgi_has_them() -> None:
    request = Asked("/", x__forwarded__for="192.0.2.1", cookie="a=1", content__type="text/plain")
    request.scope["headers"] += [(b"cookie", b"b=2"), (b"x-twice", b"1"), (b"x-twice", b"2")]
    environ = environ_of(request.scope)
    assert environ["HTTP_X_FORWARDED_FOR"] == "192.0.2.1"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"
    assert environ["HTTP_X_TWICE"] == "1,2"
    assert environ["CONTENT_TYPE"] == "text/plain"
    assert environ["REMOTE_ADDR"] == "127.0.0.1"


def test_an_underscore_does_not_pass_for_the_proxys_hyphen() -> None:
    request = Asked()
    request.scope["headers"] = [
        (b"x_forwarded_for", b"6.6.6.6"),
        (b"x-forwarded_for", b"6.6.6.6"),
        (b"x-forwarded-for", b"192.0.2.1"),
    ]
    assert environ_of(request.scope)["HTTP_X_FORWARDED_FOR"] == "192.0.2.1"


def test_a_stream_waits_for_its_browser_and_stops_with_it() -> None:
    made: list[int] = []
    closed = threading.Event()

    class Stream:
        def __iter__(self) -> Iterator[bytes]:
            for n in range(1000):
                made.append(n)
                yield b"piece"

        def close(self) -> None:
            closed.set()

    def app(_environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        start_response("200 OK", [])
        return Stream()

    class Slow(Asked):
        async def send(self, message: Message) -> None:
            await super().send(message)
            if len(self.sent) == 4:
                # Time enough for a thousand, if nothing held it back.
                await asyncio.sleep(0.3)
                assert len(made) <= 4
                self.gone.set()
                await asyncio.sleep(0.05)

    got = asked(app, Slow)
    assert closed.wait(PATIENCE_S)
    assert len(made) <= 5
    assert got.sent[1]["more_body"]


def test_slow_browsers_take_no_thread_from_others() -> None:
    """More streams than threads, whose browsers all stop reading."""

    def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        start_response("200 OK", [])
        return iter([b"piece"] * 5) if environ["PATH_INFO"] == "/film" else Page([b"page"])

    class Stopped(Asked):
        async def send(self, message: Message) -> None:
            await super().send(message)
            if len(self.sent) == 2:
                await self.gone.wait()

    async def run() -> bytes:
        bridge = Bridge(app, threads=2)
        stopped = [Stopped("/film") for _ in range(6)]
        films = [asyncio.create_task(one.of(bridge)) for one in stopped]
        await until(lambda: all(len(one.sent) == 2 for one in stopped))
        page = Asked("/page")
        await asyncio.wait_for(page.of(bridge), PATIENCE_S)
        for one in stopped:
            one.gone.set()
        await asyncio.gather(*films)
        return page.body

    assert run_apart(run()) == b"page"


def test_one_session_leaves_threads_to_others(settings) -> None:
    """Many requests that wait, for one person's connections to the mail server."""
    over = threading.Event()

    def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        start_response("200 OK", [])
        if environ["PATH_INFO"] == "/download":
            over.wait(2 * PATIENCE_S)
        return Page([b"page"])

    async def run() -> None:
        bridge = Bridge(app)
        cookie = f"lang=fr; {settings.SESSION_COOKIE_NAME}=alice"
        waiting = [
            asyncio.create_task(Asked("/download", cookie=cookie).of(bridge))
            for _ in range(2 * asgi.THREADS)
        ]
        await asyncio.sleep(0.5)
        for other in (Asked("/page"), Asked("/page", cookie=cookie.replace("alice", "bob"))):
            await asyncio.wait_for(other.of(bridge), PATIENCE_S)
        assert not over.is_set()
        over.set()
        answers = await asyncio.gather(*waiting)
        assert {answer.body for answer in answers} == {b"page"}

    run_apart(run())


def test_two_users_leave_threads_to_others_however_many_sessions_they_have(settings) -> None:
    over = threading.Event()

    def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        start_response("200 OK", [])
        name = environ["HTTP_COOKIE"].partition("=")[2]
        environ[WHOSE] = name.partition("-")[0]
        if environ["PATH_INFO"] == "/slow":
            over.wait(2 * PATIENCE_S)
        return Page([b"page"])

    async def run() -> None:
        bridge = Bridge(app)
        cookies = [with_cookie(f"{name}-{n}") for name in ("alice", "bob") for n in range(4)]
        for cookie in cookies:
            await Asked("/page", cookie=cookie).of(bridge)
        waiting = [
            asyncio.create_task(Asked("/slow", cookie=cookie).of(bridge))
            for cookie in cookies
            for _ in range(asgi.THREADS)
        ]
        await asyncio.sleep(0.5)
        await asyncio.wait_for(Asked("/page", cookie=with_cookie("zoe")).of(bridge), PATIENCE_S)
        assert not over.is_set()
        over.set()
        await asyncio.gather(*waiting)

    run_apart(run())


def test_a_users_forms_are_worked_on_two_at_a_time_and_pages_come_meanwhile() -> None:
    over, lock = threading.Event(), threading.Lock()
    forms = {"at once": 0, "most": 0}

    def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        start_response("200 OK", [])
        environ[WHOSE] = "alice"
        if environ["REQUEST_METHOD"] == "POST":
            with lock:
                forms["at once"] += 1
                forms["most"] = max(forms.values())
            over.wait(2 * PATIENCE_S)
            with lock:
                forms["at once"] -= 1
        return Page([b"page"])

    async def run() -> None:
        bridge, cookies = Bridge(app), [with_cookie(f"alice-{n}") for n in range(4)]
        for cookie in cookies:
            await Asked("/page", cookie=cookie).of(bridge)
        waiting = [
            asyncio.create_task(Asked("/slow", [b"a=b"], cookie=cookie).of(bridge))
            for cookie in cookies
            for _ in range(2)
        ]
        await until(lambda: forms["at once"] == shares.FORMS)
        page = Asked("/page", cookie=cookies[0])
        await asyncio.wait_for(page.of(bridge), PATIENCE_S)
        assert not over.is_set()
        over.set()
        await asyncio.gather(*waiting)

    run_apart(run())
    assert forms == {"at once": 0, "most": shares.FORMS}


def film(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    """Pieces below /mail/; elsewhere, or where it is refused, a page."""
    start_response("200 OK", [])
    if refusal := environ.get(bodies.REFUSED):
        return Page([type(refusal).__name__.encode()])
    return iter([b"piece"] * 5) if "/mail/" in environ["PATH_INFO"] else Page([b"page"])


async def until(happened: Callable[[], object]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(PATIENCE_S):
        while not happened():
            await asyncio.sleep(0.01)


FILM = "/mail/INBOX/1-2/source/"


class Unread(Asked):
    """A browser that stops reading after the first piece, until it is gone."""

    async def send(self, message: Message) -> None:
        await super().send(message)
        if len(self.sent) == 2:
            await self.gone.wait()


def with_cookie(name: str) -> str:
    return f"{django_settings.SESSION_COOKIE_NAME}={name}"


@pytest.mark.parametrize(
    "path",
    [
        FILM,
        "/mail/INBOX/1-2/part/2.1/",
        "/mail/INBOX/1-2/zip/",
        "/mail/INBOX/1-2/frame/inline/3",
        "/mail/INBOX/1-2/view/2/media",
        "/mail/INBOX/1-2/view/2/member/1/pdf",
    ],
)
def test_downloads_of_one_session_wait_for_each_other_without_a_thread(path: str) -> None:
    begun: list[str] = []

    def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        begun.append(environ["PATH_INFO"])
        return film(environ, start_response)

    async def run() -> None:
        bridge, most = Bridge(app), session.pool().most_streams
        unread = [Unread(path, cookie=with_cookie("alice")) for _ in range(30)]
        films = [asyncio.create_task(one.of(bridge)) for one in unread]
        await until(lambda: len(begun) == most)
        await asyncio.sleep(0.3)
        assert len(begun) == most
        for other in (Asked("/page", cookie=with_cookie("alice")), Asked(path)):
            await asyncio.wait_for(other.of(bridge), PATIENCE_S)
        bobs = Asked(path, cookie=with_cookie("bob"))
        assert (await asyncio.wait_for(bobs.of(bridge), PATIENCE_S)).body == b"piece" * 5
        assert len(begun) == most + 3
        for one in unread:
            one.gone.set()
        await asyncio.gather(*films)

    run_apart(run())


def test_downloads_side_by_side_all_come() -> None:
    async def run() -> set[bytes]:
        bridge = Bridge(film)
        asked = [Asked(FILM, cookie=with_cookie("alice")).of(bridge) for _ in range(6)]
        return {answer.body for answer in await asyncio.gather(*asked)}

    assert run_apart(run()) == {b"piece" * 5}


def test_a_download_that_waits_too_long_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "DOWNLOAD_WAIT", 0.1)

    async def run() -> None:
        bridge, most = Bridge(film), session.pool().most_streams
        unread = [Unread(FILM, cookie=with_cookie("alice")) for _ in range(most)]
        films = [asyncio.create_task(one.of(bridge)) for one in unread]
        await asyncio.sleep(0)
        late = Asked(FILM, cookie=with_cookie("alice"))
        assert (await asyncio.wait_for(late.of(bridge), PATIENCE_S)).body == b"TooManyDownloads"
        assert (b"connection", b"close") not in late.sent[0]["headers"]
        for one in unread:
            one.gone.set()
        await asyncio.gather(*films)
        again = Asked(FILM, cookie=with_cookie("alice"))
        assert (await again.of(bridge)).body == b"piece" * 5

    run_apart(run())


def test_who_hangs_up_while_his_download_waits_is_forgotten() -> None:
    begun: list[str] = []

    def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        begun.append(environ["PATH_INFO"])
        return film(environ, start_response)

    async def run() -> None:
        bridge, most = Bridge(app), session.pool().most_streams
        unread = [Unread(FILM, cookie=with_cookie("alice")) for _ in range(most + 5)]
        films = [asyncio.create_task(one.of(bridge)) for one in unread]
        await asyncio.sleep(0.1)
        for one in unread[most:]:
            one.gone.set()
        await asyncio.wait_for(asyncio.gather(*films[most:]), PATIENCE_S)
        # At the same moment in which a place becomes free, too.
        last = Unread(FILM, cookie=with_cookie("alice"))
        films.append(asyncio.create_task(last.of(bridge)))
        await asyncio.sleep(0.1)
        for one in (*unread, last):
            one.gone.set()
        await asyncio.gather(*films)
        assert len(begun) == most
        honest = [Asked(FILM, cookie=with_cookie("alice")).of(bridge) for _ in range(2 * most)]
        answers = await asyncio.wait_for(asyncio.gather(*honest), PATIENCE_S)
        assert {answer.body for answer in answers} == {b"piece" * 5}

    run_apart(run())


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_generator_that_says_its_status_late_is_answered(count: int) -> None:
    def app(_environ: dict[str, Any], start_response: Start) -> Iterator[bytes]:
        start_response("201 Created", [])
        yield from [b"a"] * count

    got = asked(app, Asked)
    assert got.sent[0]["status"] == 201
    assert got.body == b"a" * count
    assert got.sent[-1] == {"type": "http.response.body", "body": b""}


def test_what_goes_wrong_reaches_the_server_before_and_in_a_stream() -> None:
    def at_once(_environ: dict[str, Any], _start: Start) -> Iterable[bytes]:
        raise ZeroDivisionError

    def later(_environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        start_response("200 OK", [])

        def pieces() -> Iterator[bytes]:
            yield b"half"
            raise ZeroDivisionError

        return pieces()

    for app in (at_once, later):
        with pytest.raises(ZeroDivisionError):
            asked(app, Asked)


def test_requests_that_wait_for_a_server_keep_nobody_waiting() -> None:
    answered: list[str] = []
    over = threading.Event()

    def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/slow":
            over.wait(2 * PATIENCE_S)
        answered.append(environ["PATH_INFO"])
        start_response("200 OK", [])
        return Page([b""])

    async def run() -> None:
        bridge = Bridge(app)
        slow = [asyncio.create_task(Asked("/slow").of(bridge)) for _ in range(2 * asgi.AT_ONCE)]
        await asyncio.sleep(0.01)
        await asyncio.wait_for(Asked("/quick").of(bridge), PATIENCE_S)
        over.set()
        await asyncio.gather(*slow)

    run_apart(run())
    assert answered[0] == "/quick"


def test_requests_are_answered_in_their_order_a_few_at_once() -> None:
    begun: list[str] = []
    now, most = 0, 0
    lock = threading.Lock()

    def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        nonlocal now, most
        with lock:
            begun.append(environ["PATH_INFO"])
            now += 1
            most = max(most, now)
        time.sleep(0.005)
        with lock:
            now -= 1
        if environ["PATH_INFO"] == "/3":
            raise ZeroDivisionError
        start_response("200 OK", [])
        return Page([b""])

    async def run() -> None:
        bridge = Bridge(app)
        requests = (Asked(f"/{n}").of(bridge) for n in range(20))
        await asyncio.gather(*requests, return_exceptions=True)

    for _loop in range(2):
        begun.clear()
        run_apart(run())
        assert begun == [f"/{n}" for n in range(20)]
    assert most <= asgi.AT_ONCE


def test_what_an_open_page_waits_for_goes_first() -> None:
    begun: list[str] = []

    def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        begun.append(environ["PATH_INFO"])
        time.sleep(0.005)
        start_response("200 OK", [])
        return Page([b""])

    async def run() -> None:
        bridge = Bridge(app)
        frame = "/mail/INBOX/1-2/frame/"
        paths = [*(f"/{n}" for n in range(8)), frame, "/static/webmail/css/app.css"]
        await asyncio.gather(*(Asked(path).of(bridge) for path in paths))

    run_apart(run())
    assert begun.index("/mail/INBOX/1-2/frame/") <= asgi.AT_ONCE + 1
    assert begun.index("/static/webmail/css/app.css") <= asgi.AT_ONCE + 2
    assert [path for path in begun if path[1:].isdigit()] == [f"/{n}" for n in range(8)]


def test_of_many_who_wait_some_are_sent_to_another_process() -> None:
    async def ended(together: int) -> int:
        bridge = Bridge(echo)
        answers: list[Asked] = []
        for _round in range(120 // together):
            answers += await asyncio.gather(*(Asked().of(bridge) for _ in range(together)))
        return sum((b"connection", b"close") in one.sent[0]["headers"] for one in answers)

    assert run_apart(ended(1)) == 0
    assert run_apart(ended(asgi.AT_ONCE)) == 0
    assert 2 <= run_apart(ended(60)) <= 4


def test_who_leaves_while_he_waits_keeps_no_turn() -> None:
    async def run() -> None:
        turns = asgi.RequestTurns()

        async def hold() -> None:
            async with turns.turn("/"):
                await asyncio.sleep(0.02)

        waiting = [asyncio.create_task(hold()) for _ in range(asgi.AT_ONCE + 3)]
        await asyncio.sleep(0)
        waiting[-1].cancel()  # nobody had come to it
        waiting[asgi.AT_ONCE].cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        # In the very moment in which the turn is handed over.
        holder = [asyncio.create_task(hold()) for _ in range(asgi.AT_ONCE)]
        late = asyncio.create_task(hold())
        await asyncio.wait(holder[:1])
        late.cancel()
        await asyncio.gather(*holder, late, return_exceptions=True)
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(*(hold() for _ in range(2 * asgi.AT_ONCE)))

    run_apart(run())


def lived(bridge: Bridge) -> list[str]:
    """What a server is told that starts and stops."""
    told: list[str] = []

    async def run() -> None:
        events = iter(["lifespan.startup", "lifespan.shutdown"])

        async def receive() -> Message:
            return {"type": next(events)}

        async def send(message: Message) -> None:
            told.append(message["type"])

        await bridge({"type": "lifespan"}, receive, send)

    run_apart(run())
    return told


LIFE = ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_a_process_is_warm_before_it_answers() -> None:
    assert lived(Bridge(echo)) == LIFE
    threads: list[int] = []

    def warm() -> None:
        threads.append(threading.get_ident())

    def app(_environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        threads.append(threading.get_ident())
        start_response("200 OK", [])
        return Page()

    bridge = Bridge(app, warm=warm)
    assert lived(bridge) == LIFE
    run_apart(Asked().of(bridge))
    assert len(threads) == 2 and len(set(threads)) == 1, "another thread got warm"


def test_what_cannot_get_warm_starts_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise ValueError("a template is broken")

    assert lived(Bridge(echo, warm=broken)) == LIFE
    assert "a template is broken" in caplog.text
    monkeypatch.setattr(asgi, "WARM_UP", 0.1)
    stuck = threading.Event()
    assert lived(Bridge(echo, warm=lambda: stuck.wait(20))) == LIFE
    stuck.set()


def test_who_takes_much_of_the_processor_has_few_requests_at_once() -> None:
    lock, at_once, others = threading.Lock(), [0, 0], threading.Event()

    def app(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        start_response("200 OK", [])
        environ[WHOSE] = environ["HTTP_COOKIE"].partition("=")[2]
        if environ["PATH_INFO"] == "/heavy":
            end = time.thread_time() + 2 * shares.Spending.MUCH
            while time.thread_time() < end:
                pass
        if environ["PATH_INFO"] == "/page":
            with lock:
                at_once[0] += 1
                at_once[1] = max(at_once)
            others.wait(1.0)
            with lock:
                at_once[0] -= 1
        return Page([b"page"])

    async def most(bridge: Bridge, name: str) -> int:
        at_once[1] = 0
        pages = [Asked("/page", cookie=with_cookie(name)) for _ in range(shares.THREADS)]
        await asyncio.gather(*(page.of(bridge) for page in pages))
        return at_once[1]

    async def run() -> None:
        bridge = Bridge(app)
        for name in ("alice", "bob"):
            await Asked("/quick", cookie=with_cookie(name)).of(bridge)
        assert await most(bridge, "alice") == shares.THREADS
        await Asked("/heavy", cookie=with_cookie("alice")).of(bridge)
        assert await most(bridge, "alice") == shares.HEAVY
        assert await most(bridge, "bob") == shares.THREADS

    run_apart(run())


def test_what_a_user_took_of_the_processor_fades() -> None:
    now = 1000.0
    spending = shares.Spending(lambda: now)
    spending.add("alice", spending.MUCH)
    assert not spending.is_much("alice")
    spending.add("alice", 0.01)
    assert spending.is_much("alice") and not spending.is_much("bob")
    now += 0.2
    assert not spending.is_much("alice")
    now += 3600
    spending.add("alice", spending.MUCH)
    assert not spending.is_much("alice")


def test_so_many_users_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "MOST_SESSIONS", 2)
    spending = shares.Spending()
    for name in "abc":
        spending.add(name, 9.0)
    assert [spending.is_much(name) for name in "abc"] == [False, True, True]
