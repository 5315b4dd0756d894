"""The password lent to a job opens for that job alone, and not for long."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone

from accounts import lending
from accounts.models import LentCredential
from core import clock
from demo.servers.dovecot import MailAccount
from mail.errors import SignInNeeded

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_of_alice(signed_in: Callable[..., Client], alice: MailAccount) -> HttpRequest:
    return signed_in(alice).get("/preferences/").wsgi_request


def test_what_is_lent_opens_and_lies_in_no_clear(
    request_of_alice: HttpRequest, alice: MailAccount
) -> None:
    lent = lending.lend(request_of_alice)
    assert lending.opened(LentCredential.objects.get(pk=lent.pk)) == alice.password
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_lentcredential")
        assert alice.password.encode() not in repr(cursor.fetchall()).encode()


def test_a_seal_opens_for_its_own_job_alone(request_of_alice: HttpRequest) -> None:
    first, second = lending.lend(request_of_alice), lending.lend(request_of_alice)
    first.sealed = second.sealed
    with pytest.raises(SignInNeeded):
        lending.opened(first)


def test_another_lending_key_opens_nothing(request_of_alice: HttpRequest, settings) -> None:
    lent = lending.lend(request_of_alice)
    settings.LENDING_KEY = b"k" * 32
    with pytest.raises(SignInNeeded):
        lending.opened(lent)


def test_a_password_changed_since_is_not_used(request_of_alice: HttpRequest) -> None:
    lent = lending.lend(request_of_alice)
    lent.user.mail_password_changed = timezone.now()
    lent.user.save()
    with pytest.raises(SignInNeeded):
        lending.opened(LentCredential.objects.get(pk=lent.pk))


def test_a_password_changed_here_goes_on_to_the_jobs_that_had_the_one_before(
    request_of_alice: HttpRequest,
) -> None:
    user = lending.lend(request_of_alice).user
    stopped = lending.lend(request_of_alice)
    LentCredential.objects.filter(pk=stopped.pk).update(changed=timezone.now())
    user.mail_password_changed = timezone.now()
    user.save()
    assert lending.renew(user, None, "Nuage+Lampe-Tulipe8") == 1
    renewed = LentCredential.objects.exclude(pk=stopped.pk).get()
    assert lending.opened(renewed) == "Nuage+Lampe-Tulipe8"
    with pytest.raises(SignInNeeded):
        lending.opened(LentCredential.objects.get(pk=stopped.pk))


def test_after_a_day_it_opens_no_more_and_goes(request_of_alice: HttpRequest) -> None:
    lent, fresh = lending.lend(request_of_alice), lending.lend(request_of_alice)
    assert timedelta(hours=23) < lent.until - clock.now() <= timedelta(hours=24)
    lent.until = clock.now() - timedelta(seconds=1)
    lent.save()
    with pytest.raises(SignInNeeded):
        lending.opened(lent)
    assert lending.forget_overdue() == 1
    assert list(LentCredential.objects.all()) == [fresh]


def test_what_was_given_back_is_gone(request_of_alice: HttpRequest) -> None:
    lent = lending.lend(request_of_alice)
    lending.give_back(lent)
    lending.give_back(lent)
    lending.give_back(None)
    assert not LentCredential.objects.exists()
    with pytest.raises(SignInNeeded):
        lending.opened(None)


def test_a_session_that_opens_no_more_lends_nothing(request_of_alice: HttpRequest) -> None:
    request_of_alice.COOKIES.clear()
    with pytest.raises(SignInNeeded):
        lending.lend(request_of_alice)


def test_a_message_that_leaves_in_a_month_has_it_until_then(request_of_alice: HttpRequest) -> None:
    then = timezone.now() + timedelta(days=30)
    lent = lending.lend(request_of_alice, until=then)
    assert lent.until == then
    lent.lent -= timedelta(days=29)
    lent.save()
    assert lending.forget_overdue() == 0
    assert lending.opened(LentCredential.objects.get(pk=lent.pk))
    sooner = lending.lend(request_of_alice, until=timezone.now())
    assert sooner.until > timezone.now() + timedelta(hours=23)
