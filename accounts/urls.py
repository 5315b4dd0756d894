"""Only what we offer of allauth's addresses: no sign-up, no e-mail to confirm, no password."""

from allauth.account import views as allauth_views
from django.urls import include, path

from accounts import views

ours = [path("reenter/", views.reenter, name="reenter")]

urlpatterns = [
    path("", include((ours, "accounts"))),
    path("login/", views.SignInView.as_view(), name="account_login"),
    path("logout/", views.SignOutView.as_view(), name="account_logout"),
    path("inactive/", allauth_views.account_inactive, name="account_inactive"),
    path("reauthenticate/", allauth_views.reauthenticate, name="account_reauthenticate"),
    path("2fa/", include("allauth.mfa.urls")),
]
