"""vCards of mail as cards to look at."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addressbook import vcard
from addressbook.contact_data import ContactData
from addressbook.vcard.preview import MOST_CARDS, Card, cards
from mail.previews.failures import NoPreview
from tests.examples import up_to


def test_a_card_of_version_3_is_read() -> None:
    content = (
        "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Petit;Zoé;;Mme;\r\nFN:Mme Zoé Petit\r\n"
        "ORG:Collège Jules-Verne;Vie scolaire\r\nTITLE:CPE\r\n"
        "TEL;TYPE=work,voice:03 22 00 00 00\r\n"
        "TEL;TYPE=cell:06 00 00 00 00\r\nEMAIL;TYPE=INTERNET:zoe.petit@exemple.fr\r\n"
        "ADR;TYPE=work:;;1 rue de l’École;Amiens;;80000;France\r\nURL:https://exemple.fr/zoe\r\n"
        "NOTE:Présente le mardi\\, le\r\n  jeudi\\nau bureau 12\r\nEND:VCARD\r\n"
    ).encode()
    assert cards(content) == (
        Card(
            name="Mme Zoé Petit",
            organisation="Collège Jules-Verne, Vie scolaire",
            title="CPE",
            telephones=("03 22 00 00 00", "06 00 00 00 00"),
            emails=("zoe.petit@exemple.fr",),
            addresses=("1 rue de l’École, Amiens, 80000, France",),
            websites=("https://exemple.fr/zoe",),
            note="Présente le mardi, le jeudi\nau bureau 12",
        ),
    )


def test_a_card_of_version_2_with_its_own_charset_is_read() -> None:
    content = (
        b"BEGIN:VCARD\r\nVERSION:2.1\r\n"
        b"N;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:=C9tienne;Genevi=E8ve\r\n"
        b"TEL;HOME;VOICE:03 22 66 77 88\r\n"
        b"NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:r=C3=A9serv=\r\n=C3=A9e\r\n"
        b"PHOTO;ENCODING=BASE64:AAAA=\r\n\r\nEND:VCARD\r\n"
    )
    card = cards(content)[0]
    assert (card.name, card.telephones) == ("Geneviève Étienne", ("03 22 66 77 88",))
    assert card.note == "réservée"


def test_a_card_of_version_4_with_groups_is_read() -> None:
    content = (
        b"BEGIN:VCARD\nVERSION:4.0\nFN:Bob\nitem1.EMAIL;PREF=1:bob@exemple.fr\n"
        b'TEL;VALUE=uri;TYPE="voice,home":tel:+33-1-00-00-00-00\nEND:VCARD\n'
    )
    card = cards(content)[0]
    assert (card.emails, card.telephones) == (("bob@exemple.fr",), ("+33-1-00-00-00-00",))


def test_an_organisation_alone_is_named_once() -> None:
    (card,) = cards(b"BEGIN:VCARD\nVERSION:3.0\nORG:Mairie d'Amiens\nTEL:03\nEND:VCARD\n")
    assert (card.name, card.organisation) == ("Mairie d'Amiens", "")


def test_what_is_shown_is_what_the_address_book_takes() -> None:
    content = (
        b"BEGIN:VCARD\nVERSION:3.0\nFN:Zo\xe9\nEMAIL:Zo\xe9 <z@x.fr>, nobody\n"
        b"item1.TEL:01\nNOTE:le mardi\nEND:VCARD\n"
    )
    (card,) = cards(content)
    (taken,) = (contact for contact in vcard.parse(content) if isinstance(contact, ContactData))
    assert card.name == taken.display_name == "Zo\xe9"
    assert card.emails == tuple(email.address for email in taken.emails) == ("z@x.fr",)


def test_each_card_of_a_file_is_read_up_to_a_limit() -> None:
    content = b"".join(b"BEGIN:VCARD\nFN:%d\nEND:VCARD\n" % n for n in range(60))
    assert [card.name for card in cards(content)] == [f"{n}" for n in range(MOST_CARDS)]


def test_a_card_cut_off_is_read_as_far_as_it_goes() -> None:
    assert cards(b"BEGIN:VCARD\nFN:Bob\nTEL:0")[0].name == "Bob"


def test_an_address_that_would_run_is_no_website() -> None:
    assert cards(b"BEGIN:VCARD\nFN:a\nURL:javascript:alert(1)\nEND:VCARD")[0].websites == ()


def test_long_values_are_cut_and_many_left_out() -> None:
    card = cards(
        b"BEGIN:VCARD\nFN:"
        + b"a" * 9000
        + b"\nTEL:1\nTEL:1\n"
        + b"".join(b"EMAIL:%d@e.fr\n" % n for n in range(99))
    )[0]
    assert (len(card.name), card.telephones, len(card.emails)) == (300, ("1",), 10)


@pytest.mark.parametrize("content", [b"", b"Bonjour", b"BEGIN:VCARD\nEND:VCALENDAR"])
def test_what_holds_no_card_is_refused(content: bytes) -> None:
    with pytest.raises(NoPreview):
        cards(content)


@pytest.mark.parametrize(
    "line",
    [
        b"a;" * 400_000,
        b";" * 800_000,
        b'TEL;X="' * 90_000,
        b"N:" + b"\\;" * 300_000,
        b"\n a" * 300_000,
    ],
    ids=lambda line: line[:6].decode(),
)
def test_cards_made_to_be_slow_are_not(line: bytes) -> None:
    begun = time.process_time()
    cards(b"BEGIN:VCARD\nFN:a\n" + line + b"\nEND:VCARD")
    assert time.process_time() - begun < 2


@up_to(300)
@given(st.text(alphabet='NFTEL:;=,"\\\n a.1é', max_size=150))
def test_any_lines_are_read(text: str) -> None:
    assert cards(f"BEGIN:VCARD\nFN:a\n{text}\nEND:VCARD".encode())
