"""The authority's own people, read only."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class DirectoryDomain(models.Model):
    """A domain in which entries have their addresses. The few domains are read instead of all
    entries."""

    name = models.CharField(_("domain"), max_length=253, unique=True)

    class Meta:
        verbose_name = _("domain of the directory")
        verbose_name_plural = _("domains of the directory")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class DirectoryEntry(models.Model):
    """One person of the directory, from the staff records or from LDAP. ``source`` and
    ``source_id`` identify the person for the next filling."""

    source = models.CharField(_("source"), max_length=8)
    source_id = models.CharField(_("name in the source"), max_length=254)
    name = models.CharField(_("name"), max_length=300)
    sort_key = models.CharField(_("sorted as"), max_length=300)
    address = models.CharField(_("address"), max_length=254)
    folded = models.CharField(_("address in lower case"), max_length=254, unique=True)
    domain = models.CharField(_("domain of the address"), max_length=253, blank=True)
    words = models.TextField(_("words of name and address"), blank=True)
    school_uai = models.CharField(_("school (UAI)"), max_length=8, blank=True)
    school_name = models.CharField(_("name of the school"), max_length=200, blank=True)
    discipline = models.CharField(_("discipline"), max_length=100, blank=True)
    function = models.CharField(_("function"), max_length=100, blank=True)
    filled = models.DateTimeField(_("filled"))

    class Meta:
        verbose_name = _("directory entry")
        verbose_name_plural = _("directory entries")
        ordering = ("sort_key", "pk")
        constraints = (
            models.UniqueConstraint(fields=["source", "source_id"], name="one_entry_per_source_id"),
        )
        indexes = (
            models.Index(fields=["sort_key"], name="entry_in_order"),
            models.Index(fields=["school_uai", "sort_key"], name="entry_by_school"),
            models.Index(fields=["domain", "sort_key"], name="entry_by_domain"),
        )

    def __str__(self) -> str:
        return self.name


class DirectoryList(models.Model):
    """A group of an LDAP directory, with its members at the last filling, each as ``Nom
    <adresse>``. If it has an ``address`` of its own, its mail server knows the members."""

    source_id = models.CharField(_("digest of its name in the source"), max_length=32, unique=True)
    name = models.CharField(_("name"), max_length=200)
    sort_key = models.CharField(_("sorted as"), max_length=200)
    description = models.CharField(_("description"), max_length=300, blank=True)
    address = models.CharField(_("address"), max_length=254, blank=True)
    words = models.TextField(_("words of name and address"), blank=True)
    members = models.JSONField(_("members"), default=list, blank=True)
    size = models.PositiveIntegerField(_("number of members"), default=0)
    unknown = models.PositiveIntegerField(
        _("members without an address"),
        default=0,
        help_text=_("Includes members who are not in the directory."),
    )
    is_cut = models.BooleanField(_("has more members than are read"), default=False)
    filled = models.DateTimeField(_("filled"))

    class Meta:
        verbose_name = _("list of the directory")
        verbose_name_plural = _("lists of the directory")
        ordering = ("sort_key", "pk")
        indexes = (models.Index(fields=["sort_key"], name="list_in_order"),)

    def __str__(self) -> str:
        return self.name
