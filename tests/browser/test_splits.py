"""Panes: their places, their sizes as they were dragged, and the folders as a rail of icons."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FloatRect, Locator, Page, expect

from tests import parts
from tests.browser.test_density import prefer
from tests.servers import large
from tests.servers.mailboxes import Mailbox

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(watched_page: Page, mailbox: Mailbox) -> Page:
    large.fill(mailbox, "INBOX", 30)
    watched_page.goto("/mail/INBOX/")
    return watched_page


def box(found: Locator) -> FloatRect:
    measured = found.bounding_box()
    assert measured
    return measured


def drag(page: Page, split: str, x: int, y: int) -> None:
    at = box(page.locator(split))
    page.mouse.move(at["x"] + at["width"] / 2, at["y"] + at["height"] / 2)
    page.mouse.down()
    page.mouse.move(x, y, steps=5)
    page.mouse.up()


def test_widths_that_were_dragged_are_there_when_the_page_comes_again(
    page: Page, faults: list[str]
) -> None:
    drag(page, ".split-side", 312, 400)
    drag(page, ".split-list", 900, 400)
    page.reload()
    assert abs(box(page.locator("#folders"))["width"] - 312) <= 8
    listed = box(page.locator("#message-list"))
    assert abs(listed["x"] + listed["width"] - 900) <= 14
    assert faults == []


def test_arrows_make_the_list_wider_and_a_double_click_as_it_was(page: Page) -> None:
    split = page.get_by_role("separator", name="Taille de la liste")
    before = box(page.locator("#message-list"))["width"]
    split.focus()
    for _press in range(3):
        page.keyboard.press("ArrowRight")
    assert box(page.locator("#message-list"))["width"] >= before + 48
    page.reload()
    assert box(page.locator("#message-list"))["width"] >= before + 48
    split.dblclick()
    assert box(page.locator("#message-list"))["width"] == before


def test_a_message_below_the_list_leaves_it_the_whole_width(page: Page, faults: list[str]) -> None:
    prefer(panes="below", columns="date size tags")
    page.reload()
    page.locator("#rows .row > a").first.click()
    expect(page.locator("#message .reader-title")).to_be_visible()
    listed, read = box(page.locator("#message-list")), box(page.locator("#message"))
    assert read["y"] >= listed["y"] + listed["height"] - 1
    assert listed["width"] == read["width"] > 1000
    drag(page, ".split-list", 800, 300)
    page.reload()
    assert abs(box(page.locator("#message-list"))["height"] - 250) <= 30
    assert faults == []


@pytest.mark.parametrize("panes", ["none", "below"])
@pytest.mark.parametrize("density", parts.first_of("airy", "normal", "compact"))
def test_a_list_over_the_full_width_has_columns(page: Page, panes: str, density: str) -> None:
    prefer(panes=panes, density=density, columns="date size tags")
    page.reload()
    for column in (".who", ".size", ".when"):
        boxes = [box(found) for found in page.locator(f"#rows {column}").all()]
        assert len({round(found["x"] + found["width"]) for found in boxes}) == 1, column
    row = page.locator("#rows .row").first
    tops = [box(row.locator(name)) for name in (".who", ".subject", ".size", ".when")]
    middles = [found["y"] + found["height"] / 2 for found in tops]
    assert max(middles) - min(middles) < 3
    xs = [found["x"] for found in tops]
    assert xs == sorted(xs)


def test_folders_reduced_to_a_rail_stay_so(page: Page, faults: list[str]) -> None:
    toggle = page.locator(".to-folders")
    toggle.click()
    expect(toggle).to_have_attribute("aria-expanded", "false")
    assert box(page.locator("#folders"))["width"] == 80
    page.reload()
    assert box(page.locator("#folders"))["width"] == 80
    expect(toggle).to_have_attribute("aria-expanded", "false")
    inbox = page.locator('#folders .folder[data-folder="INBOX"]').first
    expect(inbox).to_be_visible()
    expect(inbox.locator(".count")).to_be_visible()
    toggle.click()
    assert box(page.locator("#folders"))["width"] == 252
    assert faults == []


def test_at_1024_pixels_folders_and_writing_are_on_screen(page: Page) -> None:
    page.set_viewport_size({"width": 1024, "height": 768})
    page.reload()
    for name in (".side-new", '.folder[data-folder="INBOX"]'):
        at = box(page.locator(f"#folders {name}").first)
        assert at["x"] >= 0 and at["x"] + at["width"] <= 80 and at["y"] < 300
    expect(page.locator(".to-folders")).to_have_attribute("aria-expanded", "false")
    page.locator(".to-folders").press("Space")
    expect(page.locator("#folders .side-close")).to_be_visible()
    expect(page.locator(".to-folders")).to_have_attribute("aria-expanded", "true")
    assert box(page.locator("#folders"))["width"] == 320
    page.keyboard.press("Escape")
    assert box(page.locator("#folders"))["width"] == 80
    assert not Axe().run(page).response["violations"]


BEYOND = """() => {
  const end = document.querySelector("#message").getBoundingClientRect().right;
  const tools = [...document.querySelectorAll("#message .reader-tools :is(a, button, summary)")];
  const shown = tools.filter((tool) => tool.offsetParent && !tool.closest(".menu-panel"));
  return shown.filter((tool) => tool.getBoundingClientRect().right > end).map((tool) => tool.title);
}"""


@pytest.mark.parametrize("text", ["normal", "larger"])
@pytest.mark.parametrize("panes", ["right", "none"])
def test_no_tool_of_an_open_message_is_cut_off(page: Page, text: str, panes: str) -> None:
    prefer(text=text, panes=panes)
    page.reload()
    page.locator("#rows .row > a").first.click()
    expect(page.locator("#message .reader-title")).to_be_visible()
    for width in (1600, 1440, 1300, 1200, 1024, 900, 760, 375):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate(BEYOND) == [], width
    page.set_viewport_size({"width": 1440, "height": 800})
    for step in range(23):
        page.evaluate("step => { document.documentElement.dataset.list = step; }", str(step))
        assert page.evaluate(BEYOND) == [], f"list {step}"


def test_a_cookie_that_is_none_of_ours_says_nothing(
    page: Page, open_page: Callable[..., Page]
) -> None:
    page.context.add_cookies(
        [{"name": "panes", "value": '99."><b>.x.1', "url": page.url.split("/mail")[0]}]
    )
    page.reload()
    assert box(page.locator("#message-list"))["width"] == 408
    assert page.locator("html").get_attribute("data-rail") is None
