"""How a message begins: whom it goes to, what it quotes, what it keeps; and what it costs."""

from __future__ import annotations

import base64
import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import session
from accounts.models import User
from demo.servers.dovecot import MailAccount
from demo.servers.submission import SubmissionServer
from mail.imap import fetch
from mail.imap.values import MessageRef
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.composer.test_begin import value
from tests.webmail.views.mail import commands_sent, letter, page, path, words
from webmail import tasks
from webmail.models import Draft, Identity, OutboxMessage
from webmail.writing import drafts

pytestmark = pytest.mark.django_db
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
HTML = (
    '<html><head><style>p{color:red}</style></head><body><p id="a" class="b">Bonjour'
    ' <b style="color:blue;position:fixed">Alice</b></p><img src="cid:logo@x" alt="logo">'
    '<img src="https://traceur.example/p.gif" alt="vu"><script>alert(1)</script></body></html>'
)


@pytest.fixture(autouse=True)
def spool(settings, tmp_path: Path) -> None:
    settings.SPOOL = tmp_path


@pytest.fixture
def illustrated(mailbox: Mailbox) -> int:
    """The UID of a message in HTML with an image of its own and one from elsewhere."""
    message = EmailMessage()
    message["From"], message["To"] = "Bob <bob@ac-exemple.fr>", "alice@ac-exemple.fr"
    message["Subject"], message["Message-ID"] = "Affiche", "<origine@ac-exemple.fr>"
    message["Date"] = "Tue, 03 Mar 2026 09:00:00 +0100"
    message.set_content("Bonjour Alice\n")
    message.add_alternative(HTML, subtype="html")
    shown = message.get_payload()[1]  # type: ignore[index]
    shown.add_related(PNG, "image", "png", cid="<logo@x>")  # type: ignore[union-attr]
    message.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="plan.pdf")
    return mailbox.append(message.as_bytes())


def prefer(**chosen: str) -> None:
    User.objects.update(preferences=chosen)


def post(reader: Client, form: Any, **changes: Any) -> Any:
    """What a browser posts of a page, in HTML; what is accepted leaves."""
    names = "draft revision key kind to cc bcc subject body html origin_folder origin_ref identity"
    data: dict[str, Any] = {
        name: value(form, name) for name in names.split() if f'name="{name}"' in page(form)
    }
    data["keep"] = re.findall(r'name="keep" value="([^"]*)"', page(form))
    answer = reader.post("/compose/", data | {"format": "html"} | changes)
    for row in OutboxMessage.objects.filter(state=OutboxMessage.State.HELD):
        OutboxMessage.objects.filter(pk=row.pk).update(due=timezone.now())
        tasks.deliver_message(str(row.pk))
    return answer


def arrived(mailbox: Mailbox) -> EmailMessage:
    (raw,) = mailbox.messages()
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not [part.defects for part in message.walk() if part.defects]
    return message


def shape(part: Any) -> str:
    below = ", ".join(shape(child) for child in part.iter_parts()) if part.is_multipart() else ""
    return f"{part.get_content_subtype()}({below})" if below else part.get_content_subtype()


def html_of(message: EmailMessage) -> str:
    body = message.get_body(("html",))
    assert body is not None
    return body.get_content()


def notices(answer: Any) -> str:
    """What stands above the message being written."""
    return page(answer).partition('id="notices"')[2].partition('class="paper"')[0]


# What is quoted


def test_a_quote_enters_by_the_narrow_way(
    reader: Client, mailbox: Mailbox, illustrated: int
) -> None:
    form = reader.get(path(mailbox, illustrated, "reply/"))
    quoted = value(form, "html")
    for word in ("<style", "script", "position", "traceur", 'id="a"', 'class="b"', "cid:"):
        assert word not in quoted
    assert '<blockquote type="cite">' in quoted and "color:blue" in quoted
    assert "vu" in quoted  # what the image from elsewhere would have shown
    image = path(mailbox, illustrated, "view/1.2.2/image")
    assert f'src="{image}"' in quoted
    assert "> Bonjour Alice" in value(form, "body")
    assert value(form, "format") == "plain" or 'data-begun="html"' in page(form)


