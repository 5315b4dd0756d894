"""Users as the owners of address books, for the administration."""

from __future__ import annotations

from django.db import models
from django.db.models import Count, Exists, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from addressbook.models.contacts import Contact, Group
from addressbook.models.groups import GroupShare
from addressbook.models.imports import ImportJob


class AddressBookQuerySet(models.QuerySet["AddressBook"]):
    def counted(self) -> AddressBookQuerySet:
        """Return the owners with the numbers of their contacts, groups, contacts in the bin, shared
        groups and imports."""
        contacts, groups = Contact.objects.filter(deleted=None), Group.objects.filter(deleted=None)
        return self.annotate(
            contact_count=_count(contacts),
            binned_count=_count(Contact.objects.exclude(deleted=None)),
            group_count=_count(groups),
            shared_count=_count(
                groups.filter(Exists(GroupShare.objects.filter(group=OuterRef("pk"))))
            ),
            import_count=_count(ImportJob.objects.all()),
        )


def _count(rows: models.QuerySet) -> Coalesce:
    """Count the owner's rows in a query of their own, since joins would multiply them."""
    mine = rows.filter(user=OuterRef("pk")).order_by().values("user")
    return Coalesce(Subquery(mine.annotate(number=Count("pk")).values("number")), Value(0))


class AddressBook(User):
    """A user with the numbers of the address book."""

    books = AddressBookQuerySet.as_manager()

    class Meta:
        proxy = True
        verbose_name = _("address book")
        verbose_name_plural = _("address books")
