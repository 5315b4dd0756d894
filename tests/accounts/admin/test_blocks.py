"""The block of an account in the administration."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, User

REASON = "Votre poste envoyait des pourriels."


def form(user: User, **fields: str) -> dict[str, str]:
    return {"name": "", "address": user.address, **fields}


@pytest.fixture
def change(administrator: Client, person: Callable[..., User]) -> tuple[Callable[..., int], User]:
    user = person("prof")

    def post(**fields: str) -> int:
        address = f"/admin/accounts/user/{user.pk}/change/"
        status: int = administrator.post(address, form(user, **fields)).status_code
        user.refresh_from_db()
        return status

    return post, user


def test_an_administrator_blocks_with_reason_and_end(change) -> None:
    post, user = change
    until = timezone.localdate() + timedelta(days=7)
    assert post(blocked_reason=REASON, blocked_until=until.strftime("%d/%m/%Y")) == 302
    assert (user.is_active, user.blocked_reason, user.blocked_until) == (False, REASON, until)
    event = AuditEvent.objects.get(kind=AuditEvent.Kind.ADMINISTERED)
    assert event.target == str(user) and event.detail["action"] == "changed"
    assert REASON not in str(event.detail)
    assert post(is_active="on", blocked_reason=REASON) == 302
    assert (user.is_active, user.blocked_reason, user.blocked_until) == (True, "", None)


def test_an_end_in_the_past_and_a_reason_without_a_block_are_refused(change) -> None:
    post, user = change
    assert post(blocked_until=timezone.localdate().strftime("%d/%m/%Y")) == 200
    assert post(is_active="on", blocked_reason=REASON) == 200
    assert user.is_active and not user.blocked_reason
