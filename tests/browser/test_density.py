"""How much of a list is in sight: rows are counted and boxes measured, as people see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from demo.servers.dovecot import MailAccount
from tests import parts
from tests.servers import large
from tests.servers.mailboxes import Mailbox
from webmail.models import InboxWatch

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SEEN = """() => {
  const rows = [...document.querySelectorAll("#rows .row")];
  const boxes = rows.map((row) => row.getBoundingClientRect());
  return {
    above: document.querySelector("#rows").getBoundingClientRect().top,
    height: boxes[0].height,
    whole: boxes.filter((box) => box.bottom <= innerHeight).length,
    aside: document.documentElement.scrollWidth - innerWidth,
  };
}"""


def prefer(**chosen: str) -> None:
    user = User.objects.get()
    user.preferences = user.preferences | chosen
    user.save(update_fields=["preferences"])


def set_aside() -> None:
    watch = InboxWatch.objects.all()
    watch.note_aside(User.objects.get(), timezone.localdate(), adverts=4, junk=1)


@pytest.fixture
def seen(watched_page: Page, mailbox: Mailbox) -> Callable[..., dict[str, Any]]:
    """What is seen of an inbox of 160 messages, with the line about adverts, at this size."""
    large.fill(mailbox, "INBOX", 160)
    watched_page.goto("/mail/INBOX/")
    set_aside()

    def seen(width: int = 1440, height: int = 900, **chosen: str) -> dict[str, Any]:
        prefer(**chosen)
        watched_page.set_viewport_size({"width": width, "height": height})
        watched_page.goto("/mail/INBOX/")
        expect(watched_page.locator("#advert-line p")).to_be_visible()
        found: dict[str, Any] = watched_page.evaluate(SEEN)
        assert found["aside"] == 0
        return found

    return seen


def test_a_compact_list_shows_eighteen_rows_of_one_line(seen: Callable[..., Any]) -> None:
    found = seen(density="compact")
    assert found["height"] == 34
    assert found["whole"] >= 18
    assert found["above"] <= 120


def test_the_list_that_nobody_chose_shows_twelve_rows(seen: Callable[..., Any]) -> None:
    found = seen()
    assert found["whole"] >= 12
    assert found["above"] <= 120


@pytest.mark.parametrize(("width", "height"), parts.first_of((1024, 768), (375, 667)))
def test_on_small_screens_most_of_the_height_is_the_lists(
    seen: Callable[..., Any], width: int, height: int
) -> None:
    found = seen(width, height)
    assert found["above"] <= 180
    assert found["whole"] >= 7


def test_names_of_a_compact_list_are_as_wide_in_each_row(
    seen: Callable[..., Any], watched_page: Page
) -> None:
    seen(density="compact")
    boxes = [subject.bounding_box() for subject in watched_page.locator("#rows .subject").all()]
    lefts = [box["x"] for box in boxes if box]
    assert len({round(left) for left in lefts}) == 1


def test_sizes_are_shown_where_they_are_asked_for(
    seen: Callable[..., Any], watched_page: Page
) -> None:
    seen()
    expect(watched_page.locator("#rows .size").first).to_be_hidden()
    expect(watched_page.locator("#rows .when").first).to_be_visible()
    seen(columns="size")
    expect(watched_page.locator("#rows .size").first).to_be_visible()
    expect(watched_page.locator("#rows .when").first).to_be_hidden()


def test_the_beginning_stands_on_the_line_of_the_subject(
    seen: Callable[..., Any], watched_page: Page
) -> None:
    seen()
    subject = watched_page.locator("#rows .subject").first.bounding_box()
    snippet = watched_page.locator("#rows .snippet").first.bounding_box()
    assert subject and snippet
    middles = [box["y"] + box["height"] / 2 for box in (subject, snippet)]
    assert abs(middles[0] - middles[1]) < 3
    assert snippet["x"] >= subject["x"] + subject["width"]


def test_the_line_about_adverts_is_closed_for_the_day(
    seen: Callable[..., Any], watched_page: Page, faults: list[str]
) -> None:
    seen()
    line = watched_page.locator("#advert-line")
    box = line.bounding_box()
    assert box and box["height"] <= 32
    line.get_by_role("button", name="Masquer").click()
    expect(line.locator("p")).to_have_count(0)
    watched_page.reload()
    expect(watched_page.locator("#rows .row").first).to_be_visible()
    expect(line.locator("p")).to_have_count(0)
    assert faults == []


def test_without_a_script_the_line_is_closed_as_well(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    mailbox: Mailbox,
) -> None:
    large.fill(mailbox, "INBOX", 5)
    bare = open_page(java_script_enabled=False)
    sign_in(bare, alice)
    set_aside()
    bare.goto("/mail/INBOX/")
    bare.locator("#advert-line button").click()
    expect(bare.locator("#rows .row")).to_have_count(5)
    expect(bare.locator("#advert-line p")).to_have_count(0)


@pytest.mark.parametrize("density", parts.first_of("airy", "normal", "compact"))
def test_each_density_is_accessible(
    seen: Callable[..., Any], watched_page: Page, density: str
) -> None:
    seen(density=density, columns="date size tags")
    found = Axe().run(watched_page)
    assert not found.response["violations"], found.generate_report()


@pytest.mark.parametrize("density", parts.first_of("airy", "normal", "compact"))
def test_sizes_stand_below_each_other_without_beginnings_of_messages(
    seen: Callable[..., dict[str, Any]], watched_page: Page, density: str
) -> None:
    seen(375, 812, density=density, columns="date size", snippets="off")
    sizes = [size.bounding_box() for size in watched_page.locator("#rows .size").all()[:8]]
    assert len({round(at["x"] + at["width"]) for at in sizes if at}) == 1


# Words that stand on two lines.
BROKEN = """() => [...document.querySelectorAll("#folders .clip")].flatMap((label) => {
  const text = label.firstChild;
  if (text?.nodeType !== 3) return [];
  return [...text.data.matchAll(/\\S+/g)].filter(({ 0: word, index }) => {
    const range = document.createRange();
    range.setStart(text, index);
    range.setEnd(text, index + word.length);
    return new Set([...range.getClientRects()].map((box) => box.top)).size > 1;
  }).map(([word]) => word);
})"""


def test_no_word_of_the_rail_is_broken_with_large_letters(
    watched_page: Page, mailbox: Mailbox
) -> None:
    """“Indésirables” was, and “Circulaires”."""
    mailbox.create_folder("Circulaires")
    prefer(text="larger")
    watched_page.set_viewport_size({"width": 1024, "height": 900})
    watched_page.goto("/mail/INBOX/")
    expect(watched_page.locator("#folders .clip", has_text="Circulaires")).to_be_visible()
    assert watched_page.evaluate(BROKEN) == []
