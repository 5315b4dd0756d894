"""The list of contacts: of all, or of one group."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from accounts.http import SignedInRequest
from addressbook.contacts import finding
from addressbook.forms.classes import KeepForm
from addressbook.forms.contacts import ListForm
from addressbook.models import Contact, Group
from addressbook.presentation import classes as class_presentation
from addressbook.presentation import contacts as presentation
from addressbook.presentation import groups as group_presentation
from addressbook.views.pages import page
from core.htmx import wants_partial


def show_list(request: SignedInRequest, group: Group | None = None) -> HttpResponse:
    """A list; for htmx what was found, or for the scrolling list only the rows that come next."""
    context = list_context(request, group)
    scrolling = request.htmx.target == "more"
    name = "_contact_rows" if scrolling else "_found"
    partial = f"addressbook/contacts/{name}.html"
    return page(
        request,
        "contacts/contact_list.html",
        context,
        current="contacts",
        group=group,
        partial=partial,
    )


def list_context(
    request: SignedInRequest, group: Group | None, opened: Contact | None = None
) -> dict[str, Any]:
    form = ListForm(request.GET)
    query = form.value("q") or ""
    matching = finding.matching(request.user, query, group)
    number = form.value("page")
    if not number:
        number = finding.page_of(matching, opened) if opened else 1
    own_groups = Group.objects.of(request.user)
    base = reverse("addressbook:contacts")
    if group:
        base = reverse("addressbook:group", args=[group.pk])
    return {
        "group": group,
        "parts": group_presentation.parts(group) if group and not query else None,
        "gone": () if wants_partial(request) else group_presentation.gone(request.user),
        "endings": () if wants_partial(request) else class_presentation.ending_lines(own_groups),
        "keep_form": KeepForm(auto_id=False),
        "query": query,
        "base_url": base,
        "here": request.get_full_path(),
        "found": presentation.listing(
            finding.page(matching, number), base, query, group, opened.pk if opened else None
        ),
        "all_groups": own_groups,
    }
