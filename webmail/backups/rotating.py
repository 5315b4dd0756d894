"""Keep the last backups of a folder, each in a folder of its own that is named by its time: the
last of each of so many days, weeks and months."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from core import clock
from webmail.backups import contents, making
from webmail.backups.contents import BackupRefused, Manifest

_FORMAT: Final = "%Y-%m-%dT%H-%M-%SZ"
_NAME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ")
_UNFINISHED_FOR: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Kept:
    """The numbers of days, weeks and months of which the last backup is kept. Days without a backup
    do not count, so that a pause deletes nothing."""

    days: int
    weeks: int = 0
    months: int = 0

    @classmethod
    def parse(cls, text: str) -> Kept:
        """Read ``14``, or ``7,5,12`` for days, weeks and months. Raises ValueError."""
        numbers = text.split(",")
        if len(numbers) not in (1, 3) or not all(
            word.isascii() and word.isdigit() for word in numbers
        ):
            raise ValueError(text)
        kept = cls(*map(int, numbers))
        if not kept.days:
            raise ValueError(text)
        return kept

    def of(self, names: Iterable[str]) -> set[str]:
        """Return the names of the backups that are kept."""
        times = {name: datetime.strptime(name, _FORMAT) for name in names}
        kept: set[str] = set()
        for most, form in ((self.days, "%Y-%m-%d"), (self.weeks, "%G-%V"), (self.months, "%Y-%m")):
            last = {when.strftime(form): name for name, when in sorted(times.items())}
            kept.update(sorted(last.values(), reverse=True)[:most])
        return kept


def make(folder: Path, keep: Kept, recipients: Sequence[str]) -> tuple[Path, Manifest]:
    """Write a backup into a new folder of ``folder``; then delete those that are not ``keep``'s.
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


def _superseded(folder: Path, keep: Kept) -> list[Path]:
    """Return the whole backups that are not ``keep``'s, and those that never became whole. Other
    files and folders are not looked at."""
    named = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    backups = [path for path in named if path.is_dir() and not path.is_symlink()]
    whole = [path for path in backups if contents.is_whole(path)]
    begun = (clock.now() - _UNFINISHED_FOR).strftime(_FORMAT)
    unfinished = [path for path in backups if path not in whole and path.name < begun]
    kept = keep.of(path.name for path in whole)
    return [path for path in whole if path.name not in kept] + unfinished