def test_an_image_of_the_quote_leaves_as_a_part_with_a_cid(
    reader: Client,
    submission: SubmissionServer,
    mailbox: Mailbox,
    bobs_mailbox: Mailbox,
    illustrated: int,
) -> None:
    form = reader.get(path(mailbox, illustrated, "reply/"))
    assert post(reader, form).status_code == 302
    message = arrived(bobs_mailbox)
    assert shape(message) == "alternative(plain, related(html, png))"
    (image,) = [part for part in message.walk() if part.get_content_type() == "image/png"]
    cid = str(image["Content-ID"]).strip("<>")
    assert f'src="cid:{cid}"' in html_of(message) and "/mail/" not in html_of(message)
    assert image.get_content() == PNG
    assert message["In-Reply-To"] == "<origine@ac-exemple.fr>"


def test_a_forward_keeps_files_and_images_without_the_browser(
    reader: Client,
    submission: SubmissionServer,
    mailbox: Mailbox,
    bobs_mailbox: Mailbox,
    illustrated: int,
) -> None:
    form = reader.get(path(mailbox, illustrated, "forward/"))
    assert value(form, "keep") == "2" and "plan.pdf" in words(form)
    post(reader, form, to="bob@ac-exemple.fr")
    message = arrived(bobs_mailbox)
    assert shape(message) == "mixed(alternative(plain, related(html, png)), pdf)"
    assert "Affiche" in html_of(message)


def test_an_unticked_file_stays_behind(
    reader: Client,
    submission: SubmissionServer,
    mailbox: Mailbox,
    bobs_mailbox: Mailbox,
    illustrated: int,
) -> None:
    form = reader.get(path(mailbox, illustrated, "forward/"))
    post(reader, form, to="bob@ac-exemple.fr", keep=[])
    assert "pdf" not in shape(arrived(bobs_mailbox))


def test_a_forward_as_attachment_holds_the_message_as_it_came(
    reader: Client,
    submission: SubmissionServer,
    mailbox: Mailbox,
    bobs_mailbox: Mailbox,
    illustrated: int,
) -> None:
    form = reader.get(path(mailbox, illustrated, "forward/?as=attachment"))
    assert (value(form, "kind"), value(form, "keep")) == ("attached", "whole")
    assert "Affiche.eml" in words(form)
    post(reader, form, to="bob@ac-exemple.fr", body="Voici", html="<p>Voici</p>")
    message = arrived(bobs_mailbox)
    (inner,) = list(message.iter_attachments())
    assert inner.get_content_type() == "message/rfc822"
    assert inner.get_content()["Message-ID"] == "<origine@ac-exemple.fr>"
    assert mailbox.flags(illustrated) == {"$Forwarded"}


def test_a_forward_of_what_was_moved_says_so_and_keeps_the_text(
    reader: Client, submission: SubmissionServer, mailbox: Mailbox, bobs_mailbox: Mailbox
) -> None:
    data = {"kind": "forward", "keep": ["2"], "subject": "Tr", "body": "Texte"}
    data |= {"to": "bob@ac-exemple.fr"}
    origin = {"origin_folder": "INBOX", "origin_ref": f"{mailbox.uidvalidity()}-999"}
    answer = reader.post("/compose/", data | origin)
    assert answer.status_code == 404
    assert value(answer, "body").strip() == "Texte"
    assert drafts.content(Draft.objects.get()).keep == ("2",)
    assert not OutboxMessage.objects.exists()


# As the person likes it


def test_a_plain_writer_quotes_plain_text(
    reader: Client, mailbox: Mailbox, illustrated: int
) -> None:
    reader.get("/mail/INBOX/")
    prefer(write_format="plain")
    form = reader.get(path(mailbox, illustrated, "reply/"))
    assert 'data-begun="plain"' in page(form)
    assert "> Bonjour Alice" in value(form, "body")


