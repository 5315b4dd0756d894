"""Background jobs of the address book."""

from celery import shared_task

from accounts import tending
from addressbook import contacts, imports
from addressbook.contacts import expiry
from addressbook.directory import filling
from addressbook.imports import jobs
from addressbook.models import ImportJob


@shared_task
def empty_bins() -> None:
    """Delete for good what has been in the bin for 30 days. A second run does no harm."""
    contacts.expire()


@shared_task
def end_classes() -> None:
    """Record which classes end soon, and put those that have ended into the bin. A second run
    changes nothing."""
    expiry.run()


@shared_task
def fill_directory() -> None:
    """Refill the directory from its sources. A second run changes nothing."""
    filling.fill()


@tending.job(ImportJob, jobs.revive)
def run_import(pk: int) -> None:
    """Do the next step of an import. A second run finds nothing to do."""
    imports.run(pk)


@shared_task
def tidy_imports() -> None:
    """Cancel imports that nobody confirmed, and delete leftovers. A second run does no harm."""
    imports.tidy()
