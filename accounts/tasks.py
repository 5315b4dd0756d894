"""Background jobs of accounts."""

from collections.abc import Callable
from typing import Any

from allauth.idp.oidc.models import Token
from celery import Task, bootsteps, shared_task
from celery.signals import celeryd_init, worker_ready
from django.conf import settings
from django.core.management import call_command

from accounts import blocks, key_marks, lending, notices, retention, staff_import, tending
from accounts.health import jobs
from accounts.models import AuditEvent, ServiceVisit, StaffImport
from accounts.oidc import farewells
from accounts.providers import grants
from mail.errors import RemoteRefused, RemoteUnavailable

# The number of attempts to tell an application that a session is over, and the seconds before the
# second one.
TELLINGS, TELL_AGAIN = 4, 60


@shared_task
def clear_expired_sessions() -> None:
    """Delete expired rows of the sessions table. A second run changes nothing."""
    call_command("clearsessions")


@shared_task
def clear_expired_service_tokens() -> None:
    """Delete expired tokens, loans and grants, and old visits of services. A second run changes
    nothing."""
    Token.objects.expired().delete()
    lending.forget_overdue()
    grants.forget_unneeded()
    farewells.forget_old()


@shared_task(bind=True, max_retries=TELLINGS - 1)
def tell_service_of_end(self: Task[[int], None], visit_id: int) -> None:
    """Tell an application that a session is over. A second run changes nothing."""
    visit = ServiceVisit.objects.select_related("client", "user").filter(pk=visit_id).first()
    if visit is None:
        return
    try:
        farewells.tell(visit)
    except RemoteUnavailable as error:
        if self.request.retries < TELLINGS - 1 and not self.request.is_eager:
            raise self.retry(exc=error, countdown=TELL_AGAIN * 2**self.request.retries) from error
    except RemoteRefused:
        pass  # another attempt would be refused too
    visit.delete()


@shared_task
def tell_of_lookup(event_id: int) -> None:
    """Send a notice to the person whose settings were looked up, by the event of the audit log."""
    _tell("lookup", event_id, notices.of_lookup)


@shared_task
def tell_of_password(event_id: int) -> None:
    """Send a notice to the user whose password was changed, by the event of the audit log."""
    _tell("password", event_id, notices.of_password)


@shared_task
def tell_of_device(event_id: int) -> None:
    """Send a notice to the user who signed in on a new device, by the event of the audit log. A
    second run sends nothing; soon after another notice, the notice waits for `tell_of_devices`."""
    event = AuditEvent.objects.filter(pk=event_id).select_related("actor").first()
    if event and event.actor:
        notices.tell_of_devices(event.actor)


@shared_task
def tell_of_devices() -> None:
    """Send the notices of new devices that waited after another notice. A server that does not take
    them gets them at the next run."""
    if settings.DEVICE_NOTICES and notices.are_configured():
        for user in notices.users_with_news():
            notices.tell_of_devices(user)


@shared_task
def tell_of_second_factor(event_id: int) -> None:
    """Send a notice to the user whose second factor was changed, by the event of the audit log."""
    _tell("second-factor", event_id, notices.of_second_factor)


@shared_task
def tell_of_reset(event_id: int) -> None:
    """Send a notice to the user whose second factor was reset, by the event of the audit log."""
    _tell("reset", event_id, notices.of_reset)


def _tell(kind: str, event_id: int, of: Callable[[AuditEvent], notices.Notice | None]) -> None:
    event = AuditEvent.objects.filter(pk=event_id).select_related("actor").first()
    if event and (notice := of(event)):
        notices.send_once(f"{kind}:{event_id}", notice)


@shared_task
def forget_old_traces() -> None:
    """Delete expired traces. A second run changes nothing."""
    retention.forget()


@shared_task
def end_blocks() -> None:
    """Let users in again whose block has ended. A second run changes nothing."""
    blocks.end_overdue()


@shared_task
def mark_keys() -> None:
    """Leave the marks of the keys by which the self-check tells of a changed key. A second run
    changes nothing."""
    key_marks.plant()


@shared_task
def show_life() -> None:
    """Give a sign of life for the administration. Beat starts this job, and a worker does it."""
    jobs.note_life()


@worker_ready.connect
def begin_life(**_worker: object) -> None:
    """Note that a worker has just started."""
    jobs.note_start()


class _SignsOfLife(bootsteps.StartStopStep):
    """A part of a worker that shows that the worker is alive. It runs in the loop that takes jobs,
    so that no job delays it, and does not use the broker, which may be down when the worker ends.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)
    _timer: Any = None

    def start(self, consumer: Any) -> None:
        self._timer = consumer.timer.call_repeatedly(jobs.SHOWN_EVERY, jobs.note_worker)

    def stop(self, consumer: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()


@celeryd_init.connect
def give_signs(instance: Any, **_worker: object) -> None:
    """Add the signs of life to a worker that is being made."""
    instance.app.steps["consumer"].add(_SignsOfLife)


@shared_task
def tend(queue: str) -> None:
    """Start the waiting jobs of a queue, and free those of dead workers. A second run changes
    nothing."""
    tending.tend(queue)


@tending.job(StaffImport, staff_import.revive)
def import_staff(pk: int) -> None:
    """Do the next step of an import. A second run changes nothing."""
    staff_import.run(pk)


@shared_task
def tidy_staff_imports() -> None:
    """Cancel imports that nobody confirmed, and remove leftovers. A second run changes nothing."""
    staff_import.tidy()
