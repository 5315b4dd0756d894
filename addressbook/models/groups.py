"""Groups in groups, groups that the directory fills, and groups shared with colleagues."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from addressbook.models.contacts import Group


class GroupNesting(models.Model):
    """A group in another group of the same address book. ``audience`` is that of an inner class
    (`contacts.audiences.Audience`), "" for all other groups."""

    outer = models.ForeignKey(Group, models.CASCADE, related_name="nestings")
    inner = models.ForeignKey(Group, models.CASCADE, related_name="outer_nestings")
    audience = models.CharField(_("part of a class"), max_length=10, blank=True)

    class Meta:
        verbose_name = _("group in a group")
        verbose_name_plural = _("groups in groups")
        ordering = ("inner__folded", "pk")
        constraints = (
            models.UniqueConstraint(fields=["outer", "inner"], name="one_nesting_a_pair"),
            models.CheckConstraint(
                condition=~models.Q(outer=models.F("inner")), name="no_group_in_itself"
            ),
        )

    def __str__(self) -> str:
        return f"{self.outer_id}:{self.inner_id}"


class GroupFilter(models.Model):
    """The people of the directory who are in a group besides its contacts: all who have these
    values when a message is sent. "" matches any value."""

    group = models.OneToOneField(Group, models.CASCADE, primary_key=True, related_name="filter")
    school_uai = models.CharField(_("school (UAI)"), max_length=8, blank=True)
    school_name = models.CharField(_("name of the school"), max_length=200, blank=True)
    discipline = models.CharField(_("discipline"), max_length=100, blank=True)
    function = models.CharField(_("function"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("group from the directory")
        verbose_name_plural = _("groups from the directory")
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(school_uai="", discipline="", function=""),
                name="filter_is_not_everybody",
            ),
        )

    def __str__(self) -> str:
        return " · ".join(filter(None, (self.function, self.discipline, self.school_name)))


class GroupShare(models.Model):
    """A share of a group: with the colleague who has this address, or with everybody of the school
    with this number. They see pupils in the group only ``with_pupils``."""

    group = models.ForeignKey(Group, models.CASCADE, related_name="shares")
    address = models.CharField(_("address in lower case"), max_length=254, blank=True)
    school_uai = models.CharField(_("school (UAI)"), max_length=8, blank=True)
    may_edit = models.BooleanField(_("may add and take out members"), default=False)
    with_pupils = models.BooleanField(_("with pupils and their guardians"), default=False)
    created = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("shared group")
        verbose_name_plural = _("shared groups")
        ordering = ("address", "school_uai", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=["group", "address", "school_uai"], name="one_share_a_colleague"
            ),
            models.CheckConstraint(
                condition=(models.Q(address="") & ~models.Q(school_uai=""))
                | (~models.Q(address="") & models.Q(school_uai="")),
                name="share_with_one_or_school",
            ),
        )
        indexes = (
            models.Index(fields=["address"], name="share_by_address"),
            models.Index(fields=["school_uai"], name="share_by_school"),
        )

    def __str__(self) -> str:
        return self.address or self.school_uai


class SharedUse(models.Model):
    """The use of a shared group by a colleague, who may have left it since."""

    group = models.ForeignKey(Group, models.CASCADE, related_name="uses")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    used = models.DateField(_("last used"), auto_now_add=True)
    left = models.DateTimeField(_("left"), null=True, blank=True)

    class Meta:
        verbose_name = _("use of a shared group")
        verbose_name_plural = _("uses of shared groups")
        constraints = (
            models.UniqueConstraint(fields=["group", "user"], name="one_use_a_colleague"),
        )

    def __str__(self) -> str:
        return f"{self.group_id}:{self.user_id}"


class SharedGone(models.Model):
    """A line that tells a colleague that a group is no longer shared with them. It stays until the
    colleague dismisses it, or the group is shared again. ``group_key`` is the key of the group."""

    class Reason(models.TextChoices):
        ENDED = "ended", _("no longer shared")
        DELETED = "deleted", _("deleted by its owner")
        OWNER = "owner", _("the account of its owner was deleted")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    group_key = models.BigIntegerField(_("number of the group"))
    group_name = models.CharField(_("group"), max_length=200)
    owner_name = models.CharField(_("owner"), max_length=254)
    reason = models.CharField(_("reason"), max_length=8, choices=Reason.choices)
    when = models.DateTimeField(_("when"), auto_now_add=True)

    class Meta:
        verbose_name = _("end of a shared group")
        verbose_name_plural = _("ends of shared groups")
        ordering = ("-when", "-pk")
        constraints = (
            models.UniqueConstraint(fields=["user", "group_key"], name="one_end_a_colleague"),
        )

    def __str__(self) -> str:
        return self.group_name
