"""A document for each recipient: brought, matched, settled, sent, and opened where it arrived."""

from __future__ import annotations

import io
import itertools
import os
import re
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import groups, ties
from addressbook.models import Contact, Group
from demo.servers.submission import SubmissionServer
from tests.mail import zip_bombs
from tests.servers.mailboxes import Mailbox
from tests.waiting import cheap
from tests.webmail.views.composer.test_begin import only, read, text
from tests.webmail.views.mail import page
from tests.webmail.views.test_rosters import leave
from tests.webmail.views.test_sending_choice import fields, kept, written
from webmail.models import Draft, DraftDocument, OutboxMessage
from webmail.writing import documents, drafts, files, settling

pytestmark = pytest.mark.django_db
SCRIPT = {"X-Requested-With": "fetch"}
PEOPLE = (
    "Léa Dupont <lea@x.example>, Jean-Paul Le Goff <jp@x.example>,"
    " Bob Petit <bob@ac-exemple.fr>, Alice Martin <alice@ac-exemple.fr>"
)
FILES = {
    "DUPONT_Lea_bulletin.pdf": b"%PDF-1.7 of Lea",
    "le goff jean paul.pdf": b"%PDF-1.7 of Jean-Paul",
    "T1/Petit-Bob.pdf": b"%PDF-1.7 of Bob",
    "T1/MARTIN Alice.pdf": b"%PDF-1.7 of Alice",
}


@pytest.fixture(autouse=True)
def spool(settings: Any, tmp_path: Path) -> Path:
    settings.SPOOL = tmp_path / "spool"
    return settings.SPOOL


@pytest.fixture
def outgoing(submission: SubmissionServer) -> SubmissionServer:
    for path in submission.outgoing.glob("*"):
        path.unlink()
    return submission


