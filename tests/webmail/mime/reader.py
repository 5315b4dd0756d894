"""A whole message through every function of the package, as the reading page uses them."""

from __future__ import annotations

from dataclasses import dataclass

from webmail.mime import body, containers, html, structure, text
from webmail.mime.damage import Damage
from webmail.mime.html import SafeHtml
from webmail.mime.structure import Part, Protection, Shown


@dataclass(frozen=True)
class Seen:
    """What a person is given: what is chosen, the text he sees, and the HTML of it."""

    shown: Shown
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
        for part in (*containers.find(parsed.root), *texts):
            if found := containers.unpack(part, self.content(part)):
                opened[part.number] = found
                self._bodies |= found.bodies
                self._damage |= found.damage
        self.root = containers.graft(parsed.root, opened)

    def content(self, part: Part) -> bytes:
        return text.decode_transfer(self._bodies[part.number], part.encoding)

    def see(self) -> Seen:
        shown = structure.choose(self.root)
        if shown.html:
            safe = self._html(shown)
            if html.to_text(safe.body).strip() or safe.inline or safe.images_blocked:
                shown = structure.choose(self.root, safe.inline)
                return self._seen(shown, html.to_text(safe.body), safe)
            blank = [part.number for part in shown.html]
            shown = structure.choose(self.root, (), blank=blank)
        bodies = [body.read(part, self._bodies[part.number]) for part in shown.text]
        self._damage |= {one for read in bodies for one in read.damage}
        inner = next((read.protection for read in bodies if read.protection.value != "none"), None)
        plain = html.join_text(zip(shown.text, [read.text for read in bodies], strict=True))
        return self._seen(shown, plain, SafeHtml(text.to_html(plain)), inner)

    def _seen(
        self, shown: Shown, plain: str, safe: SafeHtml, inner: Protection | None = None
    ) -> Seen:
        protection = shown.protection
        if protection is Protection.NONE and inner:
            protection = inner
        return Seen(shown, plain, safe, protection, frozenset(self._damage | shown.damage))

    def _html(self, shown: Shown) -> SafeHtml:
        pieces = [
            (
                part,
                html.decode(self._bodies[part.number], part.encoding, part.charset)
                if self._is_html(part)
                else body.read(part, self._bodies[part.number]).text,
            )
            for part in shown.html
        ]
        return html.sanitise(html.join(pieces), locations=tuple(structure.named(self.root)))

    @staticmethod
    def _is_html(part: Part) -> bool:
        return part.media_type == "text/html"
