"""The bin: what was deleted in the last 30 days."""

from __future__ import annotations

from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest, login_required
from addressbook import contacts
from addressbook.contacts import groups
from addressbook.forms.contacts import BinForm
from addressbook.models import Contact, Group
from addressbook.presentation import contacts as presentation
from addressbook.views.pages import go, page

MOST_SHOWN = 500


@require_http_methods(["GET", "POST"])
@login_required
def bin_list(request: SignedInRequest) -> HttpResponse:
    """Show what is in the bin, the latest first; by POST restored or deleted for good."""
    if request.method == "POST":
        return _act(request)
    binned = Contact.objects.in_bin(request.user).order_by("-deleted", "sort_key")
    rows = binned.defer("vcard", "search")[:MOST_SHOWN]
    context = {
        "rows": [(presentation.row(contact), contact.deleted) for contact in rows],
        "groups": Group.objects.in_bin(request.user),
        "total": binned.count(),
        "most": MOST_SHOWN,
        "days": contacts.BIN_DAYS,
    }
    return page(request, "contacts/bin.html", context, current="bin")


def _act(request: SignedInRequest) -> HttpResponse:
    form = BinForm(request.POST)
    here = reverse("addressbook:bin")
    if not form.is_valid():
        return go(request, here, gettext("Nothing was done: choose at least one contact."))
    mine = form.cleaned_data["contacts"]
    chosen = Group.objects.in_bin(request.user).filter(pk__in=form.cleaned_data["groups"])
    if form.cleaned_data["verb"] == "restore":
        count = contacts.restore(request.user, mine)
        for group in chosen:
            groups.restore(group)
            count += 1
        return go(request, here, _restored(count))
    count = chosen.count() + contacts.erase(request.user, mine)
    chosen.delete()
    words = ngettext("%(count)s deleted for good.", "%(count)s deleted for good.", count)
    return go(request, here, words % {"count": intcomma(count)})


def _restored(count: int) -> str:
    return ngettext("%(count)s restored.", "%(count)s restored.", count) % {
        "count": intcomma(count)
    }
