"""Contacts and groups. The vCard is the source of truth; the other columns are for lists and
search."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from core import clock


class ContactQuerySet(models.QuerySet["Contact"]):
    def of(self, user: User) -> ContactQuerySet:
        """Return the user's contacts, without those in the bin."""
        return self.filter(user=user, deleted=None)

    def in_bin(self, user: User) -> ContactQuerySet:
        return self.filter(user=user, deleted__isnull=False)


class Contact(models.Model):
    """One contact of one user. Only `addressbook.contacts` writes it, so that the columns agree
    with the vCard."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )
    uid = models.CharField(_("vCard UID"), max_length=255)
    vcard = models.TextField(_("vCard 4.0, without its photo"))
    display_name = models.CharField(_("name"), max_length=300)
    sort_key = models.CharField(
        _("sorted as"), max_length=300, help_text=_("Last name first; no accents, no capitals.")
    )
    initial = models.CharField(_("letter of the index"), max_length=1)
    organization = models.CharField(_("organisation"), max_length=300, blank=True)
    job_title = models.CharField(_("function"), max_length=300, blank=True)
    search = models.TextField(_("all its words, folded"), blank=True)
    created = models.DateTimeField(_("created"), auto_now_add=True)
    updated = models.DateTimeField(_("last change"), auto_now=True)
    deleted = models.DateTimeField(_("in the bin since"), null=True, blank=True)
    archived = models.DateTimeField(
        _("archived"),
        null=True,
        blank=True,
        help_text=_("Found by search, but not suggested as a recipient."),
    )

    objects = ContactQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ("initial", "sort_key", "pk")
        constraints = (models.UniqueConstraint(fields=["user", "uid"], name="one_contact_per_uid"),)
        indexes = (
            models.Index(fields=["user", "initial", "sort_key"], name="contact_by_letter"),
            models.Index(
                fields=["deleted"], name="contact_in_bin", condition=~models.Q(deleted=None)
            ),
        )

    def __str__(self) -> str:
        return self.display_name


class ContactAddress(models.Model):
    """An e-mail address of a contact; the preferred one has position 0. ``words`` and ``weight``
    are for completion (`addressbook.completion`)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="addresses")
    position = models.PositiveSmallIntegerField(_("position"))
    address = models.CharField(_("address"), max_length=254)
    folded = models.CharField(_("address in lower case"), max_length=254)
    type = models.CharField(_("type"), max_length=8)
    words = models.TextField(_("words of name and address"), blank=True)
    weight = models.FloatField(_("weight among those written to"), null=True, blank=True)

    class Meta:
        verbose_name = _("address of a contact")
        verbose_name_plural = _("addresses of contacts")
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(fields=["contact", "position"], name="one_address_a_position"),
        )
        indexes = (
            models.Index(fields=["user", "folded"], name="contact_by_address"),
            models.Index(
                fields=["user", "-weight"],
                name="contact_by_weight",
                condition=models.Q(weight__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.address


class ContactPhoto(models.Model):
    """A picture, encoded by `contacts.photos`: WebP, at most 512 pixels a side."""

    contact = models.OneToOneField(Contact, models.CASCADE, primary_key=True, related_name="photo")
    content = models.BinaryField(_("picture"))
    digest = models.CharField(_("digest"), max_length=32)

    class Meta:
        verbose_name = _("picture of a contact")
        verbose_name_plural = _("pictures of contacts")

    def __str__(self) -> str:
        return self.digest


class GroupQuerySet(models.QuerySet["Group"]):
    def of(self, user: User) -> GroupQuerySet:
        """Return the user's groups, without those in the bin."""
        return self.filter(user=user, deleted=None)

    def in_bin(self, user: User) -> GroupQuerySet:
        return self.filter(user=user, deleted__isnull=False)


class Group(models.Model):
    """A named set of contacts. A contact may be in several. ``external`` are addresses in it that
    belong to no contact.

    The contacts of a class are its pupils; their guardians are found by `Guardianship`. A class of
    a former year is archived and has its year in its name, so that the class of this year can have
    the same ``class_name``.
    """

    class Kind(models.TextChoices):
        ORDINARY = "", _("ordinary")
        CLASS = "class", _("class")

    class Guardians(models.TextChoices):
        """The guardians of each pupil who get a message to the guardians of the class."""

        ALL = "all", _("all guardians")
        FIRST = "first", _("the first guardian alone")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )
    name = models.CharField(_("name"), max_length=200)
    folded = models.CharField(_("name, folded"), max_length=200)
    contacts = models.ManyToManyField(Contact, related_name="groups", blank=True)
    external = models.JSONField(_("other addresses"), default=list, blank=True)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices, blank=True, default="")
    class_name = models.CharField(_("class"), max_length=200, blank=True)
    school_year = models.PositiveSmallIntegerField(
        _("school year"), null=True, blank=True, help_text=_("The year in which it begins.")
    )
    guardians = models.CharField(
        _("messages to guardians go to"),
        max_length=8,
        choices=Guardians.choices,
        default=Guardians.ALL,
    )
    archived = models.DateTimeField(_("archived"), null=True, blank=True)
    ends = models.DateField(_("ends on"), null=True, blank=True)
    end_told = models.DateField(_("end told on"), null=True, blank=True)
    created = models.DateTimeField(_("created"), auto_now_add=True)
    deleted = models.DateTimeField(_("in the bin since"), null=True, blank=True)

    objects = GroupQuerySet.as_manager()

    class Meta:
        verbose_name = _("group")
        verbose_name_plural = _("groups")
        ordering = ("folded", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=["user", "folded"],
                condition=models.Q(deleted=None),
                name="one_group_per_name",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_class(self) -> bool:
        return self.kind == self.Kind.CLASS


class Guardianship(models.Model):
    """A contact that is the guardian of another contact, a pupil of the same address book.
    ``position`` orders the guardians of a pupil, from 0. ``relation`` is a `Relation`, or the words
    of the school's list. ``withheld_since`` is when ``receives_mail`` was taken away: messages that
    were accepted before that, and have not left, are held back."""

    class Relation(models.TextChoices):
        MOTHER = "mother", _("mother")
        FATHER = "father", _("father")
        TUTOR = "guardian", pgettext_lazy("of a pupil", "legal guardian")
        GRANDPARENT = "grandparent", _("grandparent")
        SIBLING = "sibling", _("brother or sister")
        FOSTER = "foster", _("foster family")
        OTHER = "other", pgettext_lazy("relation to a pupil", "other")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    pupil = models.ForeignKey(Contact, models.CASCADE, related_name="guardianships")
    guardian = models.ForeignKey(Contact, models.CASCADE, related_name="wardships")
    relation = models.CharField(_("relation"), max_length=60, blank=True)
    receives_mail = models.BooleanField(_("receives the school’s mail"), default=True)
    withheld_since = models.DateTimeField(_("receives no mail since"), null=True, blank=True)
    is_legal = models.BooleanField(_("has parental authority"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("guardian of a pupil")
        verbose_name_plural = _("guardians of pupils")
        ordering = ("position", "pk")
        constraints = (
            models.UniqueConstraint(fields=["pupil", "guardian"], name="one_guardianship_a_pair"),
            models.CheckConstraint(
                condition=~models.Q(pupil=models.F("guardian")), name="nobody_guards_himself"
            ),
        )

    def __str__(self) -> str:
        return f"{self.pupil_id}:{self.guardian_id}"

    def let_receive(self, receives_mail: bool) -> None:
        """Set whether the guardian gets mail about the pupil, without saving the row."""
        if not receives_mail and (self.receives_mail or self.withheld_since is None):
            self.withheld_since = clock.now()
        elif receives_mail:
            self.withheld_since = None
        self.receives_mail = receives_mail

    @property
    def relation_words(self) -> str:
        """The relation in the page's language, or the words of a school's list."""
        words = dict(self.Relation.choices)
        return str(words.get(self.relation, self.relation))
