"""Attachments opened in place: the page, and what a browser is given of each kind."""

from __future__ import annotations

import base64
import io
import re
import wave
import zipfile
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image

from accounts import session
from addressbook.models import Contact
from demo import mail_files
from demo.mail.files import DATA as DEMO
from demo.servers.dovecot import MailAccount
from tests.mail.mime import msg_files
from tests.mail.previews import samples
from tests.servers.mailboxes import DATA, Mailbox
from tests.webmail.views.mail import commands_sent, letter, page, path, words
from webmail import tasks
from webmail.celery import app
from webmail.models import OfficePreview

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}

Open = Callable[..., str]


def picture(kind: str = "PNG", size: tuple[int, int] = (60, 40), **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "navy").save(out, kind, **options)
    return out.getvalue()


def sound(seconds: int = 2) -> bytes:
    """A WAV file of eight thousand numbered samples a second."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"".join((n % 65536).to_bytes(2, "little") for n in range(8000 * seconds)))
    return out.getvalue()


def archive(files: dict[str, bytes]) -> bytes:
    return samples.archive({**files})


PDF = samples.pdf(["Ordre du jour"])
INVITATION = """BEGIN:VCALENDAR
METHOD:{method}
BEGIN:VEVENT
UID:1
SUMMARY:Conseil de classe <b>4e B</b>
DTSTART:20261208T163000Z
DTEND:20261208T180000Z
LOCATION:Salle 12
ORGANIZER;CN=Nathalie Guérin:mailto:n.guerin@ac-exemple.fr
ATTENDEE;CN=Alice Martin;PARTSTAT=ACCEPTED:mailto:alice@ac-exemple.fr
SEQUENCE:{sequence}
DESCRIPTION:<svg><animate onrepeat=alert(1)>
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture
def attached(mailbox: Mailbox) -> Open:
    """`attached(("a.png", "image/png", bytes), …)`: the address of the first one's viewer."""

    def put(*files: tuple[str, str, bytes], number: str = "2") -> str:
        uid = mailbox.append(letter("Documents", files=files))
        return path(mailbox, uid, f"view/{number}/")

    return put


def body(answer) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def hang_up(answer) -> None:
    """As a server does when the browser is gone after the first piece."""
    next(iter(answer.streaming_content))
    for closer in answer._resource_closers:
        closer()


def inert(answer) -> bool:
    """Whether a browser can only look at it: nothing runs, nothing is loaded, no type is
    guessed."""
    policy = answer["Content-Security-Policy"]
    return (
        "default-src 'none'" in policy
        and "sandbox" in policy
        and answer["X-Content-Type-Options"] == "nosniff"
        and not re.search("html|xml|svg|script", answer["Content-Type"])
    )


# The page


def test_a_card_opens_the_viewer_and_its_icon_downloads(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter(files=(("plan.png", "image/png", picture()),)))
    shown = page(reader.get(path(mailbox, uid)))
    card = shown.split('<li class="file"')[1].split("</li>")[0]
    view, download = (path(mailbox, uid, "view/2/"), path(mailbox, uid, "part/2/"))
    assert f'<a href="{view}" hx-get="{view}" hx-target="#viewer"' in card
    assert re.search(rf'href="{download}" download aria-label="[^"]*plan.png"', card)
    assert f'src="{view}thumb"' in card


def test_the_viewer_names_the_file_and_leads_back(
    reader: Client, mailbox: Mailbox, attached: Open
) -> None:
    url = attached(("plan.png", "image/png", picture()))
    answer = reader.get(url)
    assert answer.status_code == 200
    assert '<h1 id="viewer-title" tabindex="-1">plan.png</h1>' in page(answer)
    assert f'href="{url.replace("view/2/", "")}#file-2"' in page(answer)
    assert mailbox.flags(mailbox.uids()[0]) == set()


def test_htmx_gets_the_viewer_alone(reader: Client, attached: Open) -> None:
    answer = reader.get(attached(("plan.png", "image/png", picture())), headers=HTMX)
    assert "<html" not in page(answer)
    assert page(answer).count('id="viewer"') == 1
    assert '<h2 id="viewer-title"' in page(answer)


def test_attachments_lead_to_one_another_in_their_order(reader: Client, attached: Open) -> None:
    files = [(f"{n}.png", "image/png", picture()) for n in (1, 2, 3)]
    url = attached(*files, number="3")
    shown = page(reader.get(url))
    assert re.search(rf'rel="prev" href="{url.replace("view/3", "view/2")}"', shown)
    assert re.search(rf'rel="next" href="{url.replace("view/3", "view/4")}"', shown)
    first = page(reader.get(url.replace("view/3", "view/2")))
    assert 'rel="prev"' not in first and 'rel="next"' in first


def test_looking_at_a_large_picture_fetches_its_beginning_only(
    reader: Client, attached: Open
) -> None:
    noise = Image.effect_noise((1500, 1500), 90)
    out = io.BytesIO()
    noise.save(out, "PNG")
    assert len(out.getvalue()) > 1_000_000
    url = attached(("bruit.png", "image/png", out.getvalue()))
    reader.get(url)
    before = commands_sent()
    answer = reader.get(url)
    assert answer.status_code == 200
    assert commands_sent() - before <= 5


