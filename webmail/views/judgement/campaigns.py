"""Reported campaigns, for administrators: their reports, and the pull of their messages. The pages
show the envelopes of reported messages and only numbers of others, since no administrator reads
mail here."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import binding, session, tending
from accounts.models import User
from webmail import tasks
from webmail.adverts import campaigns, pulling
from webmail.adverts.campaigns import Criteria
from webmail.models import Pull

WAYS: Final[tuple[tuple[str, Promise], ...]] = (
    ("id", _("the same Message-ID")),
    ("subject", _("exactly the same sender and subject, on the same days")),
    ("host", _("exactly the same sender and a link to the same site, on the same days")),
)
View = Callable[..., HttpResponse]


def for_administrators(view: View) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not (isinstance(request.user, User) and request.user.is_administrator):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


@require_safe
@never_cache
@for_administrators
def all_campaigns(request: HttpRequest) -> HttpResponse:
    """Show the campaigns of the last month, and the pulls."""
    context = _context(
        request,
        gettext("Reported campaigns"),
        campaigns=campaigns.recent(),
        pulls=Pull.objects.select_related("by")[:20],
    )
    return TemplateResponse(request, "admin/reports/campaigns.html", context)


@require_http_methods(["GET", "POST"])
@never_cache
@for_administrators
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the reports of one campaign, and the form that begins a pull. Nothing is moved before
    the messages were counted and the pull was confirmed."""
    campaign = campaigns.find_campaign(pk)
    if campaign is None:
        raise Http404
    ways = {way for way, _words in WAYS if way in request.POST.getlist("way")}
    is_wrong = False
    if request.method == "POST":
        criteria = campaign.criteria(ways)
        if criteria.is_narrow:
            asked = pulling.ask(request, campaign, criteria)  # type: ignore[arg-type]
            _start(asked)
            return redirect("pull", asked.pk)
        is_wrong = True
    offered = [
        (way, words, campaign.matching(campaign.criteria([way])))
        for way, words in WAYS
        if campaign.criteria([way]).is_narrow
    ]
    context = _context(
        request,
        gettext("Reported campaign"),
        campaign=campaign,
        ways=offered,
        is_wrong=is_wrong,
        has_master=session.has_master(),
    )
    status = 422 if is_wrong else 200
    return TemplateResponse(request, "admin/reports/campaign.html", context, status=status)


@require_http_methods(["GET", "POST"])
@never_cache
@for_administrators
def pull(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a pull; a POST confirms, withdraws, refuses or undoes it."""
    pulling.lapse()
    row = get_object_or_404(Pull.objects.select_related("by", "decider"), pk=pk)
    if request.method == "POST":
        return _decided(request, row)
    criteria = Criteria.from_json(row.criteria)
    looked, mailboxes = (0, 0) if row.by_master else pulling.looks(row)
    context = _context(
        request,
        gettext("Pull of reported messages"),
        pull=row,
        criteria=criteria,
        looked=looked,
        mailboxes=mailboxes,
        is_own=row.by == request.user,
        needs_another=pulling.needs_another(request.user, row),
    )
    return TemplateResponse(request, "admin/reports/pull.html", context)


def _decided(request: HttpRequest, row: Pull) -> HttpResponse:
    do = request.POST.get("do", "")
    if do == "confirm" and request.POST.get("sure") != "on":
        messages.error(request, gettext("Tick first that the number is what you expect."))
    elif do == "confirm" and pulling.needs_another(request.user, row):
        messages.error(request, gettext("Another administrator has to confirm this pull."))
    elif do == "confirm" and not binding.has_just_proved(request):
        messages.warning(request, gettext("Prove who you are, and then confirm once more."))
        return redirect(binding.proof_address(request))
    else:
        decisions = {
            "confirm": pulling.confirm,
            "dismiss": pulling.dismiss,
            "undo": pulling.undo,
        }
        decision = decisions.get(do)
        if decision and decision(request, row):
            _start(row)
    return redirect("pull", row.pk)


def _start(row: Pull) -> None:
    if row.state in Pull.STEPS:
        tending.hand_over(tasks.run_pull, row.pk)


def _context(request: HttpRequest, title: str, **more: Any) -> dict[str, Any]:
    return {**admin.site.each_context(request), "title": title, **more}
