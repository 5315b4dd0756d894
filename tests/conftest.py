"""People and places that tests ask for by name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.db.models.signals import post_migrate
from django.template import Engine
from django.test import Client, TransactionTestCase, override_settings
from django.urls import reverse
from pytest_django import Settings
from pytest_django.plugin import DjangoDbBlocker

from accounts import apart, middleware, sessions
from accounts.models import MailDomain, User
from accounts.numen import NumenKey
from accounts.oidc import keys
from accounts.roles import ROLES
from core import clock
from core.preferences import NEWCOMER
from demo.servers.dovecot import Dovecot, MailAccount
from demo.servers.submission import SubmissionServer
from tests import examples, once
from tests.servers import tables
from tests.waiting import LONGEST_S
from webmail.presentation import icons

ROOT = Path(__file__).resolve().parent.parent
# The database that the processes of pytest-xdist copy.
TEMPLATE = "webmail_migrated"


def pytest_configure(config: pytest.Config) -> None:
    examples.load(is_whole=config.getoption("whole"))


@pytest.fixture(scope="session", autouse=True)
def roles_survive() -> Iterator[None]:
    """A test with a live server ends by emptying all tables, and a migration made the roles'
    groups: Django tells of it as of a migration, and they are made again."""

    def make(using: str, **_sent: object) -> None:
        for name in ROLES:
            Group.objects.using(using).get_or_create(name=name)

    post_migrate.connect(make, dispatch_uid="roles survive")
    yield
    post_migrate.disconnect(dispatch_uid="roles survive")


@pytest.fixture(scope="session", autouse=True)
def tables_are_emptied_quickly() -> Iterator[None]:
    emptying = tables.Emptying(TransactionTestCase._fixture_teardown)  # type: ignore[attr-defined]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda case: emptying.after(case))
        yield


BEGIN_APART = apart.begin


@pytest.fixture(autouse=True)
def nothing_is_done_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process of its own would look for the row in another database. Tests do the jobs
    themselves; those of `BEGIN_APART` start such processes."""
    monkeypatch.setattr(apart, "begin", lambda _task, _pk: None)


@pytest.fixture(scope="session", autouse=True)
def passwords_are_hashed_quickly() -> Iterator[None]:
    """A hash of the installed webmail takes a fifth of a second of the processor, by design. How
    often one is made tests count; how slow it is, none asks."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(scope="session", autouse=True)
def users_are_past_their_first_days() -> Iterator[None]:
    """Adverts of new users are only marked. Tests of that set the days themselves."""
    with override_settings(ADVERTS_TRIAL_DAYS=0):
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    database_server: str,
    django_db_modify_db_settings: None,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> None:
    """pytest-django's, once there is a server. SQLite has a file, as everywhere else: threads that
    share a database in memory do not wait for each other's locks, they fail. One of
    the processes migrates a database, of which each gets a copy."""
    if connection.vendor == "sqlite":
        name = tmp_path_factory.mktemp("database") / "webmail.sqlite3"
        shutil.copy(request.getfixturevalue("migrated"), name)
        connection.settings_dict["TEST"]["NAME"] = str(name)
    elif "PYTEST_XDIST_WORKER" in os.environ:

        def make(note: Path) -> None:
            tables.migrate_anew(database_server, TEMPLATE)
            note.touch()

        once.made(tmp_path_factory, TEMPLATE, make)
        connection.settings_dict["TEST"]["TEMPLATE"] = TEMPLATE


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_keepdb: bool) -> bool:
    """pytest-django's; SQLite begins with the copy of a migrated file, in a folder of this run."""
    return django_db_keepdb or connection.vendor == "sqlite"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """pytest-django's; before it drops the database, what a browser's last request left open in a
    thread of the server is closed."""
    yield
    with django_db_blocker.unblock():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )


@pytest.fixture(scope="session")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of static files as `collectstatic` makes them for a real installation."""

    def collect(folder: Path) -> None:
        with override_settings(**_installed(folder)):
            call_command("collectstatic", interactive=False, verbosity=0)

    return once.made(tmp_path_factory, "static", collect)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables, as `migrate` leaves it: to be copied."""

    def migrate(path: Path) -> None:
        own = {"DATABASE_URL": f"sqlite:///{path}", "REDIS_URL": "", "WEBMAIL_SECRET_KEY": "none"}
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(command, env=os.environ | own, cwd=ROOT, check=True, timeout=2 * LONGEST_S)  # noqa: S603

    return once.made(tmp_path_factory, "migrated.sqlite3", migrate)