@pytest.mark.parametrize("number", ["7", "1.1", "2.1.1"])
def test_a_part_that_is_not_there_is_said(reader: Client, attached: Open, number: str) -> None:
    url = attached(("plan.png", "image/png", picture()), number=number)
    assert reader.get(url).status_code == 404


SUBPAGES = ["", "image", "thumb", "media", "pdf", "frame/", "frame/inline/0", "file"]
SUBPAGES += ["message/", "frame/remote/0", "office/", "office/pdf", "scan"]


@pytest.mark.parametrize("more", SUBPAGES)
def test_what_is_somebody_elses_is_not_found(
    signed_in: Callable[..., Client],
    bob: MailAccount,
    mailbox: Mailbox,
    attached: Open,
    more: str,
) -> None:
    url = attached(("plan.png", "image/png", picture()))
    assert signed_in(bob).get(url + more).status_code in {404, 409}


def test_a_claim_that_the_bytes_contradict_is_said(reader: Client, attached: Open) -> None:
    shown = words(reader.get(attached(("photo.png", "image/png", PDF))))
    assert "PNG" in shown and "PDF" in shown
    answer = reader.get(attached(("plan.png", "image/png", picture())))
    # A page has banners in templates, which are not shown.
    assert "banner warn" not in re.sub(r"(?s)<template.*?</template>", "", page(answer))


def test_a_program_is_said_to_be_one(reader: Client, attached: Open) -> None:
    url = attached(("facture.pdf", "application/pdf", b"MZ" + bytes(200)))
    assert "banner bad" in page(reader.get(url))


def test_what_is_too_large_is_said_and_can_be_downloaded(
    reader: Client, attached: Open, settings
) -> None:
    settings.PREVIEW_LIMIT = 100_000
    url = attached(("notes.txt", "text/plain", "é".encode() * 100_000))
    shown = page(reader.get(url))
    assert 'href="' + url.replace("view/2", "part/2") in shown
    assert "viewer-none" in shown and "<pre" not in shown


def test_what_nobody_can_show_is_said(reader: Client, attached: Open) -> None:
    url = attached(("base.mdb", "application/x-msaccess", b"\x00\x01\x00\x00Standard Jet"))
    assert "viewer-none" in page(reader.get(url))


# Images


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF"])
def test_an_image_is_encoded_anew(reader: Client, attached: Open, kind: str) -> None:
    name = f"photo.{kind.lower()}"
    url = attached((name, f"image/{kind.lower()}", picture(kind)))
    assert f'<img src="{url}image" alt="{name}"' in page(reader.get(url))
    answer = reader.get(url + "image")
    assert answer.status_code == 200 and inert(answer)
    assert answer["Content-Type"] in {"image/png", "image/jpeg"}
    assert Image.open(io.BytesIO(body(answer))).size == (60, 40)


