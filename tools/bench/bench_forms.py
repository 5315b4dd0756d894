"""What each form costs that a signed-in user can post: the largest bodies that it takes.

python -m tools.bench.bench_forms [--only PATH…] [--shapes SHAPE…] [--all]

The servers are those of `tools.bench.bench_cost`. Each form of each page of `PAGES` is posted in
each of `SHAPES` by one person, one post after another. A line says: the processor time of web
server, workers and their children, the memory of the worst web process above rest, and the status.
Without ``--all``, only those above `MOST_SECONDS` or `MOST_MEMORY` are printed. The exit status is
1 when there is one. Linux only, about ten minutes.
"""

from __future__ import annotations

import argparse
import signal
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from html import escape
from typing import Any

from tests.servers.mailboxes import Mailbox
from tools.bench.bench_cost import say
from tools.bench.cost.browser import Browser, Form, Stuck, forms_of
from tools.bench.cost.scene import INBOX, SIGN_IN
from tools.bench.cost.servers import ALICE, Installation
from webmail.serving.fields import MOST_SHOWN

MOST_SECONDS, MOST_MEMORY = 1.0, 50.0
PATIENCE = 60.0
# What Django takes of a form without its files, and the most fields.
TOKEN = "csrfmiddlewaretoken"
LARGEST, MOST_FIELDS = 5 * 1024 * 1024 - 20_000, 5_900
# What is longer on a page is refused before a form's own code works, and would not measure it.
MOST_TYPED = MOST_SHOWN - 100_000

PAGES = (
    "/compose/", "/preferences/", "/preferences/identities/", "/preferences/canned/", "/tags/",
    "/rules/", "/rules/new/", "/rules/raw/", "/rules/absence/", "/folders/", "/folders/space/",
    "/folders/share/INBOX/", INBOX, "/search/?q=a", "/transfers/", "/adverts/senders/",
    "/contacts/", "/contacts/new/", "/contacts/collected/", "/contacts/duplicates/",
    "/contacts/export/", "/contacts/import/", "/contacts/import/other/", "/contacts/bin/",
    "/contacts/year/", "/contacts/groups/new/", "/contacts/groups/{group}/",
    "/contacts/groups/{group}/edit/", "/contacts/groups/{group}/class/",
    "/contacts/groups/{group}/addresses/", "/contacts/groups/{group}/share/",
    "/contacts/groups/{group}/inner/", "/contacts/groups/{group}/directory/",
    "/contacts/{contact}/edit/", "/contacts/{contact}/guardians/", "/drafts/{draft}/",
    "/account/password/", "/account/data/", "/account/security/", "/account/settings/",
)  # fmt: skip
# Forms that scripts post: address, and the fields that take a text.
BARE: dict[str, tuple[str, ...]] = {
    "/drafts/{draft}/save/": ("to", "subject", "body", "html"),
    "/compose/check/": ("address",),
    "/compose/beside/": ("to", "subject", "body"),
    "/search/save/": ("name", "q"),
    "/search/recent/": ("q",),
    "/contacts/add/": ("address", "name"),
    "/contacts/act/": ("contacts", "verb", "group"),
    "/contacts/collected/act/": ("addresses", "verb"),
    "/folders/change/": ("verb", "name", "folder"),
    f"{INBOX}act/": ("refs", "verb", "folder"),
    "/adverts/judge/": ("refs", "verdict"),
    "/adverts/close/": ("senders",),
    "/account/password/strength/": ("new",),
    "/rules/state/": ("digest",),
    "/transfers/account/": ("server", "login", "password", "new"),
    "/transfers/export/": ("folders", "form"),
    "/language/": ("language", "next"),
}

# What fields take that do not say it on their page, by their forms; others take `USUAL`.
USUAL = 200
LONGEST = {
    "body": 1_000_000, "html": 1_000_000, "to": 400_000, "cc": 400_000, "bcc": 400_000,
    "external": 100_000, "addresses": 100_000, "notes": 20_000, "text": 10_000,
    "script": 110_000, "people": 20_000,
}  # fmt: skip
# Fields that take a long text.
LONG = ("body", "html", "notes", "text", "script", "external", "addresses")


