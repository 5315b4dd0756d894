"""The URLs of this app, and some of allauth's, without sign-up and without confirmation of
addresses."""

import re

from allauth.account import views as allauth_views
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from accounts.views import (
    accessibility,
    account,
    announcements,
    autoconfig,
    doors,
    guides,
    help,
    lookup,
    oidc,
    passwords,
    phone,
    providers,
    proxied,
    service_menu,
    texts,
    themes,
    well_known,
)

# Outlook writes this path in any mixture of case, and Django cannot reverse (?i).
AUTODISCOVER = re.sub(
    "[a-z]", lambda letter: f"[{letter[0]}{letter[0].upper()}]", r"autodiscover/autodiscover\.xml"
)

ours = [
    path("accounts/reenter/", doors.reenter, name="reenter"),
    path("accounts/provider/<int:pk>/", providers.start, name="provider_start"),
    path("accounts/provider/<int:pk>/back/", providers.callback, name="provider_callback"),
    path("accounts/provider/<int:pk>/over/", providers.over, name="provider_over"),
    path("accounts/proxy/", proxied.enter, name="proxied"),
    path("account/", account.account, name="account"),
    path("account/security/", account.security, name="security"),
    path("account/session/", account.session_left, name="session_left"),
    path("account/sessions/", account.open_sessions, name="sessions"),
    path("account/sessions/others/end/", account.end_other_sessions, name="end_other_sessions"),
    path("account/sessions/<int:pk>/end/", account.end_session, name="end_session"),
    path("account/password/", passwords.password, name="password"),
    path("account/password/strength/", passwords.strength, name="password_strength"),
    path("account/password/later/", passwords.later, name="password_later"),
    path("theme/sign-in/", themes.sign_in, name="theme_sign_in"),
    path("theme/<slug:digest>.css", themes.sheet, name="theme_sheet"),
    path("theme/<slug:digest>.webp", themes.logo, name="theme_logo"),
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
    path("announcements/<int:pk>/dismiss", announcements.dismiss, name="announcement_dismiss"),
    path("help/", help.help_page, name="help"),
    path("help/keys/", help.keys, name="help_keys"),
    path("help/news/", help.news, name="help_news"),
    path("help/<slug:slug>/", help.article, name="help_article"),
    path("accessibilite/", accessibility.statement, name="accessibility"),
    path("legal/", texts.legal, name="legal"),
    path("privacy/", texts.privacy, name="privacy"),
    path("services/", service_menu.services, name="services"),
    path("guides/", guides.guides, name="guides"),
    path("guides/<slug:slug>/", guides.guide, name="guide"),
    path("mail/config-v1.1.xml", autoconfig.thunderbird_config, name="thunderbird"),
    path(".well-known/autoconfig/mail/config-v1.1.xml", autoconfig.thunderbird_config),
    re_path(f"^{AUTODISCOVER}$", autoconfig.outlook_autodiscover),
    path("robots.txt", well_known.robots, name="robots"),
    path(".well-known/security.txt", well_known.security, name="security_txt"),
    path(".well-known/change-password", well_known.change_password, name="change_password"),
]

SECURITY = RedirectView.as_view(pattern_name="accounts:security")

allauths = [
    path("login/", doors.SignInView.as_view(), name="account_login"),
    path("logout/", doors.SignOutView.as_view(), name="account_logout"),
    path("inactive/", allauth_views.account_inactive, name="account_inactive"),
    path("reauthenticate/", allauth_views.reauthenticate, name="account_reauthenticate"),
    # These replace allauth's lists, which are both on our own page.
    path("2fa/", SECURITY, name="mfa_index"),
    path("2fa/webauthn/", SECURITY, name="mfa_list_webauthn"),
    path("2fa/", include("allauth.mfa.urls")),
]

# allauth's own views require these names.
identity = [
    path(".well-known/openid-configuration", oidc.configuration, name="configuration"),
    path(".well-known/jwks.json", oidc.jwks, name="jwks"),
    path("identity/o/authorize", oidc.authorization, name="authorization"),
    path("identity/o/continue", oidc.go_on, name="continue"),
    path("identity/o/logout", oidc.logout, name="logout"),
    path("identity/o/api/token", oidc.token, name="token"),
    path("identity/o/api/revoke", oidc.revoke, name="revoke"),
    path("identity/o/api/userinfo", oidc.user_info, name="userinfo"),
]

urlpatterns = [
    path("", include(([path("", include((identity, "oidc")))], "idp"))),
    path("", include((ours, "accounts"))),
    path("accounts/", include(allauths)),
]
