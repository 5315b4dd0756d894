"""Take pictures of every page with a browser, from the demo's data.

    .venv/bin/python -m demo.pictures FOLDER            every page: three widths, light and dark
    .venv/bin/python -m demo.pictures --docs            those of the README and of docs/
    .venv/bin/python -m demo.pictures --articles        those of the help's articles

The demo is started if none answers at the port, and stopped again. This needs the packages of the
tests (`bin/test` installs them) and Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from demo.academy import PEOPLE
from demo.environment import ROOT
from demo.words import Refused, say

WIDTHS = {1440: 900, 1024: 768, 375: 800}
"""The widths of windows, each with its height."""
THEMES = ("light", "dark")
# The sort order is explicit, because the folder may have been sorted otherwise.
INBOX = "/mail/INBOX/?sort=arrival"
DOCS = ROOT / "docs" / "images"
ARTICLES = ROOT / "webmail" / "static" / "webmail" / "help"
_MOST_TALL = 720  # height of an article's picture in pixels
_TOLD = "Connexion depuis un nouvel appareil"
_SHEET = 6  # pictures in a row of a contact sheet
_SHEET_WIDTH = 300


@dataclass(frozen=True)
class Shot:
    """A page to picture. ``then`` acts on the page before its picture is taken."""

    name: str
    path: str
    then: Callable[[Page], None] | None = None
    is_signed_in: bool = True


def _open_message(page: Page) -> None:
    page.locator("#rows .row > a", has_text="Votre visite").first.click()
    page.locator("#message[data-open]").wait_for()
    page.mouse.move(0, 0)


def _open_viewer(page: Page) -> None:
    _open_message(page)
    page.locator(".file-text a").first.click()
    page.locator("#viewer").wait_for()


def _reply(page: Page) -> None:
    _open_message(page)
    page.goto(page.locator("#message .answer").get_attribute("href") or "/")


def _read_pdf(page: Page) -> None:
    _open_viewer(page)
    page.locator("#viewer canvas").first.wait_for()
    page.wait_for_timeout(3_000)  # until it is drawn


def _write_to_group(page: Page) -> None:
    group = page.locator("#folders a.folder", has_text="Parents 4e B")
    page.goto(group.get_attribute("href") or "/")
    page.goto(page.locator("[href*='/compose/?group=']").last.get_attribute("href") or "/")
    page.locator("#id_subject").fill("Sortie au musée")
    page.locator("#rich").wait_for()
    page.locator("#rich").fill("Bonjour, le départ est à 8 h 30.")
    page.locator("[data-send]").click()
    page.locator("dialog.sending-choice").wait_for()


def _without_lines(page: Page) -> None:
    """Hide the banners about drafts that other pictures have left."""
    for button in page.locator(".app-lines").get_by_role("button", name="Masquer").all():
        button.click()


def _absent(page: Page) -> None:
    """Fill in an absence whose days read the same in every order of day and month."""
    page.locator("#id_enabled").check()
    page.locator("#id_first").fill("2027-02-02")
    page.locator("#id_last").fill("2027-03-03")
    page.locator("#id_text").fill("Bonjour, je suis absente jusqu’au 3 mars.")


def _rule(page: Page) -> None:
    page.locator("#content a", has_text="Classe de 4e B").first.click()
    page.locator("#content .rule-line").first.wait_for()


def _write(page: Page) -> None:
    page.locator("#id_subject").fill("Sortie au musée")
    page.locator("#rich").wait_for()
    page.locator("#rich").fill("Bonjour, le départ est à 8 h 30.")


def _pick(page: Page) -> None:
    for place in (0, 2):
        page.locator("#rows .pick input").nth(place).check(force=True)


def _open_menu(page: Page) -> None:
    page.locator(".top-acts .me").click()


def _first(selector: str) -> Callable[[Page], None]:
    """Return a function that follows the first link that matches the selector."""

    def follow(page: Page) -> None:
        if address := page.locator(selector).first.get_attribute("href"):
            page.goto(address)

    return follow


SHOTS = (
    Shot("sign-in", "/accounts/login/", is_signed_in=False),
    Shot("lookup", "/lookup/", is_signed_in=False),
    Shot("help", "/help/", is_signed_in=False),
    Shot("help-keys", "/help/keys/", is_signed_in=False),
    Shot("help-news", "/help/news/", is_signed_in=False),
    Shot("help-article", "/help/write/", is_signed_in=False),
    Shot("legal", "/legal/", is_signed_in=False),
    Shot("privacy", "/privacy/", is_signed_in=False),
    Shot("accessibility", "/accessibilite/", is_signed_in=False),
    Shot("guides", "/guides/", is_signed_in=False),
    Shot("not-found", "/nowhere/", is_signed_in=False),
    Shot("inbox", INBOX),
    Shot("message", INBOX, _open_message),
    Shot("viewer", INBOX, _open_viewer),
    Shot("picked", INBOX, _pick),
    Shot("menu", INBOX, _open_menu),
    Shot("conversations", "/mail/INBOX/?threads=1"),
    Shot("sent", "/mail/Sent/"),
    Shot("drafts", "/mail/Drafts/"),
    Shot("trash", "/mail/Trash/"),
    Shot("drafts-discarded", "/drafts/discarded/"),
    Shot("outbox", "/outbox/"),
    Shot("search", "/search/?q=conseil"),
    Shot("search-nothing", "/search/?q=zzzz"),
    Shot("search-form", "/search/?refine=1"),
    Shot("search-trace", "/search/trace/"),
    Shot("compose", "/compose/"),
    Shot("reply", INBOX, _reply),
    Shot("folders", "/folders/"),
    Shot("space", "/folders/space/"),
    Shot("transfers", "/transfers/"),
    Shot("jobs", "/jobs/"),
    Shot("rules", "/rules/"),
    Shot("rule", "/rules/new/"),
    Shot("rules-raw", "/rules/raw/"),
    Shot("absence", "/rules/absence/"),
    Shot("senders", "/adverts/senders/"),
    Shot("tags", "/tags/"),
    Shot("display", "/preferences/"),
    Shot("tools", "/preferences/tools/"),
    Shot("reading", "/preferences/reading/"),
    Shot("writing", "/preferences/writing/"),
    Shot("adverts", "/preferences/adverts/"),
    Shot("notifications", "/preferences/notifications/"),
    Shot("identities", "/preferences/identities/"),
    Shot("canned", "/preferences/canned/"),
    Shot("settings-found", "/preferences/find/?q=couleur"),
    Shot("own-data", "/account/data/"),
    Shot("account", "/account/"),
    Shot("security", "/account/security/"),
    Shot("sessions", "/account/sessions/"),
    Shot("password", "/account/password/"),
    Shot("mail-settings", "/account/settings/"),
    Shot("phone", "/account/settings/phone/"),
    Shot("services", "/services/"),
    Shot("contacts", "/contacts/"),
    Shot("contact", "/contacts/", _first("#rows .row > a")),
    Shot("contact-new", "/contacts/new/"),
    Shot("group-new", "/contacts/groups/new/"),
    Shot("collected", "/contacts/collected/"),
    Shot("directory", "/contacts/directory/"),
    Shot("duplicates", "/contacts/duplicates/"),
    Shot("contacts-bin", "/contacts/bin/"),
    Shot("contacts-year", "/contacts/year/"),
    Shot("import", "/contacts/import/"),
    Shot("export", "/contacts/export/"),
)
# Each picture of an article: the page, the size of the window, and the selector of the part shown.
ARTICLE_SHOTS = (
    (Shot("search", "/search/?q=conseil", _without_lines), 940, 640, ".app"),
    (Shot("read", INBOX, _open_message), 1360, 700, "#message"),
    (Shot("write", "/compose/", _write), 960, 680, "#content"),
    (Shot("many-people", "/contacts/", _write_to_group), 1100, 760, "dialog.sending-choice"),
    (Shot("attachments", INBOX, _read_pdf), 1100, 680, "#viewer"),
    (Shot("rules", "/rules/", _rule), 1100, 760, "#content"),
    (Shot("absence", "/rules/absence/", _absent), 1100, 760, "#content"),
    (Shot("signature", "/preferences/identities/"), 1100, 760, "#content"),
)
# Each picture of docs/images/: its file name, the page, and the window.
DOCS_SHOTS = (
    ("reading.webp", "message", 1440, 900, 1, "light"),
    ("telephone.webp", "inbox", 375, 720, 2, "light"),
    ("reading-dark.webp", "message", 1440, 900, 1, "dark"),
    ("tools.webp", "tools", 1440, 900, 1, "light"),
)


def main(arguments: list[str]) -> int:
    """Return 0 when the pictures were taken, 1 after printing why not."""
    chosen = _options(arguments)
    try:
        with _demo(chosen.port) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=_chromium(), args=["--no-sandbox", "--disable-gpu"]
            )
            studio = Studio(browser, address, _sign_in(browser, address))
            only = set(filter(None, chosen.only.split(",")))
            if chosen.docs:
                take_docs(studio)
            elif chosen.articles:
                take_articles(studio, only)
            else:
                take(studio, Path(chosen.folder), only)
            browser.close()
    except Refused as refused:
        say(str(refused))
        return 1
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo.pictures")
    parser.add_argument("folder", nargs="?", default=str(ROOT / "var" / "pictures"))
    parser.add_argument(
        "--docs", action="store_true", help="take the pictures of the README and of docs/"
    )
    parser.add_argument(
        "--articles", action="store_true", help="take the pictures of the help's articles"
    )
    parser.add_argument("--only", default="", help="names of pages, separated by commas")
    parser.add_argument("--port", type=int, default=8000, help="port of the demo (default: 8000)")
    return parser.parse_args(arguments)


def _chromium() -> str:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        raise Refused("Chromium is not installed: `bin/test` installs it.")
    return program


@contextmanager
def _demo(port: int) -> Iterator[str]:
    """Yield the address of a running demo, or of one that is started for the pictures."""
    address = f"http://localhost:{port}"
    if _answers(address):
        yield address
        return
    command = [str(ROOT / "bin" / "demo"), "--json", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:  # noqa: S603
        if child.stdout is None or not child.stdout.readline():
            raise Refused(f"bin/demo ended with status {child.wait()}.")
        try:
            yield address
        finally:
            child.terminate()


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/livez", timeout=5):  # noqa: S310
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False


@dataclass(frozen=True)
class Studio:
    """A browser, the address of the demo, and the cookies of a single sign-in, because each sign-in
    with a new browser sends a notice to the inbox."""

    browser: Browser
    address: str
    cookies: StorageState


def take(studio: Studio, folder: Path, only: set[str]) -> None:
    """Picture every page at every width in both themes, make a contact sheet of each kind, and
    report the pages that are wider than their window."""
    folder.mkdir(parents=True, exist_ok=True)
    for width, height in WIDTHS.items():
        for theme in THEMES:
            kind = f"{width}-{theme}"
            files = []
            with _window(studio, width, height, theme) as pages:
                for shot in SHOTS:
                    if only and shot.name not in only:
                        continue
                    try:
                        page = _show(pages[shot.is_signed_in], shot)
                    except PlaywrightError as problem:
                        say(f"{shot.name} {kind}: {problem.message.splitlines()[0]}")
                        continue
                    files.append(folder / f"{shot.name}-{kind}.png")
                    page.screenshot(path=files[-1])
                    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                        say(f"{shot.name} is wider than {width} pixels")
            contact_sheet(files, folder / f"sheet-{kind}.webp")
            say(f"{len(files)} pictures {kind}")


def take_docs(studio: Studio) -> None:
    """Take the pictures of the README and of docs/."""
    shots = {shot.name: shot for shot in SHOTS}
    for file, name, width, height, scale, theme in DOCS_SHOTS:
        with _window(studio, width, height, theme, scale) as pages:
            page = _show(pages[shots[name].is_signed_in], shots[name])
            picture = Image.open(BytesIO(page.screenshot()))
        picture.convert("RGB").save(DOCS / file, lossless=True, quality=100, method=6)
        say(f"docs/images/{file}")


def take_articles(studio: Studio, only: set[str]) -> None:
    """Take the pictures of the help's articles."""
    ARTICLES.mkdir(exist_ok=True)
    for shot, width, height, part in ARTICLE_SHOTS:
        if only and shot.name not in only:
            continue
        with _window(studio, width, height, "light") as pages:
            screenshot = _show(pages[True], shot).locator(part).first.screenshot()
        with Image.open(BytesIO(screenshot)) as whole:
            picture = whole.convert("RGB")
        picture = picture.crop((0, 0, picture.width, min(picture.height, _MOST_TALL)))
        picture.save(ARTICLES / f"{shot.name}.webp", quality=80, method=6)
        say(f"{shot.name}.webp")


