"""The frame and what it loads: what it costs, images from elsewhere, pages beside the reader."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts import session
from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from demo.servers.dovecot import MailAccount
from mail.remote import RemoteContent
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import commands_sent, letter, page, path, words
from tests.webmail.views.reader.test_messages import HTMX, PNG, body, related
from tests.webmail.views.test_viewer import carrying
from webmail.models import CACHE_KEY, AllowedSender, PreferenceDefault, TrustedImageDomain
from webmail.reader import image_proxy

pytestmark = pytest.mark.django_db

LOGO = "https://images.exemple.org/logo.png"


@pytest.fixture(autouse=True)
def senders_are_judged(settings) -> None:
    settings.AUTHSERV_ID = "mx.ac-exemple.fr"


PLACE = '<p>Bonjour</p><img src="cid:a@x"><img src="{}" width="200" height="90">'
TRACKER = '<img src="https://pixel.exemple.org/1.gif" width="1" height="1">'
REMOTE = PLACE.format(LOGO) + TRACKER


def newsletter(html: str = REMOTE, **fields: str) -> bytes:
    message = EmailMessage()
    message["Subject"] = "Lettre"
    message["From"] = fields.pop("sender", "Revue <lettre@revue.example>")
    for name, value in fields.items():
        message[name.replace("_", "-")] = value
    message.set_content(html, subtype="html")
    message.add_related(PNG, maintype="image", subtype="png", cid="<a@x>")
    return message.as_bytes()


@pytest.fixture
def uid(mailbox: Mailbox) -> int:
    return mailbox.append(newsletter())


@pytest.fixture
def counted(reader: Client) -> Callable[..., int]:
    """`counted(url)`: the IMAP commands that a page of Alice's costs, its connection being open."""

    def count(url: str) -> int:
        before = commands_sent()
        answer = reader.get(url)
        assert answer.status_code == 200
        if answer.streaming:
            body(answer)
        return commands_sent() - before

    reader.get("/mail/INBOX/")
    return count


def bar(answer) -> tuple[list[str], list[str]]:
    """What the bar above the message tells, the number of images that are not loaded or "shown",
    and the number of trackers; and the choices that it offers."""
    found = "".join(re.findall(r'(?s)<div class="banner images".*?</div>', page(answer)))
    told = re.findall(r"<b>(\d+|Les images distantes s’affichent) ", found)
    said = [word if word.isdigit() else "shown" for word in told]
    return said, re.findall(r'name="show" value="(\w+)"', found)


def choose(reader: Client, mailbox: Mailbox, uid: int, show: str, **more):
    return reader.post(path(mailbox, uid, "images/"), {"show": show}, **more)


# --- what it costs ---


def test_after_the_message_its_frame_costs_no_command_and_an_image_its_own(
    counted: Callable[..., int], mailbox: Mailbox, uid: int
) -> None:
    message = path(mailbox, uid)
    counted(message)
    assert counted(message + "frame/") == 0
    assert counted(message + "frame/inline/0") == 2  # NOOP, for the folder may be another; FETCH
    first = counted(path(mailbox, mailbox.append(newsletter("<p>Autre</p>"))))
    # Its HTML, its mark as read, its row in the list beside, and whether there is mail to judge.
    assert first - counted(message) == 4


def test_a_frame_opened_by_itself_is_rendered_once(
    counted: Callable[..., int], mailbox: Mailbox, uid: int
) -> None:
    frame = path(mailbox, uid, "frame/")
    assert counted(frame) == 4  # NOOP, head, NOOP in the second lease, body and structure
    assert counted(frame) == 0
    assert counted(frame + "inline/0") == 2


