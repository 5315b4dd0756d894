"""Faults planted in an installation, each named by the self-check."""

from __future__ import annotations

import http.client
import http.server
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from ipaddress import ip_network
from pathlib import Path

import pytest
import redis
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts.health import jobs
from accounts.health.findings import Finding
from accounts.models import MailDomain, User
from demo.servers.dovecot import MailAccount
from demo.servers.process import free_port
from mail.sandbox import walls
from tests.accounts.health.test_server_check import over_tls, serve  # noqa: F401  a fixture
from tests.browser.conftest import running
from tests.servers.certificates import certificate
from webmail import doctor
from webmail.backups import contents
from webmail.doctor import address, backup, database, keys, mail, own, queues
from webmail.models import Draft
from webmail.writing import sealing

pytestmark = pytest.mark.django_db
Findings = Callable[[], Iterator[Finding]]


def of(findings: Findings, level: str) -> str:
    """The sentences of one level, and what to do."""
    return "\n".join(
        f"{finding.text} {finding.advice}" for finding in findings() if finding.level == level
    )


# --- this machine ---


def test_a_misspelt_variable_is_named_with_the_one_that_is_meant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WEBMAIL_IMAP_TIMOUT", "5")
    monkeypatch.setenv("WEBMAIL_SECRET_KEY_FILE", "/nowhere")
    monkeypatch.setenv("WEBMAIL_PASSWORD_LDAP_DN__AC_EXEMPLE_FR", "cn=x")
    wrong = of(own.settings_findings, "bad")
    assert "WEBMAIL_IMAP_TIMOUT" in wrong and "WEBMAIL_IMAP_TIMEOUT" in wrong
    assert "SECRET_KEY_FILE" not in wrong and "LDAP_DN__" not in wrong


def test_a_file_of_certificates_that_is_none(settings: Settings, tmp_path: Path) -> None:
    settings.TLS_CA_FILE = str(tmp_path / "missing.pem")
    assert "missing.pem" in of(own.settings_findings, "bad")
    (tmp_path / "missing.pem").write_text("no certificate")
    assert "missing.pem" in of(own.settings_findings, "bad")
    settings.TLS_CA_FILE = str(certificate(tmp_path, "ac-exemple.fr"))
    assert "missing.pem" not in of(own.settings_findings, "bad")


def test_an_address_without_https_is_told(settings: Settings) -> None:
    settings.HTTPS = False
    assert "https" in of(own.settings_findings, "warn")
    settings.HTTPS = True
    assert "HSTS" in of(own.settings_findings, "warn")  # Django's own check


