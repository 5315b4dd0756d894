from django.contrib.admin.apps import AdminConfig


class AdministrationConfig(AdminConfig):
    """Django's admin with our site, which requires the second factor."""

    default_site = "webmail.administration.site.AdminSite"
