"""Files of mail that programs nobody here wrote have made: every message comes, whole, with its
flags. tests/data/README.md names the commands."""

from __future__ import annotations

import io
import tarfile
import tracemalloc
from pathlib import Path

import pytest

from tests.servers.courier import Courier
from tests.servers.plugin import ALICE
from tests.webmail.views.mail import letter
from webmail.transfer import mbox, reading
from webmail.transfer.reading import ImportedMessage, Limits, RefusedItem

FILES = Path(__file__).parent.parent.parent / "data" / "mailboxes"
LIMITS = Limits(message=1_000_000, unpacked=10_000_000)
NEW, FLAGGED, ANSWERED = (), ("\\Flagged",), ("\\Answered", "\\Seen")
ONE = ["From Paris with love", "From deja", "From rien"]


def read(content: bytes, name: str) -> list[reading.ImportItem]:
    return list(reading.read(io.BytesIO(content), len(content), name, LIMITS))


def messages(name: str) -> list[ImportedMessage]:
    """The messages of a file, of which nothing is refused."""
    items = read((FILES / name).read_bytes(), name)
    assert not [item for item in items if isinstance(item, RefusedItem)]
    return [item for item in items if isinstance(item, ImportedMessage)]


def subject(message: ImportedMessage) -> str:
    head = message.raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    (line,) = [line for line in head.split(b"\n") if line.startswith(b"Subject: ")]
    return line[9:].decode()


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("formail.mbox", [NEW, NEW, NEW]),
        ("getmail.mbox", [NEW, NEW, NEW]),
        ("getmail-maildir.tar.gz", [NEW, NEW, NEW]),
        ("mutt.mbox", [FLAGGED, ANSWERED, NEW]),
        ("mutt.mmdf", [FLAGGED, ANSWERED, NEW]),
        ("mutt-mh.tar.gz", [FLAGGED, ANSWERED, NEW]),
        ("mutt-maildir.tar.gz", [FLAGGED, ANSWERED, NEW]),
        ("mb2md.tar.gz", [FLAGGED, ANSWERED, NEW]),
        ("mbsync-verbatim.tar.gz", 2 * [FLAGGED, ANSWERED, NEW]),
        ("mbsync-maildirpp.tar.gz", 2 * [FLAGGED, ANSWERED, NEW]),
    ],
)
def test_every_message_comes_whole_with_its_flags(name: str, flags: list[tuple[str, ...]]) -> None:
    found = messages(name)
    told = sorted((subject(message), tuple(sorted(message.flags))) for message in found)
    subjects = ["Un", "Deux", "Quatre"] * (len(flags) // 3)
    assert told == sorted(zip(subjects, flags, strict=True))
    for message in found:
        lines = message.raw.decode().rstrip("\n").split("\n")
        body = lines[lines.index("") + 1 :]
        if subject(message) == "Quatre":
            assert body == ["From moi", "", "From toi", "fin"]
        elif subject(message) == "Deux":
            assert body == ["Ligne", "."]
        else:
            assert [line.lstrip(">") for line in body if "From" in line] == ONE


def test_folders_of_mbsync_keep_their_names() -> None:
    assert {item.path for item in messages("mbsync-verbatim.tar.gz")} == {
        ("Mail", "INBOX"),
        ("Mail", "Projets", "2026"),
    }
    assert {item.path for item in messages("mbsync-maildirpp.tar.gz")} == {
        ("Mail",),
        ("Mail", "Projets", "2026"),
    }


def test_a_maildir_of_courier_brings_its_keywords(courier: Courier) -> None:
    courier.make_anew(ALICE.login)
    box = courier.mailbox(ALICE)
    box.append(letter("Un", message_id="<1@x>"), flags=["\\Seen", "Projet", "$Forwarded"])
    box.append(letter("Deux", message_id="<2@x>"), flags=["\\Flagged", "Autre"])
    box.append(letter("Trois", message_id="<3@x>"))
    box.imap.create("INBOX.Cours")
    box.append(letter("Quatre", message_id="<4@x>"), "INBOX.Cours", flags=["Projet"])
    for folder in ("INBOX.Cours", "INBOX"):
        box.imap.select(folder)  # Courier writes its list now
        box.imap.fetch("1:*", "(FLAGS)")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(courier.folder / "mail" / ALICE.login / "Maildir", "Maildir")
    box.close()
    items = read(packed.getvalue(), "a.tar")
    assert not [item for item in items if isinstance(item, RefusedItem)]
    flags = {
        (item.path, subject(item)): set(item.flags)
        for item in items
        if isinstance(item, ImportedMessage)
    }
    assert flags == {
        ((), "Un"): {"\\Seen", "Projet", "$Forwarded"},
        ((), "Deux"): {"\\Flagged", "Autre"},
        ((), "Trois"): set(),
        (("Cours",), "Quatre"): {"Projet"},
    }


# --- MMDF, in pieces and too large ---


def mmdf(*texts: bytes) -> bytes:
    mark = b"\x01\x01\x01\x01\n"
    return b"".join(mark + text + mark for text in texts)


@pytest.mark.parametrize("length", [1, 2, 3, 5, 7, 64, 10_000])
def test_mmdf_is_the_same_in_pieces_of_any_length(length: int) -> None:
    texts = [b"Subject: 1\n\nFrom a@b Thu Dec  3 07:28:42 2026\nTo: x\n", b"Subject: 2\n\n\n"]
    whole = mmdf(*texts)
    pieces = [whole[at : at + length] for at in range(0, len(whole), length)]
    assert [message.raw for message in mbox.messages(pieces, 1_000)] == texts


def test_a_message_that_is_too_large_costs_no_other_one() -> None:
    whole = mmdf(b"Subject: 1\n\n", b"Subject: 2\n\n" + 9_000 * b"x" + b"\n", b"Subject: 3\n\n")
    pieces = [whole[at : at + 500] for at in range(0, len(whole), 500)]
    found = list(mbox.messages(pieces, 2_000))
    assert [message.raw and message.raw[:10] for message in found] == [
        b"Subject: 1",
        None,
        b"Subject: 3",
    ]
    assert found[1].size == 9_013


# --- MH ---


def mh(sequences: str, *names: str) -> list[tuple[str, ...]]:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, text in (
            (".mh_sequences", sequences),
            *((one, "Subject: x\n\ny\n") for one in names),
        ):
            member = tarfile.TarInfo(f"Cours/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    items = read(packed.getvalue(), "a.tar")
    return [item.flags for item in items if isinstance(item, ImportedMessage)]


def test_sequences_of_mh_tell_flags_and_no_sequence_of_unseen_ones_means_read() -> None:
    assert mh("cur: 2\nflagged: 3-4\nunseen: 1 4\n", "1", "2", "3", "4") == [
        (),
        ("\\Seen",),
        ("\\Seen", "\\Flagged"),
        ("\\Flagged",),
    ]
    assert mh("cur: 1\n", "1") == [("\\Seen",)]


def test_sequences_without_end_cost_nothing() -> None:
    assert mh("unseen: 1-999999999\nflagged: " + "1-999999999 " * 50_000, "2") == [("\\Flagged",)]


def test_sequences_take_no_more_room_than_their_text() -> None:
    text = "unseen: 1-999999999\n" * 20
    tracemalloc.start()
    try:
        assert mh(text, "2") == [()]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2_000_000


def test_sequences_overlap_and_touch() -> None:
    flags = mh("unseen: 6 1-3 2-5 9\n", *(str(number) for number in range(1, 11)))
    assert [number for number, one in enumerate(flags, 1) if not one] == [1, 2, 3, 4, 5, 6, 9]