def zipped(files: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return made.getvalue()


def brought(reader: Client, content: bytes, number: str, name: str = "6e.zip") -> Any:
    """An upload as a script sends it."""
    return reader.post(
        f"/drafts/{number}/documents/add/",
        data=content,
        content_type="application/octet-stream",
        headers=SCRIPT | {"X-File-Name": name},
    )


def begun(reader: Client, files: Mapping[str, bytes] = FILES, **more: Any) -> dict[str, Any]:
    """The form of a message with documents, as it was kept."""
    number = str(uuid.uuid4())
    form = written(draft=number, to=PEOPLE, body="Bonjour {prénom}.", **more)
    assert brought(reader, zipped(files), number).status_code == 200
    answer = reader.post("/compose/", form | {"do": "documents"})
    assert answer["Location"] == f"/drafts/{number}/documents/"
    return fields(reader.get(f"/drafts/{number}/"))


def sheet(reader: Client, form: Mapping[str, Any]) -> str:
    return page(reader.get(f"/drafts/{form['draft'][0]}/documents/"))


def settle(reader: Client, form: Mapping[str, Any], **post: Any) -> str:
    address = f"/drafts/{form['draft'][0]}/documents/"
    answer = reader.post(address, {"do": "keep"} | post)
    assert answer["Location"] == address
    return page(reader.get(address))


def selects(shown: str) -> list[str]:
    return re.findall(r'<select[^>]* name="(to_[^"]+)"', shown)


def send(reader: Client, form: Mapping[str, Any]) -> list[OutboxMessage]:
    again = fields(reader.post("/compose/", {**form, "do": "send"}))
    assert again["delivery"] == ["each"]
    assert reader.post("/compose/", again | {"do": "send"}).status_code == 302
    return list(OutboxMessage.objects.order_by("number"))


def enclosed(message: Any) -> dict[str, bytes]:
    return {one.get_filename(): one.get_content() for one in message.iter_attachments()}


def test_each_opens_his_own_document_and_nobody_elses(
    reader: Client, outgoing: SubmissionServer, bobs_mailbox: Mailbox, mailbox: Mailbox
) -> None:
    form = begun(reader)
    assert "Tout est réglé" in sheet(reader, form)
    rows = send(reader, form)
    assert [row.recipients for row in rows] == [1, 1, 1, 1, 0]
    leave()
    bobs, own = only(bobs_mailbox.messages("INBOX")), only(mailbox.messages("INBOX"))
    assert enclosed(bobs) == {"Petit-Bob.pdf": FILES["T1/Petit-Bob.pdf"]}
    assert enclosed(own) == {"MARTIN Alice.pdf": FILES["T1/MARTIN Alice.pdf"]}
    assert text(bobs).strip() == "Bonjour Bob."
    others = {one["To"].addresses[0].addr_spec: enclosed(one) for one in map(read, kept(outgoing))}
    assert others == {
        "lea@x.example": {"DUPONT_Lea_bulletin.pdf": FILES["DUPONT_Lea_bulletin.pdf"]},
        "jp@x.example": {"le goff jean paul.pdf": FILES["le goff jean paul.pdf"]},
    }
    copy = only(mailbox.messages("Sent"))
    assert enclosed(copy) == {} and text(copy).strip() == "Bonjour {prénom}."
    assert not Draft.objects.exists() and not DraftDocument.objects.exists()


def test_a_file_for_everybody_goes_beside_each_ones_own(
    reader: Client, outgoing: SubmissionServer
) -> None:
    form = begun(reader)
    note = SimpleUploadedFile("Calendrier.pdf", b"%PDF-1.7 calendar")
    reader.post("/compose/", form | {"do": "attach", "attachments": note})
    send(reader, fields(reader.get(f"/drafts/{form['draft'][0]}/")))
    leave()
    found = [enclosed(read(one)) for one in kept(outgoing)]
    assert [set(one) for one in found] == [
        {"Calendrier.pdf", "DUPONT_Lea_bulletin.pdf"},
        {"Calendrier.pdf", "le goff jean paul.pdf"},
    ]


def test_nothing_leaves_until_all_is_settled(reader: Client, outgoing: SubmissionServer) -> None:
    form = begun(
        reader,
        {
            "DUPONT Lea.pdf": b"%PDF 1",
            "lea_dupont_bis.pdf": b"%PDF 2",
            "inconnu.pdf": b"%PDF 3",
            "Petit Bob.pdf": b"%PDF 4",
            "martin alice.pdf": b"%PDF 5",
        },
    )
    answer = reader.post("/compose/", form | {"do": "send"})
    assert answer.status_code == 422 and not OutboxMessage.objects.exists()
    assert "3 documents n’ont pas de destinataire sûr." in page(answer)
    assert "1 personne n’a pas de document." in page(answer)
    # Not even for somebody who answers a question that was not asked.
    kept_form = fields(answer)
    forced = kept_form | {"do": "send", "delivery": "each", "members": ["lea@x.example"]}
    assert reader.post("/compose/", forced).status_code == 422
    assert not OutboxMessage.objects.exists()
    shown = sheet(reader, form)
    assert len(selects(shown)) == 3
    by_name = {
        name: f"to_{one.pk}"
        for one in DraftDocument.objects.all()
        for name in [documents.about(one.draft, one).name]
    }
    shown = settle(
        reader,
        form,
        **{
            by_name["DUPONT Lea.pdf"]: "lea@x.example",
            by_name["lea_dupont_bis.pdf"]: "nobody",
            by_name["inconnu.pdf"]: "jp@x.example",
        },
    )
    assert "Tout est réglé" in shown
    reopened = fields(reader.get(f"/drafts/{form['draft'][0]}/"))
    doubted = page(reader.post("/compose/", reopened | {"do": "send"}))
    assert "ne nomme pas son destinataire" in doubted
    assert "inconnu.pdf (Jean-Paul Le Goff)" in doubted
    send(reader, fields(reader.get(f"/drafts/{form['draft'][0]}/")))
    leave()
    found = {one["To"].addresses[0].addr_spec: enclosed(one) for one in map(read, kept(outgoing))}
    assert found == {
        "lea@x.example": {"DUPONT Lea.pdf": b"%PDF 1"},
        "jp@x.example": {"inconnu.pdf": b"%PDF 3"},
    }


def test_whoever_has_no_document_is_ticked_first(
    reader: Client, outgoing: SubmissionServer
) -> None:
    form = begun(reader, {name: FILES[name] for name in list(FILES)[:3]})
    shown = sheet(reader, form)
    assert re.findall(r'name="without" value="([^"]+)"', shown) == ["alice@ac-exemple.fr"]
    assert "Tout est réglé" in settle(reader, form, without="alice@ac-exemple.fr")
    assert len(send(reader, form)) == 5


def test_a_settled_document_is_taken_into_hand_again(
    reader: Client, outgoing: SubmissionServer
) -> None:
    form = begun(reader)
    first = DraftDocument.objects.order_by("created", "id").first()
    assert first is not None
    shown = settle(reader, form, do=f"change:{first.pk}")
    assert selects(shown) == [f"to_{first.pk}"] and "Tout est réglé" not in shown
    shown = settle(reader, form, **{f"to_{first.pk}": "nobody"}, do="all_without")
    assert "Tout est réglé" in shown
    shown = settle(reader, form, do="leave_out")
    assert "Tout est réglé" in shown


def test_what_is_decided_is_sealed(reader: Client, outgoing: SubmissionServer, spool: Path) -> None:
    form = begun(reader)
    settle(reader, form, without="alice@ac-exemple.fr")
    row = DraftDocument.objects.order_by("created").first()
    assert row is not None
    assert b"DUPONT" not in bytes(row.sealed)
    assert b"x.example" not in bytes(Draft.objects.get().documents_settled or b"")
    for path in (spool / "documents").glob("*"):
        assert b"PDF" not in path.read_bytes()
        assert path.stat().st_mode & 0o777 == 0o600
    assert len(list((spool / "documents").glob("*"))) == 1


def test_every_message_is_looked_at_with_its_document(
    reader: Client, outgoing: SubmissionServer
) -> None:
    form = begun(reader)
    again = fields(reader.post("/compose/", form | {"do": "send"}))
    for number, name in enumerate(("DUPONT_Lea_bulletin.pdf", "le goff jean paul.pdf")):
        answer = reader.post("/compose/", again | {"look": str(number)}, headers=SCRIPT)
        assert answer["HX-Retarget"] == "#choice-preview"
        shown = page(answer)
        assert name in shown
        (address,) = re.findall(r'href="(/drafts/[^"]+)"', shown)
        found: Any = reader.get(address)
        assert b"".join(found.streaming_content) == FILES[name]
        assert found["Content-Disposition"].startswith("attachment")
    assert not OutboxMessage.objects.exists()


def test_a_document_is_never_attached_to_the_message_of_everybody(
    reader: Client, outgoing: SubmissionServer
) -> None:
    form = begun(reader)
    rows = [str(row.pk) for row in DraftDocument.objects.all()]
    form |= {"files": rows, "delivery": "bcc"}
    answer = reader.post("/compose/", form | {"do": "send"})
    draft = Draft.objects.get()
    assert files.named(draft, drafts.content(draft).files) == ()
    again = fields(answer) | {"delivery": "bcc"}
    assert reader.post("/compose/", again | {"do": "send"}).status_code == 422
    assert not OutboxMessage.objects.exists()


def test_taken_back_the_documents_are_there(reader: Client, outgoing: SubmissionServer) -> None:
    form = begun(reader)
    rows = send(reader, form)
    answer = reader.post(f"/outbox/{rows[0].pk}/back/")
    assert answer["Location"] == f"/drafts/{form['draft'][0]}/"
    assert "Tout est réglé" in sheet(reader, form)


def test_the_outbox_says_what_each_got(reader: Client, outgoing: SubmissionServer) -> None:
    rows = send(reader, begun(reader))
    shown = page(reader.get(f"/outbox/{rows[0].pk}/"))
    assert "DUPONT_Lea_bulletin.pdf" in shown and "Petit-Bob.pdf" in shown
    leave()
    assert "DUPONT_Lea_bulletin.pdf" in page(reader.get(f"/outbox/{rows[0].pk}/"))


def test_without_a_script_the_files_come_with_the_form(
    reader: Client, outgoing: SubmissionServer
) -> None:
    chosen = [SimpleUploadedFile(Path(name).name, content) for name, content in FILES.items()]
    answer = reader.post(
        "/compose/", written(to=PEOPLE, body="Bonjour.", documents=chosen, do="documents")
    )
    assert "Tout est réglé" in page(reader.get(answer["Location"]))
    assert DraftDocument.objects.count() == 4


# --- files of no use, and hostile ones ---


def said(answer: Any) -> str:
    return " ".join(answer.json()["words"])


def bomb() -> bytes:
    return zip_bombs.made([zip_bombs.Entry(b"a.pdf", b"x" * 1_000, 4_000_000_000)])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "ne peut pas être lu"),
        (b"PK\x03\x04 nothing", "ne peut pas être lu"),
        (zipped(FILES)[:-30], "ne peut pas être lu"),
        (bomb(), "plus qu’il ne devrait"),
        (zipped({f"{n}.pdf": b"x" for n in range(2_001)}), "2\xa0000 documents"),
        (zipped({"__MACOSX/._a.pdf": b"x", "b/.DS_Store": b"x"}), "aucun fichier"),
    ],
    ids=["empty", "no zip", "cut", "bomb", "2,001 files", "litter"],
)
def test_a_zip_of_no_use_is_refused_and_leaves_nothing(
    reader: Client, outgoing: SubmissionServer, spool: Path, content: bytes, words: str
) -> None:
    answer = brought(reader, content, str(uuid.uuid4()))
    assert answer.status_code == 422
    assert words in said(answer)
    assert not DraftDocument.objects.exists()
    assert not list(spool.glob("documents/*"))


