"""The sheet on paper, read and looked at as a printer would."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from datetime import date
from io import BytesIO

import pytest
import zxingcpp
from django.utils import translation
from PIL import Image

from accounts.autoconfig import sheet
from accounts.lookup import MailSettings, ServerSetting
from tests.waiting import LONGEST_S

pytestmark = pytest.mark.skipif(not shutil.which("pdftotext"), reason="poppler-utils is missing")

AROUND = sheet.SheetContext(
    product="Messagerie",
    guides="https://webmail.ac-exemple.fr/guides/",
    support_phone="03.22.82.37.40",
    support_email="assistance@ac-amiens.fr",
    printed=date(2026, 11, 25),
)


def program(*command: str, given: bytes) -> bytes:
    return subprocess.run(  # noqa: S603
        command, input=given, check=True, capture_output=True, timeout=LONGEST_S
    ).stdout


def text(pdf: bytes) -> str:
    return program("pdftotext", "-layout", "-", "-", given=pdf).decode()


def pages(pdf: bytes) -> int:
    about = program("pdfinfo", "-", given=pdf).decode()
    return int(about.split("Pages:")[1].split()[0])


def test_everything_to_type_is_on_one_page(francoise: MailSettings) -> None:
    pdf = sheet.pdf(replace(francoise, password_changed=date(2026, 9, 14)), AROUND)
    words = text(pdf)
    for value in (
        "Françoise Durand", "francoise.durand@ac-exemple.fr", "fdurand", "imap.ac-exemple.fr",
        "993", "smtp.ac-exemple.fr", "587", "STARTTLS", "pop.ac-exemple.fr", "995", "SSL/TLS",
        "https://webmail.ac-exemple.fr", "Académie d’Exemple", "03.22.82.37.40",
        "assistance@ac-amiens.fr", "https://webmail.ac-exemple.fr/guides/", "25/11/2026",
        "14/09/2026",
    ):  # fmt: skip
        assert value in words
    assert pages(pdf) == 1


def test_names_keep_their_letters_or_the_letters_below_their_marks(
    francoise: MailSettings,
) -> None:
    names = "Zoë Łąckiewicz-Şahin Œuvrard Nguyễn 李\u00a0:\u202f\u202e\x07!"
    words = text(sheet.pdf(replace(francoise, name=names), AROUND))
    assert "Zoë Łąckiewicz-Şahin Œuvrard Nguyen ? : !" in words.replace("\u00a0", " ")


def test_what_is_long_is_made_smaller_and_never_a_second_page(francoise: MailSettings) -> None:
    host = ".".join(["x" * 60] * 4)
    long = replace(
        francoise,
        name="Maximilienne " * 12,
        post="Lycée " * 40,
        address="a" * 64 + "@" + host[:180],
        servers=tuple(
            ServerSetting(protocol, host, 993, "tls") for protocol in ("imap", "smtp", "pop") * 4
        ),
    )
    pdf = sheet.pdf(long, AROUND)
    assert pages(pdf) == 1
    boxes = program("pdftotext", "-bbox", "-", "-", given=pdf).decode()
    lowest = max(float(y) for y in re.findall(r'yMax="([\d.]+)"', boxes))
    assert "25/11/2026" in boxes
    assert lowest < 842 - 50  # points: A4 has 842, the margin 57


def test_markup_in_a_name_is_text(francoise: MailSettings) -> None:
    odd = replace(francoise, name="<b>A</b> & <img src='file:///etc/passwd'/>", post="<para>")
    words = text(sheet.pdf(odd, AROUND))
    assert "<b>A</b> & <img src='file:///etc/passwd'/>" in words


def test_a_camera_reads_the_address_of_the_webmail(francoise: MailSettings) -> None:
    pdf = sheet.pdf(francoise, AROUND)
    picture = Image.open(BytesIO(program("pdftoppm", "-r", "100", "-png", "-", given=pdf)))
    (barcode,) = zxingcpp.read_barcodes(picture)
    assert barcode.text == "https://webmail.ac-exemple.fr"


def test_its_fonts_are_in_it_and_its_language_is_said(francoise: MailSettings) -> None:
    with translation.override("fr"):
        pdf = sheet.pdf(francoise, AROUND)
    fonts = program("pdffonts", "-", given=pdf).decode().splitlines()[2:]
    assert fonts
    assert all(line.split()[-5] == "yes" for line in fonts if "Liberation" in line)
    assert not [line for line in fonts if "Liberation" not in line and "Helvetica" not in line]
    assert b"/Lang (fr)" in pdf


def test_what_the_support_desk_lacks_is_left_out(francoise: MailSettings) -> None:
    around = replace(AROUND, support_phone="", support_email="")
    assert "assistance" not in text(sheet.pdf(francoise, around))
