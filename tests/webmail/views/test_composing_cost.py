"""What saving and sending cost the database."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.servers.mailboxes import Mailbox

pytestmark = pytest.mark.django_db
NUMBER = uuid.UUID(int=81)
HTMX = {"HX-Request": "true"}
FETCH = {"X-Requested-With": "fetch"}


@pytest.fixture(autouse=True)
def spool(settings, tmp_path: Path) -> None:
    settings.SPOOL = tmp_path


@pytest.fixture
def writer(reader: Client, mailbox: Mailbox) -> Client:
    """Alice's browser, with a draft of which a version was kept just now; the mail domains and
    their policies are known, as to each page of the mail and of the composer."""
    reader.get("/mail/INBOX/")
    reader.get("/compose/")
    for words in ("Un", "Deux"):
        save(reader, words)
    return reader


def written(words: str) -> dict[str, str]:
    return {
        "kind": "new",
        "to": "bob@ac-exemple.fr",
        "subject": "Réunion",
        "body": words,
        "draft": str(NUMBER),
        "writer": "w",
        "key": str(uuid.uuid4()),
    }


def save(client: Client, words: str, **more: str) -> Any:
    answer = client.post(f"/drafts/{NUMBER}/save/", written(words) | more, headers=FETCH)
    assert answer.status_code == 200
    return answer


def send(client: Client, **changed: str) -> None:
    answer = client.post("/compose/", written("Fin") | changed, headers=HTMX)
    assert answer.status_code == 204, answer.content


# Two of each are the beginning and the end of a transaction; sending has three of them.


def test_keeping_what_is_written_takes_seven_queries(
    writer: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(7):
        save(writer, "Trois")
    with django_assert_num_queries(4):
        save(writer, "Trois")


def test_the_version_of_each_minute_takes_two_more(
    reader: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    save(reader, "Un")
    with django_assert_num_queries(9):
        save(reader, "Deux")


def test_a_copy_in_the_drafts_folder_takes_three_more(
    writer: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(10):
        assert save(writer, "Trois", do="save").json()["copied"]


def test_sending_takes_twenty_seven_queries(
    writer: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(27):
        send(writer)


def test_sending_what_was_not_kept_before_takes_three_more(
    writer: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(30):
        send(writer, draft=str(uuid.uuid4()))


def test_the_recipients_of_one_message_cost_no_query_each(
    writer: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(27):
        send(writer, to=", ".join(f"personne{n}@ac-exemple.fr" for n in range(100)))
