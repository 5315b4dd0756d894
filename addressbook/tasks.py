"""Background jobs of the address book."""

from celery import shared_task

from addressbook import contacts


@shared_task
def empty_bins() -> None:
    """What was deleted 30 days ago goes for good; twice does no harm."""
    contacts.expire()