@pytest.mark.parametrize(("chosen", "begun"), [("html", "html"), ("same", "plain")])
def test_an_answer_to_plain_text_is_as_the_person_likes(
    reader: Client, mailbox: Mailbox, chosen: str, begun: str
) -> None:
    prefer(write_format=chosen)
    uid = mailbox.append(letter())
    assert f'data-begun="{begun}"' in page(reader.get(path(mailbox, uid, "reply/")))


def test_an_answer_may_quote_nothing(reader: Client, mailbox: Mailbox) -> None:
    prefer(reply_quote="none")
    uid = mailbox.append(letter())
    form = reader.get(path(mailbox, uid, "reply/"))
    assert "blockquote" not in value(form, "html") and ">" not in value(form, "body")


@pytest.mark.parametrize(
    ("place", "signature", "expected"),
    [
        ("above", "answer", "signature quote"),
        ("above", "end", "quote signature"),
        ("below", "answer", "quote signature"),
    ],
)
def test_the_signature_stands_where_the_person_likes(
    reader: Client, mailbox: Mailbox, place: str, signature: str, expected: str
) -> None:
    prefer(reply_place=place, signature_place=signature)
    user = User.objects.get()
    Identity.objects.create(
        user=user, address=user.address, source="sign_in", signature="<b>Alice</b>, prof."
    )
    uid = mailbox.append(letter())
    form = reader.get(path(mailbox, uid, "reply/"))
    for text, marks in (
        (value(form, "html"), {"signature": "<b>Alice</b>", "quote": "blockquote"}),
        (value(form, "body"), {"signature": "Alice, prof.", "quote": "> rendez"}),
    ):
        order = sorted(marks, key=lambda name: text.index(marks[name]))
        assert " ".join(order) == expected


def test_a_signature_leaves_with_its_image_as_a_part(
    reader: Client, submission: SubmissionServer, mailbox: Mailbox, bobs_mailbox: Mailbox
) -> None:
    user = User.objects.get()
    data = base64.b64encode(PNG).decode()
    image = f'<div><img alt="" src="data:image/png;base64,{data}"></div>'
    Identity.objects.create(
        user=user,
        address=user.address,
        source="sign_in",
        name="Alice Morel",
        reply_to="s@ac-exemple.fr",
        signature=f"<div>Alice</div>{image}",
    )
    form = reader.get("/compose/?to=bob@ac-exemple.fr&subject=Essai&body=Bonjour")
    post(reader, form)
    message = arrived(bobs_mailbox)
    assert shape(message) == "alternative(plain, related(html, png))"
    assert "data:" not in html_of(message)
    assert message["From"] == "Alice Morel <alice@ac-exemple.fr>"
    assert message["Reply-To"] == "s@ac-exemple.fr"
    body = message.get_body(("plain",))
    assert body is not None and body.get_content().splitlines()[-2:] == ["-- ", "Alice"]


# Whom it goes to, and from


def test_the_identity_is_the_one_that_was_written_to(reader: Client, mailbox: Mailbox) -> None:
    Identity.objects.create(user=User.objects.get(), address="direction@ac-exemple.fr")
    uid = mailbox.append(letter(to="Direction <Direction@ac-exemple.fr>, alice@ac-exemple.fr"))
    form = reader.get(path(mailbox, uid, "reply/?all=1"))
    assert re.search(r'<option value="direction@ac-exemple.fr"[^>]* selected', page(form))
    assert value(form, "to") == "Bob Petit <bob@ac-exemple.fr>"
    assert value(form, "cc") == ""