def test_paths_of_a_zip_lead_nowhere(
    reader: Client, outgoing: SubmissionServer, spool: Path
) -> None:
    names = ("../../../etc/cron.d/Dupont Lea.pdf", "C:\\Windows\\Petit Bob.pdf", "/etc/x.pdf")
    number = str(uuid.uuid4())
    assert brought(reader, zipped(dict.fromkeys(names, b"%PDF 1")), number).json()["count"] == 3
    held = documents.of(Draft.objects.get())
    assert held and {one.name for one in held.documents.values()} == {
        "Dupont Lea.pdf",
        "Petit Bob.pdf",
        "x.pdf",
    }
    assert all(re.fullmatch(r"[0-9a-f]{32}\.sealed", one.name) for one in spool.glob("documents/*"))


def test_a_member_that_lies_takes_the_whole_zip_with_it(
    reader: Client, outgoing: SubmissionServer, spool: Path
) -> None:
    good = zip_bombs.Entry(b"a.pdf", b"%PDF", 4, method=0, checksum=0x8B0AF8B5)
    shared = zip_bombs.Entry(b"b.pdf", b"", 4, method=0, start=0)
    answer = brought(reader, zip_bombs.made([good, shared]), str(uuid.uuid4()))
    assert answer.status_code == 422 and not list(spool.glob("documents/*"))


