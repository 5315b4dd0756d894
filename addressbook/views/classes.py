"""Pupils, their guardians, classes and the school year."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import audit
from accounts.http import SignedInRequest, login_required
from accounts.models import AuditEvent
from addressbook import contacts, years
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import archiving, expiry, finding, groups, holidays, ties
from addressbook.forms.classes import (
    NEW,
    ClassForm,
    GuardianForm,
    GuardianSearchForm,
    KeepForm,
    NewGuardianForm,
    YearForm,
)
from addressbook.models import Contact, Group, Guardianship
from addressbook.presentation import classes as class_presentation
from addressbook.presentation import contacts as presentation
from addressbook.views.group_page import form_page
from addressbook.views.pages import Undo, contact_of, go, group_of, page
from mail.errors import NotFound

_MOST_FOUND = 15
_SAID = ("relation", "receives_mail", "is_legal")


# --- guardians ---


@require_http_methods(["GET", "POST"])
@login_required
def add_guardian(request: SignedInRequest, pk: int) -> HttpResponse:
    """Tie a pupil to a guardian, who is a contact or becomes one."""
    pupil = contact_of(request, pk)
    search = GuardianSearchForm(request.GET)
    query = search.cleaned_data["q"].strip() if search.is_valid() else ""
    matches = _found(request, pupil, query)
    form = NewGuardianForm(
        request.POST if request.method == "POST" else None, matches=matches, query=query
    )
    if form.is_bound and form.is_valid():
        guardian = _guardian(request, form)
        try:
            ties.add_guardian(pupil, guardian, **{name: form.cleaned_data[name] for name in _SAID})
        except ties.TooManyGuardians:
            form.add_error(None, gettext("A pupil has ten guardians at most."))
        else:
            words = gettext("%(guardian)s is a guardian of %(pupil)s.") % {
                "guardian": guardian.display_name,
                "pupil": pupil.display_name,
            }
            return go(request, reverse("addressbook:contact", args=[pk]), words)
    context = {"form": form, "pupil": presentation.row(pupil), "query": query}
    status = 422 if form.is_bound else 200
    return page(request, "classes/guardian_new.html", context, current="contacts", status=status)


def _found(request: SignedInRequest, pupil: Contact, query: str) -> list[Contact]:
    if not query:
        return []
    matching = finding.matching(request.user, query).exclude(pk=pupil.pk)
    return list(matching.prefetch_related("addresses")[:_MOST_FOUND])


def _guardian(request: SignedInRequest, form: NewGuardianForm) -> Contact:
    values = form.cleaned_data
    if values["guardian"] != NEW:
        return contact_of(request, int(values["guardian"]))
    emails = (Email(values["address"]),) if values["address"] else ()
    name = " ".join(values["name"].split())
    return contacts.create(request.user, ContactData(display_name=name, emails=emails))


def _tie(request: SignedInRequest, pk: int) -> Guardianship:
    tie = ties.find_tie(request.user, pk)
    if tie is None:
        raise NotFound
    return tie


@require_http_methods(["GET", "POST"])
@login_required
def guardian(request: SignedInRequest, tie: int) -> HttpResponse:
    """Show and change the values of a guardian of a pupil."""
    own = _tie(request, tie)
    initial = {name: getattr(own, name) for name in _SAID} | {"is_first": own.position == 0}
    data = request.POST if request.method == "POST" else None
    form = GuardianForm(data, initial=initial, other=own.relation)
    if form.is_bound and form.is_valid():
        ties.change_guardian(own, **form.cleaned_data)
        words = gettext("Guardian saved.")
        return go(request, reverse("addressbook:contact", args=[own.pupil_id]), words)
    context = {
        "form": form,
        "tie": own,
        "pupil": presentation.row(own.pupil),
        "guardian": presentation.row(own.guardian),
    }
    status = 422 if form.is_bound else 200
    return page(request, "classes/guardian.html", context, current="contacts", status=status)


@require_POST
@login_required
def remove_guardian(request: SignedInRequest, tie: int) -> HttpResponse:
    """Untie a guardian from a pupil; both stay contacts."""
    own = _tie(request, tie)
    ties.remove_guardian(own)
    words = gettext("%(guardian)s is no guardian of %(pupil)s any more.") % {
        "guardian": own.guardian.display_name,
        "pupil": own.pupil.display_name,
    }
    url = reverse("addressbook:restore_guardian", args=[own.pupil_id, own.guardian_id])
    fields = [
        ("relation", own.relation),
        *((name, "on") for name in ("receives_mail", "is_legal") if getattr(own, name)),
    ]
    back = reverse("addressbook:contact", args=[own.pupil_id])
    return go(request, back, words, Undo(url, fields))


@require_POST
@login_required
def restore_guardian(request: SignedInRequest, pk: int, guardian: int) -> HttpResponse:
    """Undo `remove_guardian`."""
    pupil, other = contact_of(request, pk), contact_of(request, guardian)
    form = GuardianForm(request.POST, other=request.POST.get("relation", "")[:60])
    if pupil == other or not form.is_valid():
        raise NotFound
    values = {name: form.cleaned_data[name] for name in _SAID}
    try:
        ties.add_guardian(pupil, other, **values)
    except ties.TooManyGuardians as error:
        raise NotFound from error
    words = gettext("%(guardian)s is a guardian of %(pupil)s.") % {
        "guardian": other.display_name,
        "pupil": pupil.display_name,
    }
    return go(request, reverse("addressbook:contact", args=[pk]), words)


# --- classes ---


@require_GET
@login_required
def write(request: SignedInRequest, group: int) -> HttpResponse:
    """Show the people whom a message to a class would reach, before it is begun."""
    own_group = group_of(request, group)
    if not own_group.is_class:
        raise NotFound
    context = {"group": own_group, "audiences": class_presentation.audiences(own_group)}
    return page(request, "classes/class_write.html", context, group=own_group)


@require_http_methods(["GET", "POST"])
@login_required
def set_class(request: SignedInRequest, group: int) -> HttpResponse:
    """Make a group a class, or an ordinary group again."""
    own_group = group_of(request, group)
    if request.method == "GET":  # a page with its mistakes, loaded again
        return redirect("addressbook:edit_group", group)
    initial = {"school_year": own_group.school_year, "ends": own_group.ends}
    form = ClassForm(request.POST, initial=initial)
    if not form.is_valid():
        return form_page(request, own_group, of_class=form)
    values = form.cleaned_data
    try:
        groups.set_class(
            own_group,
            values["school_year"] if values["is_class"] else None,
            Group.Guardians(values["guardians"]),
        )
    except groups.HoldsGroups:
        words = gettext("A class holds pupils alone: first take out the groups that are in it.")
        form.add_error("school_year", words)
        return form_page(request, own_group, of_class=form)
    expiry.set_end(own_group, values["ends"] if values["is_class"] else None)
    words = gettext("Group saved.")
    return go(request, reverse("addressbook:group", args=[group]), words)


@require_POST
@login_required
def keep_longer(request: SignedInRequest, group: int) -> HttpResponse:
    """Move the end of a class, with the reason in the audit log."""
    own_group = group_of(request, group)
    if not own_group.is_class:
        raise NotFound
    url = reverse("addressbook:group", args=[group])
    form = KeepForm(request.POST)
    if not form.is_valid():
        return go(request, url, gettext("Choose why the list is kept longer."))
    end = expiry.keep_longer(own_group)
    if end is None:
        return go(request, url, gettext("This list cannot be kept any longer."))
    reason = form.cleaned_data["reason"]
    audit.record(AuditEvent.Kind.CLASS_PROLONGED, request, key=group, why=reason)
    words = gettext("The list “%(name)s” is kept until %(end)s.")
    return go(request, url, words % {"name": own_group.name, "end": date_format(end)})


@require_http_methods(["GET", "POST"])
@login_required
def year(request: SignedInRequest) -> HttpResponse:
    """Pass to the new school year: archive the classes of former ones, propose new ones."""
    current = years.current()
    former = archiving.former_classes(request.user, current)
    initial = {"names": "\n".join(group.class_name or group.name for group in former)}
    form = YearForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid():
        chosen = [group for group in former if group.pk in form.cleaned_data["classes"]]
        new_classes = archiving.pass_to(request.user, current, chosen, form.cleaned_data["names"])
        words = class_presentation.passed_words(len(chosen), len(new_classes))
        return go(request, reverse("addressbook:year"), words)
    context = {
        "form": form,
        "former": former,
        "year_words": years.words(current),
        "archived": Group.objects.of(request.user).exclude(archived=None),
        "holidays": class_presentation.holiday_table(holidays.of_year(current)),
    }
    status = 422 if form.is_bound else 200
    return page(request, "classes/year.html", context, current="year", status=status)
