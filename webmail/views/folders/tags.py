"""The user's tags: their names and colours."""

from __future__ import annotations

from django.contrib import messages as toasts
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as render_template
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from accounts import session
from accounts.http import SignedInRequest, login_required
from webmail.forms.messages import TagForm
from webmail.models import Tag
from webmail.presentation.tags import COLOURS, keyword_for
from webmail.views.page import known_tags, read_folders


@require_http_methods(["GET", "POST"])
@login_required
def tags(request: SignedInRequest) -> HttpResponse:
    """Show all tags, each with its form. A POST adds, changes or removes one."""
    known = known_tags(request)
    form = TagForm(request.POST or None)
    if request.method == "POST":
        keyword = request.POST.get("keyword", "")
        if keyword and keyword not in {chip.keyword for chip in known}:
            raise Http404
        if request.POST.get("remove"):
            Tag.objects.all().remove(request.user, keyword)
            toasts.success(request, gettext("Tag removed. Messages keep its mark unseen."))
            return redirect("mail:tags")
        if len(known) >= Tag.MOST and not keyword:
            form.add_error(None, gettext("You have as many tags as one can have."))
        if form.is_valid():
            taken = Tag.objects.all().of(request.user).values_list("keyword", flat=True)
            name, colour = form.cleaned_data["name"], form.cleaned_data["colour"]
            made = keyword or keyword_for(name, {*taken, *(chip.keyword for chip in known)})
            Tag.objects.all().keep(request.user, made, name=name, colour=colour, is_hidden=False)
            toasts.success(request, gettext("Tag saved."))
            return redirect("mail:tags")
    with session.imap(request) as imap:
        sides = read_folders(imap, "")
    context = {
        "form": form,
        "tags": known,
        "colours": COLOURS,
        "folders": sides.shown,
        "edited": request.POST.get("keyword", ""),
    }
    status = 422 if form.is_bound else 200
    return render_template(request, "webmail/preferences/tags.html", context, status=status)