def test_a_damaged_or_empty_file_is_named_and_the_others_are_taken(
    reader: Client, outgoing: SubmissionServer
) -> None:
    whole = zipped({"bon.pdf": b"%PDF good", "vide.pdf": b"", "autre.pdf": b"%PDF unlike"})
    broken = whole.replace(b"autre.pdf", b"autre.pdg", 1)
    answer = brought(reader, broken, str(uuid.uuid4()))
    assert answer.json()["count"] == 1
    assert "vide.pdf" in said(answer) and "autre.pd" in said(answer)


def test_two_files_of_one_name_are_told_apart_and_asked_about(
    reader: Client, outgoing: SubmissionServer
) -> None:
    form = begun(reader, {"6A/Dupont Lea.pdf": b"%PDF 1", "6B/Dupont Lea.pdf": b"%PDF 2"})
    shown = sheet(reader, form)
    assert len(selects(shown)) == 2 and "6A" in shown and "6B" in shown
    # The same once more is no other document.
    again = zipped({"x/Dupont Lea.pdf": b"%PDF 1"})
    answer = brought(reader, again, form["draft"][0])
    assert answer.json()["count"] == 0 and "déjà là" in said(answer)
    shown = settle(reader, form, do="all_doubled")
    assert selects(shown) == []


def test_what_is_no_pdf_is_said_and_not_blocked(reader: Client, outgoing: SubmissionServer) -> None:
    form = begun(reader, {"Dupont Lea.pdf": b"\x89PNG\r\n\x1a\n" + bytes(40)})
    assert "pas ce que dit son nom" in sheet(reader, form)
    settle(reader, form, do="all_without")
    assert len(send(reader, form)) == 5


