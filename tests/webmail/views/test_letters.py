"""Letters as programs write them, and hostile values beside them, on their real pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import pytest
from django.test import Client

from tests.mail.mime.letters import LETTERS, Letter
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import page, path, words
from tests.webmail.views.test_corpus import cards

pytestmark = pytest.mark.django_db

# What Dovecot's BODYSTRUCTURE tells of names that are not well written.
TOLD = {
    "name: both forms, that disagree": "faux.pdf",
    "name: no quotes, blanks": "mon",
    "name: quotes never closed": "pièce jointe 2.pdf",
}
SHARES = 8
"""Of the letters, each for another process."""
PAGES = ("print/", "headers/", "source/", "?view=text", "reply/", "forward/")


def wrong(
    reader: Client,
    mailbox: Mailbox,
    letter: Letter,
    names: tuple[str, ...],
    pages: tuple[str, ...],
) -> list[str]:
    """What a person misses of a letter on its page, or what fails; of other ``pages`` too."""
    uid = mailbox.append(letter.raw)
    shown = reader.get(path(mailbox, uid))
    if shown.status_code != 200:
        return [f"answered {shown.status_code}"]
    frames = re.findall(r'<iframe[^>]* src="([^"]*)"', page(shown))
    read = " ".join([words(shown), *(words(reader.get(unescape(one))) for one in frames)])
    read = " ".join(read.split())
    found = [f"no {line!r}" for line in letter.text if line not in read]
    files = cards(shown)
    found += [f"no file {name}" for name in names if name and name not in files]
    images = {
        src for one in frames for src in re.findall(r'src="(inline/\d+)"', page(reader.get(one)))
    }
    if len(images) < letter.inline:
        found.append(f"{len(images)} images")
    visited = [path(mailbox, uid, more) for more in pages]
    visited += [url for urls in files.values() for url in urls]
    visited += [path(mailbox, uid, f"frame/{image}") for image in images]
    for url in visited:
        answer = reader.get(url)
        answer.getvalue()  # a download that nobody reads keeps its place
        if answer.status_code != 200:
            found.append(f"{url}: {answer.status_code}")
    return found


@pytest.mark.parametrize("share", range(SHARES))
def test_each_letter_is_on_its_page(
    reader: Client, mailbox: Mailbox, share: int, one_in: Callable[[int], int]
) -> None:
    step = one_in(3)
    faults = {
        name: found
        for number, (name, letter) in enumerate(list(LETTERS.items())[share::SHARES])
        if (
            found := wrong(
                reader, mailbox, letter, _names(name, letter), PAGES[number % step :: step]
            )
        )
    }
    assert faults == {}
    listed = [reader.get(f"/mail/INBOX/?page={number}") for number in (1, 2)]
    assert all(one.status_code == 200 for one in listed)


def _names(name: str, letter: Letter) -> tuple[str, ...]:
    return (TOLD[name],) if name in TOLD else letter.names
