"""Institutions that sign all of their mail: what bears their domain without that is not theirs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mail.judgement import institutions, message, own_server, signs, verdict
from mail.judgement.known import KnownCorrespondents, Rules
from tests.cases import each
from webmail.doctor import own

RULES = Rules(servers=("mx.ac.test",), domains=("ac.test",))
BORDER = (
    "Received: from out.example (out.example [203.0.113.7]) by mx.ac.test with ESMTP;"
    " Tue, 03 Mar 2026 09:00:00 +0100\n"
)
ELSEWHERE = "Return-Path: <x@envoi.example>\n"


def found(result: str) -> str:
    return f"Authentication-Results: mx.ac.test; {result}\n"


def raw(above: str = "", below: str = "", sender: str = "alerte@impots.gouv.fr") -> bytes:
    return (
        f"{above}{BORDER}{below}From: Impots <{sender}>\nTo: a@ac.test\n"
        "Subject: Votre remboursement\nDate: Tue, 03 Mar 2026 09:00:00 +0100\n"
        "Message-ID: <1@envoi.example>\nContent-Type: text/html; charset=utf-8\n\n"
        '<p>Votre remboursement vous attend.</p><a href="https://envoi.example/x">Ici</a>'
    ).encode()


def is_unproved(data: bytes) -> bool:
    read = message.read_message(data)
    server = own_server.server_verdict(read.headers, RULES.servers, RULES.domains)
    return signs.is_unproved(read, server)


CASES = {
    "DMARC failed": (found("dmarc=fail; dkim=pass"), "", True),
    "DMARC passed": (found("dmarc=pass") + ELSEWHERE, "", False),
    "no policy": (found("dmarc=none; spf=fail"), "", False),
    "neither SPF nor DKIM": (found("spf=softfail; dkim=none"), "", True),
    "DKIM alone": (found("dkim=pass; spf=fail"), "", False),
    "our server found nothing": (ELSEWHERE, "", False),
    "its results were brought along": (ELSEWHERE, found("dmarc=fail"), False),
    "a mailing list": (found("dmarc=fail"), "List-Id: <cdi.liste.example>\n", False),
    "a forward with ARC": (found("dmarc=fail"), "ARC-Seal: i=1; d=x.example\n", False),
}


@each("above, below, wanted", CASES.values(), CASES)
def test_what_says_that_a_message_is_the_institutions(above: str, below: str, wanted: bool) -> None:
    assert is_unproved(raw(above, below)) is wanted


def test_subdomains_are_meant_and_names_that_only_end_alike_are_not() -> None:
    for domain in ("gouv.fr", "x.impots.gouv.fr", "ac-lille.fr", "info.ameli.fr", "PayPal.com"):
        assert institutions.signs_all_mail(domain), domain
    for domain in ("xgouv.fr", "gouv.fr.example", "ac-lille.fr.example", "laposte.net", ""):
        assert not institutions.signs_all_mail(domain), domain


def test_a_forged_institution_is_a_fraud() -> None:
    judged = verdict.judge(raw(found("spf=fail; dkim=none") + ELSEWHERE), rules=RULES)
    assert judged.kind == "fraud"


@pytest.mark.parametrize("field", ["addresses", "domains"])
def test_an_institution_that_the_reader_knows_stays(field: str) -> None:
    known = KnownCorrespondents(**{field: frozenset({"alerte@impots.gouv.fr", "impots.gouv.fr"})})
    judged = verdict.judge(raw(ELSEWHERE), known, RULES)
    assert judged.kind == "wanted"


def test_a_list_older_than_a_year_is_told() -> None:
    renewed = institutions.signing_renewed()
    assert not list(own.signing_list(renewed + timedelta(days=360)))
    [finding] = own.signing_list(renewed + timedelta(days=400))
    assert finding.level == "warn"
