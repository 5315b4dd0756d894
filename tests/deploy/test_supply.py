"""The scripts that renew the requirements and that make a version of its tag."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.waiting import LONGEST_S

ROOT = Path(__file__).resolve().parents[2]
Run = Callable[..., subprocess.CompletedProcess[str]]


def run(*words: str, where: Path, **own: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        words,
        cwd=where,
        env=os.environ | own,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_S,
    )


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def renew(tmp_path: Path) -> Run:
    """`bin/renew` on a copy of the requirements; uv writes down what it is asked for."""
    program(tmp_path / "programs" / "uv", f'echo "$@" >> {tmp_path}/asked')
    for file in [*ROOT.glob("requirements*.in"), *ROOT.glob("*/requirements.in")]:
        copy = tmp_path / file.relative_to(ROOT)
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(file, copy)

    def start(*words: str) -> subprocess.CompletedProcess[str]:
        path = f"{tmp_path}/programs:{os.environ['PATH']}"
        command = str(ROOT / "bin" / "renew")
        return run(command, *words, where=tmp_path, PATH=path, WEBMAIL_REQUIREMENTS=str(tmp_path))

    return start


def test_every_file_of_requirements_is_renewed_by_its_own_command(
    renew: Run, tmp_path: Path
) -> None:
    done = renew()
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "asked").read_text().splitlines()
    made = [line.partition(" -o ")[2].split()[0] for line in lines]
    written = [path for path in ROOT.rglob("requirements*.txt") if ".venv" not in path.parts]
    assert sorted(made) == sorted(str(path.relative_to(ROOT)) for path in written)
    assert made[0] == "requirements.txt"
    assert all("--generate-hashes" in line and "--upgrade" in line for line in lines)


def test_one_package_can_be_renewed_alone(renew: Run, tmp_path: Path) -> None:
    assert renew("--package", "lxml").returncode == 0
    assert set((tmp_path / "asked").read_text().splitlines()[0].split()[-3:]) == {
        "--upgrade-package",
        "lxml",
        "--quiet",
    }
    assert renew("--all").returncode == 2


@pytest.fixture
def release(tmp_path: Path) -> Run:
    """`bin/release` in a small repository of its own, at version 1.2."""
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2"\n')
    (tmp_path / "CHANGELOG.md").write_text("# Changes\n\n## 1.2\n\n- New\n\n## 1.1\n\n- Old\n")
    manage = program(tmp_path / "manage", 'echo "$@"')
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@x.fr", "-c", "init.defaultBranch=main"]
    for words in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "1.2"]):
        assert run(*git, *words, where=tmp_path).returncode == 0
    for tag in ("v1.2", "v1.3"):
        run(*git, "tag", tag, where=tmp_path)

    def start(*words: str) -> subprocess.CompletedProcess[str]:
        own = {"WEBMAIL_CHECKOUT": str(tmp_path), "WEBMAIL_MANAGE": str(manage)}
        return run(str(ROOT / "bin" / "release"), *words, where=tmp_path, **own)

    return start


def test_a_version_is_made_of_its_tag(release: Run, tmp_path: Path) -> None:
    done = release("v1.2", "--source")
    assert done.returncode == 0, done.stderr
    out = tmp_path / "var" / "release" / "v1.2"
    assert (out / "CHANGES.md").read_text().split() == ["-", "New"]
    with tarfile.open(out / "webmail-1.2.tar.gz") as archive:
        assert "webmail-1.2/pyproject.toml" in archive.getnames()
    sums = dict(line.split()[::-1] for line in (out / "SHA256SUMS").read_text().splitlines())
    assert sums == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in out.iterdir()
        if path.name != "SHA256SUMS"
    }
    assert sums.keys() >= {"sbom.json", "LICENCES.md"}
    before = (out / "webmail-1.2.tar.gz").read_bytes()
    release("v1.2", "--source")
    assert (out / "webmail-1.2.tar.gz").read_bytes() == before


@pytest.mark.parametrize(("tag", "words"), [("v9", "no tag"), ("v1.3", "names version 1.2")])
def test_a_tag_that_does_not_fit_is_refused(release: Run, tag: str, words: str) -> None:
    refused = release(tag, "--source")
    assert refused.returncode == 1 and words in refused.stderr
