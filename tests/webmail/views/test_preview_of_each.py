"""The preview of a message to each is the HTML that leaves, and the plain text beside it says what
the HTML shows."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from demo.servers.dovecot import MailAccount
from demo.servers.submission import SubmissionServer
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.composer.test_posted import PNG
from tests.webmail.views.mail import page
from tests.webmail.views.test_sending_choice import SCRIPT, leave, only, written
from tests.webmail.views.test_written_images import upload
from webmail.models import Draft, Identity

pytestmark = pytest.mark.django_db
NUMBER = uuid.UUID(int=77)
DOT = "data:image/gif;base64,R0lGODlhAQABAIAAAP8AAP///yH5BAAAAAAALAAAAAABAAEAAAICRAEAOw=="
SIGNATURE = (
    f'<div class="signature"><img src="{DOT}" alt="">Alice, '
    '<a href="https://blog.example/a">mon blog</a></div>'
)
TO = "Bob Petit <bob@ac-exemple.fr>, Zoé Roy <zoe@x.example>"


@pytest.fixture(autouse=True)
def spool(settings: Any, tmp_path: Path) -> None:
    settings.SPOOL = tmp_path / "spool"


def rich(reader: Client) -> str:
    """A text with a table, an image of the draft, a field, and a signature."""
    address = upload(reader, NUMBER)["url"]
    table = '<table border="1"><tr><td>a</td><td><b>{prénom}</b></td></tr></table>'
    return f'<p>Voici <img src="{address}" alt="rouge"></p>{table}{SIGNATURE}'


def asked(reader: Client, **more: Any) -> Any:
    form = written(to=TO, draft=str(NUMBER), body="", format="html", html=rich(reader))
    return reader.post("/compose/", form | more, headers=SCRIPT)


def frame_of(answer: Any) -> str:
    frame = re.search(r'<iframe [^>]*src="([^"]*as-sent[^"]*)"[^>]*>', page(answer))
    assert frame and 'sandbox="allow-same-origin allow-popups' in frame[0]
    return unescape(frame[1])


def test_the_preview_has_images_and_layout_of_each_message(
    reader: Client, submission: SubmissionServer
) -> None:
    shown = reader.get(frame_of(asked(reader)))
    html = page(shown)
    image = re.search(rf'<img[^>]*src="(/drafts/{NUMBER}/files/[^"]*)"', html)
    assert image
    file = reader.get(image[1])
    assert file["Content-Type"] == "image/png" and file.getvalue() == PNG
    assert "<td><b>Bob</b></td>" in html and "<table" in html
    assert DOT in html and 'href="https://blog.example/a"' in html
    policy = shown["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "sandbox" in policy
    assert "script-src" not in policy


def test_the_preview_is_what_arrives(
    reader: Client, submission: SubmissionServer, bobs_mailbox: Mailbox
) -> None:
    answer = asked(reader)
    previewed = page(reader.get(frame_of(answer))).partition("<body>")[2].partition("</body>")[0]
    digest = re.search(r'name="choice" value="([^"]*)"', page(answer))
    assert digest
    form = written(to=TO, draft=str(NUMBER), body="", format="html", html=rich(reader))
    form |= {"choice": digest[1], "members": "bob@ac-exemple.fr", "delivery": "each"}
    form["revision"] = str(Draft.objects.get().revision)
    assert reader.post("/compose/", form).status_code == 302
    leave()
    message = only(bobs_mailbox.messages("INBOX"))
    html, plain = message.get_body(("html",)), message.get_body(("plain",))
    assert html is not None and plain is not None
    body = html.get_content().partition("<body>")[2].partition("</body>")[0]

    def without_addresses(source: str) -> str:
        return re.sub(r'src="[^"]*"', "", source.replace("\r\n", "\n")).strip()

    assert without_addresses(previewed) == without_addresses(body)
    images = [part for part in message.walk() if part.get_content_maintype() == "image"]
    assert PNG in [image.get_payload(decode=True) for image in images]
    assert plain.get_content().replace("\r\n", "\n").strip() == (
        "Voici [image\xa0: rouge]\n\na | Bob\n\n-- \nAlice, mon blog <https://blog.example/a>"
    )


def test_words_for_an_empty_field_are_in_the_preview(
    reader: Client, submission: SubmissionServer
) -> None:
    answer = asked(reader, to="x@x.example, y@x.example", instead_first="Madame <b>")
    assert "<td><b>Madame &lt;b&gt;</b></td>" in page(reader.get(frame_of(answer)))


def test_a_preview_is_for_the_user_and_the_recipients_alone(
    reader: Client,
    submission: SubmissionServer,
    signed_in: Callable[..., Client],
    bob: MailAccount,
) -> None:
    url = frame_of(asked(reader))
    assert signed_in(bob).get(url).status_code == 404
    assert reader.get(f"/drafts/{NUMBER}/as-sent/?to=other@x.example").status_code == 404
    assert reader.get(f"/drafts/{NUMBER}/as-sent/").status_code == 404
    assert Client().get(url).status_code in (302, 401)


def test_a_preview_loads_nothing_from_elsewhere(
    reader: Client, submission: SubmissionServer
) -> None:
    owner = User.objects.get(login="alice")
    contacts.create(owner, ContactData(first_name="Bob", emails=(Email("bob@ac-exemple.fr"),)))
    other = f"https://evil.example/drafts/{NUMBER}/files/{NUMBER}"
    html = f'<p>{{prénom}}<img src="{other}" alt="w"><img src="//evil.example/a.png"></p>'
    html += "<script>alert(1)</script><p onclick=x>a</p>"
    shown = page(reader.get(frame_of(asked(reader, html=html))))
    assert "evil.example/a.png" not in shown and "https://evil.example" not in shown
    assert "alert(1)" not in shown and "onclick" not in shown


def test_a_plain_text_keeps_its_preview(reader: Client, submission: SubmissionServer) -> None:
    answer = asked(reader, format="plain", body="Bonjour {prénom}")
    assert "as-sent" not in page(answer)
    assert "Bonjour Bob" in page(answer)
    assert Draft.objects.count() == 1 and not Identity.objects.exists()
