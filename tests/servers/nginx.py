"""nginx with the configuration of deploy/, on ports of loopback, before one webmail or several."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from demo.servers import process
from tests.servers.certificates import certificate

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy" / "nginx"
NAME = "webmail.ac-exemple.fr"


def program() -> str | None:
    return shutil.which("nginx") or shutil.which("/usr/sbin/nginx")


class Nginx(process.Server):
    """`start()`, then `port`, by https with a certificate of nobody's; `stop()`.

    It is before the webmails at the ports `upstreams`. `proxy` is the file of settings for passed
    requests, and `more` are lines of the server. The certificate is that of `host`.
    """

    name = "nginx"

    def __init__(self, folder: Path, upstreams: Sequence[int]) -> None:
        self.folder = folder
        self.log = folder / "nginx.log"
        self.access_log = folder / "access.log"
        self.port = process.free_port()
        self.has_affinity = True
        self.proxy = DEPLOY / "webmail-proxy.conf"
        self.more = ""
        self.host = NAME
        self._upstreams = upstreams

    def start(self) -> None:
        (self.folder / "nginx.conf").write_text(self._configuration())
        words = [program() or "", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")]
        self.child = process.spawn([*words, "-e", str(self.log)], self.log)
        process.wait_for_port(self.port, self.child, self.log)

    def _configuration(self) -> str:
        folder = self.folder
        folders = "".join(
            f"{kind}_temp_path {folder}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        return (
            f"user root;\ndaemon off;\nworker_processes 1;\npid {folder}/pid;\n"
            f"events {{}}\nhttp {{\n{folders}{self._site()}}}\n"
        )

    def _site(self) -> str:
        pem = str(certificate(self.folder, self.host))
        servers = "\n    ".join(f"server 127.0.0.1:{port};" for port in self._upstreams)
        changes = {
            "server 127.0.0.1:8000;": servers,
            "listen 443 ssl": f"listen 127.0.0.1:{self.port} ssl",
            "listen 80": f"listen 127.0.0.1:{process.free_port()}",
            "/etc/ssl/webmail/fullchain.pem": pem,
            "/etc/ssl/webmail/privkey.pem": pem,
            "/var/log/nginx/webmail.log": str(self.access_log),
            "/var/log/nginx/error.log": str(self.log),
            "    location / {": f"{self.more}    location / {{",
            "/etc/nginx/webmail-proxy.conf": str(self.proxy),
            "/srv/webmail/": f"{ROOT}/",
        }
        site = (DEPLOY / "webmail.conf").read_text()
        for before, after in changes.items():
            assert before in site, before
            site = site.replace(before, after)
        if not self.has_affinity:
            site = site.replace("    hash $webmail_browser consistent;\n", "")
        return re.sub(r"\n *listen \[::\].*", "", site)
