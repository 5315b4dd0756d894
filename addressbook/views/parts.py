"""The other members of a group: groups in it, and people of the directory."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.http import SignedInRequest, login_required
from addressbook.contacts import groups, nesting
from addressbook.directory import filters, lists
from addressbook.forms.groups import FilterForm, InnerForm, ListsForm, filter_initial
from addressbook.models import Group, GroupFilter, GroupNesting
from addressbook.presentation import groups as presentation
from addressbook.views.group_page import form_page
from addressbook.views.pages import Undo, go, group_of, page
from mail.errors import NotFound


@require_http_methods(["GET", "POST"])
@login_required
def add_inner(request: SignedInRequest, group: int) -> HttpResponse:
    """Put a group into a group."""
    own_group = group_of(request, group)
    if request.method == "GET":  # a page with its mistakes, loaded again
        return redirect("addressbook:edit_group", group)
    candidates = nesting.choices(own_group)
    form = InnerForm(request.POST, candidates=candidates)
    if not form.is_valid():
        return form_page(request, own_group, of_inner=form)
    other, audience = form.wanted()
    try:
        nesting.add(own_group, other, audience)
    except nesting.NestingRefused as error:
        form.add_error("inner", presentation.refused_words(error))
        return form_page(request, own_group, of_inner=form)
    words = gettext("“%(inner)s” is in “%(group)s”.")
    words %= {"inner": other.name, "group": own_group.name}
    return go(request, reverse("addressbook:group", args=[group]), words)


@require_POST
@login_required
def remove_inner(request: SignedInRequest, group: int, nesting_pk: int) -> HttpResponse:
    """Take a group out of another; both groups stay."""
    own_group = group_of(request, group)
    row = GroupNesting.objects.filter(outer=own_group, pk=nesting_pk).select_related("inner")
    nested = row.first()
    if nested is None:
        raise NotFound
    nesting.remove(nested)
    words = gettext("“%(inner)s” is no longer in “%(group)s”; both groups stay.")
    words %= {"inner": nested.inner.name, "group": own_group.name}
    value = f"{nested.inner_id}:{nested.audience}" if nested.audience else str(nested.inner_id)
    undo = Undo(reverse("addressbook:add_inner", args=[group]), [("inner", value)])
    return go(request, reverse("addressbook:group", args=[group]), words, undo)


# --- from the directory ---


@require_http_methods(["GET", "POST"])
@login_required
def new_filter(request: SignedInRequest) -> HttpResponse:
    """Make a group of the people of a school, a discipline, a function; with ``?…`` previewed."""
    form = _filter_form(request)
    if request.method == "POST" and filters.most() and form.is_valid():
        wanted = form.wanted()
        name = form.cleaned_data["name"] or presentation.filter_words(wanted)
        try:
            group = groups.create_filtered(request.user, name[:200], wanted)
        except groups.NameTaken:
            form.add_error("name", gettext("You have a group of that name."))
        else:
            words = gettext("Group “%(name)s” created.") % {"name": group.name}
            return go(request, reverse("addressbook:group", args=[group.pk]), words)
    return _filter_page(request, form, None)


@require_http_methods(["GET", "POST"])
@login_required
def edit_filter(request: SignedInRequest, group: int) -> HttpResponse:
    """Change the people of the directory that a group stands for; ``remove`` takes all out."""
    own_group = group_of(request, group)
    here = reverse("addressbook:group", args=[group])
    if request.method == "POST" and "remove" in request.POST:
        groups.set_filter(own_group, None)
        words = gettext("Nobody of the directory is in “%(group)s” any more.")
        return go(request, here, words % {"group": own_group.name})
    stored = GroupFilter.objects.filter(group=own_group).select_related("group").first()
    form = _filter_form(request, filter_initial(stored) if stored else {"name": own_group.name})
    if request.method == "POST" and form.is_valid():
        try:
            groups.set_filter(own_group, form.wanted())
        except groups.HoldsGroups:
            form.add_error(None, gettext("A class holds pupils alone."))
        else:
            return go(request, here, gettext("Group saved."))
    return _filter_page(request, form, own_group, has_filter=stored is not None)


def _filter_form(request: SignedInRequest, initial: dict[str, str] | None = None) -> FilterForm:
    terms = filters.terms()
    if request.method == "POST":
        return FilterForm(request.POST, terms=terms)
    if any(name in request.GET for name in FilterForm.base_fields):
        return FilterForm(request.GET, terms=terms)
    return FilterForm(None, initial=initial, terms=terms)


def _filter_page(
    request: SignedInRequest, form: FilterForm, group: Group | None, *, has_filter: bool = False
) -> HttpResponse:
    is_good = form.is_bound and form.is_valid()
    context: dict[str, Any] = {
        "form": form,
        "group": group,
        "has_filter": has_filter,
        "most": filters.most(),
        "schools": [filters.school_words(*school) for school in form.terms.schools],
        "preview": presentation.filter_view(form.wanted()) if is_good else None,
    }
    status = 422 if form.is_bound and form.errors else 200
    current = "" if group else "new_filter"
    return page(
        request,
        "directory/directory_group.html",
        context,
        current=current,
        group=group,
        status=status,
    )


# --- lists of the LDAP directory ---


@require_GET
@login_required
def directory_lists(request: SignedInRequest) -> HttpResponse:
    """The lists of the directory, by name; with ``?q=`` those with all of its words."""
    form = ListsForm(request.GET)
    query = form.cleaned_data["q"] if form.is_valid() else ""
    rows = lists.page(query)
    context = {
        "query": query,
        "rows": rows[: lists.MOST_SHOWN],
        "has_more": len(rows) > lists.MOST_SHOWN,
        "most": filters.most(),
        "filled": rows[0].filled if rows else None,
    }
    return page(request, "directory/directory_lists.html", context, current="directory")


@require_GET
@login_required
@cache_control(private=True, no_store=True)
def list_recipients(request: SignedInRequest, group: int) -> JsonResponse:
    """JSON: everybody in a list of the directory."""
    return JsonResponse({"recipients": lists.recipients(group)})
