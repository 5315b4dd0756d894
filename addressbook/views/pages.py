"""The parts that all pages of the address book share: the column beside them, and the toast."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect

from accounts.http import SignedInRequest
from addressbook.contacts import groups
from addressbook.models import Contact, Group
from addressbook.presentation import contacts as presentation
from core.htmx import part_for, render
from mail.errors import NotFound

TOAST = "toast"  # in the session: what the next whole page says, with its undoing


@dataclass(frozen=True)
class Undo:
    """The form that undoes what was done: where it is posted, and its fields."""

    url: str
    fields: list[tuple[str, str]] = field(default_factory=list)


def page(
    request: SignedInRequest,
    template: str,
    context: dict[str, Any],
    *,
    current: str = "",
    group: Group | None = None,
    shared: int | None = None,
    partial: str = "",
    status: int = 200,
) -> HttpResponse:
    """A page with its side, or its partial without; ``shared`` is the key of a colleague's group
    that the page is about."""
    template = f"addressbook/{template}"
    if not part_for(request, template, partial):
        context["side"] = presentation.side(request.user, current, group, shared)
        context["toast"] = request.session.pop(TOAST, None)
    return render(request, template, context, partial=partial, status=status)


def contact_of(request: SignedInRequest, pk: int) -> Contact:
    """The person's own, not in the bin; NotFound for any other."""
    contact = Contact.objects.of(request.user).filter(pk=pk).first()
    if contact is None:
        raise NotFound
    return contact


def group_of(request: SignedInRequest, pk: int) -> Group:
    """See `contact_of`."""
    group = groups.find_group(request.user, pk)
    if group is None:
        raise NotFound
    return group


def go(
    request: SignedInRequest,
    url: str,
    words: str,
    undo: Undo | None = None,
) -> HttpResponseRedirect:
    """Lead to a page of ours, which says what was done."""
    request.session[TOAST] = {
        "message": words,
        "undo": asdict(undo) if undo else None,
    }
    return HttpResponseRedirect(url)
