"""Waiting for what happens outside the page, as long as Playwright waits for what happens in it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright._impl._sync_base import SyncBase
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


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """No call of Playwright in the block takes longer: it raises TimeoutError. Many have no limit
    of their own, as the closing of a page, or what is evaluated in it."""
    usual = SyncBase._sync

    def sync(self: SyncBase, awaitable: Awaitable[Any]) -> Any:
        async def within() -> Any:
            async with asyncio.timeout(seconds):
                return await awaitable

        return usual(self, within())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SyncBase, "_sync", sync)
        yield
