"""Values put into words for templates."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from webmail import presentation
from webmail.imap.values import Folder, MessageRef
from webmail.mailbox.folders import FolderNode
from webmail.mime.addresses import Address
from webmail.mime.structure import Part

REF = MessageRef("INBOX", 7, 1)
NBSP = "\N{NO-BREAK SPACE}"


@pytest.fixture(autouse=True)
def french() -> Iterator[None]:
    with translation.override("fr"), timezone.override(ZoneInfo("Europe/Paris")):
        yield


@pytest.fixture
def wednesday(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Today is Wednesday, 25 November 2026."""
    now = datetime(2026, 11, 25, 12, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: now)
    return now


@pytest.mark.parametrize(
    ("octets", "shown"),
    [
        (0, f"0{NBSP}o"),
        (999, f"999{NBSP}o"),
        (1000, f"1{NBSP}Ko"),
        (999_999, f"1{NBSP}Mo"),
        (2_437_000, f"2,4{NBSP}Mo"),
        (123_456_789, f"123{NBSP}Mo"),
        (5_000_000_000, f"5{NBSP}Go"),
    ],
)
def test_sizes(octets: int, shown: str) -> None:
    said = presentation.size(octets).replace("\N{NARROW NO-BREAK SPACE}", NBSP)
    assert said.lower() == shown.lower()


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (datetime(2026, 11, 25, 8, 5, tzinfo=UTC), "09:05"),
        (datetime(2026, 11, 24, 23, 30, tzinfo=UTC), "00:30"),  # today in Paris
        (datetime(2026, 11, 24, 16, 20, tzinfo=UTC), "mar. 17:20"),
        (datetime(2026, 11, 19, 8, 0, tzinfo=UTC), "jeu. 09:00"),
        (datetime(2026, 11, 18, 8, 0, tzinfo=UTC), "mer. 18 nov."),
        (datetime(2026, 11, 26, 8, 0, tzinfo=UTC), "jeu. 26 nov."),  # a clock that is fast
        (datetime(2024, 5, 12, 8, 0, tzinfo=UTC), "12/05/2024"),
        (None, ""),
    ],
)
def test_when(wednesday: datetime, moment: datetime | None, shown: str) -> None:
    assert presentation.when(moment) == shown


def test_when_in_full(wednesday: datetime) -> None:
    moment = datetime(2026, 11, 25, 8, 5, tzinfo=UTC)
    assert presentation.when(moment, full=True) == "25/11/2026 09:05"
    assert presentation.when_long(moment) == "mer. 25 nov. 2026, 09:05"


@pytest.mark.parametrize(
    ("day", "heading"),
    [
        (date(2026, 11, 26), "Aujourd’hui"),
        (date(2026, 11, 25), "Aujourd’hui"),
        (date(2026, 11, 24), "Hier"),
        (date(2026, 11, 23), "Lundi 23 novembre"),
        (date(2026, 11, 22), "La semaine dernière"),
        (date(2026, 11, 16), "La semaine dernière"),
        (date(2026, 11, 15), "Novembre 2026"),
        (date(2025, 1, 1), "Janvier 2025"),
    ],
)
def test_days_have_headings(wednesday: datetime, day: date, heading: str) -> None:
    assert presentation.day_label(day) == heading


@pytest.mark.parametrize(
    ("person", "letters"),
    [
        (Address("Bob Petit", "b@x"), "BP"),
        (Address("Jean-Luc de La Tour", "b@x"), "JT"),
        (Address("", "claire@x"), "C"),
        (Address("«»", "x@y"), "?"),
        (Address("", ""), "?"),
        (Address("élise", "e@x"), "É"),
    ],
)
def test_initials(person: Address, letters: str) -> None:
    assert presentation.initials(person) == letters


def test_a_colour_belongs_to_an_address() -> None:
    assert presentation.hue("Bob@X.fr") == presentation.hue("bob@x.fr")
    assert {presentation.hue(f"{n}@x.fr") for n in range(100)} == {1, 2, 3, 4, 5, 6}


@pytest.mark.parametrize(
    ("part", "name", "kind"),
    [
        (Part("2", "application/pdf", file_name="Plan.PDF"), "Plan.PDF", "k-pdf"),
        (Part("2", "message/rfc822"), "message.eml", "k-any"),
        (Part("2", "text/calendar"), "pièce jointe 2.ics", "k-any"),
        (Part("2", "image/png"), "pièce jointe 2.png", "k-img"),
        (Part("2", "application/x-odd"), "pièce jointe 2", "k-any"),
    ],
)
def test_an_attachment_without_name_gets_one(part: Part, name: str, kind: str) -> None:
    card = presentation.attachment_card(REF, part)
    assert (card.name.lower(), card.kind_class) == (name.lower(), kind)
    assert card.url == "/mail/INBOX/7-1/part/2/"


def test_the_size_of_base64_is_that_of_the_file() -> None:
    as_sent = len(base64.encodebytes(bytes(3_000_000)).replace(b"\n", b"\r\n"))
    part = Part("2", "application/pdf", encoding="base64", size=as_sent)
    assert presentation.attachment_card(REF, part).size == f"3{NBSP}Mo"


def test_a_folder_row_opens_above_what_is_unread() -> None:
    leaf = FolderNode(Folder("a/b", "/", frozenset(), unseen=2), "b", depth=1)
    top = FolderNode(Folder("a", "/", frozenset({"\\noselect"})), "a", (leaf,), usable=False)
    row = presentation.folder_row(top, "INBOX")
    assert (row.open, row.usable, row.url, row.icon) == (True, False, "", "folder")
    assert row.children[0].url == "/mail/a~2Fb/"
    found = presentation.folder_list([top], "a/b").find("a/b")
    assert found is not None and found.current


def test_old_mail_of_every_age_has_a_date(wednesday: datetime) -> None:
    for days in range(0, 3000, 7):
        moment = wednesday - timedelta(days=days)
        assert presentation.when(moment) and presentation.day_label(moment.date())
