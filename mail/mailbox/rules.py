"""The user's rules on the server: reading, changing, and keeping copies.

The webmail's script is one of several that the user may have; the server runs one. A script of
another program is never changed: either the webmail's script runs it first by ``include``, or its
rules are copied into the webmail's script, and it stays where it is. Before another script is
replaced, a copy is kept under a name of its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from mail.errors import ForwardRefused, NotFound, SieveChanged, SieveRefused
from mail.sieve import forwarding, reading, writing
from mail.sieve.connection import ScriptName, SieveConnection
from mail.sieve.forwarding import UNTOLD, AllowedForwards, ScriptSending
from mail.sieve.grammar import NotSieve
from mail.sieve.values import COPY, MOVE, Absence, Item, RawPiece, Rule, Script

BACKUP: Final = "webmail-backup-"
MOST_BACKUPS: Final = 8
_MOST_INCLUDED: Final = 20
_FILING: Final = frozenset({MOVE, COPY})
# With a digest, stands for the addresses of an included script that cannot be read.
_BOX: Final = "script:"


@dataclass(frozen=True)
class UserScripts:
    """The scripts on the server.

    ``text`` is that of the webmail's script, "" if there is none; ``script`` is its meaning, empty
    if it is no valid Sieve (then ``is_readable`` is False). ``former`` is another script that runs
    instead. ``digest`` changes when any of it changes. ``allowed`` says where a written script may
    send mail. ``standing`` are addresses that the running script sends mail to although it is no
    longer allowed, UNTOLD if the text does not tell them. ``may_misread`` says that the server may
    take the name of a folder for another one, if there are other letters than those of ASCII in it.
    """

    name: str
    text: str
    script: Script
    digest: str
    extensions: frozenset[str]
    names: tuple[ScriptName, ...]
    allowed: AllowedForwards
    former: str = ""
    former_text: str = ""
    is_readable: bool = True
    standing: tuple[str, ...] = ()
    may_misread: bool = False

    @property
    def is_active(self) -> bool:
        return any(
            script_name.is_active and script_name.name == self.name for script_name in self.names
        )

    @property
    def is_cut_off(self) -> bool:
        """Whether a script that the webmail's script includes was deleted: then the server runs
        neither.
        """
        included = self.script.included
        return bool(included) and not any(
            script_name.name == included for script_name in self.names
        )

    @property
    def is_foreign(self) -> bool:
        """Whether the script of the webmail's name was written by another program."""
        return bool(self.text.strip()) and not reading.is_ours(self.text)

    @property
    def backups(self) -> tuple[str, ...]:
        """The copies, latest first."""
        backup_names = (
            script_name.name for script_name in self.names if script_name.name.startswith(BACKUP)
        )
        return tuple(sorted(backup_names, reverse=True))

    def item(self, number: int) -> Item:
        """Return an item by its one-based number. Raises NotFound."""
        if not 0 < number <= len(self.script.items):
            raise NotFound("There is no such rule.")
        return self.script.items[number - 1]


def read_rules(sieve: SieveConnection, name: str, allowed: AllowedForwards) -> UserScripts:
    """Read the webmail's script, and the active one of another program.

    Sends at most three commands; where forwarding is restricted, one more for each included script.
    Raises the errors of the connection.
    """
    names = sieve.scripts()
    text = sieve.get(name) if any(script_name.name == name for script_name in names) else ""
    former = next(
        (
            script_name.name
            for script_name in names
            if script_name.is_active and script_name.name != name
        ),
        "",
    )
    former_text = sieve.get(former) if former else ""
    try:
        script, is_readable = reading.read_script(text), True
    except NotSieve:
        script, is_readable = Script(), False
    serialized = json.dumps([text, former, former_text]).encode()
    scripts = UserScripts(
        name=name,
        text=text,
        script=script,
        digest=hashlib.sha256(serialized).hexdigest()[:32],
        extensions=sieve.extensions,
        may_misread=sieve.may_misread,
        names=names,
        former=former,
        former_text=former_text,
        is_readable=is_readable,
        allowed=allowed,
    )
    return replace(scripts, standing=_standing(sieve, scripts))


def _standing(sieve: SieveConnection, scripts: UserScripts) -> tuple[str, ...]:
    if scripts.allowed.is_everything:
        return ()
    sent = _sent_until_now(sieve, scripts)
    refused = {address for address in sent if not scripts.allowed.covers(address)}
    return tuple(sorted({UNTOLD if address.startswith(_BOX) else address for address in refused}))


