"""The open message, as the reader shows it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.contrib.humanize.templatetags.humanize import intcomma
from django.urls import reverse
from django.utils.translation import gettext, ngettext

from core.avatars import hue
from core.dates import when_long
from mail.imap.values import DRAFT, FLAGGED, RECEIPT_ANSWERED, FetchedMessage, MessageRef
from mail.mailbox.reading import OpenedMessage
from mail.mime import receipts
from mail.mime.addresses import Address
from mail.mime.authentication import Verdicts
from mail.mime.quoting import list_address
from webmail.presentation.adverts import Mailing, Notice, has_targets, without_targets
from webmail.presentation.contents import (
    ImagesBar,
    OutcomeLine,
    damage_words,
    outcome_line,
    protection_words,
    text_html,
)
from webmail.presentation.files import AttachmentCard, attachment_cards
from webmail.presentation.links import message_url, ref_segment, rule_url
from webmail.presentation.nested import NestedLine, nested_lines
from webmail.presentation.people import Borrowed, Face, Faces, face_of, named
from webmail.presentation.senders import Caution, cautions, domain_of, verdict_words
from webmail.presentation.words import initials, subject_of

# People that the head of a message names in each of To and Cc.
MOST_NAMED = 100

ZOOMS = (100, 125, 150, 200)
"""The sizes of a message, in percent of its own."""


def zoom(asked: str) -> int:
    """Return the size that a URL asks for; 100 if it is none of `ZOOMS`."""
    return next((size for size in ZOOMS if str(size) == asked), ZOOMS[0])


@dataclass(frozen=True)
class ZoomStep:
    """A size of the open message: the URL of the reader with it."""

    percent: int
    url: str


def zoom_steps(url: str, *, as_text: bool) -> tuple[ZoomStep, ...]:
    """Return the sizes of an open message. ``url`` is its URL without a query."""
    view = ["view=text"] if as_text else []
    queries = [view if percent == ZOOMS[0] else [*view, f"zoom={percent}"] for percent in ZOOMS]
    return tuple(
        ZoomStep(percent, f"{url}?{'&'.join(query)}" if query else url)
        for percent, query in zip(ZOOMS, queries, strict=True)
    )


@dataclass(frozen=True)
class MessagePages:
    """The URLs of the pages about a message that every message has."""

    message: MessageRef

    @property
    def url(self) -> str:
        return message_url(self.message)

    @property
    def reply_url(self) -> str:
        return message_url(self.message, "reply")

    @property
    def reply_all_url(self) -> str:
        return f"{self.reply_url}?all=1"

    @property
    def forward_url(self) -> str:
        return message_url(self.message, "forward")

    @property
    def forward_attached_url(self) -> str:
        return f"{self.forward_url}?as=attachment"

    @property
    def edit_url(self) -> str:
        return message_url(self.message, "edit")

    @property
    def rule_url(self) -> str:
        return rule_url(self.message)

    @property
    def source_url(self) -> str:
        return message_url(self.message, "source")

    @property
    def headers_url(self) -> str:
        return message_url(self.message, "headers")

    @property
    def receipt_url(self) -> str:
        return message_url(self.message, "receipt")


@dataclass(frozen=True)
class MessageView(MessagePages):
    """The open message as the reader shows it. ``ref`` names the message in forms. ``from_name`` is
    the sender's name among the user's contacts, else that of the message, ``from_written``.
    ``others`` tells how many recipients are not named. The text is in ``text_html``, or the HTML at
    ``frame_url``; ``other_url`` leads from the HTML to the text and back. ``html_files`` is the
    HTML as a file, if it is too complex to be shown. ``withheld`` are the verbs that the user may
    not do in the folder of the message."""

    ref: str
    subject: str
    from_name: str
    from_written: str
    from_address: str
    face: Face
    initials: str
    hue: int
    external: bool
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    others: str
    date_long: str
    date_iso: str
    verdicts: tuple[str, ...]
    cautions: tuple[Caution, ...]
    attachments: tuple[AttachmentCard, ...]
    attachment_count: int
    nested: tuple[NestedLine, ...]
    zip_url: str
    images: ImagesBar | None
    outcomes: tuple[OutcomeLine, ...]
    protection: str
    signatures: tuple[AttachmentCard, ...]
    encrypted: bool
    text_html: str
    frame_url: str
    designed: bool
    other_url: str
    truncated: bool
    simplified: bool
    html_files: tuple[AttachmentCard, ...]
    damage: tuple[str, ...]
    flagged: bool
    unread: bool
    draft: bool
    print_url: str
    resend_url: str
    invitation_url: str
    reply_list_url: str
    receipt_to: tuple[str, ...]
    notice: Notice | None = None
    mailing: Mailing | None = None
    report_url: str = ""
    trace_url: str = ""
    withheld: frozenset[str] = frozenset()

    @property
    def unlisted(self) -> int:
        """The number of attachments without a card."""
        return self.attachment_count - len(self.attachments)

    @property
    def risks_url(self) -> str:
        """The URL of the warnings about files that contradict their names; "" if no file needs a
        check."""
        has_unsure = any(card.slot for card in self.attachments)
        return message_url(self.message, "risks") if has_unsure else ""


def message_view(
    opened: OpenedMessage,
    *,
    domains: Collection[str],
    verdicts: Verdicts,
    images: ImagesBar | None,
    compose_prefix: str,
    faces: Faces,
    borrowed: Borrowed | None,
    asks_for_receipts: bool,
) -> MessageView:
    """Return an open message in words.

    ``domains`` are the authority's mail domains, and ``verdicts`` are its mail server's on the
    sender. ``compose_prefix`` comes before ``to=`` in the address of the composer. ``faces`` has
    the people of the message that the user knows; ``borrowed`` is the known person that the sender
    seems to be and is not. ``asks_for_receipts`` says whether the user is asked when a sender wants
    a receipt.
    """
    fetched, envelope, rendered = opened.fetched, opened.fetched.envelope, opened.rendered
    ref = fetched.ref
    unknown = Address(gettext("(unknown sender)"), "")
    written = next((person for person in envelope.from_ if person.shown), unknown)
    # A sender that may be forged gets neither the name nor the face of a known person.
    known_faces = {} if verdicts.is_refused else faces
    (sender,) = named([written], known_faces)
    date = envelope.date or fetched.received
    return MessageView(
        message=ref,
        ref=ref_segment(ref),
        subject=subject_of(envelope.subject, is_readable=fetched.is_readable),
        from_name=sender.name,
        from_written=written.name,
        from_address=sender.address,
        face=face_of(sender, known_faces),
        initials=initials(sender),
        hue=hue(sender.address),
        external=bool(sender.address) and domain_of(sender.address) not in domains,
        to=named(envelope.to[:MOST_NAMED], faces),
        cc=named(envelope.cc[:MOST_NAMED], faces),
        bcc=named(envelope.bcc[:MOST_NAMED], faces),
        others=others_words(fetched),
        date_long=when_long(date),
        date_iso=date.isoformat(timespec="seconds") if date else "",
        verdicts=verdict_words(verdicts),
        cautions=cautions(envelope, domains, refused=verdicts.is_refused, borrowed=borrowed),
        attachments=attachment_cards(ref, opened.shown.attachments),
        attachment_count=len(opened.shown.attachments),
        nested=nested_lines(ref, opened.shown),
        zip_url=message_url(ref, "zip"),
        images=images,
        outcomes=tuple(outcome_line(outcome) for outcome in opened.outcomes),
        protection=protection_words(opened.protection),
        signatures=attachment_cards(ref, opened.shown.signatures),
        encrypted=opened.protection.is_encrypted,
        text_html="" if rendered else text_html(opened.text, compose_prefix),
        frame_url=message_url(ref, "message_frame") if rendered else "",
        designed=bool(rendered and rendered.html.designed),
        other_url=_other_url(opened),
        truncated=opened.truncated,
        simplified=bool(rendered and rendered.simplified),
        html_files=_html_files(opened),
        damage=(*_untold(opened), *damage_words(opened.damage)),
        flagged=FLAGGED in fetched.flags,
        unread=False,
        draft=DRAFT in fetched.flags,
        print_url=_print_url(opened),
        resend_url=_resend_url(ref, opened),
        invitation_url=_invitation_url(ref, opened),
        reply_list_url=_reply_list_url(opened),
        receipt_to=_receipt_to(opened) if asks_for_receipts else (),
        trace_url=_trace_url(opened),
        withheld=opened.withheld,
    )


def _trace_url(opened: OpenedMessage) -> str:
    """Return the URL of the page about the way of the message, filled in; for a delivery report,
    about the message that came back. It is "" without a recipient and a Message-ID."""
    back = (
        outcome.recipient
        for outcome in opened.outcomes
        if outcome.action == "failed" and outcome.recipient
    )
    if address := next(back, ""):
        query = {"address": address}
    elif message_id := opened.fetched.envelope.message_id:
        query = {"message_id": message_id}
    else:
        return ""
    return f"{reverse('mail:trace')}?{urlencode(query)}"


def _other_url(opened: OpenedMessage) -> str:
    """Return the URL of the text for a message shown as HTML, and of the HTML for one shown as
    text; "" without HTML."""
    if not opened.has_html:
        return ""
    url = message_url(opened.fetched.ref)
    return f"{url}?view=text" if opened.rendered else url


def _print_url(opened: OpenedMessage) -> str:
    """Return the URL that prints the HTML or the text, whichever the reader shows."""
    url = message_url(opened.fetched.ref, "print")
    return f"{url}?view=text" if opened.has_html and not opened.rendered else url


def _reply_list_url(opened: OpenedMessage) -> str:
    """Return the URL of a reply to the mailing list; "" if the message comes from none."""
    is_of_list = bool(list_address(opened.headers.get("List-Post")))
    return f"{message_url(opened.fetched.ref, 'reply')}?list=1" if is_of_list else ""


def others_words(fetched: FetchedMessage) -> str:
    """Return how many recipients the reader does not name; "" for none."""
    to, cc, bcc = fetched.envelope.to, fetched.envelope.cc, fetched.envelope.bcc
    named = sum(min(len(people), MOST_NAMED) for people in (to, cc, bcc))
    left = max(len(to) + len(cc), fetched.recipients) + len(bcc) - named
    if left <= 0:
        return ""
    count = {"count": intcomma(left)}
    if fetched.recipients:
        return gettext("and about %(count)s others") % count
    return ngettext("and %(count)s other", "and %(count)s others", left) % count


def _untold(opened: OpenedMessage) -> tuple[str, ...]:
    return () if opened.is_described else (gettext("The mail server cannot describe it."),)


def _receipt_to(opened: OpenedMessage) -> tuple[str, ...]:
    """Return the addresses that ask for a receipt, until the user answers."""
    flags = {flag.lower() for flag in opened.fetched.flags}
    if RECEIPT_ANSWERED.lower() in flags or DRAFT in opened.fetched.flags:
        return ()
    return tuple(person.address for person in receipts.asked_by(opened.headers))


def with_notice(opened: MessageView, notice: Notice | None) -> MessageView:
    """Return the open message with its notice, so that no warning stands twice. The links and files
    of a fraud that is shut lead nowhere."""
    if notice is None:
        return opened
    notice = replace(
        notice,
        has_links=notice.has_links or has_targets(opened.text_html),
        has_files=bool(opened.attachment_count),
    )
    if notice.are_links_shut:
        opened = replace(
            opened,
            text_html=without_targets(opened.text_html),
            attachments=tuple(card.shut() for card in opened.attachments),
            zip_url="",
        )
    held = tuple(caution for caution in opened.cautions if notice.holds(caution))
    left = tuple(caution for caution in opened.cautions if not notice.holds(caution))
    return replace(opened, notice=replace(notice, cautions=held), cautions=left)


def _html_files(opened: OpenedMessage) -> tuple[AttachmentCard, ...]:
    if not (opened.rendered and opened.rendered.simplified):
        return ()
    return attachment_cards(opened.fetched.ref, opened.shown.html)


def _resend_url(ref: MessageRef, opened: OpenedMessage) -> str:
    is_back = any(outcome.action == "failed" for outcome in opened.outcomes)
    return message_url(ref, "resend") if is_back else ""


_CALENDARS = frozenset({"text/calendar", "application/ics"})


def _invitation_url(ref: MessageRef, opened: OpenedMessage) -> str:
    """Return the URL of the card of the first calendar file; "" if there is none."""
    for part in opened.shown.attachments:
        if part.media_type in _CALENDARS:
            return message_url(ref, "invitation", part.number)
    return ""
