"""The addresses that a script sends mail to, found in its commands and their blocks, whatever
program wrote it.

Administrators decide which addresses rules may forward to. The whole script is examined, since a
rule is only one of the ways to forward.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from mail.sieve import grammar
from mail.sieve.grammar import ScriptCommand, TagArgument, Test

UNTOLD: Final = ""
_NOT_BARE: Final = frozenset(' \t\r\n<>()[]\\",;:%!')


@dataclass(frozen=True)
class AllowedForwards:
    """The addresses that rules may forward to, in lower case: all with ``anywhere``, else those in
    one of the ``domains`` or below it, and the ``addresses``.
    """

    anywhere: bool = False
    domains: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()

    @property
    def is_everything(self) -> bool:
        return self.anywhere and not (self.domains or self.addresses)

    @property
    def places(self) -> tuple[str, ...]:
        """The domains and addresses, to be shown to the user."""
        return (*sorted(self.domains), *sorted(self.addresses))

    def covers(self, address: str) -> bool:
        """Return whether an address is allowed. A domain allows only bare addresses: in any other,
        a server might read a different domain than the one after the last @.
        """
        if self.is_everything or not self.anywhere:
            return self.anywhere
        local, at, domain = address.lower().rstrip(".").rpartition("@")
        if not (at and _is_bare(local) and not _NOT_BARE & set(domain)):
            return False
        if f"{local}@{domain}" in self.addresses:
            return True
        return any(domain == allowed or domain.endswith(f".{allowed}") for allowed in self.domains)


def _is_bare(local: str) -> bool:
    """Return whether the text is only a local part, which may be quoted (RFC 5321 section
    4.1.2).
    """
    inner = local[1:-1]
    if len(local) > 2 and local[0] == local[-1] == '"':
        return not {'"', "\\"} & set(inner)
    return bool(local) and not (_NOT_BARE | {"@"}) & set(local)


@dataclass(frozen=True)
class ScriptSending:
    """A command that sends a message to an address. ``line`` is one-based. ``address`` is UNTOLD if
    the text does not tell it: a variable, or several at once.
    """

    line: int
    address: str


def sendings(text: str) -> tuple[ScriptSending, ...]:
    """Return all sendings of a script in order, except those in ``if false`` and the like, by which
    a rule is turned off. Raises `grammar.NotSieve`.
    """
    commands = _running(grammar.parse(text))
    return tuple(
        ScriptSending(_line(text, command), address)
        for command in commands
        for address in _addresses(command)
    )


def included(text: str) -> tuple[tuple[int, str], ...]:
    """Return the lines that include other scripts of the user, and the names of these; UNTOLD if
    the text does not tell. Scripts of the server (``:global``) belong to the administrators and are
    left out. Raises `grammar.NotSieve`.
    """
    return tuple(
        (_line(text, command), _told(_strings(command)[-1:]))
        for command in _running(grammar.parse(text))
        if command.name == "include" and TagArgument(":global") not in command.arguments
    )


def _running(commands: Iterable[ScriptCommand]) -> Iterator[ScriptCommand]:
    for command in commands:
        yield command
        if command.name not in {"if", "elsif"} or not all(map(_never_holds, command.tests)):
            yield from _running(command.block or ())


def _never_holds(test: Test) -> bool:
    """Return whether the test is ``false`` or ``allof (false, …)``, as in a rule that is turned
    off.
    """
    return test.name == "false" or (test.name == "allof" and any(map(_never_holds, test.tests)))


def _addresses(command: ScriptCommand) -> tuple[str, ...]:
    """Return the addresses of ``redirect``, of ``notify`` by mail (RFC 5436 and its draft), and of
    Dovecot's ``report``.
    """
    strings = _strings(command)
    match command.name:
        case "redirect" | "report":
            return (_told(strings[-1:]),)
        case "notify":
            return _notified(command, strings)
    return ()


def _notified(command: ScriptCommand, strings: list[str]) -> tuple[str, ...]:
    """Return the addresses of the draft's ``:options ["address"]``, else that of the method, which
    is the last argument: a ``mailto:``.
    """
    if TagArgument(":options") in command.arguments:
        listed = [argument for argument in command.arguments if isinstance(argument, tuple)]
        return tuple(_told([address]) for addresses in listed for address in addresses) or (UNTOLD,)
    method = strings[-1] if strings else ""
    scheme, _colon, rest = method.partition(":")
    if scheme.lower() != "mailto":
        return (UNTOLD,) if "${" in method else ()
    path, _mark, headers = rest.partition("?")
    more = [name for field in headers.split("&") if (name := field.partition("=")[0].lower())]
    return (UNTOLD,) if {"to", "cc", "bcc"} & set(more) else (_told([unquote(path)]),)


def _told(strings: list[str]) -> str:
    """Return the single address or name; UNTOLD if there are several, or the server expands it."""
    text = strings[0].strip() if strings else UNTOLD
    return UNTOLD if "${" in text or "," in text else text


def _strings(command: ScriptCommand) -> list[str]:
    """Return a command's own strings, which follow its tags and their arguments."""
    return [argument for argument in command.arguments if isinstance(argument, str)]


def _line(text: str, command: ScriptCommand) -> int:
    return text.count("\n", 0, command.start) + 1