def test_an_image_costs_a_small_record_and_not_the_kept_html(
    reader: Client, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "".join(f"<p>{n * 7919 % 100_003}</p>" for n in range(10_000))
    uid = mailbox.append(newsletter(REMOTE + long))
    choose(reader, mailbox, uid, "once")
    reader.get(path(mailbox, uid))
    image_proxy.remember(User.objects.get(login="alice"), LOGO, RemoteContent("image/png", PNG))
    read: list[int] = []
    get = cache.get

    def measured(key: str, default: object = None) -> object:
        found = get(key, default)
        read.append(len(found) if isinstance(found, (str, bytes)) else 0)
        return found

    monkeypatch.setattr(cache, "get", measured)
    for more in ("frame/inline/0", "frame/remote/0"):
        assert reader.get(path(mailbox, uid, more)).status_code == 200
    assert max(read) < 3_000
    read.clear()
    reader.get(path(mailbox, uid, "frame/"))
    assert max(read) > 20_000


def test_the_same_content_elsewhere_is_not_sanitised_again(
    reader: Client, mailbox: Mailbox, uid: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader.get(path(mailbox, uid))
    copy = mailbox.append(newsletter())
    monkeypatch.setattr("mail.mime.hypertext.html.sanitise", lambda *_, **__: pytest.fail("again"))
    assert "Bonjour" in words(reader.get(path(mailbox, copy, "frame/")))


def test_another_session_of_the_same_person_begins_anew(
    signed_in: Callable[..., Client], alice: MailAccount, mailbox: Mailbox, uid: int
) -> None:
    for _n in range(2):
        client = signed_in(alice)
        before = commands_sent()
        client.get(path(mailbox, uid, "frame/"))
        assert commands_sent() - before >= 4


def test_what_was_seen_is_not_shown_without_the_key(
    reader: Client, mailbox: Mailbox, uid: int
) -> None:
    reader.get(path(mailbox, uid))
    del reader.cookies["mail_key"]
    answer = reader.get(path(mailbox, uid, "frame/"))
    assert answer.status_code == 302
    assert b"Bonjour" not in answer.content


# --- images from elsewhere ---


def test_images_from_elsewhere_wait_for_the_reader(
    reader: Client, mailbox: Mailbox, uid: int
) -> None:
    assert bar(reader.get(path(mailbox, uid))) == (["1", "1"], ["once", "always"])
    frame = page(reader.get(path(mailbox, uid, "frame/")))
    assert "remote/" not in frame and "exemple.org" not in frame
    assert reader.get(path(mailbox, uid, "frame/remote/0")).status_code == 404


def test_shown_once_is_for_this_message_alone(reader: Client, mailbox: Mailbox, uid: int) -> None:
    other = mailbox.append(newsletter(PLACE.format("https://images.exemple.org/b.png")))
    answer = choose(reader, mailbox, uid, "once")
    assert answer.status_code == 302 and answer["Location"] == path(mailbox, uid)
    assert bar(reader.get(path(mailbox, uid))) == (["shown", "1"], ["always", "never"])
    frame = page(reader.get(path(mailbox, uid, "frame/")))
    assert 'src="remote/0"' in frame and "exemple.org" not in frame and "remote/1" not in frame
    assert 'src="inline/0"' in frame
    assert "remote/" not in page(reader.get(path(mailbox, other, "frame/")))
    choose(reader, mailbox, uid, "never")
    assert "remote/" not in page(reader.get(path(mailbox, uid, "frame/")))


def test_always_for_a_sender_and_never_again(reader: Client, mailbox: Mailbox, uid: int) -> None:
    other = mailbox.append(newsletter("<p>Suite</p>" + PLACE.format(LOGO)))
    stranger = mailbox.append(newsletter(sender="x@autre.example"))
    choose(reader, mailbox, uid, "always")
    assert list(AllowedSender.objects.values_list("address", flat=True)) == ["lettre@revue.example"]
    assert "remote/0" in page(reader.get(path(mailbox, other, "frame/")))
    assert "remote/" not in page(reader.get(path(mailbox, stranger, "frame/")))
    assert bar(reader.get(path(mailbox, other))) == (["shown"], ["never"])
    choose(reader, mailbox, other, "never")
    assert not AllowedSender.objects.exists()
    assert "remote/" not in page(reader.get(path(mailbox, other, "frame/")))


def test_always_for_contacts_and_no_longer(reader: Client, mailbox: Mailbox, uid: int) -> None:
    owner = User.objects.get(login="alice")
    revue = ContactData(display_name="Revue", emails=(Email("LETTRE@revue.example"),))
    contact = contacts.create(owner, revue)
    other = mailbox.append(newsletter("<p>Suite</p>" + PLACE.format(LOGO)))
    stranger = mailbox.append(newsletter(sender="x@autre.example"))
    assert bar(reader.get(path(mailbox, stranger)))[1] == ["once", "always"]
    assert bar(reader.get(path(mailbox, uid)))[1] == ["once", "always", "contacts"]
    choose(reader, mailbox, uid, "contacts")
    assert User.objects.get(pk=owner.pk).preferences == {"images": "contacts"}
    assert "remote/0" in page(reader.get(path(mailbox, other, "frame/")))
    assert "remote/" not in page(reader.get(path(mailbox, stranger, "frame/")))
    assert bar(reader.get(path(mailbox, other))) == (["shown"], ["not_contacts"])
    contacts.delete(owner, [contact.pk])
    assert "remote/" not in page(reader.get(path(mailbox, other, "frame/")))
    contacts.restore(owner, [contact.pk])
    choose(reader, mailbox, other, "not_contacts")
    assert "remote/" not in page(reader.get(path(mailbox, other, "frame/")))


def test_a_forged_contact_shows_no_images(reader: Client, mailbox: Mailbox, settings) -> None:
    settings.AUTHSERV_ID = "mx.ac-exemple.fr"
    uid = mailbox.append(newsletter(Authentication_Results="mx.ac-exemple.fr; dmarc=fail"))
    revue = ContactData(display_name="Revue", emails=(Email("lettre@revue.example"),))
    contacts.create(User.objects.get(login="alice"), revue)
    User.objects.update(preferences={"images": "contacts"})
    assert "remote/" not in page(reader.get(path(mailbox, uid, "frame/")))


def test_what_administrators_locked_is_not_offered(
    reader: Client, mailbox: Mailbox, uid: int
) -> None:
    revue = ContactData(display_name="Revue", emails=(Email("lettre@revue.example"),))
    contacts.create(User.objects.get(login="alice"), revue)
    PreferenceDefault.objects.create(name="images", value="ask", locked=True)
    cache.delete(CACHE_KEY)
    assert bar(reader.get(path(mailbox, uid)))[1] == ["once", "always"]
    choose(reader, mailbox, uid, "contacts")
    assert bar(reader.get(path(mailbox, mailbox.append(newsletter()))))[1] == ["once", "always"]


def test_one_persons_choice_is_not_anothers(
    signed_in: Callable[..., Client],
    reader: Client,
    mailbox: Mailbox,
    bob: MailAccount,
    bobs_mailbox: Mailbox,
    uid: int,
) -> None:
    choose(reader, mailbox, uid, "always")
    his = bobs_mailbox.append(newsletter())
    assert "remote/" not in page(signed_in(bob).get(path(bobs_mailbox, his, "frame/")))


def test_administrators_trust_domains(reader: Client, mailbox: Mailbox, uid: int) -> None:
    TrustedImageDomain.objects.create(domain="revue.example")
    assert bar(reader.get(path(mailbox, uid))) == (["shown", "1"], [])
    assert "remote/0" in page(reader.get(path(mailbox, uid, "frame/")))


def test_trust_does_not_cover_a_forged_sender(reader: Client, mailbox: Mailbox, settings) -> None:
    settings.AUTHSERV_ID = "mx.ac-exemple.fr"
    TrustedImageDomain.objects.create(domain="revue.example")
    forged = newsletter(Authentication_Results="mx.ac-exemple.fr; dmarc=fail")
    uid = mailbox.append(forged)
    answer = reader.get(path(mailbox, uid))
    assert bar(answer) == (["1", "1"], ["once"])
    assert "remote/" not in page(reader.get(path(mailbox, uid, "frame/")))
    choose(reader, mailbox, uid, "always")
    assert not AllowedSender.objects.exists()
    assert "remote/0" in page(reader.get(path(mailbox, uid, "frame/")))


def test_where_no_sender_is_judged_no_always_counts(
    reader: Client, mailbox: Mailbox, uid: int, settings
) -> None:
    """Anybody could write any of these addresses into From."""
    settings.AUTHSERV_ID = ""
    owner = User.objects.get(login="alice")
    AllowedSender.objects.allow(owner, "lettre@revue.example")
    TrustedImageDomain.objects.create(domain="revue.example")
    contacts.create(owner, ContactData(emails=(Email("lettre@revue.example"),)))
    User.objects.update(preferences={"images": "contacts"})
    assert bar(reader.get(path(mailbox, uid))) == (["1", "1"], ["once"])
    for show in ("always", "contacts"):
        choose(reader, mailbox, uid, show)
        other = mailbox.append(newsletter(PLACE.format("https://images.exemple.org/b.png")))
        assert bar(reader.get(path(mailbox, other))) == (["1"], ["once"])
    choose(reader, mailbox, uid, "once")
    assert bar(reader.get(path(mailbox, uid))) == (["shown", "1"], ["never"])


def test_htmx_gets_the_reader_with_its_images(reader: Client, mailbox: Mailbox, uid: int) -> None:
    answer = choose(reader, mailbox, uid, "once", headers=HTMX)
    assert answer.status_code == 200
    assert page(answer).count('id="message"') == 1 and "<html" not in page(answer)
    assert bar(answer) == (["shown", "1"], ["always", "never"])


def test_no_link_shows_images(reader: Client, mailbox: Mailbox, uid: int) -> None:
    assert reader.get(path(mailbox, uid, "images/?show=once")).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = reader.cookies
    assert strict.post(path(mailbox, uid, "images/"), {"show": "once"}).status_code == 403
    choose(reader, mailbox, uid, "nonsense")
    assert "remote/" not in page(reader.get(path(mailbox, uid, "frame/")))


def test_an_image_from_elsewhere_comes_from_here(
    reader: Client, mailbox: Mailbox, uid: int
) -> None:
    image_proxy.remember(User.objects.get(login="alice"), LOGO, RemoteContent("image/png", PNG))
    choose(reader, mailbox, uid, "once")
    answer = reader.get(path(mailbox, uid, "frame/remote/0"))
    assert answer.status_code == 200
    assert (answer["Content-Type"], answer.content) == ("image/png", PNG)
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    for n in ("1", "99999999", "-1", "0/", "https://images.exemple.org/"):
        assert reader.get(path(mailbox, uid, f"frame/remote/{n}")).status_code == 404


def test_an_image_inside_is_not_reached(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(newsletter(PLACE.format("http://127.0.0.1:8000/admin/logo.png")))
    choose(reader, mailbox, uid, "once")
    assert reader.get(path(mailbox, uid, "frame/remote/0")).status_code == 502


def test_nobody_shows_or_loads_what_belongs_to_another(
    signed_in: Callable[..., Client], reader: Client, mailbox: Mailbox, bob: MailAccount, uid: int
) -> None:
    choose(reader, mailbox, uid, "once")
    reader.get(path(mailbox, uid, "frame/"))
    his = signed_in(bob)
    for more in ("frame/remote/0", "frame/inline/0", "print/", "headers/"):
        assert his.get(path(mailbox, uid, more)).status_code in {404, 409}
    assert choose(his, mailbox, uid, "always").status_code in {404, 409}
    assert not AllowedSender.objects.exists()


# --- pages beside the reader ---


def test_all_headers_are_on_a_page(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter("=?utf-8?q?=C3=89t=C3=A9?=", X_Odd="<b>un</b>", html="<p>a</p>"))
    answer = reader.get(path(mailbox, uid, "headers/"))
    assert answer.status_code == 200
    assert "X-Odd <b>un</b>" in words(answer) and "<b>un" not in page(answer)
    assert "Message-Id <origine@ac-exemple.fr>" in words(answer)
    assert mailbox.flags(uid) == set()


def test_html_is_printed_with_its_head_from_a_page_that_runs_nothing(
    reader: Client, mailbox: Mailbox
) -> None:
    uid = mailbox.append(newsletter(REMOTE + "<script>alert(1)</script>", To="Alice <a@b.fr>"))
    (link,) = re.findall(r'<a href="([^"]*)"[^>]*data-print', page(reader.get(path(mailbox, uid))))
    answer = reader.get(link)
    assert answer.status_code == 200
    said = words(answer)
    assert "Revue <lettre@revue.example>" in said and "Alice <a@b.fr>" in said
    assert "Bonjour" in said
    assert 'src="inline/0"' in page(answer) and '<base href="../frame/"' in page(answer)
    assert "<script" not in page(answer)
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "allow-modals" in policy
    assert "allow-scripts" not in policy and "allow-forms" not in policy
    assert answer["X-Frame-Options"] == "SAMEORIGIN"


def test_text_is_printed_as_well(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter("Sortie", "Bonjour <i>à tous</i>\n"))
    answer = reader.get(path(mailbox, uid, "print/"))
    assert "Bonjour <i>à tous</i>" in words(answer) and "Bob Petit" in words(answer)
    both = mailbox.append(letter("Deux", "En texte\n", html="<p>En HTML</p>"))
    (link,) = re.findall(
        r'<a href="([^"]*)"[^>]*data-print', page(reader.get(path(mailbox, both, "?view=text")))
    )
    assert "En texte" in words(reader.get(link))
    assert "En HTML" in words(reader.get(path(mailbox, both, "print/")))


def test_the_messages_inside_are_printed_as_their_text(reader: Client, mailbox: Mailbox) -> None:
    files = (("plan.bin", "application/octet-stream", bytes(300)),)
    inner = carrying(letter("Tout au fond", "Le mot de la fin.", files=files))
    inner = inner.replace(b"Subject: Tr\r\n", b"Subject: Au milieu\r\nFrom: Zoe <zoe@a.fr>\r\n")
    uid = mailbox.append(carrying(inner))
    answer = reader.get(path(mailbox, uid, "print/"))
    said = words(answer)
    order = [
        "Au milieu",
        "Zoe <zoe@a.fr>",
        "Voir.",
        "Tout au fond",
        "plan.bin",
        "Le mot de la fin.",
    ]
    places = [said.rindex(one) for one in order]
    assert places == sorted(places)
    assert page(answer).count("<article>") == 2
    assert mailbox.flags(uid) == set()
    html = mailbox.append(carrying(newsletter("<script>alert(1)</script><p>Dedans</p>")))
    answer = reader.get(path(mailbox, html, "print/"))
    assert "Dedans" in words(answer) and "<script" not in page(answer)
    alone = reader.get(path(mailbox, mailbox.append(letter()), "print/"))
    assert '<section id="messages-inside"' not in page(alone)


def test_printing_costs_a_command_for_each_message_inside(
    counted: Callable[..., int], mailbox: Mailbox
) -> None:
    assert counted(path(mailbox, mailbox.append(letter()), "print/")) == 3
    inside = carrying(letter("Tout au fond"))
    assert counted(path(mailbox, mailbox.append(carrying(inside)), "print/")) == 3 + 2


def test_html_that_is_too_complex_is_shown_as_text_and_can_be_saved(
    reader: Client, mailbox: Mailbox
) -> None:
    written = "<div>" * 3000 + "Le fond"
    uid = mailbox.append(letter(body="En texte", html=written))
    answer = reader.get(path(mailbox, uid))
    links = re.findall(r'<a href="([^"]*)" download>[^<]*\.html\)</a>', page(answer))
    assert links == [path(mailbox, uid, "part/2/")]
    saved = reader.get(links[0])
    assert saved["Content-Type"] == "application/octet-stream"
    assert saved["Content-Disposition"].startswith("attachment;")
    assert b"".join(saved).replace(b"\r\n", b"\n").rstrip() == written.encode()
    simple = reader.get(path(mailbox, mailbox.append(letter(html="<p>a</p>"))))
    assert not re.findall(r"\.html\)</a>", page(simple))


def test_mail_opens_our_composer(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(newsletter('<a href="mailto:a@b.fr?subject=Oui&cc=c@d.fr">écrire</a>'))
    (link,) = re.findall(r'href="(/compose/[^"]*)"', page(reader.get(path(mailbox, uid, "frame/"))))
    form = page(reader.get(link.replace("&amp;", "&")))
    assert 'value="a@b.fr"' in form and 'value="c@d.fr"' in form and 'value="Oui"' in form
    uid = mailbox.append(letter(body="Écrivez à c@d.fr\n"))
    (link,) = re.findall(r'href="(/compose/[^"]*c%40d.fr)"', page(reader.get(path(mailbox, uid))))
    assert 'value="c@d.fr"' in page(reader.get(link))


def test_plain_mail_takes_the_readers_colours_and_designed_mail_keeps_its_own(
    reader: Client, mailbox: Mailbox
) -> None:
    plain = mailbox.append(related("<p>Bonjour</p>"))
    designed = mailbox.append(related('<table bgcolor="#ffcc00"><tr><td>Bonjour</td></tr></table>'))
    assert 'class="frame"' in page(reader.get(path(mailbox, plain)))
    assert 'class="frame island"' in page(reader.get(path(mailbox, designed)))
    dark = "color-scheme: dark !important"
    assert dark in page(reader.get(path(mailbox, plain, "frame/")))
    assert dark not in page(reader.get(path(mailbox, designed, "frame/")))


# --- how long a download is ---


def file_part(encoding: str, content: bytes) -> bytes:
    """A letter whose second part is a file, encoded as given."""
    head = (
        "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n"
        "--q\r\n\r\nVoir.\r\n--q\r\nContent-Type: application/octet-stream; name=f.bin\r\n"
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    )
    return head.encode() + content + b"\r\n--q--\r\n"


def lines(content: bytes) -> bytes:
    return base64.encodebytes(content).replace(b"\n", b"\r\n")


NOISE = bytes(range(256)) * 4001
ENCODED = {
    "base64": ("base64", lines(NOISE)),
    "base64 on one line": ("base64", base64.b64encode(NOISE)),
    "base64 with a blank line behind it": ("base64", lines(NOISE[:-1]) + b"\r\n"),
    "8bit": ("8bit", "é\r\n".encode() * 300_000),
    "small base64": ("base64", b"SGkh"),
    "small and damaged": ("base64", b"SGkhS*GkhSGk\r\n-- \r\nliste"),
    "small quoted-printable": ("quoted-printable", b"a \t\r\n=C3=A9=\r\n"),
    "nothing": ("base64", b""),
}


@pytest.mark.parametrize(("encoding", "content"), ENCODED.values(), ids=ENCODED)
def test_a_download_is_as_long_as_was_told(
    reader: Client, mailbox: Mailbox, encoding: str, content: bytes
) -> None:
    uid = mailbox.append(file_part(encoding, content))
    answer = reader.get(path(mailbox, uid, "part/2/"))
    assert answer.streaming
    assert answer["Content-Length"] == str(len(body(answer)))


DAMAGED = {
    "cut off": ("base64", lines(NOISE)[:-5].rstrip(b"=")),
    "an advert behind it": ("base64", lines(NOISE) + b"-- \r\nliste\r\n"),
    "a letter of no base64": ("base64", lines(NOISE).replace(b"A", b"*A", 1)),
    "two files joined": ("base64", lines(NOISE[:-1]) + lines(NOISE)),
    "lines of two lengths": ("base64", lines(NOISE) + base64.b64encode(b"encore") + b"\r\n"),
    "a blank inside": ("base64", lines(NOISE).replace(b"\r\n", b"\r\n \r\n", 1)),
    "quoted-printable": ("quoted-printable", b"=C3=A9t=C3=A9=\r\n=\r\n" * 90_000),
    "an encoding of its own": ("x-own", b"abc\r\n" * 300_000),
}


@pytest.mark.parametrize(("encoding", "content"), DAMAGED.values(), ids=DAMAGED)
def test_no_length_is_told_that_nobody_knows(
    reader: Client, mailbox: Mailbox, encoding: str, content: bytes
) -> None:
    uid = mailbox.append(file_part(encoding, content))
    answer = reader.get(path(mailbox, uid, "part/2/"))
    assert answer.status_code == 200 and len(body(answer)) > 100_000
    assert "Content-Length" not in answer


def test_each_of_several_downloads_is_as_long_as_was_told(reader: Client, mailbox: Mailbox) -> None:
    """Dovecot's BINARY.SIZE is wrong for all but the last of these."""
    files = [NOISE[:-n] for n in (1, 2, 3, 4)]
    uid = mailbox.append(letter(files=tuple(("f.bin", "application/zip", one) for one in files)))
    for number, content in enumerate(files, 2):
        answer = reader.get(path(mailbox, uid, f"part/{number}/"))
        assert answer["Content-Length"] == str(len(content))
        assert body(answer) == content


def test_a_nested_message_is_saved_with_its_length(reader: Client, mailbox: Mailbox) -> None:
    inner = b"Subject: y\r\n\r\nOui.\r\n"
    raw = file_part("8bit", inner).replace(b"application/octet-stream", b"message/rfc822")
    uid = mailbox.append(raw)
    answer = reader.get(path(mailbox, uid, "part/2/"))
    assert body(answer) == inner and answer["Content-Length"] == str(len(inner))


# --- files in what IMAP takes for one part ---

UUENCODED = "Voici :\n\nbegin 644 notes.txt\n(0F]N:F]U<@H*\n`\nend\n\nSuite\n"


def test_a_uuencoded_file_is_an_attachment(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter(body=UUENCODED))
    answer = reader.get(path(mailbox, uid))
    assert "begin 644" not in words(answer) and "Suite" in words(answer)
    (link,) = re.findall(r'href="([^"]*/part/[^"]*)"', page(answer))
    download = reader.get(link)
    content = body(download)
    assert content.startswith(b"Bonjour") and download["Content-Length"] == str(len(content))
    assert download["Content-Type"] == "application/octet-stream"
    assert download["Content-Disposition"] == 'attachment; filename="notes.txt"'


@pytest.mark.parametrize("number", ["1~1~1", "1~9", "9~1", "1~", "1~0", "~1", "1~1.1"])
def test_a_part_that_is_in_no_container_is_404(
    reader: Client, mailbox: Mailbox, number: str
) -> None:
    uid = mailbox.append(letter(body=UUENCODED))
    assert reader.get(path(mailbox, uid, f"part/{number}/")).status_code == 404
    assert all(connections.lent == 0 for connections in session.pool()._by_key.values())


def test_nothing_that_was_seen_outlives_a_shared_session(
    signed_in: Callable[..., Client], alice: MailAccount, mailbox: Mailbox, uid: int
) -> None:
    client = signed_in(alice, shared_computer="on")
    client.get(path(mailbox, uid))
    client.post("/accounts/logout/")
    assert client.get(path(mailbox, uid, "frame/")).status_code == 302


# --- what files are, against what they say ---

PROGRAM = b"MZ\x90\x00" + b"\x00" * 200
FILES = (
    ("vrai.pdf", "application/pdf", b"%PDF-1.7\n" + b"x" * 5000),
    ("facture.pdf", "application/pdf", PROGRAM),
    ("notes.txt", "text/plain", b"Bonjour"),
    ("liste.docx", "application/octet-stream", b"PK\x03\x04" + b"\x00" * 100),
    ("bulletin.pdf", "application/octet-stream", b"PK\x03\x04" + b"\x00" * 100),
    ("lisezmoi.pdf", "application/pdf", b"Du texte, rien d'autre."),
    ("outil.exe", "application/octet-stream", PROGRAM),
    ("photo.jpg", "image/jpeg", PROGRAM),
)


def risks_of(answer: Any) -> dict[str, str]:
    found = re.findall(r'(?s)id="risk-([^"]*)" hx-swap-oob="true">(.*?)</span>', page(answer))
    bare = {slot: re.sub(r"(?s)<svg.*?</svg>", "", words).strip() for slot, words in found}
    return {slot: words.replace("\xa0", " ") for slot, words in bare.items()}


def test_a_card_says_when_the_content_is_not_what_the_name_says(
    reader: Client, mailbox: Mailbox
) -> None:
    uid = mailbox.append(letter(files=FILES))
    content = page(reader.get(path(mailbox, uid), headers={"HX-Request": "true"}))
    assert f'hx-get="{path(mailbox, uid, "risks/")}" hx-trigger="load"' in content
    slots = re.findall(r'id="risk-([^"]*)"></span>', content)
    assert slots == ["2", "3", "4", "5", "6", "7"]  # not the program by its name, nor the image
    before = commands_sent()
    told = risks_of(reader.get(path(mailbox, uid, "risks/")))
    assert commands_sent() - before == 3
    assert told == {
        "3": "Programme : dangereux à ouvrir",
        "6": "Contenu différent du nom",
        "7": "Contenu différent du nom : TXT",
    }
    before = commands_sent()
    assert risks_of(reader.get(path(mailbox, uid, "risks/"))) == told
    assert commands_sent() == before


def test_nothing_is_asked_for_where_no_file_can_lie(reader: Client, mailbox: Mailbox) -> None:
    alone = mailbox.append(letter())
    named = mailbox.append(letter(files=(("outil.exe", "application/octet-stream", PROGRAM),)))
    for uid in (alone, named):
        assert "risks/" not in page(reader.get(path(mailbox, uid), headers={"HX-Request": "true"}))
        assert risks_of(reader.get(path(mailbox, uid, "risks/"))) == {}


def test_opening_a_message_with_files_takes_no_more_commands_for_that(
    reader: Client, mailbox: Mailbox
) -> None:
    plain, filed = mailbox.append(letter()), mailbox.append(letter(files=FILES[:1]))
    counts = []
    for uid in (plain, filed):
        before = commands_sent()
        reader.get(path(mailbox, uid), headers={"HX-Request": "true"})
        counts.append(commands_sent() - before)
    assert counts[0] == counts[1]


def test_anothers_files_are_not_looked_at(
    mailbox: Mailbox, bob: MailAccount, signed_in: Callable[..., Client], reader: Client
) -> None:
    uid = mailbox.append(letter(files=FILES[:2]))
    reader.get(path(mailbox, uid, "risks/"))
    answered = signed_in(bob).get(path(mailbox, uid, "risks/"))
    assert answered.status_code in (404, 409) and risks_of(answered) == {}
