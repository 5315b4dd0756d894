"""The accessibility statement, which is public."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.looks import themes
from accounts.models import SupportContact
from core.accessibility.audit import VERSION, Result, audit


@require_safe
def statement(request: HttpRequest) -> HttpResponse:
    results = audit()
    context = {
        "audit": results,
        "rgaa": VERSION,
        "failing": results.of(Result.FAILS),
        "conforming": results.of(Result.CONFORMS),
        "absent": results.of(Result.ABSENT),
        "untested": results.of(Result.UNTESTED),
        "contacts": SupportContact.objects.all().everybody(themes.theme_of(request).domain),
    }
    return render(request, "accounts/texts/accessibility.html", context)
