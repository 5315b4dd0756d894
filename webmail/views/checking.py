"""The checks of addresses that the composer's lines of recipients request."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.http import JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest, login_required
from accounts.models import User
from addressbook.contacts import known
from webmail.mime import addresses
from webmail.writing import recipients, slips

MOST = 1_000
"""Addresses of one request; those beyond are not answered."""
_LONGEST = 320
_MOST_SLIPS = 50
"""Domains of one request that are looked for among the contacts."""


@dataclass(frozen=True, slots=True)
class Checked:
    """``suggestion``: the address that was probably meant, or ""."""

    address: str
    valid: bool
    suggestion: str
    outside: bool


@require_http_methods(["GET", "POST"])
@login_required
@cache_control(private=True, no_store=True)
def check(request: SignedInRequest) -> JsonResponse:
    """JSON: ``addresses``, what there is to say of each ``address`` that is asked for, in their
    order. By their letters, the authority's domains and the person's own contacts alone: whether
    an account exists is nobody's to ask."""
    sent = request.POST if request.method == "POST" else request.GET
    typed = [text[:_LONGEST] for text in sent.getlist("address")[:MOST]]
    return JsonResponse(
        {"addresses": [asdict(checked) for checked in _checked(request.user, typed)]}
    )


def _checked(user: User, typed: list[str]) -> list[Checked]:
    own = recipients.own_domains()
    meant = {text: slips.suggestion(text, (), own) for text in dict.fromkeys(typed)}
    doubted = {text.rpartition("@")[2].lower() for text, suggestion in meant.items() if suggestion}
    right = {name for name in sorted(doubted)[:_MOST_SLIPS] if known.knows_domain(user, name)}
    return [
        Checked(
            address=text,
            valid=addresses.is_valid(text),
            suggestion="" if text.rpartition("@")[2].lower() in right else meant[text],
            outside=recipients.is_outside(text, own),
        )
        for text in typed
    ]
