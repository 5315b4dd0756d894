"""Django's settings. Values that differ between machines come from the environment: each variable
is declared in `core/environment/declared.py` and described in docs/settings.md.
"""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from kombu import Exchange, Queue

from accounts import numen
from accounts.autoconfig import signing
from accounts.oidc import keys as oidc_keys
from core import queues
from core.environment import file as environment_file
from core.environment.readers import (
    SHORTEST_KEY,
    env_bool,
    env_by_domain,
    env_choice,
    env_int,
    env_keys,
    env_list,
    env_networks,
    env_text,
)

BASE_DIR = Path(__file__).resolve().parent.parent


# Limits for a database whose machine or network is gone: five seconds for a connection, fifteen for
# a network that accepts no data, twenty for one that sends nothing.
_REACHABLE = {
    "connect_timeout": "5",
    "tcp_user_timeout": "15000",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "2",
}


def database(url: str) -> dict[str, object]:
    """Return Django's DATABASES entry for ``sqlite:////path`` or
    ``postgresql://user:password@host:port/name``.
    """
    parts = urlsplit(url)
    if parts.scheme in {"sqlite", "sqlite3"}:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": unquote(parts.path)[1:] if parts.path != "/:memory:" else ":memory:",
            # Opening the file and registering our functions takes longer than a page's queries.
            "CONN_MAX_AGE": 0 if "pytest" in sys.modules else None,
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
        }
    if parts.scheme in {"postgres", "postgresql"}:
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        # PgBouncer gives a connection to one transaction after the other.
        is_pooled = query.pop("pooled", "") == "1"
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path[1:]),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": unquote(query.pop("host", parts.hostname or "")),
            "PORT": query.pop("port", str(parts.port or "")),
            "CONN_MAX_AGE": 0 if "pytest" in sys.modules else 60,
            "CONN_HEALTH_CHECKS": True,
            "DISABLE_SERVER_SIDE_CURSORS": is_pooled,
            "OPTIONS": {**_REACHABLE, **query},
        }
    raise ImproperlyConfigured(f"DATABASE_URL: unknown scheme {parts.scheme!r}")


