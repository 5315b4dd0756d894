"""From the screen to a telephone, in two Chromiums; guides to read, hear and print."""

from __future__ import annotations

import plistlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Page

from accounts.autoconfig import guides
from accounts.models import StaffRecord
from tests import parts
from tests.browser.conformity import violations
from tests.browser.conftest import NUMEN

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def computer(open_page: Callable[..., Page], claire: StaffRecord) -> Page:
    """The sheet is on the screen."""
    page = open_page()
    page.goto("/lookup/")
    page.locator("#id_numen").fill(NUMEN)
    page.locator("#id_birth").fill("12/05/1980")
    page.locator("main button[type=submit]").click()
    page.wait_for_url("**/lookup/sheet/")
    return page


def test_a_telephone_scans_the_code_and_gets_its_profile(
    computer: Page, open_page: Callable[..., Page], tmp_path: Path, faults: list[str]
) -> None:
    computer.goto("/lookup/phone/")
    screen = Image.open(BytesIO(computer.screenshot()))
    (seen,) = zxingcpp.read_barcodes(screen)
    telephone = open_page(width=375, height=780, java_script_enabled=False)
    telephone.goto(urlsplit(seen.text).path)
    with telephone.expect_download() as expected:
        telephone.locator("form[action$=profile] button").click()
    file = tmp_path / "profile"
    expected.value.save_as(file)
    assert expected.value.suggested_filename == "messagerie.mobileconfig"
    (mail,) = plistlib.loads(file.read_bytes())["PayloadContent"]
    assert mail["EmailAddress"] == "claire.morvan@ac-exemple.fr"
    assert faults == []


@pytest.mark.parametrize("width", parts.first_of(1440, 320))
@pytest.mark.parametrize("scheme", parts.first_of("light", "dark"))
def test_the_pages_are_for_everybody(
    computer: Page, width: int, scheme: Literal["light", "dark"], faults: list[str]
) -> None:
    computer.emulate_media(color_scheme=scheme)
    computer.set_viewport_size({"width": width, "height": 800})
    found = []
    paths = ["/guides/", "/phone/none/", *(f"/lookup/guides/{slug}/" for slug in guides.TITLES)]
    for path in (*paths, "/lookup/phone/"):
        computer.goto(path)
        found += violations(computer)
    computer.locator("a[href^='/phone/']").click()
    found += violations(computer)
    computer.locator("section[aria-labelledby=way-values] button").click()
    computer.wait_for_selector("ol.guide-steps")
    assert found + violations(computer) == []
    assert faults == []
