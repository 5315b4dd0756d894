"""So many tries within a time, and how they begin anew."""

from __future__ import annotations

import ipaddress
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.cache import cache

from accounts import limits
from accounts.limits import Limit

pytestmark = pytest.mark.usefixtures("clean_cache")
HOUR = Limit("numen", "somebody", 3, 3600)


def test_a_try_is_counted_before_it_is_made() -> None:
    assert [limits.reserve([HOUR]) == 0 for _try in range(5)] == [True, True, True, False, False]


def test_a_thousand_tries_at_once_do_not_pass_together() -> None:
    with ThreadPoolExecutor(20) as together:
        waits = list(together.map(lambda _n: limits.reserve([HOUR]), range(200)))
    assert waits.count(0) == 3


def test_who_is_over_is_told_how_long_to_wait() -> None:
    limits.count([HOUR] * 3)
    assert 3590 <= limits.wait([HOUR]) <= 3600


def test_of_several_limits_the_longest_wait_is_told() -> None:
    minute = Limit("all-lookups", "", 1, 60)
    limits.count([minute, HOUR, HOUR, HOUR])
    assert limits.wait([minute, HOUR]) > 60
    assert 0 < limits.wait([minute]) <= 60


def test_a_refused_try_uses_up_no_other_limit() -> None:
    full, other = Limit("lookups", "x", 1, 60), Limit("numen", "y", 5, 60)
    limits.count([full])
    limits.reserve([other, full])
    assert [state.count for state in limits.state([full, other])] == [1, 0]


def test_what_succeeded_is_taken_back() -> None:
    for _try in range(10):
        assert limits.reserve([HOUR]) == 0
        limits.take_back([HOUR])


def test_a_counter_that_ended_meanwhile_is_not_taken_below_nothing() -> None:
    limits.take_back([HOUR])
    assert limits.state([HOUR])[0].count == 0


def test_a_lifted_limit_begins_anew() -> None:
    limits.count([HOUR] * 3)
    limits.lift([HOUR])
    assert limits.wait([HOUR]) == 0
    assert limits.state([HOUR])[0].count == 0


def test_zero_is_no_limit() -> None:
    none = Limit("numen", "x", 0, 60)
    limits.count([none] * 100)
    assert limits.reserve([none]) == 0


def test_a_counter_ends_by_itself() -> None:
    short = Limit("numen", "x", 1, 1)
    limits.count([short])
    assert limits.wait([short]) == 1
    cache.touch(short.key, 0)
    assert limits.wait([short]) == 0


def test_an_exempt_network_is_held_by_no_limit_of_networks(settings) -> None:
    settings.LOGIN_EXEMPT_NETWORKS = [ipaddress.ip_network("192.0.2.0/24")]
    assert limits.of_lookups("192.0.2.7") == limits.of_network("192.0.2.7") == ()
    assert [limit.kind for limit in limits.of_sign_in("alice@1", "192.0.2.7")] == ["login"]


def test_an_unknown_address_is_held_by_the_limit_for_all() -> None:
    assert [limit.kind for limit in limits.of_lookups("")] == ["all-lookups"]


def test_wider_networks_have_limits_of_their_own(settings) -> None:
    settings.LOGIN_FAILURES_PER_NETWORK = 10
    _login, *counted = limits.of_sign_in("alice@1", "2001:db8:1:2::3")
    assert [(limit.subject, limit.most) for limit in counted] == [
        ("2001:db8:1:2::/64", 10),
        ("2001:db8:1::/56", 50),
        ("2001:db8:1::/48", 250),
        ("2001:db8::/32", 1250),
    ]
    _login, *counted = limits.of_sign_in("alice@1", "192.0.2.7")
    assert [limit.subject for limit in counted] == ["192.0.2.7", "192.0.2.0/24", "192.0.0.0/16"]


def test_a_limit_names_nobody() -> None:
    limit, *_networks = limits.of_sign_in("alice@1", "192.0.2.1")
    assert "alice" not in limit.key and "alice" not in repr(limit)


def test_a_storm_of_refused_tries_is_noted_once_a_minute() -> None:
    assert [limits.is_first(HOUR) for _time in range(3)] == [True, False, False]
