"""Waiting for what happens outside the page, as long as Playwright waits for what happens in it."""

from __future__ import annotations

import time
from collections.abc import Callable

from playwright.sync_api import Page

from tests.waiting import PATIENCE_S


def wait_for(happened: Callable[[], object], page: Page | None = None) -> None:
    """Wait until it is so; with a page, its routes are served meanwhile."""
    end = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        if page is None:
            time.sleep(0.05)
        else:
            page.wait_for_timeout(50)
