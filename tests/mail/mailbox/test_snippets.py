"""The beginnings of messages, in one line each."""

from __future__ import annotations

from datetime import date

import pytest

from mail.errors import FolderChanged
from mail.imap import connection
from mail.imap.values import MessageRef
from mail.mailbox import listing, query, reading, snippets
from tests.mail.messages import letter

HTML = "<html><head><style>p { color: red }</style></head><body><p>Bonjour à tous,</p>"


@pytest.fixture(params=["PREVIEW", "parts"])
def opened(request, imap_server, alice):
    """A connection to a server with PREVIEW, and one that makes no use of it."""
    made = connection.open(imap_server, alice.login, alice.password)
    assert made.has("PREVIEW")
    if request.param == "parts":
        made._capabilities = made._capabilities - {"PREVIEW"}
    yield made
    made.close()


def begun(imap, uids):
    uidvalidity = imap.select("INBOX").uidvalidity
    refs = [MessageRef("INBOX", uidvalidity, uid) for uid in uids]
    beginnings = snippets.snippets_of(imap, refs)
    return [beginnings.get(ref) for ref in refs]


def test_texts_begin_as_they_are_read_whatever_their_place_and_encoding(opened, mailbox):
    uids = [
        mailbox.append(letter(body="Bonjour,\nrendez-vous à 8 h devant le collège.\n")),
        mailbox.append(letter(body="Voir le plan.\n", files=(("a.pdf", "a/b", b"x"),))),
        mailbox.append(
            b"Subject: x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + HTML.encode()
        ),
        mailbox.append(b"Subject: x\r\nContent-Type: application/pdf\r\n\r\n%PDF"),
    ]
    assert begun(opened, uids) == [
        "Bonjour, rendez-vous à 8 h devant le collège.",
        "Voir le plan.",
        "Bonjour à tous,",
        "",
    ]


@pytest.mark.parametrize("charset", ["iso-8859-1", "us-ascii", "", "utf-8"])
@pytest.mark.parametrize("kind", ["plain", "html"])
def test_a_wrong_charset_is_read_as_the_reader_reads_it(opened, mailbox, charset, kind):
    told = f"; charset={charset}" if charset else ""
    head = f"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/{kind}{told}\r\n\r\n"
    uid = mailbox.append(head.encode() + "L’école : 5 €\r\n".encode("cp1252"))
    (words,) = begun(opened, [uid])
    ref = MessageRef("INBOX", mailbox.uidvalidity(), uid)
    assert words == reading.plain(opened, ref).strip() == "L’école : 5 €"


def test_what_is_known_is_not_asked_for_again(opened, mailbox):
    uids = [mailbox.append(letter(body=f"Lettre {n}\n")) for n in range(3)]
    first = begun(opened, uids)
    opened.select("INBOX")
    before = opened.commands
    assert begun(opened, uids) == first
    assert opened.commands - before <= 1  # NOOP


def test_the_beginnings_of_a_page_whose_rows_are_known_are_one_command(opened, mailbox):
    uids = [mailbox.append(letter(body=f"Lettre {n}\n")) for n in range(3)]
    listing.page(opened, "INBOX")
    refs = [MessageRef("INBOX", mailbox.uidvalidity(), uid) for uid in uids]
    before = opened.commands
    assert len(snippets.snippets_of(opened, refs)) == 3
    assert opened.commands - before == 1


def test_messages_that_are_gone_are_left_out(opened, mailbox):
    uid = mailbox.append(letter(body="Là\n"))
    assert begun(opened, [uid, uid + 100]) == ["Là", None]


def test_a_folder_made_anew_has_none_of_them(imap, mailbox):
    uid = mailbox.append(letter())
    with pytest.raises(FolderChanged):
        snippets.snippets_of(imap, [MessageRef("INBOX", 1, uid)])


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("Oui.\n\n> Viens-tu ?\n> Bob\n", "Oui."),
        ("Merci\n-- \nAlice Martin\n", "Merci"),
        ("  a\n\n  b\t c ", "a b c"),
        (f"Lire https://x.fr/{'a' * 60} ici", "Lire ici"),
        ("x" * 200, "x" * 140 + "…"),
        ("", ""),
    ],
)
def test_a_line_has_what_is_new(words, shown):
    assert snippets.line(words) == shown


def passages(imap, uids, *words):
    uidvalidity = imap.select("INBOX").uidvalidity
    refs = [MessageRef("INBOX", uidvalidity, uid) for uid in uids]
    found = snippets.around(imap, refs, words)
    return [found[ref] for ref in refs]


def test_what_was_searched_for_is_shown_in_its_passage(opened, mailbox):
    end = "La RÉUNION aura lieu au cœur du bâtiment."
    long = f"Bonjour à tous. {'Rien de neuf ici. ' * 40}{end}"
    html = f"Content-Type: text/html; charset=utf-8\r\n\r\n<p>{long}</p>"
    uids = [
        mailbox.append(letter(body=long)),
        mailbox.append(letter(body="La réunion est annulée.\n")),
        mailbox.append(letter(body="Rien.\n")),
        mailbox.append(html.encode()),
    ]
    far, near, none, markup = passages(opened, uids, "reunion")
    assert far == markup and end in far
    assert far.startswith("…") and len(far) <= snippets.LONGEST + 2
    assert (near, none) == ("La réunion est annulée.", "Rien.")
    assert "cœur du bâtiment" in passages(opened, uids[:1], "coeur", "batiment")[0]
    assert end in passages(opened, uids[:1], *query.parse("coeur", date(2026, 11, 3)).marks)[0]


def test_a_word_that_stands_too_far_away_leaves_the_beginning(opened, mailbox):
    uid = mailbox.append(letter(body="Bonjour. " + "x " * snippets.PASSAGE_BYTES + "réunion"))
    (shown,) = passages(opened, [uid], "réunion")
    assert shown.startswith("Bonjour.")
    assert passages(opened, [uid], "") == passages(opened, [uid]) == [shown]


def test_a_passage_after_ligatures_begins_where_its_word_stands():
    text = "ﬁ" * 300 + " la réunion du conseil"
    assert "la réunion du conseil" in snippets._passage(text, ["reunion"])
