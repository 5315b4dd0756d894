"""What is done every minute for imports that nobody looks after."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import User
from addressbook import imports
from addressbook.importers import LARGEST_FILE
from addressbook.imports import jobs
from addressbook.models import ImportJob
from tests.addressbook.imports.conftest import Import
from tests.tended import due

pytestmark = pytest.mark.django_db

TABLE = "Nom;Prénom;Mail\nMartin;Claire;claire.martin@exemple.invalid\n"
DAMAGED = "a;b;c;d;e;f;g;h;i\n"
MB = 1024 * 1024


def quiet_since(job: ImportJob, hours: float) -> None:
    """Nobody gave a sign of life for so long."""
    changed = timezone.now() - timedelta(hours=hours)
    ImportJob.objects.filter(pk=job.pk).update(changed=changed)


def test_what_nobody_confirms_for_a_day_is_cancelled_and_its_file_goes(
    claire: User, checked: Import, spool: Path
) -> None:
    job = checked(claire, TABLE)
    quiet_since(job, 23)
    imports.tidy()
    job.refresh_from_db()
    assert job.state == "ready"
    quiet_since(job, 25)
    imports.tidy()
    job.refresh_from_db()
    assert job.state == "cancelled"
    assert not list(spool.iterdir())


def test_one_whose_worker_died_is_given_to_another(claire: User, checked: Import) -> None:
    job = checked(claire, TABLE)
    assert imports.start(job)
    ImportJob.objects.filter(pk=job.pk).update(runner="dead")
    assert due(ImportJob) == []
    for found in ([], [job.pk]):  # freed, and started a minute later
        quiet_since(job, 1)
        assert due(ImportJob) == found
    imports.run(job.pk)
    job.refresh_from_db()
    assert job.state == "done"


def test_after_thirty_days_counts_and_reasons_alone_are_left(claire: User, brought: Import) -> None:
    job = brought(claire, TABLE + DAMAGED)
    assert job.traces.exists()
    assert job.rows.get().value
    ImportJob.objects.filter(pk=job.pk).update(undo_until=timezone.now() - timedelta(minutes=1))
    imports.tidy()
    job.refresh_from_db()
    row = job.rows.get()
    assert (row.value, row.name, row.reason) == ("", "", "column_count")
    assert not job.traces.exists()
    assert (job.new, job.refused, job.is_undoable) == (1, 1, False)


def test_a_file_without_an_import_is_removed_after_a_while(spool: Path) -> None:
    orphan = spool / f"left-over{jobs.SUFFIX}"
    orphan.write_bytes(b"x")
    imports.tidy()
    assert orphan.exists()
    old = timezone.now().timestamp() - 3 * 60 * 60
    os.utime(orphan, (old, old))
    imports.tidy()
    assert not orphan.exists()


def test_of_a_file_that_is_too_large_no_more_is_taken_than_the_limit(claire: User) -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while taken < 4 * LARGEST_FILE:
            taken += MB
            yield bytes(MB)

    job = jobs.accept_chunks(
        claire, [("old.csv", endless())], "auto", uploaded_by=claire, policy="merge"
    )
    assert job.files.get().reject_code == jobs.TOO_LARGE
    assert taken <= LARGEST_FILE + MB
