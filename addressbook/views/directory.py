"""The directory of the authority: read only, searched, page by page."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.http import SignedInRequest, login_required
from addressbook.directory import filters, finding, lists
from addressbook.forms.contacts import DirectoryForm
from addressbook.presentation import contacts as presentation
from addressbook.views.pages import page


@require_GET
@login_required
def directory(request: SignedInRequest) -> HttpResponse:
    """All by last name; with ``?q=`` those with all of its words, with ``?school=`` those of one
    school."""
    form = DirectoryForm(request.GET)
    query, school = form.value("q") or "", form.value("school") or ""
    entry_page = finding.page(request.user, query, school, form.value("page") or 1)
    mine = finding.contacts_of(request.user, entry_page.rows)
    context = {
        "query": query,
        "school": school,
        "school_name": entry_page.rows[0].school_name if school and entry_page.rows else school,
        "found": entry_page,
        "rows": [
            (row, presentation.write_url(row.name, row.address), mine.get(row.folded))
            for row in entry_page.rows
        ],
        "before_url": _url(query, school, entry_page.number - 1) if entry_page.number > 1 else "",
        "most": filters.most(),
        "has_lists": bool(lists.page("")),
        "next_url": _url(query, school, entry_page.number + 1) if entry_page.has_next else "",
    }
    return page(
        request,
        "directory/directory.html",
        context,
        current="directory",
        partial="addressbook/directory/_directory.html",
    )


def _url(query: str, school: str, number: int) -> str:
    query_values = {"q": query, "school": school, "page": str(number) if number > 1 else ""}
    query_values = {name: value for name, value in query_values.items() if value}
    return reverse("addressbook:directory") + (
        f"?{urlencode(query_values)}" if query_values else ""
    )
