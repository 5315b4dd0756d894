"""Mail addresses (RFC 5322 section 3.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass


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
class Recipients:
    """What a person typed as recipients: the addresses mail can go to, and the entries that are
    none."""

    valid: tuple[Address, ...]
    invalid: tuple[str, ...]


# A quote that is never closed is none; names and comments are bounded, so that many of those cost
# little.
_PIECE = re.compile(
    r'"(?:[^"\\]|\\.){0,300}"|<[^<>]*(?:>|$)|\((?:[^()\\]|\\.){0,300}\)|[,;:]|[^",;:<(]+|.',
    re.DOTALL,
)
_TYPED = re.compile(
    r'"(?:[^"\\\r\n]|\\[^\r\n]){0,300}"|<[^<>\n]*>|[,;\r\n]|[^",;<\r\n]+|.', re.DOTALL
)
_NAMED = re.compile(
    r'(?P<name>"(?:[^"\\]|\\.)*"\s*|[^<>]*)<\s*(?P<address>[^<>\s]+)\s*>', re.DOTALL
)
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")
_ATOM = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?: [\w!#$%&'*+/=?^`{|}~-]+)*")
_LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*")
_DOMAIN = re.compile(
    r"(?:[^\W_](?:[^\W_]|-){0,61}(?<!-)\.)+[^\W_](?:[^\W_]|-){0,61}(?<!-)|localhost"
)


def parse(value: str) -> tuple[Address, ...]:
    """The addresses of a raw header value, in their order; display names come out decoded (RFC
    2047).

    Lenient: groups are flattened, semicolons separate too, a comment after a bare address is its
    name, an unclosed quote is ignored. Text without an address becomes an Address with a name
    alone; an empty group (``undisclosed-recipients:;``) gives nothing.
    """
    found: list[Address] = []
    entry: list[str] = []
    for piece in _PIECE.findall(value):
        if piece in (",", ";"):
            found += _mailbox(entry)
            entry = []
        elif piece == ":" and not any("@" in before for before in entry):
            entry = []  # what stood before names a group
        else:
            entry.append(piece)
    return tuple(found + _mailbox(entry))


def _mailbox(tokens: list[str]) -> list[Address]:
    """The one address that these tokens write, or none."""
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
    return [Address("" if name == address else name, address)] if name or address else []


def _unescaped(quoted: str) -> str:
    return re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)


def _unquoted(token: str) -> str:
    if not token.startswith('"'):
        return token
    return _unescaped(token[1:-1] if len(token) > 1 and token.endswith('"') else token[1:])


def _decoded(words: str) -> str:
    # headers uses this module for its own fields, so it cannot be imported before this one exists.
    from webmail.mime import headers

    name = " ".join(headers.decode(words).split())
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
    """Whether IDNA can write it: not a label that grows too long, nor a letter it does not know."""
    try:
        return domain.isascii() or bool(domain.encode("idna"))
    except UnicodeError:
        return False


def read_recipients(text: str) -> Recipients:
    """What a person typed or pasted: addresses with or without names, between commas, semicolons or
    lines.

    Strict: an entry with a control character, or without exactly one valid address, is ``invalid``
    and comes back as typed (controls removed). Bare addresses may also be separated by blanks. An
    address typed twice counts once.
    """
    valid: dict[str, Address] = {}
    invalid: list[str] = []
    for entry in _entries(text):
        read = _typed(entry)
        for address in read:
            valid.setdefault(address.address.casefold(), address)
        if not read:
            invalid.append(_CONTROLS.sub("", entry))
    return Recipients(tuple(valid.values()), tuple(invalid))


def _entries(text: str) -> list[str]:
    pieces: list[list[str]] = [[]]
    for token in _TYPED.findall(text):
        if token in (",", ";", "\r", "\n"):
            pieces.append([])
        else:
            pieces[-1].append(token)
    return [entry for piece in pieces if (entry := "".join(piece).strip(" \t\xa0"))]


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
    name = match["name"].strip()
    if len(name) > 1 and name.startswith('"') and name.endswith('"'):
        name = _unescaped(name[1:-1])
    return [Address(" ".join(name.split()), match["address"])]


def format(address: Address) -> str:
    """``Name <local@domain>`` as RFC 5322 writes it, the name quoted where needed; Unicode is kept.

    Raises ValueError when name or address holds a control character.
    """
    if _CONTROLS.search(address.name + address.address):
        raise ValueError("control character in an address")
    if not address.name:
        return address.address
    if _ATOM.fullmatch(address.name):
        return f"{address.name} <{address.address}>"
    quoted = re.sub(r'(["\\])', r"\\\1", address.name)
    return f'"{quoted}" <{address.address}>'
