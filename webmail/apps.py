from django.apps import AppConfig
from django.conf import settings
from django.core.checks import register
from django.utils.translation import gettext_lazy as _

from mail import sandbox
from mail.imap import observing
from webmail import celery  # noqa: F401  tasks bind to this application, and not to a default one
from webmail.serving import checks, measures, reports


class WebmailConfig(AppConfig):
    name = "webmail"
    verbose_name = _("Mail")

    def ready(self) -> None:
        from webmail.serving import health  # it needs the models

        register(checks.connections)
        register(checks.queue, deploy=True)
        register(checks.workers, deploy=True)
        register(checks.verdicts, deploy=True)
        register(checks.walls, deploy=True)
        register(checks.redis_doors, deploy=True)
        sandbox.observe(health.count_ended)
        for package in ("addressbook", "webmail"):
            sandbox.give(settings.BASE_DIR / package)
        observing.observe(measures.imap_command, measures.imap_connections.inc)
        if settings.SENTRY_DSN:
            reports.begin(settings.SENTRY_DSN)