def submission_server(url: str) -> tuple[str, int, str, str, str]:
    """Return host, port, user, password and security (``tls``, ``starttls`` or ``none``) of
    ``smtps://user:password@host:port``. ``smtp`` means STARTTLS, or no TLS on this machine itself.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ImproperlyConfigured("WEBMAIL_NOTICES_URL: smtp://host or smtps://host")
    local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    security = "tls" if parts.scheme == "smtps" else "none" if local else "starttls"
    port = parts.port or (465 if security == "tls" else 587)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return parts.hostname, port, user, password, security


# The installation

environment_file.load(env_text("WEBMAIL_ENVIRONMENT"))
DEBUG = env_bool("WEBMAIL_DEBUG")
DEMO = env_bool("WEBMAIL_DEMO")
TESTING = "pytest" in sys.modules
SECRET_KEY, *SECRET_KEY_FALLBACKS = env_keys("WEBMAIL_SECRET_KEY")
if not SECRET_KEY:
    # A dry run of an import signs and stores nothing.
    _dry = {"import_contacts", "--dry-run"} <= set(sys.argv)
    _keyless = {
        *("classify_message", "collectstatic", "makemigrations"),
        *("measure_adverts", "sbom", "train_adverts", "write_settings_docs"),
    }
    if not (DEBUG or TESTING or _dry or _keyless & set(sys.argv)):
        raise ImproperlyConfigured(
            "WEBMAIL_SECRET_KEY (or WEBMAIL_SECRET_KEY_FILE) must be set: 50 random characters"
        )
    SECRET_KEY = "not-secret-for-development-and-tests-only"  # noqa: S105  never used in production
BASE_URL = env_text("WEBMAIL_BASE_URL")
HTTPS = BASE_URL.startswith("https://")
_host = urlsplit(BASE_URL).hostname or "localhost"
ALLOWED_HOSTS = env_list("WEBMAIL_ALLOWED_HOSTS", _host)
if _host == "localhost":
    ALLOWED_HOSTS += ["127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = [BASE_URL.rstrip("/")]
TRUSTED_PROXIES = env_networks("WEBMAIL_TRUSTED_PROXIES")

PRODUCT_NAME = env_text("WEBMAIL_PRODUCT_NAME")
AUTHORITY_NAME = env_text("WEBMAIL_AUTHORITY_NAME")
SUPPORT_PHONE = env_text("WEBMAIL_SUPPORT_PHONE")
SUPPORT_EMAIL = env_text("WEBMAIL_SUPPORT_EMAIL")
SECURITY_CONTACTS = env_list("WEBMAIL_SECURITY_CONTACTS")
if not all(address.startswith(("mailto:", "https://", "tel:")) for address in SECURITY_CONTACTS):
    raise ImproperlyConfigured(
        "WEBMAIL_SECURITY_CONTACTS takes addresses with mailto:, https:// or tel: before them"
    )

# Mail servers

MAIL_DOMAIN = env_text("WEBMAIL_DOMAIN")
IMAP_URL = env_text("WEBMAIL_IMAP_URL")
SMTP_URL = env_text("WEBMAIL_SMTP_URL")
POP_URL = env_text("WEBMAIL_POP_URL")
SIEVE_URL = env_text("WEBMAIL_SIEVE_URL")
LOGIN_FORM = env_choice("WEBMAIL_LOGIN_FORM")
ONE_LOGIN_PER_MAILBOX = env_bool("WEBMAIL_ONE_LOGIN_PER_MAILBOX")
TLS_CA_FILE = env_text("WEBMAIL_TLS_CA_FILE")
IMAP_TIMEOUT = env_int("WEBMAIL_IMAP_TIMEOUT")
SMTP_TIMEOUT = 60  # seconds for an answer of the submission server
SMTP_VERDICT_SECONDS = env_int("WEBMAIL_SMTP_VERDICT_SECONDS")
SIEVE_TIMEOUT = 10  # seconds for the next piece of an answer; three times as long for the whole
SIEVE_SCRIPT = env_text("WEBMAIL_SIEVE_SCRIPT")
RULES_FORWARD = env_bool("WEBMAIL_RULES_FORWARD")
RULES_FORWARD_DOMAINS = frozenset(
    domain.lower().strip(".") for domain in env_list("WEBMAIL_RULES_FORWARD_DOMAINS")
)
IMAP_CONNECTIONS = env_int("WEBMAIL_IMAP_CONNECTIONS")
IMAP_IDLE_SECONDS = env_int("WEBMAIL_IMAP_IDLE_SECONDS")
PUSH = env_bool("WEBMAIL_PUSH")
PUSH_STREAMS = env_int("WEBMAIL_PUSH_STREAMS")
PROCESSES = env_int("WEB_CONCURRENCY")
ONE_SERVICE = env_bool("WEBMAIL_ONE_SERVICE")
JOB_CONNECTIONS = env_int("WEBMAIL_JOB_CONNECTIONS")
IMAP_USER_LIMIT = env_int("WEBMAIL_IMAP_USER_LIMIT")
AUTHSERV_ID = env_text("WEBMAIL_AUTHSERV_ID")
ADVERTS_SERVERS = env_list("WEBMAIL_ADVERTS_SERVERS")
ADVERTS_FOLDER = env_text("WEBMAIL_ADVERTS_FOLDER").strip()
if not ADVERTS_FOLDER or set("/.%*\\\r\n\t") & set(ADVERTS_FOLDER):
    raise ImproperlyConfigured("WEBMAIL_ADVERTS_FOLDER must be the name of one folder")
FRAUDS = env_choice("WEBMAIL_FRAUDS")
ADVERTS_FIRST = env_int("WEBMAIL_ADVERTS_FIRST")
ADVERTS_TRIAL_DAYS = env_int("WEBMAIL_ADVERTS_TRIAL_DAYS")
ADVERTS_AGREEING = env_int("WEBMAIL_ADVERTS_AGREEING")
RSPAMD_URL = env_text("WEBMAIL_RSPAMD_URL").strip()
RSPAMD_PASSWORD = env_text("WEBMAIL_RSPAMD_PASSWORD")
if RSPAMD_URL and not (
    urlsplit(RSPAMD_URL).scheme in {"http", "https"} and urlsplit(RSPAMD_URL).hostname
):
    raise ImproperlyConfigured("WEBMAIL_RSPAMD_URL must be http://host:port or https://host:port")
REPORT_ADDRESS = env_text("WEBMAIL_REPORT_ADDRESS").strip()
if REPORT_ADDRESS and not REPORT_ADDRESS.rpartition("@")[0]:
    raise ImproperlyConfigured("WEBMAIL_REPORT_ADDRESS must be an address")
MESSAGE_LIMIT = env_int("WEBMAIL_MESSAGE_LIMIT_MB") * 1024 * 1024
FILES_PER_MESSAGE = env_int("WEBMAIL_FILES_PER_MESSAGE")

# The outbox

RETRY_HOURS = env_int("WEBMAIL_RETRY_HOURS")
OUTBOX_LIMIT = env_int("WEBMAIL_OUTBOX_LIMIT_MB") * 1024 * 1024
EACH_PER_MINUTE = env_int("WEBMAIL_EACH_PER_MINUTE")
RELAY_HOST = env_text("WEBMAIL_RELAY_HOST")
RELAY_PORT = env_int("WEBMAIL_RELAY_PORT")
RELAY_SECURITY = env_choice("WEBMAIL_RELAY_SECURITY")

# Senders and recipients

OWN_DOMAINS = frozenset(domain.lower() for domain in env_list("WEBMAIL_OWN_DOMAINS"))
OUTSIDE_VISIBLE = env_int("WEBMAIL_OUTSIDE_VISIBLE")
IDENTITY_NAME_LOCKED = env_bool("WEBMAIL_IDENTITY_NAME_LOCKED")
RECIPIENTS_PER_MESSAGE = env_int("WEBMAIL_RECIPIENTS_PER_MESSAGE")
RECIPIENTS_PER_HOUR = env_int("WEBMAIL_RECIPIENTS_PER_HOUR")

# Remote images

REMOTE_IMAGES_PER_MINUTE = 300  # for one user
REMOTE_CLOSED_NETWORKS = env_networks("WEBMAIL_REMOTE_CLOSED_NETWORKS")

# Attachments

PREVIEW_LIMIT = 25 * 1024 * 1024  # bytes; sounds and films play at any size
OFFICE = env_choice("WEBMAIL_OFFICE")
EXPORT_LIMIT = env_int("WEBMAIL_EXPORT_LIMIT_MB") * 1024 * 1024
EXPORT_DAYS = env_int("WEBMAIL_EXPORT_DAYS")
IMPORT_LIMIT = env_int("WEBMAIL_IMPORT_LIMIT_MB") * 1024 * 1024
TRANSFER_OPEN_NETWORKS = env_networks("WEBMAIL_TRANSFER_OPEN_NETWORKS")
SPOOL = Path(env_text("WEBMAIL_SPOOL", str(BASE_DIR / "var" / "spool")))
BACKUP_RECIPIENTS = env_list("WEBMAIL_BACKUP_RECIPIENTS")

# Sign-in

LOGIN_FAILURES_PER_LOGIN = env_int("WEBMAIL_LOGIN_FAILURES_PER_LOGIN")
LOGIN_FAILURES_PER_NETWORK = env_int("WEBMAIL_LOGIN_FAILURES_PER_NETWORK")
LOGIN_FAILURES_MINUTES = 15  # for which a failed sign-in counts
LOGIN_EXEMPT_NETWORKS = env_networks("WEBMAIL_LOGIN_EXEMPT_NETWORKS")
SESSION_IDLE_MINUTES = env_int("WEBMAIL_SESSION_IDLE_MINUTES")
SHARED_IDLE_MINUTES = env_int("WEBMAIL_SHARED_IDLE_MINUTES")
REMOTE_USER_HEADER = env_text("WEBMAIL_REMOTE_USER_HEADER").strip()
REMOTE_USER_LOGOUT = env_text("WEBMAIL_REMOTE_USER_LOGOUT").strip()
if not re.fullmatch(r"[A-Za-z0-9-]*", REMOTE_USER_HEADER):
    raise ImproperlyConfigured(
        "WEBMAIL_REMOTE_USER_HEADER must be letters, digits and hyphens, not underscores: proxies"
        " drop headers with these"
    )
if REMOTE_USER_HEADER and not TRUSTED_PROXIES:
    raise ImproperlyConfigured(
        "WEBMAIL_REMOTE_USER_HEADER is believed of WEBMAIL_TRUSTED_PROXIES alone, and none is set"
    )
STAY_DAYS = env_int("WEBMAIL_STAY_DAYS")
SESSION_DAYS = env_int("WEBMAIL_SESSION_DAYS")
STAY_MOST_DAYS = env_int("WEBMAIL_STAY_MOST_DAYS")
ADMIN_PROOF_HOURS = env_int("WEBMAIL_ADMIN_PROOF_HOURS")
ADMIN_NEEDS_TOTP = env_bool("WEBMAIL_ADMIN_NEEDS_TOTP", not DEMO)
PULL_NEEDS_TWO = env_bool("WEBMAIL_PULL_NEEDS_TWO")
SECOND_FACTOR_ROLES = frozenset(env_list("WEBMAIL_SECOND_FACTOR_ROLES"))
for _word in SECOND_FACTOR_ROLES - {"everybody", "administrator", "support", "auditor"}:
    if "." not in _word:
        raise ImproperlyConfigured(
            "WEBMAIL_SECOND_FACTOR_ROLES are of administrator, support, auditor, everybody and"
            f" names of mail domains, not {_word!r}"
        )
DEVICE_NOTICES = env_bool("WEBMAIL_DEVICE_NOTICES")

PROVIDER_NETWORKS = env_networks("WEBMAIL_PROVIDER_NETWORKS")
MASTER_USER = env_by_domain("WEBMAIL_MASTER_USER")
MASTER_PASSWORD = env_by_domain("WEBMAIL_MASTER_PASSWORD")
MASTER_SEPARATOR = env_by_domain("WEBMAIL_MASTER_SEPARATOR")

# The probe

PROBE_LOGIN = env_text("WEBMAIL_PROBE_LOGIN")
PROBE_PASSWORD = env_text("WEBMAIL_PROBE_PASSWORD")
PROBE_ADDRESS = env_text("WEBMAIL_PROBE_ADDRESS")
PROBE_MINUTES = env_int("WEBMAIL_PROBE_MINUTES")

# The key that seals a password lent to a job. It can be changed without WEBMAIL_SECRET_KEY.

_lending = list(filter(None, env_keys("WEBMAIL_LENDING_KEY")))
if any(len(key) < SHORTEST_KEY for key in _lending):
    raise ImproperlyConfigured("WEBMAIL_LENDING_KEY must be 32 random characters or more")
_lending = _lending or [f"lending:{key}" for key in (SECRET_KEY, *SECRET_KEY_FALLBACKS)]
LENDING_KEY, *LENDING_KEY_FALLBACKS = (
    hashlib.blake2b(key.encode(), digest_size=32).digest() for key in _lending
)

# Account lookup, which is off without a key

try:
    NUMEN_KEYS = numen.parse_keys(env_text("WEBMAIL_NUMEN_KEYS"))
except ValueError as error:
    raise ImproperlyConfigured(f"WEBMAIL_NUMEN_KEYS: {error}") from error
LOOKUPS_PER_NUMEN = env_int("WEBMAIL_LOOKUPS_PER_NUMEN")
LOOKUPS_PER_NUMEN_HOURS = 24  # for which a lookup of a NUMEN counts
LOOKUP_FAILURES_PER_NETWORK = env_int("WEBMAIL_LOOKUP_FAILURES_PER_NETWORK")
LOOKUP_FAILURES_MINUTES = 15  # for which a failed lookup counts
LOOKUP_FAILURES_PER_MINUTE = env_int("WEBMAIL_LOOKUP_FAILURES_PER_MINUTE")
LOOKUP_NOTICES = env_bool("WEBMAIL_LOOKUP_NOTICES")

# The change of the mail password

PASSWORD_MINIMUM = env_int("WEBMAIL_PASSWORD_MINIMUM")
PASSWORD_KINDS = env_list("WEBMAIL_PASSWORD_KINDS")
if not {"lower", "upper", "digit", "sign"}.issuperset(PASSWORD_KINDS):
    raise ImproperlyConfigured("WEBMAIL_PASSWORD_KINDS are of lower, upper, digit and sign")
PASSWORD_STRENGTH = env_int("WEBMAIL_PASSWORD_STRENGTH")
PASSWORD_REMINDER_MONTHS = env_int("WEBMAIL_PASSWORD_REMINDER_MONTHS")
PASSWORD_DRIVER = env_choice("WEBMAIL_PASSWORD_DRIVER")
PASSWORD_SCHEME = env_choice("WEBMAIL_PASSWORD_SCHEME")
PASSWORD_DOVECOT_PATH = env_by_domain("WEBMAIL_PASSWORD_DOVECOT_PATH")
PASSWORD_SQL_DATABASES = {
    domain: database(url) for domain, url in env_by_domain("WEBMAIL_PASSWORD_SQL_URL").items()
}
PASSWORD_SQL_STATEMENT = env_by_domain("WEBMAIL_PASSWORD_SQL_STATEMENT")
PASSWORD_LDAP_URL = env_by_domain("WEBMAIL_PASSWORD_LDAP_URL")
PASSWORD_LDAP_DN = env_by_domain("WEBMAIL_PASSWORD_LDAP_DN")

# The directory

DIRECTORY_LDAP_URL = env_text("WEBMAIL_DIRECTORY_LDAP_URL")
DIRECTORY_LDAP_BASE = env_text("WEBMAIL_DIRECTORY_LDAP_BASE")
DIRECTORY_LDAP_FILTER = env_text("WEBMAIL_DIRECTORY_LDAP_FILTER")
DIRECTORY_LDAP_DN = env_text("WEBMAIL_DIRECTORY_LDAP_DN")
DIRECTORY_LDAP_PASSWORD = env_text("WEBMAIL_DIRECTORY_LDAP_PASSWORD")
DIRECTORY_LDAP_ATTRIBUTES = {
    field: attribute
    for field, _equals, attribute in (
        pair.partition("=") for pair in env_list("WEBMAIL_DIRECTORY_LDAP_ATTRIBUTES")
    )
}
if unknown := DIRECTORY_LDAP_ATTRIBUTES.keys() - {
    "key", "name", "first_name", "last_name", "address", "school_uai", "school_name", "discipline",
    "function",
}:  # fmt: skip
    raise ImproperlyConfigured(
        f"WEBMAIL_DIRECTORY_LDAP_ATTRIBUTES: there is no field {', '.join(sorted(unknown))}"
    )
DIRECTORY_LDAP_GROUPS = env_text("WEBMAIL_DIRECTORY_LDAP_GROUPS")
DIRECTORY_LDAP_GROUPS_BASE = env_text("WEBMAIL_DIRECTORY_LDAP_GROUPS_BASE")
DIRECTORY_GROUP_MOST = env_int("WEBMAIL_DIRECTORY_GROUP_MOST")
CLASSES_END_DAYS = env_int("WEBMAIL_CLASSES_END_DAYS")

# Profiles for telephones

try:
    PROFILE_SIGNER = signing.parse(
        env_text("WEBMAIL_PROFILE_CERTIFICATE"), env_text("WEBMAIL_PROFILE_KEY")
    )
except ValueError as error:
    raise ImproperlyConfigured(
        f"WEBMAIL_PROFILE_CERTIFICATE, WEBMAIL_PROFILE_KEY: {error}"
    ) from error

# The OpenID Connect provider, which is off without a key

try:
    OIDC_KEYS = oidc_keys.parse(
        env_text("WEBMAIL_OIDC_PRIVATE_KEY"), env_text("WEBMAIL_OIDC_OLD_KEYS")
    )
except ValueError as error:
    raise ImproperlyConfigured(
        f"WEBMAIL_OIDC_PRIVATE_KEY, WEBMAIL_OIDC_OLD_KEYS: {error}"
    ) from error
IDP_OIDC_ADAPTER = "accounts.oidc.adapter.Adapter"
# Long enough to read the claims after a sign-in; services have sessions of their own.
IDP_OIDC_ACCESS_TOKEN_EXPIRES_IN = 10 * 60
IDP_OIDC_REFRESH_TOKEN_EXPIRES_IN = 10 * 60

# Retention (accounts/retention.py)

KEEP_LOOKUPS_DAYS = env_int("WEBMAIL_KEEP_LOOKUPS_DAYS")
KEEP_AUDIT_DAYS = env_int("WEBMAIL_KEEP_AUDIT_DAYS")
KEEP_SESSIONS_DAYS = env_int("WEBMAIL_KEEP_SESSIONS_DAYS")
WIRE_LOG = env_bool("WEBMAIL_WIRE_LOG")

# Notices

NOTICES_FROM = env_text("WEBMAIL_NOTICES_FROM")
NOTICES_URL = env_text("WEBMAIL_NOTICES_URL")
EMAIL_BACKEND = "accounts.notices.Backend"
EMAIL_HOST, EMAIL_TIMEOUT = "", SMTP_TIMEOUT
if NOTICES_URL:
    EMAIL_HOST, EMAIL_PORT, EMAIL_HOST_USER, EMAIL_HOST_PASSWORD, _security = submission_server(
        NOTICES_URL
    )
    EMAIL_USE_SSL, EMAIL_USE_TLS = _security == "tls", _security == "starttls"
    if not NOTICES_FROM:
        raise ImproperlyConfigured("WEBMAIL_NOTICES_FROM must be set where WEBMAIL_NOTICES_URL is")

# Django

INSTALLED_APPS = [
    "webmail.administration.apps.AdministrationConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.idp.oidc",
    "django_htmx",
    "csp",
    "accounts",  # after allauth, whose list of addresses it takes out of the admin
    "webmail",
    "addressbook",
    "webmail.migrating",  # the move from Roundcube and Horde; without this line it is gone
]

MIDDLEWARE = [
    "webmail.middleware.RequestIdMiddleware",
    "webmail.middleware.HealthMiddleware",
    "webmail.serving.headers.HeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "webmail.middleware.CompressionMiddleware",
    "webmail.middleware.PolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.SessionMiddleware",
    "webmail.middleware.PreferencesMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "webmail.serving.origins.FetchSiteMiddleware",
    "webmail.middleware.PatienceMiddleware",
    "webmail.middleware.ErrorsMiddleware",
]

ROOT_URLCONF = "webmail.urls"
WSGI_APPLICATION = "webmail.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
APPEND_SLASH = True

FORM_RENDERER = "core.forms.FormRenderer"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "webmail.serving.templating.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "webmail.context.page",
                "accounts.context.page",
                "addressbook.context.page",
                *["webmail.migrating.context.page"] * ("webmail.migrating" in INSTALLED_APPS),
            ],
        },
    },
]

DATABASES = {
    "default": database(env_text("DATABASE_URL", f"sqlite:///{BASE_DIR}/var/webmail.sqlite3"))
}

REDIS_URL = env_text("REDIS_URL")
CACHE_URL = env_text("WEBMAIL_CACHE_URL") or REDIS_URL
if CACHE_URL:
    CACHES = {
        "default": {
            "BACKEND": "webmail.serving.cache.RedisCache",
            "LOCATION": CACHE_URL,
            "KEY_PREFIX": "webmail",
            "OPTIONS": {"serializer": "webmail.serving.cache.JSONSerializer"},
        }
    }
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

# With a cache of its own, each process would keep sessions that another process has ended.
SESSION_ENGINE = f"accounts.session_stores.{'cached' if CACHE_URL else 'database'}"
SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
SESSION_COOKIE_AGE = SESSION_IDLE_MINUTES * 60
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "webmail.views.failures.csrf"
LANGUAGE_COOKIE_NAME = "__Host-language" if HTTPS else "language"
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_HTTPONLY = True
# By default they lie in a cookie, which names what an administrator changed.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

SECURE_SSL_REDIRECT = HTTPS and env_bool("WEBMAIL_SSL_REDIRECT")
SECURE_HSTS_SECONDS = env_int("WEBMAIL_HSTS_SECONDS") if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS and env_bool("WEBMAIL_HSTS_SUBDOMAINS")
SECURE_HSTS_PRELOAD = HTTPS and env_bool("WEBMAIL_HSTS_PRELOAD")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_REFERRER_POLICY = "same-origin"
# The same as frame-ancestors below. Only pages of ours show pages of ours in frames.
X_FRAME_OPTIONS = "SAMEORIGIN"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [SELF],
        "media-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [SELF],
        "manifest-src": [SELF],
    },
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "accounts.backends.LocalAdministratorBackend",
    "accounts.backends.MailServerBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"

ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_USER_MODEL_USERNAME_FIELD = "login"
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_PRESERVE_USERNAME_CASING = True
ACCOUNT_USER_DISPLAY = str
ACCOUNT_FORMS = {"login": "accounts.forms.SignInForm"}
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
SILENCED_SYSTEM_CHECKS = [
    "auth.W004",  # a login is unique in its mail domain
    "security.W019",  # pages of ours show messages and previews of ours in frames
]
# accounts.limits counts wrong passwords, because a whole school may share one address. The
# "login_failed" of allauth counts the wrong codes of one user, of which there are a million.
ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": "5/5m/key"}
MFA_ADAPTER = "accounts.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
# A passkey is a second factor, never the first, since it gives no password for the mail server.
MFA_PASSKEY_LOGIN_ENABLED = MFA_PASSKEY_SIGNUP_ENABLED = False
MFA_FORMS = {
    "authenticate": "accounts.forms.SecondFactorForm",
    "reauthenticate": "accounts.forms.SecondFactorAgainForm",
    "authenticate_webauthn": "accounts.forms.PasskeyForm",
    "reauthenticate_webauthn": "accounts.forms.PasskeyAgainForm",
    "activate_totp": "accounts.forms.SetUpCodeForm",
    "add_webauthn": "accounts.forms.AddPasskeyForm",
    "edit_webauthn": "accounts.forms.RenamePasskeyForm",
}
MFA_TOTP_ISSUER = PRODUCT_NAME

LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", _("French")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env_text("WEBMAIL_TIME_ZONE")
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = Path(env_text("WEBMAIL_STATIC_ROOT", str(BASE_DIR / "var" / "static")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or TESTING
        else "webmail.serving.storage.StaticStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG or TESTING
# In tests, each client would otherwise search for all files first.
WHITENOISE_AUTOREFRESH = DEBUG or TESTING
WHITENOISE_ALLOW_ALL_ORIGINS = False

STAFF_FILE_LIMIT = 100 * 1024 * 1024  # as accounts/staff/file.py reads at most
DOCUMENTS_LIMIT = 128 * 1024 * 1024  # a zip with a document for each recipient, read in memory
MAIL_FILE_LIMIT = 100 * 1024 * 1024  # of a form; scripts bring pieces of webmail/transfer/store.py
ADDRESS_BOOK_LIMIT = 50 * 1024 * 1024  # as addressbook/importers read at most
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 6000
DATA_UPLOAD_MAX_NUMBER_FILES = 100
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# Celery

CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1) if REDIS_URL else "memory://"
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = TIME_ZONE
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_ALWAYS_EAGER = not REDIS_URL
# A worker that is given no queue takes from all.
CELERY_TASK_ROUTES = queues.ROUTES
CELERY_TASK_DEFAULT_QUEUE = queues.UPKEEP.queue
CELERY_TASK_QUEUES = [
    Queue(name, Exchange("jobs"), routing_key=name)
    for worker in queues.WORKERS.values()
    for name in worker.queues
]
# A worker fetches a job only when it can begin it, so that no job waits in its memory while another
# worker is idle.
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_DISABLE_PREFETCH = True
# A job is acknowledged when it begins. Late acknowledgements would not help: a killed job has a
# row, which `accounts.tasks.tend` finds, and a second delivery changes nothing. Jobs that a dead
# worker had fetched but not begun are delivered again after the visibility timeout.
CELERY_TASK_ACKS_LATE = False
# A page that starts a job tries twice, and waits a second for a broker whose machine says nothing.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1}
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 0.5,
    "socket_timeout": 3,
    "visibility_timeout": 2 * queues.LONGEST_SECONDS,
    "queue_order_strategy": "webmail.jobs.threads:FreeQueues",
}
CELERY_BEAT_SCHEDULER = "webmail.jobs.beat:SharedScheduler"
# Periodic jobs expire, so that they do not pile up while their worker is away.
_SOON_OVER = {"expires": 60}
CELERY_BEAT_SCHEDULE = {
    "clear-expired-sessions": {
        "task": "accounts.tasks.clear_expired_sessions",
        "schedule": 24 * 60 * 60,
    },
    "forget-old-traces": {
        "task": "accounts.tasks.forget_old_traces",
        "schedule": 6 * 60 * 60,
    },
    "end-blocks": {"task": "accounts.tasks.end_blocks", "schedule": 60 * 60},
    "mark-keys": {"task": "accounts.tasks.mark_keys", "schedule": 60 * 60},
    "tell-of-devices": {"task": "accounts.tasks.tell_of_devices", "schedule": 5 * 60},
    "show-life": {
        "task": "accounts.tasks.show_life",
        "schedule": 60,
        "options": _SOON_OVER,
    },
    "tidy-staff-imports": {"task": "accounts.tasks.tidy_staff_imports", "schedule": 60},
    "clear-expired-service-tokens": {
        "task": "accounts.tasks.clear_expired_service_tokens",
        "schedule": 60 * 60,
    },
    "expire-office-previews": {
        "task": "webmail.tasks.expire_office_previews",
        "schedule": 10 * 60,
    },
    "tidy-imports-of-contacts": {"task": "addressbook.tasks.tidy_imports", "schedule": 60},
    "fill-directory": {
        "task": "addressbook.tasks.fill_directory",
        "schedule": crontab(hour="3", minute="20"),
    },
    "tidy-jobs": {"task": "webmail.tasks.tidy_jobs", "schedule": 60},
    "forget-judgements": {"task": "webmail.tasks.forget_judgements", "schedule": 10 * 60},
    "prune-drafts": {"task": "webmail.tasks.prune_drafts", "schedule": 60 * 60},
    "tidy-outbox": {"task": "webmail.tasks.tidy_outbox", "schedule": 60 * 60},
    "end-classes": {
        "task": "addressbook.tasks.end_classes",
        "schedule": crontab(hour="4", minute="10"),
    },
    "empty-bins": {"task": "addressbook.tasks.empty_bins", "schedule": 24 * 60 * 60},
}
# How often rows are tended, by their queue, and the worker that does it. All threads of the worker
# of transfers may be busy for hours.
_TENDED = {
    queues.SENDING: (5, queues.SENDING),
    queues.UPKEEP: (5, queues.UPKEEP),
    queues.TRANSFERS: (10, queues.UPKEEP),
    queues.IMPORTS: (60, queues.IMPORTS),
}
CELERY_BEAT_SCHEDULE |= {
    f"tend-{rows.queue}": {
        "task": "accounts.tasks.tend",
        "args": [rows.queue],
        "schedule": seconds,
        "options": {"queue": worker.queue, **_SOON_OVER},
    }
    for rows, (seconds, worker) in _TENDED.items()
}
if PROBE_LOGIN and PROBE_PASSWORD:
    CELERY_BEAT_SCHEDULE["tend-probe"] = {
        "task": "webmail.tasks.tend_probe",
        "schedule": 20,
        "options": _SOON_OVER,
    }

ACCESS_LOG = env_bool("WEBMAIL_ACCESS_LOG")
METRICS_TOKEN = env_text("WEBMAIL_METRICS_TOKEN")
SENTRY_DSN = env_text("WEBMAIL_SENTRY_DSN")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "request_id": {"()": "core.logs.RequestId"},
        "route": {"()": "core.logs.Route"},
    },
    "formatters": {
        "line": {"()": "core.logs.LineFormatter"},
        "json": {"()": "core.logs.JSONFormatter"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": env_choice("WEBMAIL_LOG_FORMAT"),
            "filters": ["request_id", "route"],
        }
    },
    "root": {"handlers": ["stderr"], "level": env_text("WEBMAIL_LOG_LEVEL", "WARNING")},
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
        "webmail": {"level": env_text("WEBMAIL_LOG_LEVEL", "INFO")},
        "accounts": {"level": env_text("WEBMAIL_LOG_LEVEL", "INFO")},
        "mail": {"level": env_text("WEBMAIL_LOG_LEVEL", "INFO")},
    },
}
