"""Background jobs of accounts."""

from collections.abc import Callable
from typing import Any

from allauth.idp.oidc.models import Token
from celery import Task, bootsteps, shared_task
from celery.signals import celeryd_init, worker_ready
from django.core.management import call_command

from accounts import jobs, lending, notices, retention, staff_import
from accounts.models import AuditEvent, ServiceVisit
from accounts.oidc import farewells
from accounts.providers import grants
from webmail.errors import RemoteRefused, RemoteUnavailable

# How often an application is told that a session is over, and after how many seconds again.
TELLINGS, TELL_AGAIN = 4, 60


@shared_task
def clear_expired_sessions() -> None:
    """Expired rows leave the sessions table; twice does no harm."""
    call_command("clearsessions")


@shared_task
def clear_expired_service_tokens() -> None:
    """Expired tokens leave the table, with what sessions left behind; twice does no harm."""
    Token.objects.expired().delete()
    lending.forget_overdue()
    grants.forget_unneeded()
    farewells.forget_old()


@shared_task(bind=True, max_retries=TELLINGS - 1)
def tell_service_of_end(self: Task[[int], None], visit_id: int) -> None:
    """An application hears that a session is over. Told twice, it has nothing to end."""
    visit = ServiceVisit.objects.select_related("client", "user").filter(pk=visit_id).first()
    if visit is None:
        return
    try:
        farewells.tell(visit)
    except RemoteUnavailable as error:
        if self.request.retries < TELLINGS - 1 and not self.request.is_eager:
            raise self.retry(exc=error, countdown=TELL_AGAIN * 2**self.request.retries) from error
    except RemoteRefused:
        pass  # it will not answer better
    visit.delete()


@shared_task
def tell_of_lookup(event_id: int) -> None:
    """A notice to the person whose settings were looked up, by the line of the audit log."""
    _tell("lookup", event_id, notices.of_lookup)


@shared_task
def tell_of_password(event_id: int) -> None:
    """A notice to the person whose password was changed, by the line of the audit log."""
    _tell("password", event_id, notices.of_password)


@shared_task
def tell_of_device(event_id: int) -> None:
    """A notice to who signed in on a new device, by the line of the audit log."""
    _tell("device", event_id, notices.of_device)


@shared_task
def tell_of_second_factor(event_id: int) -> None:
    """A notice to whose second factor was changed, by the line of the audit log."""
    _tell("second-factor", event_id, notices.of_second_factor)


@shared_task
def tell_of_reset(event_id: int) -> None:
    """A notice to whose second factor was reset, by the line of the audit log."""
    _tell("reset", event_id, notices.of_reset)


def _tell(kind: str, event_id: int, of: Callable[[AuditEvent], notices.Notice | None]) -> None:
    event = AuditEvent.objects.filter(pk=event_id).select_related("actor").first()
    if event and (notice := of(event)):
        notices.send_once(f"{kind}:{event_id}", notice)


@shared_task
def forget_old_traces() -> None:
    """Delete what is over its time from the tables; twice does no harm."""
    retention.forget()


@shared_task
def show_life() -> None:
    """The jobs' sign of life, for the administration: beat asks for it, a worker gives it."""
    jobs.note_life()


@worker_ready.connect
def begin_life(**_worker: object) -> None:
    """A worker has just started."""
    jobs.note_start()


class _Signs(bootsteps.StartStopStep):
    """A part of a worker that shows, from the loop that takes jobs, that the worker lives, whatever
    its jobs do. Nothing of it goes through the broker, which may be down when the worker ends."""

    requires = ("celery.worker.consumer.tasks:Tasks",)
    _timer: Any = None

    def start(self, consumer: Any) -> None:
        self._timer = consumer.timer.call_repeatedly(jobs.SHOWN_EVERY, jobs.note_worker)

    def stop(self, consumer: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()


@celeryd_init.connect
def give_signs(instance: Any, **_worker: object) -> None:
    """A worker is about to be made."""
    instance.app.steps["consumer"].add(_Signs)


@shared_task
def import_staff(pk: int) -> None:
    """The next step of an import; a second time nothing is left to do."""
    staff_import.run(pk)


@shared_task
def tend_staff_imports() -> None:
    """Start what waits, take up what died, remove what is left over; twice does no harm."""
    for pk in staff_import.tend():
        import_staff.delay(pk)
