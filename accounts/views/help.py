"""The help: articles with a search, the keys, and the news. It is public."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render as render_page
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import devices
from accounts.looks import themes
from accounts.models import SupportContact
from core.help import articles
from core.help.releases import releases
from core.htmx import render
from core.version import VERSION

_LONGEST = 100


@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """Show all articles, or those that contain the words of the search; htmx gets their list
    alone."""
    sought = " ".join(request.GET.get("q", "")[:_LONGEST].split())
    topics = list(articles.found(sought))
    context = {
        "sought": sought,
        "topics": topics,
        "asked_most": ()
        if sought
        else articles.asked_most(
            request.GET.get("about", ""), signed_in=request.user.is_authenticated
        ),
        "count": sum(len(found_articles) for _topic, found_articles in topics),
        "contacts": SupportContact.objects.all().everybody(themes.theme_of(request).domain),
        "version": VERSION,
        **_to_tell(request),
    }
    return render(
        request, "accounts/help/help.html", context, partial="accounts/help/_help_found.html"
    )


@require_safe
def article(request: HttpRequest, slug: str) -> HttpResponse:
    if slug not in articles.NAMES:
        raise Http404
    context = {"article": articles.article(slug), **_to_tell(request)}
    return render_page(request, "accounts/help/help_article.html", context)


@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    return render_page(request, "accounts/help/help_keys.html")


@require_safe
def news(request: HttpRequest) -> HttpResponse:
    return render_page(
        request, "accounts/help/help_news.html", {"releases": releases(), "version": VERSION}
    )


def _to_tell(request: HttpRequest) -> dict[str, object]:
    """Return the facts that the support desk asks for first, without any of the user's mail."""
    return {"device": devices.device_of(request), "now": timezone.localtime()}
