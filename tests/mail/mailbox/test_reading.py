"""Opening a message: what is shown, what it costs, what it leaves behind."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest

from mail.errors import MessageNotFound, PartNotFound, TooLarge
from mail.imap import connection, fetch
from mail.imap.values import SEEN, ImapServer, MessageRef
from mail.mailbox import contents, reading
from mail.mime import structure
from mail.mime.damage import Damage
from mail.mime.hypertext import html as html_mail
from tests.servers.scripted import ScriptedServer, imap_script, no, ok, selected

PNG = "iVBORw0KGgo="
PLAIN = (
    "From: a@exemple.fr\nSubject: Sortie\nContent-Type: text/plain; charset=utf-8\n\nÀ demain.\n"
)
ALTERNATIVE = f"""\
From: a@exemple.fr
Subject: Photos
MIME-Version: 1.0
Content-Type: multipart/related; boundary=r

--r
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/plain; charset=utf-8

Le texte.
-- 
Signature
--a
Content-Type: text/html; charset=utf-8

<p>Le <b>HTML</b></p><img src="cid:one@x"><img src="cid:absent"><script>alert(1)</script>
--a--
--r
Content-Type: image/png; name=one.png
Content-ID: <one@x>
Content-Transfer-Encoding: base64

{PNG}
--r
Content-Type: image/png; name=two.png
Content-ID: <two@x>
Content-Transfer-Encoding: base64

{PNG}
--r--
"""


@pytest.fixture
def put(imap, ref):
    """`put("the message")` -> its ref in Alice's INBOX."""

    def stored(message: str | bytes) -> MessageRef:
        data = message.encode() if isinstance(message, str) else message
        uid = imap.append("INBOX", data)
        assert uid is not None
        return ref(uid)

    return stored


def test_utf_8_with_wrong_bytes_stays_utf_8(imap, put):
    head = b"Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    opened = reading.open_message(imap, put(head + "L’été ".encode() + b"\xff\xfe fini\r\n"))
    assert opened.text.strip() == "L’été \ufffd\ufffd fini"
    assert opened.damage == {Damage.CHARSET}


def related(*parts: str, told: str = "") -> str:
    """A multipart/related of these parts."""
    head = f"Subject: x\nMIME-Version: 1.0\nContent-Type: multipart/related; boundary=r{told}\n\n"
    return head + "".join(f"--r\n{part}\n" for part in parts) + "--r--\n"


def picture(header: str) -> str:
    return f"Content-Type: image/png\n{header}\nContent-Transfer-Encoding: base64\n\n{PNG}"


PAGE = "Content-Type: text/html\nContent-Id: <page@x>\n{}\n<p>Bonjour</p>{}"
FRAMED = (
    "Content-Type: text/html\nContent-Location: http://exemple.fr/d/page.html\n"
    'Content-Disposition: attachment\n\n<img src="a.png"><img src="http://exemple.fr/d/b.png">'
)
LOGO = PAGE.format("", '<img src="cid:logo@x">')


@pytest.mark.parametrize(
    ("message", "numbers"),
    [
        (related(picture("Content-ID: <logo@x>"), LOGO), ["1"]),
        (related(picture("Content-ID: <logo@x>"), LOGO, told='; start="<page@x>"'), ["1"]),
        (related("\nun", picture("Content-ID: <logo@x>"), LOGO, told='; start="page@x"'), ["2"]),
        (
            related(
                picture("Content-Location: a.png"),
                FRAMED,
                picture("Content-Location: http://exemple.fr/d/b.png"),
                told='; type="text/html"',
            ),
            ["1", "3"],
        ),
    ],
)
def test_a_page_with_its_images_is_shown_wherever_it_stands(imap, put, message, numbers):
    opened = reading.open_message(imap, put(message))
    assert opened.rendered is not None
    assert [part and part.number for part in opened.rendered.inline] == numbers


def deep(levels: int) -> str:
    opened = "".join(
        f"Content-Type: multipart/mixed; boundary=b{n}x\n\n--b{n}x\n" for n in range(levels)
    )
    closed = "".join(f"--b{n}x--\n" for n in reversed(range(levels)))
    return f"Subject: x\nMIME-Version: 1.0\n{opened}\nBonjour\n{closed}"


