"""What is no pupil in a list that was made by hand, and what is the name of a class."""

from __future__ import annotations

import re
from collections.abc import Sequence

from addressbook.folding import fold

_TOTAL = re.compile(
    r"(?:sous )?(?:totaux|total|effectifs?|moyennes?|somme|nombre (?:de |d|total)|nb (?:de |d))"
    r"|\d{1,3} (?:eleves?|filles?|garcons?)\b"
    r"|(?:eleves?|filles?|garcons?|redoublants?|externes?|demi-pensionnaires?) ?[:=] ?\d"
)
_REMARK = re.compile(
    r"[*(]|(?:nb|n\.b|ps|note|remarque|attention|legende|mise? a jour|maj|source|edite|imprime"
    r"|liste|page|document|export|professeur|pp)\b"
)
_LONG = 5
_NAME = re.compile(r"[^:=\d]*[^\W\d_][^:=\d]*")
_NOBODY = re.compile(
    r"[^\w]*|x|(?:pere |mere )?(?:decedee?|dcd|inconnue?|absente?)|neant|aucune?|sans|non|nc|idem"
    r"|pas de (?:pere|mere|responsable)|non (?:connue?|renseignee?)"
)
_PRIMARY = frozenset("tps ps ms gs cp ce ce1 ce2 cm cm1 cm2".split())
_SECONDARY = re.compile(
    r"[1-6](?:eme|ieme|ere|nde|re|er|de|nd|e)?[a-z]{0,6}\d{0,2}"
    r"|[1-6]0\d"
    r"|(?:tle|term|terminale|seconde|premiere|ulis|upe2a|segpa)[a-z]{0,6}\d{0,2}"
    r"|t(?:s|es|l|g|stmg|sti2d|st2s|pro)?\d{1,2}"
    r"|(?:[12](?:cap|bac|bts)|cap|bts)[a-z]{0,8}\d{0,2}"
)
_YEARS = re.compile(r"\b20\d\d\s{0,3}[-/–]\s{0,3}(?:20)?\d\d\b|\b20\d\d\b")
_SAID = re.compile(
    r"\b(?:classe|division)\b(?: (?:de|du))?\s{0,3}(:?)\s{0,3}([^;,:()\n–]{1,24})", re.IGNORECASE
)
_LONGEST_NAME = 24
_LONGEST_TITLES = 2_000


def no_pupil(cells: Sequence[str], fields: Sequence[str]) -> str:
    """Return the code of `codes.SKIPS` for a row that is no pupil, else ""."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    if not filled:
        return ""
    named = {name: cell.strip() for name, cell in zip(fields, cells, strict=True) if cell.strip()}
    is_named = all(_NAME.fullmatch(named.get(name, "")) for name in ("last_name", "first_name"))
    first = fold(filled[0])
    if _TOTAL.match(first) and not is_named:
        return "total"
    if len(filled) == 1 and sum(bool(name) for name in fields) > 2:
        if _REMARK.match(first) or len(first.split()) > _LONG:
            return "remark"
        if is_class(filled[0]):
            return "remark"
    has_surname = bool(named.get("last_name") or named.get("usage_name"))
    if "last_name" in fields and not has_surname and named.get("first_name"):
        return "no_surname"
    return ""


def is_nobody(text: str) -> bool:
    """Return whether a cell for a name says that there is nobody: ``décédé``, ``-``."""
    return bool(_NOBODY.fullmatch(fold(text[:60]).strip(" .()")))


def is_class(name: str) -> bool:
    """Return whether these words can be nothing but the name of a class: ``4e B``, ``CM1-CM2``,
    ``CP Mme Roux``, ``2NDE5``."""
    plain = fold(name)
    if not 1 < len(plain) <= _LONGEST_NAME or _YEARS.search(plain):
        return False
    parts = re.findall(r"[a-z]+\d?|\d+", plain)
    if parts and parts[0] in _PRIMARY:
        return len(parts) < 6
    return bool(_SECONDARY.fullmatch(re.sub(r"[\s°._-]", "", plain)))


def class_said(titles: str) -> str:
    """Return the class that a title names: ``Classe : 4e B``; "" if none does, or a year stands in
    its place."""
    for match in _SAID.finditer(titles[:_LONGEST_TITLES]):
        words = re.split(r"\s[-–—]|[–—]|\bann[ée]e\b|\b20\d\d\b", match[2], maxsplit=1)[0]
        name = " ".join(words.strip(" -–—_").split())
        if name and (match[1] or is_class(name)):
            return name
        if first := _first_class(words.split()):
            return first
    return ""


def class_in(titles: str) -> str:
    """Return the only class in some titles, else ""."""
    names: dict[str, str] = {}
    for line in titles[:_LONGEST_TITLES].split("\n"):
        plain = _YEARS.sub("", line).split()
        for start in range(len(plain)):
            if name := _first_class(plain[start:]):
                names.setdefault(re.sub(r"\W", "", fold(name)), name)
                break
    return next(iter(names.values())) if len(names) == 1 else ""


_BEGINS = re.compile(
    r"[1-6][eèé]|[1-6]ème|[1-6](?:re|ère|nde|de)\b|t(?:le|erm)|c[pem]|[1-6][A-Z]", re.IGNORECASE
)


def _first_class(parts: Sequence[str]) -> str:
    """Return the class at the beginning of some words: ``4e B``, or ``4eB``."""
    if not parts or not _BEGINS.match(parts[0]):
        return ""
    first, second = (part.strip(",:;()") for part in (*parts[:2], "")[:2])
    if re.fullmatch(r"[A-Za-z]\d?|\d", second) and is_class(f"{first} {second}"):
        return f"{first} {second}"
    return first if is_class(first) else ""


def phone_of_cell(text: str) -> str:
    """Return a telephone as it was before a workbook took it for a number; "" if digits are lost:
    ``6.12E+08``."""
    if re.fullmatch(r"\d[.,]\d{0,12}E\+?\d{1,2}", text.strip(), re.IGNORECASE):
        return ""
    plain = re.fullmatch(r"(\d{9,14})(?:[.,]0{1,4})?", text.strip())
    if not plain:
        return text
    digits = plain[1]
    return f"0{digits}" if len(digits) == 9 and digits[0] != "0" else digits
