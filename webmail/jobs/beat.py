"""The periodic jobs, put into their queues when they are due.

Each worker of the queue `upkeep` has this thread, on every machine. The database holds when a job
was last begun. Of several workers that find it due, the one whose update moves that time on puts it
into its queue, within the same transaction: no machine leads the others, so none has to take over,
and a worker that dies in between leaves the job due for the next one.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any, Final

from celery.beat import ScheduleEntry, Scheduler, SchedulingError
from django.db import Error, close_old_connections, connection, transaction

from core import clock
from webmail.models import PeriodicJob

logger = logging.getLogger(__name__)

LOOKS_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 5.0
"""The time after which a failed look is repeated: the database or the broker is down."""
_AHEAD: Final = timedelta(minutes=1)
"""More than the clocks of two machines differ by that both go by the database's."""
_LONGEST_SILENCE: Final = "10s"
"""More than a broker needs that does not answer; see `CELERY_BROKER_TRANSPORT_OPTIONS`."""


class SharedScheduler(Scheduler):
    """Celery's scheduler, without memory of its own: each look begins with what the database says.
    The clock is the database's too.
    """

    def setup_schedule(self) -> None:
        super().setup_schedule()
        for entry in self.schedule.values():
            schedule: Any = entry.schedule
            schedule.nowfun = clock.now

    def tick(self, *_structures: object, **_names: object) -> float:
        """Begin what is due. Return the seconds until the next look."""
        try:
            close_old_connections()
            self.look()
        except (Error, SchedulingError) as error:
            logger.error("What is due could not be begun: %s", error)
            return _PAUSE_SECONDS
        return LOOKS_SECONDS

    def look(self) -> None:
        """Begin what is due, once."""
        begun = dict(PeriodicJob.objects.values_list("name", "begun"))
        if new := self.schedule.keys() - begun:
            PeriodicJob.objects.bulk_create(
                [PeriodicJob(name=name) for name in new], ignore_conflicts=True
            )
        for name in self.schedule.keys() & begun:
            entry = self.schedule[name]
            if _is_due(entry, begun[name]):
                self._begin(entry, begun[name])

    def _begin(self, entry: ScheduleEntry, before: datetime) -> None:
        """Put a job into its queue, unless another worker has done so."""
        with transaction.atomic():
            if connection.vendor == "postgresql":
                # The row of a machine that is cut off in this transaction is free again.
                with connection.cursor() as cursor:
                    cursor.execute(
                        f"SET LOCAL idle_in_transaction_session_timeout = '{_LONGEST_SILENCE}'"
                    )
            rows = PeriodicJob.objects.filter(name=entry.name, begun=before)
            if rows.update(begun=clock.now()):
                self.apply_async(entry, advance=False)


def _is_due(entry: ScheduleEntry, begun: datetime) -> bool:
    """Return whether a job is due. One that was begun in the future is: the database's clock was
    set back.
    """
    if begun > clock.now() + _AHEAD:
        return True
    schedule: Any = entry.schedule
    is_due, _seconds = schedule.is_due(begun)
    return bool(is_due)
