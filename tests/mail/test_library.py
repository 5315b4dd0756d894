"""The library by itself: what its README shows, and that it brings no framework with it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

from demo.servers.dovecot import Dovecot
from demo.servers.submission import SubmissionServer
from tests.mail.messages import letter
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import ALICE
from tests.waiting import LONGEST_S, wait_for

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "mail" / "README.md").read_text(encoding="utf-8")
IMPORT_ALL = """
import importlib, pkgutil, sys, mail
for module in pkgutil.walk_packages(mail.__path__, "mail."):
    importlib.import_module(module.name)
frameworks = {"django", "celery", "redis", "accounts", "addressbook", "core", "webmail"}
print(sorted(frameworks & set(sys.modules)))
"""


def test_the_example_reads_a_message_and_answers_it(
    dovecot: Dovecot,
    submission_server: SubmissionServer,
    mailbox: Mailbox,
    bobs_mailbox: Mailbox,
) -> None:
    mailbox.append(letter("Sortie au musée"))
    (example,) = re.findall(r"(?s)```python\n(.*?)```", README)
    example = example.replace('"tls"', '"none"')
    names = {
        "host": "127.0.0.1",
        "imap_port": dovecot.imap_port,
        "smtp_port": submission_server.port,
        "login": ALICE.login,
        "password": ALICE.password,
    }
    exec(example, names)  # noqa: S102  it stands in our README
    wait_for(lambda: bobs_mailbox.uids("INBOX"))
    assert mailbox.uids("INBOX") == []
    assert len(mailbox.uids("Trash")) == 1


def test_the_library_imports_no_framework_and_no_app() -> None:
    answer = subprocess.run(  # noqa: S603
        (sys.executable, "-c", IMPORT_ALL),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
    )
    assert answer.stdout == "[]\n", answer.stderr


BARE = {"read", "of", "find", "each", "last", "inside", "ask"}
"""Names that a search finds everywhere."""


def test_public_functions_have_names_that_can_be_searched() -> None:
    bare = {
        f"{path.relative_to(ROOT)}:{node.name}"
        for path in (ROOT / "mail").rglob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name in BARE
    }
    assert bare == {"mail/remote.py:ask"}  # beside fetch and post, the one of its name