def test_a_text_in_sixty_parts_is_shown(imap, put):
    opened = reading.open_message(imap, put(deep(60)))
    assert (opened.text.strip(), opened.damage) == ("Bonjour", frozenset())


def test_a_text_too_deep_to_be_shown_is_said_to_be(imap, put):
    opened = reading.open_message(imap, put(deep(300)))
    assert Damage.TOO_DEEP in opened.damage


def test_a_text_message_is_opened_and_marked_as_seen_in_four_commands(imap, put, mailbox):
    named = put(PLAIN)
    imap.lend(lambda: imap)  # a fresh lease on a connection that was idle
    before = imap.commands
    opened = reading.open_message(imap, named)
    assert imap.commands == before + 4
    assert opened.text.strip() == "À demain."
    assert opened.headers.get("Subject") == "Sortie"
    assert not opened.has_html
    assert not opened.damage
    assert SEEN in opened.fetched.flags
    assert mailbox.flags(named.uid) == {SEEN}


def test_a_seen_message_is_opened_in_three_commands(imap, put):
    named = put(PLAIN)
    reading.open_message(imap, named)
    imap.lend(lambda: imap)
    before = imap.commands
    reading.open_message(imap, named)
    assert imap.commands == before + 3


def test_opening_without_marking_leaves_it_unseen(imap, put, mailbox):
    named = put(PLAIN)
    reading.open_message(imap, named, mark_seen=False)
    reading.html(imap, put(ALTERNATIVE))
    assert mailbox.flags(named.uid) == set()


def test_an_html_message_brings_no_text(imap, put):
    opened = reading.open_message(imap, put(ALTERNATIVE))
    assert opened.has_html
    assert opened.text == ""


def test_an_image_that_the_html_does_not_name_is_an_attachment(imap, put):
    opened = reading.open_message(imap, put(ALTERNATIVE))
    assert [part.file_name for part in opened.shown.inline] == ["one.png"]
    assert [part.file_name for part in opened.shown.attachments] == ["two.png"]


def test_html_is_sanitised_and_its_images_are_parts(imap, put):
    rendered = reading.html(imap, put(ALTERNATIVE))
    assert "<b>HTML</b>" in rendered.html.body
    assert "alert" not in rendered.html.body
    assert rendered.html.inline == ("one@x", "absent")
    assert [part and part.file_name for part in rendered.inline] == ["one.png", None]
    assert not rendered.simplified


def test_an_inline_part_is_found_by_its_number(imap, put):
    rendered = reading.html(imap, put(ALTERNATIVE))
    assert reading.image_part(rendered.inline, 0).file_name == "one.png"
    for number in (1, 2, -1):
        with pytest.raises(PartNotFound):
            reading.image_part(rendered.inline, number)


def test_a_message_without_html_has_none(imap, put):
    with pytest.raises(PartNotFound):
        reading.html(imap, put(PLAIN))


def test_html_that_is_too_complex_comes_as_its_text(imap, put):
    deep = "<div>" * 3000 + "Le fond"
    rendered = reading.html(imap, put("Subject: x\nContent-Type: text/html\n\n" + deep))
    assert rendered.simplified
    assert "Le fond" in rendered.html.body


def test_plain_is_the_text_or_that_of_the_html(imap, put):
    assert reading.plain(imap, put(ALTERNATIVE)).startswith("Le texte.")
    html = "Subject: x\nContent-Type: text/html; charset=utf-8\n\n<p>Un</p><p>Deux é</p>"
    assert reading.plain(imap, put(html)).split() == ["Un", "Deux", "é"]


def test_a_reply_quotes_no_signature(imap, put):
    assert reading.unsigned(reading.plain(imap, put(ALTERNATIVE))) == "Le texte."


def test_flowed_text_is_joined(imap, put):
    message = "Content-Type: text/plain; format=flowed\n\nUne longue \nphrase.\n"
    assert reading.open_message(imap, put(message)).text.strip() == "Une longue phrase."


def test_a_long_text_is_cut_and_said_so(imap, put, monkeypatch):
    monkeypatch.setattr(contents, "TEXT_LIMIT", 1000)
    opened = reading.open_message(imap, put("Subject: x\n\n" + "abc def\n" * 500))
    assert opened.truncated
    assert len(opened.text) <= 1000


