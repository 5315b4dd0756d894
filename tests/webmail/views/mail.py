"""Letters that tests put into mailboxes, and what they ask of the pages about them."""

from __future__ import annotations

import re
from html import unescape
from typing import Protocol

from accounts import session
from tests.mail.messages import letter as letter
from tests.servers.mailboxes import Mailbox


class Answer(Protocol):
    """What the test client gives, as far as it is read here."""

    @property
    def content(self) -> bytes: ...


def path(mailbox: Mailbox, uid: int, more: str = "", folder: str = "INBOX") -> str:
    """A message's address, of a folder whose name needs no escape."""
    return f"/mail/{folder}/{mailbox.uidvalidity(folder)}-{uid}/{more}"


def ref(mailbox: Mailbox, uid: int, folder: str = "INBOX") -> str:
    """The message as forms name it."""
    return f"{mailbox.uidvalidity(folder)}-{uid}"


def page(answer: Answer) -> str:
    """The HTML, without the breaks of lines that templates have beside tags and inside them."""
    pieces = re.split(r"(?s)(<(?:textarea|pre)\b.*?</(?:textarea|pre)>)", answer.content.decode())
    for number in range(0, len(pieces), 2):
        beside = re.sub(r"(?<=>) *\n\s*|\s*\n\s*(?=<)", "", pieces[number])
        pieces[number] = re.sub(r"<[^>]*>", _on_one_line, beside)
    return "".join(pieces)


def _on_one_line(tag: re.Match[str]) -> str:
    """Values keep their line breaks."""
    return re.sub(r'("[^"]*"|\'[^\']*\')|\n', lambda found: found[1] or " ", tag[0])


def words(answer: Answer) -> str:
    """What a person reads: no tags, entities resolved, blanks as one."""
    text = re.sub(r"(?s)<(script|style|template).*?</\1>|<[^>]*>", " ", page(answer))
    return " ".join(unescape(text).split())


def subjects(answer: Answer) -> list[str]:
    """Of the list's rows, from the top."""
    found = re.findall(
        r'(?s)<span class="subject clip">(?:<span class="tags".*?</span>(?=[^<]|<b|<mark|</span>))?'
        r'(.*?)</span>\s*<span class="extra">',
        page(answer),
    )
    return [unescape(re.sub("<[^>]*>", "", subject)) for subject in found]


def folder_links(answer: Answer) -> dict[str, str]:
    """The folder list's labels, from the top, and their addresses; "" for what is not linked."""
    found = re.findall(
        r'<(a|span) class="folder[^"]*"(?: href="([^"]*)")?.*?<span class="clip">(.*?)</span>',
        page(answer),
        re.DOTALL,
    )
    return {unescape(label): unescape(url) for _tag, url, label in found}


def fields(form: str) -> list[tuple[str, str]]:
    """The hidden fields of a form's HTML, but for the token."""
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form)
    return [(name, unescape(value)) for name, value in found if name != "csrfmiddlewaretoken"]


def undo_steps(html: str) -> str:
    """The field of the toast's form that takes an action back."""
    found = re.search(r'name="steps" value="([^"]*)"', html)
    assert found, "the page offers no way back"
    return unescape(found[1])


def commands_sent() -> int:
    """IMAP commands on the connections that lie idle in this process's pool."""
    every_user = session.pool()._by_key.values()
    return sum(
        connection.commands for connections in every_user for connection, _since in connections.idle
    )
