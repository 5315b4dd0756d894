"""Every message of a corpus and of tests/data/mime, opened as a person would: its page, what it
brings, the messages inside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from django.test import Client

from tests.corpus import SHARED
from tests.servers.mailboxes import DATA, Mailbox
from tests.webmail.views.mail import Answer, page, path, words
from tests.webmail.views.reader.test_messages import HTMX

pytestmark = pytest.mark.django_db

# Messages inside messages, outermost first: what about, and words of each.
NESTED = {
    "Webklex__four_nested_emails.eml": [
        ("2-second-subject", "2-second-content"),
        ("1-first-subject", "1-first-content"),
        ("0-zero-subject", "0-zero-content"),
    ],
    "Webklex__embedded_email_without_content_disposition.eml": [
        ("embedded_message_subject", "some txt")
    ],
    "Webklex__example_bounce.eml": [("Test", "dies ist ein Beispiel-Text.")],
    "Webklex__pec.eml": [("test-subject", "test-content")],
    "forwarded-eml.eml": [("Demande", "Puis-je vous voir ?")],
    "message-inside.eml": [("Cantine", "Peut-on payer au mois ?")],
    "ikvk__forwarded_message.eml": [("статус", "Новый заказ №28922")],
    # In base64: what it is about is known once it is opened.
    "php-mime-mail-parser__issue274.eml": [("test-localhost.eml", "j'ai été invité à déjeûner")],
    "digest.eml": [("Cantine", "La cantine ferme à 13 h."), ("Gymnase", "Le gymnase est libre.")],
    "winmail.eml": [("Demande de parent", "Bonjour, quand est le conseil ?")],
}
# Names of what came without one, or with one that is not to be shown as it is.
NAMES = {
    "Webklex__embedded_email_without_content_disposition.eml": {"embedded_message_subject.eml"},
    "Webklex__example_bounce.eml": {"Test.eml"},
    "ikvk__forwarded_message.eml": {"статус.eml"},
    "digest.eml": {"Cantine.eml", "Gymnase.eml"},
    "message-inside.eml": {"Cantine.eml"},
    "invite-request.eml": {"invitation.ics"},
    "invitation.eml": {"invitation.ics"},
    "php-mime-mail-parser__m0020.eml": {"invitation.ics"},
    "name-with-slashes.eml": {"dossier_.._secret_note.txt"},
}
SIGNED = {"Webklex__pec.eml", "smime-clear.eml"}  # with a file named smime.p7s


def messages(corpus: Path) -> list[Path]:
    folders = [corpus / "mime"] if corpus == SHARED else [corpus / "mime", DATA / "mime"]
    return [path for folder in folders for path in sorted(folder.glob("*.eml"))]


def cards(answer: Answer) -> dict[str, list[str]]:
    """The files on a page: by name, where each opens and where it is saved."""
    found = {}
    for card in re.findall(r'(?s)<li class="file".*?</li>', page(answer)):
        (name,) = re.findall(
            r'(?s)<span class="file-text"><(?:a|span)[^>]*>(.*?)</(?:a|span)>', card
        )
        found[unescape(name)] = [unescape(url) for url in re.findall(r'href="([^"#]*)"[ >]', card)]
    return found


def nested(reader: Client, answer: Answer) -> Iterator[tuple[str, str]]:
    """The messages inside one, depth first: subject and words. Their frames are opened too."""
    for line in re.findall(r'(?s)<details class="nested".*?</details>', page(answer)):
        (subject,) = re.findall(r'(?s)<span class="nested-head"><b>(.*?)</b>', line)
        (url,) = re.findall(r'hx-get="([^"]*)"', line)
        inner = reader.get(url, headers=HTMX)
        assert inner.status_code == 200, url
        said = words(inner)
        for frame in re.findall(r'<iframe[^>]* src="([^"]*)"', page(inner)):
            said += words(reader.get(frame))
        yield unescape(subject), said
        yield from nested(reader, inner)


def test_each_message_opens_with_all_that_is_in_it(
    reader: Client, mailbox: Mailbox, corpus: Path
) -> None:
    for file in messages(corpus):
        uid = mailbox.append(file.read_bytes())
        shown = reader.get(path(mailbox, uid))
        assert shown.status_code == 200, file.name
        for more in ("frame/", "print/", "headers/", "?view=text"):
            assert reader.get(path(mailbox, uid, more)).status_code in {200, 404}, (file.name, more)
        files = cards(shown)
        for name, urls in files.items():
            assert name.strip(), file.name
            for url in urls:
                opened = reader.get(url)
                assert opened.status_code == 200, (file.name, name, url)
                if opened.streaming and "Content-Length" in opened:
                    length = sum(len(piece) for piece in opened)
                    assert opened["Content-Length"] == str(length), (file.name, name)
        assert NAMES.get(file.name, set()) <= set(files), (file.name, set(files))
        assert not any(name.endswith(".p7s") for name in files)
        assert ("smime.p7s" in page(shown)) == (file.name in SIGNED), file.name
        found = list(nested(reader, shown))
        for subject, said in NESTED.get(file.name, ()):
            assert any(one == subject and said in text for one, text in found), (file.name, found)
