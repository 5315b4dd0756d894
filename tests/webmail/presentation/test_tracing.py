"""What the search for a lost message says of folders."""

from __future__ import annotations

import pytest

from mail.imap.values import Folder
from webmail.presentation.folders import INSIDE
from webmail.presentation.tracing import folder_labels


@pytest.mark.parametrize(
    ("folder", "label"),
    [
        (Folder("Classes/4e B", "/"), f"Classes{INSIDE}4e B"),
        (
            Folder("shared/cmorvan/Journal", "/", owner="others", prefix="shared/"),
            f"cmorvan{INSIDE}Journal",
        ),
        (Folder("shared/", "/", owner="others", prefix="shared/"), f"shared{INSIDE}"),
        (Folder("Conseil", ""), "Conseil"),
    ],
)
def test_a_folder_is_named_as_people_know_it(folder: Folder, label: str) -> None:
    """The name that the server has for the folders of others is none of theirs."""
    assert folder_labels([folder]) == {folder.name: label}
