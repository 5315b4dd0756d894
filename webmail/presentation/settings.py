"""The settings: tabs, the pages of each, and a search over all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.preferences import Preference
from mail.folding import fold

Words = str | Promise


@dataclass(frozen=True)
class Page:
    """A page of a tab. ``place`` is the name of its URL, with the query."""

    name: str
    label: Words
    place: tuple[str, ...]

    @property
    def url(self) -> str:
        return reverse(self.place[0], args=self.place[1:])


@dataclass(frozen=True)
class Tab:
    """Pages of one subject; the tab itself leads to the first of them."""

    name: str
    label: Words
    icon: str
    pages: tuple[Page, ...]

    @property
    def url(self) -> str:
        return self.pages[0].url


def _chosen(name: str, label: Words) -> Page:
    """Return a page of preferences."""
    return Page(name, label, ("mail:preferences_of", name))


DISPLAY = Page("display", pgettext_lazy("preferences", "Display"), ("mail:preferences",))
TABS: tuple[Tab, ...] = (
    Tab(
        "display",
        DISPLAY.label,
        "monitor",
        (DISPLAY, _chosen("tools", _("Toolbar and keys"))),
    ),
    Tab(
        "reading",
        pgettext_lazy("preferences", "Reading"),
        "mail-open",
        (_chosen("reading", pgettext_lazy("preferences", "Reading")),),
    ),
    Tab(
        "writing",
        pgettext_lazy("preferences", "Writing"),
        "pen-line",
        (
            _chosen("writing", pgettext_lazy("preferences", "Writing")),
            Page("identities", _("Addresses and signatures"), ("mail:identities",)),
            Page("canned", _("Canned answers"), ("mail:canned",)),
        ),
    ),
    Tab(
        "folders",
        _("Folders and tags"),
        "folder",
        (
            Page("folders", _("My folders"), ("mail:folders",)),
            Page("tags", _("My tags"), ("mail:tags",)),
        ),
    ),
    Tab(
        "rules",
        _("Rules and absence"),
        "sliders-horizontal",
        (
            Page("rules", pgettext_lazy("for mail", "Rules"), ("mail:rules",)),
            Page("absence", _("Absence"), ("mail:absence",)),
        ),
    ),
    Tab(
        "adverts",
        pgettext_lazy("preferences", "Adverts"),
        "megaphone",
        (
            _chosen("adverts", _("Adverts and junk")),
            Page("senders", _("Adverts and senders"), ("mail:senders",)),
        ),
    ),
    Tab(
        "notifications",
        pgettext_lazy("preferences", "Notifications"),
        "info",
        (
            _chosen("notifications", pgettext_lazy("preferences", "Notifications")),
            _chosen("hours", _("Working hours")),
        ),
    ),
    Tab(
        "account",
        _("Account and security"),
        "shield-check",
        (
            Page("password", _("Password"), ("accounts:password",)),
            Page("security", _("Two-step sign-in"), ("accounts:security",)),
            Page("sessions", _("Sessions"), ("accounts:sessions",)),
            Page("my_settings", _("My mail settings"), ("accounts:my_settings",)),
            Page("services", _("My services"), ("accounts:services",)),
            Page("data", _("My data"), ("mail:own_data",)),
        ),
    ),
)
CHOOSING = frozenset(
    page.name for tab in TABS for page in tab.pages if page.place[0].startswith("mail:preferences")
)
"""The pages that are forms of preferences."""


@dataclass(frozen=True)
class Head:
    """The head that every page of the settings has: its tabs, the open one with its pages, and the
    open page."""

    tabs: tuple[Tab, ...]
    tab: Tab
    page: Page


def head(name: str) -> Head:
    """Return the head of the page of this name."""
    return next(Head(TABS, tab, page) for tab in TABS for page in tab.pages if page.name == name)


@dataclass(frozen=True)
class Found:
    """A setting or page that a search found, and where it stands."""

    label: Words
    url: str
    where: Words


def find_settings(text: str, offered: Iterable[Preference]) -> tuple[Found, ...]:
    """Return the settings and pages that contain every word of the text; accents and case are
    ignored."""
    wanted = fold(text).split()
    if not wanted:
        return ()
    places = [
        Found(page.label, page.url, tab.label)
        for tab in TABS
        for page in tab.pages
        if _has(wanted, (page.label, tab.label))
    ]
    for preference in offered:
        words = (preference.label, preference.help_text, *(w for _value, w in preference.options()))
        if _has(wanted, words):
            shown = head(preference.tab)
            url = f"{shown.page.url}#id_{preference.name}"
            places.append(Found(preference.label, url, shown.tab.label))
    return tuple(places)


def _has(wanted: Iterable[str], words: Iterable[Words]) -> bool:
    text = fold(" ".join(str(word) for word in words))
    return all(word in text for word in wanted)
