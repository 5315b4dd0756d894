from django.apps import AppConfig


class MigratingConfig(AppConfig):
    name = "webmail.migrating"
