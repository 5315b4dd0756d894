"""Access tokens, as the mechanisms have them."""

from __future__ import annotations

import base64

import pytest

from mail import bearer


def test_the_standard_comes_first() -> None:
    assert bearer.mechanism(["PLAIN", "XOAUTH2", "OAUTHBEARER"]) == "OAUTHBEARER"
    assert bearer.mechanism({"XOAUTH2"}) == "XOAUTH2"
    assert bearer.mechanism(["PLAIN"]) == ""


def test_the_example_of_the_standard() -> None:
    """RFC 7628 section 4.1."""
    said = bearer.first(
        "OAUTHBEARER", "user@example.com", "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==",
        "server.example.com", 143,
    )  # fmt: skip
    assert said == (
        b"bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZG"
        b"OWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"
    )
    assert bearer.second("OAUTHBEARER") == b"AQ=="


def test_a_login_with_the_signs_of_the_header() -> None:
    said = base64.b64decode(bearer.first("OAUTHBEARER", "a=b,c", "t", "h", 1))
    assert said.startswith(b"n,a=a=3Db=2Cc,\x01")


def test_the_older_one() -> None:
    said = base64.b64decode(bearer.first("XOAUTH2", "alice", "t", "h", 1))
    assert said == b"user=alice\x01auth=Bearer t\x01\x01"
    assert bearer.second("XOAUTH2") == b""


@pytest.mark.parametrize(
    ("login", "token"),
    [
        ("a\x01auth=Bearer x", "t"),
        ("a\r\nb", "t"),
        ("a", "t t"),
        ("a", ""),
        ("a", "t\x01"),
        ("a", "é"),
    ],
)
def test_what_would_end_the_message(login: str, token: str) -> None:
    assert not bearer.is_sayable(login, token)


def test_a_token_is_shown_nowhere() -> None:
    token = bearer.AccessToken("secret")
    assert "secret" not in repr(token)
    assert "secret" not in repr([token])