def save(sieve: SieveConnection, scripts: UserScripts, script: Script, now: datetime) -> str:
    """Write the script and activate it. The script that ran until now is included, unless its rules
    were copied into this one.

    Return the written text, as do all functions that write. Raises SieveRefused, ForwardRefused,
    OverQuota, `writing.UnwritableScript` or TooLarge; then nothing was changed.
    """
    if scripts.former and scripts.former != script.included and scripts.former_text.strip():
        script = replace(script, included=scripts.former)
    elif scripts.is_cut_off:
        script = replace(script, included="")
    return _put(sieve, scripts, writing.write(script), now, always=scripts.is_foreign)


def misread(scripts: UserScripts, folders: Iterable[str]) -> set[str]:
    """Return those of the folders whose names the server may misread."""
    names = set(folders) if scripts.may_misread else set()
    return {name for name in names if "&" in name or not name.isascii()}


def folders_of(script: Script) -> set[str]:
    """Return the folders that the rules file messages in."""
    rules = (item for item in script.items if isinstance(item, Rule))
    return {action.value for rule in rules for action in rule.actions if action.kind in _FILING}


def placed(script: Script, ids: Mapping[str, str]) -> Script:
    """Return the script with the server's identifiers of folders, by name."""

    def with_ids(item: Item) -> Item:
        if not isinstance(item, Rule):
            return item
        actions = (
            replace(action, mailbox_id=ids.get(action.value, ""))
            if action.kind in _FILING
            else action
            for action in item.actions
        )
        return replace(item, actions=tuple(actions))

    return replace(script, items=tuple(map(with_ids, script.items)))


def save_text(sieve: SieveConnection, scripts: UserScripts, text: str, now: datetime) -> str:
    """Write a text that the user edited, unchanged, and keep a copy of the previous script."""
    return _put(sieve, scripts, text, now, always=True)


def bring_in(sieve: SieveConnection, scripts: UserScripts, now: datetime) -> str:
    """Copy the rules of the script that runs instead of the webmail's into the latter, before its
    own rules. Raises SieveRefused when they cannot be read; then nothing was changed.
    """
    try:
        theirs = reading.read_script(scripts.former_text)
    except NotSieve as error:
        raise SieveRefused("The script can't be read.") from error
    script = replace(
        scripts.script,
        items=(*theirs.items, *scripts.script.items),
        absence=scripts.script.absence or theirs.absence,
        included=theirs.included,
        requires=scripts.script.requires | theirs.requires,
    )
    return _put(sieve, scripts, writing.write(script), now, always=True)


def take_apart(sieve: SieveConnection, scripts: UserScripts, now: datetime) -> str:
    """Copy the rules of the included script into the webmail's script, as `bring_in` does."""
    text = sieve.get(scripts.script.included)
    included = replace(scripts, former=scripts.script.included, former_text=text)
    return bring_in(sieve, included, now)


def restore(sieve: SieveConnection, scripts: UserScripts, backup: str, now: datetime) -> str:
    """Make a copy the webmail's script again, and the present script a copy. Raises NotFound."""
    if backup not in scripts.backups:
        raise NotFound("There is no such copy.")
    return _put(sieve, scripts, sieve.get(backup), now, always=True)


def unchanged(scripts: UserScripts, digest: str) -> None:
    """Raise SieveChanged when the scripts on the server differ from those that were read."""
    if scripts.digest != digest:
        raise SieveChanged("The rules were changed meanwhile.")


def answers_twice(scripts: UserScripts, script: Script, included_text: str) -> bool:
    """Return whether both the script and another part answer absences: the server would then refuse
    to run either.
    """
    if script.absence is None or not script.absence.enabled:
        return False
    if script.answers_elsewhere:
        return True
    try:
        return bool(included_text) and reading.read_script(included_text).answers_elsewhere
    except NotSieve:
        return "vacation" in included_text


def included_text(sieve: SieveConnection, scripts: UserScripts) -> str:
    """Return the text of the script that runs, or will run, before the webmail's rules."""
    if scripts.former:
        return scripts.former_text
    try:
        return sieve.get(scripts.script.included) if scripts.script.included else ""
    except NotFound:
        return ""


def _put(
    sieve: SieveConnection, scripts: UserScripts, text: str, now: datetime, *, always: bool
) -> str:
    """Write a text. A copy of the replaced script is kept, once a day or ``always``."""
    _check_sendings(sieve, scripts, text)
    if text != scripts.text:
        if scripts.text.strip():
            sieve.check(text)  # a refused text leaves no copy behind
            _keep_copy(sieve, scripts, now, always=always)
        sieve.put(scripts.name, text)
    if not scripts.is_active:
        sieve.activate(scripts.name)
    return text


