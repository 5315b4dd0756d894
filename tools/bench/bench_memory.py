"""Who holds the memory of a small installation: one node, the workers of all queues.

python -m tools.bench.bench_memory [--people 20] [--processes 2] [--workers]
    [--against ../another-tree]

Each person signs in, reads ten messages, half of them HTML, and sends one. Then each process tells
its proportional share (PSS): what it alone has, and its part of what is shared since a fork. That
depends on no load. Of files that other programs of the machine have open, such as the Python of
another checkout, its part is smaller: compare what is anonymous.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import django

from demo.servers.dovecot import MailAccount
from tests.servers.mailboxes import Mailbox
from tests.servers.nginx import Nginx
from tools.faults.people import Browser
from tools.faults.processes import pids
from tools.faults.site import Part, Site

MESSAGES = 10
_LINK = re.compile(r'href="(/mail/INBOX/\d+-\d+/)[^"]*"')
_FIELDS = ("Pss", "Pss_Anon", "Pss_File", "Private_Dirty", "Private_Clean")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--workers", action="store_true", help="have a service of workers besides")
    parser.add_argument("--against", type=Path, help="measure another tree first")
    options = parser.parse_args()
    # What makes the messages imports models.
    os.environ |= {"DJANGO_SETTINGS_MODULE": "webmail.settings", "WEBMAIL_SECRET_KEY": "none"}
    django.setup()
    for tree in filter(None, (options.against, Path())):
        _measure(tree.resolve(), options.people, options.processes, options.workers)


def _measure(tree: Path, people: int, processes: int, has_workers: bool) -> None:
    site = Site(people, processes=processes, root=tree)
    site.nodes = site.nodes[:1]
    site.nginx = Nginx(site.folder, [site.nodes[0].port])
    site.workers = [Part(site, "workers", ["manage.py", "run_workers"])] if has_workers else []
    site.settings = {} if has_workers else {"WEBMAIL_ONE_SERVICE": "1"}
    try:
        site.start()
        say(f"\n{tree}\n")
        with ThreadPoolExecutor(4) as at_once:
            list(at_once.map(lambda account: _visit(site, account), site.accounts))
        time.sleep(15)  # what they sent has left
        _tell(site.parts, f"{people} people have read and sent")
    finally:
        site.stop()


def _visit(site: Site, account: MailAccount) -> None:
    from tests.mail.mime.newsletters import newsletter
    from tests.webmail.views.mail import letter

    mailbox = Mailbox(site.dovecot, account)
    for number in range(MESSAGES):
        page = newsletter(30_000) if number % 2 else ""
        mailbox.append(letter(f"Lettre {number}", "Bonjour\r\n" * 40, html=page))
    mailbox.close()
    browser = Browser(site.url)
    browser.open("/accounts/login/")
    browser.submit(login=account.login, password=account.password)
    browser.open("/mail/INBOX/")
    found = list(dict.fromkeys(_LINK.findall(browser.page)))
    if len(found) < MESSAGES:
        raise SystemExit(f"{len(found)} messages in the list of {account.login}")
    for path in found:
        browser.open(path)
        if f"{path}frame/" in browser.page:
            browser.open(f"{path}frame/")
    browser.open("/compose/")
    browser.submit(to=site.accounts[0].aliases[0], subject="Bonjour", body="À demain.")


# --- what is told ---


def _tell(parts: list[Part], when: str) -> None:
    say(f"| {when} | PSS, MB | anonymous | of files | own, written | own, clean |")
    say("|---|---|---|---|---|---|")
    whole: dict[str, int] = defaultdict(int)
    for part in parts:
        rows = [(name, shares) for pid in pids(part) for name, shares in _process(part, pid)]
        for name, shares in rows:
            _row(name, shares)
            for field, value in shares.items():
                whole[field] += value
    _row("**all**", whole)
    say("")


def _row(name: str, shares: dict[str, int]) -> None:
    cells = (f"{shares[field] / 1024:.1f}" for field in _FIELDS)
    say(f"| {name} | {' | '.join(cells)} |")


def _process(part: Part, pid: int) -> list[tuple[str, dict[str, int]]]:
    """Its name and shares in kilobytes; nothing where it has ended."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
        threads = len(list(Path(f"/proc/{pid}/task").iterdir()))
        parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
    except OSError:
        return []
    values = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    kind = "bwrap" if "bwrap" in words[0] else part.name
    if any("nursery" in word for word in words) and kind != "bwrap":
        kind = f"{part.name}, sandbox"
    name = f"{kind} {pid} of {parent}, {threads} threads"
    return [(name, {field: values.get(field, 0) for field in _FIELDS})]


if __name__ == "__main__":
    main()
