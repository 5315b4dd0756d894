"""Mail addresses (RFC 5322 section 3.4)."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from mail.mime import encoded_words, links


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of an address list: decoded display name and ``local@domain``. Either may be
    empty.
    """

    name: str
    address: str

    @property
    def shown(self) -> str:
        """The name, or the address if there is no name."""
        return self.name or self.address


@dataclass(frozen=True, slots=True)
class AddressGroup:
    """A group of addresses with a name, as typed: ``Parents 6e B: a@x.fr, b@x.fr;``."""

    name: str
    members: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Recipients:
    """The recipients that a user typed. ``invalid`` are entries without a valid address; addresses
    in groups count like others. ``repeated`` is the number of addresses that were typed again.
    """

    valid: tuple[Address, ...]
    invalid: tuple[str, ...]
    groups: tuple[AddressGroup, ...] = ()
    repeated: int = 0


MOST_ENTRIES = 30_000
"""The most entries that are read of what a user typed: each is compared with several patterns."""
_LONGEST_REST = 200
_SEPARATORS = re.compile("[,;\r\n]")
# An unclosed quote is ignored. Names and comments have a limit each, so that many of them cost
# little.
_PIECE = re.compile(
    r'"(?>(?:[^"\\]++|\\.){0,100})"|<[^<>]*(?:>|$)|\((?>(?:[^()\\]++|\\.){0,100})\)'
    r'|[,;:]|[^",;:<(]+|.',
    re.DOTALL,
)
_TYPED = re.compile(
    r'"(?>(?:[^"\\\r\n]++|\\[^\r\n]){0,100})"|<[^<>\n]*>|[,;\r\n]|[^",;<\r\n]+|.', re.DOTALL
)
_HEAD = re.compile(
    r'\s*+(?P<name>"(?:[^"\\]|\\.){1,300}"|[^":<>@\s][^":<>@]{0,199}+|(?<=\s))\s*+:(?P<rest>.*)',
    re.DOTALL,
)
_NAMED = re.compile(
    r'(?P<name>"(?:[^"\\]|\\.)*"\s*|[^<>]*)<\s*(?P<address>[^<>\s]+)\s*>', re.DOTALL
)
# A surname, the first part of Outlook's "MARTIN, Paul <paul@x.fr>".
_SURNAME = re.compile(r'\s*[^\s"<>@:;,][^"<>@:;,]{0,100}')
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")
_ATOM = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?: [\w!#$%&'*+/=?^`{|}~-]+)*")
_LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*")
_DOMAIN = re.compile(
    r"(?:[^\W_](?:[^\W_]|-){0,61}(?<!-)\.)+[^\W_](?:[^\W_]|-){0,61}(?<!-)|localhost"
)


def parse(value: str, most: int | None = None) -> tuple[Address, ...]:
    """Return the addresses of a raw header value in order, or the first ``most`` of them; display
    names are decoded (RFC 2047).

    The parser is lenient: groups are flattened, semicolons separate too, a comment after a bare
    address is its name, and an unclosed quote is ignored. Text without an address becomes an
    Address with only a name; an empty group (``undisclosed-recipients:;``) gives nothing.
    """
    return tuple(islice(_mailboxes(value), most))


def _mailboxes(value: str) -> Iterator[Address]:
    entry: list[str] = []
    for match in _PIECE.finditer(value):
        piece = match[0]
        if piece in (",", ";"):
            yield from _mailbox(entry)
            entry = []
        elif piece == ":" and not any("@" in before for before in entry):
            entry = []  # the tokens before the colon name a group
        elif entry or not piece.isspace():
            entry.append(piece)
    yield from _mailbox(entry)


def _mailbox(tokens: list[str]) -> list[Address]:
    """Return the one address that these tokens form, or nothing."""
    if not tokens:
        return []
    phrase, comment, address = [], "", ""
    for token in tokens:
        if token.startswith("<") and not address:
            address = token.strip("<>")
        elif token.startswith("(") and token.endswith(")"):
            comment = comment or _unescaped(token[1:-1])
        else:
            phrase.append(token)
    words = "".join(phrase).strip()
    if not address and "@" in words:
        address, words = words, comment
    elif '"' in words:
        words = "".join(_unquoted(token) for token in phrase)
    name = _decoded(words or comment)
    address = re.sub(r"^@[^:]*:", "", "".join(_CONTROLS.sub("", address).split()))
    address = honest(encoded_words.decode(address) if "=?" in address else address)
    return [Address("" if name == address else name, address)] if name or address else []


def honest(address: str) -> str:
    r"""Return the address; a domain that imitates another is put into its ASCII form:
    ``a@p\u0430ypal.com`` becomes ``a@xn--pypal-4ve.com``.
    """
    local, at, domain = address.rpartition("@")
    if domain.isascii() or not links.is_imitation(links.host(domain)):
        return address
    return f"{local}{at}{links.ascii_form(links.host(domain))}"


def _unescaped(quoted: str) -> str:
    return re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)


