"""The list of contacts, the card of one, and the actions on contacts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.http import SignedInRequest, login_required, safe_next
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import archiving, finding, groups, ties
from addressbook.forms.contacts import ActForm, AddForm, ContactForm, ListForm, UnfillForm
from addressbook.models import Contact, ContactPhoto, Group
from addressbook.presentation import classes as class_presentation
from addressbook.presentation import contacts as presentation
from addressbook.views.list_page import list_context, show_list
from addressbook.views.pages import Undo, contact_of, go, group_of, page
from core.htmx import wants_partial
from mail.errors import NotFound


@require_GET
@login_required
def contact_list(request: SignedInRequest) -> HttpResponse:
    """All contacts, or with ``?q=`` those with all of its words."""
    return show_list(request)


@require_GET
@login_required
def contact(request: SignedInRequest, pk: int) -> HttpResponse:
    """The card, beside the list it was opened from; for htmx the card alone."""
    own_contact = contact_of(request, pk)
    group_key = ListForm(request.GET).value("group")
    group = group_of(request, group_key) if group_key else None
    context: dict[str, Any] = {"card": _card(own_contact), "group": group}
    context |= _family(own_contact)
    if wants_partial(request):
        context["all_groups"] = Group.objects.of(request.user)
    else:
        context |= list_context(request, group, own_contact)
    return page(
        request,
        "contacts/contact_list.html",
        context,
        current="contacts",
        group=group,
        partial="addressbook/contacts/_contact.html",
    )


def _card(own_contact: Contact) -> presentation.ContactCard:
    picture = (
        ContactPhoto.objects.filter(contact=own_contact).values_list("digest", flat=True).first()
    )
    mine = own_contact.groups.filter(deleted=None)
    return presentation.card(own_contact, contacts.data_of(own_contact), mine, picture or "")


def _family(own_contact: Contact) -> dict[str, Any]:
    """The guardians and the pupils of a contact: two queries."""
    return {
        "guardians": class_presentation.relatives(ties.guardians_of(own_contact)),
        "wards": class_presentation.relatives(ties.pupils_of(own_contact)),
    }


@require_GET
@login_required
@cache_control(private=True, max_age=30 * 24 * 3600, immutable=True)
def photo(request: SignedInRequest, pk: int, digest: str) -> HttpResponse:
    """A picture; its address changes with it."""
    photos = ContactPhoto.objects.filter(contact__user=request.user, contact=pk, digest=digest)
    picture = photos.first()
    if picture is None:
        raise NotFound
    answer = HttpResponse(bytes(picture.content), content_type="image/webp")
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@require_http_methods(["GET", "POST"])
@login_required
def new(request: SignedInRequest) -> HttpResponse:
    """A new contact; ``?name=&address=`` are filled in."""
    add = AddForm(request.GET)
    is_filled = add.is_valid()
    begun = ContactData(
        display_name=add.cleaned_data["name"] if is_filled else "",
        emails=(Email(add.cleaned_data["address"]),) if is_filled else (),
    )
    form = _contact_form(request, begun)
    if request.method == "POST" and "more" not in request.POST and form.is_valid():
        new_contact = contacts.create(request.user, form.contact())
        words = gettext("%(name)s is in your contacts.") % {"name": new_contact.display_name}
        return go(request, reverse("addressbook:contact", args=[new_contact.pk]), words)
    return _form_page(request, form, None)


@require_http_methods(["GET", "POST"])
@login_required
def edit(request: SignedInRequest, pk: int) -> HttpResponse:
    own_contact = contact_of(request, pk)
    form = _contact_form(request, contacts.data_of(own_contact))
    if request.method == "POST" and "more" not in request.POST and form.is_valid():
        contacts.update(own_contact, form.contact())
        words = gettext("Contact saved.")
        return go(request, reverse("addressbook:contact", args=[pk]), words)
    return _form_page(request, form, own_contact)


def _contact_form(request: SignedInRequest, old: ContactData) -> ContactForm:
    posted = request.method == "POST"
    files = request.FILES if posted else None
    return ContactForm(request.POST if posted else None, files, old=old)


def _form_page(
    request: SignedInRequest, form: ContactForm, own_contact: Contact | None
) -> HttpResponse:
    context = {"form": form, "contact": own_contact, "adding": request.POST.get("more", "")}
    status = 422 if form.is_bound and "more" not in request.POST else 200
    return page(request, "contacts/contact_form.html", context, current="contacts", status=status)


@require_POST
@login_required
def add(request: SignedInRequest) -> HttpResponse:
    """Add a contact by name and address, at one click. One who is there already is shown."""
    form = AddForm(request.POST)
    if not form.is_valid():
        raise NotFound
    address, name = form.cleaned_data["address"], form.cleaned_data["name"]
    if existing := finding.by_address(request.user, [address]).first():
        words = gettext("%(address)s is in your contacts already.") % {"address": address}
        return go(request, reverse("addressbook:contact", args=[existing.pk]), words)
    new_contact = contacts.create(
        request.user, ContactData(display_name=name, emails=(Email(address),))
    )
    words = gettext("%(name)s is in your contacts.") % {"name": new_contact.display_name}
    undo = _undo("delete", [new_contact.pk], safe_next(request) or reverse("addressbook:contacts"))
    return go(request, reverse("addressbook:contact", args=[new_contact.pk]), words, undo)


@require_POST
@login_required
def act(request: SignedInRequest) -> HttpResponse:
    """One verb on the chosen contacts, with its undoing in a toast."""
    form = ActForm(request.POST)
    back = safe_next(request) or reverse("addressbook:contacts")
    if not form.is_valid():
        return go(request, back, gettext("Nothing was done: choose at least one contact."))
    pks, verb = form.cleaned_data["contacts"], form.cleaned_data["verb"]
    match verb:
        case "delete":
            gone = contacts.delete(request.user, pks)
            words = ngettext("%(count)s contact deleted.", "%(count)s contacts deleted.", len(gone))
            words %= {"count": intcomma(len(gone))}
            return go(request, back, words, _undo("undelete", gone, back) if gone else None)
        case "undelete":
            count = contacts.restore(request.user, pks)
            words = ngettext("%(count)s contact restored.", "%(count)s contacts restored.", count)
            return go(request, back, words % {"count": intcomma(count)})
        case "fill":
            return _fill(request, form, back)
        case "unarchive":
            archiving.unarchive_contacts(request.user, pks)
            return go(request, back, gettext("The contact is completed again."))
    return _regroup(request, form, back)


def _undo(verb: str, pks: list[int], back: str) -> Undo:
    fields = [("verb", verb), ("next", back), *(("contacts", str(pk)) for pk in pks)]
    return Undo(reverse("addressbook:act"), fields)


def _fill(request: SignedInRequest, form: ActForm, back: str) -> HttpResponse:
    field: contacts.FillableField = form.cleaned_data["field"] or "category"
    value = form.cleaned_data["value"]
    if not value:
        return go(request, back, gettext("Nothing was done: write what to fill in."))
    before = contacts.fill(request.user, form.cleaned_data["contacts"], field, value)
    words = _filled_words(field, len(before)) % {"value": value, "count": intcomma(len(before))}
    if not before:
        return go(request, back, words)
    fields = [("field", field), ("value", value), ("next", back)]
    fields += [("former", f"{pk}:{text}") for pk, text in before.items()]
    return go(request, back, words, Undo(reverse("addressbook:unfill"), fields))


def _filled_words(field: contacts.FillableField, count: int) -> str:
    match field:
        case "organization":
            return ngettext(
                "Organisation “%(value)s” given to %(count)s contact.",
                "Organisation “%(value)s” given to %(count)s contacts.",
                count,
            )
        case "school":
            return ngettext(
                "School “%(value)s” given to %(count)s contact.",
                "School “%(value)s” given to %(count)s contacts.",
                count,
            )
    return ngettext(
        "Category “%(value)s” given to %(count)s contact.",
        "Category “%(value)s” given to %(count)s contacts.",
        count,
    )


@require_POST
@login_required
def unfill(request: SignedInRequest) -> HttpResponse:
    """Take values that were filled in out again, where nothing else was written since."""
    form = UnfillForm(request.POST)
    if not form.is_valid():
        raise NotFound
    values = form.cleaned_data
    count = contacts.unfill(request.user, values["field"], values["value"], values["former"])
    words = ngettext(
        "%(count)s contact is as it was.", "%(count)s contacts are as they were.", count
    )
    back = safe_next(request) or reverse("addressbook:contacts")
    return go(request, back, words % {"count": intcomma(count)})


def _regroup(request: SignedInRequest, form: ActForm, back: str) -> HttpResponse:
    if not form.cleaned_data["group"]:
        return go(request, back, gettext("Nothing was done: choose a group."))
    group = group_of(request, form.cleaned_data["group"])
    pks = form.cleaned_data["contacts"]
    if form.cleaned_data["verb"] == "ungroup":
        count = groups.remove(group, pks)
        words = ngettext(
            "%(count)s contact taken out of “%(group)s”.",
            "%(count)s contacts taken out of “%(group)s”.",
            count,
        )
        words %= {"count": intcomma(count), "group": group.name}
        return go(request, back, words, _regrouping("group", group, pks, back))
    try:
        count = groups.add(group, pks)
    except groups.GroupFull:
        words = gettext("Nothing was done: a group holds up to 5,000 addresses.")
        return go(request, back, words)
    words = ngettext(
        "%(count)s contact put into “%(group)s”.", "%(count)s contacts put into “%(group)s”.", count
    )
    return go(request, back, words % {"count": intcomma(count), "group": group.name})


def _regrouping(verb: str, group: Group, pks: list[int], back: str) -> Undo:
    undo = _undo(verb, pks, back)
    return replace(undo, fields=[*undo.fields, ("group", str(group.pk))])
