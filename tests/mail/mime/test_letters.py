"""Letters as real programs write them: what is shown of each."""

from __future__ import annotations

from tests.cases import each
from tests.mail.mime.judge import judge
from tests.mail.mime.letters import LETTERS, Letter
from tests.mail.mime.reader import Reader


@each("letter", LETTERS.values(), ids=LETTERS)
def test_a_letter_is_shown_as_it_was_meant(letter: Letter) -> None:
    reader = Reader(letter.raw)
    seen = reader.see()
    words = " ".join(seen.text.split())
    place = 0
    for line in letter.text:
        assert line in words[place:]
        place = words.index(line, place) + len(line)
    assert not [line for line in letter.absent if line in words]
    assert tuple(part.file_name for part in seen.shown.attachments) == letter.names
    assert len(seen.shown.inline) == letter.inline
    assert len(seen.shown.messages) == letter.messages
    assert seen.protection.value == letter.protection
    assert {damage.value for damage in seen.damage} == set(letter.damage)
    judge(seen.html)


@each("letter", LETTERS.values(), ids=LETTERS)
def test_who_wrote_to_whom_about_what_is_told(letter: Letter) -> None:
    fields = Reader(letter.raw).headers
    senders = [(address.name, address.address) for address in fields.addresses("From")]
    assert (senders or [("", "")])[0] == letter.sender
    assert tuple(address.address for address in fields.addresses("To")) == letter.to
    assert fields.get("Subject") == letter.subject


def test_there_are_as_many_as_it_says() -> None:
    assert len(LETTERS) >= 150
