"""Pictures of pages, compared with those that are kept in tests/data/pictures/.

Pictures are made six times smaller before they are compared: how a system smooths letters then
counts for next to nothing, and a bar that is gone counts as before. With other hinting and without
subpixels 0.01 % of the pixels differ, with one button hidden 0.8 %. To renew those that changed on
purpose:

    RENEW_PICTURES=1 .venv/bin/python -m pytest tests/browser/test_pictures.py
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Page

from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email, Phone
from addressbook.contacts import groups
from demo.servers.dovecot import MailAccount
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter, path

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "tests" / "data" / "pictures"
FAILED = ROOT / "var" / "pictures"
RENEWS = "RENEW_PICTURES" in os.environ
SMALLER = 6
# Seconds that a page may take where everything runs at once: what is tried here is no speed.
LONGEST_S = 120
# A pixel differs where one of its colours does by more than this, of 255.
MOST_CHANGE = 36
# So many pixels of a picture may differ, and of a square of it, in percent.
MOST_PIXELS = 0.4
MOST_OF_SQUARE = 30
SQUARE = 8

MESSAGE = "{message}"
STRANGER = ("/accounts/login/", "/lookup/", "/legal/", "/privacy/", "/help/", "/help/keys/")
WIDE = (
    "/mail/INBOX/",
    MESSAGE,
    "/mail/Drafts/",
    "/search/?q=sortie",
    "/search/?q=zzzz",
    "/search/?refine=1",
    "/compose/",
    "/folders/",
    "/tags/",
    "/preferences/",
    "/preferences/tools/",
    "/preferences/reading/",
    "/preferences/writing/",
    "/preferences/canned/",
    "/transfers/",
    "/outbox/",
    "/contacts/",
    "/contacts/new/",
    "/contacts/duplicates/",
    "/contacts/import/",
    "/help/write/",
    "/nowhere/",
)
NARROW = (
    "/mail/INBOX/",
    MESSAGE,
    "/compose/",
    "/preferences/tools/",
    "/contacts/",
    "/contacts/new/",
)
DARK = ("/mail/INBOX/", MESSAGE, "/compose/", "/preferences/", "/contacts/", "/nowhere/")
VIEWS = (
    (1440, 900, "light", WIDE),
    (1440, 900, "dark", DARK),
    (1024, 768, "light", ("/mail/INBOX/", MESSAGE, "/contacts/")),
    (375, 800, "light", NARROW),
)


@pytest.fixture
def letters(mailbox: Mailbox) -> int:
    """What never looks otherwise: mail of years ago. The UID of the message that is opened."""
    subjects = ("Sortie au musée", "Conseil de classe de 4e B", "Absence de Maëlle", "Brevet blanc")
    uids = [
        mailbox.append(
            letter(subject, files=(("Programme.pdf", "application/pdf", b"%PDF-1.4"),)),
            flags=["\\Seen"] if number % 2 else [],
            date=datetime(2024, 3, 4 + number, 9, 30, tzinfo=UTC),
        )
        for number, subject in enumerate(subjects * 3)
    ]
    return uids[1]


def fill_book() -> None:
    mine = User.objects.get(login="alice")
    named = (("Zoé", "Roux"), ("Émile", "Petit"), ("Aoife", "Brennan"))
    made = contacts.create_many(
        mine,
        [
            ContactData(
                first_name=first,
                last_name=last,
                emails=(Email(f"{number}@x.example"),),
                phones=(Phone("06 39 98 41 27", "mobile"),),
            )
            for number, (first, last) in enumerate(named)
        ],
    )
    groups.add(groups.create(mine, "Parents 4e B"), [made[0].pk])


# A page whose font comes late goes without it: here each waits for it, and for its images.
WHOLE = """async () => {
  const { href } = document.querySelector("link[rel=preload][as=font]");
  const face = new FontFace("Hanken Grotesk", `url(${href})`, { weight: "400 900" });
  document.fonts.add(await face.load());
  await document.fonts.ready;
  const isSeen = (image) => image.getBoundingClientRect().top < innerHeight;
  await Promise.all([...document.images].filter(isSeen).map((image) => image.decode()));
}"""


def picture(page: Page, address: str) -> Image.Image:
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.evaluate(WHOLE)
    shot = page.screenshot(animations="disabled", caret="hide")
    return Image.open(BytesIO(shot)).convert("RGB").reduce(SMALLER)


def fault_of(page: Page, address: str, name: str) -> str:
    """What is wrong with a page, in words; "" where it looks as it did. A page is loaded once more
    before that is said: under load the first one may be drawn before its font is there."""
    return fault(picture(page, address), name) and fault(picture(page, address), name)


def name_of(address: str, width: int, theme: str) -> str:
    page = "message" if "-" in address else address.strip("/")
    words = page.replace("/?", " ").replace("/", " ").replace("=", " ").split()
    return "-".join([*words, str(width), theme])


def fault(shown: Image.Image, name: str) -> str:
    """What is wrong with a picture, in words; "" where it is as it was."""
    kept = KEPT / f"{name}.webp"
    if RENEWS:
        if not kept.exists() or percent(shown, opened(kept)) > 0.05:
            KEPT.mkdir(parents=True, exist_ok=True)
            shown.save(kept, quality=90, method=6)
        return ""
    if not kept.exists():
        return f"{name}: there is no picture to compare with"
    before = opened(kept)
    if before.size != shown.size:
        return f"{name}: {shown.size}, and it was {before.size}"
    found, (most, place) = percent(shown, before), worst(shown, before)
    if found <= MOST_PIXELS and most <= MOST_OF_SQUARE:
        return ""
    where = f"{most} % of a square at {place}"
    return f"{name}: {found:.1f} % of the pixels differ, {where}: {keep(shown, before, name)}"


def opened(file: Path) -> Image.Image:
    with Image.open(file) as kept:
        return kept.convert("RGB")


def changed(one: Image.Image, other: Image.Image) -> Image.Image:
    """White where the two differ."""
    red, green, blue = ImageChops.difference(one, other).split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return most.point(lambda value: 255 if value > MOST_CHANGE else 0)


def percent(one: Image.Image, other: Image.Image) -> float:
    differing = changed(one, other).histogram()[255]
    return 100 * differing / (one.width * one.height)


def worst(one: Image.Image, other: Image.Image) -> tuple[int, tuple[int, int]]:
    """How much of the square that differs most, in percent, and its place on the page."""
    wide = one.width // SQUARE
    squares = changed(one, other).resize((wide, one.height // SQUARE), Image.Resampling.BOX)
    values = squares.tobytes()
    most = max(values)
    row, column = divmod(values.index(most), wide)
    return round(most / 2.55), (column * SQUARE * SMALLER, row * SQUARE * SMALLER)


def keep(shown: Image.Image, before: Image.Image, name: str) -> Path:
    """As it was, as it is and the difference, beside each other."""
    FAILED.mkdir(parents=True, exist_ok=True)
    whole = Image.new("RGB", (3 * shown.width, shown.height))
    for place, one in enumerate((before, shown, changed(shown, before).convert("RGB"))):
        whole.paste(one, (place * shown.width, 0))
    file = FAILED / f"{name}.png"
    whole.save(file)
    return file


@pytest.mark.parametrize(("width", "height", "theme", "addresses"), VIEWS)
def test_pages_look_as_they_did(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    mailbox: Mailbox,
    letters: int,
    width: int,
    height: int,
    theme: str,
    addresses: tuple[str, ...],
    settings: Any,
) -> None:
    settings.PUSH = False  # its connection stays open: no page would ever be done
    page = open_page(width=width, height=height, color_scheme=theme, reduced_motion="reduce")
    page.set_default_timeout(1000 * LONGEST_S)
    strange = STRANGER if (width, theme) == (1440, "light") else STRANGER[:1]
    faults = [fault_of(page, address, name_of(address, width, theme)) for address in strange]
    sign_in(page, alice)
    fill_book()
    message = path(mailbox, letters)
    for listed in addresses:
        address = message if listed == MESSAGE else listed
        faults.append(fault_of(page, address, name_of(address, width, theme)))
    assert not list(filter(None, faults))


def test_every_kept_picture_is_of_a_page() -> None:
    named = {
        name_of("a-b" if address == MESSAGE else address, width, theme)
        for width, _height, theme, addresses in VIEWS
        for address in (*addresses, *STRANGER)
    }
    kept = list(KEPT.glob("*.webp"))
    assert {file.stem for file in kept} <= named and len(kept) >= 40
    assert sum(file.stat().st_size for file in kept) < 500_000


def test_a_button_that_is_gone_is_seen_and_smoothed_letters_are_not() -> None:
    kept = opened(KEPT / "mail-INBOX-1440-light.webp")
    without = kept.copy()
    without.paste((235, 239, 246), (0, 8, 40, 16))  # "New message"
    most, place = worst(without, kept)
    assert percent(without, kept) > MOST_PIXELS and most > MOST_OF_SQUARE and place[1] < 100
    smoothed = kept.resize((kept.width * 2, kept.height * 2)).reduce(2)
    assert percent(smoothed, kept) <= MOST_PIXELS and worst(smoothed, kept)[0] <= MOST_OF_SQUARE