def test_a_file_that_breaks_off_is_not_taken(
    reader: Client, outgoing: SubmissionServer, settings: Any
) -> None:
    settings.MESSAGE_LIMIT = 200_000
    number = str(uuid.uuid4())
    answer = brought(reader, b"%PDF" + bytes(300_000), number, "Dupont Lea.pdf")
    assert answer.json()["count"] == 0 and "trop volumineux" in said(answer)
    answer = brought(reader, b"", number, "Dupont Lea.pdf")
    assert answer.json()["count"] == 0 and "vide" in said(answer)
    assert not DraftDocument.objects.exists()


def test_there_is_no_room_for_more_than_ten_full_messages(
    reader: Client, outgoing: SubmissionServer, settings: Any, spool: Path
) -> None:
    settings.MESSAGE_LIMIT = 100_000
    many = {f"{n}.pdf": bytes([n]) * 20_000 for n in range(40)}
    answer = brought(reader, zipped(many), str(uuid.uuid4()))
    assert answer.status_code == 422 and "pas la place" in said(answer)
    assert not list(spool.glob("documents/*"))


def test_documents_are_taken_away_and_nobody_elses(
    reader: Client, outgoing: SubmissionServer, spool: Path
) -> None:
    form = begun(reader)
    number, one = form["draft"][0], str(DraftDocument.objects.order_by("created")[0].pk)
    other = User.objects.create(login="mallory", address="m@ac-exemple.fr")
    Draft.objects.filter(pk=number).update(user=other)
    assert brought(reader, zipped(FILES), number).status_code == 404
    for address in ("", one):
        assert reader.get(f"/drafts/{number}/documents/{address}").status_code == 404
    for address in ("", "remove/"):
        assert reader.post(f"/drafts/{number}/documents/{address}").status_code == 404
    Draft.objects.filter(pk=number).update(user=User.objects.get(login="alice"))
    assert reader.post("/compose/", form | {"do": "no_documents"}).status_code == 302
    assert not DraftDocument.objects.exists() and not list(spool.glob("documents/*"))
    # A document of another draft of one's own is no document of this one.
    another = begun(reader)
    theirs = begun(reader)
    foreign = DraftDocument.objects.filter(draft_id=theirs["draft"][0]).first()
    assert foreign is not None
    answer = reader.get(f"/drafts/{another['draft'][0]}/documents/{foreign.pk}")
    assert answer.status_code == 404


# --- a whole school ---


def test_four_hundred_documents_are_accepted_in_a_moment(
    reader: Client, outgoing: SubmissionServer
) -> None:
    """400 people, each with a PDF of 300 kB: 120 MB, of which two messages are in memory."""
    number = str(uuid.uuid4())
    to = ", ".join(f"Zoé{n} Martin{n} <p{n}@x.example>" for n in range(400))
    for half in (range(200), range(200, 400)):
        bulletins = {f"MARTIN{n}_Zoe{n}.pdf": b"%PDF" + os.urandom(300_000) for n in half}
        assert brought(reader, zipped(bulletins), number).json()["count"] == 200
    form = fields(reader.post("/compose/", written(draft=number, to=to, body="Bonjour.")))
    with cheap(8), lean(60_000_000):
        answer = reader.post("/compose/", form | {"do": "send"})
    assert answer.status_code == 302
    rows = OutboxMessage.objects.addressed().order_by("number")
    assert len(rows) == 400 and len(set(rows.values_list("batch", flat=True))) == 1
    pace = [after.due - one.due for one, after in itertools.pairwise(rows)]
    assert set(pace) == {timedelta(seconds=2)}
    shown = page(reader.get("/outbox/"))
    assert shown.count('class="outbox-row"') == 1


