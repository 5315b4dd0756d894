"""Background jobs of accounts."""

from celery import shared_task
from django.core.management import call_command


@shared_task
def clear_expired_sessions() -> None:
    """Expired rows leave the sessions table; twice does no harm."""
    call_command("clearsessions")
