"""The archive: messages are moved to a folder of the year in which they were received."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from mail.errors import NotPermitted, ServerRefused
from mail.imap import fetch, names, response, uid_sets
from mail.imap.connection import Connection, quoted_folder
from mail.mailbox.actions import MOVE, MailStep


def by_year(imap: Connection, step: MailStep, known: dict[int, str]) -> tuple[MailStep, ...]:
    """Return moves to the folders of the years below ``step.to``, which are created if missing;
    nothing for messages that are gone.

    A message without a date goes to ``step.to`` itself, as do all messages if the server allows no
    folder below it. ``known`` remembers the folders of the years between calls: each call costs one
    command, and each new year two or three.
    """
    imap.require(step.first)
    years: dict[int, list[int]] = defaultdict(list)
    for uid, received in fetch.arrivals(imap, uid_sets.compressed(step.uids)).items():
        if uid in step.uids:
            years[received.year if received else 0].append(uid)
    missing = years.keys() - known.keys()
    if missing:
        known.update(_folders(imap, step.to, missing))
    return tuple(
        replace(step, verb=MOVE, uids=tuple(sorted(uids)), to=known[year])
        for year, uids in sorted(years.items())
    )


def _folders(imap: Connection, above: str, years: set[int]) -> dict[int, str]:
    there, delimiter = _below(imap, above)
    by_year = {0: above}
    for year in sorted(years - {0}):
        name = f"{above}{delimiter}{year}" if delimiter else above
        by_year[year] = name if name in there or _make(imap, name) else above
    return by_year


def _below(imap: Connection, above: str) -> tuple[set[str], str]:
    """Return the folder of this name with those below it, and the separator of their levels."""
    there, delimiter = set(), ""
    pattern = quoted_folder(above)[:-1] + b'*"'
    for line in response.lines(imap.command("LIST", '""', pattern)):
        pieces = response.parsed(line)
        if len(pieces) > 2:
            delimiter = delimiter or response.raw_bytes(pieces[1]).decode("ascii", "replace")
            there.add(names.decode(response.raw_bytes(pieces[2]))[0])
    return there, delimiter


def _make(imap: Connection, name: str) -> bool:
    """Create a folder. Return False if the server refuses it."""
    try:
        imap.command("CREATE", quoted_folder(name), changes=True)
    except (ServerRefused, NotPermitted):
        # Another session may have created it meanwhile.
        if imap.code() != "ALREADYEXISTS":
            return False
    # Programs that show only subscribed folders would not show it.
    imap.command("SUBSCRIBE", quoted_folder(name), changes=True)
    return True