def test_a_spool_that_nobody_can_write(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings.SPOOL = tmp_path / "file" / "spool"
    assert str(settings.SPOOL) in of(own.file_findings, "bad")


def test_a_spool_that_everybody_can_open(settings: Settings, tmp_path: Path) -> None:
    settings.SPOOL = tmp_path
    tmp_path.chmod(0o755)
    assert f"chmod 750 {tmp_path}" in of(own.file_findings, "warn")
    tmp_path.chmod(0o750)
    assert of(own.file_findings, "warn") == ""


def test_static_files_that_were_not_collected(as_installed: Path, settings: Settings) -> None:
    settings.DEBUG = False
    assert "collectstatic" not in of(own.file_findings, "bad")
    settings.STATIC_ROOT = as_installed / "elsewhere"
    assert "collectstatic" in of(own.file_findings, "bad")


# --- database, Redis, workers ---


def test_a_migration_that_was_not_run() -> None:
    assert "bin/manage upgrade" not in of(database.findings, "bad")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'addressbook'")
    assert "bin/manage upgrade" in of(database.findings, "bad")


@pytest.mark.django_db
def test_more_connections_than_postgresql_lets_in(settings: Settings) -> None:
    if connection.vendor != "postgresql":
        assert "SQLite" in of(database.findings, "warn")
        return
    settings.PROCESSES = 1
    assert "max_connections" not in of(database.findings, "warn")
    settings.PROCESSES = 40
    assert "max_connections" in of(database.findings, "warn")


def test_clocks_that_differ() -> None:
    assert list(database.clock_findings(0.4)) == []
    (finding,) = database.clock_findings(3600)
    assert finding.level == "bad" and "3600" in finding.text


def test_a_redis_that_does_not_answer(settings: Settings) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    assert "REDIS_URL" in of(queues.redis_findings, "bad")


@pytest.mark.parametrize(
    ("most", "policy", "level"),
    [
        ("0", "noeviction", "warn"),
        ("100mb", "noeviction", "warn"),
        ("100mb", "allkeys-lru", "bad"),
        ("100mb", "volatile-ttl", "ok"),
    ],
)
def test_what_happens_when_redis_is_full(
    redis_server: str, most: str, policy: str, level: str
) -> None:
    with redis.Redis.from_url(redis_server) as client, limited(client, most, policy):
        assert [finding.level for finding in queues.redis_findings()] == [level]


def test_a_redis_of_the_cache_alone_may_drop_what_it_likes(
    redis_server: str, settings: Settings
) -> None:
    settings.CACHE_URL = redis_server
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    with redis.Redis.from_url(redis_server) as client, limited(client, "100mb", "allkeys-lru"):
        jobs_server, cache_server = queues.redis_findings()
    assert jobs_server.level == "bad"
    assert cache_server.level == "ok" and "Redis des caches" in cache_server.text
    settings.CACHE_URL = f"redis://127.0.0.1:{free_port()}/0"
    assert "WEBMAIL_CACHE_URL" in of(queues.redis_findings, "bad")


@contextmanager
def limited(client: redis.Redis, most: str, policy: str) -> Iterator[None]:
    names = ("maxmemory", "maxmemory-policy")
    before = {name: str(client.config_get(name)[name]) for name in names}
    for name, value in zip(names, (most, policy), strict=True):
        client.config_set(name, value)
    yield
    for name, value in before.items():
        client.config_set(name, value)


def test_queues_without_workers(settings: Settings, clean_cache: None) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = False
    wrong = of(queues.job_findings, "bad")
    assert "webmail-worker@sending" in wrong and "webmail-worker@upkeep" in wrong
    cache.set_many({f"jobs-worker-{name}": 1 for name in jobs.WORKERS})
    jobs.note_life()
    assert of(queues.job_findings, "bad") == ""


# --- the address ---


@pytest.fixture
def site(transactional_db: None, settings: Settings) -> Iterator[str]:
    from webmail.asgi import application

    with running(application) as served:
        settings.BASE_URL = served
        yield served


def test_the_webmail_reaches_itself(site: str) -> None:
    assert [finding.level for finding in address.findings()] == ["ok"]


@pytest.mark.usefixtures("site")
def test_nobody_else_is_told_how_he_came(client: Client) -> None:
    for query in ("", "?doctor=", "?doctor=" + "a" * 32, "?doctor=" + "é" * 32, "?doctor=\0"):
        assert "seen" not in client.get(f"/readyz{query}").json()


def test_nothing_listens_there(settings: Settings) -> None:
    settings.BASE_URL = f"http://127.0.0.1:{free_port()}"
    assert settings.BASE_URL in of(address.findings, "bad")


def test_a_name_that_nobody_has(settings: Settings) -> None:
    settings.BASE_URL = "https://webmail.invalid"
    assert "webmail.invalid" in of(address.findings, "bad")


@pytest.mark.parametrize(
    ("status", "body"), [(502, b"<h1>Bad Gateway</h1>"), (200, b"{}"), (200, b"[" * 60_000)]
)
def test_the_address_leads_elsewhere(
    settings: Settings, speaking: Callable[..., str], status: int, body: bytes
) -> None:
    settings.BASE_URL = speaking(lambda _headers: (status, body))
    assert "proxy_pass" in of(address.findings, "bad")


def test_another_installation_answers(settings: Settings, speaking: Callable[..., str]) -> None:
    settings.BASE_URL = speaking(lambda _headers: (200, b'{"ready": true}'))
    assert "REDIS_URL" in of(address.findings, "warn")


def test_a_proxy_that_is_not_trusted(
    site: str, settings: Settings, speaking: Callable[..., str]
) -> None:
    settings.BASE_URL = speaking(lambda path: passed_on(site, path))
    settings.TRUSTED_PROXIES = []
    assert "WEBMAIL_TRUSTED_PROXIES" in of(address.findings, "bad")
    settings.HTTPS = True
    assert "X-Forwarded-Proto" in of(address.findings, "bad")


def test_a_proxy_on_this_machine_that_this_machine_asks_is_trusted(
    site: str, settings: Settings, speaking: Callable[..., str]
) -> None:
    settings.BASE_URL = speaking(lambda path: passed_on(site, path, "127.0.0.1"))
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.1")]
    assert of(address.findings, "bad") == ""


@pytest.fixture
def speaking() -> Iterator[Callable[..., str]]:
    """`speaking(answer)`: a web server; ``answer(path)`` is the status and the body."""
    servers = []

    def start(answer: Callable[[str], tuple[int, bytes]]) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body = answer(self.path)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_words: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def passed_on(site: str, path: str, browser: str = "192.0.2.7") -> tuple[int, bytes]:
    """As a proxy asks: on behalf of somebody else."""
    host, _colon, port = site.removeprefix("http://").partition(":")
    asked = http.client.HTTPConnection(host, int(port), timeout=10)
    asked.request("GET", path, headers={"X-Forwarded-For": browser})
    response = asked.getresponse()
    body = response.read()
    asked.close()
    return response.status, body


# --- mail ---


def test_no_mail_domain() -> None:
    assert "ensure_mail_domain" in of(mail.findings, "bad")


def test_mail_servers_that_do_not_answer(mail_domain: MailDomain) -> None:
    mail_domain.imap_port = free_port()
    mail_domain.save()
    wrong = of(mail.findings, "bad")
    assert f"IMAP 127.0.0.1:{mail_domain.imap_port}" in wrong and "SMTP 127.0.0.1:1" in wrong


@pytest.mark.parametrize(("days", "level"), [(1, "bad"), (10, "warn"), (60, "ok")])
def test_a_certificate_that_ends_soon(
    mail_domain: MailDomain,
    settings: Settings,
    tmp_path: Path,
    serve: Callable[..., int],  # noqa: F811
    days: int,
    level: str,
) -> None:
    pem = certificate(tmp_path, "localhost", days=days)
    settings.TLS_CA_FILE = str(pem)
    mail_domain.imap_host, mail_domain.imap_security = "localhost", MailDomain.Security.TLS
    mail_domain.imap_port = serve(over_tls(pem))
    mail_domain.save()
    assert "IMAP localhost" in "".join(
        finding.text
        for finding in mail.findings()
        if finding.level == level and str(days - 1) in finding.text
    )


def test_extensions_are_known_after_a_sign_in(
    mail_domain: MailDomain, alice: MailAccount, client: Client, clean_cache: None
) -> None:
    words = f"serveur IMAP de {mail_domain.name}"
    assert words in of(mail.findings, "warn")
    client.post("/accounts/login/", {"login": alice.login, "password": alice.password})
    assert "_auth_user_id" in client.session
    assert words in of(mail.findings, "ok") and words not in of(mail.findings, "warn")


def test_a_domain_without_rules_is_told(mail_domain: MailDomain) -> None:
    mail_domain.sieve_host = ""
    mail_domain.save()
    told = of(mail.findings, "warn")
    assert "ManageSieve" in told and "ensure_mail_domain" in told
    mail_domain.sieve_host = "127.0.0.1"
    mail_domain.save()
    assert "ensure_mail_domain" not in of(mail.findings, "warn")


def test_the_age_of_the_last_backup_is_told(settings: Settings, tmp_path: Path) -> None:
    settings.SPOOL = tmp_path
    assert "webmail-backup.timer" in of(backup.findings, "warn")
    contents.note(tmp_path / "monday", timezone.now() - timedelta(hours=25))
    assert str(tmp_path / "monday") in of(backup.findings, "ok")
    contents.note(tmp_path / "monday", timezone.now() - timedelta(hours=27))
    assert "1\xa0jour" in of(backup.findings, "warn")


def test_helpers_without_walls_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walls, "is_whole", lambda: False)
    assert "bubblewrap" in of(own.file_findings, "warn")
    monkeypatch.setattr(walls, "is_whole", lambda: True)
    assert "bubblewrap" not in of(own.file_findings, "warn")