def _check_sendings(sieve: SieveConnection, scripts: UserScripts, text: str) -> None:
    """Raise ForwardRefused unless the text sends mail only to allowed addresses, or to those that
    already received it, so that a user who changes another rule does not lose mail.
    """
    if scripts.allowed.is_everything:
        return
    refused = [
        sending
        for sending in _sendings(sieve, scripts, text)
        if not scripts.allowed.covers(sending.address)
    ]
    if not refused:
        return
    before = _sent_until_now(sieve, scripts)
    for sending in refused:
        if sending.address == UNTOLD or sending.address not in before:
            shown = "" if sending.address.startswith(_BOX) else sending.address
            raise ForwardRefused(sending.line, shown, scripts.allowed.places)


def _sent_until_now(sieve: SieveConnection, scripts: UserScripts) -> set[str]:
    """Return the addresses that the running script sends mail to; none if it cannot be read."""
    running = scripts.text if scripts.is_active else scripts.former_text
    try:
        return {sending.address for sending in _sendings(sieve, scripts, running)}
    except SieveRefused:
        return set()


def sent_anew(scripts: UserScripts, text: str) -> tuple[list[str], list[str]]:
    """Return the addresses that the script newly sends mail to, once changed to ``text``, and those
    that it no longer does.
    """
    before, after = _addresses(scripts.text if scripts.is_active else ""), _addresses(text)
    return sorted(after - before), sorted(before - after)


def _addresses(text: str) -> set[str]:
    try:
        return {sending.address for sending in forwarding.sendings(text)}
    except NotSieve:
        return set()


def _sendings(sieve: SieveConnection, scripts: UserScripts, text: str) -> list[ScriptSending]:
    """Return the sendings of a script and of those that it includes, each with the line of the
    first script that leads there.
    """
    try:
        sendings = list(forwarding.sendings(text))
        waiting = list(forwarding.included(text))
    except NotSieve as error:
        raise SieveRefused("The script can't be read.") from error
    seen = {scripts.name}
    while waiting:
        line, name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        inner = _text_of(sieve, scripts, name)
        if name == UNTOLD or len(seen) > _MOST_INCLUDED:
            sendings.append(ScriptSending(line, UNTOLD))
            continue
        try:
            sendings += [
                ScriptSending(line, sending.address) for sending in forwarding.sendings(inner)
            ]
            waiting += [(line, more) for _line, more in forwarding.included(inner)]
        except NotSieve:
            digest = hashlib.sha256(inner.encode()).hexdigest()
            sendings.append(ScriptSending(line, f"{_BOX}{digest}"))
    return sendings


def _text_of(sieve: SieveConnection, scripts: UserScripts, name: str) -> str:
    """Return the text of another script; "" if there is none, since the server then runs
    nothing.
    """
    if name == scripts.former:
        return scripts.former_text
    return sieve.get(name) if any(script_name.name == name for script_name in scripts.names) else ""


def _keep_copy(
    sieve: SieveConnection, scripts: UserScripts, now: datetime, *, always: bool
) -> None:
    day = f"{BACKUP}{now:%Y-%m-%d}"
    if not always and any(name.startswith(day) for name in scripts.backups):
        return
    name = f"{day}-{now:%H%M%S}"
    sieve.put(name, scripts.text)
    for old in scripts.backups[MOST_BACKUPS - 1 :]:
        sieve.delete(old)


# --- changes of a script ---


def with_item(script: Script, number: int, item: Item) -> Script:
    """Return the script with another item in place of ``number``; 0 adds it at the end."""
    items = list(script.items)
    if number:
        items[number - 1] = item
    else:
        items.append(item)
    return replace(script, items=tuple(items))


def without(script: Script, number: int) -> Script:
    items = [item for n, item in enumerate(script.items, 1) if n != number]
    if not any(isinstance(item, RawPiece) for item in items):
        script = replace(script, requires=frozenset())
    return replace(script, items=tuple(items))


def switched(script: Script, number: int, *, on: bool) -> Script:
    item = script.items[number - 1]
    if not isinstance(item, Rule):
        raise NotFound("What is kept as it is has no switch.")
    return with_item(script, number, replace(item, enabled=on))


def reordered(script: Script, order: Sequence[int]) -> Script:
    """Return the script with its items reordered. ``order`` holds every one-based number once;
    otherwise ValueError is raised.
    """
    if sorted(order) != list(range(1, len(script.items) + 1)):
        raise ValueError("An order names everything once.")
    return replace(script, items=tuple(script.items[n - 1] for n in order))


def with_absence(script: Script, absence: Absence | None) -> Script:
    return replace(script, absence=absence)


def with_adverts(script: Script, text: str) -> Script:
    return replace(script, adverts=text)
