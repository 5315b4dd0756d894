"""Messages inside messages, below the text of the one that holds them."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.message import EmailMessage
from html import unescape

import pytest
from django.test import Client

from accounts.models import User
from demo.servers.dovecot import MailAccount
from mail.remote import RemoteContent
from tests.servers.mailboxes import DATA, Mailbox
from tests.webmail.views.mail import commands_sent, letter, page, path, words
from tests.webmail.views.reader.test_messages import HTMX, PNG, body
from tests.webmail.views.test_viewer import carrying, deep, picture
from webmail.reader import image_proxy

pytestmark = pytest.mark.django_db

LOGO = "https://images.exemple.org/logo.png"


def forwarded(disposition: str = "inline", **options: object) -> bytes:
    """A letter with another one in it, as its author wants it shown."""
    inner = letter("Sortie <b>scolaire</b>", "Rendez-vous à 8 h.", **options)  # type: ignore[arg-type]
    return carrying(inner).replace(
        b"Disposition: attachment", f"Disposition: {disposition}".encode()
    )


def newsletter() -> bytes:
    message = EmailMessage()
    message["Subject"] = "Lettre"
    message["From"] = "Revue <lettre@revue.example>"
    message["Cc"] = "Claire <claire@ac-exemple.fr>"
    html = (
        f'<p>Bonjour</p><script>alert(1)</script><img src="cid:a@x"><img src="{LOGO}" width="200">'
    )
    message.set_content(html, subtype="html")
    message.add_related(picture(), maintype="image", subtype="png", cid="<a@x>")
    return message.as_bytes()


def lines(answer) -> list[tuple[bool, str]]:
    """The nested messages below the text: whether each is open, and what its head says."""
    found = re.findall(
        r'(?s)<details class="nested"[^>]*?( open)?>.*?<span class="nested-head">(.*?)</span>\s*'
        "</summary>",
        page(answer),
    )
    return [
        (bool(opens), " ".join(unescape(re.sub("<[^>]*>", " ", head)).split()))
        for opens, head in found
    ]


def letters(answer) -> list[str]:
    """Where the nested messages come from."""
    return re.findall(r'<div class="nested-message" hx-get="([^"]*)"', page(answer))


def test_a_nested_message_is_told_below_the_text_and_not_fetched(
    reader: Client, mailbox: Mailbox
) -> None:
    reader.get("/mail/INBOX/")
    costs = []
    for raw in (letter("Seul"), forwarded()):
        uid = mailbox.append(raw)
        before = commands_sent()
        answer = reader.get(path(mailbox, uid), headers=HTMX)
        costs.append(commands_sent() - before)
    assert costs[0] == costs[1]
    said = "Sortie <b>scolaire</b> Bob Petit · mar. 3 mars 2026"
    ((opens, head),) = lines(answer)
    assert opens and head.startswith(said)
    assert "Rendez-vous" not in words(answer)
    (url,) = letters(answer)
    assert url == path(mailbox, uid, "view/2/message/")
    # Without JavaScript a link leads to it.
    assert f'<a class="textbtn" href="{path(mailbox, uid, "view/2/")}">' in page(answer)


def test_what_its_author_attached_stays_closed(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(forwarded("attachment"))
    assert [opens for opens, _head in lines(reader.get(path(mailbox, uid)))] == [False]


def test_all_of_a_digest_are_told_and_stay_closed(reader: Client, mailbox: Mailbox) -> None:
    answer = reader.get(path(mailbox, mailbox.append("digest.eml")))
    assert [opens for opens, _head in lines(answer)] == [False, False]


def test_the_message_that_a_report_is_about_stays_closed(reader: Client, mailbox: Mailbox) -> None:
    answer = reader.get(path(mailbox, mailbox.append("bounce.eml")))
    assert [opens for opens, _head in lines(answer)] == [False]


def test_its_text_comes_alone_and_in_few_commands(reader: Client, mailbox: Mailbox) -> None:
    files = (("plan.bin", "application/octet-stream", bytes(300_000)),)
    uid = mailbox.append(forwarded(files=files))
    (url,) = letters(reader.get(path(mailbox, uid)))
    before = commands_sent()
    answer = reader.get(url, headers=HTMX)
    assert commands_sent() - before <= 6  # NOOP, who wrote the message; NOOP, structure, text
    assert "<html" not in page(answer) and page(answer).startswith('<div class="nested-message">')
    assert "Rendez-vous à 8 h." in words(answer) and "alice@ac-exemple.fr" in words(answer)
    before = commands_sent()
    reader.get(url, headers=HTMX)
    assert commands_sent() - before <= 4  # NOOP, the part, its structure, its text
    (view,) = re.findall(
        r'<a href="([^"]*/view/[^"]*)" hx-get="[^"]*" hx-target="#viewer"', page(answer)
    )
    assert view == path(mailbox, uid, "view/2.2/")
    assert "plan.bin" in words(reader.get(view))


def test_without_htmx_its_address_is_a_page(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(forwarded())
    answer = reader.get(path(mailbox, uid, "view/2/message/"))
    assert "<html" in page(answer) and "Rendez-vous à 8 h." in words(answer)


def test_what_is_no_message_has_no_letter(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter(files=(("a.txt", "text/plain", b"x"),)))
    assert reader.get(path(mailbox, uid, "view/2/message/"), headers=HTMX).status_code == 404
    assert reader.get(path(mailbox, uid, "view/2/frame/remote/0")).status_code == 404


@pytest.mark.parametrize(
    ("name", "media_type"), [("", "message/rfc822"), ("lettre.eml", "application/octet-stream")]
)
def test_its_html_stands_in_a_frame_of_its_own_under_the_same_rules(
    reader: Client, mailbox: Mailbox, name: str, media_type: str
) -> None:
    uid = mailbox.append(carrying(newsletter(), name, media_type))
    url = path(mailbox, uid, "view/2/")
    shown = reader.get(url + "message/", headers=HTMX)
    assert f'src="{url}frame/"' in page(shown) and "Bonjour" not in words(shown)
    assert "claire@ac-exemple.fr" in words(shown) or "Claire" in words(shown)
    frame = reader.get(url + "frame/")
    assert "Bonjour" in words(frame) and "<script" not in page(frame)
    assert 'src="inline/0"' in page(frame) and "remote/" not in page(frame)
    policy = frame["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "allow-scripts" not in policy
    assert body(reader.get(url + "frame/inline/0")).startswith(b"\x89PNG")
    for more in ("inline/1", "remote/0"):
        assert reader.get(url + "frame/" + more).status_code == 404


def test_its_images_follow_what_was_chosen_for_the_message(
    reader: Client, mailbox: Mailbox
) -> None:
    uid = mailbox.append(carrying(newsletter()))
    url = path(mailbox, uid, "view/2/")
    bar = page(reader.get(url + "message/", headers=HTMX))
    assert f'hx-post="{path(mailbox, uid, "images/")}"' in bar and 'value="once"' in bar
    # The viewer may stand alone, without the reader that htmx would swap.
    alone = page(reader.get(url)).split('<div class="banner images"')[1].split("</div>")[0]
    assert f'action="{path(mailbox, uid, "images/")}"' in alone and "hx-post" not in alone
    reader.post(path(mailbox, uid, "images/"), {"show": "once"})
    assert 'src="remote/0"' in page(reader.get(url + "frame/"))
    image_proxy.remember(User.objects.get(login="alice"), LOGO, RemoteContent("image/png", PNG))
    assert reader.get(url + "frame/remote/0").content == PNG
    other = mailbox.append(carrying(newsletter()))
    assert "remote/" not in page(reader.get(path(mailbox, other, "view/2/frame/")))


def test_the_images_of_its_author_are_not_shown_for_another_who_forwards_it(
    reader: Client, mailbox: Mailbox, settings
) -> None:
    settings.AUTHSERV_ID = "mx.ac-exemple.fr"
    own = mailbox.append(newsletter())
    reader.post(path(mailbox, own, "images/"), {"show": "always"})
    forged = mailbox.append(b"From: x@mal.example\r\n" + carrying(newsletter()))
    assert "remote/" not in page(reader.get(path(mailbox, forged, "view/2/frame/")))


def test_messages_deep_in_others_are_left_to_the_viewer(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(deep(8))
    (url,) = letters(reader.get(path(mailbox, uid)))
    depth = 0
    while url:
        depth += 1
        answer = reader.get(url, headers=HTMX)
        assert answer.status_code == 200
        url = next(iter(letters(answer)), "")
    assert depth == 6
    # Nothing is lost: the one below has its card.
    assert "Etage 0.eml" in words(answer)


def test_another_persons_nested_message_is_not_found(
    signed_in: Callable[..., Client], bob: MailAccount, mailbox: Mailbox
) -> None:
    uid = mailbox.append(carrying(newsletter()))
    his = signed_in(bob)
    for more in ("message/", "frame/", "frame/inline/0", "frame/remote/0"):
        answer = his.get(path(mailbox, uid, f"view/2/{more}"), headers=HTMX)
        assert answer.status_code in {404, 409}


def test_a_nested_message_that_is_damaged_is_said(reader: Client, mailbox: Mailbox) -> None:
    inner = b"Subject: x\nContent-Type: multipart/mixed\n\n--q\n\nLisible.\n"
    uid = mailbox.append(carrying(inner))
    answer = reader.get(path(mailbox, uid, "view/2/message/"), headers=HTMX)
    assert "Lisible." in words(answer) and "banner warn" in page(answer)


@pytest.mark.parametrize(
    ("name", "media_type"), [("", "message/rfc822"), ("lettre.eml", "application/octet-stream")]
)
def test_its_signature_is_said_and_can_be_saved(
    reader: Client, mailbox: Mailbox, name: str, media_type: str
) -> None:
    signed = (DATA / "mime" / "smime-clear.eml").read_bytes()
    uid = mailbox.append(carrying(signed, name, media_type))
    answer = reader.get(path(mailbox, uid, "view/2/message/"), headers=HTMX)
    (link,) = re.findall(r'<a href="([^"]*)" download>[^<]*smime.p7s', page(answer))
    assert body(reader.get(link)).startswith(b"\x30\x82")
    assert "smime.p7s" not in page(answer).split('<ul class="cards')[1]
