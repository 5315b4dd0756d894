"""Background jobs of the address book."""

from celery import shared_task

from addressbook import contacts, imports
from addressbook.directory import filling


@shared_task
def empty_bins() -> None:
    """Delete for good what has been in the bin for 30 days. A second run does no harm."""
    contacts.expire()


@shared_task
def fill_directory() -> None:
    """Refill the directory from its sources. A second run changes nothing."""
    filling.fill()


@shared_task
def run_import(pk: int) -> None:
    """Do the next step of an import. A second run finds nothing to do."""
    imports.run(pk)


@shared_task
def tend_imports() -> None:
    """Take up imports whose worker died, start waiting ones, delete leftovers. A second run does no
    harm."""
    for pk in imports.tend():
        run_import.delay(pk)
