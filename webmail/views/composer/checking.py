"""The checks of addresses that the recipient fields of the composer request."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.http import JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import SignedInRequest, login_required
from accounts.models import User
from addressbook.contacts import sharing
from addressbook.contacts.groups import GroupGap
from mail.mime import addresses
from webmail.writing import doubts, matching, recipients

MOST = 1_000
"""The most addresses that one request may ask about; any others get no answer."""
MOST_GROUPS = 20
_LONGEST = 320
_MOST_NAMED = 500
"""The most names and addresses that the answer about a group contains."""


@dataclass(frozen=True, slots=True)
class Checked:
    """The result for one address. ``suggestion`` is the address that was probably meant, or ""."""

    address: str
    valid: bool
    suggestion: str
    outside: bool


@require_http_methods(["GET", "POST"])
@login_required
@cache_control(private=True, no_store=True)
def check(request: SignedInRequest) -> JsonResponse:
    """Answer with JSON: ``addresses`` holds the result for each ``address`` of the request, in
    order; ``groups`` the members of each ``group`` that get no message.

    Addresses are judged by their spelling, by the domains of the authority and by the user's own
    contacts. The answer never tells whether an account exists.
    """
    sent = request.POST if request.method == "POST" else request.GET
    typed = [text[:_LONGEST] for text in sent.getlist("address")[:MOST]]
    names = [name[:_LONGEST] for name in sent.getlist("group")[:MOST_GROUPS]]
    return JsonResponse(
        {
            "addresses": [asdict(checked) for checked in _checked(request.user, typed)],
            "groups": [_gap(gap) for gap in sharing.gaps(request.user, names)],
        }
    )


@require_POST
@login_required
@cache_control(private=True, no_store=True)
def beside(request: SignedInRequest) -> JsonResponse:
    """Answer with JSON: ``others`` are the people beside the family at each ``address``, with the
    words that would name them in a text. The browser looks for these words in the message, so that
    its text is not sent here."""
    typed = [text[:_LONGEST] for text in request.POST.getlist("address")[:MOST]]
    others = doubts.others_beside(request.user, typed)
    people = [
        {"shown": other.shown, "rows": matching.rows_of(other.first, other.last)}
        for other in others
    ]
    return JsonResponse({"others": people})


def _checked(user: User, typed: list[str]) -> list[Checked]:
    own = recipients.own_domains()
    misspelt = recipients.misspelt(user, typed, own)
    return [
        Checked(
            address=text,
            valid=addresses.is_valid(text),
            suggestion=misspelt.get(text, ""),
            outside=recipients.is_outside(text, own),
        )
        for text in typed
    ]


def _gap(gap: GroupGap) -> dict[str, object]:
    return {
        "group": gap.group,
        "without_address": gap.without_address[:_MOST_NAMED],
        "other_addresses": gap.other_addresses[:_MOST_NAMED],
    }