def test_an_answer_to_ones_own_message_goes_to_its_recipients(
    reader: Client, mailbox: Mailbox
) -> None:
    uid = mailbox.append(
        letter(sender="alice@ac-exemple.fr", to="claire@x.fr, bob@x.fr", cc="zoe@x.fr")
    )
    form = reader.get(path(mailbox, uid, "reply/?all=1"))
    assert (value(form, "to"), value(form, "cc")) == ("claire@x.fr, bob@x.fr", "zoe@x.fr")


def test_mail_followup_to_is_respected(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter(mail_followup_to="liste@x.fr, alice@ac-exemple.fr"))
    assert value(reader.get(path(mailbox, uid, "reply/?all=1")), "to") == "liste@x.fr"
    assert "bob@" in value(reader.get(path(mailbox, uid, "reply/")), "to")


def test_an_answer_to_the_list_goes_to_the_list(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter(list_post="<mailto:liste@x.fr?subject=x>", list_id="<l.x.fr>"))
    form = reader.get(path(mailbox, uid, "reply/?list=1"))
    assert (value(form, "to"), value(form, "kind")) == ("liste@x.fr", "reply_list")
    assert "?list=1" in page(reader.get(path(mailbox, uid)))


@pytest.mark.parametrize(
    ("headers", "is_warned"),
    [
        ({"to": "tous@x.fr"}, True),
        ({"to": "alice@ac-exemple.fr, tous@x.fr"}, False),
        ({"to": "tous@x.fr", "cc": "Alice@ac-exemple.fr"}, False),
        ({"to": "tous@x.fr", "list_id": "<l.x.fr>"}, False),
    ],
)
def test_who_answers_to_all_from_a_blind_copy_is_warned(
    reader: Client, mailbox: Mailbox, headers: dict[str, Any], is_warned: bool
) -> None:
    uid = mailbox.append(letter(**headers))
    form = reader.get(path(mailbox, uid, "reply/?all=1"))
    assert ("banner warn" in notices(form)) is is_warned
    assert "banner warn" not in notices(reader.get(path(mailbox, uid, "reply/")))


# Taken up again


def test_a_message_is_taken_up_as_new(reader: Client, mailbox: Mailbox, illustrated: int) -> None:
    form = reader.get(path(mailbox, illustrated, "edit/"))
    assert value(form, "subject") == "Affiche"
    assert value(form, "to") == "alice@ac-exemple.fr"
    assert value(form, "keep") == "2"
    assert "Bonjour" in value(form, "html") and "blockquote" not in value(form, "html")


def test_bcc_of_another_persons_message_is_not_taken_over(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter(bcc="secret@x.fr"))
    assert value(reader.get(path(mailbox, uid, "edit/")), "bcc") == ""
    own = mailbox.append(letter(sender="alice@ac-exemple.fr", bcc="secret@x.fr"))
    assert value(reader.get(path(mailbox, own, "edit/")), "bcc") == "secret@x.fr"


def test_a_draft_is_gone_on_with_and_anothers_is_not_there(
    reader: Client, signed_in: Any, mailbox: Mailbox, bob: MailAccount, bobs_mailbox: Mailbox
) -> None:
    reader.post("/compose/", {"kind": "new", "to": "bob@x", "body": "Début", "do": "save"})
    draft = Draft.objects.get()
    form = reader.get(f"/drafts/{draft.pk}/")
    assert (value(form, "to"), value(form, "body").strip()) == ("bob@x", "Début")
    assert value(form, "revision") == "1"
    assert signed_in(bob).get(f"/drafts/{draft.pk}/").status_code == 404


def test_closed_without_script_a_draft_lies_in_the_drafts_folder_and_opens_here(
    reader: Client, mailbox: Mailbox
) -> None:
    answer = reader.post(
        "/compose/", {"kind": "new", "to": "bob@x.fr", "body": "Début", "do": "close"}
    )
    assert answer["Location"] == "/mail/INBOX/"
    (uid,) = mailbox.uids("Drafts")
    opened = reader.get(path(mailbox, uid, "edit/", folder="Drafts"))
    assert opened["Location"] == f"/drafts/{Draft.objects.get().pk}/"


