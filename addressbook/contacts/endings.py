"""Tell the users of a shared group that it is not shared any more."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from accounts.models import User
from addressbook.models import Group, SharedGone, SharedUse

Reason = SharedGone.Reason


def users_of(group: Group) -> QuerySet[User]:
    """Return the users of a shared group who have not left it."""
    uses = SharedUse.objects.filter(group=group, left=None)
    return User.objects.filter(pk__in=uses.values("user"))


def tell(group: Group, users: Iterable[User], reason: str) -> None:
    owner = group.user.display_name[:254]
    SharedGone.objects.bulk_create(
        [
            SharedGone(
                user=user,
                group_key=group.pk,
                group_name=group.name,
                owner_name=owner,
                reason=reason,
            )
            for user in users
        ],
        ignore_conflicts=True,
    )


def tell_deleted(group: Group) -> None:
    """Tell the users of a shared group that it is in its owner's bin."""
    tell(group, users_of(group), Reason.DELETED)


def tell_restored(group: Group) -> None:
    """Delete the lines about a shared group that has come out of the bin and is shared as
    before."""
    SharedGone.objects.filter(group_key=group.pk, reason=Reason.DELETED).delete()


def tell_of_owner(owner: User) -> None:
    """Tell the users of an owner's shared groups, before the account is deleted with all its
    groups."""
    for group in Group.objects.of(owner).filter(shares__isnull=False).distinct():
        tell(group, users_of(group), Reason.OWNER)


def endings_of(user: User) -> QuerySet[SharedGone]:
    """Return the lines that the user has not dismissed."""
    return SharedGone.objects.filter(user=user)