def _unquoted(token: str) -> str:
    if not token.startswith('"'):
        return token
    return _unescaped(token[1:-1] if len(token) > 1 and token.endswith('"') else token[1:])


def _decoded(words: str) -> str:
    name = " ".join(encoded_words.decode(words).split())
    # Outlook writes the names of people known only by their address as 'a@b.fr'.
    return name[1:-1] if len(name) > 2 and name[0] == name[-1] == "'" else name


def is_valid(address: str) -> bool:
    """Return whether mail may be sent to ``address``: a dot-atom, ``@``, and a domain with a dot
    (or ``localhost``).

    Quoted local parts and address literals are refused, since users do not type them on purpose.
    """
    local, at, domain = address.rpartition("@")
    if not at or len(local.encode("utf-8", "replace")) > 64 or len(address) > 254:
        return False
    return bool(_LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain)) and _has_ascii_form(domain)


def _has_ascii_form(domain: str) -> bool:
    """Return whether IDNA can encode the domain. It cannot if a label grows too long or has an
    unknown character.
    """
    try:
        return domain.isascii() or bool(domain.encode("idna"))
    except UnicodeError:
        return False


def read_recipients(text: str) -> Recipients:
    """Read recipients that a user typed or pasted: addresses with or without names, separated by
    commas, semicolons or line ends, and groups of them (RFC 5322 section 3.4: a name, a colon,
    addresses and a semicolon, all in one line).

    The parser is strict: an entry with a control character, or without exactly one valid address,
    is ``invalid`` and returned as typed, without controls. Bare addresses may also be separated by
    spaces. A repeated address counts once. If semicolons or line ends separate the recipients, a
    name may contain a comma, as Outlook writes it: ``MARTIN, Paul <paul@x.fr>; DURAND, Anne
    <anne@x.fr>``. Entries beyond `MOST_ENTRIES` are one that is invalid, as it begins.
    """
    valid: dict[str, Address] = {}
    text, beyond = _first_entries(text)
    invalid: list[str] = []
    groups: list[AddressGroup] = []
    count = 0
    for name, entries in _entries(text):
        members: list[Address] = []
        for entry in entries:
            entry_addresses = _typed(entry)
            members += entry_addresses
            if not entry_addresses:
                invalid.append(_CONTROLS.sub("", entry))
        for address in members:
            valid.setdefault(address.address.casefold(), address)
        if name and members:
            groups.append(AddressGroup(name, tuple(members)))
        count += len(members)
    if beyond:
        invalid.append(beyond)
    return Recipients(tuple(valid.values()), tuple(invalid), tuple(groups), count - len(valid))


def _first_entries(text: str) -> tuple[str, str]:
    """Return the text of the first entries, and how the rest begins. Separators within quotes
    count, since most texts are nowhere near the limit."""
    beyond = next(islice(_SEPARATORS.finditer(text), MOST_ENTRIES - 1, None), None)
    if beyond is None:
        return text, ""
    rest = text[beyond.end() :].strip(" \t\xa0,;\r\n")[:_LONGEST_REST]
    return text[: beyond.end()], _CONTROLS.sub(" ", rest)


def read_each(people: Iterable[str]) -> tuple[Address, ...]:
    """Return the valid addresses of any number of people, each once."""
    valid: dict[str, Address] = {}
    for person in people:
        for address in read_recipients(person).valid:
            valid.setdefault(address.address.casefold(), address)
    return tuple(valid.values())


