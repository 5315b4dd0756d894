"""The demo's files of messages: what an import finds in each."""

from __future__ import annotations

import io
from pathlib import Path

from demo import mail_files
from webmail.transfer import reading
from webmail.transfer.reading import ImportedMessage, Limits, RefusedItem

LIMITS = Limits(1_000_000, 1_000_000)


def found(path: Path) -> list[reading.ImportItem]:
    content = path.read_bytes()
    return list(reading.read(io.BytesIO(content), len(content), path.name, LIMITS))


def test_the_mbox_has_five_messages_with_lines_that_begin_with_from(tmp_path: Path) -> None:
    mail_files.write(tmp_path)
    read = [
        one for one in found(tmp_path / "ancienne-boite.mbox") if isinstance(one, ImportedMessage)
    ]
    assert len(read) == 5 and {one.flags for one in read} == {("\\Seen",)}
    assert b"\nFrom 8 h on" in read[1].raw and b">From" not in read[1].raw


def test_the_profile_has_two_folders_and_a_file_that_is_no_message(tmp_path: Path) -> None:
    mail_files.write(tmp_path)
    read = found(tmp_path / "thunderbird.zip")
    assert [one.path for one in read if isinstance(one, ImportedMessage)] == [
        ("Local Folders", "Inbox"),
        ("Local Folders", "Classes", "3e C"),
    ]
    assert [one.reason for one in read if isinstance(one, RefusedItem)] == ["no_message"]
