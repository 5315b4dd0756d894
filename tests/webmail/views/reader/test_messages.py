"""The reader: an opened message, its frame, its pictures, attachments and source."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from accounts import session
from accounts.models import MailDomain
from demo.servers.dovecot import MailAccount
from tests.servers import large
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import commands_sent, letter, page, path, words

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
AHEAD = {**HTMX, "X-Ahead": "1"}
WRAPPED = Path(__file__).resolve().parents[3] / "data" / "mime"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
NEWSLETTER = """<html><head><style>p { color: navy } body { background: url(https://x.example/b) }
</style><script>alert(1)</script></head><body onload="alert(2)">
<p>Bonjour</p><img src="https://pixel.example/1.gif"><img src="cid:logo@x" alt="logo">
<a href="javascript:alert(3)">lien</a><form action="https://mal.example/"><input name=p></form>
<iframe src="https://mal.example/"></iframe><object data="x.swf"></object>
<link rel=stylesheet href="https://mal.example/a.css"><meta http-equiv=refresh content="0;url=//x">
</body></html>"""


def related(html: str, *parts: tuple[str, str, bytes]) -> bytes:
    """HTML with parts: (Content-ID, media type, content)."""
    message = EmailMessage()
    message["Subject"] = "Lettre"
    message["From"] = "bob@ac-exemple.fr"
    message.set_content(html, subtype="html")
    for cid, media_type, content in parts:
        main, sub = media_type.split("/")
        message.add_related(content, maintype=main, subtype=sub, cid=f"<{cid}>")
    return message.as_bytes()


def pieces(answer) -> Iterator[bytes]:
    """Of a download, as they come."""
    yield from answer.streaming_content


def body(answer) -> bytes:
    return b"".join(pieces(answer))


def hang_up(answer) -> None:
    """As a server does when the browser is gone; the end of the request is not signalled, which
    would take the test's database connection away."""
    for closer in answer._resource_closers:
        closer()


def test_a_text_message_is_shown_beside_its_list(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter("Sortie", "Bonjour <b>Alice</b> & tous\n"))
    answer = reader.get(path(mailbox, uid))
    assert answer.status_code == 200
    assert "Bonjour <b>Alice</b> & tous" in words(answer)
    assert "<b>Alice" not in page(answer)
    assert 'id="message-list"' in page(answer)
    assert '<h1 class="reader-title"' in page(answer)
    assert "<iframe" not in page(answer)


def test_htmx_gets_the_reader_and_the_counts_beside_it(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter("Sortie"))
    answer = reader.get(path(mailbox, uid), headers=HTMX)
    assert "<html" not in page(answer) and 'id="message-list"' not in page(answer)
    assert page(answer).count('id="message"') == 1
    assert re.search(r'<div id="folder-list" data-version="\w+" hx-swap-oob="true">', page(answer))
    assert "has-new" not in page(answer)


def test_an_answer_to_ones_own_message_goes_to_those_it_was_for(
    reader: Client, mailbox: Mailbox
) -> None:
    theirs = mailbox.append(letter())
    own = mailbox.append(letter(sender="Alice <ALICE@ac-exemple.fr>", to="bob@ac-exemple.fr"))
    assert "Répondre à Bob Petit…" in words(reader.get(path(mailbox, theirs)))
    shown = words(reader.get(path(mailbox, own)))
    assert "Répondre aux destinataires…" in shown and "Répondre à Alice…" not in shown


def test_a_message_asked_for_ahead_stays_unread_until_it_is_shown(
    reader: Client, mailbox: Mailbox, django_assert_max_num_queries: Any
) -> None:
    uid, other = mailbox.append(letter(), flags=["\\Flagged"]), mailbox.append(letter())
    mailbox.append(letter())
    reader.get(path(mailbox, other))  # the names of the mail domains are kept for a minute
    before = commands_sent()
    with django_assert_max_num_queries(4):
        answer = reader.get(path(mailbox, uid), headers=AHEAD)
    assert commands_sent() - before == 3  # NOOP, FETCH of the header, FETCH of the text
    assert mailbox.flags(uid) == {"\\Flagged"}
    assert "rendez-vous à 8 h." in words(answer)
    assert f'hx-post="{path(mailbox, uid, "seen/")}" hx-trigger="load"' in page(answer)
    # Counts of before it is read.
    assert 'id="folder-list"' not in page(answer)
    assert 'id="list-counts"' not in page(answer)
    before = commands_sent()
    with django_assert_max_num_queries(2):
        answer = reader.post(path(mailbox, uid, "seen/"), headers=HTMX)
    assert commands_sent() - before == 3  # NOOP, STORE, LIST
    assert mailbox.flags(uid) == {"\\Flagged", "\\Seen"}
    assert 'id="folder-list"' in page(answer)
    assert "1 message non lu sur 3" in words(answer)


def test_a_read_message_asked_for_ahead_has_nothing_to_say(
    reader: Client, mailbox: Mailbox
) -> None:
    uid = mailbox.append(letter(), flags=["\\Seen"])
    assert "seen/" not in page(reader.get(path(mailbox, uid), headers=AHEAD))


def test_a_conversation_asked_for_ahead_opens_none_of_its_messages(
    reader: Client, mailbox: Mailbox
) -> None:
    first = mailbox.append(letter("Sortie"))
    second = mailbox.append(
        letter("Re: Sortie", message_id="<deux@x>", in_reply_to="<origine@ac-exemple.fr>")
    )
    answer = reader.get(path(mailbox, second, "?threads=1"), headers=AHEAD)
    assert answer.status_code == 200
    assert mailbox.flags(first) == mailbox.flags(second) == set()


def test_a_page_of_its_own_is_never_ahead(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter())
    reader.get(path(mailbox, uid), headers={"X-Ahead": "1"})
    assert mailbox.flags(uid) == {"\\Seen"}


def test_what_is_shown_may_be_gone(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter())
    assert reader.post(path(mailbox, uid + 1, "seen/"), headers=HTMX).status_code == 200
    gone = path(mailbox, uid, "seen/").replace("INBOX", "Rien")
    assert reader.post(gone, headers=HTMX).status_code == 404


def test_opening_marks_as_read_and_leaves_other_flags(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter(), flags=["\\Flagged", "$label1"])
    reader.get(path(mailbox, uid))
    assert mailbox.flags(uid) == {"\\Seen", "\\Flagged", "$label1"}


@pytest.mark.parametrize("more", ["frame/", "source/", "reply/", "forward/"])
def test_what_is_no_reading_marks_nothing(reader: Client, mailbox: Mailbox, more: str) -> None:
    uid = mailbox.append(letter(html="<p>Bonjour</p>"))
    answer = reader.get(path(mailbox, uid, more))
    assert answer.status_code == 200
    if answer.streaming:
        body(answer)
    assert mailbox.flags(uid) == set()


def test_html_is_shown_in_a_frame_that_can_run_nothing(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(related(NEWSLETTER, ("logo@x", "image/png", PNG)))
    opened = reader.get(path(mailbox, uid))
    (frame,) = re.findall(r"<iframe[^>]*>", page(opened))
    assert f'src="{path(mailbox, uid, "frame/")}"' in frame
    assert 'sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox"' in frame
    assert "Bonjour" not in page(opened).split('id="message"')[1]

    answer = reader.get(path(mailbox, uid, "frame/"))
    assert answer.status_code == 200
    policy = dict(
        directive.strip().partition(" ")[::2]
        for directive in answer["Content-Security-Policy"].split(";")
    )
    assert policy == {
        "default-src": "'none'",
        "img-src": "'self'",
        "style-src": "'unsafe-inline'",
        "frame-ancestors": "'self'",
        "sandbox": "allow-same-origin allow-popups allow-popups-to-escape-sandbox",
    }
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert "Bonjour" in words(answer)
    content = page(answer)
    assert not re.search(r"(?i)https?://|javascript:|<script|<form|<iframe|<object|onload", content)
    assert not re.search(r"(?i)http-equiv|<link", content)
    assert 'src="inline/0"' in content
    assert "remote/" not in content


def test_the_pages_own_policy_lets_no_script_of_mail_run(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter())
    for url in ("/mail/INBOX/", path(mailbox, uid), "/compose/", "/preferences/"):
        policy = reader.get(url)["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy and "style-src 'self'" in policy
        # In the composer alone the text that is written has styles of its own.
        assert ("style-src-attr 'unsafe-inline'" in policy) is (url == "/compose/")
        assert policy.count("unsafe") == int(url == "/compose/")
        assert "frame-ancestors 'self'" in policy


@pytest.mark.parametrize(
    ("source", "language"),
    [
        ('<html lang="en-GB"><p>Good morning</p></html>', ' lang="en-GB"'),
        ("<HTML xmlns='x' LANG=es><body lang=de><p>Buenos días</p>", ' lang="es"'),
        ('<body lang="de"><p>Guten Morgen</p>', ' lang="de"'),
        ("<html><p>Bonjour</p></html>", ""),
        ("<html lang='\"><script>'><p>Bonjour</p>", ""),
        ("<p>&lt;html lang=en&gt;</p><!-- <html lang=en> -->", ""),
    ],
)
def test_a_frame_is_read_aloud_in_the_language_that_its_message_names(
    reader: Client, mailbox: Mailbox, source: str, language: str
) -> None:
    uid = mailbox.append(letter("Lettre", html=source))
    frame = page(reader.get(path(mailbox, uid, "frame/")))
    assert f"<html{language}>" in frame
    # The header and the words around it are the webmail's own.
    assert '<html lang="fr">' in page(reader.get(path(mailbox, uid, "print/")))


def test_a_text_message_has_no_frame(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter())
    assert reader.get(path(mailbox, uid, "frame/")).status_code == 404


def test_an_inline_picture_comes_as_the_picture_it_is(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(related(NEWSLETTER, ("logo@x", "image/png", PNG)))
    answer = reader.get(path(mailbox, uid, "frame/inline/0"))
    assert answer["Content-Type"] == "image/png"
    assert body(answer) == PNG
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "private" in answer["Cache-Control"]


@pytest.mark.parametrize("media_type", ["text/html", "image/svg+xml", "application/pdf"])
def test_what_could_run_is_no_inline_picture(
    reader: Client, mailbox: Mailbox, media_type: str
) -> None:
    uid = mailbox.append(related('<img src="cid:a@x">', ("a@x", media_type, b"<script>1</script>")))
    answer = reader.get(path(mailbox, uid, "frame/inline/0"))
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")
    assert body(answer) == b"<script>1</script>"


@pytest.mark.parametrize("n", ["1", "999999999999999999", "-1", "x", "0/"])
def test_a_picture_that_is_not_there_is_404(reader: Client, mailbox: Mailbox, n: str) -> None:
    uid = mailbox.append(related('<img src="cid:a@x">', ("a@x", "image/png", PNG)))
    assert reader.get(path(mailbox, uid, f"frame/inline/{n}")).status_code == 404


def test_a_shared_computer_keeps_no_picture(
    signed_in: Callable[..., Client], alice: MailAccount, mailbox: Mailbox
) -> None:
    uid = mailbox.append(related('<img src="cid:a@x">', ("a@x", "image/png", PNG)))
    answer = signed_in(alice, shared_computer="on").get(path(mailbox, uid, "frame/inline/0"))
    body(answer)
    assert "no-store" in answer["Cache-Control"]
    assert "immutable" not in answer["Cache-Control"]


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        ("text/html", b"<script>alert(1)</script>"),
        ("image/svg+xml", b"<svg onload='alert(1)'/>"),
        ("application/pdf", b"%PDF-1.7 \x00\xff\r\n"),
        ("application/xhtml+xml", b"<html/>"),
        ("application/octet-stream", b""),
    ],
)
def test_an_attachment_is_a_download_whatever_it_claims_to_be(
    reader: Client, mailbox: Mailbox, media_type: str, content: bytes
) -> None:
    uid = mailbox.append(letter(files=(("pièce jointe", media_type, content),)))
    answer = reader.get(path(mailbox, uid, "part/2/"))
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"].startswith("attachment")
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert body(answer) == content


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        ('filename="a\\"b;c.pdf"', 'attachment; filename="a_b;c.pdf"'),
        ("filename*=utf-8''a%0D%0AX-Evil%3A%201.pdf", None),
        ("filename*=utf-8''devis%E2%80%AEfdp.exe", None),
        ('filename="../../etc/passwd"', None),
        ('filename="C:\\\\temp\\\\plan.pdf"', None),
        ("filename*=utf-8''%C3%A9t%C3%A9.pdf", "attachment; filename*=utf-8''%C3%A9t%C3%A9.pdf"),
        ('filename=".htaccess"', None),
        ("filename*=utf-8''%00", None),
        ('filename="' + "a" * 5000 + '.pdf"', None),
    ],
)
def test_an_attachments_name_is_only_a_name(
    reader: Client, mailbox: Mailbox, parameter: str, expected: str | None
) -> None:
    uid = mailbox.append(
        b"Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
        b"--b\n\nvoici\n--b\nContent-Type: application/pdf\nContent-Disposition: attachment; "
        + parameter.encode()
        + b"\n\nPDF\n--b--\n"
    )
    answer = reader.get(path(mailbox, uid, "part/2/"))
    body(answer)
    said = answer["Content-Disposition"]
    assert said.startswith("attachment")
    assert not re.search(r"[\r\n\x00/\\]|%2F|%5C|%0[0AD]|%E2%80%AE|\.\.", said.partition("''")[2])
    assert not re.search(r"[\r\n\x00]|%0[0AD]", said)
    assert not re.search(r"\.\./|\\\\|:\\", said)
    assert len(said) < 1000
    assert "X-Evil" not in answer.headers
    if expected:
        assert said == expected
    shown = page(reader.get(path(mailbox, uid)))
    assert "\u202e" not in shown


def test_the_source_is_the_message_byte_by_byte(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter(files=(("a.bin", "application/x-a", bytes(range(256))),)))
    answer = reader.get(path(mailbox, uid, "source/"))
    assert body(answer) == mailbox.message(uid)
    assert answer["Content-Type"] == "application/octet-stream"
    said = answer["Content-Disposition"]
    assert said == "attachment; filename*=utf-8''2026-03-03%20Sortie%20au%20mus%C3%A9e.eml"


@pytest.mark.parametrize("more", ["", "frame/", "source/", "part/1/", "reply/", "forward/"])
def test_a_message_that_is_gone_is_404(reader: Client, mailbox: Mailbox, more: str) -> None:
    mailbox.append(letter())
    assert reader.get(path(mailbox, 99_999, more)).status_code == 404
    notice = reader.get(path(mailbox, 99_999, more), headers=HTMX)
    assert notice.status_code == 404
    assert "<html" not in page(notice)
    assert session.pool()._by_key, "the connection was given back"


@pytest.mark.parametrize("more", ["", "frame/", "source/", "part/1/", "reply/", "forward/"])
def test_a_folder_made_anew_is_409_and_nothing_is_marked(
    reader: Client, mailbox: Mailbox, more: str
) -> None:
    uid = mailbox.append(letter())
    other = mailbox.uidvalidity() + 1
    assert reader.get(f"/mail/INBOX/{other}-{uid}/{more}").status_code == 409
    assert mailbox.flags(uid) == set()


@pytest.mark.parametrize(
    "number",
    ["0", "1.0", "2", "1.1.1", "99999", "100000", "TEXT", "HEADER", "1.TEXT", "1%0d%0a", "-1"],
)
def test_a_part_that_is_not_there_is_404(reader: Client, mailbox: Mailbox, number: str) -> None:
    uid = mailbox.append(letter())
    assert reader.get(path(mailbox, uid, f"part/{number}/")).status_code == 404


@pytest.mark.parametrize(
    "segment", ["0-1", "1-0", "01-1", "4294967296-1", "1-4294967296", "1", "a-b", "1-1-1", "1-%31"]
)
def test_an_address_that_names_no_message_is_404(reader: Client, segment: str) -> None:
    assert reader.get(f"/mail/INBOX/{segment}/").status_code in {404, 409}


ODD = {
    "nothing": b"",
    "only text": b"pas un seul en-tete\n",
    "a blank line": b"\n",
    "text after a blank line": b"\nBonjour quand meme\n",
    "raw 8-bit": b"Subject: \xe9t\xe9\nFrom: J\xe9r\xf4me <j@x.fr>\n\n\xe9t\xe9\n",
    "NUL-free controls": b"Subject: a\x07b\x1b[31m\nFrom: x\x08@y.fr\n\nc\x07d\n",
    "no boundary": b"Content-Type: multipart/mixed\n\ntexte\n",
    "boundary never closed": b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\ntexte\n",
    "year 9999": b"Date: Fri, 31 Dec 9999 23:59:59 -1200\nSubject: x\n\nx\n",
    "year 1": b"Date: Mon, 01 Jan 0001 00:00:00 +1400\nSubject: x\n\nx\n",
    "zone of 99 hours": b"Date: Mon, 02 Mar 2026 00:00:00 +9999\nSubject: x\n\nx\n",
    "unknown charset": b"Content-Type: text/plain; charset=klingon\n\n\xe9\n",
    "unknown encoding": b"Content-Transfer-Encoding: x-uue\n\nabc\n",
    "broken base64": b"Content-Transfer-Encoding: base64\n\n!!!\xe9==\n",
    "C1 controls in a name": b"From: =?utf-8?q?a=C2=85b=C2=9Bc?= <a@b.fr>\nSubject: x\n\nx\n",
    "no address": b"From: quelqu'un\nTo: undisclosed-recipients:;\nCc: ,,;\n\nx\n",
    "a group": b"From: a@b.fr\nTo: Classe: a@b.fr, c@d.fr;\n\nx\n",
    "CR in an encoded word": b"Subject: =?utf-8?q?a=0D=0AX-Evil:_1?=\nFrom: a@b.fr\n\nx\n",
    "lone surrogates": b"Subject: =?utf-8?q?=ED=A0=80?=\nFrom: a@b.fr\n\n\xed\xa0\x80\n",
    "huge address": b"From: " + b"a" * 3000 + b"@" + b"b" * 3000 + b".fr\n\nx\n",
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_message_is_listed_opened_answered_and_forwarded(
    reader: Client, mailbox: Mailbox, name: str
) -> None:
    uid = mailbox.append(ODD[name] or b"\n")
    for url in (
        "/mail/INBOX/",
        path(mailbox, uid),
        path(mailbox, uid, "reply/"),
        path(mailbox, uid, "reply/?all=1"),
        path(mailbox, uid, "forward/"),
        path(mailbox, uid, "source/"),
    ):
        answer = reader.get(url)
        assert answer.status_code == 200, url
        if answer.streaming:
            body(answer)
        else:
            assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\x9b]", page(answer)), url


def test_a_message_without_headers_shows_its_text(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(ODD["text after a blank line"])
    answer = reader.get(path(mailbox, uid))
    assert "Bonjour quand meme" in words(answer)


def test_a_message_of_50_mb_opens_at_once_and_downloads_in_pieces(
    reader: Client, mailbox: Mailbox
) -> None:
    line = b"A" * 76 + b"\n"
    content = line * (50_000_000 // len(line))
    uid = mailbox.append(
        b"Subject: gros\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
        b"--b\n\nvoici\n--b\nContent-Type: application/zip; name=gros.zip\n"
        b"Content-Transfer-Encoding: base64\n\n" + content + b"--b--\n"
    )
    answer = reader.get(path(mailbox, uid))
    assert answer.status_code == 200
    assert "voici" in words(answer) and "gros.zip" in words(answer)
    assert len(answer.content) < 200_000
    size, biggest, check = 0, 0, 0
    answer = reader.get(path(mailbox, uid, "part/2/"))
    for piece in pieces(answer):
        size, biggest, check = size + len(piece), max(biggest, len(piece)), zlib.crc32(piece, check)
    assert size == len(line) // 77 * 57 * (50_000_000 // len(line))
    assert biggest < 1_000_000
    assert check == zlib.crc32(b"\0" * size)
    assert session.pool()._by_key


def test_a_very_long_text_is_cut_and_the_whole_can_be_had(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter("long", "mot " * 300_000 + "FIN\n"))
    answer = reader.get(path(mailbox, uid))
    assert "FIN" not in words(answer)
    assert page(answer).count(path(mailbox, uid, "source/")) >= 2


def test_a_download_given_up_before_it_began_gives_its_connection_back(
    reader: Client, mailbox: Mailbox, settings
) -> None:
    uid = mailbox.append(letter(files=(("a.bin", "application/x-a", b"a" * 2_000_000),)))
    for _n in range(settings.IMAP_CONNECTIONS + 2):
        for more in ("part/2/", "source/"):
            hang_up(reader.get(path(mailbox, uid, more)))
    for _n in range(settings.IMAP_CONNECTIONS + 2):
        answer = reader.get(path(mailbox, uid, "source/"))
        next(pieces(answer))
        hang_up(answer)
    assert all(connections.lent == 0 for connections in session.pool()._by_key.values())


@pytest.mark.parametrize("more", ["", "frame/", "source/", "part/1/", "reply/"])
def test_nobody_reads_what_belongs_to_another(
    signed_in: Callable[..., Client],
    alice: MailAccount,
    bob: MailAccount,
    mailbox: Mailbox,
    more: str,
) -> None:
    uid = mailbox.append(letter("À Alice seule", html="<p>secret d’Alice</p>"))
    his = signed_in(bob)
    answer = his.get(path(mailbox, uid, more))
    assert answer.status_code in {404, 409}
    assert "Alice seule" not in page(answer)
    # His own mail has names too: with them he reaches his own folder, never hers.
    answer = his.get("/mail/INBOX/")
    assert "Alice seule" not in page(answer)


@pytest.mark.parametrize("more", ["", "1-1/", "1-1/frame/", "1-1/part/1/", "1-1/reply/"])
def test_a_stranger_is_led_to_the_sign_in_and_back(mail_domain: None, more: str) -> None:
    answer = Client().get(f"/mail/INBOX/{more}?page=2")
    assert answer.status_code == 302
    following = quote(f"/mail/INBOX/{more}?page=2", safe="")
    assert answer["Location"] == f"/accounts/login/?next={following}"


@pytest.mark.parametrize("headers", [HTMX, {"X-Requested-With": "fetch"}])
def test_a_script_hears_that_the_session_is_over(
    mail_domain: None, headers: dict[str, str]
) -> None:
    answer = Client().get("/mail/INBOX/", headers=headers)
    assert answer.status_code == 401
    assert answer["X-Session-Over"] == "1"
    assert "<html" not in page(answer)


def test_a_key_that_is_missing_asks_for_the_password_alone(
    reader: Client, mailbox: Mailbox
) -> None:
    del reader.cookies["mail_key"]
    answer = reader.get("/mail/INBOX/")
    assert answer.status_code == 302
    assert answer["Location"] == "/accounts/reenter/?next=%2Fmail%2FINBOX%2F"


# --- who wrote ---

CHECKED = "mx.ac-exemple.fr; spf=pass smtp.mailfrom=x@revue.example; dkim=none; dmarc=fail"


def cautions(answer) -> int:
    """How many warnings about who wrote stand above the message."""
    banner = r'<div class="banner [a-z]+" role="note"><svg[^>]*><use [^>]*#shield-alert'
    return len(re.findall(banner, page(answer)))


def checks(answer) -> list[str]:
    """The checks of the sender that are told."""
    return re.findall(r"<span>(SPF|DKIM|DMARC)", page(answer))


def test_the_servers_verdicts_are_told_where_its_name_is_known(
    reader: Client, mailbox: Mailbox, settings
) -> None:
    uid = mailbox.append(letter(sender="x@revue.example", Authentication_Results=CHECKED))
    assert checks(reader.get(path(mailbox, uid))) == []
    settings.AUTHSERV_ID = "mx.autre.example"
    assert checks(reader.get(path(mailbox, uid))) == []
    assert cautions(reader.get(path(mailbox, uid))) == 0
    settings.AUTHSERV_ID = "mx.ac-exemple.fr"
    answer = reader.get(path(mailbox, uid))
    assert checks(answer) == ["SPF", "DKIM", "DMARC"]
    assert cautions(answer) == 1
    assert "revue.example" in words(answer).split("Bonjour")[0]


@pytest.mark.parametrize(
    ("sender", "reply_to", "expected"),
    [
        ("Bob Petit <bob@ac-exemple.fr>", "", 0),
        ('"bob@ac-exemple.fr" <bob@ac-exemple.fr>', "", 0),
        ('"Rectorat recteur@ac-exemple.fr" <x@mal.example>', "", 1),
        ("Revue <x@revue.example>", "x@revue.example", 0),
        ("Revue <x@revue.example>", "lecteurs@courrier.revue.example", 0),
        ("Revue <x@courrier.revue.example>", "lecteurs@revue.example", 0),
        ("Revue <x@revue.example>", "x@autrerevue.example", 1),
        ("Revue <x@revue.example>", "x@revue.example.mal.example", 1),
        ('"bob@ac-exemple.fr" <x@mal.example>', "y@pire.example", 2),
        ("quelqu'un", "y@pire.example", 0),
    ],
)
def test_a_sender_who_does_not_fit_together_is_pointed_out(
    reader: Client, mailbox: Mailbox, sender: str, reply_to: str, expected: int
) -> None:
    uid = mailbox.append(letter(sender=sender, Reply_To=reply_to))
    assert cautions(reader.get(path(mailbox, uid))) == expected


def test_external_is_who_belongs_to_no_mail_domain(
    reader: Client, mailbox: Mailbox, mail_domain: MailDomain
) -> None:
    MailDomain.objects.create(name="ac-voisine.fr", imap_host="imap.ac-voisine.fr")
    for sender, is_external in (
        ("bob@ac-exemple.fr", False),
        ("x@AC-Voisine.fr", False),
        ("x@revue.example", True),
        ("x@sous.ac-exemple.fr", True),
    ):
        answer = reader.get(path(mailbox, mailbox.append(letter(sender=sender))))
        assert ("</svg>Externe</span>" in page(answer)) is is_external, sender


# --- what is shown of it, and how ---


def test_text_and_html_are_one_click_apart(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter(body="En texte\n", html="<p>En <b>HTML</b></p>"))
    opened = reader.get(path(mailbox, uid))
    assert "<iframe" in page(opened)
    text = reader.get(path(mailbox, uid, "?view=text"))
    assert "<iframe" not in page(text) and "En texte" in words(text)
    link = re.compile(r'(?s)class="message-ways"><a [^>]*href="([^"]*)"[^>]*hx-get="([^"]*)"')
    there, back = link.findall(page(opened)), link.findall(page(text))
    assert there == [(path(mailbox, uid, "?view=text"),) * 2]
    assert back == [(path(mailbox, uid),) * 2]
    plain = mailbox.append(letter())
    assert not link.findall(page(reader.get(path(mailbox, plain))))


@pytest.mark.parametrize(
    ("name", "icon", "expected"),
    [
        ("smime-encrypted.eml", "#key-round", "S/MIME"),
        ("pgp-mime-encrypted.eml", "#key-round", "PGP"),
        ("smime-opaque.eml", "#shield", "S/MIME"),
        ("pgp-inline-signed.eml", "#shield", "PGP"),
        ("winmail-cut.eml", "#triangle-alert", "Voir les fichiers."),
        ("bounce.eml", "#circle-alert", "p.durand@relais.invalid"),
        ("html-twin-empty.eml", "#reply", "Exercices 4 et 5, page 62."),
    ],
)
def test_what_is_particular_about_a_message_is_said(
    reader: Client, mailbox: Mailbox, name: str, icon: str, expected: str
) -> None:
    uid = mailbox.append((WRAPPED / name).read_bytes())
    answer = reader.get(path(mailbox, uid))
    letter_part = page(answer).split('<article class="message">')[1]
    assert f'{icon}"' in letter_part
    assert expected in words(answer)


def test_files_in_a_winmail_dat_are_downloads(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append((WRAPPED / "winmail.eml").read_bytes())
    opened = reader.get(path(mailbox, uid))
    assert "winmail.dat" not in words(opened) and "relevé.csv" in words(opened)
    for link in sorted(set(re.findall(r'href="([^"]*/part/[^"]*)"', page(opened)))):
        answer = reader.get(link)
        assert answer.status_code == 200 and body(answer)
        assert answer["Content-Type"] == "application/octet-stream"
        assert answer["Content-Disposition"].startswith("attachment")
    picture = reader.get(path(mailbox, uid, "frame/inline/0"))
    assert picture.status_code == 200
    assert picture["X-Content-Type-Options"] == "nosniff"


def test_what_is_too_complex_is_shown_as_its_text_and_said(
    reader: Client, mailbox: Mailbox
) -> None:
    uid = mailbox.append(related("<div>" * 3000 + "Le fond"))
    for _n in range(2):
        answer = reader.get(path(mailbox, uid))
        assert page(answer).count(path(mailbox, uid, "source/")) == 2
        assert "Le fond" in words(reader.get(path(mailbox, uid, "frame/")))


@pytest.mark.parametrize(
    ("sender", "shown", "initials"),
    [
        ("<>", "(expéditeur inconnu)", "I"),
        ("★ Loterie Officielle ★ <gagnant@loterie.example>", "★ Loterie Officielle ★", "LO"),
    ],
)
def test_whoever_sent_it_has_a_name(
    reader: Client, mailbox: Mailbox, sender: str, shown: str, initials: str
) -> None:
    uid = mailbox.append(f"From: {sender}\r\nSubject: Qui ?\r\n\r\nBonjour\r\n".encode())
    opened = page(reader.get(path(mailbox, uid)))
    assert f"<b>{shown}</b>" in opened
    assert f'aria-hidden="true">{initials}</span>' in opened


def test_a_signature_is_said_above_the_message_and_is_no_attachment(
    reader: Client, mailbox: Mailbox
) -> None:
    uid = mailbox.append("smime-clear.eml")
    answer = reader.get(path(mailbox, uid))
    cards = page(answer).split('<ul class="cards">')[1].split("</ul>")[0]
    assert "relevé.csv" in cards and "smime.p7s" not in cards
    (banner,) = re.findall(r'(?s)<div class="banner" role="note">.*?</div>', page(answer))
    assert "S/MIME" in banner and "smime.p7s" in banner
    (link,) = re.findall(r'<a href="([^"]*)" download>', banner)
    saved = reader.get(link)
    assert saved["Content-Disposition"] == 'attachment; filename="smime.p7s"'
    assert b"".join(saved).startswith(b"\x30\x82")


# --- the messages beside it in its list ---


def beside(answer: Any) -> tuple[list[str], str]:
    """Where the ways to the previous and the next message lead ("" for none), and the place."""
    steps = re.search(r'<span class="steps">.*?</span><a.*?</a><a.*?</a>', page(answer))
    assert steps
    urls = [
        (re.search(r'href="([^"]*)"', a) or ["", ""])[1] for a in re.findall("<a[^>]*>", steps[0])
    ]
    return urls, re.sub("<[^>]*>", "", steps[0]).strip()


def test_a_page_leads_to_the_messages_beside_it(reader: Client, mailbox: Mailbox) -> None:
    uids = [mailbox.append(letter(f"n° {n}")) for n in range(3)]
    first, second, third = (path(mailbox, uid) for uid in uids)
    assert beside(reader.get(third)) == (["", second], "1 sur 3")
    assert beside(reader.get(second)) == ([third, first], "2 sur 3")
    assert beside(reader.get(first)) == ([second, ""], "3 sur 3")
    reader.get("/mail/INBOX/?sort=subject&up=1")  # an order is remembered
    assert beside(reader.get(second)) == ([first, third], "2 sur 3")
    filtered = "?sort=arrival&only=attachment"
    assert beside(reader.get(second + filtered)) == (["", ""], "")


def test_beside_the_first_and_the_last_row_of_a_page_are_those_of_others(
    reader: Client, mailbox: Mailbox
) -> None:
    large.fill(mailbox, "INBOX", 120)
    uids = mailbox.uids()[::-1]
    for order in ("arrival", "size"):
        reader.get(f"/mail/INBOX/?sort={order}")
        shown = [row for n in (1, 2, 3) for row in rows_of(reader, f"/mail/INBOX/?page={n}")]
        assert len(shown) == 120
        for n in (49, 50, 99):
            urls, place = beside(reader.get(f"/mail/INBOX/{shown[n]}/"))
            assert urls == [f"/mail/INBOX/{shown[n + step]}/" for step in (-1, 1)]
            assert place == f"{n + 1} sur 120"
    assert len(uids) == 120


def rows_of(reader: Client, url: str) -> list[str]:
    return re.findall(r'<li class="row[^>]* data-ref="([^"]*)"', page(reader.get(url)))


def test_what_was_found_is_gone_through_in_its_order(reader: Client, mailbox: Mailbox) -> None:
    uids = [mailbox.append(letter(f"lettre {n}")) for n in range(4)]
    mailbox.append(letter("autre"))
    query = "?q=lettre"
    shown = re.findall(r'<a href="([^"]*)" hx-get', page(reader.get(f"/search/{query}")))
    found = [url for url in shown if "/mail/INBOX/" in url]
    assert len(found) == len(uids)
    for n, url in enumerate(found):
        urls, place = beside(reader.get(unescape(url)))
        expected = [found[n - 1] if n else "", found[n + 1] if n < 3 else ""]
        assert urls == expected
        assert place == f"{n + 1} sur 4"


def test_the_messages_beside_it_take_no_command_and_no_query(
    reader: Client, mailbox: Mailbox, django_assert_max_num_queries: Any
) -> None:
    large.fill(mailbox, "INBOX", 120)
    uids = mailbox.uids()[::-1]
    reader.get(path(mailbox, uids[0]))
    counts = []
    for uid in (uids[10], uids[50], uids[99]):
        reader.get("/mail/INBOX/")
        before = commands_sent()
        with django_assert_max_num_queries(12):
            assert all(beside(reader.get(path(mailbox, uid)))[0])
        counts.append(commands_sent() - before)
    # NOOP, FETCH of the header, FETCH of the text, FETCH of the rows' flags, LIST; and FETCH of the
    # rows that are not known yet.
    assert counts == [5, 6, 6]


def test_who_got_a_blind_copy_is_named_to_its_sender(reader: Client, mailbox: Mailbox) -> None:
    message = b"From: alice@ac-exemple.fr\r\nTo: alice@ac-exemple.fr\r\n"
    message += b"Bcc: Bob Petit <bob@ac-exemple.fr>, zoe@x.fr\r\nSubject: Notes\r\n\r\nBonjour\r\n"
    uid = mailbox.append(message, "Sent")
    shown = words(reader.get(path(mailbox, uid, folder="Sent")))
    assert "Cci : Bob Petit" in shown and "zoe@x.fr" in shown
