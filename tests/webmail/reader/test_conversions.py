"""Who can open what was spooled and converted, and what is left behind."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.http import HttpRequest
from django.test import Client

from accounts import session
from accounts.models import User
from demo.servers.dovecot import MailAccount
from mail.previews.failures import NoPreview, Reason
from tests.mail.previews import samples
from webmail.models import OfficePreview
from webmail.reader import conversions

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("libreoffice"),
]
NOTE = samples.writer("Secret")


@pytest.fixture
def asked(signed_in: Callable[..., Client], alice: MailAccount, settings, tmp_path: Path):
    """`asked()`: a request of a new session of Alice's, and her row."""
    settings.SPOOL = tmp_path / "spool"

    def ask() -> tuple[HttpRequest, User]:
        request = signed_in(alice).get("/preferences/").wsgi_request
        return request, User.objects.get(login="alice")

    yield ask
    session.pool().close_all()


def test_the_result_opens_for_its_session_alone(asked: Callable[..., tuple]) -> None:
    first, alice = asked()
    job = conversions.begin(first, alice, "a", NOTE, "odt")
    conversions.convert(job.pk)
    job.refresh_from_db()
    assert (conversions.result(first, job) or b"").startswith(b"%PDF")
    second, _alice = asked()
    assert conversions.result(second, job) is None
    assert conversions.find_office_preview(second, alice, "a") is None


def test_a_result_that_was_tampered_with_is_none(asked: Callable[..., tuple], settings) -> None:
    request, alice = asked()
    job = conversions.begin(request, alice, "a", NOTE, "odt")
    conversions.convert(job.pk)
    (kept,) = settings.SPOOL.glob("*.sealed")
    sealed = bytearray(kept.read_bytes())
    sealed[-1] ^= 1
    kept.write_bytes(sealed)
    assert conversions.result(request, job) is None


def test_nothing_readable_is_left_on_the_disk(asked: Callable[..., tuple], settings) -> None:
    request, alice = asked()
    job = conversions.begin(request, alice, "a", NOTE, "odt")
    conversions.convert(job.pk)
    left = [path for path in settings.SPOOL.rglob("*") if path.is_file()]
    assert {path.name for path in left} == {f"{job.spool}.pdf.sealed", "office.lock"}
    assert stat.S_IMODE(settings.SPOOL.stat().st_mode) == 0o700


def test_two_tabs_have_one_job(asked: Callable[..., tuple], settings) -> None:
    request, alice = asked()
    jobs = {conversions.begin(request, alice, "a", NOTE, "odt").pk for _ in range(3)}
    assert len(jobs) == 1 and len(list(settings.SPOOL.glob("*.sealed"))) == 1


def test_what_failed_for_want_of_time_is_tried_again(asked: Callable[..., tuple]) -> None:
    request, alice = asked()
    job = conversions.begin(request, alice, "a", NOTE, "odt")
    job.fail(Reason.BUSY)
    again = conversions.begin(request, alice, "a", NOTE, "odt")
    assert again.pk != job.pk and again.state == "waiting"
    again.fail(Reason.DAMAGED)
    assert conversions.begin(request, alice, "a", NOTE, "odt").pk == again.pk


def test_a_spool_that_cannot_be_written_is_no_preview(
    asked: Callable[..., tuple], settings
) -> None:
    request, alice = asked()
    settings.SPOOL.parent.joinpath("file").write_text("")
    settings.SPOOL = settings.SPOOL.parent / "file" / "spool"
    with pytest.raises(NoPreview) as refused:
        conversions.begin(request, alice, "a", NOTE, "odt")
    assert refused.value.reason is Reason.UNSUPPORTED
    assert not OfficePreview.objects.exists()


def test_files_that_no_row_knows_go_after_a_while(asked: Callable[..., tuple], settings) -> None:
    request, alice = asked()
    conversions.begin(request, alice, "a", NOTE, "odt")
    orphan = settings.SPOOL / "0.source.sealed"
    orphan.write_bytes(b"x")
    old = time.time() - 3 * 60 * 60
    os.utime(orphan, (old, old))
    conversions.expire()
    assert not orphan.exists()
    assert len(list(settings.SPOOL.glob("*.sealed"))) == 1
