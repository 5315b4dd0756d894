"""The webmail beside Roundcube and beside IMAP alone, on the same mailboxes, in one run.

python -m tests.bench.bench_peer [--kit FOLDER] [--only webmail] [--sizes small,medium,huge]
                                 [--ops list_first,open_text] [--reps 15] [--no-load] [--no-browser]

The kit (``bench.py`` with its mailboxes, Roundcube and floor) stands beside the project in
``../shared/bench``; it needs Debian, root and about 1.6 GB, and listens on loopback alone. The
webmail runs as docs/install.md says: uvicorn, two workers, Redis, SQLite. The table goes between
its marks into docs/performance.md, the figures into ``var/bench/``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from demo.servers import process
from demo.servers.broker import Broker

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "var" / "bench"
PORT = int(os.environ.get("BENCH_WEBMAIL_PORT", "18081"))
BENCH_DIR = Path(os.environ.get("BENCH_DIR", Path(tempfile.gettempdir()) / "webmail-bench"))
WORKERS = 2
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- table of the peer: begin -->", "<!-- table of the peer: end -->"


def main(arguments: Sequence[str]) -> int:
    chosen = _options(arguments)
    kit = Path(chosen.kit)
    if not (kit / "bench.py").exists():
        sys.stderr.write(f"The kit is not at {kit}: nothing was measured.\n")
        return 2
    OUT.mkdir(parents=True, exist_ok=True)
    products = [chosen.only] if chosen.only else ["webmail", "roundcube"]
    with _servers(kit, "roundcube" in products):
        for product in products:
            with _webmail() if product == "webmail" else contextlib.nullcontext():
                _measure(kit, product, chosen)
    results = {
        product: json.loads((OUT / f"results-{product}.json").read_text())
        for product in ("webmail", "roundcube")
        if (OUT / f"results-{product}.json").exists()
    }
    table = "\n".join(_table(results))
    sys.stdout.write(f"{table}\n")
    if chosen.write:
        _write(table)
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kit", default=str(ROOT.parent / "shared" / "bench"))
    parser.add_argument("--only", choices=("webmail", "roundcube"))
    parser.add_argument("--sizes", default="small,medium,huge")
    parser.add_argument("--ops", default="")
    parser.add_argument("--reps", default="15")
    parser.add_argument("--no-load", action="store_true")
    parser.add_argument("--no-browser", action="store_true")
    parser.add_argument("--write", action="store_true", help="put the table into the docs")
    return parser.parse_args(arguments)


@contextlib.contextmanager
def _servers(kit: Path, roundcube: bool) -> Iterator[None]:
    """The kit's Dovecot and mailboxes, and Roundcube; what was started is ended, the mailboxes
    stay."""
    running = _listens(int(os.environ.get("BENCH_IMAP_PORT", "10143")))
    _run([kit / "dovecot_up.sh"])
    try:
        _run([_python(), kit / "make_mailbox.py"])
        if roundcube:
            _run([kit / "roundcube_up.sh"])
        yield
    finally:
        if roundcube:
            _run([kit / "roundcube_down.sh"])
        if not running:
            _run([kit / "dovecot_down.sh"])


_AT_ONCE = (
    "from webmail.models import PreferenceDefault as P;"
    "P.objects.update_or_create(name='undo_seconds', defaults={'value': '0'})"
)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((process.LOOPBACK, port)) == 0


@contextlib.contextmanager
def _webmail() -> Iterator[None]:
    """The project's server on `PORT`; the process ids of its trees where the adapter reads them."""
    folder = BENCH_DIR / "webmail"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    broker = Broker(folder / "broker", keep=False)
    broker.start()
    env = _environment(folder, broker.url)
    log = folder / "log"
    children = []
    try:
        for command in (
            ["migrate", "--verbosity", "0"],
            ["collectstatic", "--no-input", "--verbosity", "0"],
            ["ensure_mail_domain"],
            # Nobody waits here for somebody who wants a message back.
            ["shell", "--no-imports", "-c", _AT_ONCE],
        ):
            _run([sys.executable, "manage.py", *command], env)
        web = [sys.executable, "-m", "uvicorn", "webmail.asgi:application"]
        web += ["--host", process.LOOPBACK, "--port", str(PORT), "--workers", str(WORKERS)]
        web += ["--no-proxy-headers", "--no-access-log", "--log-level", "warning"]
        children.append(process.spawn(web, log, env=env, cwd=ROOT))
        process.wait_until(_answers, children[0], log)
        worker = [sys.executable, "-m", "celery", "-A", "webmail", "worker", "-B", "-c", "1"]
        worker += ["--schedule", str(folder / "beat"), "--loglevel", "WARNING"]
        children.append(process.spawn(worker, folder / "worker-log", env=env, cwd=ROOT))
        for number, child in enumerate(children):
            (BENCH_DIR / "run" / f"webmail-{number}.pid").write_text(str(child.pid))
        os.environ.update(env)
        yield
    finally:
        for child in children:
            process.stop(child)
        broker.stop()
        for file in (BENCH_DIR / "run").glob("webmail-*.pid"):
            file.unlink()


