"""Whoever sends dies at any moment: the message is once sent and filed, or is seen not to be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from demo.servers.dovecot import Dovecot
from tests import killing, once
from tests.servers.plugin import ALICE

Counts = dict[str, int]
KINDS = ("web", "worker", "smtp kill", "imap kill")
BATCH = ("batch worker", "batch smtp kill", "batch imap kill")
SLOWER = ("smtp cut", "imap cut", "smtp lock", "imap lock", "smtp lock long", "imap lock long")


Run = Callable[..., dict[str, Counts]]


@pytest.fixture(scope="module")
def run(dovecot: Dovecot, migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """``run("web")``: how often each outcome was found, for each kind; it fails where any was
    wrong. ``step``: of the pieces of a dialogue, one in so many."""

    def kill(kinds: tuple[str, ...], redis: str, step: int) -> dict[str, Counts]:
        folder = tmp_path_factory.mktemp("killed")
        who = (str(dovecot.imap_port), ALICE.login, ALICE.password)
        return killing.run(
            "tests.webmail.outbox.killed",
            *(str(folder / "spool"), *who, str(step), *kinds),
            database=killing.sqlite(migrated, folder),
            redis=redis,
        )

    def run(*kinds: str, redis: str = "", step: int = 1) -> dict[str, Counts]:
        found = once.made(
            tmp_path_factory,
            f"killed {'-'.join(kinds)}.json",
            lambda path: path.write_text(json.dumps(kill(kinds, redis, step))),
        )
        return json.loads(found.read_text())

    return run


@pytest.fixture(scope="module")
def found(run: Run, some: int) -> dict[str, Counts]:
    return run(*KINDS, step=some)


@pytest.fixture(scope="module")
def some(one_in: Callable[[int], int]) -> int:
    """Odd: after every other kill the browser asks again."""
    return one_in(3)


@pytest.fixture(scope="module")
def step(one_in: Callable[[int], int]) -> int:
    return one_in(8)


@pytest.fixture(scope="module")
def found_slowly(run: Run, step: int) -> dict[str, Counts]:
    return run(*SLOWER, step=step)


def test_the_web_server_dies_while_it_accepts(found: dict[str, Counts], some: int) -> None:
    """Before the rows are written it is unsent, in the draft; from then on it is sent."""
    assert set(found["web"]) == {"sent", "unsent"}
    assert sum(found["web"].values()) >= 15 // some


def test_the_worker_dies_between_two_statements(found: dict[str, Counts], some: int) -> None:
    """In doubt is only what was about to get its final dot, and whose answer was not written."""
    assert set(found["worker"]) <= {"sent", "doubt"}
    assert found["worker"]["sent"] >= 20 // some and found["worker"].get("doubt", 0) <= 3


def test_the_worker_dies_amid_the_dialogue_with_the_submission_server(
    found: dict[str, Counts], some: int
) -> None:
    """EHLO, AUTH, MAIL, RCPT, DATA, content, dot, QUIT: in doubt is who died about the dot."""
    outcomes = found["smtp kill"]
    assert set(outcomes) <= {"sent", "doubt"}
    assert outcomes["sent"] >= 11 // some and outcomes.get("doubt", 0) <= 5


def test_the_worker_dies_amid_the_dialogue_with_the_mailbox(
    found: dict[str, Counts], some: int
) -> None:
    assert set(found["imap kill"]) == {"sent"} and found["imap kill"]["sent"] >= 16 // some


@pytest.fixture(scope="module")
def found_of_a_batch(run: Run, step: int) -> dict[str, Counts]:
    return run(*BATCH, step=step)


@pytest.mark.whole
@pytest.mark.parametrize("kind", BATCH)
def test_the_worker_dies_amid_one_message_to_each(
    found_of_a_batch: dict[str, Counts], kind: str, step: int
) -> None:
    """Each leaves once, and the one copy lists those that have left."""
    outcomes = found_of_a_batch[kind]
    assert set(outcomes) <= {"sent", "doubt"} and outcomes["sent"] >= 16 // step


@pytest.mark.whole
@pytest.mark.slow
def test_the_submission_server_hangs_up(found_slowly: dict[str, Counts], step: int) -> None:
    outcomes = found_slowly["smtp cut"]
    assert set(outcomes) <= {"sent", "doubt"}
    assert outcomes["sent"] >= 11 // step and outcomes.get("doubt", 0) <= 4


@pytest.mark.whole
@pytest.mark.slow
def test_the_mailbox_hangs_up(found_slowly: dict[str, Counts], step: int) -> None:
    outcomes = found_slowly["imap cut"]
    assert set(outcomes) == {"sent"} and outcomes["sent"] >= 16 // step


@pytest.mark.whole
@pytest.mark.slow
@pytest.mark.parametrize("gate", ["smtp", "imap"])
def test_the_database_is_locked_for_a_moment(
    found_slowly: dict[str, Counts], gate: str, step: int
) -> None:
    outcomes = found_slowly[f"{gate} lock"]
    assert set(outcomes) == {"sent"} and outcomes["sent"] >= 14 // step


@pytest.mark.whole
@pytest.mark.slow
def test_the_database_is_locked_for_long(found_slowly: dict[str, Counts]) -> None:
    outcomes = found_slowly["smtp lock long"]
    assert set(outcomes) <= {"sent", "doubt"} and outcomes.get("doubt", 0) <= 4
    assert set(found_slowly["imap lock long"]) == {"sent"}


def test_neither_broker_nor_cache_is_there(run: Run) -> None:
    found = run("broker", redis="redis://127.0.0.1:1/0")
    assert found == {"broker": {"sent": 1}}