def test_a_draft_without_script_is_discarded_with_its_copy(
    reader: Client, mailbox: Mailbox
) -> None:
    reader.post("/compose/", {"kind": "new", "body": "Début", "do": "close"})
    draft = Draft.objects.get()
    reader.post("/compose/", {"kind": "new", "draft": str(draft.pk), "do": "discard"})
    assert mailbox.uids("Drafts") == []
    assert Draft.objects.get().state == Draft.State.DISCARDED


def test_a_draft_of_another_program_keeps_its_thread(
    reader: Client, submission: SubmissionServer, mailbox: Mailbox, bobs_mailbox: Mailbox
) -> None:
    raw = letter("Re: x", sender="alice@ac-exemple.fr", to="bob@ac-exemple.fr", references="<a@x>")
    uid = mailbox.append(raw, "Drafts", flags=["\\Draft"])
    form = reader.get(path(mailbox, uid, "edit/", folder="Drafts"))
    assert post(reader, form).status_code == 302
    assert arrived(bobs_mailbox)["References"] == "<a@x>"


# Sent once


def test_the_same_post_twice_sends_one_message(
    reader: Client, submission: SubmissionServer, mailbox: Mailbox, bobs_mailbox: Mailbox
) -> None:
    form = reader.get("/compose/?to=bob@ac-exemple.fr&subject=Essai&body=Bonjour")
    assert [post(reader, form).status_code for _ in range(2)] == [302, 302]
    assert len(bobs_mailbox.uids()) == 1


def test_what_leaves_is_taken_apart_by_dovecot_as_it_was_made(
    reader: Client,
    submission: SubmissionServer,
    mailbox: Mailbox,
    illustrated: int,
) -> None:
    form = reader.get(path(mailbox, illustrated, "forward/"))
    post(reader, form, to="alice@ac-exemple.fr", priority="high", wants_receipt="on")
    with session.imap(reader.get("/preferences/").wsgi_request) as imap:
        (uid,) = mailbox.uids("Sent")
        named = MessageRef("Sent", mailbox.uidvalidity("Sent"), uid)
        types = [part.media_type for part in fetch.structure(imap, named).walk()]
    assert types == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "application/pdf",
    ]


# What it costs


@pytest.mark.parametrize(
    ("way", "most"), [("compose/", 1), ("reply/", 5), ("forward/", 5), ("edit/", 6)]
)
def test_a_page_to_write_on_takes_few_commands(
    reader: Client, mailbox: Mailbox, illustrated: int, way: str, most: int
) -> None:
    reader.get("/mail/Sent/")
    before = commands_sent()
    url = "/compose/" if way == "compose/" else path(mailbox, illustrated, way)
    assert reader.get(url).status_code == 200
    assert commands_sent() - before <= most


def test_a_page_to_write_on_asks_once_whose_it_is(
    reader: Client, mailbox: Mailbox, django_assert_max_num_queries: Any
) -> None:
    reader.get("/mail/Sent/")
    with django_assert_max_num_queries(12) as asked:
        reader.get("/compose/")
    said = [query["sql"] for query in asked.captured_queries]
    assert sum('"webmail_identity"' in sql for sql in said) == 1
    assert sum('"accounts_staffrecord"' in sql for sql in said) == 1


def test_a_message_of_its_own_is_accepted_without_a_command(
    reader: Client, submission: SubmissionServer, mailbox: Mailbox
) -> None:
    form = reader.get("/compose/?to=bob@ac-exemple.fr&subject=Essai&body=Bonjour")
    before = commands_sent()
    data = {name: value(form, name) for name in ("draft", "key", "kind", "to", "subject", "body")}
    assert reader.post("/compose/", data).status_code == 302
    assert commands_sent() == before


# What browsers may post


