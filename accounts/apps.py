from django.apps import AppConfig
from django.core.checks import register
from django.db.backends.signals import connection_created
from django.utils.translation import gettext_lazy as _

from core import clock


class AccountsConfig(AppConfig):
    default = True
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from accounts import checks  # needs the loaded models
        from accounts.oidc import lives

        lives.share()
        connection_created.connect(clock.ask)
        register(checks.second_factors, deploy=True)
        register(checks.proxy_header, deploy=True)
