"""Groups: their lists, made, renamed, put into the bin."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.http import SignedInRequest, login_required
from addressbook import group_presentation, years
from addressbook.class_forms import ClassForm
from addressbook.contacts import groups, nesting
from addressbook.forms import ExternalForm, GroupForm
from addressbook.group_forms import InnerForm
from addressbook.models import Group, GroupFilter
from addressbook.views.pages import Undo, go, group_of, page
from addressbook.views.people import show_list
from webmail.errors import NotFound


@require_GET
@login_required
def members(request: SignedInRequest, group: int) -> HttpResponse:
    """Show the members of a group."""
    return show_list(request, group_of(request, group))


@require_http_methods(["GET", "POST"])
@login_required
def new(request: SignedInRequest) -> HttpResponse:
    form = GroupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            group = groups.create(request.user, form.cleaned_data["name"])
        except groups.NameTaken:
            form.add_error("name", gettext("You have a group of that name."))
        else:
            words = gettext("Group “%(name)s” created.") % {"name": group.name}
            return go(request, reverse("addressbook:group", args=[group.pk]), words)
    return _form_page(request, form, None)


@require_http_methods(["GET", "POST"])
@login_required
def edit(request: SignedInRequest, group: int) -> HttpResponse:
    own_group = group_of(request, group)
    form = GroupForm(request.POST or None, initial={"name": own_group.name})
    if request.method == "POST" and form.is_valid():
        try:
            groups.rename(own_group, form.cleaned_data["name"])
        except groups.NameTaken:
            form.add_error("name", gettext("You have a group of that name."))
        else:
            words = gettext("Group renamed.")
            return go(request, reverse("addressbook:group", args=[group]), words)
    return _form_page(request, form, own_group)


@require_http_methods(["GET", "POST"])
@login_required
def external(request: SignedInRequest, group: int) -> HttpResponse:
    """Set the addresses of a group that no contact has."""
    own_group = group_of(request, group)
    if request.method == "GET":  # a page with its mistakes, loaded again
        return redirect("addressbook:edit_group", group)
    form = ExternalForm(request.POST)
    if form.is_valid():
        try:
            values = form.cleaned_data
            groups.set_external(own_group, values["external"], values["former"])
        except groups.GroupFull:
            form.add_error("external", gettext("A group holds up to 5,000 addresses."))
        else:
            words = gettext("Addresses of the group saved.")
            return go(request, reverse("addressbook:group", args=[group]), words)
    return form_page(request, own_group, others=form)


def form_page(
    request: SignedInRequest,
    own_group: Group,
    *,
    others: ExternalForm | None = None,
    of_class: ClassForm | None = None,
    of_inner: InnerForm | None = None,
) -> HttpResponse:
    """The page of a group, where one of its other forms has a mistake."""
    form = GroupForm(initial={"name": own_group.name})
    return _form_page(request, form, own_group, others, of_class, of_inner)


def _form_page(
    request: SignedInRequest,
    form: GroupForm,
    own_group: Group | None,
    others: ExternalForm | None = None,
    of_class: ClassForm | None = None,
    of_inner: InnerForm | None = None,
) -> HttpResponse:
    """``others`` is the form of its other addresses, ``of_class`` that of a class, ``of_inner``
    that of groups in it, where one of them has a mistake."""
    status = 422 if form.is_bound or others or of_class or of_inner else 200
    context: dict[str, Any] = {}
    if own_group:
        external = "\n".join(own_group.external)
        others = others or ExternalForm(initial={"external": external, "former": external})
        initial = {
            "is_class": own_group.is_class,
            "school_year": own_group.school_year or years.current(),
            "guardians": own_group.guardians,
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


@require_POST
@login_required
def delete(request: SignedInRequest, group: int) -> HttpResponse:
    """Put a group into the bin; its contacts stay."""
    own_group = group_of(request, group)
    groups.delete(own_group)
    words = gettext("Group “%(name)s” deleted; its contacts stay.") % {"name": own_group.name}
    undo = Undo(reverse("addressbook:restore_group", args=[group]))
    return go(request, reverse("addressbook:contacts"), words, undo)


@require_POST
@login_required
def restore(request: SignedInRequest, group: int) -> HttpResponse:
    """Out of the bin."""
    own_group = Group.objects.in_bin(request.user).filter(pk=group).first()
    if own_group is None:
        raise NotFound
    groups.restore(own_group)
    words = gettext("Group “%(name)s” restored.") % {"name": own_group.name}
    return go(request, reverse("addressbook:group", args=[group]), words)
