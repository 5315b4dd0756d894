"""Keep the last backups of a folder, each in a folder of its own that is named by its time."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from core import clock
from webmail.backups import contents, making
from webmail.backups.contents import BackupRefused, Manifest

_FORMAT: Final = "%Y-%m-%dT%H-%M-%SZ"
_NAME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ")
_UNFINISHED_FOR: Final = timedelta(days=1)


def make(folder: Path, keep: int, recipients: Sequence[str]) -> tuple[Path, Manifest]:
    """Write a backup into a new folder of ``folder``; then delete the oldest ones beyond ``keep``.
    Return its folder and its manifest. Raises BackupRefused and OSError, with nothing left behind.
    """
    if not folder.is_dir():
        raise BackupRefused(f"There is no folder {folder.absolute()}.")
    new = folder / clock.now().strftime(_FORMAT)
    try:
        manifest = making.make(new, recipients)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    for old in _superseded(folder, keep):
        shutil.rmtree(old)
    return new, manifest


def _superseded(folder: Path, keep: int) -> list[Path]:
    """Return the whole backups beyond the last ``keep``, and those that never became whole. Other
    files and folders are not looked at."""
    named = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    backups = [path for path in named if path.is_dir() and not path.is_symlink()]
    whole = [path for path in backups if contents.is_whole(path)]
    begun = (clock.now() - _UNFINISHED_FOR).strftime(_FORMAT)
    unfinished = [path for path in backups if path not in whole and path.name < begun]
    return whole[: max(0, len(whole) - keep)] + unfinished