def _environment(folder: Path, broker_url: str) -> dict[str, str]:
    imap = os.environ.get("BENCH_IMAP_PORT", "10143")
    smtp = os.environ.get("BENCH_SMTP_PORT", "10025")
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "webmail.settings",
        "DATABASE_URL": f"sqlite:///{folder}/webmail.sqlite3",
        "REDIS_URL": broker_url,
        "WEBMAIL_SECRET_KEY": secrets.token_urlsafe(50),
        "WEBMAIL_BASE_URL": f"http://{process.LOOPBACK}:{PORT}",
        "WEBMAIL_STATIC_ROOT": str(folder / "static"),
        "WEBMAIL_DEBUG": "0",
        "WEBMAIL_DOMAIN": os.environ.get("BENCH_DOMAIN", "bench.test"),
        "WEBMAIL_LOGIN_FORM": "typed",
        "WEBMAIL_IMAP_URL": f"imap://{process.LOOPBACK}:{imap}",
        "WEBMAIL_SMTP_URL": f"smtp://{process.LOOPBACK}:{smtp}",
        "BENCH_WEBMAIL_URL": f"http://{process.LOOPBACK}:{PORT}",
        "BENCH_WEBMAIL_PYTHON": sys.executable,
    }


def _answers() -> bool:
    try:
        with urllib.request.urlopen(f"http://{process.LOOPBACK}:{PORT}/healthz", timeout=5) as got:
            return bool(got.status == 200)
    except OSError:
        return False


def _measure(kit: Path, product: str, chosen: argparse.Namespace) -> None:
    env = {**os.environ, "PYTHONPATH": f"{kit}:{Path(__file__).parent}"}
    adapter = "peer:Webmail" if product == "webmail" else product
    command: list[str | Path] = [_python(), kit / "bench.py", "--adapter", adapter]
    command += ["--out", OUT, "--sizes", chosen.sizes, "--reps", chosen.reps]
    command += ["--ops", chosen.ops] if chosen.ops else []
    command += ["--no-load"] if chosen.no_load else []
    _run(command, env)
    if not chosen.no_browser:
        page = "peer:WebmailInBrowser" if product == "webmail" else product
        browser: list[str | Path] = [_python(), kit / "browser.py", "--product", page]
        _run([*browser, "--out", OUT, "--sizes", chosen.sizes], env)


def _python() -> Path:
    return BENCH_DIR / "venv" / "bin" / "python"


def _run(command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> None:
    subprocess.run(command, check=True, cwd=ROOT, env=env)  # noqa: S603


def _table(results: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """A line for each operation: IMAP alone, the webmail and Roundcube at each size."""
    ours = results.get("webmail", {"sizes": {}})["sizes"]
    theirs = results.get("roundcube", {"sizes": {}})["sizes"]
    names = (f"{size}: IMAP alone | webmail | Roundcube" for size in ours)
    yield f"| operation | {' | '.join(names)} |"
    yield f"|---|{'---|' * 3 * len(ours)}"
    operations = dict.fromkeys(
        name for size in ours.values() for name in size if not name.startswith("_")
    )
    for operation in operations:
        cells = []
        for size, measured in ours.items():
            of_it = measured.get(operation, {})
            peer = theirs.get(size, {}).get(operation, {})
            cells += [_wall(of_it.get("floor", {})), _cell(of_it.get("webmail", {}))]
            cells += [_cell(peer.get("roundcube", {}))]
        yield f"| {operation} | {' | '.join(cells)} |"
    for product, result in results.items():
        if load := result.get("load"):
            yield ""
            yield (
                f"Load, {load['users']} users, {product}: {load['ops_per_s']} operations a second, "
                f"95th of 100 {load['p95_ms']} ms, errors {load['errors']}."
            )


def _wall(measured: Mapping[str, Any]) -> str:
    if "error" in measured:
        return "failed"
    return f"{measured['median_ms']:.1f}" if "median_ms" in measured else "–"


def _cell(measured: Mapping[str, Any]) -> str:
    """Wall time; in brackets the processor time of web tier and mail server."""
    if "median_ms" not in measured:
        return _wall(measured)
    processor = measured["cpu_web_ms"] + measured["cpu_dovecot_ms"]
    return f"{measured['median_ms']:.0f} ({processor:.0f})"


def _write(table: str) -> None:
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
