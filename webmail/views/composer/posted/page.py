"""The composer's page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as render_template
from django.urls import reverse

from accounts.models import User
from core import clock
from mail.mime.structure import Part
from webmail.forms.compose import ComposeForm
from webmail.models import Draft, Identity
from webmail.presentation import words
from webmail.views.composer.posted.cards import file_cards, kept_cards
from webmail.views.composer.shared import saved_words
from webmail.writing import files, identities, rosters, scheduling, settling, working_hours


def page(
    request: HttpRequest,
    form: ComposeForm,
    sides: Any,
    *,
    status: int = 200,
    draft: Draft | None = None,
    parts: Sequence[Part] = (),
    mine: Sequence[Identity] | None = None,
    **context: Any,
) -> HttpResponse:
    """Render the composer. ``sides`` are the folders beside it, None where the mail server was not
    asked. ``parts`` are those of the answered message that are known, ``mine`` the user's
    identities where they are known already."""
    user = request.user if isinstance(request.user, User) else None
    mine = identities.of(user) if user and mine is None else mine or ()
    room = files.room(user.mail_domain if user else None, asks=False)
    beside, images = file_cards(draft, form)
    context |= {
        "form": form,
        "kind": form["kind"].value() or "new",
        "folders": sides and sides.shown,
        "sender": user,
        "identities": _senders(mine),
        "footer": mine[0].footer if mine else "",
        "reply_to_enforced": mine[0].reply_to if mine and "reply_to" in mine[0].enforced else "",
        "origin_attachments": kept_cards(form, parts),
        "draft_files": beside,
        "draft_images": images,
        "roster": rosters.of(draft) if draft else None,
        "documents": settling.sheet(user, draft) if user and draft else None,
        "writer": draft.writer if draft else "",
        "saved": saved_words(draft) if draft and draft.revision else "",
        "limit": words.size(room),
        "limit_bytes": room,
        "most_files": settings.FILES_PER_MESSAGE,
        "most_recipients": settings.RECIPIENTS_PER_MESSAGE,
        "most_seen": settings.OUTSIDE_VISIBLE,
        "cancel_url": inbox_url(),
        "presets": () if settings.CELERY_TASK_ALWAYS_EAGER else _presets(request),
    }
    return render_template(request, "webmail/compose/compose.html", context, status=status)


def _presets(request: HttpRequest) -> tuple[scheduling.Preset, ...]:
    hours = working_hours.of(request.preferences)  # type: ignore[attr-defined]  # the middleware's
    return scheduling.presets(clock.now(), working_hours.zone(), hours)


@dataclass(frozen=True)
class Sender:
    """An address to write from, with its name and its signature as HTML and as text."""

    address: str
    name: str
    signature: str
    signature_text: str


def _senders(mine: Sequence[Identity]) -> list[Sender]:
    return [
        Sender(
            identity.address, identity.name, identity.signature, identities.signature_text(identity)
        )
        for identity in mine
    ]


def inbox_url() -> str:
    return reverse("mail:folder", args=["INBOX"])
