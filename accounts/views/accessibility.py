"""The accessibility statement, which is public."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import themes
from accounts.models import SupportContact
from webmail.accessibility.audit import VERSION, Result, audit


@require_safe
def statement(request: HttpRequest) -> HttpResponse:
    done = audit()
    context = {
        "audit": done,
        "rgaa": VERSION,
        "failing": done.of(Result.FAILS),
        "conforming": done.of(Result.CONFORMS),
        "absent": done.of(Result.ABSENT),
        "untested": done.of(Result.UNTESTED),
        "contacts": SupportContact.objects.all().everybody(themes.of(request).domain),
    }
    return render(request, "accounts/accessibility.html", context)
