"""The audit log: each action with its user, its target and its network. It contains no secret and
no content of mail."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class AuditEvent(models.Model):
    """A line of the audit log, written by `accounts.audit.record` alone and never changed."""

    class Kind(models.TextChoices):
        LOOKUP_FOUND = "lookup.found", _("settings looked up")
        LOOKUP_FAILED = "lookup.failed", _("lookup without result")
        LOOKUP_LIMITED = "lookup.limited", _("lookup refused: too many tries")
        SETTINGS_FETCHED = "settings.fetched", _("settings fetched by telephone")
        SIGNED_IN = "sign-in.done", _("signed in")
        SIGN_IN_FAILED = "sign-in.failed", _("sign-in failed")
        SIGN_IN_LIMITED = "sign-in.limited", _("sign-in refused: too many tries")
        SIGNED_OUT = "sign-out", _("signed out")
        SESSION_ENDED = "session.ended", _("session ended from elsewhere")
        SECOND_FACTOR = "second-factor", _("second factor changed")
        PASSWORD_CHANGED = "password.changed", _("password changed")
        PASSWORD_REFUSED = "password.refused", _("password change refused")
        STAFF_IMPORTED = "staff.imported", _("staff records imported")
        CONTACTS_IMPORTED = "contacts.imported", _("old contacts imported")
        CONTACTS_IMPORT_UNDONE = "contacts.undone", _("import of contacts undone")
        CONTACTS_EXPORTED = "contacts.exported", _("contacts exported")
        GROUP_SHARED = "group.shared", _("group shared with colleagues")
        GROUP_UNSHARED = "group.unshared", _("group no longer shared with a colleague")
        GROUP_EDITED = "group.edited", _("shared group changed by a colleague")
        CLASSES_ENDED = "classes.ended", _("lists of classes ended")
        CLASS_PROLONGED = "class.prolonged", _("list of a class kept longer")
        USER_MOVED = "user.moved", _("brought from another webmail")
        RULES_CHANGED = "rules.changed", _("rules changed")
        MAIL_DELETED = "mail.deleted", _("many messages deleted")
        SERVICE_OPENED = "service.opened", _("signed in to a service")
        SERVICE_REFUSED = "service.refused", _("sign-in to a service refused")
        MAIL_TRACED = "mail.traced", _("a user’s message looked for by the support desk")
        MAIL_PULL_ASKED = "mail.pull-asked", _("pull of reported messages asked for")
        MAIL_PULL_REFUSED = "mail.pull-refused", _("pull of reported messages refused")
        MAIL_PULL_WITHDRAWN = "mail.pull-withdrawn", _("pull of reported messages withdrawn")
        MAIL_PULLED = "mail.pulled", _("reported messages pulled from mailboxes")
        MAIL_PULL_UNDONE = "mail.pull-undone", _("pulled messages put back")
        DATA_EXPORTED = "data.exported", _("own data downloaded")
        DATA_DELETED = "data.deleted", _("a user’s data deleted")
        LIMITS_LIFTED = "limits.lifted", _("limits lifted")
        WIRE_LOGGED = "wire-log", _("a user’s connections to the mail servers logged")
        BLOCK_ENDED = "block.ended", _("block ended on its day")
        ADMINISTERED = "administered", _("changed in the administration")
        EXPORTED = "exported", _("audit log exported")

    when = models.DateTimeField(_("when"), auto_now_add=True)
    kind = models.CharField(_("what"), max_length=32, choices=Kind.choices)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by whom"),
    )
    target = models.CharField(
        _("about whom"),
        max_length=254,
        blank=True,
        help_text=_("An address or login, in lower case; empty when nobody was recognised."),
    )
    network = models.CharField(_("from where"), max_length=45, blank=True)
    detail = models.JSONField(_("details"), default=dict, blank=True)

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit log")
        ordering = ("-when", "-pk")
        indexes = (
            models.Index(fields=["-when"], name="audit_by_time"),
            models.Index(fields=["kind", "-when"], name="audit_by_kind"),
            models.Index(fields=["target", "-when"], name="audit_by_target"),
            models.Index(fields=["actor", "-when"], name="audit_by_actor"),
            models.Index(fields=["network", "-when"], name="audit_by_network"),
        )

    def __str__(self) -> str:
        return f"{self.when:%Y-%m-%d %H:%M:%S} {self.kind} {self.target}".rstrip()
