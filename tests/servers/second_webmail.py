"""A second webmail, a process of its own with a database of its own: the provider that people sign
in to the first one by."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import subprocess
import sys
from contextlib import closing
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from demo.servers import process
from demo.servers.dovecot import MailAccount
from tests.waiting import LONGEST_S

ROOT = Path(__file__).resolve().parents[2]
_REGISTER = """
from allauth.idp.oidc.models import Client
from accounts.models import MailDomain, StaffRecord
from accounts.oidc import farewells
# It vouches for the address.
StaffRecord.objects.create(
    numen_digest=b"n" * 32, lookup_digest=b"l" * 32, key_id="1", first_name="Alice",
    last_name="Martin", mail_domain=MailDomain.objects.default(), login="alice",
    address="alice@ac-exemple.fr",
)
service = Client(id="webmail", name="Webmail", redirect_uris={back!r}, skip_consent=True)
service.set_scopes(["openid", "profile", "email"])
service.set_post_logout_redirect_uris([{bye!r}])
service.set_secret({secret!r})
farewells.set_address(service, {over!r})
service.save()
"""


class SecondWebmail:
    """``start()``, then ``register`` the first one; ``browser`` is somebody's there."""

    def __init__(self, folder: Path, migrated: Path, pem: str, imap_port: int) -> None:
        self.port = process.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "log"
        shutil.copy(migrated, folder / "db.sqlite3")
        self._env = os.environ | {
            "DATABASE_URL": f"sqlite:///{folder}/db.sqlite3",
            "REDIS_URL": "",
            "WEBMAIL_SECRET_KEY": "of the second webmail",
            "WEBMAIL_BASE_URL": self.url,
            "WEBMAIL_DOMAIN": "ac-exemple.fr",
            "WEBMAIL_IMAP_URL": f"imap://127.0.0.1:{imap_port}",
            "WEBMAIL_LOGIN_FORM": "local",
            "WEBMAIL_OIDC_PRIVATE_KEY": pem,
            "WEBMAIL_PROVIDER_NETWORKS": "127.0.0.0/8",
            "WEBMAIL_SPOOL": str(folder / "spool"),
            "WEBMAIL_DEBUG": "1",
        }

    def start(self) -> None:
        options = ["--port", str(self.port), "--lifespan", "off", "--log-level", "warning"]
        program = [sys.executable, "-m", "uvicorn", "webmail.wsgi:application"]
        options += ["--interface", "wsgi"]
        with self._log.open("w") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [*program, *options], env=self._env, cwd=ROOT, stdout=log, stderr=log
            )
        process.wait_for_port(self.port, self._process, self._log)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)

    def register(self, *, back: str, bye: str, over: str, secret: str) -> None:
        words = _REGISTER.format(back=back, bye=bye, over=over, secret=secret)
        command = [sys.executable, "manage.py", "shell", "-c", words]
        subprocess.run(command, env=self._env, cwd=ROOT, check=True, text=True, timeout=LONGEST_S)  # noqa: S603


class Browser:
    """One that follows no redirect by itself and keeps cookies."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._cookies: dict[str, str] = {}

    def ask(self, path: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
        """Status, where to, and the page."""
        host = urlsplit(self._url)
        body = urlencode(form) if form is not None else None
        fields = {"Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        if form is not None:
            fields |= {"Content-Type": "application/x-www-form-urlencoded", "Referer": self._url}
        with closing(http.client.HTTPConnection(host.netloc, timeout=60)) as connection:
            connection.request("GET" if form is None else "POST", path, body, fields)
            answer = connection.getresponse()
            page = answer.read().decode()
            for cookie in answer.headers.get_all("Set-Cookie", []):
                for name, morsel in SimpleCookie(cookie).items():
                    self._cookies[name] = morsel.value
            return answer.status, answer.headers.get("Location", ""), page

    def send(self, path: str, **form: str) -> tuple[int, str, str]:
        """Fill in the form of a page."""
        page = self.ask(path)[2]
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        assert token, page
        return self.ask(path, {"csrfmiddlewaretoken": token[1]} | form)

    def sign_in(self, account: MailAccount) -> None:
        answer = self.send("/accounts/login/", login=account.login, password=account.password)
        assert answer[0] == 302, answer
