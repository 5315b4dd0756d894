"""A private rspamd with nothing in it but what tests ask: GTUBE, and its teaching in Redis."""

from __future__ import annotations

import http.client
import shutil
from pathlib import Path

from demo.servers import process
from demo.servers.process import LOOPBACK

PASSWORD = "essai-de-rspamd"
# The first start compiles what later ones find.
SECONDS = 90.0
# The pattern that every filter knows (https://spamassassin.apache.org/gtube/).
GTUBE = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"

_CONFIG = """
options {{
  pidfile = "{folder}/pid"; filters = ""; rrd = ""; one_shot = true; hs_cache_dir = "{folder}";
  control_socket = "{folder}/control mode=0600";
  dns {{ nameserver = "127.0.0.1:1"; timeout = 0.1s; retransmits = 1; }}
}}
logging {{ type = "console"; level = "error"; }}
actions {{ reject = 15; add_header = 6; }}
worker "controller" {{
  bind_socket = "127.0.0.1:{port}"; secure_ip = "127.0.0.1"; count = 1;
  password = "{password}"; enable_password = "{password}";
}}
classifier "bayes" {{
  tokenizer {{ name = "osb"; }} backend = "redis"; servers = "{redis}"; per_user = true;
  autolearn = false; min_tokens = 2;
  statfile {{ symbol = "BAYES_HAM"; spam = false; }}
  statfile {{ symbol = "BAYES_SPAM"; spam = true; }}
}}
"""


def installed() -> bool:
    return shutil.which("rspamd") is not None


class Rspamd(process.Server):
    """``redis``: the address of a Redis that takes what it is taught."""

    name = "rspamd"

    def __init__(self, folder: Path, redis: str) -> None:
        self.folder = folder
        self.log = folder / "log"
        self.port = process.free_port()
        self._redis = redis

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        config = self.folder / "rspamd.conf"
        config.write_text(
            _CONFIG.format(folder=self.folder, port=self.port, password=PASSWORD, redis=self._redis)
        )
        program = shutil.which("rspamd") or ""
        self.child = process.spawn([program, "-c", config, "-f", "-i"], self.log)
        process.wait_until(self._answers, self.child, self.log, seconds=SECONDS)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=1)
        try:
            connection.request("GET", "/ping")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
