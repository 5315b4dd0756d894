"""A browser without a screen: a session's cookies, forms that are filled in, and a clock."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import requests
from requests.adapters import HTTPAdapter

LONGEST_PAGE = 4_000_000  # bytes that are looked through for a form or links


class Stuck(Exception):
    """No answer came while the attack may last."""


@dataclass(frozen=True)
class Answer:
    """``what`` says method and path, ``seconds`` how long its head took. ``status`` is 0 where no
    answer came, or not all of it."""

    what: str
    seconds: float
    status: int
    text: str = ""
    url: str = ""


@dataclass
class Form:
    """A form of a page: where it goes, its fields, which of them are typed into, and the most
    characters of those that say it."""

    action: str = ""
    is_posted: bool = True
    fields: dict[str, list[str]] = field(default_factory=dict)
    typed: list[str] = field(default_factory=list)
    longest: dict[str, int] = field(default_factory=dict)

    def type_into(self, name: str, attributes: Mapping[str, str]) -> None:
        self.typed.append(name)
        if (told := attributes.get("maxlength", "")).isdigit():
            self.longest[name] = int(told)


class Browser:
    """``answers`` are all since `forget`; each request waits ``patience`` seconds at most, and none
    begins after ``deadline`` (of `time.monotonic`), which `forget` and the first request set."""

    def __init__(self, base: str, patience: float) -> None:
        self.base = base
        self.patience = patience
        self.deadline = float("inf")
        self._longest = float("inf")
        self.answers: list[Answer] = []
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.mount("http://", HTTPAdapter(max_retries=0))

    def forget(self, longest: float) -> None:
        """From the next request on, so many seconds are left."""
        self.answers = []
        self.deadline, self._longest = float("inf"), longest

    def joined_by(self) -> Browser:
        """Another one with the same session, for another thread."""
        other = Browser(self.base, self.patience)
        other._session.cookies.update(self._session.cookies)
        return other

    def take(self, cookies: Mapping[str, str]) -> None:
        """Continue another browser's session (`kept`)."""
        self._session.cookies.update(cookies)

    def kept(self) -> dict[str, str]:
        """The session's cookies by name."""
        return {one.name: one.value or "" for one in self._session.cookies}

    def cookies(self) -> str:
        """As a header field has them."""
        return "; ".join(f"{one.name}={one.value}" for one in self._session.cookies)

    def get(self, path: str, **headers: str) -> Answer:
        return self._ask("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def post(self, path: str, data: Any = None, **more: Any) -> Answer:
        """With the CSRF token of the session's cookie."""
        headers = {"X-CSRFToken": self._token(), "Referer": self.base} | more.pop("headers", {})
        return self._ask("POST", path, data=data, headers=headers, **more)

    def fill(
        self,
        path: str,
        values: Mapping[str, str],
        everywhere: str = "",
        files: Any = None,
    ) -> Answer:
        """Open a page and post its form that has ``values``, each other text field of it with
        ``everywhere``."""
        page = self.get(path)
        form = form_of(page.text, values.keys())
        data: dict[str, Any] = dict(form.fields)
        if everywhere:
            data |= dict.fromkeys(form.typed, everywhere)
        data |= values
        return self.post(form.action or page.url or path, data, files=files)

    def _token(self) -> str:
        for cookie in self._session.cookies:
            if "csrf" in cookie.name.lower():
                return cookie.value or ""
        return ""

    def _ask(self, method: str, path: str, **how: Any) -> Answer:
        self.deadline = min(self.deadline, time.monotonic() + self._longest)
        left = min(self.patience, self.deadline - time.monotonic())
        if left <= 0:
            raise Stuck("the attack's time was over")
        what, began = f"{method} {path.partition('?')[0][:80]}", time.monotonic()
        try:
            answer = self._sent(method, path, left, how)
            seconds = time.monotonic() - began
            content = _content(answer, began + left)
        except requests.RequestException as error:
            seconds = time.monotonic() - began
            is_late = seconds > left * 0.9
            if is_late and left < self.patience:
                raise Stuck("the attack's time was over") from error
            self.answers.append(Answer(what, seconds, 0))
            if is_late:
                raise Stuck("no answer") from error
            return self.answers[-1]  # the server hung up
        is_page = answer.headers.get("Content-Type", "").startswith("text/html")
        text = content.decode("utf-8", "replace") if is_page else ""
        where = answer.url.removeprefix(self.base)
        self.answers.append(Answer(what, seconds, answer.status_code, text, where))
        return self.answers[-1]

    def _sent(
        self, method: str, path: str, seconds: float, how: dict[str, Any]
    ) -> requests.Response:
        """The answer's head; a page's body comes with it, a download's piece by piece."""
        url, how = self.base + path, {**how, "timeout": seconds, "stream": True}
        try:
            return self._session.request(method, url, **how)
        except requests.ConnectionError as error:
            if isinstance(error, requests.Timeout) or "timed out" in str(error):
                raise
            # The server ends connections that were idle, just as this one is used again.
            return self._session.request(method, url, **how)


def _content(answer: requests.Response, end: float) -> bytes:
    """The beginning of the body, all of which is read. Raises Timeout at ``end``."""
    content = bytearray()
    for piece in answer.iter_content(64 * 1024):
        if len(content) < LONGEST_PAGE:
            content += piece
        if time.monotonic() > end:
            answer.close()
            raise requests.Timeout
    return bytes(content)


def links_in(text: str, below: str) -> list[str]:
    """Addresses in a page that begin with ``below``, in their order, each once."""
    found = re.findall(rf'(?:href|src|hx-get|data-[a-z-]+)="({re.escape(below)}[^"#]*)', text)
    return list(dict.fromkeys(map(html.unescape, found)))


def form_of(text: str, names: Collection[str]) -> Form:
    """The form to be posted that has most fields of these names, and then most to type into; an
    empty one where there is none."""
    return max(
        (form for form in forms_of(text) if form.is_posted),
        key=lambda form: (len(form.fields.keys() & names), len(form.typed)),
        default=Form(),
    )


def forms_of(text: str) -> list[Form]:
    """All forms of a page, in their order."""
    reader = _Forms()
    reader.feed(text)
    return reader.forms


_TYPED = {"text", "search", "email", "url", "tel", "password", ""}
_LEFT = {"submit", "button", "file", "image", "reset"}


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._area = self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            is_posted = given.get("method", "").lower() == "post"
            self.forms.append(Form(given.get("action", ""), is_posted))
        if not self.forms:
            return
        form, name = self.forms[-1], given.get("name", "")
        if tag == "input" and name and given.get("type", "") not in _LEFT:
            self._input(form, name, given)
        elif tag == "textarea" and name:
            self._area = name
            form.fields[name] = [""]
            form.type_into(name, given)
        elif tag == "select" and name:
            self._select = name
        elif tag == "option" and self._select:
            self._option(form, given)

    def _input(self, form: Form, name: str, given: dict[str, str]) -> None:
        kind = given.get("type", "")
        if kind in {"checkbox", "radio"} and "checked" not in given:
            return
        form.fields.setdefault(name, []).append(given.get("value", ""))
        if kind in _TYPED:
            form.type_into(name, given)

    def _option(self, form: Form, given: dict[str, str]) -> None:
        if self._select not in form.fields or "selected" in given:
            form.fields[self._select] = [given.get("value", "")]

    def handle_data(self, data: str) -> None:
        if self._area:
            self.forms[-1].fields[self._area][0] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""
        elif tag == "select":
            self._select = ""
