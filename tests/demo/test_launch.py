import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import pytest

from demo import academy, launch, options
from demo.servers.dovecot import Dovecot
from tests.waiting import LONGEST_S

MAIL = launch.Mail("imap://127.0.0.1:1143", "smtp://127.0.0.1:1587", None)


@pytest.fixture
def embedded(tmp_path: Path) -> launch.Mail:
    return launch.Mail(MAIL.imap_url, MAIL.smtp_url, Dovecot(tmp_path, []))


def test_the_port_is_8000_unless_said():
    assert options.read([]) == options.Options(port=8000, json=False, reset=False)


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "²"])
def test_what_is_no_port_is_refused(port: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        options.read(["--port", port])
    assert "is not a port" in capsys.readouterr().err or port == "-1"


def test_django_is_told_of_the_servers(embedded: launch.Mail):
    env = launch.environment(
        {"PATH": "/bin"}, embedded, "unix:///redis.sock", 8080, "secret", "demo:ab"
    )

    assert env["WEBMAIL_IMAP_URL"] == "imap://127.0.0.1:1143"
    assert env["WEBMAIL_SMTP_URL"] == "smtp://127.0.0.1:1587"
    assert env["REDIS_URL"] == "unix:///redis.sock"
    assert env["WEBMAIL_BASE_URL"] == "http://localhost:8080"
    assert env["WEBMAIL_LOGIN_FORM"] == "local"
    assert env["PATH"] == "/bin"


def test_passwords_are_changed_in_dovecots_file(embedded: launch.Mail):
    env = launch.environment({}, embedded, "unix:///redis.sock", 8080, "secret", "demo:ab")
    assert isinstance(embedded.embedded, Dovecot)
    assert env["WEBMAIL_PASSWORD_DRIVER"] == "dovecot"
    assert env["WEBMAIL_PASSWORD_DOVECOT_PATH"] == str(embedded.embedded.users)
    assert "WEBMAIL_PASSWORD_DRIVER" not in launch.environment(
        {}, MAIL, "", 8080, "secret", "demo:ab"
    )


def test_a_password_that_was_changed_is_announced_as_such(embedded: launch.Mail):
    server, person = embedded.embedded, academy.PEOPLE[0]
    assert isinstance(server, Dovecot)
    server.users.write_text(f"{person.login}:{{ARGON2ID}}$x::::::\n")
    ready = launch.announcement(8000, embedded, academy.PEOPLE, "secret")
    assert [account.password is None for account in ready.accounts] == [True, False, False]
    assert "(changed here)" in launch.in_words(ready)
    assert person not in launch._unchanged(embedded)


def test_letters_go_by_the_demos_own_submission_server_alone(embedded: launch.Mail):
    env = launch.environment({}, embedded, "unix:///redis.sock", 8080, "secret", "demo:ab")
    assert env["WEBMAIL_NOTICES_URL"] == "smtp://messagerie:Facteur%23Velo5@127.0.0.1:1587"

    environ = {"WEBMAIL_SMTP_URL": "smtp://mail.example"}
    env = launch.environment(environ, embedded, "unix:///redis.sock", 8080, "secret", "demo:ab")
    assert "WEBMAIL_NOTICES_URL" not in env
    assert "WEBMAIL_NOTICES_URL" not in launch.environment({}, MAIL, "", 8080, "secret", "demo:ab")


def test_what_the_person_set_is_kept(embedded: launch.Mail):
    environ = {"DATABASE_URL": "postgresql://u@h/n", "WEBMAIL_LOG_LEVEL": "DEBUG"}

    env = launch.environment(environ, embedded, "unix:///redis.sock", 8080, "secret", "demo:ab")

    assert env["DATABASE_URL"] == "postgresql://u@h/n"
    assert env["WEBMAIL_LOG_LEVEL"] == "DEBUG"


def test_logins_are_typed_whole_on_an_unknown_imap_server():
    env = launch.environment({}, MAIL, "unix:///redis.sock", 8080, "secret", "demo:ab")

    assert env["WEBMAIL_LOGIN_FORM"] == "typed"
    assert "WEBMAIL_SIEVE_URL" not in env


def test_a_secret_file_of_the_person_replaces_the_demos_key():
    environ = {"WEBMAIL_SECRET_KEY_FILE": "/run/key"}

    assert "WEBMAIL_SECRET_KEY" not in launch.environment(
        environ, MAIL, "", 8080, "secret", "demo:ab"
    )


def test_the_announcement_has_the_agreed_shape():
    ready = launch.announcement(8000, MAIL, academy.PEOPLE, "secret")

    line = json.loads(json.dumps(asdict(ready)))
    assert list(line) == ["url", "imap", "smtp", "accounts", "admin"]
    assert line["url"] == "http://localhost:8000"
    assert line["accounts"][0] == {
        "login": "francoise.durand@ac-exemple.fr",
        "password": academy.PEOPLE[0].password,
        "role": "teacher",
        "numen": None,
        "birth_date": None,
    }
    assert [account["role"] for account in line["accounts"]] == ["teacher", "teacher", "head"]
    assert line["admin"] == {
        "url": "http://localhost:8000/admin/",
        "login": "admin",
        "password": "secret",
    }


def test_the_announcement_tells_numens_where_the_demo_made_the_records(embedded: launch.Mail):
    ready = launch.announcement(8000, embedded, academy.PEOPLE, "secret")

    first = ready.accounts[0]
    assert (first.numen, first.birth_date) == ("20E0500001AAA", "1980-05-12")
    assert "20E0500001AAA         12/05/1980" in launch.in_words(ready)
    assert "20E" not in launch.in_words(launch.announcement(8000, MAIL, academy.PEOPLE, "secret"))


def test_the_key_of_numens_is_one_and_the_persons_own_is_kept(embedded: launch.Mail):
    env = launch.environment({}, embedded, "", 8080, "secret", "demo:ab")
    assert env["WEBMAIL_NUMEN_KEYS"] == "demo:ab"
    environ = {"WEBMAIL_NUMEN_KEYS": "2026:cd"}
    env = launch.environment(environ, embedded, "", 8080, "secret", "demo:ab")
    assert env["WEBMAIL_NUMEN_KEYS"] == "2026:cd"


def test_services_are_signed_for_with_a_key_of_the_demo_or_the_persons_own(embedded: launch.Mail):
    def told(environ: dict[str, str]) -> str | None:
        env = launch.environment(environ, embedded, "redis://", 8000, "secret", "")
        return env.get("WEBMAIL_OIDC_PRIVATE_KEY_FILE")

    assert told({}) == str(launch.OIDC_KEY)
    assert told({"WEBMAIL_OIDC_PRIVATE_KEY_FILE": "/etc/oidc.pem"}) == "/etc/oidc.pem"
    assert told({"WEBMAIL_OIDC_PRIVATE_KEY": "PEM"}) is None


def test_metrics_are_read_with_a_token_of_the_demo_or_the_persons_own(embedded: launch.Mail):
    def told(environ: dict[str, str]) -> str | None:
        env = launch.environment(environ, embedded, "redis://", 8000, "secret", "")
        return env.get("WEBMAIL_METRICS_TOKEN_FILE")

    assert told({}) == str(launch.METRICS_TOKEN)
    assert told({"WEBMAIL_METRICS_TOKEN_FILE": "/etc/token"}) == "/etc/token"
    assert told({"WEBMAIL_METRICS_TOKEN": "x"}) is None
    words = launch.in_words(launch.announcement(8000, MAIL, academy.PEOPLE, "secret"))
    assert str(launch.METRICS_TOKEN) in words and "/metrics" in words


def test_the_announcement_in_words_names_every_sign_in():
    words = launch.in_words(launch.announcement(8000, MAIL, academy.PEOPLE, "secret"))

    assert "http://localhost:8000" in words
    for person in academy.PEOPLE:
        assert person.address in words
        assert person.password in words


def test_a_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path):
    secret = launch._stored_secret(tmp_path / "secret", 40)

    assert launch._stored_secret(tmp_path / "secret", 40) == secret
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.getuid() != 0, reason="root alone keeps mail under another account")
def test_roots_mail_leaves_a_checkout_that_is_closed(tmp_path: Path):
    tmp_path.chmod(0o700)

    assert launch.mail_store(tmp_path / "demo").parent == Path("/var/lib")