def _everywhere(text: str) -> Callable[[Form], dict[str, Any]]:
    """A text, as often as it fits into all text fields together."""

    def make(form: Form) -> dict[str, Any]:
        most = min(LARGEST, MOST_TYPED * len(text) // len(escape(text)))
        size = most // max(1, len(form.typed))
        return {**form.fields, **dict.fromkeys(form.typed, (text * (size // len(text) + 1))[:size])}

    return make


def _fitting(text: str, **more: str) -> Callable[[Form], dict[str, Any]]:
    """A text in each text field, as often as the field takes it, and as a page may bring all back:
    the form's own code works on it."""

    def make(form: Form) -> dict[str, Any]:
        names = [*form.typed, *(name for name in ("html",) if name in form.fields)]
        filled, left = {}, MOST_TYPED * len(text) // len(escape(text))
        for name in names:
            size = min(form.longest.get(name) or LONGEST.get(name, USUAL), left)
            filled[name] = (text * (size // len(text) + 1))[:size]
            left -= size
        known = {name: value for name, value in more.items() if name in form.fields}
        return {**form.fields, **filled, **known}

    return make


def _repeated(form: Form) -> dict[str, Any]:
    """Each field many times, but for the token that lets the form in."""
    names = [name for name in {**form.fields, **dict.fromkeys(form.typed)} if name != TOKEN]
    times = MOST_FIELDS // max(1, len(names))
    return {name: [f"{n}" for n in range(times)] for name in names}


def _first(text: str, form: Form) -> dict[str, Any]:
    """A text in the longest field, or in the first one."""
    name = next((one for one in LONG if one in form.typed), next(iter(form.typed), "a"))
    return {**form.fields, name: text}


def _many(form: Form) -> dict[str, Any]:
    """Fields that the form does not know, numbered as those of a list are."""
    first = next(iter(form.typed), "a")
    unknown = {f"{first}-{n}": "a" * 650 for n in range(MOST_FIELDS - 50)}
    return {**form.fields, **unknown}


# Sent as multipart/form-data, where a line is two bytes, or with each byte escaped.
SHAPES: dict[str, tuple[bool, Callable[[Form], dict[str, Any]]]] = {
    "line": (True, _everywhere("a")),
    "lines": (True, _everywhere("a\n")),
    "words": (True, _everywhere("ab ")),
    "addresses": (True, _everywhere("a@b.fr, ")),
    "marks": (True, _everywhere("<{(\"'%,;:")),
    "refused": (True, lambda form: _first('"' * LARGEST, form)),
    # The sign that takes most on a page, in one field as in all.
    "quotes": (True, _everywhere('"')),
    "quoted": (True, lambda form: _first('"' * 660_000, form)),
    "braces": (True, _everywhere("{a}")),
    "escapes": (False, lambda form: _thirds(_everywhere("\n")(form))),
    "repeated": (False, _repeated),
    **{
        f"fit-{name}": (True, _fitting(text))
        for name, text in {
            "line": "a",
            "lines": "a\n",
            "words": "ab ",
            "addresses": "a@b.fr, ",
            "quotes": '"',
            "marks": "<{(\"'%,;:",
            "braces": "{nom}",
            "names": "Léa <a@b.fr>,",
            "links": "www.a.fr ",
        }.items()
    },
    **{
        f"fit-html-{name}": (True, _fitting(text, format="html"))
        for name, text in {
            "nested": "<b><i><p>",
            "styles": "<p style='color:red'>a",
            "cells": "<table><tr><td>",
            "quotes": "<blockquote>a",
            "images": "<img src='data:image/png;base64,aa'>",
        }.items()
    },
    "many": (False, _many),
}


def _thirds(fields: dict[str, Any]) -> dict[str, Any]:
    """The texts cut to a third, since an escaped byte takes three."""
    return {k: v[: len(v) // 3 - 9] if isinstance(v, str) else v for k, v in fields.items()}


@dataclass(frozen=True)
class Cost:
    path: str
    shape: str
    seconds: float
    web: float
    answer: float
    status: int

    @property
    def is_too_much(self) -> bool:
        return self.seconds > MOST_SECONDS or self.web > MOST_MEMORY or self.status in {0, 500, 502}

    def line(self) -> str:
        return (
            f"{self.path:50}{self.shape:11}{self.seconds:7.2f} s{self.web:6.0f} MB"
            f"{self.answer:7.2f} s{self.status:5}{'  too much' if self.is_too_much else ''}"
        )


def posted(browser: Browser, path: str, data: dict[str, Any], is_multipart: bool) -> None:
    if not is_multipart:
        browser.post(path, data)
        return
    pairs = [
        (name, (None, value.encode()))
        for name, values in data.items()
        for value in (values if isinstance(values, list) else [values])
    ]
    browser.post(path, files=pairs or [("a", (None, b""))])


def signed_in(installation: Installation) -> Browser:
    browser = Browser(installation.base, PATIENCE)
    browser.fill(SIGN_IN, {"login": ALICE.login, "password": ALICE.password})
    browser.get(INBOX)
    return browser


def own(browser: Browser) -> dict[str, str]:
    """A group, a contact and a draft of the person's."""
    group = browser.fill("/contacts/groups/new/", {"name": "6e B"}).url
    contact = browser.fill("/contacts/new/", {"last_name": "Martin"}).url
    draft = str(uuid.uuid4())
    written = {"draft": draft, "kind": "new", "format": "plain", "body": "Bonjour", "to": "a@b.fr"}
    browser.post(f"/drafts/{draft}/save/", {**written, "key": str(uuid.uuid4())})
    return {"group": _number(group), "contact": _number(contact), "draft": draft}


def _number(address: str) -> str:
    return next((step for step in address.split("/") if step.isdigit()), "0")


def forms(browser: Browser, mine: dict[str, str]) -> Iterator[tuple[str, Form]]:
    """Each form once, with the address to which it is posted."""
    seen = set()
    for page in PAGES:
        path = page.format(**mine)
        answer = browser.get(path)
        if answer.status != 200:
            say(f"{path}: {answer.status}")
        for form in forms_of(answer.text):
            target = form.action or answer.url or path
            key = (target.partition("?")[0], tuple(sorted(form.typed)))
            is_text = form.is_posted and form.typed and "logout" not in target
            if is_text and key not in seen:
                seen.add(key)
                yield target, form
    for path, names in BARE.items():
        fields = {name: [""] for name in names}
        yield path.format(**mine), Form(path, fields=fields, typed=list(names))


def cost(installation: Installation, browser: Browser, path: str, form: Form, shape: str) -> Cost:
    is_multipart, make = SHAPES[shape]
    data = make(form)
    browser.forget(PATIENCE)
    watch = installation.watch()
    watch.begin()
    with suppress(Stuck):
        posted(browser, path, data, is_multipart)
    used = watch.end()
    answer = browser.answers[0] if browser.answers else None
    seconds, status = (answer.seconds, answer.status) if answer else (PATIENCE, 0)
    if not status:
        installation.renew()
    return Cost(path[:49], shape, used.seconds, used.web, seconds, status)


def all_costs(
    only: Sequence[str], shapes: Sequence[str], shown: Callable[[Cost], None]
) -> list[Cost]:
    costs = []
    played = [shape for shape in SHAPES if not shapes or any(one in shape for one in shapes)]
    with ExitStack() as stack:
        installation = Installation(stack)
        installation.start()
        stack.callback(Mailbox(installation.dovecot, ALICE).close)
        browser = signed_in(installation)
        for path, form in list(forms(browser, own(browser))):
            for shape in played if not only or any(one in path for one in only) else ():
                costs.append(cost(installation, browser, path, form, shape))
                shown(costs[-1])
    return costs


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[], metavar="PATH")
    parser.add_argument("--shapes", nargs="+", default=[], metavar="SHAPE")
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args(arguments)
    # The servers are stopped however this ends.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(2))

    def shown(one: Cost) -> None:
        if options.all or one.is_too_much:
            say(one.line())

    costs = all_costs(options.only, options.shapes, shown)
    failed = [one for one in costs if one.is_too_much]
    say(f"{len(costs)} posts, {len(failed)} cost too much")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
