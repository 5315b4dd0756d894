"""Imports that are asked for, checked and written as a worker does it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from addressbook import imports
from addressbook.models import ImportJob

Import = Callable[..., ImportJob]


@pytest.fixture(autouse=True)
def spool(settings, tmp_path: Path) -> Path:
    """Where uploaded files wait."""
    settings.SPOOL = tmp_path / "spool"
    settings.SPOOL.mkdir()
    return Path(settings.SPOOL)


@pytest.fixture
def checked() -> Import:
    """`checked(claire, "Nom;Mail\\n…", policy="merge", by=None)`: it waits for a person's word."""

    def begin(
        user: User | None, *contents: str | bytes, policy: str = "merge", by: User | None = None
    ) -> ImportJob:
        files = [
            SimpleUploadedFile(f"{n}.txt", one.encode() if isinstance(one, str) else one)
            for n, one in enumerate(contents, start=1)
        ]
        job = imports.accept(user, files, uploaded_by=by or user, policy=policy)
        imports.run(job.pk)
        job.refresh_from_db()
        return job

    return begin


@pytest.fixture
def brought(checked: Import) -> Import:
    """The same, written too."""

    def begin(user: User | None, *contents: str | bytes, **more: object) -> ImportJob:
        job = checked(user, *contents, **more)
        assert imports.start(job)
        imports.run(job.pk)
        job.refresh_from_db()
        assert job.state == "done"
        return job

    return begin
