"""Values as PHP serialises them, and bytes that are none."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addressbook.importers import php
from tests.cases import each
from tests.webmail.migrating.installations import serialised

_KEYS = st.integers(-(2**63), 2**63 - 1) | st.text(max_size=8)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=20),
    lambda inner: st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=20,
)


@given(_VALUES)
def test_what_php_wrote_is_read_as_it_was(value: Any) -> None:
    assert php.read_php(serialised(value)) == value


def test_floats_and_signs_are_read() -> None:
    assert php.read_php(b"d:0.5;") == 0.5
    assert php.read_php(b"d:-1.0E+25;") == -1e25
    assert php.read_php(b"i:+3;") == 3


def test_lengths_count_bytes_and_a_string_may_hold_anything() -> None:
    assert php.read_php(b's:9:"";}i:0;\xc3\xa9";') == '";}i:0;é'


def test_a_string_that_is_not_utf_8_is_windows_1252() -> None:
    assert php.read_php(b's:2:"\xe9\x80";') == "é€"


@each(
    "raw",
    [
        b"",
        b"x",
        b"i:1",
        b"i:12345678901234567890;",
        b"b:2;",
        b"d:1-1;",
        b's:5:"abc";',
        b's:999999999:"abc";',
        b's:-1:"";',
        b'a:1:{i:0;s:1:"a";',
        b"a:2:{i:0;i:1;}",
        b"a:1:{i:0;i:1;i:2;i:3;}",
        b"a:1:{i:0;}",
        b"a:0:{i:0;}",
        b"a:1:{b:1;i:0;}",
        b"a:1:{N;i:0;}",
        b"a:1:{a:0:{}i:0;}",
        b"}",
        b"i:1;i:2;",
        b"a:0:{}}",
        b'O:8:"stdClass":0:{}',
        b'a:1:{i:0;O:8:"stdClass":0:{}}',
        b'C:3:"Foo":3:{abc}',
        b"a:2:{i:0;i:5;i:1;R:2;}",
        b"r:1;",
        b'E:7:"Foo:Bar";',
    ],
)
def test_what_is_no_plain_value_is_refused(raw: bytes) -> None:
    with pytest.raises(php.BrokenValue):
        php.read_php(raw)


def test_a_number_of_arrays_inside_each_other_is_refused_and_not_followed() -> None:
    with pytest.raises(php.BrokenValue):
        php.read_php(b"a:1:{i:0;" * 500_000)


def test_too_many_bytes_and_too_many_values_are_refused() -> None:
    with pytest.raises(php.BrokenValue):
        php.read_php(serialised("x" * php.LARGEST))
    with pytest.raises(php.BrokenValue):
        php.read_php(b"a:1:{" + b"i:0;" * (2 * php.MOST_VALUES + 1))


def test_twice_the_bytes_take_twice_the_time() -> None:
    def seconds(count: int) -> float:
        raw = serialised(["é" * 20] * count)
        began = time.process_time()
        php.read_php(raw)
        return time.process_time() - began

    small = min(seconds(10_000) for _ in range(3))
    assert min(seconds(40_000) for _ in range(3)) < 12 * small


def test_a_value_that_is_no_array_is_none_where_one_is_asked_for() -> None:
    assert php.array(b" ") == {}
    with pytest.raises(php.BrokenValue):
        php.array(b"i:1;")