@pytest.mark.parametrize("evil", ["a\r\nX-Evil: 1", "a\x00b", "=?utf-8?q?a=0D=0AX-Evil:_1?="])
@pytest.mark.parametrize(
    "field", ["to", "cc", "bcc", "reply_to", "subject", "html", "identity", "priority", "files"]
)
def test_no_field_of_the_composer_makes_a_header(
    reader: Client,
    submission: SubmissionServer,
    mailbox: Mailbox,
    bobs_mailbox: Mailbox,
    field: str,
    evil: str,
) -> None:
    form = reader.get("/compose/?to=bob@ac-exemple.fr&subject=Essai&body=Bonjour")
    post(reader, form, **{field: evil, "wants_receipt": "on"})
    for raw in (*bobs_mailbox.messages(), *mailbox.messages("Sent")):
        head = raw.split(b"\r\n\r\n")[0]
        assert b"\nX-Evil" not in head and b"\x00" not in head


@pytest.mark.parametrize(
    ("typed", "leaves"),
    [
        ("Bob <bob@ac-exemple.fr>", True),
        ('"Petit, \\"Bob\\" (4e B)" <bob@ac-exemple.fr>', True),
        ('"a b"@ac-exemple.fr', False),
        ("bob@ac-exemple.fr (Bob)", False),
        ("bob@[127.0.0.1]", False),
        ("élève@ac-exemple.fr", True),
        ("bob@collège.example", True),
        ("<bob@ac-exemple.fr", False),
        ("a" * 10_000 + " <bob@ac-exemple.fr>", True),
    ],
)
def test_an_odd_address_is_accepted_or_refused_in_words(
    reader: Client, submission: SubmissionServer, mailbox: Mailbox, typed: str, leaves: bool
) -> None:
    data = {"kind": "new", "to": typed, "subject": "x", "body": "x"}
    answer = reader.post("/compose/", data)
    assert answer.status_code == (302 if leaves else 422)
    assert OutboxMessage.objects.exists() is leaves
    if not leaves:
        assert 'id="id_to_error"' in page(answer)
        assert value(answer, "to") == typed


def test_five_thousand_recipients_are_refused_in_words_and_kept(
    reader: Client, mailbox: Mailbox
) -> None:
    many = ", ".join(f"eleve{n}@ac-exemple.fr" for n in range(5000))
    answer = reader.post("/compose/", {"kind": "new", "to": many, "body": "x"})
    assert answer.status_code == 422
    assert value(answer, "to") == many
    assert not OutboxMessage.objects.exists()


def test_pasted_html_with_scripts_leaves_without_them(
    reader: Client, submission: SubmissionServer, mailbox: Mailbox, bobs_mailbox: Mailbox
) -> None:
    form = reader.get("/compose/?to=bob@ac-exemple.fr&subject=Essai")
    source = (
        '<p onclick="x">Bonjour</p><script>alert(1)</script><img src="../../etc/passwd">'
        '<img src="/mail/INBOX/1-1/view/1/image"><a href="javascript:x">a</a>'
    )
    assert post(reader, form, html=source).status_code == 422  # it names an image that is not there
    post(reader, form, html=source, missing_ok="on")
    assert html_of(arrived(bobs_mailbox)).count("<") < 20
    for word in ("script", "onclick", "passwd", "<img"):
        assert word not in html_of(arrived(bobs_mailbox))


def test_another_persons_draft_or_file_is_not_there(
    reader: Client,
    signed_in: Any,
    submission: SubmissionServer,
    bob: MailAccount,
    mailbox: Mailbox,
    bobs_mailbox: Mailbox,
) -> None:
    others = signed_in(bob)
    others.post("/compose/", {"kind": "new", "body": "secret", "do": "save"})
    draft = Draft.objects.get()
    data = {"kind": "new", "to": "bob@ac-exemple.fr", "body": "x", "draft": str(draft.pk)}
    assert reader.post("/compose/", data).status_code == 404
    assert drafts.content(Draft.objects.get()).text == "secret"
