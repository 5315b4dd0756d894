"""The page with the forms of one group."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from accounts.http import SignedInRequest
from addressbook import years
from addressbook.contacts import nesting
from addressbook.forms.classes import ClassForm
from addressbook.forms.contacts import ExternalForm, GroupForm
from addressbook.forms.groups import InnerForm
from addressbook.models import Group, GroupFilter
from addressbook.presentation import groups as group_presentation
from addressbook.views.pages import page


def form_page(
    request: SignedInRequest,
    own_group: Group | None,
    form: GroupForm | None = None,
    *,
    others: ExternalForm | None = None,
    of_class: ClassForm | None = None,
    of_inner: InnerForm | None = None,
) -> HttpResponse:
    """Return the page of a group, or of a new one where ``own_group`` is None. A form that is given
    has a mistake: ``form`` is the one of the name, ``others`` of the other addresses, ``of_class``
    of a class, ``of_inner`` of the groups inside."""
    form = form or GroupForm(initial={"name": own_group.name if own_group else ""})
    status = 422 if form.is_bound or others or of_class or of_inner else 200
    context: dict[str, Any] = {}
    if own_group:
        external = "\n".join(own_group.external)
        others = others or ExternalForm(initial={"external": external, "former": external})
        initial = {
            "is_class": own_group.is_class,
            "school_year": own_group.school_year or years.current(),
            "guardians": own_group.guardians,
            "ends": own_group.ends,
        }
        of_class = of_class or ClassForm(initial=initial)
        if not own_group.is_class:
            candidates = nesting.candidates(own_group)
            context = {
                "of_inner": of_inner or InnerForm(candidates=candidates),
                "candidates": candidates,
                "inner": group_presentation.inner_rows(own_group),
                "has_filter": GroupFilter.objects.filter(group=own_group).exists(),
            }
    context |= {"form": form, "group": own_group, "others": others, "of_class": of_class}
    return page(request, "groups/group_form.html", context, group=own_group, status=status)
