"""Words about any message, open or inside another: its text, images, damage, and the outcomes of a
delivery."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext

from mail.imap.values import MessageRef
from mail.mime import text
from mail.mime.damage import Damage
from mail.mime.hypertext.html import SafeHtml
from mail.mime.report import DeliveryOutcome
from mail.mime.structure import Protection
from webmail.presentation.links import message_url


@dataclass(frozen=True)
class ImagesBar:
    """The bar about remote images. ``blocked`` is the number that is not loaded; ``are_asked``:
    their sites are asked for them, and may refuse; ``trackers`` are never loaded. ``author``: the
    author whose images may always be shown; ``chosen``: the user chose so; ``for_contacts``: images
    of all contacts are shown; ``offers_contacts``: the bar offers that."""

    url: str
    blocked: int
    are_asked: bool
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
    """Return the bar about remote images; None for a message that loads nothing from elsewhere."""
    if not (safe.remote or safe.trackers):
        return None
    are_shown = once or always
    return ImagesBar(
        url=message_url(ref, "images"),
        blocked=0 if are_shown else len(safe.remote),
        are_asked=are_shown and bool(safe.remote),
        trackers=safe.trackers,
        once=once,
        always=always,
        chosen=chosen,
        for_contacts=for_contacts,
        offers_contacts=offers_contacts and not always,
        author=author,
    )


def damage_words(damage: Iterable[Damage]) -> list[str]:
    """Return the reasons why the message may be incomplete or wrongly shown."""
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
    """The outcome of a message for one recipient, from a delivery report. ``why`` is the reason in
    words, ``reason`` the other server's own text."""

    text: str
    why: str
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
    return OutcomeLine(
        words % {"recipient": outcome.recipient, "action": outcome.action},
        status_words(outcome.status),
        f"{outcome.status} {outcome.reason}".strip(),
        outcome.is_permanent,
    )


def status_words(status: str) -> str:
    """Return the enhanced status code of a failed delivery (RFC 3463, 7372, 7505) as a sentence; ""
    for success and for codes that tell a user nothing."""
    kind, _dot, detail = status.partition(".")
    if kind not in ("4", "5"):
        return ""
    subject = detail.partition(".")[0]
    return {
        "1.1": gettext("This address does not exist: there may be a slip in it."),
        "1.2": gettext("There is no mail at this domain: there may be a slip in it."),
        "1.3": gettext("This is not written as an address is."),
        "1.6": gettext("This mailbox has moved, and nobody knows where."),
        "1.8": gettext("The other server does not accept your address as a sender."),
        "1.10": gettext("This domain takes no mail."),
        "2.1": gettext("This mailbox is closed."),
        "2.2": gettext("This mailbox is full: try again later, or reach the person otherwise."),
        "2.3": gettext("The message is too large for this mailbox."),
        "3.4": gettext("The message is too large for the other server."),
        "4.1": gettext("The other server did not answer."),
        "4.4": gettext("The mail server of this domain cannot be found."),
        "4.6": gettext("The message went round in circles between servers."),
        "4.7": gettext("The other server did not take it in time."),
        "7.1": gettext("The other server does not accept this message."),
        "7.26": gettext("The other server could not verify that the message comes from you."),
    }.get(detail) or {
        "1": gettext("Something is wrong with this address."),
        "2": gettext("This mailbox cannot take the message."),
        "3": gettext("The other server cannot take the message."),
        "4": gettext("The other server could not be reached."),
        "6": gettext("The other server cannot read this kind of message."),
        "7": gettext("The other server refuses it for its security, or takes it for junk."),
    }.get(subject, "")


def quote_label() -> str:
    """Return the words on a folded quote."""
    return gettext("Show the quoted text")


def text_html(words: str, compose_prefix: str) -> str:
    """Return the text of a message as safe HTML."""
    return text.to_html(
        words,
        quote_label=quote_label(),
        cut_label=gettext("The rest of this text is not shown."),
        mailto=f"{compose_prefix}to=",
    )
