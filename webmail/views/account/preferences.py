"""The pages of the preferences, and the search over all settings."""

from __future__ import annotations

from typing import Any

from django.contrib import messages as toasts
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts import session
from accounts.http import SignedInRequest, login_required
from accounts.looks import themes
from core.preferences import Preferences
from mail.errors import BadServerAnswer, ServerRefused, ServerUnavailable
from mail.mailbox import folders as mail_folders
from webmail import enforcing
from webmail.forms.preferences import PreferencesForm, offered
from webmail.presentation import settings
from webmail.presentation.folder_list import FolderList
from webmail.views.judgement.script import renew_adverts
from webmail.views.page import read_folders

_LONGEST = 100


@require_http_methods(["GET", "POST"])
@login_required
def preferences(request: SignedInRequest, tab: str = "") -> HttpResponse:
    """Show the preferences of a page of the settings as a form; locked ones cannot be changed.
    Without the name of a page the first page is shown, and a POST may change any preference."""
    if tab and tab not in settings.CHOOSING:
        raise Http404
    if "reset" in request.POST:
        return _reset(request, tab)
    posted = _moved(request.POST) if request.method == "POST" else None
    form_tab = tab if posted is not None else tab or settings.DISPLAY.name
    offers_folders = any(preference.folder for preference in offered(form_tab))
    folders = _folders(request, anew=True) if offers_folders else None
    form = PreferencesForm(
        posted,
        preferences=request.preferences,
        tab=form_tab,
        folders=_places(folders) if folders else None,
    )
    _name_accent(request, form)
    if form.is_valid():
        _save(request, {**request.user.preferences, **form.cleaned_data})
        with translation.override(form.cleaned_data.get("language", request.preferences.language)):
            toasts.success(request, gettext("Preferences saved."))
        return _back(tab)
    if not offers_folders:
        folders = _folders(request, anew=False)
    context = {"form": form, "folders": folders, "tab": tab or settings.DISPLAY.name}
    status = 422 if form.is_bound else 200
    return render(request, "webmail/preferences/preferences.html", context, status=status)


def _name_accent(request: SignedInRequest, form: PreferencesForm) -> None:
    """Name the choice of the accent after the theme, if a theme has replaced the blue."""
    field: Any = form.fields.get("accent")
    if field is not None and themes.theme_of(request).sheet:
        (blue, _blue), *others = field.choices
        field.choices = [(blue, gettext("That of my authority")), *others]


def _moved(posted: QueryDict) -> QueryDict:
    """Return the posted values, with a tool moved one place if a button of the toolbar's order was
    pressed. All other choices are saved, too."""
    names = posted.getlist("toolbar")
    for button, step in (("raise", -1), ("lower", 1)):
        name = posted.get(button)
        if name in names and 0 <= (place := names.index(name) + step) < len(names):
            names.remove(name)
            names.insert(place, name)
            posted = posted.copy()
            posted.setlist("toolbar", names)
    return posted


def _folders(request: SignedInRequest, *, anew: bool) -> FolderList | None:
    """Return the folders; None if the mail server is not available, since settings are kept here
    and open all the same. ``anew`` is False for the column of folders: the connection's last
    listing is used then, without a command."""
    try:
        with session.imap(request) as imap:
            return read_folders(imap, "", anew=anew or not mail_folders.are_kept(imap)).shown
    except (ServerUnavailable, ServerRefused, BadServerAnswer):
        return None


def _places(folders: FolderList) -> list[tuple[str, str]]:
    """Return the folders that can be opened, by name and label."""
    return [(row.name, row.label) for row in folders.rows if row.usable]


def _reset(request: SignedInRequest, tab: str) -> HttpResponseRedirect:
    """Reset the preferences of the page to the administrators' values, or to the defaults."""
    names = {preference.name for preference in offered(tab)}
    chosen = request.user.preferences
    _save(request, {name: value for name, value in chosen.items() if name not in names})
    toasts.success(request, gettext("The original settings are back."))
    return _back(tab)


def _save(request: SignedInRequest, chosen: dict[str, object]) -> None:
    before = request.user.preferences.get("adverts")
    request.user.preferences = chosen
    request.user.save(update_fields=["preferences"])
    if chosen.get("adverts") != before:
        request.preferences = Preferences.combine(chosen, enforcing.of_request(request))
        renew_adverts(request)


def _back(tab: str) -> HttpResponseRedirect:
    if tab in ("", settings.DISPLAY.name):
        return redirect("mail:preferences")
    return redirect("mail:preferences_of", tab)


@require_GET
@login_required
def find(request: SignedInRequest) -> HttpResponse:
    """Show the settings that contain the words of a search, with their pages."""
    sought = " ".join(request.GET.get("q", "")[:_LONGEST].split())
    if not sought:
        return redirect("mail:preferences")
    context = {
        "folders": _folders(request, anew=False),
        "sought": sought,
        "found": settings.find_settings(sought, offered()),
    }
    return render(request, "webmail/preferences/settings_found.html", context)
