"""Decide whether a text mentions an attachment. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

# French first, and English for letters to partner schools. Each is a whole word, in any case.
_WORDS = re.compile(
    r"""
    \b(?:
      ci[-\u2010\u2011 ]?(?:joint|inclus|annex[ée])(?:e?s?)
    | (?:pi[eè]ces?|documents?|fichiers?|dossiers?|photos?|formulaires?|courriers?|compte[- ]rendu)
      \s+(?:(?:est|sont)\s+)?(?:ci[-\u2010\u2011 ]?)?jointe?s?
    | p\.?j\.?(?=[\s:,;.!?)]|$)
    | en\s+(?:annexe|pi[eè]ces?\s+jointes?|pj|fichiers?\s+joints?)
    | jointe?s?\s+(?:[àa]\s+(?:ce|cet|mon|la\s+présente|ma)\b|au\s+(?:présent\s+)?(?:message|mail|
      courriel|mél)\b)
    | (?:je|nous)\s+(?:vous\s+|te\s+|t['\u2019])?(?:joins|joignons)\b(?!\s+(?:[àa]|au|aux)\s)
    | (?:vous|tu)\s+trouver(?:ez|as)\s+(?:ci[-\u2010\u2011 ]?joint|en\s+pi[eè]ce|attach[ée])
    | (?:please\s+)?(?:find|see)\s+(?:attached|enclosed)
    | (?:i|we)(?:\s+have|['\u2019]ve)?\s+attach(?:ed)?\b
    | (?:is|are)\s+(?:attached|enclosed)\b
    | attached\s+(?:is|are|to\s+this\s+(?:e?-?mail|message)|file|document|you)
    | see\s+the\s+attach(?:ment|ed)
    | (?:in|as)\s+(?:an?\s+|the\s+)?attachments?\b
    | enclosed\s+(?:is|are|please)
    )
    """,
    re.IGNORECASE | re.VERBOSE,
)
# "sans pièce jointe", "pas de PJ": the text says that there is none.
_NONE = re.compile(r"(?:sans|pas\s+de|aucune|no|without)\s+(?:autre\s+)?$", re.IGNORECASE)
_FORWARDED = re.compile(
    r"-{5,}\s.{1,80}\s-{5,}"
    r"|-{3,}\s?(?:message d[’']origine|original message|message original|ursprüngliche nachricht"
    r"|message transféré|forwarded message)\s?-{3,}",
    re.IGNORECASE,
)
# The line that introduces a quote, as the webmail and other programs write it.
_ATTRIBUTION = re.compile(
    r"(?:wrote|writes|a\s+écrit|écrivait|schrieb|escribió|escreveu|ha\s+scritto|schreef)\s*:\Z",
    re.IGNORECASE,
)
_BEGINS_WITH_DATE = re.compile(r"(?:le|on|am|el|il|op|em)\s.{0,60}?\d", re.IGNORECASE)
# Outlook's head of a quoted message: who wrote it, and two of the other fields in the next lines.
_FROM = re.compile(r"\*?(?:from|de|von|expéditeur)\s*:\*?\s*\S", re.IGNORECASE)
_OTHER_FIELD = re.compile(
    r"\*?(?:sent|date|to|cc|subject|envoyé|à|objet|gesendet|an|betreff)\s*:\*?", re.IGNORECASE
)
_MOST_OF_HEAD = 5
_MOST = 100_000


def own_words(text: str, *, with_signature: bool = False) -> str:
    """Return the lines of a plain text that the user wrote, without quotes and the lines that
    introduce them, signature, and a message that is forwarded or stands below Outlook's head.
    ``with_signature`` leaves the lines of the signature."""
    own: list[str] = []
    is_signature = False
    lines = [line.rstrip("\r") for line in text[:_MOST].split("\n")]
    introducing = _introducing(lines)
    for number, bare in enumerate(lines):
        if _FORWARDED.fullmatch(bare.strip()) or _is_head(lines, number):
            break
        if number in introducing:
            continue
        is_quote = bare.startswith(">")
        is_signature = (is_signature or bare == "-- ") and not is_quote
        if not is_quote and (with_signature or not is_signature):
            own.append(bare)
    return "\n".join(own)


def _introducing(lines: Sequence[str]) -> set[int]:
    """Return the numbers of the lines that introduce a quote, such as "Le 3 mai, Luc a écrit :". A
    line without a date does so only if a quote or nothing follows it. Some programs wrap it."""
    introducing: set[int] = set()
    is_followed_by_quote = True
    for number in range(len(lines) - 1, -1, -1):
        line = lines[number].strip()
        if not line:
            continue
        above = lines[number - 1].strip() if number else ""
        if line.endswith(":") and not line.startswith(">"):
            if _ATTRIBUTION.search(line) and (
                is_followed_by_quote or _BEGINS_WITH_DATE.match(line)
            ):
                introducing.add(number)
            elif _BEGINS_WITH_DATE.match(above) and _ATTRIBUTION.search(f"{above} {line}"):
                introducing |= {number - 1, number}
        is_followed_by_quote = line.startswith(">")
    wrapped = {
        number - 1
        for number in introducing
        if number
        and not _BEGINS_WITH_DATE.match(lines[number].strip())
        and _BEGINS_WITH_DATE.match(lines[number - 1].strip())
    }
    return introducing | wrapped


def _is_head(lines: Sequence[str], number: int) -> bool:
    """Return whether Outlook's head of a quoted message begins at a line."""
    if not _FROM.match(lines[number].strip()):
        return False
    below = lines[number + 1 : number + 1 + _MOST_OF_HEAD]
    return sum(bool(_OTHER_FIELD.match(line.strip())) for line in below) >= 2


def speaks_of_a_file(subject: str, text: str) -> bool:
    """Return whether subject or text, in French or English, mention an attachment. ``text``
    includes its quotes. A subject of a reply or forwarded message is not the user's."""
    own_subject = "" if re.match(r"\s*(?:re|tr|fwd?)\s*:", subject, re.IGNORECASE) else subject
    words = f"{own_subject[:1000]}\n{own_words(text)}"
    return any(
        not _NONE.search(words[max(0, match.start() - 20) : match.start()])
        for match in _WORDS.finditer(words)
    )
