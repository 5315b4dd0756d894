"""New mail as it comes: the stream of events, before a real server and a real mailbox."""

from __future__ import annotations

import http.client
import ipaddress
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import uvicorn
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from accounts import limits, session, wire_log
from accounts.models import MailDomain, User, UserSession, WireLog
from accounts.providers import proof
from demo.servers.dovecot import Dovecot, MailAccount
from mail.imap import watch
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import ALICE, BOB
from tests.servers.scripted import CLOSE, ScriptedServer, imap_script, no, ok
from tests.waiting import LONGEST_S, PATIENCE_S, wait_for
from tests.webmail.views.mail import letter, page, ref, undo_steps
from webmail.asgi import application
from webmail.serving import push

pytestmark = pytest.mark.django_db(transaction=True)

SOON = PATIENCE_S
# Where the kernel has no watches left to give, Dovecot looks at other folders every 30 seconds.
LOOKED = 45.0
STATE = b"* STATUS INBOX (MESSAGES 3 UIDNEXT 4 UIDVALIDITY 7 UNSEEN 1)\r\n"  # of a scripted server


class Browser:
    """One stream as a browser reads it: `wait(event)` gives what was told by it next."""

    def __init__(
        self, port: int, client: Client | None, who: int | str = "", **headers: str
    ) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        cookies = client.cookies.items() if client else ()
        cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in cookies)
        self._connection.request("GET", f"/events?who={who}", headers={"Cookie": cookie, **headers})
        self._socket = self._connection.sock
        self.answer = self._connection.getresponse()
        self.status = self.answer.status
        self.said: list[tuple[str, dict[str, Any]]] = []
        self.is_over = False
        self.comments = 0
        self._read = 0
        if self.status == 200:
            threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        event = ""
        try:
            while raw := self.answer.readline():
                line = raw.decode().rstrip("\n")
                if line.startswith("event: "):
                    event = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    self.said.append((event, json.loads(line.removeprefix("data: "))))
                elif line.startswith(":"):
                    self.comments += 1
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass  # the test has closed it
        self.is_over = True

    def wait(
        self,
        event: str,
        seconds: float = SOON,
        matching: Callable[[dict[str, Any]], bool] = lambda _told: True,
    ) -> dict[str, Any]:
        def found() -> bool:
            while self._read < len(self.said):
                self._read += 1
                name, told = self.said[self._read - 1]
                if name == event and matching(told):
                    return True
            return False

        wait_until(found, seconds, lambda: f"no {event}, only {self.said}")
        return self.said[self._read - 1][1]

    def close(self) -> None:
        with suppress(OSError):  # the server has closed it
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads
        self._connection.close()


