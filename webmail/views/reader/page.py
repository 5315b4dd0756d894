"""An open message as the reader, its conversation and the printed page show it."""

from __future__ import annotations

from dataclasses import asdict, replace

from django.conf import settings

from accounts.http import SignedInRequest
from accounts.models import MailDomain
from mail.mailbox import reading
from mail.mime import authentication
from mail.mime.addresses import Address
from mail.mime.envelope import Envelope
from webmail.presentation import contents, reader
from webmail.presentation.people import face_of
from webmail.reader import html
from webmail.views.judgement import judgements
from webmail.views.reader import people


def shown(
    request: SignedInRequest, opened: reading.OpenedMessage, sanitiser: html.ReaderSanitiser
) -> reader.MessageView:
    """Return the message for its template, and keep its HTML for its frame."""
    envelope = opened.fetched.envelope
    faces = people.faces(request.user, (*envelope.from_, *envelope.to, *envelope.cc))
    if envelope.from_:
        faces = people.with_wards(request.user, envelope.from_[0], faces)
    bar = None
    if opened.rendered:
        sanitiser.keep(opened.rendered)
        author = Address("", sanitiser.images.author)
        bar = contents.images_bar(
            opened.fetched.ref,
            opened.rendered.html,
            **asdict(sanitiser.images),
            offers_contacts=bool(face_of(author, faces).card_url)
            and "images" not in request.preferences.locked,
        )
    view = reader.message_view(
        opened,
        domains=MailDomain.objects.all().names(),
        verdicts=authentication.server_verdicts(opened.headers, settings.AUTHSERV_ID),
        images=bar,
        compose_prefix=html.compose_prefix(),
        faces=faces,
        borrowed=people.borrowed(request.user, envelope.from_[0]) if envelope.from_ else None,
        asks_for_receipts=_asks_for_receipts(request, envelope),
    )
    judgement = judgements.judgement_of(request, opened)
    view = reader.with_notice(view, judgements.notice(request, opened, judgement))
    return replace(
        view,
        mailing=judgements.mailing(request, opened, judgement),
        report_url=judgements.report_url(request, opened),
    )


def _asks_for_receipts(request: SignedInRequest, envelope: Envelope) -> bool:
    """Return whether the user may be asked for a receipt. Own messages ask for none."""
    own = request.user.address.casefold()
    is_own = any(person.address.casefold() == own for person in envelope.from_)
    return request.preferences.receipts == "ask" and not is_own
