"""Addresses of our own, and what we offer of allauth's: no sign-up, no e-mail to confirm."""

from allauth.account import views as allauth_views
from django.urls import include, path

from accounts.views import doors

ours = [
    path("accounts/reenter/", doors.reenter, name="reenter"),
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
