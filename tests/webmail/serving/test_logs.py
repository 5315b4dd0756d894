"""Lines of the log: which request they are about, and what they never tell."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue
from typing import Any
from urllib.parse import quote

import pytest
from celery.contrib.testing.worker import start_worker
from django.test import Client
from django.utils.module_loading import import_string

from core import logs
from demo.servers.dovecot import MailAccount
from webmail.celery import app
from webmail.settings import LOGGING

DEPLOY = Path(__file__).parents[3] / "deploy"
pytestmark = pytest.mark.django_db


def formatter(name: str) -> logging.Formatter:
    """A formatter as the settings have it."""
    formatters: Any = LOGGING["formatters"]
    made = import_string(formatters[name]["()"])()
    assert isinstance(made, logging.Formatter)
    return made


@pytest.fixture(params=["line", "json"])
def log(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What stands on standard error, in either form."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter(request.param))
    handler.addFilter(logs.RequestId())
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


def test_every_answer_has_an_id_of_its_own(client: Client) -> None:
    ids = [client.get(path)[logs.HEADER] for path in ("/healthz", "/", "/nothing/here/")]
    assert len(set(ids)) == 3
    assert all(re.fullmatch("[0-9a-f]{8}", identifier) for identifier in ids)
    assert logs.request_id() == logs.NONE


def test_lines_name_the_request_they_are_about(log: io.StringIO) -> None:
    with logs.about("0badcafe"):
        logging.getLogger("webmail").warning("inside\nand on")
    logging.getLogger("webmail").warning("outside")
    assert "0badcafe" in log.getvalue().split("outside")[0]
    assert "0badcafe" not in log.getvalue().split("inside")[1]


def test_a_line_of_json_is_one_object(caplog: pytest.LogCaptureFixture) -> None:
    caplog.handler.addFilter(logs.RequestId())
    try:
        raise ValueError("à la\nligne")
    except ValueError:
        logging.getLogger("webmail").exception("cassé %s", "ici")
    line = logs.JSONFormatter().format(caplog.records[-1])
    assert "\n" not in line
    values = json.loads(line)
    assert (values["level"], values["logger"], values["message"]) == (
        "ERROR",
        "webmail",
        "cassé ici",
    )
    assert "ValueError: à la\nligne" in values["error"]


def banned(text: str) -> set[str]:
    """The addresses that fail2ban takes from lines as the journal brings them."""
    patterns = re.findall(
        r"^(?:failregex =| +)(.*)$", (DEPLOY / "fail2ban/filter.conf").read_text(), re.M
    )
    return {
        match["host"]
        for pattern in patterns
        for line in text.splitlines()
        for prefix in ("", "srv python[123]: ")
        if (match := re.search(pattern.strip().replace("<HOST>", HOST), prefix + line))
    }


HOST = "(?P<host>[0-9.:a-f]+)"
FORGED = (
    "2026-12-02T09:00:00+0100 WARNING accounts.adapter [0badcafe]: sign-in failed (from 192.0.2.9)"
)
FORGED_JSON = '{"logger": "accounts.adapter", "message": "sign-in failed (from 192.0.2.9)"'


def test_fail2ban_finds_who_tried_a_wrong_password(
    mail_domain: Any, alice: MailAccount, client: Client, clean_cache: None, log: io.StringIO
) -> None:
    wrong = {"login": alice.login, "password": "Faux-Mot-2026"}
    client.post("/accounts/login/", wrong, REMOTE_ADDR="192.0.2.7")
    client.post("/accounts/login/", {**wrong, "password": alice.password}, REMOTE_ADDR="192.0.2.8")
    assert banned(log.getvalue()) == {"192.0.2.7"}
    assert alice.login not in log.getvalue() and "Faux-Mot" not in log.getvalue()


@pytest.mark.parametrize("name", [FORGED, FORGED.partition("WARNING ")[2], FORGED_JSON])
def test_nobody_has_an_address_banned_by_the_name_of_a_folder(
    name: str, signed_in: Callable[[MailAccount], Client], alice: MailAccount, log: io.StringIO
) -> None:
    """The mail server repeats the name in its words, which are logged."""
    assert signed_in(alice).get(f"/mail/{quote(name, safe='')}/").status_code == 404
    assert "192.0.2.9" in log.getvalue()
    assert banned(log.getvalue()) == set()


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x85", "\u2028", "\x0b"])
def test_words_of_others_make_no_line_of_their_own(end: str, log: io.StringIO) -> None:
    logging.getLogger("webmail").warning("NO %s", f"no{end}{FORGED}{end}{FORGED_JSON}")
    assert len(log.getvalue().splitlines()) == 1
    try:
        raise ValueError(f"no{end}{FORGED}{end}{FORGED_JSON}")
    except ValueError:
        logging.getLogger("webmail").exception("broken", stack_info=True)
    assert "Traceback" in log.getvalue()
    assert banned(log.getvalue()) == set()
    if not log.getvalue().startswith("{"):
        first, *others = log.getvalue().splitlines()[1:]
        assert first.endswith("broken") and all(line.startswith("    ") for line in others)


def test_no_sign_of_control_reaches_a_terminal(log: io.StringIO) -> None:
    logging.getLogger("webmail").warning("%s", "\x1b[2J\x07\x9b1m é")
    assert log.getvalue().isprintable() or log.getvalue().rstrip("\n").isprintable()
    assert "é" in log.getvalue()


def test_a_line_has_its_moment_with_the_offset(log: io.StringIO) -> None:
    logging.getLogger("webmail").warning("here")
    assert re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}\b", log.getvalue())


def test_requests_are_logged_without_what_they_are_about(
    settings: Any, signed_in: Callable[[MailAccount], Client], alice: MailAccount, log: io.StringIO
) -> None:
    reader = signed_in(alice)
    logging.getLogger("webmail.access").setLevel(logging.INFO)
    reader.get("/mail/INBOX/")
    assert "ms" not in log.getvalue()
    settings.ACCESS_LOG = True
    answer = reader.get("/search/?q=divorce")
    missing = reader.get("/mail/Secrets/")
    assert "Not Found: mail/<folder" in log.getvalue()  # Django's own line
    lines = [line for line in log.getvalue().splitlines() if " ms" in line]
    assert len(lines) == 2 and answer[logs.HEADER] in lines[0]
    assert "GET search/ 200" in lines[0] and "<folder" in lines[1]
    assert "divorce" not in log.getvalue() and "/mail/Secrets" not in log.getvalue()
    assert log.getvalue().count(missing[logs.HEADER]) == 3  # with the mail server's words


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("/healthz", "healthz"),
        ("/readyz/", "readyz"),
        ("/static/webmail/css/base.css", "static"),
        ("/contacts", "contacts/"),
        ("/wp-login.php", "(no page)"),
        ("/x%0aWARNING/", "(no page)"),
    ],
)
def test_a_request_that_reached_no_page_is_logged_by_what_it_asked_for(
    settings: Any, client: Client, log: io.StringIO, db: None, address: str, page: str
) -> None:
    settings.ACCESS_LOG = True
    logging.getLogger("webmail.access").setLevel(logging.INFO)
    client.get(address).close()
    (line,) = [line for line in log.getvalue().splitlines() if " ms" in line]
    assert f"GET {page} " in line


def test_a_refusal_is_logged_by_its_route(
    signed_in: Callable[[MailAccount], Client], alice: MailAccount, log: io.StringIO
) -> None:
    assert signed_in(alice).get("/admin/login/?next=/secret/").status_code == 403
    assert ": admin/login/" in log.getvalue() and "/admin/login/" not in log.getvalue()


@pytest.fixture
def ids() -> Iterator[tuple[Any, Queue[str]]]:
    """A task that tells the id that its lines have."""
    seen: Queue[str] = Queue()

    @app.task(name="tests.tell_id")
    def tell_id() -> None:
        seen.put(logs.request_id())

    yield tell_id, seen
    del app.tasks["tests.tell_id"]


@pytest.mark.django_db(transaction=True)
def test_a_job_has_the_id_of_the_request_that_asked_for_it(
    ids: tuple[Any, Queue[str]], settings: Any
) -> None:
    tell_id, seen = ids
    settings.CELERY_TASK_ALWAYS_EAGER = False
    with logs.about("0badcafe"):
        tell_id.delay()
    tell_id.delay()  # as beat asks
    worker: Any = {"pool": "solo", "perform_ping_check": False, "shutdown_timeout": 30}
    with start_worker(app, queues=["upkeep"], **worker):
        told = [seen.get(timeout=30), seen.get(timeout=30)]
    assert told[0] == "0badcafe"
    assert re.fullmatch("[0-9a-f]{8}", told[1]) and told[1] != told[0]


def test_a_job_that_is_done_at_once_goes_on_with_the_request_s_id(
    ids: tuple[Any, Queue[str]],
) -> None:
    tell_id, seen = ids
    with logs.about("0badcafe"):
        tell_id.apply()
    assert seen.get() == "0badcafe" and logs.request_id() == logs.NONE


def test_a_page_that_breaks_shows_its_reference(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_args: object, **_more: object) -> None:
        raise RuntimeError

    client.raise_request_exception = False
    monkeypatch.setattr("webmail.middleware.Preferences.combine", breaks)
    answer = client.get("/help/")
    assert answer.status_code == 500
    assert answer[logs.HEADER] in answer.content.decode()
