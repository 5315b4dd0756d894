"""Decide whether a text mentions an attachment. Pure."""

from __future__ import annotations

import re

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
_FORWARDED = re.compile(r"-{5,}\s.{1,80}\s-{5,}")
_MOST = 100_000


def own_words(text: str) -> str:
    """Return the lines of a plain text that the user wrote, without quotes, signature and a
    forwarded message."""
    own: list[str] = []
    is_signature = False
    for line in text[:_MOST].split("\n"):
        bare = line.rstrip("\r")
        if _FORWARDED.fullmatch(bare.strip()):
            break
        is_quote = bare.startswith(">")
        is_signature = (is_signature or bare == "-- ") and not is_quote
        if not is_quote and not is_signature:
            own.append(bare)
    return "\n".join(own)


def speaks_of_a_file(subject: str, text: str) -> bool:
    """Return whether subject or text, in French or English, mention an attachment. ``text``
    includes its quotes. A subject of a reply or forwarded message is not the user's."""
    own_subject = "" if re.match(r"\s*(?:re|tr|fwd?)\s*:", subject, re.IGNORECASE) else subject
    words = f"{own_subject[:1000]}\n{own_words(text)}"
    return any(
        not _NONE.search(words[max(0, match.start() - 20) : match.start()])
        for match in _WORDS.finditer(words)
    )