def test_servers_beside_mail(settings: Settings) -> None:
    settings.RSPAMD_URL = f"http://127.0.0.1:{free_port()}"
    settings.DIRECTORY_LDAP_URL = "ldaps://ldap.invalid"
    settings.NOTICES_URL = "smtp://127.0.0.1"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    settings.EMAIL_USE_SSL = settings.EMAIL_USE_TLS = False
    wrong = of(mail.other_findings, "bad")
    for server in ("WEBMAIL_RSPAMD_URL", "ldap.invalid", f"SMTP 127.0.0.1:{settings.EMAIL_PORT}"):
        assert server in wrong


# --- the whole ---


@pytest.mark.django_db(transaction=True)
def test_the_command_tells_programs_too(mail_domain: MailDomain, settings: Settings) -> None:
    settings.BASE_URL = f"http://127.0.0.1:{free_port()}"
    output = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", json=True, stdout=output)
    assert ended.value.code == 1
    parts = json.loads(output.getvalue())
    assert list(parts) == [part.name for part in doctor.PARTS]
    assert [finding["level"] for finding in parts["address"]] == ["bad"]


@pytest.mark.django_db(transaction=True)
def test_a_part_that_breaks_hides_no_other(
    mail_domain: MailDomain, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks() -> Iterator[Finding]:
        raise RuntimeError("nobody thought of this")

    broken = doctor.InstallationPart("broken", doctor.PARTS[0].title, breaks)
    monkeypatch.setattr(doctor, "PARTS", (broken, doctor.PARTS[2]))
    first, second = doctor.examine()
    assert [finding.level for finding in first.findings] == ["bad"]
    assert "nobody thought of this" in first.findings[0].text
    assert second.findings[0].level == "ok"


def signed_in(role: str, domain: MailDomain, settings: Settings) -> Client:
    settings.ADMIN_NEEDS_TOTP = False
    user = User.objects.create(mail_domain=domain, login=role)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user, backend="accounts.backends.LocalAdministratorBackend")
    return client


