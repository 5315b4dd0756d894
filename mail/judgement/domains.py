"""Names of domains: their owners, and names that imitate another."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache

from mail.judgement import institutions
from mail.mime import links

# Below these, anybody may register a name (a few of the Public Suffix List, for French mail).
_SECOND_LEVEL = frozenset(
    "gouv.fr asso.fr com.fr nom.fr tm.fr co.uk org.uk ac.uk gov.uk com.au com.br co.jp".split()
)
_ACADEMIES = frozenset(
    """
    aix-marseille amiens besancon bordeaux clermont corse creteil dijon grenoble guadeloupe guyane
    lille limoges lyon martinique mayotte montpellier nancy-metz nantes nice noumea normandie
    orleans-tours paris poitiers polynesie reims rennes reunion strasbourg toulouse versailles
    """.split()
)
_STATE = re.compile(
    r"(?:.*\.)?(?:gouv\.fr|ac-(?:" + "|".join(sorted(_ACADEMIES)) + r")\.fr|education\.fr"
    r"|region-academique-[a-z-]{2,40}\.fr|reseau-canope\.fr|cned\.fr|onisep\.fr"
    r"|france-education-international\.fr)"
)
MAILBOX_PROVIDERS = frozenset(
    """
    gmail.com googlemail.com outlook.com outlook.fr hotmail.com hotmail.fr live.com live.fr msn.com
    yahoo.com yahoo.fr ymail.com aol.com aol.fr gmx.com gmx.fr gmx.net mail.com mail.ru yandex.com
    yandex.ru proton.me protonmail.com tutanota.com tuta.io icloud.com me.com laposte.net orange.fr
    mac.com wanadoo.fr free.fr sfr.fr neuf.fr bbox.fr numericable.fr club-internet.fr cegetel.net
    zoho.com inbox.lv email.com consultant.com post.com
    """.split()
)
"""Domains at which anybody may have a mailbox."""
# Characters of other scripts that look Latin, by what they look like; figures that stand for
# letters.
_EYE = str.maketrans(
    "асԁеһіјӏорԛѕԝхуүѵкмтвнгпαβγεικνορτυχωϲϳ" + "01345" + "l",
    "acdehijiopqswxyyvkmtbhrnabyeikvoptuxwcj" + "oieas" + "i",
)
_LONGEST = 253


def registered(domain: str) -> str:
    """The part of a domain that somebody registered: ``mail.shop.fr`` gives ``shop.fr``."""
    labels = domain.lower().strip(".").split(".")
    kept = 3 if ".".join(labels[-2:]) in _SECOND_LEVEL else 2
    return ".".join(labels[-kept:])


def is_in(domain: str, domains: Collection[str]) -> bool:
    """Whether ``domain`` is one of ``domains`` or below one."""
    labels = domain.lower().strip(".").split(".")
    return any(".".join(labels[start:]) in domains for start in range(len(labels)))


def is_of_state(domain: str) -> bool:
    """Whether the domain belongs to the State or to an authority of education."""
    return _STATE.fullmatch(domain.lower()[:_LONGEST]) is not None


@lru_cache(maxsize=2048)
def imitates(domain: str, own: frozenset[str]) -> bool:
    """Whether ``domain`` is not one of ``own`` nor of a well-known body, but would be read as one.

    A name in letters that look like others, one letter wrong, the name with other words around
    it, or before somebody else's: ``irnpots``, ``ac-amiens-messagerie.example``,
    ``impots.gouv.fr.example``.
    """
    name = links.host(domain[:_LONGEST])
    if registered(name) in map(registered, own):
        return False
    if not name or is_in(name, own) or is_of_state(name) or name in MAILBOX_PROVIDERS:
        return False
    if not name.isascii() and links.is_imitation(name):
        return True
    return _imitates_own(name, own) or _imitates_state(name) or _imitates_institution(name)


def _imitates_own(name: str, own: frozenset[str]) -> bool:
    seen = _seen(name)
    for domain in own:
        label = _seen(registered(domain).partition(".")[0])
        if len(label) >= 5 and (_holds(seen, label) or _is_near(_main_label(name), label)):
            return True
    return False


def _imitates_state(name: str) -> bool:
    seen = _seen(name)
    if any(_holds(seen, _seen(word)) for word in ("gouv-fr", "gouv.fr", "educationnationale")):
        return True
    return any(_holds(seen, _seen(f"ac-{academy}")) for academy in _ACADEMIES)


def _imitates_institution(name: str) -> bool:
    if institutions.is_listed(name):
        return False
    seen = _seen(name)
    bare = seen.replace("-", "")
    for label in institutions.known().labels:
        wanted = _seen(label)
        is_held = _holds(seen, wanted) or (len(wanted) >= 7 and _holds(bare, wanted))
        is_near = len(wanted) >= 7 and _is_near(_main_label(name), wanted)
        if is_held or is_near:
            return True
    return False


def _holds(name: str, word: str) -> bool:
    """Whether ``word`` stands in ``name`` between points, hyphens or ends."""
    # Most do not, and a message may have hundreds of links.
    return word in name and bool(re.search(rf"(?:^|[.-]){re.escape(word)}(?:$|[.-])", name))


def _main_label(name: str) -> str:
    return _seen(registered(name).partition(".")[0])


@lru_cache(maxsize=2048)
def _seen(name: str) -> str:
    """A name as the eye takes it: look-alikes made one letter, accents gone."""
    apart = unicodedata.normalize("NFD", name.lower())
    bare = "".join(char for char in apart if not unicodedata.combining(char))
    return bare.replace("rn", "m").replace("vv", "w").translate(_EYE)


def _is_near(name: str, other: str) -> bool:
    """Whether one letter was added, left out, changed, or two neighbours swapped; equal is near."""
    if name == other:
        return True
    if abs(len(name) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(name), len(other)) and name[start] == other[start]:
        start += 1
    a, b = name[start:], other[start:]
    swapped = len(a) > 1 and len(b) > 1 and a[:2] == b[1::-1] and a[2:] == b[2:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or swapped
