"""A window that is used again knows nothing of the test before."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.windows import Windows

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

KEPT = "[localStorage.length, document.cookie.includes('seen')]"


def opened(windows: Windows, site: str) -> tuple[BrowserContext, Page]:
    context = windows.opened(site, viewport=(1441, 901))
    page = context.new_page()
    page.goto("/accounts/login/")
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
