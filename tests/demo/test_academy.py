"""The demo academy's mail: real mail, of every kind that the webmail has to show."""

import functools
import io
import re
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from demo import academy
from demo.mail.files import DATA
from demo.mail.writing import Stored
from demo.servers import dovecot
from mail.mime import pgp, smime
from mail.mime.outlook import tnef
from mail.mime.structure import Protection
from mail.previews.detect import detect

NOW = datetime(2026, 11, 25, 10, 50, tzinfo=UTC)
TEACHERS = [person for person in academy.PEOPLE if person.role == "teacher"]


@functools.cache
def mail_of(person: academy.Person) -> tuple[Stored, ...]:
    return academy.mail_of(person, NOW)


@functools.cache
def parsed(stored: Stored) -> EmailMessage:
    message = message_from_bytes(stored.content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def parts_of(person: academy.Person) -> Iterator[EmailMessage]:
    for stored in mail_of(person):
        yield from parsed(stored).walk()


def files_of(person: academy.Person, ending: str) -> list[bytes]:
    return [
        part.get_payload(decode=True)  # type: ignore[misc]
        for part in parts_of(person)
        if (part.get_filename() or "").endswith(ending)
    ]


@pytest.fixture(params=TEACHERS, ids=lambda person: person.login)
def teacher(request: pytest.FixtureRequest) -> academy.Person:
    person: academy.Person = request.param
    return person


def test_two_teachers_and_a_head_work_there():
    assert [person.role for person in academy.PEOPLE] == ["teacher", "teacher", "head"]
    first = academy.PEOPLE[0]
    assert first.address == "francoise.durand@ac-exemple.fr"
    assert set(first.aliases) == {
        "francoise.durand@ac-exemple.fr",
        "fdurand@ac-exemple.fr",
        "francoise.durand",
    }


@pytest.mark.parametrize("person", academy.PEOPLE, ids=lambda person: person.login)
def test_passwords_follow_the_advice_given_to_teachers(person):
    password = person.password
    assert len(password) >= 8
    assert password.isascii()
    assert password.isprintable()
    for kind in (str.islower, str.isupper, str.isdigit):
        assert any(map(kind, password))
    assert not password.isalnum()


def test_a_teacher_has_sixty_messages_or_more(teacher):
    assert len(mail_of(teacher)) >= 60


def test_the_inbox_takes_more_than_a_page(teacher):
    folders = Counter(stored.folder for stored in mail_of(teacher))
    assert folders["INBOX",] > 50


@pytest.mark.parametrize("person", academy.PEOPLE, ids=lambda person: person.login)
def test_messages_parse_without_defects_but_the_one_made_so(person):
    for stored in mail_of(person):
        message = parsed(stored)
        if "intendance-raw" in message["Message-ID"]:
            continue
        defects = [d for part in message.walk() for d in part.defects]
        defects += [d for value in message.values() for d in value.defects]
        assert not defects, message["Message-ID"]


@pytest.mark.parametrize("person", academy.PEOPLE, ids=lambda person: person.login)
def test_messages_have_the_line_ends_that_append_wants(person):
    for stored in mail_of(person):
        assert b"\n" not in stored.content.replace(b"\r\n", b"")
        assert b"\r" not in stored.content.replace(b"\r\n", b"")


@pytest.mark.parametrize("person", academy.PEOPLE, ids=lambda person: person.login)
def test_message_ids_are_unique_in_a_mailbox(person):
    ids = Counter(parsed(stored)["Message-ID"] for stored in mail_of(person))
    assert [message_id for message_id, count in ids.items() if count > 1] == []


def test_references_lead_to_messages_of_the_mailbox(teacher):
    messages = [parsed(stored) for stored in mail_of(teacher)]
    ids = {message["Message-ID"] for message in messages}
    for message in messages:
        references = str(message["References"] or "").split()
        assert set(references) <= ids, message["Subject"]
        assert message["In-Reply-To"] == (references[-1] if references else None)


def test_a_conversation_has_eight_turns_with_ones_own_in_sent(teacher):
    stored = [s for s in mail_of(teacher) if b"<journal." in s.content]
    turns = [s for s in stored if parsed(s)["Message-ID"].startswith("<journal.")]
    assert len(turns) == 8
    assert [len(str(parsed(s)["References"] or "").split()) for s in turns] == list(range(8))
    own = [s for s in turns if teacher.address in parsed(s)["From"]]
    assert len(own) == 2
    assert {s.folder for s in own} == {("Sent",)}


@pytest.mark.parametrize("hour", [0, 7, 13, 23])
def test_nothing_arrives_in_the_future_and_old_mail_comes_first(hour):
    now = NOW.replace(hour=hour, minute=3)
    for person in academy.PEOPLE:
        dates = [stored.date for stored in academy.mail_of(person, now)]
        assert all(early <= late for early, late in pairwise(dates))
        assert dates[-1] <= now


def test_mail_spreads_from_today_over_two_years(teacher):
    ages = [NOW - stored.date for stored in mail_of(teacher)]
    assert sum(age < timedelta(hours=6) for age in ages) >= 4
    assert sum(age > timedelta(days=365) for age in ages) >= 3
    assert max(ages) > timedelta(days=600)


def test_every_state_of_a_message_is_there(teacher):
    flags = Counter(flag for stored in mail_of(teacher) for flag in stored.flags)
    assert set(flags) == {"\\Seen", "\\Flagged", "\\Answered", "\\Draft", "$Forwarded"}
    unread = [s for s in mail_of(teacher) if "\\Seen" not in s.flags]
    assert len(unread) >= 10


def test_the_odd_charsets_say_what_they_say(teacher):
    messages = {
        parsed(stored)["Message-ID"].partition(".")[0].strip("<"): parsed(stored)
        for stored in mail_of(teacher)
    }
    assert messages["iso2022"]["Subject"] == "学校交流のお礼"
    assert "ありがとう" in messages["iso2022"].get_content()
    assert messages["gb18030"]["Subject"] == "诗歌交流:春天的来信"
    assert "春天" in messages["gb18030"].get_content()
    assert "12 €" in messages["latin9"].get_content()
    assert "fêtes" in messages["utf7"].get_content()
    assert messages["mots-coupes"]["Subject"] == (
        "Festival de lecture : votre classe est présélectionnée !"
    )
    lying = messages["cp1252"].get_payload(decode=True)
    assert isinstance(lying, bytes)
    assert "L’œil sur les délais…" in lying.decode("cp1252")


@pytest.mark.parametrize(
    "kind",
    [
        "message/rfc822",
        "message/delivery-status",
        "text/calendar",
        "text/csv",
        "text/vcard",
        "application/pdf",
        "application/zip",
        "application/vnd.oasis.opendocument.text",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "image/png",
        "image/jpeg",
        "image/webp",
        "image/bmp",
        "image/gif",
        "image/tiff",
        "video/webm",
        "audio/wav",
        "text/markdown",
        "text/plain",
        "application/rtf",
        "application/msword",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.oasis.opendocument.presentation",
        "application/ms-tnef",
        "application/pkcs7-mime",
        "multipart/digest",
    ],
)
def test_every_kind_of_part_is_there(teacher, kind):
    assert any(part.get_content_type() == kind for part in parts_of(teacher))


def test_the_invitation_and_its_cancellation_say_their_method(teacher):
    calendars = [p for p in parts_of(teacher) if p.get_content_type() == "text/calendar"]
    assert {p["Content-Type"].params["method"] for p in calendars} == {"REQUEST", "CANCEL"}
    for part in calendars:
        assert f"METHOD:{part['Content-Type'].params['method']}" in part.get_content()


def test_a_changed_invitation_is_the_same_event(teacher):
    events = [p.get_content() for p in parts_of(teacher) if p.get_content_type() == "text/calendar"]
    told = [
        (
            re.search(r"^UID:(.*)", event, re.M)[1],  # type: ignore[index]
            int(re.search(r"^SEQUENCE:(\d+)", event, re.M)[1]),  # type: ignore[index]
        )
        for event in events
    ]
    first, changed = sorted(summary for summary in told if summary[0].startswith("conférence"))
    assert (first[0], first[1], changed[1]) == (changed[0], 0, 1)


def test_files_are_what_their_names_say(teacher):
    """As the webmail sees it: by their bytes."""
    for part in parts_of(teacher):
        name = part.get_filename() or ""
        content = part.get_payload(decode=True)
        if not isinstance(content, bytes) or "." not in name or name.endswith((".p7m", ".dat")):
            continue
        detected = detect(content, claimed=part.get_content_type(), name=name)
        ending = name.rpartition(".")[2]
        assert detected.extension == ALSO.get(ending, ending), name
        assert not detected.contradiction, name


ALSO = {"tif": "tiff"}


def test_what_is_wrapped_comes_out(teacher):
    texts = {parsed(s)["Message-ID"].split(".")[0]: s for s in mail_of(teacher)}
    winmail = tnef.read_tnef(payload(texts["<winmail"]))
    assert winmail is not None
    assert [file.name for file in winmail.files] == ["Créneaux.xlsx", "Accès.pdf"]
    assert "Le badge se retire à l’accueil." in winmail.text
    signed = smime.read_smime(payload(texts["<arrete"]))
    assert signed is not None
    assert signed.protection is Protection.SMIME_SIGNED
    assert b"filename*=utf-8" in signed.entity
    armoured = [
        pgp.read_armour(parsed(s).get_content().replace("\r\n", "\n"))
        for s in mail_of(teacher)
        if b"Message-ID: <pgp." in s.content
    ]
    assert {opened.protection for opened in armoured if opened} == {
        Protection.PGP_SIGNED,
        Protection.PGP_ENCRYPTED,
    }


def payload(stored: Stored) -> bytes:
    content = parsed(stored).get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


def test_a_dozen_newsletters_have_a_design_each(teacher):
    pages = [
        decoded_page(parsed(s)) for s in mail_of(teacher) if b"Message-ID: <lettre." in s.content
    ]
    assert len(pages) == len(set(pages)) == 12
    for page in pages:
        assert len(page) > 2000
        assert b"$" not in page
        # The typography of the words does no harm to the style sheets.
        assert "\N{NARROW NO-BREAK SPACE}!important".encode() not in page


def test_inline_images_are_named_by_the_text(teacher):
    for stored in mail_of(teacher):
        message = parsed(stored)
        cids = {part["Content-ID"].strip("<>") for part in message.walk() if part["Content-ID"]}
        page = message.get_body(("html",))
        for cid in cids:
            assert page is not None
            assert f"cid:{cid}" in page.get_content()


def test_newsletters_and_adverts_say_how_to_leave(teacher):
    messages = [parsed(stored) for stored in mail_of(teacher)]
    bulk = [message for message in messages if message["List-Unsubscribe"]]
    assert len([m for m in bulk if "offre" in m["Message-ID"]]) >= 4
    remote = [m for m in messages if b"https://images.newsletter.example/" in decoded_page(m)]
    assert len(remote) >= 6


def decoded_page(message: EmailMessage) -> bytes:
    page = message.get_body(("html",))
    content = page.get_payload(decode=True) if page else b""
    assert isinstance(content, bytes)
    return content


def test_one_message_has_forty_recipients_one_no_subject_and_one_a_very_long_one(teacher):
    messages = [parsed(stored) for stored in mail_of(teacher)]
    assert max(len(m["To"].addresses) for m in messages if m["To"]) == 40
    assert "" in [m["Subject"] for m in messages]
    assert max(len(m["Subject"]) for m in messages) > 200


def test_pdf_files_have_a_true_cross_reference_table(teacher):
    files = files_of(teacher, ".pdf")
    assert len(files) >= 8
    for content in files:
        place = int(content.rsplit(b"startxref\n", 1)[1].split()[0])
        lines = content[place:].split(b"\n")
        assert lines[0] == b"xref"
        for number in range(1, int(lines[1].split()[1])):
            start = int(lines[2 + number].split()[0])
            assert content[start:].startswith(b"%d 0 obj" % number)


@pytest.mark.parametrize("ending", [".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp", ".zip"])
def test_archives_are_whole_and_their_xml_well_formed(teacher, ending):
    files = files_of(teacher, ending)
    assert files
    for content in files:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            assert packed.testzip() is None
            for name in packed.namelist():
                if name.endswith((".xml", ".rels")):
                    # Written by the demo itself.
                    ElementTree.fromstring(packed.read(name))  # noqa: S314


def test_open_documents_begin_with_their_media_type(teacher):
    for content in files_of(teacher, ".odt"):
        assert content[30:].startswith(b"mimetypeapplication/vnd.oasis.opendocument.text")


def test_pictures_are_as_cameras_and_scanners_make_them():
    def picture(name):
        return Image.open(io.BytesIO((DATA / "files" / name).read_bytes()))

    upright = picture("img-0931.jpg")
    assert upright.width > upright.height
    assert upright.getexif()[0x0112] == 6
    assert picture("une-epreuve-cmjn.jpg").mode == "CMYK"
    assert picture("goutte-16-bits.png").mode == "I;16"
    sheets = picture("numerisation-0412.tif")
    assert (sheets.mode, getattr(sheets, "n_frames", 1)) == ("1", 3)
    for name in ("fleur.gif", "fleur.webp"):
        assert getattr(picture(name), "n_frames", 1) == 12


def test_every_file_is_named_by_a_message():
    sources = "".join(path.read_text("latin-1") for path in (DATA / "mail").rglob("*.*"))
    for path in (*(DATA / "files").iterdir(), *(DATA / "pages").iterdir()):
        name = re.sub(r"-(francoise\.durand|claire\.morvan)(?=\.)", "-${user}", path.name)
        assert name in sources, path.name


@pytest.fixture
def academy_dovecot() -> Iterator[str]:
    """The URL of a Dovecot with the academy's mailboxes, all empty."""
    if not dovecot.installed():
        pytest.skip("Dovecot is not installed")
    # pytest's own folders are closed to the account that owns the mail.
    with tempfile.TemporaryDirectory(prefix="webmail-academy-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        accounts = [dovecot.MailAccount(p.login, p.password, p.aliases) for p in academy.PEOPLE]
        server = dovecot.Dovecot(folder / "dovecot", accounts)
        server.start()
        try:
            yield f"imap://127.0.0.1:{server.imap_port}"
        finally:
            server.stop()


def test_mailboxes_are_filled_once(academy_dovecot: str) -> None:
    assert academy.fill(academy_dovecot, NOW) == sum(len(mail_of(p)) for p in academy.PEOPLE)
    assert academy.fill(academy_dovecot, NOW) == 0
