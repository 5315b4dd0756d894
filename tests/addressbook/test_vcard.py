"""vCards read and written."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addressbook import vcard
from addressbook.charsets import clean
from addressbook.contact_data import ContactData, Email, Phone, Photo, PostalAddress
from addressbook.vcard import RowError
from tests.examples import up_to

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200))


def card(*lines: str, version: str = "3.0") -> str:
    return "\r\n".join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""])


def read(*lines: str, version: str = "3.0") -> ContactData:
    return vcard.read_one(card(*lines, version=version))


# Reading


def test_bare_parameters_are_types() -> None:
    contact = read("FN:A", "TEL;WORK;FAX:01", "TEL;CELL;VOICE:06", "TEL;HOME:03", version="2.1")
    assert contact.phones == (Phone("01", "work_fax"), Phone("06", "mobile"), Phone("03", "home"))


@pytest.mark.parametrize("types", ["TYPE=work,fax", "TYPE=WORK;TYPE=FAX", 'TYPE="work,fax"'])
def test_types_are_written_in_three_ways(types: str) -> None:
    assert read("FN:A", f"TEL;{types}:01").phones == (Phone("01", "work_fax"),)


def test_a_label_says_the_type() -> None:
    contact = read("FN:A", "item1.TEL:01", "item1.X-ABLabel:_$!<HomeFax>!$_")
    assert contact.phones == (Phone("01", "home_fax"),)


def test_the_preferred_one_comes_first() -> None:
    lines = ("EMAIL;PREF=2:b@x.fr", "EMAIL:c@x.fr", "EMAIL;PREF=1:a@x.fr")
    emails = read("FN:A", *lines, version="4.0").emails
    assert [email.address for email in emails] == ["a@x.fr", "b@x.fr", "c@x.fr"]


def test_a_soft_break_may_stand_inside_a_letter() -> None:
    line = "FN;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:Zo=C3=\r\n=A9"
    assert read(line, version="2.1").display_name == "Zoé"


def test_a_charset_that_lies_is_not_believed() -> None:
    line = "FN;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:Zo=C3=A9"
    assert read(line, version="2.1").display_name == "Zoé"


def test_each_card_has_a_charset_of_its_own() -> None:
    file = (
        card("FN:Zoé").encode()
        + card("FN:Hélène, œuf").encode("cp1252")
        + card("FN:Noël à côté").encode("mac_roman")
    )
    names = [item.display_name for item in vcard.parse(file) if isinstance(item, ContactData)]
    assert names == ["Zoé", "Hélène, œuf", "Noël à côté"]


def test_a_fold_of_2_1_keeps_its_blank_and_one_of_3_0_does_not() -> None:
    assert read("FN:A", "NOTE:un\r\n mot", version="2.1").notes == "un mot"
    assert read("FN:A", "NOTE:un\r\n mot").notes == "unmot"


def test_2_1_escapes_no_backslash() -> None:
    line = "NOTE;ENCODING=QUOTED-PRINTABLE:C:\\\\new \\; =C3=A9"
    assert read("FN:A", line, version="2.1").notes == "C:\\\\new ; é"


def test_an_embedded_card_is_left_out() -> None:
    lines = ("FN:A", "AGENT:", "BEGIN:VCARD", "FN:B", "END:VCARD", "EMAIL:a@x.fr")
    read = list(vcard.parse(card(*lines, version="2.1").encode()))
    assert read == [
        ContactData(display_name="A", emails=(Email("a@x.fr"),)),
    ]


def test_a_card_without_end_ends_at_the_next() -> None:
    file = "BEGIN:VCARD\nFN:A\nBEGIN:VCARD\nFN:B\n"
    names = [
        item.display_name for item in vcard.parse(file.encode()) if isinstance(item, ContactData)
    ]
    assert names == ["A", "B"]


def test_a_card_of_nothing_is_an_error_of_its_line() -> None:
    file = card("FN:A") + card("NOTE:x")
    assert list(vcard.parse(file.encode()))[1] == RowError(5, "nothing_to_keep")


@pytest.mark.parametrize(
    ("line", "date"),
    [
        ("BDAY:19800509", "1980-05-09"),
        ("BDAY:1980-05-09", "1980-05-09"),
        ("BDAY:1980-05-09T00:00:00Z", "1980-05-09"),
        ("BDAY;value=date:1980-05-09", "1980-05-09"),
        ("BDAY:--0509", "--05-09"),
        ("BDAY;X-APPLE-OMIT-YEAR=1604:1604-05-09", "--05-09"),
        ("BDAY:1980-02-30", ""),
        ("BDAY:hier", ""),
    ],
)
def test_a_birthday_is_read_in_each_form(line: str, date: str) -> None:
    assert read("FN:A", line).birthday == date


@pytest.mark.parametrize(
    "line",
    [
        "PHOTO;ENCODING=b;TYPE=image/png:{}",
        "PHOTO;BASE64:{}",
        "PHOTO;TYPE=PNG;ENCODING=BASE64:\r\n  {}\r\n",
        "PHOTO:data:image/jpeg;base64,{}",
    ],
)
def test_a_picture_is_what_its_bytes_say(line: str) -> None:
    content = base64.b64encode(PNG).decode()
    assert read("FN:A", line.format(content)).photo == Photo("image/png", PNG)


def test_a_picture_elsewhere_is_not_fetched_and_one_that_is_none_is_none() -> None:
    assert read("FN:A", "PHOTO;VALUE=uri:https://exemple.invalid/a.png").photo is None
    assert read("FN:A", "PHOTO;ENCODING=b:AAAA").photo is None


def test_a_label_stands_in_where_there_is_no_address() -> None:
    contact = read("FN:A", "LABEL;TYPE=HOME:1 rue\\nLaon", "ADR;TYPE=WORK:;;2 rue;Ham")
    assert contact.addresses == (
        PostalAddress("work", street="2 rue", city="Ham"),
        PostalAddress("home", formatted="1 rue\nLaon"),
    )


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("a@x.fr", ("a@x.fr",)),
        ("  mailto:a@x.fr ", ("a@x.fr",)),
        ('"Martin, Paul" <a@x.fr>', ("a@x.fr",)),
        ("a@x.fr; b@x.fr, c@x.fr", ("a@x.fr", "b@x.fr", "c@x.fr")),
        ("a@x.fr b@x.fr", ("a@x.fr", "b@x.fr")),
        ("a@x.fr\nb@x.fr", ("a@x.fr", "b@x.fr")),
        ("a@x.fr\nBcc: b@x.fr", ()),
        ("/o=Org/cn=Recipients/cn=a", ()),
        ("pas d’adresse", ()),
        ("a@x.fr (perso)", ("a@x.fr",)),
        ("a@x.fr.", ("a@x.fr",)),
        ("élève@académie.fr", ("élève@académie.fr",)),
    ],
)
def test_addresses_are_found_in_a_value(text: str, addresses: tuple[str, ...]) -> None:
    assert vcard.addresses_in(text) == addresses


# Writing


FULL = ContactData(
    display_name="Mme Hélène Lefèvre; épouse Dubois, \\o/",
    prefix="Mme",
    first_name="Hélène",
    middle_name="Marie",
    last_name="Lefèvre",
    suffix="PhD",
    nickname="la cheffe",
    emails=(Email("h@ac-exemple.fr", "work"), Email("h@exemple.invalid", "home"), Email("x@y.fr")),
    phones=tuple(
        Phone(f"03 22 0{number}", kind)
        for number, kind in enumerate(
            ("work", "home", "mobile", "fax", "work_fax", "home_fax", "pager", "other")
        )
    ),
    addresses=(
        PostalAddress("work", "12 rue\nBât. A", "BP 3", "Amiens", "Somme", "80000", "France"),
        PostalAddress("home", formatted='1 rue "du" Bois^\n02000 Laon'),
    ),
    organization="Collège; annexe",
    department="Sciences",
    job_title="Professeure",
    school="0801234A",
    birthday="--04-23",
    anniversary="2001-02-03",
    notes="une ligne,\nune autre; " + "é" * 100,
    urls=("https://exemple.invalid/a,b",),
    categories=("Amis", "Lycée, 2nd degré"),
    photo=Photo("image/png", PNG),
    uid="20190903.Horde.abc@exemple.invalid",
    others=("X-SPOUSE:Camille", "KEY;ENCODING=b:AAAA", "GEO:1.0;2.0"),
)


@pytest.mark.parametrize("version", ["3.0", "4.0"])
def test_a_whole_contact_comes_back(version: str) -> None:
    assert vcard.read_one(vcard.write(FULL, version)) == FULL


@pytest.mark.parametrize("version", ["3.0", "4.0"])
def test_lines_have_75_octets_at_most_and_end_in_crlf(version: str) -> None:
    text = vcard.write(FULL, version)
    lines = text.split("\r\n")
    assert lines[-1] == "" and "\n" not in "".join(lines)
    assert max(len(line.encode()) for line in lines) <= 75


def test_what_an_old_card_carried_is_given_back() -> None:
    contact = read("FN:A", "X-MS-MANAGER;CHARSET=utf-8:Zoé; x", "TZ:1:00", version="2.1")
    assert contact.others == ("X-MS-MANAGER:Zoé;x", "TZ:1:00")
    assert vcard.read_one(vcard.write(contact)).others == contact.others


@pytest.mark.parametrize("version", ["3.0", "4.0"])
def test_a_group_is_a_card_that_names_its_members(version: str) -> None:
    text = vcard.write_group("Parents; 6e", "g-1", ["u-1"], ["p@exemple.invalid"], version)
    group = next(vcard.cards(text.encode()))
    assert group.is_group and vcard.contact_of(group).display_name == "Parents; 6e"
    assert group.members == ("urn:uuid:u-1", "mailto:p@exemple.invalid")


def test_no_value_can_add_a_line() -> None:
    contact = ContactData(
        display_name="A\r\nEND:VCARD",
        notes="x\r\nTEL:1\rTEL:2",
        uid="u\nFN:B",
        addresses=(PostalAddress(formatted="1 rue\rTEL:3\nTEL:4"),),
        emails=(Email("a@x.fr\r\nTEL:5"),),
    )
    lines = vcard.write(contact).split("\r\n")
    assert lines.count("END:VCARD") == 1
    assert not [line for line in lines if line.startswith("TEL")]
    assert len(list(vcard.parse(vcard.write(contact).encode()))) == 1


# Whatever is in it

# No controls: the values of `ContactData` are trimmed texts of one line.
WORD = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Cn")), min_size=1, max_size=30
).map(lambda text: clean(text).strip())
NAME = st.one_of(st.just(""), WORD)
EMAILS = st.from_regex(r"[a-z][a-z.]{0,10}[a-z]@[a-z]{1,10}\.fr", fullmatch=True)


PLACES = st.sampled_from(("home", "work", "other"))
TELEPHONES = st.sampled_from(
    ("home", "work", "mobile", "fax", "work_fax", "home_fax", "pager", "other")
)
NUMBERS = st.from_regex(r"[+0-9][0-9 .()/-]{2,14}[0-9]", fullmatch=True)
URLS = st.from_regex(r"https://[a-z]{1,9}\.example/[a-zA-Z0-9?=&;,%_/-]{0,20}", fullmatch=True)
# What no field is for: names of our own and of RFC 6350, with parameters, whatever their value.
UNKNOWN = st.builds(
    "{}{}:{}".format,
    st.sampled_from(("X-SPOUSE", "X-PHONETIC-FIRST-NAME", "GENDER", "LANG", "TZ", "HOBBY")),
    st.sampled_from(("", ";X-SOURCE=SUN", ';X-NOTE="a;b:c"')),
    st.text(st.characters(exclude_categories=("Cs", "C", "Z")), min_size=1, max_size=60).map(clean),
)


@st.composite
def postal_addresses(draw: st.DrawFn) -> PostalAddress:
    lines = "\n".join(draw(st.lists(WORD.filter(bool), min_size=1, max_size=2)))
    return PostalAddress(
        draw(PLACES),
        street=lines,
        po_box=draw(NAME),
        city=draw(NAME),
        region=draw(NAME),
        postal_code=draw(NAME),
        country=draw(NAME),
    )


@st.composite
def contacts(draw: st.DrawFn) -> ContactData:
    emails = draw(st.lists(EMAILS, max_size=4, unique=True))
    numbers = draw(st.lists(NUMBERS, max_size=4, unique=True))
    return ContactData(
        display_name=draw(WORD.filter(bool)),
        prefix=draw(NAME),
        first_name=draw(NAME),
        middle_name=draw(NAME),
        last_name=draw(NAME),
        suffix=draw(NAME),
        nickname=draw(NAME),
        organization=draw(NAME),
        department=draw(NAME),
        job_title=draw(NAME),
        school=draw(NAME),
        notes="\n".join(draw(st.lists(WORD.filter(bool), max_size=3))).strip(),
        emails=tuple(Email(address, draw(PLACES)) for address in emails),
        phones=tuple(Phone(number, draw(TELEPHONES)) for number in numbers),
        addresses=tuple(draw(st.lists(postal_addresses(), max_size=3, unique=True))),
        urls=tuple(draw(st.lists(URLS, max_size=2, unique=True))),
        categories=tuple(draw(st.lists(WORD.filter(bool), max_size=3, unique=True))),
        birthday=draw(st.sampled_from(("", "1980-02-29", "--12-31"))),
        anniversary=draw(st.sampled_from(("", "2004-02-29", "--01-01"))),
        photo=draw(st.sampled_from((None, Photo("image/png", PNG)))),
        uid=draw(st.sampled_from(("", "6f2c1d0a-0000-4000-8000-123456789abc", "SUN-42"))),
        others=tuple(draw(st.lists(UNKNOWN, max_size=3, unique=True))),
    )


@up_to(150)
@given(contacts(), st.sampled_from(("3.0", "4.0")))
def test_any_contact_comes_back(contact: ContactData, version: str) -> None:
    assert vcard.read_one(vcard.write(contact, version)) == contact


PIECES = st.sampled_from(
    [
        b"BEGIN:VCARD", b"END:VCARD", b"\r\n", b"\n ", b"\n", b":", b";", b"=", b"\\", b'"', b",",
        b"FN", b"N", b"ADR", b"EMAIL", b"PHOTO", b"AGENT", b"KIND:group", b"MEMBER:", b"BDAY:",
        b"QUOTED-PRINTABLE", b"ENCODING=b", b"CHARSET=", b"utf-7", b"idna", b"\xe9", b"\xc3\xa9",
        b"\xff", b"\0", b"TYPE=", b"PREF=", b"VERSION:2.1", b"item1.", b"X-ABLabel", b"a@b.fr",
    ]
)  # fmt: skip


@up_to(300)
@given(st.lists(st.one_of(PIECES, st.binary(max_size=8)), max_size=60).map(b"".join))
def test_no_bytes_make_the_reader_fail(content: bytes) -> None:
    for item in vcard.parse(b"BEGIN:VCARD\r\n" + content):
        if isinstance(item, ContactData):
            again = vcard.read_one(vcard.write(item))
            assert again.emails == item.emails


def test_of_a_line_with_thousands_of_parameters_few_are_read() -> None:
    """Each was read, and copied with all before it: a card of a megabyte took three minutes."""
    types = ";".join(f"t{n}" for n in range(5_000))
    (read_card,) = vcard.cards(card(f"TEL;{types}:01", "FN:A").encode())
    (telephone,) = read_card.all("TEL")
    assert len(telephone.types) == vcard.MOST_PARAMETERS
    assert vcard.contact_of(read_card).display_name == "A"
