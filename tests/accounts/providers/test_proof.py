"""Whether a browser can name the user of a sign-in by the proxy, tried through a real nginx."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.test import Client
from pytest_django import Settings

from accounts.providers import proof
from accounts.providers.failures import ProviderFailure
from accounts.providers.proof import Passage
from demo.servers.process import free_port
from tests.browser.conftest import running
from tests.servers import nginx
from tests.servers.plugin import missing
from webmail.doctor import address

pytestmark = pytest.mark.django_db(transaction=True)
HEADER = "X-Remote-User"
STRIPS = re.compile(r'^proxy_set_header [\w-]+ "";\n', re.MULTILINE)
Proxy = Callable[..., None]


@pytest.fixture(autouse=True)
def configured(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.REMOTE_USER_HEADER = HEADER
    settings.TRUSTED_PROXIES = [ipaddress.ip_network("127.0.0.1")]
    monkeypatch.setattr(proof._state, "passage", Passage.UNKNOWN)
    monkeypatch.setattr(proof._state, "has_begun", True)  # no thread of its own


@pytest.fixture
def proxy(tmp_path: Path, settings: Settings) -> Iterator[Proxy]:
    """`proxy()`: an nginx as it is shipped, before this webmail. With ``drops`` False it lacks the
    lines that drop headers; ``more`` are lines of its server."""
    if nginx.program() is None:
        pytest.skip(missing("nginx"))
    started: list[nginx.Nginx] = []

    def start(served: str, *, drops: bool = True, more: str = "") -> None:
        server = nginx.Nginx(tmp_path, [int(served.rpartition(":")[2])])
        server.host, server.more = "localhost", more
        if not drops:
            server.proxy = tmp_path / "proxy.conf"
            shipped = (nginx.DEPLOY / "webmail-proxy.conf").read_text()
            server.proxy.write_text(STRIPS.sub("", shipped))
        server.start()
        started.append(server)
        settings.BASE_URL = f"https://localhost:{server.port}"
        settings.TLS_CA_FILE = str(tmp_path / "localhost-30.pem")

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def site() -> Iterator[str]:
    from webmail.asgi import application

    with running(application) as served:
        yield served


def of(level: str) -> str:
    return "\n".join(finding.text for finding in address.findings() if finding.level == level)


def test_the_shipped_proxy_drops_the_header(site: str, proxy: Proxy) -> None:
    proxy(site)
    assert proof.ask() is Passage.DROPPED
    assert HEADER in of("ok") and not of("bad")


@pytest.mark.parametrize(
    "header",
    ["Remote-User", "REMOTE-USER", "x-remote-user", "X-Forwarded-User", "X-Auth-Request-User"],
)
def test_it_drops_every_header_that_names_a_user(
    site: str, proxy: Proxy, settings: Settings, header: str
) -> None:
    settings.REMOTE_USER_HEADER = header
    proxy(site)
    assert proof.ask() is Passage.DROPPED


def test_a_proxy_that_lets_the_header_through_is_told(
    site: str, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ended: list[bool] = []
    monkeypatch.setattr(proof._state, "end", lambda: ended.append(True))
    proxy(site, drops=False)
    assert proof.ask() is Passage.LET_THROUGH
    assert HEADER in of("bad")
    assert "accounts.E001" in [message.id for message in run_checks(include_deployment_checks=True)]
    proof.note(proof.ask())
    assert ended and not proof.is_given() and HEADER in caplog.text


def test_a_header_of_ones_own_that_the_proxy_does_not_know_is_told(
    site: str, proxy: Proxy, settings: Settings
) -> None:
    settings.REMOTE_USER_HEADER = "X-Academie-Login"
    proxy(site)
    assert proof.ask() is Passage.LET_THROUGH


def test_an_address_that_the_proxy_guards_lets_nothing_through(site: str, proxy: Proxy) -> None:
    guard = "    location = /accounts/proxy/ { return 302 https://sso.ac-exemple.fr/cas; }\n"
    proxy(site, drops=False, more=guard)
    assert proof.ask() is Passage.DROPPED


@pytest.mark.parametrize(
    "line", ["return 302 https://www.ac-exemple.fr$request_uri;", "return 404;", "return 200;"]
)
def test_what_proves_nothing_leaves_the_sign_in_closed(site: str, proxy: Proxy, line: str) -> None:
    proxy(site, more=f"    location = /accounts/proxy/ {{ {line} }}\n")
    assert proof.ask() is Passage.UNKNOWN
    assert HEADER in of("warn")


def test_nobody_signs_in_before_the_proof(settings: Settings) -> None:
    settings.BASE_URL = f"http://127.0.0.1:{free_port()}"
    assert proof.ask() is Passage.UNKNOWN
    proof.note(Passage.UNKNOWN)
    answer = Client().get("/accounts/proxy/", headers={HEADER: "alice"}, REMOTE_ADDR="127.0.0.1")
    assert answer.status_code == ProviderFailure.UNPROVEN.status
    assert "pas encore ouverte" in answer.content.decode()


def test_a_proxy_that_is_away_for_a_moment_changes_nothing() -> None:
    proof.note(Passage.DROPPED)
    proof.note(Passage.UNKNOWN)
    assert proof.is_given()


@pytest.mark.parametrize("probe", ["", "x", "\0", "é", "a" * 5000, "0" * 32 + ":a:b"])
def test_a_stranger_is_told_nothing(probe: str) -> None:
    answer: Any = Client().get("/accounts/proxy/", {"probe": probe}, headers={HEADER: "alice"})
    assert answer.status_code == ProviderFailure.UNPROVEN.status
