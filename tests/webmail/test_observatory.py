"""What Mozilla's HTTP Observatory asks of a site (its scoring, algorithm 4), of the answers that an
installation with https gives a stranger. It gave them 135 points, its A+ begins at 100."""

from __future__ import annotations

import re
import shutil
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest

from tests.installed import printed

SIX_MONTHS_S = 15_768_000
ANSWERS = """
import json, django
django.setup()
from django.test import Client

def told(path, method="get", secure=True, **fields):
    client = Client(headers={"host": "webmail.example"} | fields)
    answer = getattr(client, method)(path, secure=secure)
    cookies = [morsel.OutputString() for morsel in answer.cookies.values()]
    text = b"".join(answer).decode()
    return {"status": answer.status_code, "fields": dict(answer.items()), "cookies": cookies,
            "text": text}

other = {"origin": "https://other.example", "access-control-request-method": "GET"}
print(json.dumps({
    "plain": told("/", secure=False),
    "page": told("/accounts/login/"),
    "robots": told("/robots.txt"),
    "cors": told("/accounts/login/", "options", **other),
}))
"""
Answer = dict[str, Any]


@pytest.fixture(scope="module")
def answers(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answer]:
    database = shutil.copy(migrated, tmp_path_factory.mktemp("observatory") / "db.sqlite3")
    told: dict[str, Answer] = printed(
        ANSWERS,
        DATABASE_URL=f"sqlite:///{database}",
        REDIS_URL="",
        WEBMAIL_BASE_URL="https://webmail.example",
        WEBMAIL_DEBUG="1",  # static files need not be gathered
        WEBMAIL_DOMAIN="mail.example",
    )
    return told


@pytest.fixture
def sign_in_page(answers: dict[str, Answer]) -> Answer:
    answer = answers["page"]
    assert answer["status"] == 200
    return answer


def test_http_leads_to_https_on_the_same_host_at_once(answers: dict[str, Answer]) -> None:
    assert answers["plain"]["status"] == 301
    assert answers["plain"]["fields"]["Location"] == "https://webmail.example/"


def test_browsers_stay_with_https_for_half_a_year_at_least(sign_in_page: Answer) -> None:
    found = re.match(
        r"max-age=(\d+); includeSubDomains", sign_in_page["fields"]["Strict-Transport-Security"]
    )
    assert found and int(found[1]) >= SIX_MONTHS_S


def test_the_policy_begins_with_nothing_and_has_nothing_unsafe(sign_in_page: Answer) -> None:
    policy = sign_in_page["fields"]["Content-Security-Policy"]
    directives = [directive.split() for directive in policy.split(";")]
    names = [name for name, *_sources in directives]
    assert len(names) == len(set(names))
    sources = {name: values for name, *values in directives}
    assert sources["default-src"] == ["'none'"]
    assert sources["base-uri"] == ["'none'"]
    assert sources["form-action"] == sources["frame-ancestors"] == ["'self'"]
    assert {source for values in sources.values() for source in values} <= {
        *("'none'", "'self'", "data:")
    }
    assert "data:" not in {*sources["script-src"], *sources.get("object-src", [])}


def test_scripts_and_sheets_come_from_the_same_origin(sign_in_page: Answer) -> None:
    loaded = re.findall(r'<(?:script|link)[^>]* (?:src|href)="([^"]+)"', sign_in_page["text"])
    assert loaded
    assert not [address for address in loaded if not re.match(r"/(?!/)", address)]


def test_other_sites_may_neither_frame_nor_read_nor_load_it(
    sign_in_page: Answer, answers: dict[str, Answer]
) -> None:
    assert sign_in_page["fields"]["X-Frame-Options"] == "SAMEORIGIN"
    assert sign_in_page["fields"]["X-Content-Type-Options"] == "nosniff"
    assert sign_in_page["fields"]["Referrer-Policy"] in {"same-origin", "no-referrer"}
    assert sign_in_page["fields"]["Cross-Origin-Resource-Policy"] == "same-origin"
    assert sign_in_page["fields"]["Cross-Origin-Opener-Policy"] == "same-origin"
    for answer in answers.values():
        assert "Access-Control-Allow-Origin" not in answer["fields"]


def test_cookies_are_for_https_and_for_the_site_itself(sign_in_page: Answer) -> None:
    assert sign_in_page["cookies"]
    for cookie in sign_in_page["cookies"]:
        for name, morsel in SimpleCookie(cookie).items():
            assert name.startswith("__"), name
            assert morsel["secure"] and morsel["httponly"], name
            assert morsel["samesite"] in {"Lax", "Strict"}, name


def test_robots_are_told_something(answers: dict[str, Answer]) -> None:
    assert answers["robots"]["status"] == 200
    assert not answers["robots"]["cookies"]
