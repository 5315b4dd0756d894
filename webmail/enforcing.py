"""The administrators' values of preferences for one user, from the cache, so that a page costs no
more queries. If a value is for a school or a function, a session queries those of its user once a
day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from django.http import HttpRequest

from accounts import membership
from accounts.models import User
from core.preferences import AdministratorsChoice, GroupsValue, UserGroup, for_group
from webmail.models import PreferenceDefault

Choices = Mapping[str, AdministratorsChoice]


def of_request(request: HttpRequest) -> Choices:
    """Return the administrators' choices for the user of a request; without a user, those for
    everybody.
    """
    user = request.user if isinstance(request.user, User) else None
    return _chosen(user, lambda: membership.of_request(request))


def of_user(user: User) -> Choices:
    """Return the administrators' choices for a user outside a request."""
    return _chosen(user, lambda: membership.of_user(user))


def _chosen(user: User | None, ask: Callable[[], tuple[str, str]]) -> Choices:
    rows: Sequence[GroupsValue] = PreferenceDefault.objects.all().in_force()
    if not rows:
        return {}
    domain = user.mail_domain_id if user else None
    needs_record = domain is not None and any(row.school or row.function for row in rows)
    school, function = ask() if needs_record else ("", "")
    return for_group(rows, UserGroup(domain, school, function))