def test_a_demo_of_other_tables_starts_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr(launch, "FOLDER", tmp_path / "demo")
    monkeypatch.setattr(launch, "_TABLES", tmp_path / "demo" / "tables")
    assert not launch._is_of_other_tables(), "there is none"
    (tmp_path / "demo").mkdir()
    assert launch._is_of_other_tables()
    launch._TABLES.write_text(launch._tables())
    assert not launch._is_of_other_tables()
    launch._TABLES.write_text("before")
    assert launch._is_of_other_tables()
    monkeypatch.setenv("DATABASE_URL", "postgresql://x@localhost/x")
    assert not launch._is_of_other_tables()


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[launch.Running]:
    monkeypatch.setattr(launch, "FOLDER", tmp_path)
    with ExitStack() as stack:
        yield launch.Running(stack)


def killed(program: launch.Program) -> int:
    """The number of the process that was killed."""
    child = program.child
    assert child is not None
    os.kill(child.pid, signal.SIGKILL)
    child.wait(LONGEST_S)
    return child.pid


def test_a_part_that_dies_is_started_again(
    running: launch.Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = launch.Program("job workers", ["-c", "import time; time.sleep(300)"], os.environ)
    running.start(program)
    running.look()
    monkeypatch.setattr(launch, "_TOO_YOUNG", 0.0)
    before = killed(program)
    running.look()
    assert program.child is not None and program.child.pid != before
    assert program.child.poll() is None
    assert "job workers ended unexpectedly" in "".join(capsys.readouterr())


def test_a_part_that_dies_at_once_ends_the_demo(running: launch.Running) -> None:
    program = launch.Program("job workers", ["-c", "import time; time.sleep(300)"], os.environ)
    running.start(program)
    killed(program)
    with pytest.raises(launch.Refused, match="job workers"):
        running.look()
