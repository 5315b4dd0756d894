"""``/metrics`` for Prometheus: the state of the installation, read from database and Redis at each
scrape, and the counters of the web processes (`webmail.serving.measures`). No metric names a user,
a mail domain or a folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from typing import Final

from django.conf import settings
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from accounts.health import jobs
from core import clock
from mail.sandbox import walls
from webmail import backups, probing
from webmail.administration import dashboard
from webmail.models import MailJob, OfficePreview, OutboxMessage
from webmail.serving import health, measures

PATH: Final = "/metrics"


def answer(request: HttpRequest) -> HttpResponse | None:
    """Return the metrics if the request has the token of WEBMAIL_METRICS_TOKEN, else None."""
    if not health.has_token(request):
        return None
    registry = CollectorRegistry()
    registry.register(InstallationCollector())
    body = generate_latest(registry) + generate_latest(_counted())
    response = HttpResponse(body, content_type=CONTENT_TYPE_LATEST)
    response["Cache-Control"] = "no-store"
    return response


def _counted() -> CollectorRegistry:
    """Return the measures of all processes that share a folder for them, or those of this
    process."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return measures.REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return registry


class InstallationCollector(Collector):
    """All gauges. Where the database does not answer, only ``webmail_up``."""

    def collect(self) -> Iterable[Metric]:
        up = health.state()
        yield _by("webmail_up", "Whether a service answers.", "service", up)
        words = "Whether programs that read hostile files run inside walls."
        yield _one("webmail_sandbox_walls", words, walls.is_whole())
        if not up["database"]:
            return
        yield from _queues(jobs.health())
        yield from _outbox()
        yield _by_state("webmail_mail_jobs", "Jobs on many messages, by state.", MailJob)
        yield _by_state("webmail_office_previews", "Office files, by state.", OfficePreview)
        yield from _today(dashboard.state())
        yield from _backup()
        yield _one("webmail_spool_free_bytes", "Free bytes on the disk of the spool.", _free())
        if probing.is_on():
            yield from _probes()


def _queues(state: jobs.JobsHealth) -> Iterator[GaugeMetricFamily]:
    waiting = {queue.name: queue.waiting for queue in state.queues}
    alive = {queue.name: queue.has_worker for queue in state.queues}
    yield _by("webmail_jobs_waiting", "Waiting jobs, by queue.", "queue", waiting)
    yield _by("webmail_worker_alive", "Whether the queue has a worker.", "queue", alive)
    if state.seconds is not None:
        words = "Seconds since beat's last sign of life."
        yield _one("webmail_beat_age_seconds", words, state.seconds)


def _outbox() -> Iterator[GaugeMetricFamily]:
    yield _by_state("webmail_outbox_messages", "Messages of the outbox, by state.", OutboxMessage)
    now = clock.now()
    states = OutboxMessage.State
    late = OutboxMessage.objects.filter(state__in=(states.HELD, states.SCHEDULED, states.SENDING))
    due = late.filter(due__lte=now).aggregate(due=Min("due"))["due"]
    seconds = (now - due).total_seconds() if due else 0
    words = "Seconds for which the oldest waiting message is overdue."
    yield _one("webmail_outbox_late_seconds", words, seconds)


def _today(state: dashboard.InstallationState) -> Iterator[GaugeMetricFamily]:
    sign_ins = {"people": state.people, "failed": state.failures, "refused": state.refused}
    words = "Users signed in, and failed and refused sign-ins."
    yield _by("webmail_sign_ins_today", words, "result", sign_ins)
    lookups = {"found": state.lookups, "failed": state.lookups_failed}
    yield _by("webmail_lookups_today", "Account lookups.", "result", lookups)
    yield _one("webmail_too_costly_today", "Messages and files too costly to show.", state.ended)


def _backup() -> Iterator[GaugeMetricFamily]:
    last = backups.last_backup()
    if last is not None:
        age = (clock.now() - last.made).total_seconds()
        yield _one("webmail_backup_age_seconds", "Seconds since the last backup was begun.", age)


def _probes() -> Iterator[Metric]:
    """Yield the metrics of the probe, where the settings name a mailbox for it."""
    state = probing.health()
    if state.seconds is not None:
        words = "Delivery time in seconds of the last self-check message that arrived."
        yield _one("webmail_probe_delay_seconds", words, state.seconds)
    if state.since is not None:
        age = (clock.now() - state.since).total_seconds()
        words = "Seconds since the last self-check message that arrived, or the first, was sent."
        yield _one("webmail_probe_age_seconds", words, age)
    runs = CounterMetricFamily("webmail_probe_runs", "Self-check messages.", labels=["result"])
    for result, count in probing.counts().items():
        runs.add_metric([result], count)
    yield runs


def _free() -> int:
    try:
        return shutil.disk_usage(settings.SPOOL).free
    except OSError:
        return 0


def _by_state(
    name: str, words: str, model: type[MailJob | OfficePreview | OutboxMessage]
) -> GaugeMetricFamily:
    counted = model._default_manager.order_by().values_list("state").annotate(Count("pk"))
    return _by(name, words, "state", dict.fromkeys(model.State.values, 0) | dict(counted))


def _by(
    name: str, words: str, label: str, values: dict[str, int] | dict[str, bool]
) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, words, labels=[label])
    for key, value in values.items():
        gauge.add_metric([key], value)
    return gauge


def _one(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, value=value)
