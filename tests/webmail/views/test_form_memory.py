"""Whatever is typed into a form, its page takes bounded memory: it brings back what was typed."""

from __future__ import annotations

import tracemalloc

import pytest
from django.conf import settings
from django.http import HttpResponseBase
from django.test import Client
from django.test.client import BOUNDARY, encode_multipart
from django.utils.html import escape

from tests.cases import each
from tests.webmail.views.mail import words
from webmail.serving import fields

pytestmark = pytest.mark.django_db
MEGABYTE = 1_000_000
MOST = 50
MOST_TYPED = settings.DATA_UPLOAD_MAX_MEMORY_SIZE - 2_000
# Each field with what the form wants beside it.
FIELDS = {
    ("/compose/", "body"): {"kind": "new", "format": "plain"},
    ("/compose/", "to"): {"kind": "new"},
    ("/folders/change/", "name"): {"verb": "create"},
    ("/contacts/new/", "notes"): {},
}


def posted(client: Client, path: str, typed: dict[str, str]) -> tuple[HttpResponseBase, float]:
    """The answer, and the megabytes that it took beside the body itself."""
    body = encode_multipart(BOUNDARY, typed)
    client.get("/compose/")  # what is kept for all requests
    tracemalloc.start()
    try:
        answer = client.post(path, body, content_type=f"multipart/form-data; boundary={BOUNDARY}")
        return answer, tracemalloc.get_traced_memory()[1] / MEGABYTE
    finally:
        tracemalloc.stop()


@each("path, field, sign", [(*form, sign) for form in FIELDS for sign in '"a'])
def test_the_most_that_a_form_may_hold_takes_little_memory(
    reader: Client, path: str, field: str, sign: str
) -> None:
    answer, megabytes = posted(reader, path, {**FIELDS[path, field], field: sign * MOST_TYPED})
    assert answer.status_code == 413
    assert megabytes < MOST


@each("path, field, sign", [(*form, sign) for form in FIELDS for sign in '"a'])
def test_the_most_that_comes_back_takes_little_memory(
    reader: Client, path: str, field: str, sign: str
) -> None:
    text = sign * (fields.MOST_SHOWN // len(escape(sign)) - 1_000)
    answer, megabytes = posted(reader, path, {**FIELDS[path, field], field: text})
    assert answer.status_code != 413 or path == "/compose/"
    assert megabytes < MOST


def test_a_text_that_is_too_long_for_a_page_is_said_and_nothing_is_claimed_to_be_kept(
    reader: Client,
) -> None:
    typed = {"kind": "new", "body": '"' * (fields.MOST_SHOWN // 6 + 1)}
    said = words(reader.post("/compose/", typed))
    assert "Ce texte est trop long" in said and "revenez en arrière" in said
    notice = reader.post("/compose/", typed, headers={"X-Requested-With": "fetch"})
    assert notice.status_code == 413 and "Ce texte est trop long" in words(notice)
    assert "Rien n’a été pris en compte." in said
