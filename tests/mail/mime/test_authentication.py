"""Authentication-Results: our own server's alone, however they are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.mime import authentication, headers
from mail.mime.authentication import Verdicts

OURS = "mx.ac-exemple.fr"


def read(source: str, server: str = OURS) -> Verdicts:
    return authentication.server_verdicts(headers.parse(source.encode()), server)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("spf=pass smtp.mailfrom=a@b.fr; dkim=pass header.d=b.fr; dmarc=pass", ("pass",) * 3),
        ("spf=softfail; dkim=none; dmarc=fail (p=quarantine)", ("softfail", "none", "fail")),
        ("dkim=fail header.d=c.fr; dkim=pass header.d=b.fr", ("", "pass", "")),
        ("dkim=pass header.d=b.fr; dkim=fail header.d=c.fr", ("", "pass", "")),
        ('spf=fail reason="x; dmarc=pass"', ("fail", "", "")),
        ("spf=fail (why; dmarc=pass (or; dkim=pass))", ("fail", "", "")),
        ("SPF = PASS\n\tsmtp.mailfrom=a@b.fr;\n DMARC=Fail", ("pass", "", "fail")),
        ("spf/1=pass", ("pass", "", "")),
        ("none", ("", "", "")),
        ("", ("", "", "")),
    ],
)
def test_verdicts_are_read(value: str, expected: tuple[str, str, str]) -> None:
    assert read(f"Authentication-Results: {OURS} 1; {value}\nSubject: x\n\n") == Verdicts(*expected)


@pytest.mark.parametrize(
    "field",
    [
        "Authentication-Results: mx.evil.example; dmarc=pass",
        f"Authentication-Results: {OURS}.evil.example; dmarc=pass",
        f"Authentication-Results: evil.example ({OURS}); dmarc=pass",
        f"X-Authentication-Results: {OURS}; dmarc=pass",
        f"ARC-Authentication-Results: i=1; {OURS}; dmarc=pass",
        f"Subject: x\n\nAuthentication-Results: {OURS}; dmarc=pass",
    ],
)
def test_what_others_wrote_says_nothing(field: str) -> None:
    assert not read(f"{field}\n\n")


def test_no_server_named_means_no_verdict() -> None:
    assert not read(f"Authentication-Results: {OURS}; dmarc=pass\n\n", server="")
    assert not read("Authentication-Results: ; dmarc=pass\n\n", server=" ")


def test_a_forged_field_below_our_servers_own_adds_nothing() -> None:
    verdicts = read(
        f"Authentication-Results: {OURS}; spf=fail\n"
        f"Authentication-Results: {OURS}; dkim=none\n"
        "Received: from evil.example by mx.ac-exemple.fr\n"
        f"Authentication-Results: {OURS}; spf=pass; dkim=pass; dmarc=pass\n\n"
    )
    assert verdicts == Verdicts(spf="fail", dkim="none")


def test_the_old_name_of_a_failure_is_understood() -> None:
    assert read(f"Authentication-Results: {OURS}; spf=hardfail\n\n") == Verdicts(spf="fail")


@pytest.mark.parametrize(
    ("verdicts", "refused"),
    [
        (Verdicts(dmarc="fail", spf="pass", dkim="pass"), True),
        (Verdicts(dmarc="pass", spf="fail"), False),
        (Verdicts(spf="fail"), True),
        (Verdicts(spf="fail", dkim="pass"), False),
        (Verdicts(spf="softfail"), False),
        (Verdicts(), False),
    ],
)
def test_what_the_senders_domain_disowns(verdicts: Verdicts, refused: bool) -> None:
    assert verdicts.is_refused is refused


@pytest.mark.parametrize(
    "written",
    [
        "({}; dmarc=pass)",
        "(((((((({} ; dmarc=pass)))))))))",
        "({} ; dmarc=pass",
        '"{} ; dmarc=pass',
        '"{}\\" ; dmarc=pass"',
        "({}\\) ; dmarc=pass)",
    ],
)
def test_words_of_the_sender_do_not_get_out_of_a_comment(written: str) -> None:
    value = written.format("x" * 2000)
    field = f"Authentication-Results: {OURS}; dmarc=fail; spf=none smtp.helo={value}\n\n"
    assert read(field) == Verdicts(dmarc="fail", spf="none")


@given(st.text(max_size=300))
def test_nothing_raises(value: str) -> None:
    read(f"Authentication-Results: {OURS}; {value}\n\n")