@pytest.mark.django_db(transaction=True)
def test_administrators_alone_have_the_page(mail_domain: MailDomain, settings: Settings) -> None:
    settings.BASE_URL = f"http://127.0.0.1:{free_port()}"
    administrator = signed_in("administrator", mail_domain, settings)
    asked = administrator.get("/admin/doctor/").content.decode()
    assert 'class="findings"' not in asked
    told = administrator.post("/admin/doctor/").content.decode()
    assert told.count('class="findings"') == len(doctor.PARTS)
    assert settings.BASE_URL in told
    for role in ("support", "auditor"):
        assert signed_in(role, mail_domain, settings).post("/admin/doctor/").status_code == 403


# --- the keys ---


def test_a_changed_secret_key_is_told_before_anybody_misses_a_second_factor(
    settings: Settings, django_user_model: type[User]
) -> None:
    assert of(keys.findings, "ok") and not of(keys.findings, "bad")
    user = django_user_model.objects.create(login="anne")

    data = {"secret": get_adapter().encrypt("JBSWY3DPEHPK3PXP")}
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data=data)
    assert of(keys.findings, "ok") and not of(keys.findings, "bad")
    settings.SECRET_KEY = "another one, of 50 characters or thereabouts, says it"
    assert "WEBMAIL_SECRET_KEY" in of(keys.findings, "bad")
    assert not of(keys.findings, "ok")


@pytest.mark.parametrize("is_oldest", [True, False])
def test_drafts_of_another_key_are_told(
    is_oldest: bool, settings: Settings, django_user_model: type[User]
) -> None:
    user = django_user_model.objects.create(login="anne")

    def write() -> None:
        draft = Draft(user=user)
        draft.sealed = sealing.seal(draft.pk, user.pk, b"{}")
        draft.save()

    former = settings.LENDING_KEY
    write()
    settings.LENDING_KEY = b"another key, of 32 bytes or so.."
    write()
    settings.LENDING_KEY = settings.LENDING_KEY if is_oldest else former
    assert "WEBMAIL_LENDING_KEY" in of(keys.findings, "bad")
