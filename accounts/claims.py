"""Rows that one worker at a time works on.

A worker claims a row by an UPDATE whose condition is that the row is unchanged since it was read.
The UPDATE writes a random word, the runner, into the row, and each later write of the worker
requires that word. So a worker whose row was cancelled by a user, or taken over by another worker
because it seemed dead, can change nothing any more: it gets `Lost`. This works in the same way on
SQLite and PostgreSQL.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from types import TracebackType
from typing import Any, ClassVar, Self, TypeVar

from django.db import Error as DatabaseError
from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from core import clock

Row = TypeVar("Row", bound="ClaimedRow")

_MOST = 100
"""The number of rows that are taken over, or started, at once."""
_BEAT = 5.0
"""Seconds between two signs of life of a `Heartbeat`."""
_LONGEST_STEP = 300.0
"""Seconds without progress after which a `Heartbeat` considers its worker to hang."""


class Lost(Exception):
    """The row was cancelled, or another worker has claimed it."""


class ClaimedQuerySet(models.QuerySet[Row]):
    def unfinished(self) -> Self:
        return self.filter(state__in=self.model.UNFINISHED)

    def waiting(self) -> Self:
        """Return the rows that a worker may claim."""
        return self.filter(state__in=self.model.STEPS)

    def due(self) -> list[Any]:
        """Return the keys of the rows that a worker should have begun by now, the oldest first."""
        late = self.waiting().filter(changed__lte=clock.now() - self.model.AGAIN)
        return list(late.order_by("changed").values_list("pk", flat=True)[:_MOST])

    def dead(self) -> Self:
        """Return the rows whose worker has given no sign of life for long."""
        late = clock.now() - self.model.PATIENCE
        return self.filter(state__in=self.model.STEPS.values(), changed__lt=late)

    def claim(self, pk: object) -> Row | None:
        """Return the row to the first worker that asks for it, and None to any other."""
        row = self.waiting().filter(pk=pk).first()
        if row is None:
            return None
        changes = {"state": row.STEPS[row.state], "attempts": row.attempts + 1}
        return row if self._take(row, **changes) else None

    def take_up(self) -> Iterator[Row]:
        """Yield the rows of dead workers. Each is claimed for the caller, which must end it."""
        for row in self.dead()[:_MOST]:
            if self._take(row):
                yield row

    def _take(self, row: Row, **values: object) -> bool:
        """Make the caller the runner of the row, if the row is unchanged since it was read. The row
        is not read again, since another worker could have claimed it by then."""
        as_read = {"state": row.state, "runner": row.runner, "changed": row.changed}
        values |= {"runner": new_runner(), "changed": clock.now()}
        if not self.filter(pk=row.pk, **as_read).update(**values):
            return False
        row.remember(values)
        return True


def new_runner() -> str:
    return secrets.token_hex(16)


class ClaimedRow(models.Model):
    """Base of the rows that workers claim. Each model declares ``state`` with its own choices."""

    STEPS: ClassVar[Mapping[str, str]]
    """The states in which a row waits for a worker, each with the state that a claim leads to."""
    UNFINISHED: ClassVar[Collection[str]]
    PATIENCE: ClassVar[timedelta]
    """Time without a sign of life after which the worker of a row counts as dead."""
    AGAIN: ClassVar[timedelta] = timedelta(minutes=1)
    """Time after which a row that waits is started again: its server did not answer, or no worker
    was told of it."""
    MOST_ATTEMPTS: ClassVar[int]
    """The attempts after which `wait_again` ends a row. Others need none."""

    state = models.CharField(_("state"), max_length=12)
    runner = models.CharField(max_length=32, blank=True, editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    # This is also the time of the last sign of life.
    changed = models.DateTimeField(_("last change"), default=clock.now)

    class Meta:
        abstract = True

    @property
    def is_finished(self) -> bool:
        return self.state not in self.UNFINISHED

    @property
    def is_moving(self) -> bool:
        """Return whether a worker has claimed the row, or should soon. Otherwise the row waits for
        a user or is finished."""
        return self.state in self.STEPS or self.state in self.STEPS.values()

    @classmethod
    def claimed_rows(cls) -> ClaimedQuerySet[Self]:
        """Return all rows of the model."""
        rows: ClaimedQuerySet[Self] = cls._default_manager.all()  # type: ignore[assignment]
        return rows

    def mine(self) -> models.QuerySet[Self]:
        """Return the row as long as no other worker has claimed it."""
        return type(self)._default_manager.filter(pk=self.pk, runner=self.runner)

    def beat(self, states: Collection[str] = (), /, **values: object) -> None:
        """Write ``values`` and a sign of life, as the worker that has claimed the row. No other
        process can write the row until the transaction ends. Raises Lost, also when the row is in
        none of ``states``, which default to the states of a worker's step."""
        values = {"changed": clock.now(), **values}
        rows = self.mine().filter(state__in=states or self.STEPS.values())
        if not rows.update(**values):
            raise Lost
        self.remember(values)

    def end(self, after: str, states: Collection[str] = (), /, **values: object) -> bool:
        """End a step, as the worker that has claimed the row. Return False when it no longer has
        it."""
        try:
            self.beat(states, state=after, **values)
        except Lost:
            return False
        return True

    def wait_again(self) -> None:
        """End a step that its worker did not: the row waits for another worker, or has failed."""
        waited_as = {after: before for before, after in self.STEPS.items()}
        has_tries = self.attempts < self.MOST_ATTEMPTS
        self.end(waited_as[self.state] if has_tries else "failed")

    def leave(self, before: Collection[str], after: str, /, **values: object) -> bool:
        """Change the state, whichever worker has claimed the row. Return False when the row is in
        none of the states ``before``, because another process was faster."""
        values = {"state": after, "changed": clock.now(), **values}
        rows = type(self)._default_manager.filter(pk=self.pk, state__in=before)
        if not rows.update(**values):
            return False
        self.refresh_from_db()
        self.remember(values)
        return True

    def remember(self, values: Mapping[str, object]) -> None:
        """Set the values that were written to the row on this instance."""
        for name, value in values.items():
            setattr(self, name, value)


class Heartbeat:
    """A thread that gives signs of life for a row while its worker waits for a server.

    A sign that cannot be written is skipped. The signs stop when another worker has claimed the
    row, or when the worker seems to hang because it has not called `got_on` for five minutes.
    """

    def __init__(self, row: ClaimedRow) -> None:
        self._mine = row.mine().filter(state=row.state)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self.got_on()

    def got_on(self) -> None:
        self._last_step = time.monotonic()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        try:
            while not self._over.wait(_BEAT) and not self._hangs():
                try:
                    if not self._mine.update(changed=clock.now()):
                        return
                except DatabaseError:
                    connection.close()  # the next sign opens a new connection
        finally:
            connection.close()  # the thread has its own connection

    def _hangs(self) -> bool:
        return time.monotonic() - self._last_step > _LONGEST_STEP