def _entries(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the entries in order, each group's together with its name, others alone with ""."""
    lines = [line for line in re.split(r"[\r\n]+", text) if line.strip()]
    for line in lines:
        pieces = _whole_names(_pieces(line), is_alone=len(lines) == 1)
        closing = [n for n, (_text, mark) in enumerate(pieces) if mark == ";"]
        at = 0
        while at < len(pieces):
            head = _HEAD.fullmatch(pieces[at][0])
            place = bisect_left(closing, at)
            last, name, first = at, "", pieces[at][0]
            # A colon without a semicolon after it is that of a header: "Bcc: a@x.fr".
            if head and place < len(closing) and not _CONTROLS.search(head["name"]):
                last, name, first = closing[place], _plain(head["name"]), head["rest"]
            entries = [first, *(text for text, _mark in pieces[at + 1 : last + 1])]
            yield name, [bare for entry in entries if (bare := entry.strip(" \t\xa0"))]
            at = last + 1


def _pieces(line: str) -> list[tuple[str, str]]:
    """Return the text between commas and semicolons, each with the separator that follows it."""
    pieces: list[tuple[str, str]] = []
    piece: list[str] = []
    for token in [*_TYPED.findall(line), ""]:
        if token in (",", ";", ""):
            pieces.append(("".join(piece), token))
            piece = []
        else:
            piece.append(token)
    return pieces


def _whole_names(pieces: list[tuple[str, str]], *, is_alone: bool) -> list[tuple[str, str]]:
    """Join a surname with the rest of its name, if nothing else stands between two semicolons or
    line ends.

    This is not done in a line that ``is_alone`` and has no semicolon: "bob, Anne <anne@x.fr>" has
    two recipients, and none may be dropped silently.
    """
    if is_alone and all(mark != ";" for _text, mark in pieces):
        return pieces
    joined: list[tuple[str, str]] = []
    for text, mark in pieces:
        marks = [";", *(before for _text, before in joined[-2:])]
        if marks[-2:] == [";", ","] and mark != "," and _is_name(joined[-1][0], text):
            text = f"{joined.pop()[0]},{text}"
        joined.append((text, mark))
    return joined


def _is_name(surname: str, rest: str) -> bool:
    named = _NAMED.fullmatch(rest.strip())
    words = (surname, named["name"]) if named else ()
    return bool(named and all(map(_SURNAME.fullmatch, words)) and is_valid(named["address"]))


def _plain(name: str) -> str:
    """Return a name without the quotes around it."""
    name = name.strip()
    if len(name) > 1 and name.startswith('"') and name.endswith('"'):
        name = _unescaped(name[1:-1])
    return " ".join(name.split())


def _typed(entry: str) -> list[Address]:
    """Return the addresses of one entry; none when any part of it is invalid."""
    if _CONTROLS.search(entry.replace("\t", " ")):
        return []
    bare = entry.split()
    if all(map(is_valid, bare)):
        return [Address("", address) for address in bare]
    match = _NAMED.fullmatch(entry)
    if match is None or not is_valid(match["address"]):
        return []
    return [Address(_plain(match["name"]), match["address"])]


def format(address: Address) -> str:
    """Return ``Name <local@domain>`` as RFC 5322 writes it, the name quoted if needed; Unicode is
    kept.

    Raises ValueError when the name or the address has a control character.
    """
    if _CONTROLS.search(address.name + address.address):
        raise ValueError("control character in an address")
    if not address.name:
        return address.address
    return f"{_phrase(address.name)} <{address.address}>"


def format_group(group: AddressGroup) -> str:
    """Return ``Name: a@x.fr, b@x.fr;``, which `read_recipients` can read. Raises ValueError when a
    name or an address has a control character.
    """
    if _CONTROLS.search(group.name):
        raise ValueError("control character in the name of a group")
    return f"{_phrase(group.name)}: {', '.join(map(format, group.members))};"


def with_groups(text: str, members: Mapping[str, Sequence[Address]]) -> str:
    """Return a line of recipients with new ``members`` in the groups of these names; the rest stays
    as typed. Groups without members are removed.
    """
    pieces: list[str] = []
    for name, entries in _entries(text):
        if name in members:
            pieces += (
                [format_group(AddressGroup(name, tuple(members[name])))] if members[name] else []
            )
        elif name:
            pieces.append(f"{_phrase(name)}: {', '.join(entries)};")
        else:
            pieces += entries
    return ", ".join(filter(None, pieces))


def _phrase(name: str) -> str:
    """Return a name, quoted if needed."""
    if _ATOM.fullmatch(name):
        return name
    quoted = re.sub(r'(["\\])', r"\\\1", name)
    return f'"{quoted}"'
