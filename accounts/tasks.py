"""Background jobs of accounts."""

from celery import shared_task
from django.core.management import call_command

from accounts import letters
from accounts.models import AuditEvent


@shared_task
def clear_expired_sessions() -> None:
    """Expired rows leave the sessions table; twice does no harm."""
    call_command("clearsessions")


@shared_task
def tell_of_lookup(event_id: int) -> None:
    """A letter to the person whose settings were looked up, by the line of the audit log."""
    event = AuditEvent.objects.filter(pk=event_id).first()
    if event and (letter := letters.of_lookup(event)):
        letters.send_once(f"lookup:{event_id}", letter)
