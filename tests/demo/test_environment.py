import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.mofile import read_mo

from demo import catalogues, environment
from demo.words import Refused
from tests.waiting import LONGEST_S


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(environment, "_INSTALL_LOG", tmp_path / "install.log")
    return tmp_path / "install.log"


def test_a_failed_download_is_said_in_words(log: Path):
    with pytest.raises(Refused, match=r"(?s)no route.*is the network there.*install\.log"):
        environment._run(["sh", "-c", "echo no route; exit 1"], "is the network there?")


def test_a_changed_requirement_asks_for_a_new_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "VENV", tmp_path)
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("django==1")
    named = ("requirements.txt",)
    environment._stamp(named).write_text(environment._fingerprint(named))

    assert environment._is_installed(named)
    requirements.write_text("django==2")
    assert not environment._is_installed(named)


def test_catalogues_are_compiled_without_unsure_entries(tmp_path: Path):
    po = tmp_path / "django.po"
    po.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
        'msgid "Folder"\nmsgstr "Dossier"\n\n#, fuzzy\nmsgid "Mailbox"\nmsgstr "Dossier"\n'
    )
    assert environment.catalogue_is_stale(po)

    catalogues.compile_catalogue(po)

    assert not environment.catalogue_is_stale(po)
    with po.with_suffix(".mo").open("rb") as compiled:
        assert {m.id: m.string for m in read_mo(compiled) if m.id} == {"Folder": "Dossier"}


def test_uv_reads_the_indexes_of_pip():
    env = environment.for_uv({"PIP_INDEX_URL": "https://pypi.example/simple", "PATH": "/bin"})

    assert env["UV_DEFAULT_INDEX"] == "https://pypi.example/simple"
    assert env["PATH"] == "/bin"


def test_what_was_said_to_uv_itself_wins():
    environ = {"PIP_INDEX_URL": "https://pypi.example", "UV_DEFAULT_INDEX": "https://uv.example"}

    assert environment.for_uv(environ)["UV_DEFAULT_INDEX"] == "https://uv.example"


_PREPARE_TESTS = """
from demo import environment, packages

packages.ensure = lambda parts: [part for part in parts if part.present() is None]
environment.prepare = environment._build_ldap = lambda *requirements: None
environment._prepare_tests()
"""


def test_the_tests_are_prepared_by_a_python_without_packages():
    # -S: without site-packages, as on a machine where nothing has been installed.
    prepared = subprocess.run(  # noqa: S603
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path[:0] = [{str(environment.ROOT)!r}]\n{_PREPARE_TESTS}",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_S,
    )
    assert prepared.returncode == 0, prepared.stderr


def test_what_checks_the_scripts_is_not_installed_in_the_venv_of_another_checkout(
    monkeypatch, tmp_path
):
    """Its lock file may be another one, by which its own tests then fail."""
    other = tmp_path / "other"
    (other / "scripts").mkdir(parents=True)
    (other / "scripts" / "installed").write_text("what the other one wants")
    monkeypatch.setattr(environment, "VENV", tmp_path / ".venv")
    environment.VENV.symlink_to(other)
    monkeypatch.setattr(environment, "_run", lambda *_: pytest.fail("it was installed"))

    with pytest.raises(Refused, match="is a link to"):
        environment._install_node_modules()

    assert (other / "scripts" / "installed").read_text() == "what the other one wants"
    assert not (other / "scripts" / "package.json").exists()
