"""Each fault that an administrator plants most easily is named by the self-check, as wrong or worth
a look, by the part that it belongs to."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
import redis
from django.db import connection
from django.utils import translation
from pytest_django import Settings

from accounts.models import MailDomain
from demo.servers.broker import Broker
from demo.servers.process import free_port
from mail.previews import office
from tests.accounts.health.test_server_check import over_tls, saying, serve  # noqa: F401  a fixture
from tests.servers.certificates import certificate
from tests.waiting import LONGEST_S, wait_for
from tests.webmail.doctor.test_doctor import limited
from webmail import doctor

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.django_db
CHECKS = {part.name: part.check for part in doctor.PARTS}


@dataclass
class Site:
    """What a fault is planted in."""

    settings: Settings
    patch: pytest.MonkeyPatch
    folder: Path
    domain: MailDomain
    serve: Callable[..., int]
    redis: str

    def imap(self, port: int, security: str = "none", host: str = "127.0.0.1") -> None:
        self.domain.imap_host, self.domain.imap_port = host, port
        self.domain.imap_security = security
        self.domain.save()

    def by_tls(self, name: str, days: int, *, is_trusted: bool = True) -> None:
        """An IMAP server with such a certificate, which signs itself."""
        pem = certificate(self.folder, name, days=days)
        if is_trusted:
            self.settings.TLS_CA_FILE = str(pem)
        self.imap(self.serve(over_tls(pem)), MailDomain.Security.TLS, "localhost")


@pytest.fixture
def site(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    mail_domain: MailDomain,
    serve: Callable[..., int],  # noqa: F811
    redis_server: str,
    clean_cache: None,
) -> Site:
    return Site(settings, monkeypatch, tmp_path, mail_domain, serve, redis_server)


def named_nowhere(site: Site) -> None:
    site.domain.imap_host = "imap.invalid"
    site.domain.save()


def no_certificates(site: Site) -> None:
    (site.folder / "ca.pem").write_text("none")
    site.settings.TLS_CA_FILE = str(site.folder / "ca.pem")


def spool_below_a_file(site: Site) -> None:
    (site.folder / "file").touch()
    site.settings.SPOOL = site.folder / "file" / "spool"


def open_spool(site: Site) -> None:
    site.settings.SPOOL = site.folder
    site.folder.chmod(0o755)


def nothing_compiled(site: Site) -> None:
    site.settings.BASE_DIR = site.folder


def missing_migration(_site: Site) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'webmail'")


def no_workers(site: Site) -> None:
    site.settings.CELERY_TASK_ALWAYS_EAGER = False


def no_submission(site: Site) -> None:
    site.domain.smtp_host, site.domain.smtp_port = "127.0.0.1", 1
    site.domain.save()


def no_sieve(site: Site) -> None:
    site.domain.sieve_host, site.domain.sieve_port = "127.0.0.1", 1
    site.domain.save()


def no_office(site: Site) -> None:
    site.settings.OFFICE = "on"
    site.patch.setenv("PATH", str(site.folder))
    office._program.cache_clear()


def set_to(**values: object) -> Callable[[Site], None]:
    def plant(site: Site) -> None:
        for name, value in values.items():
            setattr(site.settings, name, value)

    return plant


def variable(name: str) -> Callable[[Site], None]:
    return lambda site: site.patch.setenv(name, "1")


FAULTS: dict[str, tuple[str, Callable[[Site], object], str]] = {
    "a misspelt setting": ("settings", variable("WEBMAIL_IMAP_TIMOUT"), "WEBMAIL_IMAP_TIMEOUT"),
    "a file of certificates that is none": ("settings", no_certificates, "WEBMAIL_TLS_CA_FILE"),
    "no https": ("settings", set_to(HTTPS=False), "cross the network readable"),
    "fewer IMAP connections than are opened": (
        "settings",
        set_to(IMAP_USER_LIMIT=1),
        "mail_max_userip_connections",
    ),
    "no verdicts of the mail server": ("settings", set_to(AUTHSERV_ID=""), "WEBMAIL_AUTHSERV_ID"),
    "a spool that cannot be made": ("files", spool_below_a_file, "Nothing can be written"),
    "a spool that all can open": ("files", open_spool, "chmod 750"),
    "translations that were not compiled": ("files", nothing_compiled, "pybabel compile"),
    "a migration that was not run": ("database", missing_migration, "bin/manage upgrade"),
    "no Redis": ("redis", set_to(REDIS_URL=""), "REDIS_URL"),
    "a Redis that is down": (
        "redis",
        set_to(REDIS_URL="redis://127.0.0.1:1/0"),
        "Redis does not answer",
    ),
    "queues without workers": ("jobs", no_workers, "webmail-worker@sending"),
    "no beat": ("jobs", no_workers, "beat runs beside"),
    "an address that nobody serves": (
        "address",
        lambda site: setattr(site.settings, "BASE_URL", f"http://127.0.0.1:{free_port()}"),
        "does not reach itself",
    ),
    "an address that DNS does not know": (
        "address",
        set_to(BASE_URL="https://webmail.invalid"),
        "webmail.invalid",
    ),
    "no mail domain": (
        "mail",
        lambda _site: MailDomain.objects.all().delete(),
        "ensure_mail_domain",
    ),
    "an IMAP server that is down": (
        "mail",
        lambda site: site.imap(free_port()),
        "does not answer as it must",
    ),
    "an IMAP server that DNS does not know": ("mail", named_nowhere, "imap.invalid"),
    "a server that speaks no IMAP": (
        "mail",
        lambda site: site.imap(site.serve(saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"))),
        "does not answer as it must",
    ),
    "a certificate that has expired": (
        "mail",
        lambda site: site.by_tls("localhost", -1),
        "has expired",
    ),
    "a certificate of another name": (
        "mail",
        lambda site: site.by_tls("elsewhere.fr", 30),
        "another name",
    ),
    "a certificate of an unknown authority": (
        "mail",
        lambda site: site.by_tls("localhost", 30, is_trusted=False),
        "WEBMAIL_TLS_CA_FILE",
    ),
    "a certificate that ends soon": (
        "mail",
        lambda site: site.by_tls("localhost", 3),
        "days",
    ),
    "a submission server that is down": ("mail", no_submission, "SMTP 127.0.0.1:1"),
    "a ManageSieve server that is down": ("mail", no_sieve, "ManageSieve 127.0.0.1:1"),
    "LibreOffice that is missing": ("office", no_office, "LibreOffice is missing"),
    "no server of notices": ("others", set_to(NOTICES_URL=""), "WEBMAIL_NOTICES_URL"),
    "an rspamd that is down": (
        "others",
        set_to(RSPAMD_URL="http://127.0.0.1:1"),
        "WEBMAIL_RSPAMD_URL",
    ),
}


def told(part: str) -> str:
    """What is wrong or worth a look, and what to do."""
    with translation.override("en"):
        return "\n".join(
            f"{finding.text} {finding.advice}"
            for finding in CHECKS[part]()
            if finding.level in {"bad", "warn"}
        )


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_named(site: Site, fault: str) -> None:
    part, plant, words = FAULTS[fault]
    plant(site)
    try:
        assert words in told(part), told(part)
    finally:
        office._program.cache_clear()


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[Broker]:
    program = shutil.which("redis-server")
    server = Broker(tmp_path / "r", Path(program) if program else None)
    server.start()
    yield server
    server.stop()


def test_a_redis_that_cannot_save_is_named(own_redis: Broker, settings: Settings) -> None:
    settings.REDIS_URL = own_redis.url
    with redis.Redis.from_url(own_redis.url) as client:
        # A folder lies where its file should be.
        (own_redis.folder / "dump.rdb").mkdir()
        client.set("a", 1)
        client.bgsave()
        wait_for(lambda: client.info()["rdb_last_bgsave_status"] == "err")
        assert "Redis takes nothing: MISCONF" in told("redis")
        (own_redis.folder / "dump.rdb").rmdir()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_database_of_another_encoding_is_named() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite knows no other")
    known = connection.settings_dict
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
        )
    who = f"{known['USER']}:{quote(known['PASSWORD'], safe='')}"
    url = f"postgresql://{who}@{known['HOST']}:{known['PORT']}/latin"
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor", "--json"],
        env=os.environ | {"DATABASE_URL": url, "WEBMAIL_SECRET_KEY": "k" * 50},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_S,
    )
    with connection.cursor() as cursor:
        cursor.execute("DROP DATABASE latin WITH (FORCE)")
    assert done.returncode == 1, done.stderr
    findings = json.loads(done.stdout)["database"]
    assert "LATIN1" in " ".join(found["text"] for found in findings if found["level"] == "bad")


def test_a_redis_that_may_throw_jobs_away_is_named(site: Site) -> None:
    with redis.Redis.from_url(site.redis) as client, limited(client, "100mb", "allkeys-lru"):
        assert "throw jobs away" in told("redis")
