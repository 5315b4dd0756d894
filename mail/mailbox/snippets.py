"""The beginnings of messages: one line each for the list, fetched once; for search results, the
passage with the words searched for.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

from mail.folding import fold
from mail.imap import fetch, uid_sets
from mail.imap.connection import Connection
from mail.imap.values import MessageMarks, MessageRef, Selected
from mail.mailbox import summaries
from mail.mailbox.kept import ConnectionCache
from mail.mailbox.summaries import MessageSummary
from mail.mime import body
from mail.mime.hypertext import html
from mail.mime.structure import Part

# Characters that are kept; a row shows fewer.
LONGEST = 140
# Bytes that are fetched of a part: HTML begins with bytes that nobody reads.
TEXT_BYTES, HTML_BYTES = 1024, 4096
# Bytes of a part in which the words of a search are looked for, and the number of such messages.
PASSAGE_BYTES, MOST_PASSAGES = 16_384, 20
_BEFORE = 40  # characters before a word that was searched for
# The number of part numbers that are fetched: few messages have their text deeper than 1.1.1.
MOST_GROUPS = 6
_QUOTED = re.compile(r"(?m)^[^\S\n]*+>.*$")
_ADDRESS = re.compile(r"https?://\S{40,}")
# Signs of a wrong charset: servers trust the declared charset, whereas the reader trusts the bytes.
_MISREAD = re.compile("[\x80-\x9f\N{REPLACEMENT CHARACTER}]")


def snippets_of(imap: Connection, refs: Sequence[MessageRef]) -> dict[MessageRef, str]:
    """Return the beginnings of messages of one folder, ``""`` for those without text; messages that
    are gone are left out.

    Sends SELECT and one command if the server has PREVIEW (RFC 8970), else one for each part number
    that texts have; none for known ones. Raises FolderChanged.
    """
    names = {ref: (ref.folder, ref.uidvalidity, ref.uid) for ref in refs}
    cache = ConnectionCache[str].of(imap, "snippets", summaries.MOST_KEPT)
    cached = {ref: cache[name] for ref, name in names.items() if name in cache}
    missing = [ref for ref in refs if ref not in cached]
    fresh = _asked(imap, missing) if missing else {}
    cache.add({names[ref]: words for ref, words in fresh.items()})
    return cached | fresh


def around(
    imap: Connection, refs: Sequence[MessageRef], words: Sequence[str]
) -> dict[MessageRef, str]:
    """Return a passage of each found message with one of the words searched for; its beginning if
    none is near it.

    Sends as many more commands as `snippets_of` without PREVIEW, none if all beginnings have one of
    the words. Raises FolderChanged.
    """
    texts = snippets_of(imap, refs)
    wanted = [folded for word in words if (folded := fold(word))]
    lacking = [ref for ref in texts if _place(texts[ref], wanted) is None][:MOST_PASSAGES]
    if not (wanted and lacking):
        return texts
    selected = imap.require(lacking[0])
    read = _read(imap, selected, [ref.uid for ref in lacking], PASSAGE_BYTES, PASSAGE_BYTES)
    passages = {ref: _passage(read.get(ref.uid, ""), wanted) for ref in lacking}
    return texts | {ref: passage for ref, passage in passages.items() if passage}


def _passage(text: str, wanted: Sequence[str]) -> str:
    shown = " ".join(text.split())
    place = _place(shown, wanted)
    if place is None:
        return ""
    start = max(0, place - _BEFORE)
    start += shown[start:place].find(" ") + 1 if start else 0
    end = start + LONGEST
    return f"{'…' * (start > 0)}{shown[start:end].rstrip()}{'…' * (end < len(shown))}"


def _place(text: str, wanted: Sequence[str]) -> int | None:
    """Return the position of the first of the folded words in a text, or None."""
    folded = fold(text)
    places = [place for word in wanted if (place := folded.find(word)) >= 0]
    if not places:
        return None
    if len(folded) == len(text):
        return min(places)
    # A ligature becomes two letters when it is folded.
    ends = list(accumulate(len(fold(letter)) for letter in text))
    return bisect_right(ends, min(places))


def _asked(imap: Connection, refs: Sequence[MessageRef]) -> dict[MessageRef, str]:
    selected = imap.require(refs[0])
    by_uid = {ref.uid: ref for ref in refs if ref.uidvalidity == selected.uidvalidity}
    beginnings: dict[int, str] = {}
    if imap.has("PREVIEW"):
        beginnings = fetch.previews(imap, uid_sets.compressed(by_uid))
        beginnings = {uid: words for uid, words in beginnings.items() if not _MISREAD.search(words)}
    untold = [uid for uid in by_uid if uid not in beginnings]
    beginnings |= _read(imap, selected, untold) if untold else {}
    return {by_uid[uid]: line(words) for uid, words in beginnings.items() if uid in by_uid}


def _read(
    imap: Connection,
    selected: Selected,
    uids: Iterable[int],
    text_bytes: int = TEXT_BYTES,
    html_bytes: int = HTML_BYTES,
) -> dict[int, str]:
    marks = [MessageMarks(0, uid, frozenset()) for uid in uids]
    rows = summaries.summaries_of(imap, selected, marks)
    beginnings = {row.ref.uid: "" for row in rows}
    for (number, is_html), some in list(_groups(rows).items())[:MOST_GROUPS]:
        size = html_bytes if is_html else text_bytes
        begun = fetch.beginnings(imap, uid_sets.compressed(some), number, size)
        beginnings |= {uid: _words(some[uid], data) for uid, data in begun.items() if uid in some}
    return beginnings


def _groups(rows: Iterable[MessageSummary]) -> dict[tuple[str, bool], dict[int, Part]]:
    groups: dict[tuple[str, bool], dict[int, Part]] = {}
    for row in rows:
        if row.text:
            key = row.text.number, row.text.media_type == "text/html"
            groups.setdefault(key, {})[row.ref.uid] = row.text
    return groups


def _words(part: Part, data: bytes) -> str:
    if part.media_type == "text/html":
        # Cut off an incomplete tag, which would be read as text.
        source = html.decode(data, part.encoding, part.charset)
        head, mark, rest = source.rpartition("<")
        return html.to_text(head if mark and ">" not in rest else source)
    return body.read_body(part, data, is_cut=True).text


def line(words: str) -> str:
    """Return one line of the new text of a message: without quotes, signature and long
    addresses.
    """
    fresh = _ADDRESS.sub(" ", _QUOTED.sub("", words).split("\n-- \n")[0])
    shown = " ".join(fresh.split()).rstrip("\N{REPLACEMENT CHARACTER}")
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST].rstrip()}…"
