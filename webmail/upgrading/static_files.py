"""Delete static files of former versions, which open pages may still request for a while."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage

from core import clock

KEPT: Final = timedelta(days=1)
_RECORD: Final = "superseded.json"


def prune(now: datetime | None = None) -> int:
    """Delete the files that have not been used by the current version for a day or more; return
    their number. A record in the folder holds the time since when each file is unused.

    Raises OSError, and ValueError where the record cannot be read.
    """
    now = now or clock.now()
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
    """Return the files of this version, with their names in the sources and their hashed names."""
    hashed: dict[str, str] = staticfiles_storage.hashed_files  # type: ignore[attr-defined]
    return [*hashed, *hashed.values(), _RECORD, staticfiles_storage.manifest_name]  # type: ignore[attr-defined]


def _uncompressed(name: str) -> str:
    return name.removesuffix(".br").removesuffix(".gz")
