"""Slips in a typed address: "gmial.com", "ac-amien.fr". Pure.

Only domains are checked, and only domains with many users are suggested: after one wrong warning,
users ignore the next.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache

# The mail providers of French families.
_PROVIDERS = (
    "gmail.com", "orange.fr", "wanadoo.fr", "free.fr", "laposte.net", "sfr.fr", "hotmail.fr",
    "hotmail.com", "outlook.fr", "outlook.com", "yahoo.fr", "yahoo.com", "icloud.com", "live.fr",
    "bbox.fr", "neuf.fr", "numericable.fr", "club-internet.fr", "aliceadsl.fr", "protonmail.com",
    "educagri.fr", "education.gouv.fr",
)  # fmt: skip
_ACADEMIES = (
    "aix-marseille", "amiens", "besancon", "bordeaux", "caen", "clermont", "corse", "creteil",
    "dijon", "grenoble", "guadeloupe", "guyane", "lille", "limoges", "lyon", "martinique",
    "mayotte", "montpellier", "nancy-metz", "nantes", "nice", "normandie", "noumea",
    "orleans-tours", "paris", "poitiers", "polynesie", "reims", "rennes", "reunion", "rouen",
    "spm", "strasbourg", "toulouse", "versailles", "wf",
)  # fmt: skip
# Real domains that look like a slip of one above.
_REAL_TEXT = (
    "9online.fr aol.com aol.fr caramail.com cegetel.net cloud.com email.com facebook.com"
    " fastmail.com fastmail.fm free.com gmx.at gmx.ch gmx.com gmx.de gmx.fr gmx.net googlemail.com"
    " hotmail.be hotmail.ca hotmail.ch hotmail.co.uk hotmail.de hotmail.es hotmail.it ik.me"
    " laposte.com laposte.fr libre.fr live.be live.ca live.co.uk live.com live.de live.it live.nl"
    " mac.com mail.com mail.fr mailo.com mailo.fr me.com mel.fr msn.com neuf.com nice.fr noos.fr"
    " nordnet.fr orange.be orange.com orange.es orange.net outlook.be outlook.co outlook.de"
    " outlook.es outlook.it outlook.pt proton.me pm.me protonmail.ch rocketmail.com sfr.com"
    " sfr.net skynet.be tele2.fr tutanota.com voila.fr wanadoo.com wanadoo.es wanadoo.nl yahoo.be"
    " yahoo.ca yahoo.co.uk yahoo.de yahoo.es yahoo.in yahoo.it yandex.com yandex.ru ymail.com"
    " zoho.com"
)
_REAL = frozenset(_REAL_TEXT.split())
# The rows of a French keyboard (AZERTY).
_ROWS = ("azertyuiop", "qsdfghjklm", "wxcvbn")
_SHORT = 5
"""The length of a name below which many real domains are one character away: "sft.fr",
"fred.fr"."""
_MIDDLE = 7
"""The length of a name from which any changed character is a slip. In a shorter name it must be a
neighbour of the right one on the keyboard."""
_LONG = 9
"""The length of a name from which two slips are allowed."""


def targets(own: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the domains that may have been meant; ``own`` are the authority's."""
    academies = (f"ac-{name}.fr" for name in _ACADEMIES)
    return tuple(dict.fromkeys((*map(str.lower, own), *_PROVIDERS, *academies)))


def suggestion(address: str, known_domains: Collection[str], own: Collection[str] = ()) -> str:
    """Return the address that may have been meant, or "". ``known_domains`` count as right; ``own``
    are the authority's domains.

    An address without a dot in its domain is accepted too, such as "a@gmailcom".
    """
    local, at, typed = address.strip().rpartition("@")
    domain = typed.lower()
    right = frozenset(map(str.lower, known_domains))
    suggested = _nearest(domain, frozenset(map(str.lower, own))) if at and local else ""
    is_right = domain in right or any(domain.endswith(f".{right_domain}") for right_domain in right)
    return f"{local}@{suggested}" if suggested and not is_right else ""


@lru_cache(maxsize=4096)
def _nearest(domain: str, own: frozenset[str]) -> str:
    """Return the only domain that is near enough; "" for a right one, for none and for several."""
    among = targets(own)
    if domain in among or domain in _REAL or not 3 < len(domain) <= 60:
        return ""
    if any(domain.endswith(f".{target}") for target in among):
        return ""
    costs = {target: _cost(domain, target) for target in among}
    best = min(costs.values())
    nearest = [target for target, cost in costs.items() if cost == best]
    return nearest[0] if best < _TOO_FAR and (len(nearest) == 1 or best == 0) else ""


_TOO_FAR = 10