def test_an_image_stands_upright_and_tells_nothing_of_its_place(
    reader: Client, attached: Open
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "Chez Alice"
    url = attached(("photo.jpg", "image/jpeg", picture("JPEG", exif=exif)))
    content = body(reader.get(url + "image"))
    assert Image.open(io.BytesIO(content)).size == (40, 60)
    assert b"Chez Alice" not in content


def test_a_scan_of_several_pages_has_pages(reader: Client, attached: Open) -> None:
    url = attached(("scan.tif", "image/tiff", (DEMO / "files/numerisation-0412.tif").read_bytes()))
    assert f'data-pdf="{url}scan"' in page(reader.get(url))
    answer = reader.get(url + "scan")
    assert inert(answer) and answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")
    assert body(answer).count(b"/Type/Page/") == 3
    assert reader.get(url + "thumb").status_code == 200


def test_a_scan_of_one_page_is_an_image(reader: Client, attached: Open) -> None:
    url = attached(("scan.tif", "image/tiff", samples.image("TIFF", mode="1")))
    assert f'src="{url}image"' in page(reader.get(url))


def test_a_thumbnail_is_small(reader: Client, attached: Open) -> None:
    url = attached(("photo.jpg", "image/jpeg", picture("JPEG", (2000, 1000))))
    answer = reader.get(url + "thumb")
    assert inert(answer) and answer["Content-Type"] == "image/webp"
    assert Image.open(io.BytesIO(body(answer))).size == (320, 160)


def test_a_thumbnail_is_drawn_once_for_a_session(
    signed_in: Callable[..., Client], alice: MailAccount, attached: Open
) -> None:
    url = attached(("photo.jpg", "image/jpeg", picture("JPEG", (2000, 1000))))
    reader = signed_in(alice)
    drawn = body(reader.get(url + "thumb"))
    before = commands_sent()
    again = reader.get(url + "thumb")
    assert commands_sent() == before
    assert (body(again), again["Content-Type"]) == (drawn, "image/webp")
    assert body(signed_in(alice).get(url + "thumb")) == drawn
    assert commands_sent() > before


def test_a_thumbnail_of_a_shared_computer_is_lost_at_sign_out(
    signed_in: Callable[..., Client], alice: MailAccount, attached: Open
) -> None:
    url = attached(("photo.png", "image/png", picture()))
    reader = signed_in(alice, shared_computer="on")
    answer = reader.get(url + "thumb")
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store, private")
    cookies = {name: morsel.value for name, morsel in reader.cookies.items()}
    reader.post("/accounts/logout/")
    # Somebody who wrote the cookies down before.
    reader.cookies.load(cookies)
    assert reader.get(url + "thumb").status_code == 302


def test_a_browser_keeps_images_but_on_a_shared_computer(
    signed_in: Callable[..., Client], alice: MailAccount, attached: Open
) -> None:
    url = attached(("photo.png", "image/png", picture()))
    answer = signed_in(alice).get(url + "image")
    assert "private" in answer["Cache-Control"] and "immutable" in answer["Cache-Control"]
    shared = signed_in(alice, shared_computer="on").get(url + "image")
    assert "max-age=86400" not in shared.get("Cache-Control", "")


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><rect/></svg>'
HOSTILE = [
    ("dessin.svg", "image/svg+xml", SVG),
    ("dessin.png", "image/png", SVG),
    ("page.html", "text/html", b"<script>alert(1)</script>"),
    ("page.xhtml", "application/xhtml+xml", b"<html xmlns='http://www.w3.org/1999/xhtml'/>"),
    ("flux.xml", "text/xml", b"<?xml version='1.0'?><a/>"),
    ("son.mp3", "audio/mpeg", b"<script>alert(1)</script>"),
    ("film.mp4", "video/mp4", SVG),
    ("plan.pdf", "application/pdf", b"<html><script>alert(1)</script>"),
]


@pytest.mark.parametrize(("name", "media_type", "content"), HOSTILE)
def test_nothing_that_runs_is_answered_whatever_the_mail_claims(
    reader: Client, attached: Open, name: str, media_type: str, content: bytes
) -> None:
    url = attached((name, media_type, content))
    shown = page(reader.get(url))
    assert "<svg xmlns" not in shown and "<script>alert" not in shown and 'onload="' not in shown
    for more in ("image", "thumb", "media", "pdf", "frame/"):
        assert reader.get(url + more).status_code == 404
    answer = reader.get(url + "file")
    assert inert(answer) and answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")


# PDF, sounds and films


def test_a_pdf_comes_as_bytes_for_our_own_reader(reader: Client, attached: Open) -> None:
    url = attached(("plan.pdf", "application/pdf", PDF))
    assert f'data-pdf="{url}pdf"' in page(reader.get(url))
    answer = reader.get(url + "pdf")
    assert inert(answer) and answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Length"] == str(len(PDF))
    assert body(answer) == PDF


SOUND = sound(60)  # more than what tells a file by its beginning


@pytest.mark.parametrize("content", [sound(1), SOUND], ids=["small", "large"])
def test_a_sound_comes_in_the_spans_that_a_browser_asks_for(
    reader: Client, attached: Open, content: bytes
) -> None:
    url = attached(("dictée.wav", "audio/x-wav", content))
    assert f'<source src="{url}media" type="audio/wav">' in page(reader.get(url))
    whole = reader.get(url + "media")
    assert whole.status_code == 200 and whole["Accept-Ranges"] == "bytes" and inert(whole)
    assert whole["Content-Type"] == "audio/wav"
    assert whole["Content-Length"] == str(len(content))
    assert body(whole) == content
    size = len(content)
    for asked, start, end in [
        ("bytes=0-99", 0, 100),
        ("bytes=1000-", 1000, size),
        ("bytes=-10", size - 10, size),
        (f"bytes=5-{size + 100}", 5, size),
    ]:
        answer = reader.get(url + "media", headers={"Range": asked})
        assert answer.status_code == 206
        assert answer["Content-Range"] == f"bytes {start}-{end - 1}/{size}"
        assert answer["Content-Length"] == str(end - start)
        assert body(answer) == content[start:end]


def test_a_sound_that_is_cut_off_comes_as_far_as_it_goes(reader: Client, mailbox: Mailbox) -> None:
    encoded = base64.encodebytes(SOUND[:150_000]).replace(b"\n", b"\r\n") + b"QUJDR"
    uid = mailbox.append(
        b"MIME-Version: 1.0\r\nContent-Type: audio/wav\r\nContent-Disposition: attachment\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + encoded
    )
    url = path(mailbox, uid, "view/1/media")
    answer = reader.get(url, headers={"Range": "bytes=0-"})
    assert answer.status_code == 200 and "Content-Length" not in answer
    assert body(answer) == SOUND[:150_000] + b"ABC"


def test_a_file_inside_a_text_opens_too(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(
        b"Subject: vieux\r\n\r\nVoici.\r\nbegin 644 notes.txt\r\n'0F]N:F]U<@  \r\n`\r\nend\r\n"
    )
    shown = page(reader.get(path(mailbox, uid)))
    (url,) = re.findall(r'<a href="([^"]*/view/[^"]*)"', shown)
    assert "Bonjour" in words(reader.get(unescape(url)))


def test_a_span_that_is_not_there_is_said(reader: Client, attached: Open) -> None:
    url = attached(("son.wav", "audio/wav", sound()))
    answer = reader.get(url + "media", headers={"Range": "bytes=999999999-"})
    assert answer.status_code == 416
    assert answer["Content-Range"] == f"bytes */{len(sound())}"


@pytest.mark.parametrize("asked", ["bytes=a-b", "bytes=-", "lines=1-2", "bytes=0-1,5-9", "bytes"])
def test_what_is_no_span_gets_all(reader: Client, attached: Open, asked: str) -> None:
    url = attached(("son.wav", "audio/wav", sound()))
    answer = reader.get(url + "media", headers={"Range": asked})
    assert answer.status_code == 200 and len(body(answer)) == len(sound())


def test_streams_give_their_connections_back(reader: Client, attached: Open) -> None:
    url = attached(("son.wav", "audio/wav", SOUND))
    for _ in range(5):
        answer = reader.get(url + "media", headers={"Range": "bytes=0-"})
        hang_up(answer)
    assert reader.get(url).status_code == 200
    assert sum(connections.lent for connections in session.pool()._by_key.values()) == 0


# Texts and tables


def test_text_is_shown_as_text(reader: Client, attached: Open) -> None:
    url = attached(("notes.txt", "text/plain", "<b>Élève</b>\r\nligne 2".encode("latin-1")))
    shown = page(reader.get(url))
    (text,) = re.findall(r"(?s)<pre[^>]*>(.*?)</pre>", shown)
    assert unescape(text) == "<b>Élève</b>\nligne 2"
    assert "<b>Élève" not in shown


def test_csv_is_shown_as_a_table(reader: Client, attached: Open) -> None:
    url = attached(("classe.csv", "text/csv", "Nom;Note\nMaëlle;12,5\n<i>Noé;9\n".encode()))
    shown = page(reader.get(url))
    cells = [unescape(cell) for cell in re.findall("<td>(.*?)</td>", shown)]
    assert cells == ["Nom", "Note", "Maëlle", "12,5", "<i>Noé", "9"]


def test_markdown_goes_through_the_sanitiser_into_a_frame(reader: Client, attached: Open) -> None:
    source = b"# Sortie\n\n[ici](javascript:alert(1)) <script>alert(2)</script>\n\n- a\n- b\n"
    url = attached(("lisez.md", "text/markdown", source))
    assert f'<iframe class="frame" src="{url}frame/"' in page(reader.get(url))
    answer = reader.get(url + "frame/")
    assert "<h1>Sortie</h1>" in page(answer)
    assert "<script" not in page(answer) and 'href="javascript' not in page(answer)
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src" not in policy
    assert "sandbox allow-same-origin allow-popups" in policy
    assert answer["X-Frame-Options"] == "SAMEORIGIN"


# Archives


def test_a_zip_is_listed_and_its_files_open_under_the_same_rules(
    reader: Client, attached: Open
) -> None:
    content = archive(
        {"2026/notes.txt": b"Bonjour", "plan.png": picture(), "mal.svg": SVG, "son.wav": sound()}
    )
    url = attached(("dossier.zip", "application/zip", content))
    shown = page(reader.get(url))
    assert [unescape(name) for name in re.findall(r'hx-push-url="true">([^<]+)</a>', shown)] == [
        "2026/notes.txt",
        "plan.png",
        "mal.svg",
        "son.wav",
    ]
    text = reader.get(url + "member/0/")
    assert "<pre" in page(text) and "Bonjour" in words(text)
    assert f'href="{url}"' in page(text)
    assert Image.open(io.BytesIO(body(reader.get(url + "member/1/image")))).size == (60, 40)
    assert "<rect" not in page(reader.get(url + "member/2/"))
    assert reader.get(url + "member/2/image").status_code == 404
    heard = reader.get(url + "member/3/media", headers={"Range": "bytes=4-7"})
    assert heard.status_code == 206 and body(heard) == sound()[4:8]
    saved = reader.get(url + "member/0/file")
    assert inert(saved) and body(saved) == b"Bonjour"
    assert 'filename="notes.txt"' in saved["Content-Disposition"]


def turns(answer) -> list[str]:
    """Where the arrows lead: back, on."""
    found = [re.findall(rf'rel="{rel}" href="([^"]*)"', page(answer)) for rel in ("prev", "next")]
    return [one[0] if one else "" for one in found]


def test_files_in_an_archive_lead_to_one_another(reader: Client, attached: Open) -> None:
    files = {"a.txt": b"a", "sous/b.txt": b"b", "c.png": picture()}
    url = attached(
        ("dossier.zip", "application/zip", archive(files)), ("autre.txt", "text/plain", b"x")
    )
    shown = [reader.get(f"{url}member/{n}/") for n in range(3)]
    assert [turns(one) for one in shown] == [
        ["", f"{url}member/1/"],
        [f"{url}member/0/", f"{url}member/2/"],
        [f"{url}member/1/", ""],
    ]
    # All attachments of the message are not what stands beside a file in one of them.
    assert "/zip/" not in page(shown[1]) and "2 sur 3" in words(shown[1])


def test_a_file_behind_a_password_is_passed_over(reader: Client, attached: Open) -> None:
    content = bytearray(archive({"a.txt": b"a", "b.txt": b"b", "c.txt": b"c"}))
    for mark, at in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        place = -1
        for _ in range(2):
            place = content.index(mark, place + 1)
        content[place + at] |= 1
    url = attached(("dossier.zip", "application/zip", bytes(content)))
    assert turns(reader.get(url + "member/0/")) == ["", f"{url}member/2/"]


def test_archives_in_archives_open_to_a_depth(reader: Client, attached: Open) -> None:
    content = archive({"fin.txt": b"au fond"})
    for name in ("c.zip", "b.zip", "a.zip"):
        content = archive({name: content})
    url = attached(("tout.zip", "application/zip", content))
    assert "b.zip" in words(reader.get(url + "member/0/"))
    assert "fin.txt" in words(reader.get(url + "member/0.0.0/"))
    assert reader.get(url + "member/0.0.0.0/").status_code == 404


@pytest.mark.parametrize("steps", ["9", "0.0", "99999", "0.0.0"])
def test_a_file_that_is_not_in_the_archive_is_said(
    reader: Client, attached: Open, steps: str
) -> None:
    url = attached(("dossier.zip", "application/zip", archive({"a.txt": b"a"})))
    assert reader.get(f"{url}member/{steps}/").status_code == 404


def test_a_bomb_is_not_opened(reader: Client, attached: Open) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("zero.txt", bytes(60_000_000))
    url = attached(("bombe.zip", "application/zip", out.getvalue()))
    assert "#shield-alert" in page(reader.get(url)).split("viewer-none")[1]
    assert reader.get(url + "member/0/file").status_code == 404


# Messages, cards, events


def forwarded() -> bytes:
    return letter(
        "Fiche <b>PAI</b>",
        "Voici.",
        html='<p>Voici <img src="https://x.example/1.gif"></p><script>alert(1)</script>',
        files=(("fiche.txt", "text/plain", "Élève".encode()), ("p.png", "image/png", picture())),
        sender="Infirmerie <infirmerie@ac-exemple.fr>",
    )


def carrying(inner: bytes, name: str = "", media_type: str = "message/rfc822") -> bytes:
    """A letter with a message in it, as a part of which the server knows or as a file."""
    disposition = f'attachment; filename="{name}"' if name else "attachment"
    head = (
        "Subject: Tr\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=grenze\r\n\r\n"
        f"--grenze\r\n\r\nVoir.\r\n--grenze\r\nContent-Type: {media_type}\r\n"
        f"Content-Disposition: {disposition}\r\n\r\n"
    )
    return head.encode() + re.sub(rb"\r?\n", b"\r\n", inner) + b"\r\n--grenze--\r\n"


def links(answer, name: str) -> list[str]:
    """Where the file or message of this name can be opened, and saved."""
    at = page(answer).split(f">{name}<")
    view = re.findall(r'href="([^"]*)"', at[0])[-1]
    return [unescape(view), unescape(re.findall(r'href="([^"]*)" download', at[1])[0])]


BOTH_WAYS = [("", "message/rfc822"), ("message.eml", "application/octet-stream")]


@pytest.mark.parametrize(("name", "media_type"), BOTH_WAYS)
def test_a_nested_message_is_read_and_its_attachments_too(
    reader: Client, mailbox: Mailbox, name: str, media_type: str
) -> None:
    uid = mailbox.append(carrying(forwarded(), name, media_type))
    url = path(mailbox, uid, "view/2/")
    shown = reader.get(url)
    assert "Fiche <b>PAI</b>" in words(shown) and "infirmerie@ac-exemple.fr" in words(shown)
    frame = page(reader.get(url + "frame/"))
    assert "Voici" in frame and "<script" not in frame and "x.example" not in frame
    view, save = links(shown, "fiche.txt")
    inside = reader.get(view)
    assert "Élève" in words(inside) and f'href="{url}"' in page(inside)
    assert body(reader.get(save)) == "Élève".encode()
    picture_view, _save = links(shown, "p.png")
    assert Image.open(io.BytesIO(body(reader.get(picture_view + "image")))).size == (60, 40)
    assert re.search(rf'rel="next" href="{picture_view}"', page(inside))


def test_a_message_of_outlook_is_read_and_its_attachments_too(
    reader: Client, attached: Open
) -> None:
    url = attached(("Voyage.msg", "application/vnd.ms-outlook", mail_files.outlook()))
    shown = reader.get(url)
    assert "Voyage à Berlin : liste des élèves" in words(shown)
    assert "<b>liste</b>" in page(reader.get(url + "frame/"))
    view, save = links(shown, "Liste des élèves.csv")
    assert "4e B" in words(reader.get(view)) and "Léo;4e B".encode() in body(reader.get(save))
    view, _save = links(shown, "Dates du voyage.eml")
    assert "c’est noté" in words(reader.get(view))


def test_a_message_of_outlook_that_is_broken_is_said(reader: Client, attached: Open) -> None:
    whole = mail_files.outlook()
    kind = "application/vnd.ms-outlook"
    cut = reader.get(attached(("Voyage.msg", kind, whole[:-600])))
    assert "Ce fichier est endommagé" in words(cut)
    deep_one = reader.get(attached(("Voyage.msg", kind, msg_files.nested(100))))
    assert "conçu pour saturer" in words(deep_one)


@pytest.mark.parametrize("container", ["winmail.eml", "smime-opaque.eml", "uuencode.eml"])
@pytest.mark.parametrize(("name", "media_type"), BOTH_WAYS)
def test_what_programs_wrap_is_unwrapped_inside_a_nested_message_too(
    reader: Client, mailbox: Mailbox, container: str, name: str, media_type: str
) -> None:
    inner = (DATA / "mime" / container).read_bytes().replace(b"\r\n", b"\n")
    uid = mailbox.append(carrying(inner, name, media_type))
    shown = reader.get(path(mailbox, uid, "view/2/"))
    view, save = links(shown, "relevé.csv")
    assert "Amira" in words(reader.get(view))
    assert b"Amira" in body(reader.get(save))
    assert "winmail.dat" not in words(shown) and "begin 644" not in words(shown)


def deep(levels: int) -> bytes:
    """A message in a message in a message…"""
    inner = letter("Fond", "Tout au fond.")
    for level in range(levels):
        outer = carrying(inner).replace(b"Subject: Tr", b"Subject: Etage %d" % level, 1)
        # Each level has a boundary of its own; those of the ones inside are longer already.
        inner = outer.replace(b"grenze", b"xgrenze")
    return inner


def test_messages_in_messages_open_one_by_one(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(deep(8))
    url = path(mailbox, uid)
    for level in (*range(6, -1, -1), None):
        shown = reader.get(url)
        name = "Fond" if level is None else f"Etage {level}"
        url, _save = links(shown, f"{name}.eml")
    assert "Tout au fond." in words(reader.get(url))


def test_a_vcard_is_a_card(reader: Client, attached: Open) -> None:
    source = (
        "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Maëlle <b>Aubry</b>\r\nTEL:03 22 00 00 00\r\n"
        "EMAIL:m.aubry@courriel.example\r\nNOTE:<svg onload=alert(1)>\r\nEND:VCARD\r\n"
    )
    url = attached(("maelle.vcf", "text/vcard", source.encode()))
    shown = reader.get(url)
    assert "Maëlle <b>Aubry</b>" in words(shown) and "03 22 00 00 00" in words(shown)
    assert 'href="/compose/?to=m.aubry%40courriel.example"' in page(shown)
    assert "<svg onload" not in page(shown)


def test_the_people_of_a_vcard_are_added_once(reader: Client, attached: Open) -> None:
    cards = "".join(
        f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Élève {n}\r\nEMAIL:e{n}@x.example\r\nEND:VCARD\r\n"
        for n in range(3)
    )
    url = attached(("classe.vcf", "text/vcard", cards.encode()))
    assert f'action="{url}contacts/"' in page(reader.get(url))
    for _time in range(2):
        assert reader.post(f"{url}contacts/")["Location"] == "/contacts/"
        names = Contact.objects.values_list("display_name", flat=True)
        assert list(names) == ["Élève 0", "Élève 1", "Élève 2"]
    other = attached(("notes.txt", "text/plain", b"Bonjour"))
    assert reader.post(f"{other}contacts/").status_code == 404


@pytest.mark.parametrize(
    ("method", "sequence", "level"),
    [("REQUEST", 0, "info"), ("REQUEST", 2, "warn"), ("CANCEL", 1, "bad")],
)
def test_invitations_changes_and_cancellations_are_told_apart(
    reader: Client, attached: Open, method: str, sequence: int, level: str
) -> None:
    source = INVITATION.format(method=method, sequence=sequence)
    url = attached(("invitation.ics", "text/calendar", source.encode()))
    answer = reader.get(url)
    stage = page(answer).split("data-stage>")[1]
    assert f'<div class="banner {level}"' in stage
    shown = words(answer)
    assert "Conseil de classe <b>4e B</b>" in shown and "Salle 12" in shown
    assert "mardi 8 décembre 2026" in shown and "17:30" in shown and "19:00" in shown
    assert "Nathalie Guérin" in shown and "Alice Martin" in shown
    assert "<animate" not in page(answer)


# Office files, where there is no LibreOffice


@pytest.fixture
def light_alone(settings) -> None:
    settings.OFFICE = "off"


@pytest.mark.usefixtures("light_alone")
def test_a_word_file_is_a_page_in_a_frame(reader: Client, attached: Open) -> None:
    content = samples.word("Sortie au musée")
    url = attached(("autorisation.docx", "application/octet-stream", content))
    assert f'src="{url}frame/"' in page(reader.get(url))
    assert "Sortie au musée" in words(reader.get(url + "frame/"))


@pytest.mark.usefixtures("light_alone")
def test_a_workbook_is_tables(reader: Client, attached: Open) -> None:
    content = samples.xlsx({"Notes": [["Nom", "Note"], ["Maëlle", 12]]})
    shown = page(reader.get(attached(("notes.xlsx", "application/octet-stream", content))))
    assert "<td>Maëlle</td><td>12</td>" in shown and "Notes" in shown


@pytest.mark.usefixtures("light_alone")
def test_an_office_file_that_is_damaged_is_said(reader: Client, attached: Open) -> None:
    content = samples.word("Sortie")[:-200]
    url = attached(("autorisation.docx", "application/octet-stream", content))
    assert "viewer-none" in page(reader.get(url)) or "frame/" in page(reader.get(url))
    assert reader.get(url + "frame/").status_code in {200, 404}


PRESENTATIONS = [
    (f"cours.{ending}", (DEMO / "files" / f"le-recit-fantastique.{ending}").read_bytes())
    for ending in ("pptx", "odp")
]


@pytest.mark.usefixtures("light_alone")
@pytest.mark.parametrize(("name", "content"), PRESENTATIONS)
def test_a_presentation_is_only_downloaded(
    reader: Client, attached: Open, name: str, content: bytes
) -> None:
    url = attached((name, "application/octet-stream", content))
    answer = reader.get(url)
    assert "n’a pas installé LibreOffice" in words(answer)
    assert "?light=1" not in page(answer)
    download = url.replace("/view/2/", "/part/2/")
    assert f'href="{download}" download' in page(answer)
    assert body(reader.get(download)) == content


# Office files, by a job where LibreOffice is


@pytest.fixture
def job(settings, tmp_path: Path, libreoffice: None) -> Callable[[], OfficePreview]:
    """`job()`: does what waits, as a worker would; the job."""
    settings.SPOOL = tmp_path / "spool"
    settings.CELERY_TASK_ALWAYS_EAGER = False

    def work() -> OfficePreview:
        waiting = OfficePreview.objects.get()
        tasks.convert_office_file(waiting.pk)
        waiting.refresh_from_db()
        return waiting

    return work


def test_an_office_file_is_converted_by_a_job_and_shown_as_a_pdf(
    reader: Client, attached: Open, job: Callable[[], OfficePreview], settings
) -> None:
    content = samples.word("Sortie au musée")
    url = attached(("autorisation.docx", "application/octet-stream", content))
    assert f'hx-get="{url}office/" hx-trigger="every 1s"' in page(reader.get(url))
    assert reader.get(url + "office/").status_code == 204
    assert reader.get(url + "office/pdf").status_code == 404
    (spooled,) = settings.SPOOL.iterdir()
    assert spooled.stat().st_mode & 0o077 == 0
    assert b"word/document.xml" not in spooled.read_bytes()

    assert job().state == "done"
    (kept,) = settings.SPOOL.glob("*.sealed")
    assert b"%PDF" not in kept.read_bytes()
    assert bytes(OfficePreview.objects.get().source_key) == b""
    told = reader.get(url + "office/")
    assert told.status_code == 286 and f'data-pdf="{url}office/pdf"' in page(told)
    answer = reader.get(url + "office/pdf")
    assert inert(answer) and answer["Content-Type"] == "application/octet-stream"
    whole = body(answer)
    assert whole.startswith(b"%PDF")
    span = reader.get(url + "office/pdf", headers={"Range": "bytes=10-19"})
    assert span.status_code == 206 and body(span) == whole[10:20]
    assert f'data-pdf="{url}office/pdf"' in page(reader.get(url))
    assert OfficePreview.objects.count() == 1


def test_what_was_converted_is_offered_without_the_layout_too(
    reader: Client, mailbox: Mailbox, job: Callable[[], OfficePreview]
) -> None:
    workbook = samples.xlsx({"Notes": [["Nom", "Note"], ["Maëlle", 12]]})
    uid = mailbox.append(letter(files=(("notes.xlsx", "application/octet-stream", workbook),)))
    url = path(mailbox, uid, "view/2/")
    reader.get(url)
    job()
    shown = page(reader.get(url))
    assert "data-pdf=" in shown and f'href="{url}?light=1"' in shown
    assert "<td>Maëlle</td><td>12</td>" in page(reader.get(url + "?light=1"))


def test_only_the_session_that_asked_can_open_what_was_converted(
    signed_in: Callable[..., Client],
    alice: MailAccount,
    bob: MailAccount,
    attached: Open,
    job: Callable[[], OfficePreview],
) -> None:
    content = samples.writer("Secret")
    url = attached(("note.odt", "application/octet-stream", content))
    asked = signed_in(alice)
    asked.get(url)
    job()
    assert asked.get(url + "office/pdf").status_code == 200
    # To Bob the address names another mailbox's message: 409 says that his folder is another one.
    for other, refused in ((signed_in(alice), {404}), (signed_in(bob), {404, 409})):
        assert other.get(url + "office/pdf").status_code in refused
        assert other.get(url + "office/").status_code in refused


def test_a_job_that_runs_twice_changes_nothing(
    reader: Client, attached: Open, job: Callable[[], OfficePreview], settings
) -> None:
    reader.get(attached(("note.odt", "application/octet-stream", samples.writer("x"))))
    done = job()
    (kept,) = settings.SPOOL.glob("*.sealed")
    before = kept.stat().st_mtime_ns
    assert job().changed == done.changed
    assert kept.stat().st_mtime_ns == before


def test_what_was_converted_is_forgotten_after_an_hour(
    reader: Client, attached: Open, job: Callable[[], OfficePreview], settings
) -> None:
    url = attached(("note.odt", "application/octet-stream", samples.writer("x")))
    reader.get(url)
    job()
    tasks.expire_office_previews()
    assert reader.get(url + "office/pdf").status_code == 200
    OfficePreview.objects.update(created=timezone.now() - timedelta(minutes=61))
    assert reader.get(url + "office/pdf").status_code == 404
    tasks.expire_office_previews()
    assert not OfficePreview.objects.exists()
    assert not list(settings.SPOOL.glob("*.sealed"))


def test_a_file_that_cannot_be_converted_is_said_and_offered_as_text(
    reader: Client, attached: Open, job: Callable[[], OfficePreview], settings
) -> None:
    content = samples.word("Sortie au musée")
    url = attached(("autorisation.docx", "application/octet-stream", content))
    reader.get(url)
    for spooled in settings.SPOOL.iterdir():
        spooled.write_bytes(b"damaged on the disk")
    assert job().state == "failed"
    told = reader.get(url + "office/")
    assert told.status_code == 286 and f'href="{url}?light=1"' in page(told)
    assert f'src="{url}frame/"' in page(reader.get(url + "?light=1"))


@pytest.fixture
def no_broker(job: Callable[[], OfficePreview], monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs go where nobody listens; the cache is there still."""
    monkeypatch.setitem(app.conf, "broker_write_url", "redis://127.0.0.1:1/0")
    # The connections that Celery has already.
    monkeypatch.setattr(app, "_pool", None)
    monkeypatch.setattr(app.amqp, "_producer_pool", None)


@pytest.mark.usefixtures("no_broker")
def test_a_broker_that_is_down_is_said_and_the_download_stands(
    reader: Client, attached: Open, settings
) -> None:
    content = samples.word("Sortie au musée")
    url = attached(("autorisation.docx", "application/octet-stream", content))
    answer = reader.get(url)
    assert answer.status_code == 200
    assert "viewer-none" in page(answer) and "viewer-office" not in page(answer)
    assert f'href="{url}?light=1"' in page(answer)
    assert OfficePreview.objects.get().reason == "down"
    assert not list(settings.SPOOL.glob("*.sealed"))
    assert body(reader.get(url.replace("/view/2/", "/part/2/"))) == content


def test_what_a_broker_did_not_take_is_asked_for_again(
    reader: Client, attached: Open, job: Callable[[], OfficePreview]
) -> None:
    url = attached(("note.odt", "application/octet-stream", samples.writer("x")))
    reader.get(url)
    OfficePreview.objects.get().fail("down")
    assert "viewer-office" in page(reader.get(url))
    assert job().state == "done"


def test_a_worker_that_is_gone_is_noticed(
    reader: Client, attached: Open, job: Callable[[], OfficePreview]
) -> None:
    url = attached(("note.odt", "application/octet-stream", samples.writer("x")))
    reader.get(url)
    OfficePreview.objects.update(changed=timezone.now() - timedelta(minutes=6))
    assert reader.get(url + "office/").status_code == 286


def test_a_person_has_few_files_converted_at_once(
    reader: Client, mailbox: Mailbox, job: Callable[[], OfficePreview]
) -> None:
    files = tuple(
        (f"{n}.odt", "application/octet-stream", samples.writer(str(n))) for n in range(6)
    )
    uid = mailbox.append(letter(files=files))
    shown = [page(reader.get(path(mailbox, uid, f"view/{n}/"))) for n in range(2, 8)]
    assert ["viewer-office" in one for one in shown] == [True] * 5 + [False]
    assert OfficePreview.objects.count() == 5


# All at once


def test_all_attachments_come_as_one_zip(reader: Client, mailbox: Mailbox) -> None:
    files = (
        ("plan.png", "image/png", picture()),
        ("Plan.png", "image/png", b"autre"),
        ("élèves.txt", "text/plain", "Maëlle".encode()),
        ("grand.bin", "application/octet-stream", SOUND),
    )
    uid = mailbox.append(letter("Sortie : plan/2", files=files))
    assert f'href="{path(mailbox, uid, "zip/")}" download' in page(reader.get(path(mailbox, uid)))
    answer = reader.get(path(mailbox, uid, "zip/"))
    assert inert(answer) and answer["Content-Disposition"].startswith("attachment")
    with zipfile.ZipFile(io.BytesIO(body(answer))) as made:
        assert made.testzip() is None
        held = {info.filename: made.read(info) for info in made.infolist()}
    assert held == {
        "plan.png": picture(),
        "Plan (2).png": b"autre",
        "élèves.txt": "Maëlle".encode(),
        "grand.bin": SOUND,
    }


def test_a_message_without_attachments_has_no_zip(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter())
    assert reader.get(path(mailbox, uid, "zip/")).status_code == 404


def test_all_attachments_are_saved_by_the_day_and_subject_of_their_message(
    reader: Client, mailbox: Mailbox
) -> None:
    files = (("a.txt", "text/plain", b"a"), ("b.txt", "text/plain", b"b"))
    uid = mailbox.append(letter("Conseil de classe ?", files=files))
    answer = reader.get(path(mailbox, uid, "zip/"))
    said = 'attachment; filename="2026-03-03 Conseil de classe.zip"'
    assert answer["Content-Disposition"] == said
    with zipfile.ZipFile(io.BytesIO(body(answer))) as made:
        assert made.namelist() == ["a.txt", "b.txt"]
