"""The move from another webmail can be taken out of the installation."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
LINE = '    "webmail.migrating",'
WITHOUT = f"""
from pathlib import Path

__file__ = {str(ROOT / "webmail" / "settings.py")!r}
lines = Path(__file__).read_text(encoding="utf-8").splitlines()
kept = [line for line in lines if not line.startswith({LINE!r})]
assert len(kept) == len(lines) - 1
exec(compile("\\n".join(kept), __file__, "exec"))
"""
WALK = """
import django
django.setup()
from django.apps import apps
from django.conf import settings
from django.core.management import call_command, get_commands
from django.test import Client
from django.test.utils import setup_test_environment
from django.urls import NoReverseMatch, get_resolver, reverse
from accounts.models import MailDomain, User
import sys

call_command("check")
settings.MIGRATION_MODULES = dict.fromkeys((app.label for app in apps.get_app_configs()), None)
call_command("migrate", run_syncdb=True, verbosity=0)
assert not any(name.startswith(("migrate_roundcube", "migrate_horde")) for name in get_commands())
try:
    reverse("mail:moved_dismiss")
except NoReverseMatch:
    pass
else:
    raise AssertionError("The notice still has an address.")
setup_test_environment()
domain = MailDomain.objects.create(name="ac-exemple.fr", imap_host="127.0.0.1", imap_port=1)
user = User.objects.create(mail_domain=domain, login="claire", address="c@ac-exemple.fr")
client = Client()
client.force_login(user, backend="accounts.backends.MailServerBackend")
shown = 0
for namespace in ("mail", "accounts", "addressbook"):
    base, resolver = get_resolver().namespace_dict[namespace]
    for name in resolver.reverse_dict:
        if isinstance(name, str):
            try:
                address = reverse(f"{namespace}:{name}")
            except NoReverseMatch:
                continue
            answer = client.get(address)
            assert answer.status_code != 500, address
            shown += answer.status_code == 200
assert shown > 20, shown
assert not any(name.startswith("webmail.migrating") for name in sys.modules)
print("pages", shown)
"""


def test_without_its_line_every_page_works_and_nothing_imports_it(tmp_path: Path) -> None:
    (tmp_path / "without.py").write_text(WITHOUT, encoding="utf-8")
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "without",
        "PYTHONPATH": f"{tmp_path}:{ROOT}",
        "DATABASE_URL": "sqlite:///:memory:",
        "WEBMAIL_DEBUG": "yes",
    }
    done = subprocess.run(  # noqa: S603  our own program
        [sys.executable, "-c", WALK],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines()[-1].startswith("pages ")
