"""Parts that contain others although IMAP sees only one: winmail.dat, S/MIME in one part (.p7m),
files uuencoded in a text, a multipart that the server did not divide.

Each opens into a small tree whose parts are numbered after the container's own number: ``"2~1.2"``
is part 1.2 of the contents of part 2 of the message, ``"2~1~3"`` is in a container inside a
container. The steps for a caller that fetches:

- ``find(root)`` returns the containers that the structure shows; whether a fetched text part
  contains files, ``unpack`` tells;
- ``unpack(part, content)`` opens one from its decoded bytes;
- ``graft(root, opened)`` puts the opened parts into the tree, and ``structure.choose`` continues as
  with any message;
- to serve ``"2~1.2"``: fetch ``outer("2~1.2")``, which is ``"2"``, and unpack it again; ``content``
  returns the part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from mail.mime import headers, smime, structure, uuencode
from mail.mime.damage import Damage
from mail.mime.outlook import tnef
from mail.mime.structure import ParsedMessage, Part, Piece, Protection
from mail.mime.text import decode_transfer

SEPARATOR = "~"
MOST_CONTAINERS = 10
"""The greatest number of containers opened in one message, and inside one container."""
MOST_BYTES = smime.MOST_BYTES
"""Bytes as sent: a larger container is not opened."""

_DEEPEST = 4
_TNEF_TYPES = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_UNTOLD_TYPES = frozenset({"application/octet-stream", "application/x-pkcs7", ""})


def is_container(part: Part) -> bool:
    """Return whether the structure shows that this part contains others. It does not show
    uuencode.
    """
    return _is_tnef(part) or _is_smime(part) or is_undivided(part)


def is_undivided(part: Part) -> bool:
    """Return whether a part is a multipart of which the server did not tell the parts: Courier does
    so in a message without MIME-Version.
    """
    return part.is_multipart and not part.children and part.number == "1"


def _is_tnef(part: Part) -> bool:
    is_named_so = part.file_name.lower() in ("winmail.dat", "win.dat")
    return part.media_type in _TNEF_TYPES or (is_named_so and part.media_type in _UNTOLD_TYPES)


def _is_smime(part: Part) -> bool:
    if part.media_type in structure.SMIME_TYPES:
        return not structure.protection(part).is_encrypted
    return part.media_type in _UNTOLD_TYPES and part.file_name.lower() == "smime.p7m"


def containers_in(root: Part) -> tuple[Part, ...]:
    """Return the containers of a message, without those of nested messages, which are opened on
    their own.
    """
    return tuple(part for part in _own(root) if is_container(part))[:MOST_CONTAINERS]


def _own(root: Part) -> Iterator[Part]:
    """Yield the parts of a message without those of nested messages."""
    waiting = [root]
    while waiting:
        part = waiting.pop()
        yield part
        if part.is_multipart:
            waiting.extend(reversed(part.children))


def is_held(number: str) -> bool:
    """Return whether a part is inside a part that IMAP knows, so that it cannot be streamed."""
    return SEPARATOR in number


def outer(number: str) -> str:
    """Return the number of the part to fetch for a part: its own, or that of the outermost
    container.
    """
    return number.partition(SEPARATOR)[0]


def unpack(part: Part, content: bytes) -> ParsedMessage | None:
    """Open a part from its bytes without their transfer encoding.

    The tree's root stands for the part itself. Return None for a part without contents: a text
    without uuencode, a .p7m with only certificates. A container that cannot be opened is returned
    closed, with its damage; an encrypted one is returned closed, with parameters that say so.
    Containers inside are opened too, four levels deep. Never raises; at most 32 MB are inflated.
    """
    return _unpack(part, content, 1)


def _unpack(part: Part, content: bytes, depth: int) -> ParsedMessage | None:
    prefix = f"{part.number}{SEPARATOR}"
    opened: ParsedMessage | None = None
    if _is_tnef(part):
        opened = _unpack_tnef(part, content, prefix)
    elif _is_smime(part):
        # There may be ten inside another container, each with ten inside.
        opened = _unpack_smime(part, content, prefix, MOST_BYTES >> 5 * (depth - 1))
    elif is_undivided(part):
        opened = _divided(part, content, prefix)
    elif part.media_type == "text/plain":
        opened = _unpack_text(part, content, prefix)
    return _unpack_inside(opened, depth) if opened and opened.bodies else opened


def _divided(part: Part, content: bytes, prefix: str) -> ParsedMessage:
    boundary = part.parameters.get("boundary", "").replace("\\", "\\\\").replace('"', '\\"')
    head = f'Content-Type: {part.media_type}; boundary="{boundary}"\r\n\r\n'
    inner = structure.parse(head.encode("utf-8", "replace") + content, prefix)
    root = Part(part.number, "multipart/mixed", children=(inner.root,))
    return ParsedMessage(inner.headers, root, inner.bodies, inner.damage)


def _unpack_tnef(part: Part, content: bytes, prefix: str) -> ParsedMessage:
    message = tnef.read_tnef(content)
    if message is None or not (message.files or message.text or message.html):
        return closed(part, Damage.CONTAINER)
    kinds = (("text/plain", message.text), ("text/html", message.html))
    texts = [
        Piece(media_type, written.encode("utf-8", "replace"))
        for media_type, written in kinds
        if written
    ]
    damage = set() if message.is_whole else {Damage.CONTAINER}
    opened = structure.assemble(texts, message.files, prefix, damage)
    return replace(opened, root=replace(opened.root, number=part.number))


def _unpack_smime(part: Part, content: bytes, prefix: str, limit: int) -> ParsedMessage | None:
    envelope = smime.read_smime(content, limit)
    if envelope is None:
        # Certificates alone show nothing, and are no damage.
        is_damaged = structure.protection(part) is Protection.SMIME_SIGNED
        return closed(part, Damage.CONTAINER) if is_damaged else None
    if not envelope.entity:
        parameters = {**part.parameters, "smime-type": "enveloped-data"}
        return closed(replace(part, media_type="application/pkcs7-mime", parameters=parameters))
    inner = structure.parse(envelope.entity, prefix)
    damage = inner.damage if envelope.is_whole else inner.damage | {Damage.CONTAINER}
    if envelope.protection is Protection.NONE:
        root = Part(part.number, "multipart/mixed", children=(inner.root,))
    else:
        protocol = {"protocol": "application/pkcs7-mime"}
        root = Part(part.number, "multipart/signed", protocol, children=(inner.root,))
    return ParsedMessage(inner.headers, root, inner.bodies, damage)


def _unpack_text(part: Part, content: bytes, prefix: str) -> ParsedMessage | None:
    if not uuencode.is_in(content):
        return None
    unpacked = uuencode.take_out(content)
    damage = set() if unpacked.is_whole else {Damage.ENCODING}
    opened = structure.assemble(
        [Piece("text/plain", unpacked.text)], unpacked.files, prefix, damage
    )
    text = replace(opened.root.children[0], parameters=part.parameters)
    children = (text, *opened.root.children[1:])
    return replace(opened, root=Part(part.number, "multipart/mixed", children=children))


def closed(part: Part, *damage: Damage) -> ParsedMessage:
    """Return a closed container with its damage."""
    return ParsedMessage(headers.Headers(()), part, {}, frozenset(damage))


def _unpack_inside(opened: ParsedMessage, depth: int) -> ParsedMessage:
    """Return ``opened`` with the containers in it opened."""
    inside: dict[str, ParsedMessage] = {}
    for part in _own(opened.root):
        if depth >= _DEEPEST or len(inside) >= MOST_CONTAINERS:
            break
        if part.number in opened.bodies and _may_hold(part):
            inner = decode_transfer(opened.bodies[part.number], part.encoding)
            unpacked = _unpack(part, inner, depth + 1)
            inside |= {part.number: unpacked} if unpacked else {}
    if not inside:
        return opened
    bodies = dict(opened.bodies)
    damage = set(opened.damage)
    for number, unpacked in inside.items():
        if unpacked.bodies:
            # An opened container is no leaf any more; its bytes would be in memory twice.
            del bodies[number]
        bodies |= unpacked.bodies
        damage |= unpacked.damage
    return ParsedMessage(opened.headers, graft(opened.root, inside), bodies, frozenset(damage))


def _may_hold(part: Part) -> bool:
    # The text that remains after uuencoded files were removed has none.
    is_left = part.number.endswith(f"{SEPARATOR}1") and part.encoding == "binary"
    return is_container(part) or (part.media_type == "text/plain" and not is_left)


def content(opened: ParsedMessage, number: str) -> bytes:
    """Return one of the opened parts, decoded. Raises KeyError when there is none of this
    number.
    """
    part = next((candidate for candidate in opened.root.walk() if candidate.number == number), None)
    if part is None:
        raise KeyError(number)
    return decode_transfer(opened.bodies[number], part.encoding)


# --- into the tree of the message ---


def graft(root: Part, opened: Mapping[str, ParsedMessage]) -> Part:
    """Return the tree of a message with the contents of its containers, given by container number,
    in their place.

    The body in a winmail.dat repeats the message's own, with its formatting: it becomes the
    alternative of a single plain text, replaces a missing text, and is left out if the message has
    HTML of its own.
    """
    replaced = {number: container.root for number, container in opened.items()}
    for part in _own(root):
        if part.number in opened and _is_tnef(part) and opened[part.number].bodies:
            replaced |= _without_repetition(root, part.number, replaced)
    return _replaced(root, replaced, 0)


def _without_repetition(root: Part, number: str, replaced: Mapping[str, Part]) -> dict[str, Part]:
    """Return replacements: the winmail.dat ``number`` without a body that the message has already,
    and the message's text with that body as its alternative.
    """
    inner = replaced[number]
    shown = structure.choose(root)
    own = [part for part in (*shown.text, *shown.html) if part.size or part.number in replaced]
    if not own:
        return {}
    bare = replace(inner, children=inner.children[1:])
    html = next((p for p in inner.children[0].walk() if p.media_type == "text/html"), None)
    text = shown.text[0] if len(shown.text) == 1 and not shown.html else None
    if html is None or text is None or text.number in replaced:
        return {number: bare}
    both = Part(f"{number}{SEPARATOR}0", "multipart/alternative", children=(text, html))
    return {number: bare, text.number: both}


def _replaced(part: Part, replaced: Mapping[str, Part], depth: int) -> Part:
    if part.number in replaced and not (part.is_multipart and not part.number):
        return replaced[part.number]
    if not part.is_multipart or depth > structure.DEEPEST:
        return part
    children = tuple(_replaced(child, replaced, depth + 1) for child in part.children)
    return replace(part, children=children)
