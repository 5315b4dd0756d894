"""The host that a link of a message leads to, and whether the link's text names another."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode

REL: Final = "noopener noreferrer"
"""The ``rel`` of every link of a message: the page that opens learns nothing of the one it left."""

_WEB = re.compile(r"https?:[/\\]*([^/\\?#]*)", re.IGNORECASE)
# Host names in a text, with or without the rest of a URL. A user name begins at a word and a host
# at a label, so that no character is tried often.
_NAMED = re.compile(
    r"(?P<scheme>https?://|www\.)?(?:(?<![^\s@/<>])(?P<user>[^\s@/<>]*+@))?"
    r"(?:(?<![\w-])[_-]*+"
    r"(?P<host>(?:[^\W_][\w-]{0,62}+\.){1,9}(?P<top>xn--[a-z0-9-]{2,59}+|[^\W\d_]{2,24}+))"
    r"|(?P<ip>\d{1,3}+(?:\.\d{1,3}+){3}))(?![\w@-])",
    re.IGNORECASE,
)
# "rapport.pdf" and "fin.Le" name no host. Without http or www, a name is a host only with one of
# these endings, or one of two letters of the same case that is no file extension.
_TOPS = frozenset(
    """
    com org net edu gov info biz name int mil app dev online site shop store xyz top club live
    cloud page blog news email support help services bank academy school education university
    paris alsace bzh corsica cat brussels swiss
    """.split()
)
_FILES = frozenset("md js py sh pl rs ps ai so cc gz db tf hs vb cs ml".split())


@dataclass(frozen=True, slots=True)
class LinkWarning:
    """A warning about a link. ``shown`` is the host as read and, if different, as sent.
    ``is_alarming`` is set for a host that imitates another, a bare IP address, or a host behind a
    user name (``https://bank.example@…``).
    """

    shown: str
    is_alarming: bool


def note(address: str, words: str) -> LinkWarning | None:
    """Return a warning about a link to ``address`` whose text and title are ``words``, or None.

    A text that names ``example.org`` may lead to a host below it, or to it without ``www.``; any
    other text that looks like an address names another host.
    """
    if address[:7].lower() == "mailto:":
        return _mail_note(address, words)
    match = _WEB.match(address)
    if not match:
        return None
    user, _, server = match[1].rpartition("@")
    name = host(server)
    if not name:
        return None
    is_alarming = bool(user) or is_ip(name) or (not name.isascii() and is_imitation(name))
    if is_alarming or not name.isascii() or _disagrees(name, words):
        return LinkWarning(_both_forms(name), is_alarming)
    return None


def shown_host(address: str) -> str:
    """Return the host of a web address, as read and, if different, as sent; "" for another
    address.
    """
    match = _WEB.match(address)
    return _both_forms(host(match[1].rpartition("@")[2])) if match else ""


def _mail_note(address: str, words: str) -> LinkWarning | None:
    recipients = unquote(address[7:].partition("?")[0])
    domains = {recipient.rpartition("@")[2].lower().strip() for recipient in recipients.split(",")}
    named = {_host_in(match).lower() for match in _NAMED.finditer(words) if match["user"]}
    return LinkWarning(recipients[:200], False) if named - domains and recipients else None


@lru_cache(maxsize=1024)
def host(server: str) -> str:
    """Return the host of ``host:port`` as a browser understands it, in Unicode and lower case."""
    name = unicodedata.normalize("NFKC", unquote(server[:300])).lower().replace("。", ".")
    name = "".join(char for char in name if unicodedata.category(char) not in ("Cf", "Cc", "Mn"))
    if not name.startswith("["):
        name = name.partition(":")[0]
    return ".".join(map(_unicode_label, name.strip(". ").split(".")))


def _unicode_label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return unicodedata.normalize("NFC", label[4:].encode().decode("punycode")) or label
    except (UnicodeError, OverflowError):
        return label


def ascii_form(name: str) -> str:
    """Return a Unicode host in its DNS form (RFC 5890: A-labels)."""
    return ".".join(
        label if label.isascii() else "xn--" + label.encode("punycode").decode()
        for label in name.split(".")
    )


def _both_forms(name: str) -> str:
    sent = ascii_form(name)
    return name if sent == name else f"{name} ({sent})"


def is_ip(name: str) -> bool:
    """Return whether a browser takes this host for an IP address: any that ends in a number, in
    decimal, octal or hexadecimal (URL Standard, "ends in a number").
    """
    return name.startswith("[") or bool(re.fullmatch(r"\d+|0x[0-9a-f]*", name.rpartition(".")[2]))


_EAST_ASIAN = frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "BOPOMOFO"})
# Accented letters of French and its neighbours; others make "gooġle" or "amạzon".
_USUAL = frozenset("àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿßœšž")
# Cyrillic and Greek letters that look like Latin ones.
_LATIN_TO_THE_EYE = frozenset("асԁеһіјӏорԛѕԝхуүѵкмтвнгпαβγεικνορτυχωϲϳ")


def is_imitation(name: str) -> bool:
    """Return whether a Unicode host has a label that may pass for another: with letters of two
    scripts, with only letters of another script that look Latin, or with unusual accents.
    """
    return any(_is_imitation(label) for label in name.split(".") if not label.isascii())


def _is_imitation(label: str) -> bool:
    letters = [char for char in label if not (char.isascii() and not char.isalpha())]
    scripts = {unicodedata.name(char, "UNKNOWN").split()[0] for char in letters}
    if scripts <= _EAST_ASIAN:
        return False
    if scripts == {"LATIN"}:
        return any(not char.isascii() and char not in _USUAL for char in letters)
    return len(scripts) > 1 or all(char in _LATIN_TO_THE_EYE for char in letters)


def _as_read(words: str) -> str:
    """Return the text as a reader sees it: a full stop of another script counts as one, and
    characters without width are dropped.
    """
    if words.isascii():
        return words
    words = unicodedata.normalize("NFKC", words[:2000]).replace("。", ".")
    return "".join(char for char in words if unicodedata.category(char) != "Cf")


def _disagrees(name: str, words: str) -> bool:
    words = _as_read(words)
    if "." not in words:
        return False
    target = name.removeprefix("www.")
    for match in _NAMED.finditer(words[:2000]):
        if not _is_meant(match):
            continue
        named = host(_host_in(match)).removeprefix("www.")
        if target != named and not target.endswith("." + named):
            return True
    return False


def _host_in(match: re.Match[str]) -> str:
    return match["host"] or match["ip"]


def _is_meant(match: re.Match[str]) -> bool:
    """Return whether a text names a host here, not a file or the end of a sentence."""
    if match["scheme"] or match["user"] or not match["top"]:
        return True
    top, whole = match["top"], _host_in(match)
    if not (top.islower() or whole.isupper()):
        return False
    lower = top.lower()
    return lower in _TOPS or lower.startswith("xn--") or (len(top) == 2 and lower not in _FILES)


def compose(address: str, prefix: str) -> str:
    """Return ``mailto:a@x.fr?subject=s`` (RFC 6068) as an address of the composer: ``prefix`` with
    ``to=a%40x.fr&subject=s``. Bcc is dropped, because the sender must see all recipients.
    """
    recipients, _, query = address[7:].partition("?")
    fields = {name.lower(): value for name, value in reversed(_fields(query))}
    to = ",".join(filter(None, (unquote(recipients), fields.get("to", ""))))
    values = {"to": to, **{name: fields.get(name, "") for name in ("cc", "subject", "body")}}
    return prefix + urlencode(
        {name: value for name, value in values.items() if value}, quote_via=quote
    )


def _fields(query: str) -> list[tuple[str, str]]:
    # RFC 6068 does not use "+" for a space.
    try:
        return parse_qsl(query.replace("+", "%2B"), max_num_fields=20)
    except ValueError:
        return []
