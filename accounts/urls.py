"""Addresses of our own, and what we offer of allauth's: no sign-up, no e-mail to confirm."""

import re

from allauth.account import views as allauth_views
from django.urls import include, path, re_path

from accounts.views import autoconfig, doors, guides, lookup, passwords, phone

# Outlook writes it in capitals and small letters as it pleases, and Django reverses no (?i).
AUTODISCOVER = re.sub(
    "[a-z]", lambda letter: f"[{letter[0]}{letter[0].upper()}]", r"autodiscover/autodiscover\.xml"
)

ours = [
    path("accounts/reenter/", doors.reenter, name="reenter"),
    path("account/password/", passwords.password, name="password"),
    path("account/password/strength/", passwords.strength, name="password_strength"),
    path("account/password/later/", passwords.later, name="password_later"),
    path("lookup/", lookup.ask, name="lookup"),
    path("lookup/sheet/", lookup.sheet, name="lookup_sheet"),
    path("lookup/close/", lookup.close, name="lookup_close"),
    path("account/settings/", lookup.my_settings, name="my_settings"),
    path("lookup/phone/", phone.code, name="phone_code"),
    path("lookup/sheet.pdf", phone.paper, name="lookup_pdf"),
    path("lookup/guides/", guides.lookup_guides, name="lookup_guides"),
    path("lookup/guides/<slug:slug>/", guides.lookup_guide, name="lookup_guide"),
    path("account/settings/phone/", phone.my_code, name="my_phone_code"),
    path("account/settings/sheet.pdf", phone.my_paper, name="my_sheet_pdf"),
    path("phone/<slug:token>/", phone.page, name="phone"),
    path("phone/<slug:token>/profile", phone.profile, name="phone_profile"),
    path("guides/", guides.guides, name="guides"),
    path("guides/<slug:slug>/", guides.guide, name="guide"),
    path("mail/config-v1.1.xml", autoconfig.thunderbird_config, name="thunderbird"),
    path(".well-known/autoconfig/mail/config-v1.1.xml", autoconfig.thunderbird_config),
    re_path(f"^{AUTODISCOVER}$", autoconfig.outlook_autodiscover),
]

allauths = [
    path("login/", doors.SignInView.as_view(), name="account_login"),
    path("logout/", doors.SignOutView.as_view(), name="account_logout"),
    path("inactive/", allauth_views.account_inactive, name="account_inactive"),
    path("reauthenticate/", allauth_views.reauthenticate, name="account_reauthenticate"),
    path("2fa/", include("allauth.mfa.urls")),
]

urlpatterns = [
    path("", include((ours, "accounts"))),
    path("accounts/", include(allauths)),
]
