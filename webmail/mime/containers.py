"""Parts that hold others where IMAP sees only one: winmail.dat, S/MIME in one part (.p7m), files
uuencoded in a text.

Each opens into a small tree whose parts are numbered behind the container's own number: ``"2~1.2"``
is part 1.2 of what part 2 of the message holds, ``"2~1~3"`` is inside a container inside it. The
way through, for whoever fetches:

- ``find(root)`` gives the containers that the structure tells of; of a text part that was fetched
  for showing ``unpack`` itself says whether it holds files;
- ``unpack(part, content)`` opens one, from its decoded bytes;
- ``graft(root, opened)`` puts what was opened into the tree, and ``structure.choose`` goes on as
  with any message;
- to serve ``"2~1.2"``: fetch ``outer("2~1.2")``, which is ``"2"``, unpack it again; ``content``
  takes the part out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from webmail.mime import headers, smime, structure, tnef, uuencode
from webmail.mime.damage import Damage
from webmail.mime.structure import Parsed, Part, Piece, Protection
from webmail.mime.text import decode_transfer

SEPARATOR = "~"
MOST_CONTAINERS = 10
"""So many are looked for in one message, and so many opened inside one."""
MOST_BYTES = smime.MOST_BYTES
"""A container larger than this, in bytes as sent, is better left closed."""

_DEEPEST = 4
_TNEF_TYPES = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_UNTOLD_TYPES = frozenset({"application/octet-stream", "application/x-pkcs7", ""})


def is_container(part: Part) -> bool:
    """Whether the structure says that this part holds others. Of uuencode it knows nothing."""
    return _is_tnef(part) or _is_smime(part)


def _is_tnef(part: Part) -> bool:
    is_named_so = part.file_name.lower() in ("winmail.dat", "win.dat")
    return part.media_type in _TNEF_TYPES or (is_named_so and part.media_type in _UNTOLD_TYPES)


def _is_smime(part: Part) -> bool:
    if part.media_type in structure.SMIME_TYPES:
        return not structure.protection(part).is_encrypted
    return part.media_type in _UNTOLD_TYPES and part.file_name.lower() == "smime.p7m"


def find(root: Part) -> tuple[Part, ...]:
    """The containers of a message; those of messages nested in it wait until these are opened."""
    return tuple(part for part in _own(root) if is_container(part))[:MOST_CONTAINERS]


def _own(root: Part) -> Iterator[Part]:
    """The parts of a message without those of messages nested in it."""
    waiting = [root]
    while waiting:
        part = waiting.pop()
        yield part
        if part.is_multipart:
            waiting.extend(reversed(part.children))


def is_held(number: str) -> bool:
    """Whether a part lies inside another one of which IMAP knows: it can't be streamed."""
    return SEPARATOR in number


def outer(number: str) -> str:
    """The number of the part to fetch for a part: its own, or that of the outermost container."""
    return number.partition(SEPARATOR)[0]


def unpack(part: Part, content: bytes) -> Parsed | None:
    """Unpack a part from its bytes without their transfer encoding.

    The tree's root stands for the part itself. None for a part that holds nothing: a text without
    uuencode, a .p7m with certificates alone. A container that can't be opened comes back as it is,
    with its damage; an encrypted one as it is, with parameters that say so. Containers inside are
    opened as well, four deep. Never raises; of what is compressed at most 32 MB are inflated.
    """
    return _unpack(part, content, 1)


def _unpack(part: Part, content: bytes, depth: int) -> Parsed | None:
    prefix = f"{part.number}{SEPARATOR}"
    opened: Parsed | None = None
    if _is_tnef(part):
        opened = _unpack_tnef(part, content, prefix)
    elif _is_smime(part):
        # Inside others there may be ten, each with ten inside.
        opened = _unpack_smime(part, content, prefix, MOST_BYTES >> 5 * (depth - 1))
    elif part.media_type == "text/plain":
        opened = _unpack_text(part, content, prefix)
    return _unpack_inside(opened, depth) if opened and opened.bodies else opened


def _unpack_tnef(part: Part, content: bytes, prefix: str) -> Parsed:
    message = tnef.read(content)
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


def _unpack_smime(part: Part, content: bytes, prefix: str, limit: int) -> Parsed | None:
    envelope = smime.read(content, limit)
    if envelope is None:
        # Certificates alone are nothing to show, and no damage.
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
    return Parsed(inner.headers, root, inner.bodies, damage)


def _unpack_text(part: Part, content: bytes, prefix: str) -> Parsed | None:
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


def closed(part: Part, *damage: Damage) -> Parsed:
    """A container as it is, with what is wrong with it."""
    return Parsed(headers.Headers(()), part, {}, frozenset(damage))


def _unpack_inside(opened: Parsed, depth: int) -> Parsed:
    """``opened`` with the containers in it opened."""
    inside: dict[str, Parsed] = {}
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
            # What was opened is no leaf of the tree any more, and would be held in memory twice.
            del bodies[number]
        bodies |= unpacked.bodies
        damage |= unpacked.damage
    return Parsed(opened.headers, graft(opened.root, inside), bodies, frozenset(damage))


def _may_hold(part: Part) -> bool:
    # A text that uuencode left has none any more.
    is_left = part.number.endswith(f"{SEPARATOR}1") and part.encoding == "binary"
    return is_container(part) or (part.media_type == "text/plain" and not is_left)


def content(opened: Parsed, number: str) -> bytes:
    """One part of what was opened, decoded. KeyError when there is none of this number."""
    part = next((candidate for candidate in opened.root.walk() if candidate.number == number), None)
    if part is None:
        raise KeyError(number)
    return decode_transfer(opened.bodies[number], part.encoding)


# --- into the tree of the message ---


def graft(root: Part, opened: Mapping[str, Parsed]) -> Part:
    """The tree of a message with what its containers hold in their place, by container number.

    The body in a winmail.dat is the message's own once more, with its formatting: it becomes the
    alternative of a plain text that stands alone, is the text where there is none, and is left out
    where the message has HTML of its own.
    """
    replaced = {number: container.root for number, container in opened.items()}
    for part in _own(root):
        if part.number in opened and _is_tnef(part) and opened[part.number].bodies:
            replaced |= _without_repetition(root, part.number, replaced)
    return _replaced(root, replaced, 0)


def _without_repetition(root: Part, number: str, replaced: Mapping[str, Part]) -> dict[str, Part]:
    """The winmail.dat ``number`` without a body that the message has already, and the message's
    text with that body as its alternative."""
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