@pytest.fixture
def as_installed(collected: Path, settings: Settings) -> Iterator[Path]:
    """The same; pages and a new handler serve them while the test runs."""
    with _served_from(collected, settings):
        yield collected


@pytest.fixture
def nothing_collected(tmp_path: Path, settings: Settings) -> Iterator[None]:
    """An installation without its static files: nobody has run `collectstatic`."""
    with _served_from(tmp_path, settings):
        yield


@contextmanager
def _served_from(folder: Path, settings: Settings) -> Iterator[None]:
    for name, value in _installed(folder).items():
        setattr(settings, name, value)
    _forget_templates()
    yield
    _forget_templates()


def _forget_templates() -> None:
    """Loaded ones hold the files' addresses: webmail/serving/templating.py. So do the icons."""
    icons.sprite.cache_clear()
    for loader in Engine.get_default().template_loaders:
        loader.reset()


def _installed(folder: Path) -> dict[str, Any]:
    backend = {"BACKEND": "webmail.serving.storage.StaticStorage"}
    return {
        "STATIC_ROOT": folder,
        "STORAGES": {**django_settings.STORAGES, "staticfiles": backend},
        "WHITENOISE_USE_FINDERS": False,
        "WHITENOISE_AUTOREFRESH": False,
    }


@pytest.fixture
def mail_domain(db: None, dovecot: Dovecot) -> MailDomain:
    """The academy's domain, on the private Dovecot."""
    return MailDomain.objects.create(
        name="ac-exemple.fr",
        is_default=True,
        login_form=MailDomain.LoginForm.LOCAL,
        imap_host="127.0.0.1",
        imap_port=dovecot.imap_port,
        imap_security=MailDomain.Security.NONE,
        smtp_host="127.0.0.1",
        smtp_port=1,
        smtp_security=MailDomain.Security.NONE,
    )


@pytest.fixture
def numen_key(settings) -> NumenKey:
    """The key of the digests in staff records: with it, the account lookup is open."""
    key = NumenKey("2026", b"k" * 32)
    settings.NUMEN_KEYS = (key,)
    return key


@pytest.fixture(scope="session")
def oidc_pem() -> str:
    """A private key; making one takes a moment."""
    return keys.create(2048)


@pytest.fixture
def oidc_key(settings, oidc_pem: str) -> str:
    """The key that signs for other services: with it, the provider is open."""
    settings.OIDC_KEYS = (oidc_pem,)
    return oidc_pem


@pytest.fixture
def no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page writes to session and row only every minute or more that somebody is there: where a
    machine is slow, these would be among the queries that a test counts."""
    monkeypatch.setattr(middleware, "TOUCH_SECONDS", 3600)
    monkeypatch.setattr(sessions, "WRITTEN_EVERY", timedelta(hours=1))


@pytest.fixture
def django_assert_num_queries(no_time_passes: None, django_assert_num_queries: Any) -> Any:
    """pytest-django's."""
    return django_assert_num_queries


@pytest.fixture(scope="session")
def shared_clock(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """The database has told the time, as it has to every process that serves: tests without a
    database of their own read the clock too."""
    with django_db_blocker.unblock():
        clock.now()


@pytest.fixture
def clean_cache(shared_clock: None) -> Iterator[None]:
    """Counters and refusals of one test are not for the next."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def signed_in(mail_domain: MailDomain, clean_cache: None) -> Callable[..., Client]:
    """`signed_in(alice)`: a browser with a session, through the sign-in page."""

    def sign_in(account: MailAccount, **more: str) -> Client:
        client = Client()
        answer = client.post(
            reverse("account_login"),
            {"login": account.login, "password": account.password, **more},
        )
        assert answer.status_code == 302, answer.content.decode()
        put_first_steps_away()
        return client

    return sign_in


def put_first_steps_away() -> None:
    """Those who sign in have been here before: nothing that a new user is shown stands in
    their way."""
    User.objects.filter(preferences={**NEWCOMER}).update(preferences={})


@pytest.fixture
def submission(mail_domain: MailDomain, submission_server: SubmissionServer) -> SubmissionServer:
    """Where the mail domain's people send: what is for Alice or Bob arrives in their mailboxes."""
    mail_domain.smtp_port = submission_server.port
    mail_domain.save()
    return submission_server
