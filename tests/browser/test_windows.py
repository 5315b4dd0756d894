"""A window that is used again knows nothing of the test before."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser import windows as module
from tests.browser.waiting import limited
from tests.browser.windows import Windows

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

KEPT = "[localStorage.length, document.cookie.includes('seen')]"


def opened(
    windows: Windows, site: str, path: str = "/accounts/login/"
) -> tuple[BrowserContext, Page]:
    context = windows.opened(site, viewport=(1441, 901))
    page = context.new_page()
    page.goto(path)
    return context, page


def test_a_window_is_emptied_and_one_with_a_clock_of_its_own_is_closed(
    windows: Windows, site: str
) -> None:
    first, page = opened(windows, site)
    page.evaluate("localStorage.setItem('seen', '1'); document.cookie = 'seen=1'")
    assert page.evaluate(KEPT) == [1, True]
    first.set_offline(True)
    windows.put_back(first)
    second, page = opened(windows, site)
    assert second is first
    assert page.evaluate(KEPT) == [0, False]
    page.clock.install()
    windows.put_back(second)
    third, _page = opened(windows, site)
    assert third is not first
    windows.put_back(third)


def test_a_window_is_put_back_whose_page_begins_to_load_anew(
    windows: Windows, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One in ten of such pages is never closed."""
    monkeypatch.setattr(module, "SOON_S", 1)
    for _time in range(30):
        context, page = opened(windows, site, "/healthz")
        page.evaluate("() => { setTimeout(() => location.reload(), 1) }")
        windows.put_back(context)
        assert not context.pages


def test_no_call_waits_for_ever(windows: Windows, site: str) -> None:
    context, page = opened(windows, site)
    with limited(0.5), pytest.raises(TimeoutError):
        page.evaluate("new Promise(() => {})")
    windows.put_back(context)