def _cost(typed: str, target: str) -> int:
    """Return a number that is larger the less likely ``target`` was meant; `_TOO_FAR` if it was
    not."""
    if typed.replace(".", "").replace("_", "-") == target.replace(".", ""):
        return 0
    name, _dot, ending = typed.rpartition(".")
    right_name, _dot, right_ending = target.rpartition(".")
    if name == right_name:
        return _of_ending(ending, right_ending, right_name)
    if ending != right_ending or name.count(".") != right_name.count("."):
        # Two slips, one in the name and one after the dot, are recognised if the name is long.
        is_near = _distance(name, right_name) == 1 and len(right_name) >= _SHORT
        return 6 if is_near and ending in _SLIPS_OF_ENDINGS.get(right_ending, ()) else _TOO_FAR
    return _of_name(name, right_name)


_SLIPS_TEXT = {
    "com": "con cm om co cmo ocm vom xom comm coom cim cpm c0m",
    "fr": "f r rf fe ft fd gr dr fer ftr frr ffr fre",
    "net": "ne nt et nett ner nte ent bet",
}
_SLIPS_OF_ENDINGS = {right: frozenset(text.split()) for right, text in _SLIPS_TEXT.items()}


def _of_ending(ending: str, right: str, name: str) -> int:
    """Return the cost of a right name with another ending: a slip, or one that the provider does
    not have."""
    if ending in _SLIPS_OF_ENDINGS.get(right, ()):
        return 1
    is_one_only = name in {"gmail", "icloud", "laposte", "wanadoo", "club-internet", "numericable"}
    is_academy = name.startswith("ac-")
    return 2 if (is_one_only or is_academy) and ending in {"com", "fr", "net", "org"} else _TOO_FAR


def _of_name(name: str, right: str) -> int:
    """Return the cost of another name with the right ending."""
    bare, right_bare = name.removeprefix("ac-"), right.removeprefix("ac-")
    if right.startswith("ac-"):
        if not name.startswith("ac-"):
            return (
                3 if name in {f"ac{right_bare}", f"a-{right_bare}", f"c-{right_bare}"} else _TOO_FAR
            )
        name, right = bare, right_bare
    distance = _distance(name, right)
    if len(right) < _SHORT:
        return 3 if _is_certain(name, right) else _TOO_FAR
    if distance == 1:
        # In a short name, any changed character may give another name: "grange.fr".
        is_enough = len(right) >= _MIDDLE or right == "gmail"
        return 3 if _is_likely(name, right) else 4 if is_enough else _TOO_FAR
    return 5 if distance == 2 and len(right) >= _LONG else _TOO_FAR


def _is_certain(name: str, right: str) -> bool:
    """Return whether two characters are exchanged, or one is doubled: even a short name then gives
    no other word. A name of two or three characters is excluded, since any such name may be in
    use."""
    if len(right) < 3 or not name:
        return False
    is_turned = sorted(name) == sorted(right) and _distance(name, right) == 1
    doubled = {right[:n] + right[n] + right[n:] for n in range(len(right))}
    return (is_turned and len(right) > 3) or name in doubled


def _is_likely(name: str, right: str) -> bool:
    """Return whether a character is a neighbour on the keyboard, two are exchanged, or one is
    doubled or missing."""
    if len(name) != len(right):
        return True
    wrong = [(a, b) for a, b in zip(name, right, strict=True) if a != b]
    if len(wrong) == 2:
        return True
    return any(_are_neighbours(a, b) for a, b in wrong)


def _are_neighbours(a: str, b: str) -> bool:
    for row, keys in enumerate(_ROWS):
        place = keys.find(b)
        if place < 0:
            continue
        near = keys[max(0, place - 1) : place + 2]
        for other in _ROWS[max(0, row - 1) : row + 2]:
            near += other[max(0, place - 1) : place + 2]
        return a in near
    return False


def _distance(typed: str, other: str) -> int:
    """Return the number of missing, extra, changed or exchanged characters (optimal string
    alignment); 3 stands for any number above two."""
    # Each of these changes at most two members of the set of characters, which rules out most
    # domains.
    if abs(len(typed) - len(other)) > 2 or len(set(typed) ^ set(other)) > 4:
        return 3
    before: list[int] = []
    row = list(range(len(other) + 1))
    for n, character in enumerate(typed, 1):
        current = [n]
        for m, right in enumerate(other, 1):
            cost = min(row[m] + 1, current[m - 1] + 1, row[m - 1] + (character != right))
            if n > 1 and m > 1 and character == other[m - 2] and typed[n - 2] == right:
                cost = min(cost, before[m - 2] + 1)
            current.append(cost)
        before, row = row, current
    return min(row[-1], 3)
