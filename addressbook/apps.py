from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AddressBookConfig(AppConfig):
    default = True
    name = "addressbook"
    verbose_name = _("Address book")
