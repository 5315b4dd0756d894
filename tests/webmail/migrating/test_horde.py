"""Users of Horde, brought here."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from addressbook import contacts
from addressbook.models import CollectedRecipient, Contact, ContactPhoto, Group
from tests.addressbook.imports.pictures import png
from tests.webmail.migrating.installations import Installation, serialised
from webmail.models import AllowedSender, CannedAnswer, Identity, SavedSearch


def move(installation: Installation, **options: Any) -> str:
    """What the command says."""
    out = StringIO()
    call_command(
        "migrate_horde", database=installation.url, stdout=out, stderr=StringIO(), **options
    )
    return out.getvalue()


def prefer(
    installation: Installation, uid: str = "fdurand", scope: str = "imp", **values: Any
) -> None:
    for name, value in values.items():
        raw = value if isinstance(value, bytes) else str(value).encode()
        installation.add(
            "horde_prefs", pref_uid=uid, pref_scope=scope, pref_name=name, pref_value=raw
        )


def add_object(installation: Installation, key: str, owner: str = "fdurand", **more: Any) -> None:
    columns = {f"object_{name}": value for name, value in more.items()}
    installation.add("turba_objects", object_id=key, owner_id=owner, **columns)


def francoise() -> User:
    return User.objects.get(login="fdurand")


def test_identities_come_with_their_signatures_the_default_one_first(horde: Installation) -> None:
    several = [
        {"id": "A", "fullname": "F. D.", "from_addr": "fdurand@ac-exemple.fr", "signature": "A"},
        {
            "id": "B",
            "fullname": "Françoise Durand",
            "from_addr": "fdurand@ac-exemple.fr",
            "replyto_addr": "secretariat@ac-exemple.fr",
            "alias_addr": ["f.durand@ac-exemple.fr"],
            "signature": "-- \nB",
            "signature_html": "<p>Le <b>B</b><script>x</script></p>",
        },
    ]
    prefer(horde, scope="horde", identities=serialised(several), default_identity="1")
    words = move(horde)
    (identity,) = Identity.objects.of(francoise())
    assert identity.name == "Françoise Durand"
    assert identity.reply_to == "secretariat@ac-exemple.fr"
    assert "<b>B</b>" in identity.signature
    assert "script" not in identity.signature
    assert CannedAnswer.objects.get(user=francoise()).html == "<div>A</div>"
    assert "alias" in words


def test_horde_3_wrote_identities_in_latin1(horde: Installation) -> None:
    several = [{"fullname": "Françoise", "from_addr": "", "signature": "Collège"}]
    prefer(horde, scope="horde", identities=serialised(several, "latin-1"))
    move(horde)
    (identity,) = Identity.objects.of(francoise())
    assert (identity.address, identity.name) == ("fdurand@ac-exemple.fr", "Françoise")
    assert identity.signature == "<div>Collège</div>"


def test_without_identities_the_preferences_around_them_make_one(horde: Installation) -> None:
    prefer(horde, scope="horde", fullname="Françoise Durand", identities=b"a:0:{}")
    prefer(horde, signature="Cordialement")
    move(horde)
    assert Identity.objects.get().signature == "<div>Cordialement</div>"


def test_objects_are_never_read(horde: Installation) -> None:
    prefer(horde, scope="horde", identities=b'a:1:{i:0;O:8:"stdClass":0:{}}')
    prefer(horde, vfolder=b'a:1:{i:0;C:18:"IMP_Search_Vfolder":2:{xx}}')
    words = move(horde)
    assert "identities cannot be read" in words
    assert "saved search cannot be read" in words
    assert not Identity.objects.exists() and not SavedSearch.objects.exists()


UNSEEN = r'[1,{"f":"\\seen","s":0}]'


def custom(kind: str, data: str) -> str:
    """An object of a class that writes itself."""
    name = f"IMP_Search_{kind}"
    return f'C:{len(name)}:"{name}":{len(data.encode())}:{{{data}}}'


def php_text(text: str) -> str:
    return f's:{len(text.encode())}:"{text}";'


def search(label: str, elements: list[str], *mailboxes: str, kind: str = "Vfolder") -> str:
    """As Horde 5 keeps one."""

    def listed(values: list[str]) -> str:
        each = "".join(f"i:{number};{value}" for number, value in enumerate(values))
        return f"a:{len(values)}:{{{each}}}"

    data = (
        f'a:6:{{s:1:"c";{listed(elements)}s:1:"e";i:1;s:1:"i";s:3:"abc";s:1:"l";{php_text(label)}'
        f's:1:"m";{listed([php_text(name) for name in mailboxes])}s:1:"v";i:1;}}'
    )
    return custom(kind, data)


def test_saved_searches_come_where_they_have_a_like(horde: Installation) -> None:
    header = '[1,{"h":"subject","n":0,"t":"conseil de classe"}]'
    text = '[1,{"b":0,"n":0,"t":"élève"}]'
    saved = [
        search(
            "Conseils à lire",
            [
                custom("Element_Header", header),
                # As newer PHP writes it.
                f'O:23:"IMP_Search_Element_Flag":1:{{i:0;{php_text(UNSEEN)}}}',
            ],
            "INBOX/Conseils",
        ),
        search("Élèves", [custom("Element_Text", text)], "all\0"),
        search("Vieux", [custom("Element_Within", '[1,{"o":1,"t":1,"v":9}]')], "INBOX"),
        search("Corbeille", [], kind="Vfolder_Vtrash"),
    ]
    each = "".join(f"i:{number};{value}" for number, value in enumerate(saved))
    prefer(horde, vfolder=f"a:{len(saved)}:{{{each}}}".encode())
    words = move(horde)
    found = {one.name: (one.text, one.reach, one.folder) for one in SavedSearch.objects.all()}
    assert found == {
        "Conseils à lire": ('objet:"conseil de classe" nonlu', "here", "INBOX/Conseils"),
        "Élèves": ("élève", "all", ""),
    }
    assert "1 × saved search by within: no like here" in words
    SavedSearch.objects.filter(name="Élèves").delete()
    move(horde)
    assert [one.name for one in SavedSearch.objects.all()] == ["Conseils à lire"]


def test_preferences_that_are_alike_come_and_others_are_named(horde: Installation) -> None:
    prefer(horde, scope="horde", language="fr_FR", timezone="Europe/Paris", theme="bluewhite")
    prefer(horde, max_msgs="40", compose_cursor="bottom", send_mdn="0", nav_expanded="a:0:{}")
    words = move(horde)
    chosen = francoise().preferences
    assert chosen == {
        "first_steps": "on",
        "language": "fr",
        "page_size": "50",
        "receipts": "never",
        "reply_place": "below",
        "time_zone": "Europe/Paris",
    }
    assert "1 × preference theme: no like here" in words
    assert "nav_expanded" not in words


def test_contacts_come_with_their_lists_and_pictures(horde: Installation) -> None:
    content = png("red")
    add_object(
        horde, "z1", firstname="Anaïs", lastname="Lefèvre", email="anais@courriel.example",
        cellphone="06 39 98 41 27", bday="1980-05-12", photo=content, phototype="image/png",
    )  # fmt: skip
    add_object(horde, "z2", lastname="PetitÃ©", email="petit@courriel.example")
    add_object(
        horde, "a1", lastname="Parents", type="Group", members=serialised(["z1", "z2", "gone"])
    )
    words = move(horde)
    user = francoise()
    anais, petit = Contact.objects.of(user).order_by("display_name")
    assert contacts.data_of(anais).birthday == "1980-05-12"
    assert ContactPhoto.objects.filter(contact=anais).exists()
    assert petit.display_name == "Petité"
    assert Group.objects.get(user=user).contacts.count() == 2
    assert "1 × member of a group: not found" in words


def test_contacts_of_a_share_are_its_owners(horde: Installation) -> None:
    share = "0123456789abcdef0123456789abcdef"
    horde.add("turba_sharesng", share_name=share, share_owner="fdurand", attribute_name="Contacts")
    add_object(horde, "a", share, lastname="Petit", email="petit@courriel.example")
    prefer(horde, max_msgs="50")
    move(horde)
    assert Contact.objects.get().user == francoise()
    assert User.objects.count() == 1


def test_a_share_that_nobody_explains_is_left_out(horde: Installation) -> None:
    add_object(horde, "a", "0123456789abcdef0123456789abcdef", lastname="Petit")
    with pytest.raises(CommandError) as raised:
        move(horde)
    assert raised.value.returncode == 3
    assert not User.objects.exists()


def test_whoever_was_written_to_ranks_completions(horde: Installation) -> None:
    for number in range(3):
        horde.add(
            "imp_sentmail",
            sentmail_who="fdurand",
            sentmail_ts=1_700_000_000 + number,
            sentmail_recipient="parent@courriel.example",
            sentmail_success=1,
        )
    prefer(
        horde, max_msgs="50", image_replacement_addrs=r'["lettre@mairie.example", 7, "\ud800@x"]'
    )
    move(horde)
    row = CollectedRecipient.objects.get()
    assert (row.address, row.times) == ("parent@courriel.example", 3)
    assert AllowedSender.objects.allows(francoise(), "lettre@mairie.example")


def test_a_second_run_changes_nothing(horde: Installation) -> None:
    several = [{"fullname": "F. D.", "from_addr": "fdurand@ac-exemple.fr", "signature": "A"}]
    prefer(horde, scope="horde", identities=serialised(several), language="fr_FR")
    add_object(horde, "z1", lastname="Lefèvre", email="anais@courriel.example")
    add_object(horde, "a1", lastname="Parents", type="Group", members=serialised(["z1"]))
    move(horde)
    before = list(Group.objects.values())
    contacts.delete(francoise(), [Contact.objects.get().pk])
    assert "1 unchanged" in move(horde)
    assert not Contact.objects.of(francoise()).exists()
    assert list(Group.objects.values()) == before


def test_an_address_book_beyond_all_measure_is_left_where_it_is(
    horde: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webmail.migrating.horde.LARGEST_FILE", 1_000)
    prefer(horde, scope="horde", language="fr_FR")
    for number in range(40):
        add_object(horde, f"z{number:02}", lastname="x" * 100)
    words = move(horde)
    assert "1 × address book: too large to be read" in words
    assert not Contact.objects.exists()
    assert francoise().preferences["language"] == "fr"
