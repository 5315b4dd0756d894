"""The text of a Sieve script, for users who know Sieve."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as render_template
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from accounts import session
from accounts.http import SignedInRequest, login_required
from core.htmx import TOAST
from mail.errors import SieveRefused
from mail.mailbox import rules
from mail.sieve.connection import SieveConnection as Sieve
from webmail.forms.rules import ScriptForm
from webmail.views.page import read_folders
from webmail.views.rules.page import Problem, no_rules, note_change, open_rules, problem_of


@require_http_methods(["GET", "POST"])
@login_required
def raw(request: SignedInRequest) -> HttpResponse:
    """Show the text of the script; a POST saves it. The server checks it first, and names the line
    of a mistake."""
    if not session.has_sieve(request.user):
        return no_rules(request)
    with open_rules(request) as (sieve, kept):
        form = ScriptForm(request.POST or None, initial={"text": kept.text, "digest": kept.digest})
        problem, line, digest = None, 0, kept.digest
        if form.is_bound and form.is_valid():
            digest = form.cleaned_data["digest"]
            problem, line = _saved(request, sieve, kept, form)
            if problem is None:
                request.session[TOAST] = {"message": gettext("The script was saved and runs.")}
                return redirect("mail:rules_raw")
            digest = kept.digest
    with session.imap(request) as imap:
        shown = read_folders(imap, "").shown
    text = form.data.get("text", "") if form.is_bound else kept.text
    context: dict[str, Any] = {
        "tab": "rules",
        "folders": shown,
        "form": form,
        "kept": kept,
        "digest": digest,
        "problem": problem,
        "line": line,
        "lines": _around(text, line),
        "toast": None if form.is_bound else request.session.pop(TOAST, None),
    }
    status = 422 if form.is_bound else 200
    return render_template(request, "webmail/rules/rules_raw.html", context, status=status)


def _saved(
    request: SignedInRequest, sieve: Sieve, kept: rules.UserScripts, form: ScriptForm
) -> tuple[Problem | None, int]:
    """Save the script. Return the problem and its line, or (None, 0) when the script was saved."""
    wrong = 0

    def change() -> None:
        nonlocal wrong
        rules.unchanged(kept, form.cleaned_data["digest"])
        text = _unix(form.cleaned_data["text"])
        try:
            rules.save_text(sieve, kept, text, timezone.localtime())
        except SieveRefused as error:
            wrong = error.line
            raise
        note_change(request, kept, "script", text)

    return problem_of(change), wrong


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _around(text: str, line: int) -> list[tuple[int, str]]:
    """Return the line with the mistake, the one before and the one after, with their numbers."""
    if not line:
        return []
    lines = _unix(text).split("\n")
    return [(n, lines[n - 1]) for n in (line - 1, line, line + 1) if 0 < n <= len(lines)]
