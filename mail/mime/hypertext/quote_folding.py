"""Folds quoted messages, and finds signatures, in the tree of a message's HTML.

It runs before attributes are rewritten, because it needs the classes and ids that mail programs
write.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, takewhile

from lxml import etree

_QUOTES = frozenset(
    """
    gmail_quote gmail_quote_container gmail_extra yahoo_quoted protonmail_quote zmail_extra
    tutanota_quote moz-forward-container mail-editor-reference-message-container
    """.split()
)
# Everything after one of these is quoted: Outlook on the web, old Outlook.com, Zimbra.
_HEADS = frozenset("divRplyFwdMsg appendonsend x_divRplyFwdMsg stopSpelling zwchr".split())
_SIGNATURES = frozenset(
    """
    gmail_signature moz-signature signature protonmail_signature_block zmail_signature Signature
    AppleMailSignature ms-outlook-mobile-signature _rc_sig x_Signature tutanota_signature
    lineBreakAtBeginningOfSignature
    """.split()
)
_LINE_OF_OUTLOOK = re.compile(
    r"\s*-{3,}\s?(?:original message|message d[’']origine|message original|original-nachricht"
    r"|ursprüngliche nachricht|mensaje original|messaggio originale)\s?-{3,}",
    re.IGNORECASE,
)
_FORWARDING = re.compile(
    r"forwarded message|begin forwarded message|message transféré"
    r"|début du message (?:réexpédié|transféré)|weitergeleitete nachricht",
    re.IGNORECASE,
)
_FORWARDED = re.compile(rf"\s*+(?:-{{3,}}+\s*+)?(?:{_FORWARDING.pattern})", re.IGNORECASE)
# Outlook's head of a quoted message: a line above, with "From:" in it.
_LINE_ABOVE = re.compile(r"border-top:\s*solid #(?:e1e1e1|b5c4df|cccccc)\b", re.IGNORECASE)
_FROM = re.compile(r"\s*(?:from|de|von|da|van|exp[ée]diteur)\s*:", re.IGNORECASE)
_ATTRIBUTION = re.compile(
    r"(?:wrote|writes|a écrit|écrivait|schrieb|escribió|ha scritto|schreef)\s*:\s*\Z", re.IGNORECASE
)
# Any message with a quote or a signature contains one of these. (One regular expression for all
# takes longer than all the rest of this module.)
_TRACES = (
    *("quote", "RplyFwdMsg", "appendonsend", "stopSpelling", "zwchr", "ignature", "_rc_sig"),
    *("-container", "mail_extra", "border-top:solid #", "---", ">--"),
)
_HOLDERS = frozenset("div td th section article main center blockquote font span li".split())
# Inline elements, which make up a signature's lines if no element contains them.
_INLINE = frozenset("a b br em font i img span strong u".split())
# A quote of this many characters is folded wherever it stands; a shorter one only at the end of the
# message, with no answer below it.
_LONG = 800
# Each fold checks the whole message. Real messages have fewer quotes.
_MOST_LOOKS = 40
_MOST_SIGNATURES = 5


@dataclass
class FoldingResult:
    """The result of folding: the webmail's own elements, and the message's elements that are
    signatures.
    """

    added: set[etree._Element] = field(default_factory=set)
    signatures: set[etree._Element] = field(default_factory=set)

    def add(self, tag: str, name: str) -> etree._Element:
        """Return a new element of the webmail's own, with a class."""
        element = etree.Element(tag, {"class": name})
        self.added.add(element)
        return element


def fold(root: etree._Element, written: str, label: str) -> FoldingResult:
    """Move each quoted message below ``root`` into a closed ``<details>`` with ``label`` as its
    summary, and find the signatures. ``written`` is the tree as text.

    A message that is only a quote, a forwarded message, and short quotes between the lines of an
    answer are not folded.
    """
    result = FoldingResult()
    if not any(trace in written for trace in _TRACES):
        return result
    elements = list(root.iter())
    result.signatures.update(element for element in elements[1:] if _names(element) & _SIGNATURES)
    for element in list(islice(filter(_has_dashes, elements), _MOST_SIGNATURES)):
        _mark_dashes(element, result)
    looks = 0
    folded: set[etree._Element] = set()
    for element in elements[1:]:
        parent = element.getparent()
        if element.tag == "details" or parent in folded or parent in result.added:
            folded.add(element)
        elif looks < _MOST_LOOKS and (_is_head(element) or _may_be_quote(element)):
            looks += 1
            _fold_one(element, root, label, result)
            if element.getparent() in result.added:
                folded.add(element)
    return result


def _fold_one(
    element: etree._Element, root: etree._Element, label: str, result: FoldingResult
) -> None:
    if _is_head(element):
        _fold_rest(element, root, label, result)
    elif _is_quote(element) and _should_fold(element, root, result):
        _wrap(element, label, result)


def _names(element: etree._Element) -> set[str]:
    return {*element.get("class", "").split(), element.get("id", "")}


def _may_be_quote(element: etree._Element) -> bool:
    return element.tag == "blockquote" or bool(_names(element) & _QUOTES)


