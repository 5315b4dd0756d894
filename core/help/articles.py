"""Articles of the help: Markdown files of the project, one for each language, with a search.

Words in bold are labels of buttons, menus and pages: `tests/core/help/test_articles.py` checks
that each is in the catalogue, so that no article names a button that no longer exists. Screenshots
are taken by ``python -m demo.pictures --articles``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.templatetags.static import static
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from markdown_it import MarkdownIt
from markdown_it.token import Token
from PIL import Image

from mail import folding

LANGUAGES: Final = ("fr", "en")
TOPICS: Final[tuple[tuple[str | Promise, tuple[str, ...]], ...]] = (
    (_("Signing in"), ("sign-in", "numen", "password", "two-steps", "shared-computer", "my-data")),
    (
        _("Reading"),
        ("read", "conversations", "attachments", "images", "search", "invitations", "missing"),
    ),
    (
        _("Writing"),
        (
            "write",
            "drafts",
            "many-people",
            "fields",
            "bulletins",
            "outbox",
            "signature",
            "canned",
            "receipts",
        ),
    ),
    (
        _("Sorting"),
        (
            "folders",
            "tags",
            "sharing",
            "trash",
            "space",
            "transfer",
            "rules",
            "absence",
            "adverts",
            "fraud",
        ),
    ),
    (_("Contacts"), ("contacts", "groups", "classes", "import", "duplicates")),
    (_("Devices and display"), ("phone", "display", "notifications", "accessibility")),
)
NAMES: Final = tuple(name for _topic, names in TOPICS for name in names)
# What is asked most: of everybody, and of those who cannot sign in yet.
_ASKED: Final = ("many-people", "attachments", "signature", "absence", "missing", "phone")
_ASKED_OUTSIDE: Final = ("sign-in", "numen", "password", "two-steps", "shared-computer", "phone")
_QUESTIONS: Final[dict[str, str | Promise]] = {
    "absence": _("How do I tell people that I am away?"),
    "attachments": _("How do I open or keep an attachment?"),
    "many-people": _("How do I write to a class?"),
    "missing": _("Why did a message not arrive?"),
    "numen": _("I do not know my login: where is it?"),
    "password": _("How do I change my password?"),
    "phone": _("How do I get my mail on my telephone?"),
    "shared-computer": _("What must I do on a shared computer?"),
    "sign-in": _("I cannot sign in: what can I do?"),
    "signature": _("How do I write my signature?"),
    "two-steps": _("How do I protect my account?"),
}
# The page that an article is about, for those who are signed in: the name of its URL.
_PLACES: Final = {
    "absence": "mail:absence",
    "adverts": "mail:senders",
    "canned": "mail:canned",
    "classes": "addressbook:contacts",
    "contacts": "addressbook:contacts",
    "display": "mail:preferences",
    "drafts": "mail:drafts",
    "duplicates": "addressbook:duplicates",
    "folders": "mail:folders",
    "groups": "addressbook:contacts",
    "import": "addressbook:imports",
    "many-people": "mail:compose",
    "missing": "mail:trace",
    "my-data": "mail:own_data",
    "notifications": "mail:preferences",
    "outbox": "mail:outbox",
    "password": "accounts:password",
    "phone": "accounts:my_settings",
    "rules": "mail:rules",
    "search": "mail:search",
    "shared-computer": "accounts:sessions",
    "signature": "mail:identities",
    "space": "mail:space",
    "tags": "mail:tags",
    "transfer": "mail:transfers",
    "two-steps": "accounts:security",
    "write": "mail:compose",
}
# The article about a page, by the name of its URL or the beginning of that name.
_PAGES: Final = {
    "account_login": "sign-in",
    "accounts:lookup": "numen",
    "accounts:my_phone": "phone",
    "accounts:my_settings": "phone",
    "accounts:password": "password",
    "accounts:security": "two-steps",
    "accounts:sessions": "shared-computer",
    "addressbook:": "contacts",
    "addressbook:add_guardian": "classes",
    "addressbook:duplicates": "duplicates",
    "addressbook:edit_filter": "groups",
    "addressbook:edit_group": "groups",
    "addressbook:guardian": "classes",
    "addressbook:import": "import",
    "addressbook:merge": "duplicates",
    "addressbook:new_filter": "groups",
    "addressbook:new_group": "groups",
    "addressbook:share_group": "groups",
    "addressbook:shared_group": "groups",
    "addressbook:write_class": "classes",
    "addressbook:year": "classes",
    "mail:absence": "absence",
    "mail:canned": "canned",
    "mail:compose": "write",
    "mail:draft": "drafts",
    "mail:draft_document": "bulletins",
    "mail:export": "transfer",
    "mail:folder": "read",
    "mail:folder_share": "sharing",
    "mail:folders": "folders",
    "mail:forward": "write",
    "mail:identities": "signature",
    "mail:invitation": "invitations",
    "mail:message": "read",
    "mail:outbox": "outbox",
    "mail:own_data": "my-data",
    "mail:preferences": "display",
    "mail:reply": "write",
    "mail:rule": "rules",
    "mail:search": "search",
    "mail:senders": "adverts",
    "mail:space": "space",
    "mail:tags": "tags",
    "mail:trace": "missing",
    "mail:transfer": "transfer",
    "mail:view": "attachments",
}
# Words that users search for and that the article does not contain.
_OTHER_WORDS: Final = {
    "attachments": "fichier joint, pdf, telecharger, download",
    "contacts": "carnet d'adresses, repertoire, effacer, address book, delete",
    "display": "police, taille, theme sombre, couleurs, font, size, dark, colours",
    "fields": "publipostage, fusion, personnaliser, accolades, mail merge, placeholder",
    "folders": "repertoire, ranger, classer, archiver",
    "fraud": "spam, hameconnage, phishing, pourriel, arnaque, virus, pirate, scam, junk",
    "import": "horde, sun, outlook, thunderbird, csv, vcard",
    "missing": "perdu, disparu, lost",
    "password": "mdp, oublie, perdu, forgotten, lost",
    "sign-in": "mot de passe oublie, bloque, forgotten password, locked",
    "space": "quota, stockage, saturee, storage, full",
    "transfer": "sauvegarde, archive, mbox, eml, pst, outlook, thunderbird, backup",
    "trash": "effacer, recuperer, restaurer, recover, restore",
    "two-steps": "double authentification, 2fa, otp, passkey",
    "write": "mail, courriel, envoyer, e-mail, send",
}
_HERE: Final = Path(__file__).resolve().parent
PICTURES: Final = _HERE.parents[1] / "webmail" / "static" / "webmail" / "help"
_parser = MarkdownIt("commonmark", {"html": False})
_TAG: Final = re.compile(r"<[^<>]*>")


def _picture(_renderer: object, tokens: Sequence[Token], place: int, *_options: Any) -> str:
    """Return a screenshot, which the article names by its file name; nothing where it was not taken
    yet."""
    name = str(tokens[place].attrs["src"])
    if not (PICTURES / name).is_file():
        return ""
    with Image.open(PICTURES / name) as picture:
        width, height = picture.size
    return format_html(
        '<img src="{}" alt="{}" width="{}" height="{}" loading="lazy">',
        static(f"webmail/help/{name}"),
        tokens[place].content,
        width,
        height,
    )


_parser.add_render_rule("image", _picture)


@dataclass(frozen=True, slots=True)
class Article:
    """An article. ``html`` is the text without its title; ``folded`` are all words, folded for the
    search."""

    name: str
    title: str
    html: SafeString
    folded: str

    @property
    def question(self) -> str | Promise:
        """What people ask who need this article; its title where nothing is known of that."""
        return _QUESTIONS.get(self.name, self.title)

    @property
    def place(self) -> str:
        """The name of the URL of the page that it is about, or "" where there is no such page."""
        return _PLACES.get(self.name, "")


def article(name: str, language: str = "") -> Article:
    """Return an article in ``language``, or else in the user's language; in French where there is
    no such translation. ``name`` is one of ``NAMES``."""
    spoken = (language or get_language() or "").partition("-")[0]
    return _read(name, spoken if spoken in LANGUAGES else "fr")


@cache
def _read(name: str, language: str) -> Article:
    text = (_HERE / language / f"{name}.md").read_text(encoding="utf-8")
    heading, _end, body = text.partition("\n")
    html = _parser.render(body)
    title = heading.removeprefix("# ").strip()
    other_words = _OTHER_WORDS.get(name, "")
    folded = folding.fold(f"{title} {_TAG.sub(' ', html)} {other_words}")
    # The files are the project's own, and the parser is set to escape HTML in them.
    return Article(name, title, mark_safe(html), folded)  # noqa: S308


def found(sought: str) -> Iterator[tuple[str | Promise, list[Article]]]:
    """Yield the articles with most words of ``sought``, by topic; all articles where it is empty.

    Words match by their beginnings, without accents and without endings of plurals or verbs.
    Articles and pronouns are ignored.
    """
    all_words = _WORD.findall(folding.fold(sought))
    words = [_stem(word) for word in all_words if word not in _LITTLE] or all_words
    counts = {name: sum(_has(article(name), word) for word in words) for name in NAMES}
    most = max(counts.values())
    if words and not most:
        return
    for topic, names in TOPICS:
        if fitting := [article(name) for name in names if counts[name] == most]:
            yield topic, fitting


def asked_most(about: str, *, signed_in: bool) -> list[Article]:
    """Return the six articles that stand on top: the one called ``about``, of the page from which
    the help was opened, and those that are asked for most."""
    often = _ASKED if signed_in else _ASKED_OUTSIDE
    names = dict.fromkeys((about, *often) if about in NAMES else often)
    return [article(name) for name in list(names)[: len(often)]]


_WORD: Final = re.compile(r"[^\W_]+")
_LITTLE: Final = frozenset(
    "a ai au aux c ce ces comment d dans de des du en est et faire il j je l la le les leur m ma"
    " mes mon n ne on ou par pas pour qu que qui s sa se ses son sur un une y"
    " an and can do does for from how i in is it my of on or the to what with".split()
)
_ENDING: Final = re.compile(r"(?<=\w{4})(?:e?s|x|er|ez|ee?|ing|ed)\Z")


def _stem(word: str) -> str:
    return word[:-1] if len(word) == 4 and word[-1] in "sx" else _ENDING.sub("", word)


def _has(candidate: Article, word: str) -> bool:
    return re.search(rf"\b{re.escape(word)}", candidate.folded) is not None


def about(page: str) -> Article | None:
    """Return the article about a page, or None. ``page`` is the name of its URL, such as
    ``mail:rules``."""
    name = max((begin for begin in _PAGES if page.startswith(begin)), key=len, default=None)
    return article(_PAGES[name]) if name else None