@pytest.mark.parametrize("count", [3, 5000])
def test_a_message_of_very_many_texts_is_opened(imap, put, count):
    head = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
    pieces = "--b\n\nencore\n" * count
    opened = reading.open_message(imap, put(f"{head}{pieces}--b--\n"))
    # What is too many to be read in one go is there as attachments.
    assert opened.text.count("encore") == min(count, structure.MOST_BODIES)
    assert bool(opened.shown.attachments) == (count > structure.MOST_BODIES)


def test_texts_beyond_the_limit_are_left_out(imap, put, monkeypatch):
    monkeypatch.setattr(contents, "TEXT_LIMIT", 100)
    head = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
    pieces = "".join(f"--b\n\n{letter * 60}\n" for letter in "xyz")
    opened = reading.open_message(imap, put(f"{head}{pieces}--b--\n"))
    assert "x" in opened.text and "y" in opened.text and "z" not in opened.text
    assert opened.truncated


def test_parts_are_found_by_number(imap, put):
    named = put(ALTERNATIVE)
    assert reading.find_part(imap, named, "3").file_name == "two.png"
    assert reading.find_part(imap, named, "1.2").media_type == "text/html"
    for number in ("4", "1.2.1", "x", "1\r\n"):
        with pytest.raises(PartNotFound):
            reading.find_part(imap, named, number)


def test_a_parts_content_is_decoded_up_to_a_limit(imap, put):
    named = put(ALTERNATIVE)
    part = reading.find_part(imap, named, "3")
    assert reading.content(imap, named, part, limit=100).startswith(b"\x89PNG")
    with pytest.raises(TooLarge):
        reading.content(imap, named, part, limit=5)


def test_a_part_of_a_forwarded_message_is_found_and_fetched(imap, put):
    named = put(
        "Subject: Fwd\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=o\n\n"
        "--o\n\nVoir.\n--o\nContent-Type: message/rfc822\n\n"
        "Subject: Dedans\nContent-Type: multipart/mixed; boundary=i\n\n"
        "--i\n\nLettre.\n--i\nContent-Type: text/csv; name=notes.csv\n\na;b\n--i--\n--o--\n"
    )
    part = reading.find_part(imap, named, "2.2")
    assert part.file_name == "notes.csv"
    assert b"".join(fetch.chunks(imap, named, "2.2")) == b"a;b"
    assert [part.number for part in reading.open_message(imap, named).shown.attachments] == ["2"]


@pytest.mark.parametrize(
    "verb",
    [
        reading.open_message,
        reading.html,
        reading.plain,
        lambda imap, ref: reading.find_part(imap, ref, "1"),
    ],
)
def test_a_message_that_is_gone_is_said(imap, put, verb):
    named = put(PLAIN)
    with pytest.raises(MessageNotFound):
        verb(imap, MessageRef("INBOX", named.uidvalidity, named.uid + 1))


@pytest.mark.parametrize(
    ("message", "visible"),
    [
        (b"\r\nPas d'en-t\xc3\xaate.\r\n", "Pas d'en-tête."),
        (b"Ni en-t\xc3\xaate ni ligne vide\r\n", "Ni en-tête ni ligne vide"),
        (b"Subject: x\r\nContent-Type: multipart/mixed\r\n\r\n--q\r\n\r\nLisible.\r\n", "Lisible."),
        (b"Subject: x\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\nLu.\r\n", "Lu."),
        (b"Subject: x\r\n\r\n", ""),
        (b"Subject: x\r\n", ""),
    ],
)
def test_messages_in_pieces_show_what_can_be_read(imap, put, message, visible):
    opened = reading.open_message(imap, put(message))
    assert visible in opened.text
    assert visible or not opened.text
    assert not opened.has_html


HEAD = b"Subject: Sortie\r\n\r\n"
ROW = (
    b"* 1 FETCH (UID 5 FLAGS () RFC822.SIZE 33 ENVELOPE (NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL) "
    b'BODYSTRUCTURE ("text" "plain" NIL NIL NIL "7bit" 10 1) BODY[HEADER]<0> {%d}\r\n%s)\r\n'
) % (len(HEAD), HEAD)
BODY = b"* 1 FETCH (UID 5 BODY[1]<0> {10}\r\nA demain.\n)\r\n"
READ_ONLY = b"* OK [UIDVALIDITY 7] ok\r\n* 1 EXISTS\r\n{tag} OK [READ-ONLY] done\r\n"


