"""The webmail beside Roundcube and beside IMAP alone, on the same mailboxes, in one run.

python -m tools.bench.bench_peer [--kit FOLDER] [--only webmail] [--sizes small,medium,huge]
                                 [--ops list_first,open_text] [--reps 15] [--no-load] [--no-browser]
                                 [--no-run] [--write]

The kit (``bench.py`` with its mailboxes, Roundcube and floor) stands beside the project in
``../shared/bench``; it needs Debian, root and about 1.6 GB, and listens on loopback alone. The
webmail runs with gunicorn, two processes, all workers, Redis and SQLite. The table goes between
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
PRODUCTS = ("webmail", "roundcube")
_MESSAGES = {"small": "300", "medium": "10,000", "huge": "100,000"}
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- table of the peer: begin -->", "<!-- table of the peer: end -->"


def main(arguments: Sequence[str]) -> int:
    chosen = _options(arguments)
    kit = Path(chosen.kit)
    if not (kit / "bench.py").exists():
        sys.stderr.write(f"The kit is not at {kit}: nothing was measured.\n")
        return 2
    OUT.mkdir(parents=True, exist_ok=True)
    if not chosen.no_run:
        _measure_all(kit, chosen)
    page = "\n".join(_page(_results("results"), _results("results-browser")))
    sys.stdout.write(f"{page}\n")
    if chosen.write:
        _write(page)
    return 0


def _measure_all(kit: Path, chosen: argparse.Namespace) -> None:
    products = [chosen.only] if chosen.only else list(PRODUCTS)
    with _servers(kit, "roundcube" in products):
        for product in products:
            with _webmail() if product == "webmail" else contextlib.nullcontext():
                _measure(kit, product, chosen)


def _results(kind: str) -> dict[str, Any]:
    """What the last runs wrote, by product."""
    files = {product: OUT / f"{kind}-{product}.json" for product in PRODUCTS}
    return {name: json.loads(file.read_text()) for name, file in files.items() if file.exists()}


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kit", default=str(ROOT.parent / "shared" / "bench"))
    parser.add_argument("--only", choices=("webmail", "roundcube"))
    parser.add_argument("--sizes", default="small,medium,huge")
    parser.add_argument("--ops", default="")
    parser.add_argument("--reps", default="15")
    parser.add_argument("--no-load", action="store_true")
    parser.add_argument("--no-browser", action="store_true")
    parser.add_argument("--no-run", action="store_true", help="tell of the last run again")
    parser.add_argument("--write", action="store_true", help="put the tables into the docs")
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
        # As the units of deploy/systemd start them.
        web = [sys.executable, "-m", "gunicorn", "--config", "python:webmail.serving.processes"]
        web += ["--bind", f"{process.LOOPBACK}:{PORT}", "webmail.asgi:application"]
        children.append(process.spawn(web, log, env=env, cwd=ROOT))
        process.wait_until(_answers, children[0], log, seconds=60)
        workers = [sys.executable, "manage.py", "run_workers", "--loglevel", "WARNING"]
        children.append(process.spawn(workers, folder / "worker-log", env=env, cwd=ROOT))
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
        "WEBMAIL_SPOOL": str(folder / "spool"),
        "WEB_CONCURRENCY": str(WORKERS),
        "MALLOC_ARENA_MAX": "2",
        "WEBMAIL_DOMAIN": os.environ.get("BENCH_DOMAIN", "bench.test"),
        "WEBMAIL_LOGIN_FORM": "typed",
        "WEBMAIL_IMAP_URL": f"imap://{process.LOOPBACK}:{imap}",
        "WEBMAIL_SMTP_URL": f"smtp://{process.LOOPBACK}:{smtp}",
        "BENCH_WEBMAIL_URL": f"http://{process.LOOPBACK}:{PORT}",
        "BENCH_WEBMAIL_PYTHON": sys.executable,
    }


def _answers() -> bool:
    try:
        with urllib.request.urlopen(f"http://{process.LOOPBACK}:{PORT}/readyz", timeout=5) as got:
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


def _page(measured: Mapping[str, Any], seen: Mapping[str, Any]) -> Iterator[str]:
    about = measured["webmail"]["meta"]
    versions = about["versions"]
    yield (
        f"Milliseconds, median of {about['reps']} (fewer of what is slow); in brackets the "
        "processor time of web tier and mail server together. Roundcube "
        f"{versions['roundcube'].split('+')[0]}, Dovecot {versions['dovecot'].split('-')[0]}, "
        f"{about['machine'].rpartition(',')[0]}, {about['date'][:10]}; each product by itself. "
        "`send_5m`: until the message is accepted; its processor time includes the delivery. "
        "`move_500`: until all are moved."
    )
    yield ""
    yield from _table(measured)
    yield ""
    yield f"20 users' mixed load, without a pause, {WORKERS} processes of ours, 5 of PHP:"
    yield ""
    yield from _load(measured)
    if seen:
        yield ""
        yield "In Chromium: milliseconds until painted; in brackets kB and requests over the wire."
        yield ""
        yield from _browser(seen)


def _table(results: Mapping[str, Any]) -> Iterator[str]:
    """A line for each operation: IMAP alone, the webmail and Roundcube at each size."""
    ours, theirs = (results.get(product, {"sizes": {}})["sizes"] for product in PRODUCTS)
    names = (f"{_MESSAGES[size]}: IMAP alone | webmail | Roundcube" for size in ours)
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


def _load(results: Mapping[str, Any]) -> Iterator[str]:
    columns = ("ops_per_s", "p50_ms", "p95_ms", "cpu_web_ms_per_op", "cpu_dovecot_ms_per_op")
    yield "| | operations a second | median | 95th of 100 | processor: web | Dovecot | errors |"
    yield "|---|---|---|---|---|---|---|"
    for product, result in results.items():
        if load := result.get("load"):
            figures = " | ".join(f"{load[column]:.1f}" for column in columns)
            yield f"| {product} | {figures} | {load['errors']} |"


def _browser(results: Mapping[str, Any]) -> Iterator[str]:
    sizes = list(next(iter(results.values()))["sizes"])
    names = (f"{_MESSAGES[size]}: {product}" for size in sizes for product in results)
    yield f"| step | {' | '.join(names)} |"
    yield f"|---|{'---|' * len(sizes) * len(results)}"
    steps = [
        name
        for name, step in next(iter(results.values()))["sizes"][sizes[0]].items()
        if isinstance(step, dict)
    ]
    for step in steps:
        cells = []
        for size in sizes:
            for result in results.values():
                one = result["sizes"][size][step]
                over_wire = one["requests"] - one["from_cache"]
                cells.append(f"{one['median_ms']:.0f} ({one['kb']:.0f}, {over_wire})")
        yield f"| {step} | {' | '.join(cells)} |"


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
