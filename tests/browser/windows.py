"""Browser windows that tests take one after the other: each is empty, but for the static files that
the browser has fetched and compiled before."""

from __future__ import annotations

from collections.abc import Hashable
from contextlib import suppress
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error

from tests.browser.waiting import limited
from tests.waiting import SOON_S

# What a site may keep in a browser, but for the files of its cache.
_KEPT = (
    "cookies,local_storage,indexeddb,websql,file_systems,service_workers,cache_storage,"
    "shared_storage,storage_buckets"
)
# A context takes its memory.
MOST = 4


class Windows:
    """Contexts of the browser by what they were opened with."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: dict[BrowserContext, Hashable] = {}
        self._taken: dict[BrowserContext, tuple[Hashable, str]] = {}

    def opened(self, address: str, *, viewport: tuple[int, int], **options: Any) -> BrowserContext:
        key = (address, viewport, repr(sorted(options.items())))
        for context, other in self._free.items():
            if other == key:
                del self._free[context]
                break
        else:
            width, height = viewport
            context = self._browser.new_context(
                viewport={"width": width, "height": height},
                locale="fr-FR",
                base_url=address,
                **options,
            )
        self._taken[context] = (key, address)
        return context

    def put_back(self, context: BrowserContext) -> None:
        key, address = self._taken.pop(context)
        if not _is_emptied(context, address):
            context.close()
            return
        self._free[context] = key
        if len(self._free) > MOST:
            oldest = next(iter(self._free))
            del self._free[oldest]
            oldest.close()

    def close(self) -> None:
        for context in self._free:
            context.close()
        self._free.clear()


def _is_emptied(context: BrowserContext, address: str) -> bool:
    """Close its pages and forget what they kept; False where that fails, and where a test has set
    the clock of all its pages. Chromium never closes a page that gets its next document just then,
    but with the whole window."""
    with suppress(Error, TimeoutError), limited(SOON_S):
        context.unroute_all()
        context.set_offline(False)
        context.clear_permissions()
        page = context.new_page()
        for other in context.pages:
            if other != page:
                other.close()
        devtools = context.new_cdp_session(page)
        devtools.send("Storage.clearDataForOrigin", {"origin": address, "storageTypes": _KEPT})
        context.clear_cookies()
        has_own_clock = page.evaluate("'__pwClock' in globalThis")
        page.close()
        # One of its pages may have opened another just then.
        return not has_own_clock and not context.pages
    return False