@pytest.mark.parametrize(
    "steps",
    [
        [("SELECT", READ_ONLY), ("UID FETCH", ok(ROW)), ("UID FETCH", ok(BODY))],
        [
            ("SELECT", selected(1)),
            ("UID FETCH", ok(ROW)),
            ("UID STORE 5 +FLAGS.SILENT (\\Seen)", no(b"[OVERQUOTA] full")),
            ("UID FETCH", ok(BODY)),
        ],
    ],
)
def test_a_message_that_cannot_be_marked_can_be_read(steps):
    with ScriptedServer(imap_script(*steps)) as server:
        where = ImapServer("127.0.0.1", server.port, "none", timeout=2)
        imap = connection.open(where, "alice", "secret")
        opened = reading.open_message(imap, MessageRef("INBOX", 7, 5))
        assert opened.text.strip() == "A demain."
        assert SEEN not in opened.fetched.flags
        imap.close()


def test_a_message_that_the_server_describes_wrongly_is_read_from_its_source():
    source = HEAD + b"A demain.\n"
    broken = ROW.replace(b'"7bit"', b'"7bit')
    whole = b"* 1 FETCH (UID 5 BODY[]<0> {%d}\r\n%s)\r\n" % (len(source), source)
    fields = (
        b"* 1 FETCH (UID 5 FLAGS () RFC822.SIZE 9 "
        b"BODY[HEADER.FIELDS (SUBJECT)]<0> {15}\r\nSubject: Sortie)\r\n"
    )
    header = b"* 1 FETCH (UID 5 BODY[HEADER]<0> {%d}\r\n%s)\r\n" % (len(HEAD), HEAD)
    steps = (
        ("SELECT", selected(1)),
        ("UID FETCH", ok(broken)),
        ("UID FETCH 5 (UID FLAGS INTERNALDATE RFC822.SIZE BODYSTRUCTURE BODY", ok(broken)),
        ("UID FETCH 5 (UID FLAGS INTERNALDATE RFC822.SIZE BODY", ok(fields)),
        ("UID FETCH", ok(header)),
        ("UID STORE", ok()),
        ("UID FETCH", ok(whole)),
    )
    with ScriptedServer(imap_script(*steps)) as server:
        where = ImapServer("127.0.0.1", server.port, "none", timeout=2)
        imap = connection.open(where, "alice", "secret")
        opened = reading.open_message(imap, MessageRef("INBOX", 7, 5))
        assert opened.text.strip() == "A demain."
        assert opened.headers.get("Subject") == "Sortie"
        assert opened.damage
        imap.close()


def folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def test_the_corpus_is_read_as_expected(imap, put, corpus):
    expected = json.loads((corpus / "mime" / "expected.json").read_text())
    failures: list[tuple[object, ...]] = []
    for path in sorted((corpus / "mime").glob("*.eml")):
        named = put(path.read_bytes())
        opened = reading.open_message(imap, named)
        shown = opened.text
        if opened.has_html:
            rendered = reading.html(imap, named)
            shown += reading.plain(imap, named) + rendered.html.body
        wanted = expected.get(path.name)
        if wanted is None:
            continue
        sender = opened.fetched.envelope.from_
        values = {
            "subject": folded(opened.fetched.envelope.subject),
            "from": sender[0].address if sender else "",
        }
        names = {folded(part.file_name) for part in opened.shown.attachments}
        for key, value in values.items():
            if key in wanted and value != folded(wanted[key]):
                failures.append((path.name, key, value, wanted[key]))
        for text in wanted.get("visible", ()):
            if folded(text) not in folded(shown):
                failures.append((path.name, "visible", text, shown[:300]))
        for name in wanted.get("attachments", ()):
            if folded(name) not in names:
                failures.append((path.name, "attachment", name, names))
        if "inline_images" in wanted and len(opened.shown.inline) != wanted["inline_images"]:
            failures.append(
                (path.name, "inline", len(opened.shown.inline), wanted["inline_images"])
            )
    assert failures == []


