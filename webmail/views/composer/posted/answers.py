"""Answers to a form that was posted: the page again, with a question or with what stood in the way;
or the page that comes next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.forms import Form
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render as render_template
from django.utils.translation import gettext

from accounts.forms import SignInForm
from accounts.http import AnyRequest, SignedInRequest
from mail.errors import DraftNotFound, SignInNeeded, WebmailError
from webmail.forms.compose import ComposeForm
from webmail.middleware import in_place
from webmail.models import Draft
from webmail.presentation import failures
from webmail.views.composer.posted.page import page
from webmail.writing.choosing import Question


@dataclass(frozen=True)
class Problem:
    """A mistake in the form, with the id of its field."""

    field_id: str
    text: str


def ask(
    request: SignedInRequest, form: ComposeForm, draft: Draft, question: Question
) -> HttpResponse:
    """Ask the question that the user must answer before the message is sent: on the page, or in a
    dialog for htmx."""
    context: dict[str, Any]
    if in_place(request) and question.is_looked_at:
        context = {"preview": question.preview, "choice_draft": draft.pk}
        response = render_template(request, "webmail/compose/_choice_preview.html", context)
        response["HX-Retarget"], response["HX-Reswap"] = "#choice-preview", "outerHTML"
        return response
    if in_place(request):
        context = {
            "choice": question,
            "choice_draft": draft.pk,
            "is_dialog": True,
        }
        response = render_template(
            request, "webmail/compose/_sending_choice.html", context, status=422
        )
        response["HX-Retarget"], response["HX-Reswap"] = "#sending-choice", "innerHTML"
        return response
    return page(
        request,
        form,
        None,
        status=422,
        draft=draft,
        choice=question,
        choice_draft=draft.pk,
    )


def refuse(
    request: AnyRequest,
    form: ComposeForm,
    *,
    status: int = 422,
    error: WebmailError | None = None,
    sign_in: SignInForm | None = None,
    draft: Draft | None = None,
    is_missing: bool = False,
) -> HttpResponse:
    """Show the form again, with what was written and the reason why nothing was sent: mistakes of
    the form, an ``error``, or a ``sign_in`` that was refused. ``is_missing`` says that images of
    the text are missing; the message may leave without them."""
    words = ""
    if error is not None:
        words = failures.of_sending(error)
    elif sign_in is not None:
        words = " ".join(problem.text for problem in _problems(sign_in))
    if in_place(request):
        context = {
            "title": gettext("The message was not sent."),
            "text": words,
            "problems": [] if words else _problems(form),
            "is_missing": is_missing,
        }
        response = render_template(request, "webmail/_notice.html", context, status=status)
        response["HX-Retarget"], response["HX-Reswap"] = "#notices", "innerHTML"
        return response
    is_lost = draft is None or "attachments" in form.errors
    uploaded = request.FILES.getlist("attachments") if is_lost else []
    return page(
        request,
        form,
        None,
        status=status,
        draft=draft,
        reenter=isinstance(error, SignInNeeded) or sign_in is not None,
        problem=words,
        error=error,
        is_gone=isinstance(error, DraftNotFound),
        is_missing=is_missing,
        files_lost=[file.name for file in uploaded],
    )


def _problems(form: Form) -> list[Problem]:
    return [
        Problem(field_id=f"id_{name}", text=str(text))
        for name, texts in form.errors.items()
        for text in texts
    ]


def go_on(request: AnyRequest, url: str) -> HttpResponse:
    """Redirect to the next page; htmx follows a header."""
    if in_place(request):
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return HttpResponseRedirect(url)
