"""The jobs that are done at their times."""

from __future__ import annotations

from django.db import models

from core import clock


class PeriodicJob(models.Model):
    """When a periodic job was last put into its queue, by its name in `CELERY_BEAT_SCHEDULE`.
    `webmail/jobs/beat.py` reads and writes it on every machine that has workers.
    """

    name = models.CharField(max_length=100, primary_key=True)
    begun = models.DateTimeField(default=clock.now)

    def __str__(self) -> str:
        return self.name
