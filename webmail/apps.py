from django.apps import AppConfig
from django.core.checks import register
from django.utils.translation import gettext_lazy as _

from webmail import checks


class WebmailConfig(AppConfig):
    name = "webmail"
    verbose_name = _("Mail")

    def ready(self) -> None:
        register(checks.connections)
        register(checks.queue, deploy=True)
        register(checks.workers, deploy=True)
        register(checks.walls, deploy=True)