@contextmanager
def _window(
    studio: Studio, width: int, height: int, theme: str, scale: int = 1
) -> Iterator[tuple[Page, Page]]:
    """Yield two windows: of an anonymous visitor, and of the first person of the demo."""
    contexts = [
        studio.browser.new_context(
            base_url=studio.address,
            storage_state=state,
            viewport={"width": width, "height": height},
            color_scheme="dark" if theme == "dark" else "light",
            device_scale_factor=scale,
            has_touch=width < 600,
            locale="fr-FR",
            reduced_motion="reduce",
        )
        for state in (None, studio.cookies)
    ]
    try:
        stranger, page = (_page(context) for context in contexts)
        yield stranger, page
    finally:
        for context in contexts:
            context.close()


def _page(context: BrowserContext) -> Page:
    page = context.new_page()
    page.set_default_timeout(15_000)
    return page


def _sign_in(browser: Browser, address: str) -> StorageState:
    """Return the cookies of the first person, after removing the notice about this sign-in from the
    inbox."""
    context = browser.new_context(base_url=address, locale="fr-FR")
    page, person = _page(context), PEOPLE[0]
    page.goto("/accounts/login/")
    page.locator("[name=login]").fill(person.login)
    page.locator("[name=password]").fill(person.password)
    page.locator("[name=password]").press("Enter")
    page.wait_for_url("**/mail/INBOX/")
    notices = page.locator("#rows .row", has_text=_TOLD)
    for _ in range(3):  # it is late on a slow machine
        page.wait_for_timeout(6_000)  # the notice is on its way
        page.goto(INBOX)
        if count := notices.count():
            for place in range(count):
                notices.nth(place).locator(".pick input").check(force=True)
            page.locator("#act-form [value=trash]").click()
            page.locator("#toast [data-toast]").wait_for()
            break
    state = context.storage_state()
    context.close()
    return state


def _show(page: Page, shot: Shot) -> Page:
    page.goto(shot.path)
    if shot.then:
        shot.then(page)
    page.wait_for_load_state("load")
    page.evaluate("document.fonts.ready")
    # Wait for requests that follow a moment later. With push a connection stays open, so the page
    # is never "idle".
    page.wait_for_timeout(900)
    return page


def contact_sheet(files: Iterable[Path], sheet: Path) -> None:
    """Save all pictures in one, small and in their order."""
    small = []
    for file in files:
        with Image.open(file) as kept:
            picture = kept.convert("RGB")
        height = round(picture.height * _SHEET_WIDTH / picture.width)
        small.append(picture.resize((_SHEET_WIDTH, height), Image.Resampling.LANCZOS))
    if not small:
        return
    height = max(picture.height for picture in small) + 8
    rows = -(-len(small) // _SHEET)
    whole = Image.new("RGB", ((_SHEET_WIDTH + 8) * _SHEET, height * rows), "#888888")
    for place, picture in enumerate(small):
        whole.paste(picture, (place % _SHEET * (_SHEET_WIDTH + 8), place // _SHEET * height))
    whole.save(sheet, quality=85)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