def _is_quote(element: etree._Element) -> bool:
    if element.get("type") == "cite" or _names(element) & _QUOTES:
        return _has_content(element)
    return bool(_ATTRIBUTION.search(_last_line_before(element)))


def _is_head(element: etree._Element) -> bool:
    if _names(element) & _HEADS:
        return True
    if _LINE_OF_OUTLOOK.match(element.text or "") or _LINE_OF_OUTLOOK.match(
        element.tail if element.tag == "br" and element.tail else ""
    ):
        return True
    return bool(
        element.tag == "div"
        and _LINE_ABOVE.search(element.get("style", ""))
        and _FROM.match("".join(islice(_words(element), 20))[:200])
    )


def _words(element: etree._Element) -> Iterator[str]:
    return (str(piece) for piece in element.itertext())


def _has_content(element: etree._Element) -> bool:
    return bool("".join(_words(element)).strip()) or next(element.iter("img"), None) is not None


def _is_preceded(element: etree._Element, root: etree._Element) -> bool:
    """Return whether any visible content precedes the element."""
    here = element
    while here is not root:
        for sibling in here.itersiblings(preceding=True):
            if (sibling.tail or "").strip() or _has_content(sibling):
                return True
        parent = here.getparent()
        if parent is None:
            return False
        if (parent.text or "").strip():
            return True
        here = parent
    return False


def _is_followed(element: etree._Element, root: etree._Element, result: FoldingResult) -> bool:
    """Return whether any visible content except a signature follows the element."""
    here = element
    while here is not root:
        if (here.tail or "").strip():
            return True
        for sibling in here.itersiblings():
            is_signature = sibling in result.signatures or sibling in result.added
            if (sibling.tail or "").strip() or (not is_signature and _has_content(sibling)):
                return True
        parent = here.getparent()
        if parent is None:
            return False
        here = parent
    return False


def _should_fold(element: etree._Element, root: etree._Element, result: FoldingResult) -> bool:
    words = "".join(_words(element))
    if _FORWARDED.match(words[:200]) or _FORWARDING.search(_last_line_before(element)):
        return False
    if _is_followed(element, root, result):
        return len("".join(words.split())) > _LONG
    return _is_preceded(element, root)


def _last_line_before(element: etree._Element) -> str:
    """Return the text just before the element, skipping empty elements."""
    for sibling in element.itersiblings(preceding=True):
        words = "".join(_words(sibling)) + (sibling.tail or "")
        if words.strip():
            return words[-300:].strip()
    parent = element.getparent()
    return "" if parent is None else (parent.text or "")[-300:].strip()


def _details(label: str, result: FoldingResult) -> etree._Element:
    details = result.add("details", "m-quote")
    summary = result.add("summary", "m-label")
    summary.text = label
    details.append(summary)
    return details


def _wrap(element: etree._Element, label: str, result: FoldingResult) -> None:
    details = _details(label, result)
    details.tail, element.tail = element.tail, None
    element.addprevious(details)
    details.append(element)


def _fold_rest(
    head: etree._Element, root: etree._Element, label: str, result: FoldingResult
) -> None:
    """Fold from an element that begins a quoted message to the end of its parent."""
    first = head
    while (parent := first.getparent()) is not None and parent is not root:
        if parent.tag not in _HOLDERS | {"p", "b"} or _holds_more(parent, first):
            break
        first = parent
    parent = first.getparent()
    if parent is None or parent.tag not in _HOLDERS or not _is_preceded(first, root):
        return
    details = _details(label, result)
    rest = [first, *first.itersiblings()]
    if first.tag == "br":
        # The line after it begins the quote.
        rest = rest[1:]
        details[0].tail, first.tail = first.tail, None
        first.addnext(details)
    else:
        first.addprevious(details)
    for sibling in rest:
        details.append(sibling)


def _holds_more(parent: etree._Element, first: etree._Element) -> bool:
    """Return whether the parent contains more than ``first``."""
    siblings = [*first.itersiblings(), *first.itersiblings(preceding=True)]
    return bool((parent.text or "").strip() or (first.tail or "").strip()) or any(
        (sibling.tail or "").strip() or _has_content(sibling) for sibling in siblings
    )


def _has_dashes(element: etree._Element) -> bool:
    """Return whether a line ``-- ``, the mark of a signature (RFC 3676, 4.3), precedes or begins
    the element.
    """
    after = element.tail if element.tag == "br" else element.text
    return bool(after) and str(after).strip(" \xa0\n") == "--"


def _mark_dashes(element: etree._Element, result: FoldingResult) -> None:
    is_break = element.tag == "br"
    holder = element.getparent() if is_break else element
    if holder is None or holder.tag not in _HOLDERS | {"p"}:
        return
    rest = list(element.itersiblings()) if is_break else list(element)
    if not rest or rest[0].tag != "br":
        return
    signature = result.add("span", "m-signature")
    if is_break:
        signature.text, element.tail = element.tail, None
        element.addnext(signature)
    else:
        signature.text, element.text = element.text, None
        element.insert(0, signature)
    for sibling in takewhile(lambda sibling: sibling.tag in _INLINE, rest):
        signature.append(sibling)
