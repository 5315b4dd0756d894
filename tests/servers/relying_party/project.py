"""Its settings, its two pages, its addresses: all of the project in one module."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlencode

import django
from django.conf import settings
from django.contrib.auth import logout
from django.core.asgi import get_asgi_application
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import include, path
from django.utils.html import format_html, format_html_join

ISSUER = os.environ["SERVICE_ISSUER"]

settings.configure(
    SECRET_KEY="not-secret-for-tests-only",
    ALLOWED_HOSTS=["localhost"],
    ROOT_URLCONF=__name__,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": Path(os.environ["SERVICE_FOLDER"]) / "service.sqlite3",
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    # Cookies know no ports: the webmail's are on localhost too.
    SESSION_COOKIE_NAME="service_session",
    CSRF_COOKIE_NAME="service_csrf",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
        "allauth",
        "allauth.account",
        "allauth.socialaccount",
        "allauth.socialaccount.providers.openid_connect",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "allauth.account.middleware.AccountMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    AUTHENTICATION_BACKENDS=["allauth.account.auth_backends.AuthenticationBackend"],
    ACCOUNT_EMAIL_VERIFICATION="none",
    LOGIN_REDIRECT_URL="/",
    SOCIALACCOUNT_AUTO_SIGNUP=True,
    SOCIALACCOUNT_LOGIN_ON_GET=True,
    SOCIALACCOUNT_STORE_TOKENS=True,
    SOCIALACCOUNT_PROVIDERS={
        "openid_connect": {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [
                {
                    "provider_id": "messagerie",
                    "name": "Messagerie académique",
                    "client_id": os.environ["SERVICE_CLIENT_ID"],
                    "secret": os.environ["SERVICE_SECRET"],
                    "settings": {
                        "server_url": ISSUER,
                        "scope": ["openid", "profile", "email", "staff"],
                    },
                }
            ],
        }
    },
    USE_TZ=True,
)
django.setup()


def home(request: HttpRequest) -> HttpResponse:
    """What it was told of who is signed in, or the way to sign in."""
    from allauth.socialaccount.models import SocialAccount

    if not request.user.is_authenticated:
        return HttpResponse(
            "<h1>Frais de déplacement</h1>"
            '<a href="/accounts/oidc/messagerie/login/">Se connecter avec la messagerie</a>'
        )
    account = SocialAccount.objects.get(user=request.user)
    told = account.extra_data["userinfo"] | {"uid": account.uid}
    rows = format_html_join("", '<dt>{0}</dt><dd id="{0}">{1}</dd>', sorted(told.items()))
    return HttpResponse(
        format_html('<h1>Bonjour</h1><dl>{}</dl><a href="/leave/">Se déconnecter</a>', rows)
    )


def leave(request: HttpRequest) -> HttpResponse:
    """Sign out here, then at the webmail (RP-initiated logout)."""
    logout(request)
    query = {
        "client_id": os.environ["SERVICE_CLIENT_ID"],
        "post_logout_redirect_uri": request.build_absolute_uri("/"),
        "state": "parti",
    }
    return HttpResponseRedirect(f"{ISSUER}/identity/o/logout?{urlencode(query)}")


urlpatterns = [
    path("", home),
    path("leave/", leave),
    path("accounts/", include("allauth.urls")),
]

call_command("migrate", verbosity=0)
application = get_asgi_application()
