"""The words about any message, open or inside another: its text, images, damage, outcomes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext

from webmail.imap.values import MessageRef
from webmail.mime import text
from webmail.mime.damage import Damage
from webmail.mime.html import SafeHtml
from webmail.mime.report import DeliveryOutcome
from webmail.mime.structure import Protection
from webmail.presentation.links import message_url


@dataclass(frozen=True)
class ImagesBar:
    """The bar about the images from elsewhere: how many are not loaded, or are; how many trackers
    never will be. ``author``: whose images may be shown always; ``chosen``: they are, by the
    reader's choice; ``for_contacts``: those of all contacts are; ``offers_contacts``: they may
    be."""

    url: str
    blocked: int
    loaded: int
    trackers: int
    once: bool
    always: bool
    chosen: bool
    for_contacts: bool
    offers_contacts: bool
    author: str


def images_bar(
    ref: MessageRef,
    safe: SafeHtml,
    *,
    once: bool,
    always: bool,
    chosen: bool,
    for_contacts: bool,
    author: str,
    offers_contacts: bool = False,
) -> ImagesBar | None:
    """None for a message that loads nothing from elsewhere."""
    if not (safe.remote or safe.trackers):
        return None
    are_shown = once or always
    return ImagesBar(
        url=message_url(ref, "images"),
        blocked=0 if are_shown else len(safe.remote),
        loaded=len(safe.remote) if are_shown else 0,
        trackers=safe.trackers,
        once=once,
        always=always,
        chosen=chosen,
        for_contacts=for_contacts,
        offers_contacts=offers_contacts and not always,
        author=author,
    )


def damage_words(damage: Iterable[Damage]) -> list[str]:
    """Return the reasons why what is shown may not be all, or not right."""
    words = {
        Damage.BOUNDARY: gettext("Its parts cannot be told apart."),
        Damage.NOT_CLOSED: gettext("Its end is missing."),
        Damage.TOO_DEEP: gettext(
            "Its parts are nested too deeply: those inside are not shown, but can be downloaded."
        ),
        Damage.TOO_MANY_PARTS: gettext("It has too many parts."),
        Damage.ENCODING: gettext("Its encoding has errors."),
        Damage.CHARSET: gettext("Some of its characters are lost."),
        Damage.CONTAINER: gettext("A file in it could not be opened."),
    }
    return [text for kind, text in words.items() if kind in set(damage)]


def protection_words(protection: Protection) -> str:
    """Return how the message is signed or encrypted; "" when it is neither."""
    return {
        Protection.SMIME_SIGNED: gettext("Signed with S/MIME. The signature is not checked here."),
        Protection.PGP_SIGNED: gettext("Signed with PGP. The signature is not checked here."),
        Protection.SMIME_ENCRYPTED: gettext("Encrypted with S/MIME."),
        Protection.PGP_ENCRYPTED: gettext("Encrypted with PGP."),
    }.get(protection, "")


@dataclass(frozen=True)
class OutcomeLine:
    """The outcome of a message for one recipient, of a delivery report."""

    text: str
    reason: str
    failed: bool


def outcome_line(outcome: DeliveryOutcome) -> OutcomeLine:
    words = {
        "failed": gettext("Not delivered to %(recipient)s."),
        "delayed": gettext("Not delivered to %(recipient)s yet: the server goes on trying."),
        "delivered": gettext("Delivered to %(recipient)s."),
        "relayed": gettext("Handed on for %(recipient)s."),
        "expanded": gettext("Delivered to the list %(recipient)s."),
        "displayed": gettext("Opened by %(recipient)s."),
        "deleted": gettext("Deleted by %(recipient)s."),
    }.get(outcome.action, gettext("%(recipient)s: %(action)s."))
    text = words % {"recipient": outcome.recipient, "action": outcome.action}
    return OutcomeLine(text, f"{outcome.status} {outcome.reason}".strip(), outcome.is_permanent)


def quote_label() -> str:
    """Return the words on a folded quote."""
    return gettext("Show the quoted text")


def text_html(words: str, compose_prefix: str) -> str:
    """The text of a message as safe HTML."""
    return text.to_html(
        words,
        quote_label=quote_label(),
        cut_label=gettext("The rest of this text is not shown."),
        mailto=f"{compose_prefix}to=",
    )
