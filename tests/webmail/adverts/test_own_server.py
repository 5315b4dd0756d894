"""The fields that are our own server's."""

from __future__ import annotations

import pytest

from mail.judgement import own_server
from mail.mime import headers

BORDER = (
    "Received: from out.shop.example (out.shop.example [203.0.113.7]) by mx.ac.test with ESMTP; x\n"
)
LAST = "Received: from mx.ac.test ([192.0.2.1]) by box.ac.test with LMTP; x\n"


def read(fields: str, servers: tuple[str, ...] = ()) -> own_server.ServerVerdict:
    return own_server.server_verdict(headers.parse(fields.encode() + b"\n"), servers, ())


@pytest.mark.parametrize(
    ("field", "spam"),
    [
        ("X-Spam-Flag: YES", True),
        ("X-Spam-Status: Yes, score=7.1 required=5.0", True),
        ("X-Spam-Status: No, score=1.0 required=5.0", False),
        ("X-Spamd-Result: default: True [15.00 / 6.00]", True),
        ("X-Spamd-Result: default: False [3.00 / 6.00]", False),
        ("X-Bogosity: Spam, tests=bogofilter", True),
        ("X-Bogosity: Ham, tests=bogofilter", False),
        ("X-VR-SPAMSTATE: OK", False),
        ("X-VR-SPAMSTATE: SPAM", True),
        ("X-VADE-SPAMSTATE: clean", False),
        ("X-VADE-SPAMSTATE: spam:low", True),
        ("X-VADE-SPAMSTATE: phishing", True),
        ("X-Proofpoint-Spam-Details: rule=notspam policy=default score=0 spamscore=0", False),
        ("X-Proofpoint-Spam-Details: rule=inbound_spam policy=inbound score=100", True),
        ("X-Proofpoint-Spam-Details: rule=inbound_phish policy=inbound score=100", True),
        ("X-MS-Exchange-Organization-SCL: 9", None),
        ("X-Other: YES", None),
    ],
)
def test_verdicts_of_the_usual_programs_are_read(field: str, spam: bool | None) -> None:
    assert read(f"{LAST}{field}\n{BORDER}").spam is spam


def test_the_score_is_given_by_its_limit() -> None:
    assert read(f"X-Spam-Status: No, score=4.0 required=5.0\n{BORDER}").ratio == 0.8
    assert read(f"X-Spamd-Result: default: False [3.00 / 6.00]\n{BORDER}").ratio == 0.5
    assert read(BORDER).ratio is None


def test_fields_below_the_border_are_the_senders() -> None:
    assert read(f"{LAST}{BORDER}X-Spam-Flag: YES\n").spam is None


def test_a_client_that_calls_itself_by_our_name_is_the_border() -> None:
    liar = "Received: from mx.ac.test (unknown [203.0.113.9]) by mx.ac.test with ESMTP; x\n"
    assert read(f"{liar}X-Spam-Flag: YES\n{BORDER}").spam is None


def test_a_hop_between_servers_of_ours_is_passed() -> None:
    inner = "Received: from mx.ac.test (mx.ac.test [192.0.2.1]) by in.ac.test with ESMTP; x\n"
    assert read(f"{inner}X-Spam-Flag: YES\n{BORDER}").spam is True


def test_without_a_received_field_nothing_is_ours() -> None:
    assert read("X-Spam-Flag: YES\nSubject: x\n").spam is None


def test_the_authority_is_the_domain_delivered_to_when_the_server_bears_it() -> None:
    assert read(f"Delivered-To: a@ac.test\n{BORDER}").own == {"ac.test"}
    assert read(f"Delivered-To: a@hosted.example\n{BORDER}").own == frozenset()


EXCHANGE = (
    "Received: from MBX2.ac.test (192.0.2.9) by MBX1.ac.test (192.0.2.8) with Microsoft SMTP"
    " Server (version=TLS1_2) id 15.2.1; x\n"
)
ONLINE = "Received: from A.prod.outlook.com (::1) by B.prod.outlook.com with HTTPS; x\n"
RESULTS = "Authentication-Results: spf=fail (sender IP is 203.0.113.7) smtp.mailfrom=a.example;"
RESULTS += " dkim=none (message not signed) header.d=none;dmarc=fail action=none header.from=a.b\n"


@pytest.mark.parametrize("last", [EXCHANGE, ONLINE])
@pytest.mark.parametrize(
    ("field", "spam"),
    [
        ("X-MS-Exchange-Organization-SCL: 9", True),
        ("X-MS-Exchange-Organization-SCL: 5", True),
        ("X-MS-Exchange-Organization-SCL: 4", False),
        ("X-MS-Exchange-Organization-SCL: -1", False),
        ("X-MS-Exchange-Organization-SCL: 1\nX-MS-Exchange-Organization-PCL: 8", True),
        ("X-MS-Exchange-Organization-SCL: much", None),
        ("X-Spam-Flag: YES", None),
    ],
)
def test_exchanges_levels_are_read_wherever_they_stand(
    last: str, field: str, spam: bool | None
) -> None:
    assert read(f"{last}{BORDER}{field}\n").spam is spam


def test_exchanges_results_have_no_name() -> None:
    found = read(f"{EXCHANGE}{RESULTS}{BORDER}").verdicts
    assert (found.spf, found.dkim, found.dmarc) == ("fail", "none", "fail")
    assert not read(f"{LAST}{RESULTS}{BORDER}").verdicts


def test_an_exchange_of_somebody_else_says_nothing() -> None:
    passed_on = f"{LAST}{BORDER}{EXCHANGE}X-MS-Exchange-Organization-SCL: 9\n"
    assert read(passed_on).spam is None
    assert read(f"{EXCHANGE}X-MS-Exchange-Organization-SCL: 9\n", ("box.test",)).spam is None


def test_results_under_a_name_that_was_found_count_above_the_border_alone() -> None:
    def dmarc(fields: str) -> str:
        parsed = headers.parse(fields.encode() + b"\n")
        return own_server.server_verdict(parsed, (), (), "filter.invalid").verdicts.dmarc

    signed = "Authentication-Results: filter.invalid (x); dmarc=pass\n"
    assert dmarc(f"{LAST}{signed}{BORDER}") == "pass"
    assert dmarc(f"{LAST}{BORDER}{signed}") == ""
    assert read(f"{LAST}{signed}{BORDER}").verdicts.dmarc == ""