def wait_until(
    condition: Callable[[], bool], seconds: float = SOON, words: Callable[[], str] = str
) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, words() or "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def site() -> Iterator[int]:
    """The port of a uvicorn with our application, in a thread."""
    config = uvicorn.Config(application, port=0, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        wait_until(lambda: server.started)
        yield listener.getsockname()[1]
        server.should_exit = True
        server.force_exit = True
        thread.join(10)
    session.pool().close_all()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often at what is else looked at from time to time."""
    monkeypatch.setattr(push, "TICK", 0.2)
    monkeypatch.setattr(push, "SILENCE", 0.3)
    monkeypatch.setattr(push, "BACK_OFF", (0.1, 0.4))


@pytest.fixture
def reader(signed_in: Callable[..., Client], alice: MailAccount) -> Client:
    return signed_in(alice)


@pytest.fixture
def stream(site: int) -> Iterator[Callable[..., Browser]]:
    """`stream(client)`: a browser that listens."""
    opened: list[Browser] = []

    def listen(client: Client | None, who: int | str | None = None, **headers: str) -> Browser:
        if who is None:
            who = User.objects.get(login="alice").pk
        opened.append(Browser(site, client, who, **headers))
        return opened[-1]

    yield listen
    for browser in opened:
        browser.close()


def of(folder: str) -> Callable[[dict[str, Any]], bool]:
    return lambda told: told["folder"] == folder


def test_a_log_has_what_a_stream_says_to_the_mail_server(
    stream: Callable[..., Browser], reader: Client, mailbox: Mailbox
) -> None:
    user = User.objects.get(login=ALICE.login)
    until = timezone.now() + WireLog.LASTS
    log = WireLog.objects.create(user=user, begun=timezone.now(), until=until)
    User.objects.filter(pk=user.pk).update(logged_until=until)
    browser = stream(reader)
    browser.wait("mail")
    mailbox.append(letter())
    browser.wait("mail")
    wait_for(lambda: WireLog.objects.filter(pk=log.pk, lines__gt=5).exists())
    request = RequestFactory().get("/")
    text = "\n".join(wire_log.read_lines(request, WireLog.objects.get(pk=log.pk)))
    assert re.search(r"IMAP \d+ C: w\d LOGIN …\d+", text) and "IDLE" in text
    assert ALICE.password not in text and "@" not in text


def test_it_begins_with_how_the_inbox_stands(
    stream: Callable[..., Browser], reader: Client, mailbox: Mailbox
) -> None:
    uid = mailbox.append(letter())
    browser = stream(reader)
    assert browser.status == 200
    assert browser.answer.headers["Content-Type"].startswith("text/event-stream")
    assert browser.answer.headers["Cache-Control"] == "no-store"
    assert browser.answer.headers["X-Accel-Buffering"] == "no"
    assert browser.wait("up") == {"everywhere": True}
    told = browser.wait("mail")
    assert told["modseq"] > 0
    assert told | {"modseq": 0} == {
        "folder": "INBOX",
        "uidvalidity": mailbox.uidvalidity(),
        "uidnext": uid + 1,
        "exists": 1,
        "unseen": 1,
        "modseq": 0,
        "changed": [],
        "gone": [],
        "new": [],
        "more": True,
        "unnamed": True,
    }


def test_a_message_that_is_delivered_shows_within_seconds(
    stream: Callable[..., Browser], reader: Client, mailbox: Mailbox
) -> None:
    browser = stream(reader)
    browser.wait("mail")
    mailbox.receive(letter("Réunion de rentrée", sender="Chloé Péri <chloe@exemple.fr>"))
    told = browser.wait("mail")
    assert (told["exists"], told["unseen"], told["more"]) == (1, 1, False)
    ref = f"{mailbox.uidvalidity()}-{mailbox.uids()[0]}"
    assert told["new"] == [{"ref": ref, "sender": "Chloé Péri", "subject": "Réunion de rentrée"}]


def test_a_message_that_arrives_read_is_no_new_mail(
    stream: Callable[..., Browser], reader: Client, mailbox: Mailbox
) -> None:
    browser = stream(reader)
    browser.wait("mail")
    mailbox.append(letter(), flags=["\\Seen"])
    told = browser.wait("mail")
    assert (told["exists"], told["unseen"], told["new"]) == (1, 0, [])


def test_a_message_that_the_user_moves_back_is_no_new_mail(
    stream: Callable[..., Browser], reader: Client, mailbox: Mailbox
) -> None:
    mailbox.receive(letter("À peine arrivé"))
    browser = stream(reader)
    browser.wait("mail")
    act = "/mail/INBOX/act/"
    picked = {"verb": "trash", "refs": [ref(mailbox, mailbox.uids()[0])]}
    moved = page(reader.post(act, picked, follow=True))
    browser.wait("mail", matching=lambda told: told["exists"] == 0)
    reader.post(act, {"verb": "undo", "steps": undo_steps(moved)})
    told = browser.wait("mail", matching=lambda told: told["exists"] == 1)
    assert told["new"] == []


def test_a_flag_that_is_changed_elsewhere_shows(
    stream: Callable[..., Browser], reader: Client, mailbox: Mailbox
) -> None:
    uid = mailbox.append(letter())
    browser = stream(reader)
    browser.wait("mail")
    mailbox.set_flags(uid, ["\\Seen", "\\Flagged"])
    told = browser.wait("mail")
    (changed,) = told["changed"]
    assert changed["ref"] == f"{mailbox.uidvalidity()}-{uid}"
    assert {"\\Seen", "\\Flagged"} <= set(changed["flags"])
    assert (told["unseen"], told["more"]) == (0, False)


def test_a_message_that_is_removed_elsewhere_shows(
    stream: Callable[..., Browser], reader: Client, mailbox: Mailbox
) -> None:
    first, second = mailbox.append(letter()), mailbox.append(letter())
    browser = stream(reader)
    browser.wait("mail")
    mailbox.set_flags(first, ["\\Deleted"])
    browser.wait("mail")
    mailbox.imap.uid("EXPUNGE", str(first))
    told = browser.wait("mail")
    assert (told["gone"], told["exists"], told["more"]) == ([first], 1, False)
    assert mailbox.uids() == [second]


def test_other_folders_show_where_the_server_tells_of_them(
    stream: Callable[..., Browser], reader: Client, mailbox: Mailbox
) -> None:
    mailbox.create_folder("Élèves & parents")
    browser = stream(reader)
    browser.wait("mail")
    uid = mailbox.append(letter(), "Élèves & parents")
    told = browser.wait("mail", LOOKED, matching=of("Élèves & parents"))
    assert (told["exists"], told["unseen"], told["more"], told["new"]) == (1, 1, True, [])
    mailbox.set_flags(uid, ["\\Seen"], "Élèves & parents")
    told = browser.wait("mail", LOOKED, matching=lambda told: told["unseen"] == 0)
    assert told["folder"] == "Élèves & parents"


def test_five_hundred_marks_at_once_are_told_in_few_words(
    stream: Callable[..., Browser],
    reader: Client,
    mailbox: Mailbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch, "MOST_NAMED", 20)
    for _n in range(30):
        mailbox.append(letter())
    browser = stream(reader)
    browser.wait("mail")
    mailbox._select("INBOX")
    mailbox.imap.store("1:*", "+FLAGS.SILENT", "(\\Seen)")
    told = browser.wait("mail")
    assert len(told["changed"]) == 20
    assert told["more"]
    assert told["unseen"] == 0


def test_silence_is_broken_by_a_comment(
    quick: None, stream: Callable[..., Browser], reader: Client
) -> None:
    browser = stream(reader)
    browser.wait("mail")
    wait_until(lambda: browser.comments >= 2)


@pytest.mark.parametrize(
    ("who", "client"), [("alice", False), ("bob", True), ("", True), ("x", True)]
)
def test_nobody_listens_to_anothers_mail(
    stream: Callable[..., Browser],
    signed_in: Callable[..., Client],
    alice: MailAccount,
    bob: MailAccount,
    who: str,
    client: bool,
) -> None:
    """Also not the page of somebody who was signed in before, in the same browser."""
    readers = signed_in(alice), signed_in(bob)
    user = User.objects.filter(login=who).first()
    assert stream(readers[0] if client else None, user.pk if user else who).status == 401


def test_the_other_half_of_the_key_is_needed(
    stream: Callable[..., Browser], reader: Client
) -> None:
    del reader.cookies["mail_key"]
    assert stream(reader).status == 401


def test_a_second_factor_that_is_asked_for_comes_first(
    stream: Callable[..., Browser], reader: Client, settings
) -> None:
    settings.SECOND_FACTOR_ROLES = frozenset({"everybody"})
    assert stream(reader).status == 401


def test_another_host_name_is_refused(stream: Callable[..., Browser], reader: Client) -> None:
    assert stream(reader, Host="evil.example").status == 400


def test_only_reading_is_answered(site: int, reader: Client) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", site, timeout=LONGEST_S)
    connection.request("POST", "/events")
    assert connection.getresponse().status == 405
    connection.close()


def test_without_push_there_is_no_such_address(
    stream: Callable[..., Browser], reader: Client, settings
) -> None:
    settings.PUSH = False
    assert stream(reader).status == 404


def test_who_signs_out_hears_no_more(
    quick: None, stream: Callable[..., Browser], reader: Client, mailbox: Mailbox
) -> None:
    browser = stream(reader)
    browser.wait("mail")
    reader.post(reverse("account_logout"))
    assert browser.wait("end") == {"why": "session"}
    wait_until(lambda: browser.is_over)


def test_a_session_that_is_ended_from_another_hears_no_more(
    quick: None,
    stream: Callable[..., Browser],
    signed_in: Callable[..., Client],
    alice: MailAccount,
) -> None:
    here, there = signed_in(alice), signed_in(alice)
    ended, kept = stream(there), stream(here)
    ended.wait("mail")
    kept.wait("mail")
    here.post(reverse("accounts:end_other_sessions"))
    assert ended.wait("end") == {"why": "session"}
    assert not kept.is_over


def test_a_password_that_was_changed_here_ends_the_streams_of_the_old_one(
    quick: None, stream: Callable[..., Browser], reader: Client
) -> None:
    browser = stream(reader)
    browser.wait("mail")
    User.objects.filter(login="alice").update(mail_password_changed=timezone.now())
    assert browser.wait("end") == {"why": "session"}


@pytest.mark.parametrize(
    "change",
    [
        {"last_used": timedelta(hours=13)},
        {"last_used": timedelta(minutes=20), "is_shared": True},
        {"user__is_active": False},
    ],
    ids=["idle", "idle on a shared computer", "closed account"],
)
def test_a_session_that_is_over_hears_no_more(
    quick: None, stream: Callable[..., Browser], reader: Client, change: dict[str, Any]
) -> None:
    browser = stream(reader)
    browser.wait("mail")
    if idle := change.pop("last_used", None):
        UserSession.objects.update(last_used=timezone.now() - idle, **change)
    else:
        User.objects.update(is_active=False)
    assert browser.wait("end") == {"why": "session"}


def test_a_session_that_is_used_now_and_then_hears_on(
    quick: None, stream: Callable[..., Browser], reader: Client
) -> None:
    browser = stream(reader)
    browser.wait("mail")
    UserSession.objects.update(last_used=timezone.now() - timedelta(hours=11))
    time.sleep(1)
    assert not browser.is_over


def test_a_stream_goes_on_when_the_password_is_given_again(
    quick: None, stream: Callable[..., Browser], reader: Client
) -> None:
    """The session has another key then, and the same row."""
    browser = stream(reader)
    browser.wait("mail")
    reader.post(reverse("accounts:reenter"), {"login": ALICE.login, "password": ALICE.password})
    time.sleep(1)
    assert not browser.is_over


def test_the_newest_of_a_persons_streams_wins(
    stream: Callable[..., Browser], reader: Client, settings
) -> None:
    settings.PUSH_STREAMS = 2
    browsers = [stream(reader) for _n in range(3)]
    assert browsers[0].wait("end") == {"why": "many"}
    for browser in browsers[1:]:
        browser.wait("mail")
        assert not browser.is_over


def test_as_many_browsers_listen_as_may(
    stream: Callable[..., Browser], reader: Client, mailbox: Mailbox, settings
) -> None:
    settings.PUSH_STREAMS = 4
    browsers = [stream(reader) for _n in range(4)]
    for browser in browsers:
        browser.wait("mail")
    mailbox.receive(letter())
    for browser in browsers:
        assert browser.wait("mail")["new"]


def test_a_stream_ends_by_itself_after_a_time_and_may_be_opened_again(
    quick: None,
    stream: Callable[..., Browser],
    reader: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(push, "LONGEST", 0)
    browser = stream(reader)
    wait_until(lambda: browser.is_over)
    assert "end" not in [event for event, _told in browser.said]


def test_the_mailbox_is_let_go_when_the_browser_hangs_up(
    stream: Callable[..., Browser], reader: Client, dovecot: Dovecot
) -> None:
    browser = stream(reader)
    browser.wait("mail")
    (hub,) = [hub for hub in push._hubs.values() if hub._streams]
    browser.close()
    wait_until(lambda: not hub._streams)


# Servers that do not do as they should.


@pytest.fixture
def imap_at(mail_domain: MailDomain) -> Callable[[int], None]:
    def moved(port: int) -> None:
        mail_domain.imap_port = port
        mail_domain.save()

    return moved


WATCHES = "IMAP4rev1 IDLE"


def watched_script(*steps: Any, capabilities: str = WATCHES) -> list[Any]:
    """Up to the first IDLE, of a server without NOTIFY and QRESYNC."""
    return imap_script(
        ("EXAMINE", ok(b"* 3 EXISTS\r\n")), ("STATUS", ok(STATE)), *steps, capabilities=capabilities
    )


IDLES = ("IDLE", b"+ idling\r\n")


def test_a_password_that_the_mail_server_refuses_ends_it_and_counts(
    stream: Callable[..., Browser], reader: Client, imap_at: Callable[[int], None]
) -> None:
    refusing = imap_script(capabilities=WATCHES)[:2]
    with ScriptedServer([*refusing, ("LOGIN", no(b"[AUTHENTICATIONFAILED] wrong"))]) as server:
        imap_at(server.port)
        browser = stream(reader)
        assert browser.wait("end") == {"why": "refused"}
        # The pair is not tried again.
        assert stream(reader).wait("end") == {"why": "refused"}
        assert len(server.received) == 1
    domain = MailDomain.objects.get()
    assert limits.was_refused(limits.mailbox(domain.pk, ALICE.login), ALICE.password)


def test_a_refusal_of_the_stream_counts_for_the_pages_where_no_password_is_sealed(
    stream: Callable[..., Browser],
    reader: Client,
    imap_at: Callable[[int], None],
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(proof._state, "passage", proof.Passage.DROPPED)
    settings.REMOTE_USER_HEADER = "X-Remote-User"
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("10.0.0.0/8")]
    settings.MASTER_USER, settings.MASTER_PASSWORD = {"": "webmail"}, {"": "clef"}
    browser = Client()
    signs_in = imap_script(("STATUS", no(b"no such item")), capabilities=WATCHES)
    refuses = [*signs_in[:2], ("LOGIN", no(b"[AUTHENTICATIONFAILED] wrong"))]
    with ScriptedServer(signs_in, refuses) as server:
        imap_at(server.port)
        answer = browser.get(
            "/accounts/proxy/", headers={"X-Remote-User": "alice"}, REMOTE_ADDR="10.0.0.1"
        )
        assert answer.status_code == 302
        session.pool().close_all()
        assert stream(browser).wait("end") == {"why": "refused"}
        assert browser.get("/mail/INBOX/").status_code == 302
        assert stream(browser).wait("end") == {"why": "refused"}
        assert len(server.received) == 2


def test_a_server_without_idle_is_polled(
    stream: Callable[..., Browser], reader: Client, imap_at: Callable[[int], None]
) -> None:
    with ScriptedServer(imap_script(capabilities="IMAP4rev1")) as server:
        imap_at(server.port)
        assert stream(reader).wait("end") == {"why": "poll"}


def test_a_server_without_uids_in_its_news_is_asked_for_them(
    stream: Callable[..., Browser], reader: Client, imap_at: Callable[[int], None]
) -> None:
    after = STATE.replace(b"UNSEEN 1", b"UNSEEN 0")
    script = watched_script(
        (*IDLES, b"* 2 FETCH (FLAGS (\\Seen))\r\n"),
        ("DONE", b"w6 OK done\r\n"),
        ("FETCH 2 (UID FLAGS)", ok(b"* 2 FETCH (UID 9 FLAGS (\\Seen))\r\n")),
        ("STATUS", ok(after)),
        IDLES,
    )
    with ScriptedServer(script) as server:
        imap_at(server.port)
        browser = stream(reader)
        assert browser.wait("up") == {"everywhere": False}
        browser.wait("mail")
        told = browser.wait("mail")
        assert told["changed"] == [{"ref": "7-9", "flags": ["\\Seen"]}]


@pytest.mark.parametrize(
    "bad",
    [
        b"* BYE shutting down\r\n",
        b"\x00\xff rubbish \x80\r\n",
        b"A" * 10_000_000,
        b"* 1 FETCH (UID 1 FLAGS {9999999}\r\n",
        b"* 1 FETCH (UID\r\n",
        b"* STATUS (\r\n",
        CLOSE,
    ],
    ids=["bye", "rubbish", "10 MB line", "10 MB literal", "half a line", "no status", "hang-up"],
)
def test_after_nonsense_the_server_is_tried_again(
    quick: None,
    stream: Callable[..., Browser],
    reader: Client,
    imap_at: Callable[[int], None],
    bad: Any,
) -> None:
    good = watched_script(IDLES)
    with ScriptedServer(watched_script((*IDLES, bad)), good) as server:
        imap_at(server.port)
        browser = stream(reader)
        browser.wait("up")
        assert browser.wait("down") == {}
        browser.wait("up")
        assert not browser.is_over


def test_a_silent_server_is_given_up_in_time(
    quick: None,
    stream: Callable[..., Browser],
    reader: Client,
    imap_at: Callable[[int], None],
    settings,
) -> None:
    settings.IMAP_TIMEOUT = 1
    with ScriptedServer([("", b"")]) as server:
        imap_at(server.port)
        stream(reader).wait("down")


def test_a_flood_of_arrivals_is_told_now_and_then(
    quick: None,
    stream: Callable[..., Browser],
    reader: Client,
    imap_at: Callable[[int], None],
) -> None:
    flood = b"".join(b"* %d EXISTS\r\n" % n for n in range(100_000))
    script = watched_script(
        (*IDLES, flood),
        ("DONE", b"w6 OK done\r\n"),
        ("STATUS", ok(STATE.replace(b"MESSAGES 3", b"MESSAGES 99999"))),
        IDLES,
    )
    with ScriptedServer(script) as server:
        imap_at(server.port)
        browser = stream(reader)
        browser.wait("mail")
        # More responses than are read at once to the end of a command: the server is given up, or
        # its news is told once.
        wait_until(lambda: len(browser.said) >= 3, 10)
        assert len([event for event, _told in browser.said if event == "mail"]) <= 3


def test_one_persons_broken_server_is_nobody_elses_matter(
    quick: None,
    stream: Callable[..., Browser],
    signed_in: Callable[..., Client],
    alice: MailAccount,
    bob: MailAccount,
    bobs_mailbox: Mailbox,
    mail_domain: MailDomain,
) -> None:
    readers = signed_in(alice), signed_in(bob)
    flood = b"".join(b"* %d EXISTS\r\n" % n for n in range(100_000))
    with ScriptedServer(watched_script((*IDLES, *[flood] * 20))) as server:
        other = MailDomain.objects.create(
            name="autre.example",
            login_form=MailDomain.LoginForm.LOCAL,
            imap_host="127.0.0.1",
            imap_port=server.port,
            imap_security=MailDomain.Security.NONE,
            smtp_host="127.0.0.1",
            smtp_port=1,
            smtp_security=MailDomain.Security.NONE,
        )
        User.objects.filter(login="alice").update(mail_domain=other)
        stream(readers[0])
        quiet = stream(readers[1], User.objects.get(login=BOB.login).pk)
        quiet.wait("mail")
        bobs_mailbox.receive(letter("pour Bob"))
        assert quiet.wait("mail")["new"][0]["subject"] == "pour Bob"
