"""The spool is full or cannot be written to: nobody loses a word, and the page says what to do."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.waiting import LONGEST_S
from tests.webmail.views.mail import page
from webmail.models import OutboxMessage

pytestmark = pytest.mark.django_db
WRITTEN = {"to": "bob@ac-exemple.fr", "subject": "Réunion", "body": "À demain.", "kind": "new"}


@pytest.fixture(autouse=True)
def no_room(settings: Any, tmp_path: Path) -> None:
    """As on a full disk, no file can be made there."""
    (tmp_path / "file").write_text("")
    settings.SPOOL = tmp_path / "file" / "spool"


def test_a_message_that_cannot_be_kept_comes_back_with_the_reason(
    reader: Client, submission: object
) -> None:
    answer = reader.post("/compose/", WRITTEN)
    text = page(answer)
    assert answer.status_code == 503
    assert "Le serveur ne peut pas prendre de message en ce moment" in text
    assert "À demain." in text
    assert not OutboxMessage.objects.exists()


def test_a_file_that_cannot_be_kept_is_named(reader: Client, submission: object) -> None:
    attached = SimpleUploadedFile("plan.txt", b"plan", "text/plain")
    answer = reader.post("/compose/", {**WRITTEN, "attachments": attached})
    text = page(answer)
    assert answer.status_code == 422
    assert "plan.txt" in text and "Le serveur ne peut pas garder de fichier" in text
    assert "À demain." in text


@pytest.fixture
def small_spool(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder))
    if subprocess.run(mount, capture_output=True, check=False, timeout=LONGEST_S).returncode:  # noqa: S603
        pytest.skip("this account may not mount a file system")
    settings.SPOOL = folder
    yield folder
    subprocess.run(("umount", str(folder)), check=True, timeout=LONGEST_S)  # noqa: S603, S607


def test_the_disk_fills_in_the_middle_of_a_file(
    reader: Client, submission: object, small_spool: Path
) -> None:
    attached = SimpleUploadedFile("film.mp4", os.urandom(4 * 1024 * 1024), "video/mp4")
    answer = reader.post("/compose/", {**WRITTEN, "attachments": attached})
    text = page(answer)
    assert answer.status_code == 422
    assert "film.mp4" in text and "Le serveur ne peut pas garder de fichier" in text
    assert "À demain." in text
    assert not list(small_spool.rglob("*.sealed"))
