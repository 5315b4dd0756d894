"""The posted form of the composer: the user is signed in again where that is needed, then the
form's button says what is done."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.http import HttpResponse, QueryDict

from accounts.forms import SignInForm
from accounts.http import AnyRequest
from accounts.models import User
from mail.errors import SignInNeeded, WebmailError
from webmail.forms.compose import ComposeForm
from webmail.middleware import in_place, note
from webmail.views.composer.posted import keeping
from webmail.views.composer.posted.answers import refuse
from webmail.views.composer.posted.post import Post
from webmail.views.composer.posted.sending import send
from webmail.writing import posted

_DONE: dict[str, Callable[[Post], HttpResponse]] = {
    ComposeForm.DISCARD: keeping.discard,
    ComposeForm.SAVE: keeping.save,
    ComposeForm.ATTACH: keeping.save,
    ComposeForm.CLOSE: keeping.close,
    ComposeForm.ROSTER: keeping.change_roster,
    ComposeForm.NO_ROSTER: keeping.change_roster,
    ComposeForm.DOCUMENTS: keeping.change_documents,
    ComposeForm.NO_DOCUMENTS: keeping.change_documents,
}
"""The actions of the form's buttons; any other button sends."""


def answer(request: AnyRequest) -> HttpResponse:
    """Do what the form's button says. Whatever goes wrong, the same page comes back with the text
    in it."""
    form = ComposeForm(_numbered(request.POST), request.FILES)
    try:
        if refused := _sign_in_again(request):
            return refuse(request, form, status=refused.failure_status, sign_in=refused)
        if not isinstance(request.user, User) or request.user.is_local_administrator:
            raise SignInNeeded
        post = Post(request, form)  # type: ignore[arg-type]  # its person is known
        return _DONE.get(form.action, send)(post)
    except SignInNeeded as error:
        if in_place(request):
            raise
        return refuse(request, form, status=error.status, error=error)
    except WebmailError as error:
        note(error)
        return refuse(request, form, status=error.status, error=error)


def _numbered(data: QueryDict) -> QueryDict:
    """Return the posted data, with a number for the draft and a key for the sending where the form
    has no valid ones."""
    data = data.copy()
    for name in ("draft", "key"):
        if posted.number(data.get(name, "")) is None:
            data[name] = str(uuid.uuid4())
    return data


def _sign_in_again(request: AnyRequest) -> SignInForm | None:
    """Sign in by the password in the composer's form, which a user without a script gives once the
    session has ended. Return the form of the sign-in where it was refused, else None."""
    if not request.POST.get("password"):
        return None
    again = SignInForm(request.POST, request=request)
    # Another user's sign-in would send, from that user's address, what the first one wrote.
    if again.is_valid() and request.user.is_authenticated and again.user != request.user:
        again.add_error(None, SignInForm.wrong_person)
    if not again.is_valid():
        return again
    again.login(request)
    return None
