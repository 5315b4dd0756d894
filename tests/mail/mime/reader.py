"""A whole message through every function of the package, as the reading page uses them."""

from __future__ import annotations

from dataclasses import dataclass

from mail.mime import body, containers, structure, text
from mail.mime.damage import Damage
from mail.mime.hypertext import html
from mail.mime.hypertext.html import SafeHtml
from mail.mime.structure import Part, Protection, ShownParts


@dataclass(frozen=True)
class Seen:
    """The message as a person is given it: what is chosen, the text he sees, and the HTML of it."""

    shown: ShownParts
    text: str
    html: SafeHtml
    protection: Protection
    damage: frozenset[Damage]


class Reader:
    """Reads one message from its bytes. Plays the mailbox's part: fetches bodies by number."""

    def __init__(self, raw: bytes) -> None:
        parsed = structure.parse(raw)
        self.headers = parsed.headers
        self.root = parsed.root
        self._bodies = dict(parsed.bodies)
        self._damage = set(parsed.damage)
        texts = [part for part in structure.choose(parsed.root).text if not self._is_html(part)]
        opened = {}
        for part in (*containers.containers_in(parsed.root), *texts):
            if unpacked := containers.unpack(part, self.content(part)):
                opened[part.number] = unpacked
                self._bodies |= unpacked.bodies
                self._damage |= unpacked.damage
        self.root = containers.graft(parsed.root, opened)

    def content(self, part: Part) -> bytes:
        return text.decode_transfer(self._bodies[part.number], part.encoding)

    def see(self) -> Seen:
        shown = structure.choose(self.root)
        safe = self._html(shown) if shown.html else None
        if safe:
            if html.to_text(safe.body).strip() or safe.inline or safe.images_blocked:
                shown = structure.choose(self.root, safe.inline)
                return self._seen(shown, html.to_text(safe.body), safe)
            blank = [part.number for part in shown.html]
            shown = structure.choose(self.root, (), blank=blank)
        bodies = [self._body(part) for part in shown.text or shown.html]
        self._damage |= {damage for read in bodies for damage in read.damage}
        inner = next((read.protection for read in bodies if read.protection.value != "none"), None)
        written = [read.text for read in bodies]
        plain = html.join_text(list(zip(shown.text or shown.html, written, strict=True)))
        return self._seen(shown, plain, SafeHtml(text.to_html(plain)), inner)

    def _seen(
        self, shown: ShownParts, plain: str, safe: SafeHtml, inner: Protection | None = None
    ) -> Seen:
        protection = shown.protection
        if protection is Protection.NONE and inner:
            protection = inner
        return Seen(shown, plain, safe, protection, frozenset(self._damage | shown.damage))

    def _body(self, part: Part) -> body.Body:
        if self._is_html(part):
            data = self._bodies[part.number]
            return body.Body(html.decode(data, part.encoding, part.charset))
        return body.read_body(part, self._bodies[part.number])

    def _html(self, shown: ShownParts) -> SafeHtml | None:
        """None when it is too complex: then its text is shown."""
        source = html.join([(part, self._body(part).text) for part in shown.html])
        try:
            return html.sanitise(source, locations=tuple(structure.named(self.root)))
        except html.TooComplex:
            return None

    @staticmethod
    def _is_html(part: Part) -> bool:
        return part.media_type == "text/html"
