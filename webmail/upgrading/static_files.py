"""Static files of the former version, which pages that are open in browsers go on to ask for."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.utils import timezone

KEPT: Final = timedelta(days=1)
_RECORD: Final = "superseded.json"


def prune(now: datetime | None = None) -> int:
    """Remove the files that no page of this version names and that were found so a day ago or
    earlier; return their number. A record in the folder says since when each is not named.

    Raises OSError; ValueError where the record cannot be read."""
    now = now or timezone.now()
    folder = Path(settings.STATIC_ROOT)
    record = folder / _RECORD
    before = json.loads(record.read_text()) if record.exists() else {}
    since = {name: before.get(name, now.isoformat()) for name in _superseded(folder)}
    removed = [name for name, when in since.items() if now - datetime.fromisoformat(when) >= KEPT]
    for name in removed:
        (folder / name).unlink()
        del since[name]
    record.write_text(json.dumps(since, indent=1, sort_keys=True))
    return len(removed)


def _superseded(folder: Path) -> set[str]:
    named = set(_named())
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    return {name for name in there if _uncompressed(name) not in named}


def _named() -> list[str]:
    """Files of this version: as they are called in the sources, and with their hashes."""
    hashed: dict[str, str] = staticfiles_storage.hashed_files  # type: ignore[attr-defined]
    return [*hashed, *hashed.values(), _RECORD, staticfiles_storage.manifest_name]  # type: ignore[attr-defined]


def _uncompressed(name: str) -> str:
    return name.removesuffix(".br").removesuffix(".gz")
