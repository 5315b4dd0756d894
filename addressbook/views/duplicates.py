"""Contacts that may be one person: found, compared side by side, merged."""

from __future__ import annotations

from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.http import SignedInRequest, login_required
from addressbook import contacts
from addressbook.contacts import duplicates
from addressbook.forms.contacts import MergeForm, UnmergeForm
from addressbook.models import Contact
from addressbook.presentation import contacts as presentation
from addressbook.views.pages import Undo, go, page
from mail.errors import NotFound

MOST_SHOWN = 100


@require_GET
@login_required
def found(request: SignedInRequest) -> HttpResponse:
    """The sets, those of the first letters first."""
    sets = duplicates.sets(request.user)
    context = {
        "sets": [
            [presentation.row(contact) for contact in several] for several in sets[:MOST_SHOWN]
        ],
        "total": len(sets),
        "most": MOST_SHOWN,
    }
    return page(request, "contacts/duplicates.html", context, current="duplicates")


@require_http_methods(["GET", "POST"])
@login_required
def compare(request: SignedInRequest) -> HttpResponse:
    """``?contacts=1&contacts=2`` side by side; by POST one of them, as chosen."""
    several = _chosen(request)
    if not 2 <= len(several) <= duplicates.MOST_AT_ONCE:
        words = gettext("Nothing was done: choose two to ten contacts.")
        return go(request, reverse("addressbook:contacts"), words)
    datas = [contacts.data_of(contact) for contact in several]
    form = MergeForm(request.POST if request.method == "POST" else None, datas=datas)
    if request.method == "POST" and form.is_valid():
        merged = duplicates.merge(request.user, several, form.combined())
        words = ngettext(
            "%(count)s contact merged.", "%(count)s contacts merged.", len(several)
        ) % {"count": intcomma(len(several))}
        fields = [
            ("merged", str(merged.pk)),
            *(("contacts", str(contact.pk)) for contact in several),
        ]
        undo = Undo(reverse("addressbook:unmerge"), fields)
        return go(request, reverse("addressbook:contact", args=[merged.pk]), words, undo)
    context = {"form": form, "rows": [presentation.row(contact) for contact in several]}
    status = 422 if form.is_bound else 200
    return page(request, "contacts/merge.html", context, current="duplicates", status=status)


def _chosen(request: SignedInRequest) -> list[Contact]:
    """The user's contacts that the URL or the form names; NotFound where one is another's."""
    numbers = (request.POST if request.method == "POST" else request.GET).getlist("contacts")
    pks = {int(text) for text in numbers if text.isascii() and text.isdigit() and len(text) < 19}
    several = list(Contact.objects.of(request.user).filter(pk__in=pks))
    if not pks or len(several) != len(pks):
        raise NotFound
    return several


@require_POST
@login_required
def unmerge(request: SignedInRequest) -> HttpResponse:
    """Take back a merging: the merged contacts are again what they were."""
    form = UnmergeForm(request.POST)
    if not form.is_valid():
        raise NotFound
    values = form.cleaned_data
    count = duplicates.unmerge(request.user, values["merged"], values["contacts"])
    words = ngettext("%(count)s contact restored.", "%(count)s contacts restored.", count)
    return go(request, reverse("addressbook:contacts"), words % {"count": intcomma(count)})