@contextmanager
def lean(most: int) -> Iterator[None]:
    """The block takes no more memory than so many bytes beyond what there was."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
    before = _kilobytes("VmRSS")
    yield
    assert (_kilobytes("VmHWM") - before) * 1024 < most


def _kilobytes(name: str) -> int:
    status = Path("/proc/self/status").read_text()
    found = re.search(rf"{name}:\s+(\d+) kB", status)
    assert found
    return int(found[1])


def test_guardians_get_the_documents_of_their_pupils(
    reader: Client, outgoing: SubmissionServer, bobs_mailbox: Mailbox, mailbox: Mailbox
) -> None:
    """Bob is the father of Léa and Tom, Alice the mother of Léa: nobody is asked about anything."""
    user = User.objects.get(login="alice")

    def person(first: str, last: str, address: str = "") -> Contact:
        emails = (Email(address),) if address else ()
        return contacts.create(user, ContactData(first_name=first, last_name=last, emails=emails))

    lea, tom = person("Léa", "Petit"), person("Tom", "Petit")
    father = person("Bob", "Petit", "bob@ac-exemple.fr")
    mother = person("Alice", "Martin", "alice@ac-exemple.fr")
    school_class = groups.create(user, "6e B")
    groups.set_class(school_class, 2026, Group.Guardians.ALL)
    groups.add(school_class, [lea.pk, tom.pk])
    for pupil, guardian in ((lea, father), (tom, father), (lea, mother)):
        ties.add_guardian(pupil, guardian)
    files = {"Petit_Lea.pdf": b"%PDF-1.7 of Lea", "PETIT Tom.pdf": b"%PDF-1.7 of Tom"}
    people = "Bob Petit <bob@ac-exemple.fr>, Alice Martin <alice@ac-exemple.fr>"
    number = str(uuid.uuid4())
    body = "Bulletin de {élève}, classe de {classe}, pour {responsable}."
    form = written(draft=number, to=people, body=body)
    assert brought(reader, zipped(files), number).status_code == 200
    reader.post("/compose/", form | {"do": "documents"})
    kept_form = fields(reader.get(f"/drafts/{number}/"))
    assert "Tout est réglé" in sheet(reader, kept_form)
    asked = page(reader.post("/compose/", kept_form | {"do": "send"}))
    assert "Envoyer à chacun son document" in asked
    assert "ne nomme" not in asked
    send(reader, kept_form)
    leave()
    for_father, for_mother = only(bobs_mailbox.messages()), only(mailbox.messages())
    assert enclosed(for_father) == files
    assert enclosed(for_mother) == {"Petit_Lea.pdf": files["Petit_Lea.pdf"]}
    both, one = text(for_father), text(for_mother)
    assert both == "Bulletin de Léa Petit et Tom Petit, classe de 6e B, pour Bob Petit.\n"
    assert one == "Bulletin de Léa Petit, classe de 6e B, pour Alice Martin.\n"


def test_thousands_of_tiny_documents_cost_little(
    reader: Client, outgoing: SubmissionServer, spool: Path
) -> None:
    number = str(uuid.uuid4())
    content = zipped({f"Dupont {n}.pdf": b"%d" % n for n in range(2_000)})
    with cheap(1.5):
        assert brought(reader, content, number).json()["count"] == 2_000
    assert len(list((spool / "documents").glob("*"))) == 1
    draft = Draft.objects.get()
    for row in draft.documents.all()[::500]:
        name = documents.about(draft, row).name
        assert documents.open_(draft, row).read().decode() == name.split()[1].removesuffix(".pdf")
    documents.remove(draft)
    assert not list((spool / "documents").glob("*"))


def test_small_and_large_documents_lie_in_the_spool_as_they_were(
    reader: Client, outgoing: SubmissionServer, spool: Path
) -> None:
    number = str(uuid.uuid4())
    sizes = (1, 60_000, 65_536, 65_537, 2_000_000, *(50_000 + n for n in range(40)))
    content = {f"{n}.pdf": os.urandom(size) for n, size in enumerate(sizes)}
    assert brought(reader, zipped(content), number).json()["count"] == len(sizes)
    draft = Draft.objects.get()
    brought_in = {
        documents.about(draft, row).name: documents.open_(draft, row).read()
        for row in draft.documents.all()
    }
    assert brought_in == content


def test_too_many_pairs_decided_at_once_are_refused_in_words(
    reader: Client, outgoing: SubmissionServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "_MOST_DECIDED", 1)
    form = begun(reader, {"6A/Dupont Lea.pdf": b"%PDF 1", "6B/Dupont Lea.pdf": b"%PDF 2"})
    shown = settle(reader, form, do="all_doubled")
    assert "2 fichiers à envoyer" in shown.replace("\xa0", " ") and len(selects(shown)) == 2


def test_a_zip_waits_for_another_one_no_longer_than_a_moment(
    reader: Client, outgoing: SubmissionServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "_ZIP_WAIT", 0.1)
    with documents._ONE_ZIP:
        answer = brought(reader, zipped({"a.pdf": b"x"}), str(uuid.uuid4()))
    assert answer.status_code == 422 and "un instant" in said(answer)
