"""The administrators' defaults of preferences, and the user's choices for one folder."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models.prepared import Prepared
from core.preferences import BY_NAME, GroupsValue, HoursPreference, hours

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

# changes with the format of the cached value
CACHE_KEY, CACHE_SECONDS = "near:preference-defaults:3", 60


class PreferenceDefaultQuerySet(models.QuerySet["PreferenceDefault"]):
    def in_force(self) -> list[GroupsValue]:
        """Return all defaults, for everybody and for groups, from the cache, so that a page costs
        no query. A change takes effect within a minute.
        """
        rows = cache.get(CACHE_KEY)
        if rows is None:
            fields = ("name", "value", "locked", "mail_domain_id", "school", "function", "least")
            rows = [list(row) for row in self.values_list(*fields)]
            cache.set(CACHE_KEY, rows, CACHE_SECONDS)
        return [GroupsValue(*row) for row in rows]


class PreferenceDefault(models.Model):
    """A preference's default for users who made no choice, or, if locked, its value for all users.

    It may be limited to a mail domain, a school, or a function. School and function are those of
    the staff records, which staff files keep up to date; Django's groups are roles of
    administrators.
    """

    name = models.CharField(_("preference"), max_length=40)
    value = models.CharField(_("value"), max_length=200, blank=True)
    locked = models.BooleanField(
        _("locked"), default=False, help_text=_("Users see the value and cannot change it.")
    )
    mail_domain = models.ForeignKey(
        "accounts.MailDomain",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("mail domain"),
        help_text=_("Empty: all mail domains."),
    )
    school = models.CharField(
        _("school (UAI)"),
        max_length=8,
        blank=True,
        default="",
        db_default="",
        validators=[RegexValidator(r"^\d{7}[A-Z]\Z", _("Seven digits and a capital letter."))],
        help_text=_("The code that staff records have. Empty: all schools."),
    )
    function = models.CharField(
        _("function"),
        max_length=100,
        blank=True,
        default="",
        db_default="",
        help_text=_(
            "Applies to users whose function begins with this text, for example “professeur”."
            " Case and accents are ignored. Empty: all functions."
        ),
    )

    least = models.CharField(
        _("at least"),
        max_length=30,
        blank=True,
        db_default="",
        help_text=_(
            "For working hours only: users cannot choose shorter hours than these, for example"
            " 12345:0800-1700 (1 = Monday)."
        ),
    )

    objects = PreferenceDefaultQuerySet.as_manager()

    class Meta:
        verbose_name = _("preference default")
        verbose_name_plural = _("preference defaults")
        ordering = ("name", "mail_domain", "school", "function")
        constraints = (
            models.UniqueConstraint(
                fields=["name", "school", "function"],
                condition=models.Q(mail_domain=None),
                name="one_default_of_all_domains",
                violation_error_message=_("There is already one for the same people."),
            ),
            models.UniqueConstraint(
                fields=["name", "mail_domain", "school", "function"],
                name="one_default_of_a_group",
                violation_error_message=_("There is already one for the same people."),
            ),
        )

    def __str__(self) -> str:
        """Return the label of the settings page."""
        declared = BY_NAME.get(self.name)
        name, value = self.name, self.value
        if declared:
            name, value = str(declared.label), declared.words_of(value)
        return gettext("%(name)s: %(value)s") % {"name": name, "value": value}

    def clean(self) -> None:
        """Check that the value is one of the preference's, and that a lock is on a preference that
        can be locked.
        """
        self.function = " ".join(self.function.split())
        preference = BY_NAME.get(self.name)
        # A value that was not given is the database's default, not a string.
        least = self.least if isinstance(self.least, str) else ""
        if least and (self.name != "hours" or hours.read_hours(least) is None):
            raise ValidationError({"least": _("These are no working hours.")})
        if isinstance(preference, HoursPreference) and not preference.allows(self.value):
            raise ValidationError({"value": _("Allowed: off, or such as 12345:0800-1800.")})
        if preference and not preference.allows(self.value):
            allowed = [option for option, _words in preference.options()]
            shown = ", ".join(allowed[:12]) + ("…" if len(allowed) > 12 else "")
            raise ValidationError({"value": _("Allowed: %(values)s.") % {"values": shown}})
        if preference and self.locked and not preference.lockable:
            raise ValidationError({"locked": _("This preference cannot be locked.")})


class FolderChoiceQuerySet(models.QuerySet["FolderChoice"]):
    def of(self, user: AbstractBaseUser) -> FolderChoiceQuerySet:
        return self.filter(user_id=user.pk)

    def order_of(
        self, user: AbstractBaseUser, folder: str, *, threads: bool = False
    ) -> tuple[str, bool, bool]:
        """Return the sort of a folder's list, whether it ascends, and whether it shows
        conversations; ``threads`` is the default of the last.
        """
        chosen = _order_of(user.pk, FolderChoice.digest_of(folder))
        return chosen[0] if chosen else (FolderChoice.ARRIVAL, False, threads)

    def move(self, before: str, now: str, delimiter: str) -> None:
        """Rename the choices of a renamed folder and of the folders inside it."""
        for row in self.filter(folder__startswith=before):
            if row.folder == before or (delimiter and row.folder.startswith(before + delimiter)):
                name = now + row.folder.removeprefix(before)
                self.filter(digest=self.model.digest_of(name)).delete()
                self.filter(pk=row.pk).update(folder=name, digest=self.model.digest_of(name))

    def choose_order(
        self, user: AbstractBaseUser, folder: str, sort: str, up: bool, threads: bool = False
    ) -> None:
        self.update_or_create(
            user_id=user.pk,
            digest=FolderChoice.digest_of(folder),
            defaults={"folder": folder, "sort": sort, "up": up, "threads": threads},
        )


class FolderChoice(models.Model):
    """One user's choices for the list of one folder. A filter is not stored: mail that it hides
    would seem to be lost.
    """

    ARRIVAL: ClassVar[str] = "arrival"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )
    folder = models.TextField(_("folder"))
    digest = models.CharField(
        _("digest of its name"),
        max_length=64,
        help_text=_("The index uses the digest, since names may be too long for it."),
    )
    sort = models.CharField(_("sorted by"), max_length=10, default=ARRIVAL)
    up = models.BooleanField(_("ascending"), default=False)
    threads = models.BooleanField(_("by conversations"), default=False)

    objects = FolderChoiceQuerySet.as_manager()

    class Meta:
        verbose_name = _("choice for a folder")
        verbose_name_plural = _("choices for folders")
        ordering = ("folder",)
        constraints = (
            models.UniqueConstraint(fields=["user", "digest"], name="one_choice_per_folder"),
        )

    def __str__(self) -> str:
        return self.folder

    @staticmethod
    def digest_of(folder: str) -> str:
        return hashlib.sha256(folder.encode("utf-8", "surrogatepass")).hexdigest()


_order_of: Prepared[tuple[str, bool, bool]] = Prepared(
    lambda user, digest: FolderChoice.objects.filter(user_id=user, digest=digest).values_list(
        "sort", "up", "threads"
    ),
    int,
    str,
)
