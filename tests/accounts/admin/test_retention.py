"""Traces go by themselves, after the times in the settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import audit, retention, tasks
from accounts.models import Announcement, AuditEvent, KnownDevice, User, UserSession

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]
Kind = AuditEvent.Kind


def line(kind: str, days: float) -> AuditEvent:
    event = audit.record(AuditEvent.Kind(kind), target="")
    AuditEvent.objects.filter(pk=event.pk).update(when=timezone.now() - timedelta(days=days))
    return event


@pytest.mark.parametrize("kind", [*retention.LOOKUPS])
def test_lookups_go_after_six_months(kind: str) -> None:
    kept, _gone = line(kind, 182), line(kind, 184)
    assert retention.forget()["lookups"] == 1
    assert list(AuditEvent.objects.all()) == [kept]


def test_all_else_goes_after_a_year() -> None:
    others = set(Kind.values) - set(retention.LOOKUPS)
    kept = [line(kind, 364) for kind in others]
    for kind in others:
        line(kind, 366)
    assert retention.forget()["audit"] == len(others)
    assert set(AuditEvent.objects.all()) == set(kept)


def test_the_settings_say_how_long(settings) -> None:
    settings.KEEP_AUDIT_DAYS, settings.KEEP_LOOKUPS_DAYS = 10, 5
    line(Kind.SIGNED_IN, 11)
    line(Kind.LOOKUP_FOUND, 6)
    kept = [line(Kind.SIGNED_IN, 9), line(Kind.LOOKUP_FOUND, 4)]
    tasks.forget_old_traces()
    assert set(AuditEvent.objects.all()) == set(kept)


def test_sessions_and_devices_go_thirty_days_after_their_last_use(
    person: Callable[..., User],
) -> None:
    user, now = person("prof"), timezone.now()
    for n, days in enumerate((29, 31)):
        used = now - timedelta(days=days)
        UserSession.objects.create(user=user, session_key=f"k{n}", last_used=used)
        KnownDevice.objects.create(user=user, digest=f"d{n}", last_used=used)
    gone = retention.forget()
    assert (gone["sessions"], gone["devices"]) == (1, 1)
    assert [own.session_key for own in UserSession.objects.all()] == ["k0"]
    assert [own.digest for own in KnownDevice.objects.all()] == ["d0"]


def test_announcements_go_a_year_after_their_end_and_never_without_one() -> None:
    now = timezone.now()
    for title, days in (("kept", 364), ("gone", 366)):
        ended = now - timedelta(days=days)
        Announcement.objects.create(title=title, since=now - timedelta(days=999), until=ended)
    Announcement.objects.create(title="for ever", since=now - timedelta(days=999))
    assert retention.forget()["announcements"] == 1
    left = set(Announcement.objects.values_list("title", flat=True))
    assert left == {"kept", "for ever"}


def test_it_is_done_in_batches_and_a_second_time_finds_nothing(
    django_assert_max_num_queries,
) -> None:
    for _one in range(7):
        line(Kind.SIGNED_OUT, 400)
    with django_assert_max_num_queries(30):
        assert retention.forget(batch=3)["audit"] == 7
    assert set(retention.forget().values()) == {0}
