"""This webmail as the peer benchmark drives it: over HTTP and in a browser.

Loaded by the kit's own programs (see `bench_peer`), which have ``adapters`` and ``browser`` on
their path. Each request is what the product's pages send; each answer is checked.
"""

from __future__ import annotations

import html
import imaplib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, urlencode, urljoin

from adapters.base import Adapter, Bad, Row, Skip
from browser import Product

BASE = os.environ.get("BENCH_WEBMAIL_URL", "http://127.0.0.1:18081")
RUN = Path(os.environ.get("BENCH_DIR", Path(tempfile.gettempdir()) / "webmail-bench")) / "run"
HTMX = {"HX-Request": "true"}
_ROW = re.compile(r'data-ref="(\d+)-(\d+)".*?<span class="subject[^"]*">(.*?)</span>', re.S)
_HIDDEN = re.compile(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"')
_FOLDERS = re.compile(r'id="folder-list" data-version="(\w+)"')
_MORE = re.compile(r'id="found-rest".*?<a class="btn tonal" href="([^"]+)"', re.S)
_TAG = re.compile(r"<[^>]*>")


class Webmail(Adapter):
    name = "webmail"
    base = BASE

    uidvalidity = 0
    token = ""
    who = ""
    page = ""
    saved = ("", "")
    folders = ""
    sent_folder: imaplib.IMAP4 | None = None

    @classmethod
    def web_root_pids(cls) -> list[int]:
        return [int(file.read_text()) for file in sorted(RUN.glob("webmail-*.pid"))]

    def seed_contacts(self, contacts: list[dict[str, str]]) -> None:
        cards = [
            f"BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{k['email']}\r\nN:{k['last']};{k['first']};;;\r\n"
            f"FN:{k['name']}\r\nEMAIL:{k['email']}\r\nEND:VCARD\r\n"
            for k in contacts
        ]
        file = RUN / f"{self.user}.vcf"
        file.write_text("".join(cards))
        command = [sys.executable, "manage.py", "import_contacts", str(file)]
        python = os.environ.get("BENCH_WEBMAIL_PYTHON")
        if python is None:
            raise Skip
        command[0] = python
        subprocess.run(  # noqa: S603
            [*command, "--owner", self.user, "--policy", "skip", "--json"],
            check=True,
            capture_output=True,
            cwd=Path(__file__).parents[2],
        )

    def login(self) -> None:
        where = "/accounts/login/"
        form = self._ok(self.http.request("GET", where))
        fields = {"login": self.user, "password": self.password, "csrfmiddlewaretoken": form}
        answer = self.http.request("POST", where, fields, {"Referer": BASE + where})
        self._ok(answer)
        if not self._rows(answer.text):
            raise Bad("no list after sign-in")

    def open_app(self) -> list[Row]:
        answer = self.http.request("GET", "/mail/INBOX/")
        self._ok(answer)
        if 'id="folders"' not in answer.text:
            raise Bad("no folders")
        return self._rows(answer.text)

    def list_page(
        self, folder: str, page: int, sort: str | None = None, threads: bool = False
    ) -> list[Row]:
        query: dict[str, str | int] = {"page": page} if page > 1 else {}
        if sort == "date":
            query["sort"] = "date"
        elif sort == "sender":
            query |= {"sort": "from", "up": 1}
        if threads:
            query["threads"] = 1
        # Page 1 is the folder opened anew; another is what the scrolling list asks for.
        target = "more" if page > 1 else "message-list"
        where = f"/mail/{quote(folder)}/" + (f"?{urlencode(query)}" if query else "")
        answer = self.http.request("GET", where, headers={**self._htmx(), "HX-Target": target})
        if answer.status != 200:
            raise Bad(f"list: HTTP {answer.status}")
        return self._rows(answer.text)

    def open_message(
        self, folder: str, uid: int, inline_images: int = 0, expect: str = "PROBE-BODY-END"
    ) -> str:
        answer = self.http.request("GET", self._url(folder, uid), headers=self._htmx())
        text = self.page = answer.text
        self._note_folders(text)
        if answer.status != 200:
            raise Bad(f"message: HTTP {answer.status}")
        if frame := re.search(r'<iframe[^>]*\ssrc="([^"]+)"', text):
            answer = self.http.request("GET", html.unescape(frame[1]))
            text = answer.text
        if answer.status != 200 or expect not in (
            text if expect.startswith("PROBE") else self.page
        ):
            raise Bad(f"message: HTTP {answer.status}, its text is not there")
        if inline_images:
            images = list(dict.fromkeys(re.findall(r'src="(inline/\d+)"', text)))
            if len(images) < inline_images:
                raise Bad(f"{len(images)} inline images instead of {inline_images}")
            for image in images:
                where = urljoin(f"{self._url(folder, uid)}frame/", image)
                got = self.http.request("GET", where, sink=True)
                if got.status != 200 or got.size < 1000:
                    raise Bad(f"inline image: HTTP {got.status}")
        return cast(str, text)

    def download(self, folder: str, uid: int, filename: str) -> int:
        where = f"{self._url(folder, uid)}part/2/"
        answer = self.http.request("GET", where, sink=True)
        if answer.status != 200:
            raise Bad(f"download: HTTP {answer.status}")
        return int(answer.size)

    def search(self, folder: str, term: str, where: str) -> list[Row]:
        field = {"subject": "objet", "body": "corps"}[where]
        query = urlencode({"q": f"{field}:{term}", "in": "here", "folder": folder})
        url, headers = f"/search/?{query}", {**HTMX, "HX-Trigger": "search"}
        while url:
            answer = self.http.request("GET", url, headers=headers)
            if answer.status != 200:
                raise Bad(f"search: HTTP {answer.status}")
            # After two seconds it answers with what it has; the page goes on from there.
            more = _MORE.search(answer.text)
            url, headers = html.unescape(more[1]) if more else "", HTMX
        return self._rows(answer.text)

    def mark(self, folder: str, uid: int, read: bool) -> None:
        self._act(folder, [uid], verb="seen" if read else "unseen")

    def move(self, folder: str, uids: list[int], target: str) -> None:
        self._act(folder, uids, verb="move", to=target)

    def compose_open(self) -> None:
        answer = self.http.request("GET", "/compose/")
        self._ok(answer)
        self.page = answer.text
        if 'id="compose"' not in answer.text:
            raise Bad("no composer")

    def save_draft(self, to: str, subject: str, text: str) -> None:
        """As Ctrl+S does: kept by us, and its copy in the Drafts folder made anew."""
        fields = self._composed(to, subject, text) | {"do": "save"}
        if self.saved[0] == fields["draft"]:
            fields["revision"] = self.saved[1]
        body = (urlencode(fields).encode(), "application/x-www-form-urlencoded")
        where = f"/drafts/{fields['draft']}/save/"
        answer = self.http.request("POST", where, body, {"X-CSRFToken": self.token})
        if answer.status != 200:
            raise Bad(f"draft: HTTP {answer.status} {answer.text[:300]}")
        kept = json.loads(answer.text)
        if not kept["copied"]:
            raise Bad("draft: no copy in Drafts")
        self.saved = (kept["draft"], str(kept["revision"]))

    def send(self, to: str, subject: str, text: str, filename: str, content: bytes) -> None:
        """Until it is accepted into the outbox; then waits, its requests not counted, until the
        worker has sent and filed it."""
        fields = self._composed(to, subject, text) | {"do": "send"}
        line = "----bench1b2c3d4e"
        parts = [
            f'--{line}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        ]
        parts.append(
            f'--{line}\r\nContent-Disposition: form-data; name="attachments"; '
            f'filename="{filename}"\r\nContent-Type: application/pdf\r\n\r\n'
        )
        body = "".join(parts).encode() + content + f"\r\n--{line}--\r\n".encode()
        folder = self._sent_folder()
        before = self._filed(folder)
        sent = self.http.request(
            "POST",
            "/compose/",
            (body, f"multipart/form-data; boundary={line}"),
            {**HTMX, "X-CSRFToken": self.token},
        )
        if sent.status not in (200, 204) or not sent.headers.get("HX-Redirect"):
            raise Bad(f"send: HTTP {sent.status} {sent.text[:300]}")
        for _try in range(400):
            if self._filed(folder) > before:
                return
            time.sleep(0.05)
        raise Bad("send: accepted, and not filed in Sent within 20 s")

    def _composed(self, to: str, subject: str, text: str) -> dict[str, str]:
        """What the open composer's form posts."""
        form = re.search(r'<form[^>]* id="compose".*?</form>', self.page, re.S)
        if form is None:
            raise Bad("no composer is open")
        fields = {
            html.unescape(name): html.unescape(value) for name, value in _HIDDEN.findall(form[0])
        }
        fields |= {"to": to, "subject": subject, "body": text, "format": "plain"}
        return fields | {"csrfmiddlewaretoken": self.token}

    def _sent_folder(self) -> imaplib.IMAP4:
        """The folder of sent mail, on a line of its own that stays open: signing in anew for each
        question takes the mail server as much processor time as the sending."""
        if self.sent_folder is None:
            port = int(os.environ.get("BENCH_IMAP_PORT", "10143"))
            self.sent_folder = imaplib.IMAP4("127.0.0.1", port)
            self.sent_folder.login(self.user, self.password)
            self.sent_folder.select("Sent", readonly=True)
        return self.sent_folder

    @staticmethod
    def _filed(sent_folder: imaplib.IMAP4) -> int:
        """Messages in it."""
        sent_folder.noop()
        told: list[Any] = sent_folder.untagged_responses["EXISTS"]
        return int(told[-1])

    def autocomplete(self, prefix: str) -> list[str]:
        answer = self.http.request("GET", f"/contacts/complete/?{urlencode({'q': prefix})}")
        if answer.status != 200:
            raise Skip
        return [str(one) for one in json.loads(answer.text)["suggestions"]]

    def poll(self) -> None:
        answer = self.http.request("GET", f"/poll/?who={self.who}&folder=INBOX")
        if answer.status != 200 or "exists" not in answer.text:
            raise Bad(f"poll: HTTP {answer.status}")

    def _url(self, folder: str, uid: int) -> str:
        return f"/mail/{quote(folder)}/{self.uidvalidity}-{uid}/"

    def _act(self, folder: str, uids: list[int], **fields: str) -> None:
        pairs = [*fields.items(), *(("refs", f"{self.uidvalidity}-{uid}") for uid in uids)]
        body = (urlencode(pairs).encode(), "application/x-www-form-urlencoded")
        headers = {**self._htmx(), "X-CSRFToken": self.token}
        answer = self.http.request("POST", f"/mail/{quote(folder)}/act/", body, headers)
        if answer.status != 200:
            raise Bad(f"act: HTTP {answer.status} {answer.text[:300]}")
        self._note_folders(answer.text)
        self._wait_for_job(answer.text)

    def _wait_for_job(self, text: str) -> None:
        """What takes over a second goes on as a job: it is over when its bar is, and the time until
        then counts as the page's own asking does."""
        for _try in range(300):
            if 'class="running-job"' not in text:
                return
            time.sleep(0.1)
            self.http.elapsed += 0.1
            text = self.http.request("GET", "/jobs/progress/", headers=HTMX).text
        raise Bad("the job is not over")

    def _ok(self, answer: Any) -> str:
        """A whole page; keeps its token."""
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', answer.text)
        if answer.status != 200 or found is None:
            raise Bad(f"page: HTTP {answer.status}")
        self.token = found[1]
        if who := re.search(r'data-who="(\d+)"', answer.text):
            self.who = who[1]
        return self.token

    def _htmx(self) -> dict[str, str]:
        """What htmx says with each request, with what js/folders.js adds to it."""
        return {**HTMX, "X-Folders": self.folders}

    def _note_folders(self, text: str) -> None:
        if found := _FOLDERS.search(text):
            self.folders = found[1]

    def _rows(self, text: str) -> list[Row]:
        self._note_folders(text)
        found = _ROW.findall(text)
        if found:
            self.uidvalidity = int(found[0][0])
        return [Row(uid, html.unescape(_TAG.sub("", subject))) for _, uid, subject in found]


class WebmailInBrowser(Product):
    name = "webmail"
    base = BASE
    mail_url = f"{BASE}/mail/INBOX/"
    rows = "#message-list li.row"

    def login(self, page: Any, user: str, password: str) -> Any:
        page.fill("#id_login", user)
        page.fill("#id_password", password)
        return lambda: page.evaluate(
            "document.querySelector('form[data-sign-in] button[type=submit]').click()"
        )

    def row_point(self, page: Any, subject: str) -> tuple[float, float]:
        _clicked[0] = subject
        row = page.locator(self.rows).filter(has_text=subject).first.locator(".subject").first
        box = row.bounding_box()
        return box["x"] + min(40, box["width"] / 2), box["y"] + box["height"] / 2


_clicked = [""]
_READ = """([subject, images]) => {
  const reader = document.getElementById("message");
  if (reader?.querySelector(".reader-title")?.textContent !== subject) return false;
  const frame = reader.querySelector("iframe[data-frame]");
  const read = frame ? frame.contentDocument?.body : reader.querySelector(".read-in");
  if (!read?.textContent.includes("PROBE-BODY-END")) return false;
  const isSeen = (one) => one.complete && one.naturalWidth >= 100;
  return [...read.querySelectorAll("img")].filter(isSeen).length >= images;
}"""


def wait_body(page: Any, _known: object, images: int = 0, timeout: float = 60) -> None:
    """Until the message that was clicked on is painted in the reader. The kit's own looks in whole
    documents, where the list's rows say how each message begins."""
    end = time.time() + timeout
    while not page.evaluate(_READ, [_clicked[0], images]):
        if time.time() > end:
            raise TimeoutError(_clicked[0])
        time.sleep(0.006)
    page.evaluate(sys.modules["__main__"].PAINT)


if hasattr(sys.modules["__main__"], "wait_body"):
    sys.modules["__main__"].wait_body = wait_body  # type: ignore[attr-defined]
