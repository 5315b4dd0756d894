"""Mail addresses (RFC 5322 section 3.4)."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from webmail.mime import encoded_words, links


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of an address list: decoded display name and ``local@domain``; either may be
    empty."""

    name: str
    address: str

    @property
    def shown(self) -> str:
        """The name where there is one, else the address."""
        return self.name or self.address


@dataclass(frozen=True, slots=True)
class Group:
    """Several people under one name, as typed: ``Parents 6e B: a@x.fr, b@x.fr;``."""

    name: str
    members: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Recipients:
    """The recipients that a person typed: the addresses mail can go to, those in groups among them,
    and the entries that are none. ``repeated``: how many addresses stood there once more."""

    valid: tuple[Address, ...]
    invalid: tuple[str, ...]
    groups: tuple[Group, ...] = ()
    repeated: int = 0


# A quote that is never closed is none; names and comments are bounded, so that many of those cost
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
# Outlook's "MARTIN, Paul <paul@x.fr>": a surname, and the rest of the person.
_SURNAME = re.compile(r'\s*[^\s"<>@:;,][^"<>@:;,]{0,100}')
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")
_ATOM = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?: [\w!#$%&'*+/=?^`{|}~-]+)*")
_LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*")
_DOMAIN = re.compile(
    r"(?:[^\W_](?:[^\W_]|-){0,61}(?<!-)\.)+[^\W_](?:[^\W_]|-){0,61}(?<!-)|localhost"
)


def parse(value: str, most: int | None = None) -> tuple[Address, ...]:
    """The addresses of a raw header value, in their order, or the first ``most`` of them; display
    names come out decoded (RFC 2047).

    Lenient: groups are flattened, semicolons separate too, a comment after a bare address is its
    name, an unclosed quote is ignored. Text without an address becomes an Address with a name
    alone; an empty group (``undisclosed-recipients:;``) gives nothing.
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
            entry = []  # what stood before names a group
        elif entry or not piece.isspace():
            entry.append(piece)
    yield from _mailbox(entry)


def _mailbox(tokens: list[str]) -> list[Address]:
    """The one address that these tokens write, or none."""
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
    """The address with a domain that imitates another in its ASCII form: ``a@p\u0430ypal.com``
    gives ``a@xn--pypal-4ve.com``."""
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
    # Outlook writes the names of those it knows by address alone as 'a@b.fr'.
    return name[1:-1] if len(name) > 2 and name[0] == name[-1] == "'" else name


def is_valid(address: str) -> bool:
    """Whether mail may be sent to ``address``: a dot-atom, ``@``, and a domain with a dot (or
    ``localhost``).

    Quoted local parts and address literals are refused: nobody types them on purpose.
    """
    local, at, domain = address.rpartition("@")
    if not at or len(local.encode("utf-8", "replace")) > 64 or len(address) > 254:
        return False
    return bool(_LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain)) and _has_ascii_form(domain)


def _has_ascii_form(domain: str) -> bool:
    """Whether IDNA can write it: not a label that grows too long, nor a character that it does not
    know."""
    try:
        return domain.isascii() or bool(domain.encode("idna"))
    except UnicodeError:
        return False


def read_recipients(text: str) -> Recipients:
    """Read what a person typed or pasted: addresses with or without names, between commas,
    semicolons or lines, and groups of them (RFC 5322 section 3.4: a name, a colon, addresses, a
    semicolon, all in one line).

    Strict: an entry with a control character, or without exactly one valid address, is ``invalid``
    and comes back as typed (controls removed). Bare addresses may also be separated by blanks. An
    address typed twice counts once. Where semicolons or lines separate people, a comma may stand in
    a name, as Outlook writes it: ``MARTIN, Paul <paul@x.fr>; DURAND, Anne <anne@x.fr>``.
    """
    valid: dict[str, Address] = {}
    invalid: list[str] = []
    groups: list[Group] = []
    count = 0
    for name, entries in _entries(text):
        members: list[Address] = []
        for entry in entries:
            read = _typed(entry)
            members += read
            if not read:
                invalid.append(_CONTROLS.sub("", entry))
        for address in members:
            valid.setdefault(address.address.casefold(), address)
        if name and members:
            groups.append(Group(name, tuple(members)))
        count += len(members)
    return Recipients(tuple(valid.values()), tuple(invalid), tuple(groups), count - len(valid))


def _entries(text: str) -> Iterator[tuple[str, list[str]]]:
    """The entries in their order: those of a group together under its name, others alone under
    none."""
    lines = [line for line in re.split(r"[\r\n]+", text) if line.strip()]
    for line in lines:
        pieces = _whole_names(_pieces(line), is_alone=len(lines) == 1)
        closing = [n for n, (_text, mark) in enumerate(pieces) if mark == ";"]
        at = 0
        while at < len(pieces):
            head = _HEAD.fullmatch(pieces[at][0])
            place = bisect_left(closing, at)
            last, name, first = at, "", pieces[at][0]
            # A colon that no semicolon follows is what a header looks like: "Bcc: a@x.fr".
            if head and place < len(closing) and not _CONTROLS.search(head["name"]):
                last, name, first = closing[place], _plain(head["name"]), head["rest"]
            entries = [first, *(text for text, _mark in pieces[at + 1 : last + 1])]
            yield name, [bare for entry in entries if (bare := entry.strip(" \t\xa0"))]
            at = last + 1


def _pieces(line: str) -> list[tuple[str, str]]:
    """Return what stands between commas and semicolons, each with the one that follows it."""
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
    """The pieces with a surname and the rest of its person as one, where they are all that stands
    between two semicolons or the line's ends. Not in a line that ``is_alone`` and has no semicolon:
    "bob, Anne <anne@x.fr>" names two people, and nobody is left out silently."""
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
    """A name without the quotes around it."""
    name = name.strip()
    if len(name) > 1 and name.startswith('"') and name.endswith('"'):
        name = _unescaped(name[1:-1])
    return " ".join(name.split())


def _typed(entry: str) -> list[Address]:
    """The addresses of one entry; none when anything in it is wrong."""
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
    """``Name <local@domain>`` as RFC 5322 writes it, the name quoted where needed; Unicode is kept.

    Raises ValueError when name or address holds a control character.
    """
    if _CONTROLS.search(address.name + address.address):
        raise ValueError("control character in an address")
    if not address.name:
        return address.address
    return f"{_phrase(address.name)} <{address.address}>"


def format_group(group: Group) -> str:
    """``Name: a@x.fr, b@x.fr;`` as `read_recipients` reads it. Raises ValueError when a name or an
    address holds a control character.
    """
    if _CONTROLS.search(group.name):
        raise ValueError("control character in the name of a group")
    return f"{_phrase(group.name)}: {', '.join(map(format, group.members))};"


def with_groups(text: str, members: Mapping[str, Sequence[Address]]) -> str:
    """A line of recipients with other people in the groups of these names; all else stays as it was
    typed. A group of nobody is left out."""
    pieces: list[str] = []
    for name, entries in _entries(text):
        if name in members:
            pieces += [format_group(Group(name, tuple(members[name])))] if members[name] else []
        elif name:
            pieces.append(f"{_phrase(name)}: {', '.join(entries)};")
        else:
            pieces += entries
    return ", ".join(filter(None, pieces))


def _phrase(name: str) -> str:
    """A name, quoted where it needs that."""
    if _ATOM.fullmatch(name):
        return name
    quoted = re.sub(r'(["\\])', r"\\\1", name)
    return f'"{quoted}"'
