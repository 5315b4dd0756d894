"""How long HTML mail takes: ours beside ``bleach.clean`` alone, in the same run.

python -m tools.bench.bench_html
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from types import SimpleNamespace

import bleach
import django
from bleach.css_sanitizer import CSSSanitizer

from accounts.session_stores.cached import SessionStore
from mail import sandbox
from mail.imap.values import MessageRef
from mail.mime import links
from mail.mime.hypertext import allowlist, css, html
from tests.mail.mime.newsletters import newsletter

# Characters, and kinds of blocks that the style sheet knows: 15 make a quarter of the smallest.
SIZES = ((30_000, 0), (30_000, 15), (150_000, 0), (150_000, 15), (400_000, 0))
ROUNDS = 15


def forget() -> None:
    """Empty what the sanitiser remembers between messages."""
    css._declared_before.cache_clear()
    allowlist.MemoisedCSS._sanitize_short.cache_clear()
    allowlist._ask_once.cache_clear()
    allowlist._may_stay.cache_clear()
    links.host.cache_clear()


def best(work: Callable[[], object], before: Callable[[], None] = lambda: None) -> float:
    """Milliseconds of processor time of the fastest of some rounds."""
    times = []
    for _ in range(ROUNDS):
        before()
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times) * 1000


def by_bleach(source: str) -> str:
    """The same rules through bleach alone."""
    return bleach.clean(
        source,
        tags=allowlist.TAGS,
        attributes=allowlist.is_allowed,
        protocols=allowlist.PROTOCOLS,
        strip=True,
        css_sanitizer=CSSSanitizer(css.PROPERTIES, ()),
    )


def session() -> Callable[[str], object]:
    """The webmail's own way for one reader, who is given what he saw before."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webmail.settings")
    os.environ.setdefault("WEBMAIL_SECRET_KEY", "none")
    django.setup()
    # They need Django set up.
    from accounts import credentials
    from accounts.http import SignedInRequest
    from webmail.reader import html

    request = SignedInRequest()
    request.user = SimpleNamespace(pk=1, is_authenticated=True)  # type: ignore[assignment]
    request.session = SessionStore()
    credentials.seal(request, 1, "none")
    sanitiser = html.ReaderSanitiser(request, MessageRef("INBOX", 1, 1))
    return lambda source: sanitiser.sanitise(source, ())


def median(work: Callable[[], object]) -> float:
    """Milliseconds of wall time, the median of some rounds."""
    times = []
    for _ in range(3 * ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def in_helpers() -> None:
    """Print what it costs to have the sanitiser in another process."""
    print("\n| newsletter | here, ms of wall time | in a helper, ms | added, ms |")  # noqa: T201
    print("|---|---|---|---|")  # noqa: T201
    for size, kinds in SIZES:
        source = newsletter(size, kinds)
        here = median(lambda source=source: html.sanitise(source))  # type: ignore[misc]
        there = median(
            lambda source=source: sandbox.call(html.sanitise, sandbox.HTML, source)  # type: ignore[misc]
        )
        name = f"{size // 1000} KB{', long style sheet' if kinds else ''}"
        print(f"| {name} | {here:.1f} | {there:.1f} | {there - here:.1f} |")  # noqa: T201


def main() -> None:
    """Print the tables."""
    reader = session()
    print("| newsletter | bleach.clean, ms | ours, first, ms | ratio | again, ms | kept, ms |")  # noqa: T201
    print("|---|---|---|---|---|---|")  # noqa: T201
    for size, kinds in SIZES:
        source = newsletter(size, kinds)
        theirs = best(lambda source=source: by_bleach(source))  # type: ignore[misc]
        ours = best(lambda source=source: html.sanitise(source), forget)  # type: ignore[misc]
        again = best(lambda source=source: html.sanitise(source))  # type: ignore[misc]
        reader(source)
        kept = best(lambda source=source: reader(source))  # type: ignore[misc]
        name = f"{size // 1000} KB{', long style sheet' if kinds else ''}"
        times = f"{theirs:.1f} | {ours:.1f} | {ours / theirs:.2f} | {again:.1f} | {kept:.1f}"
        print(f"| {name} | {times} |")  # noqa: T201
    in_helpers()


if __name__ == "__main__":
    main()
