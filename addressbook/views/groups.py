"""Groups: their lists, made, renamed, put into the bin."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.http import SignedInRequest, login_required
from addressbook.contacts import groups
from addressbook.forms.contacts import ExternalForm, GroupForm
from addressbook.models import Group
from addressbook.views.group_page import form_page
from addressbook.views.list_page import show_list
from addressbook.views.pages import Undo, go, group_of
from mail.errors import NotFound


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
    return form_page(request, None, form)


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
    return form_page(request, own_group, form)


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