WRAPPED = Path(__file__).resolve().parents[2] / "data" / "mime"
EXPECTED = json.loads((WRAPPED / "expected.json").read_text())


def said(opened: reading.OpenedMessage) -> str:
    """All that a reader sees of a message but its pictures."""
    shown = html_mail.to_text(opened.rendered.html.body) if opened.rendered else opened.text
    outcomes = [f"{outcome.recipient} {outcome.reason}" for outcome in opened.outcomes]
    return folded(" ".join([shown, *outcomes]))


@pytest.mark.parametrize("name", EXPECTED)
def test_what_mail_programs_wrap_is_unwrapped(imap, put, name):
    wanted = EXPECTED[name]
    named = put((WRAPPED / name).read_bytes())
    opened = reading.open_message(imap, named)
    for words in wanted["visible"]:
        assert folded(words) in said(opened)
    for words in wanted.get("absent", ()):
        assert words not in said(opened)
    names = {part.file_name for part in opened.shown.attachments}
    # A container that stays closed is a file as well.
    assert names - {"", "winmail.dat"} == set(wanted["attachments"])
    assert len(opened.shown.messages) == wanted.get("messages", 0)
    assert opened.protection.value == wanted["protection"]
    assert sorted(damage.value for damage in opened.damage) == wanted["damage"]
    inline = opened.rendered.inline if opened.rendered else ()
    assert len([part for part in inline if part]) == wanted["inline_images"]
    for part in (*opened.shown.attachments, *filter(None, inline)):
        part_found = reading.find_part(imap, named, part.number)
        assert part_found.file_name == part.file_name
        assert reading.content(imap, named, part_found, limit=1_000_000) or not part.size


@pytest.mark.parametrize(
    ("name", "commands"),
    [
        ("winmail.eml", 5),  # SELECT, the message, the container, its text, mark as seen
        ("smime-opaque.eml", 4),  # all of it is in the container
        ("uuencode.eml", 4),  # the text is fetched once
        ("bounce.eml", 5),  # the report
        ("mhtml-location.eml", 4),
    ],
)
def test_a_wrapping_costs_one_command_more_at_most(imap, put, name, commands):
    named = put((WRAPPED / name).read_bytes())
    imap.lend(lambda: imap)
    before = imap.commands
    reading.open_message(imap, named)
    assert imap.commands - before <= commands


def test_a_held_part_larger_than_the_limit_is_refused(imap, put):
    named = put((WRAPPED / "winmail.eml").read_bytes())
    held = reading.open_message(imap, named).shown.attachments[0]
    with pytest.raises(TooLarge):
        reading.content(imap, named, held, limit=1)


def test_a_container_that_is_too_large_stays_closed_and_is_said(imap, put, monkeypatch):
    monkeypatch.setattr("mail.mime.containers.MOST_BYTES", 100)
    opened = reading.open_message(imap, put((WRAPPED / "winmail.eml").read_bytes()))
    assert [part.file_name for part in opened.shown.attachments] == ["winmail.dat"]
    assert Damage.CONTAINER in opened.damage


def test_the_text_is_had_although_there_is_html(imap, put):
    opened = reading.open_message(imap, put(ALTERNATIVE), as_text=True)
    assert opened.rendered is None and opened.has_html
    assert opened.text.startswith("Le texte.")
    html = "Subject: x\nContent-Type: text/html; charset=utf-8\n\n<p>Un</p><p>Deux</p>"
    assert reading.open_message(imap, put(html), as_text=True).text.split() == ["Un", "Deux"]


def test_html_that_was_rendered_before_is_not_fetched_again(imap, put):
    named = put(ALTERNATIVE)
    rendered = reading.open_message(imap, named).rendered

    class Remembers(contents.PlainSanitiser):
        def find(self, envelope, fields):
            assert envelope.subject == fields.get("Subject") == "Photos"
            return rendered

    imap.lend(lambda: imap)
    before = imap.commands
    opened = reading.open_message(imap, named, sanitiser=Remembers())
    assert imap.commands == before + 2
    assert opened.rendered is rendered
    assert [part.file_name for part in opened.shown.attachments] == ["two.png"]
