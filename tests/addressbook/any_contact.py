"""Whatever a contact can hold, for hypothesis."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from addressbook import vcard
from addressbook.contact_data import ContactData, Email, Phone, PostalAddress
from addressbook.contacts import keeping

# Letters, and all that tables, cards and spreadsheets read as something else.
TEXT = st.text(alphabet="aé9 Œ'’\"=+-@;,:\\|/<>^n\n\t\u00a0\u2028", max_size=9)
_WORD = st.text(alphabet="abcé", min_size=1, max_size=4)
_PLACE = st.sampled_from(("home", "work", "other"))
_DAY = st.sampled_from(("", "--02-28", "--12-01", "2009-05-12", "1970-01-01"))
_PHONE = st.sampled_from(
    ("home", "work", "mobile", "fax", "work_fax", "home_fax", "pager", "other")
)
EMAIL = st.builds("{}@{}.fr".format, st.sampled_from(("a", "=b", "+c", "'d", "e.f")), _WORD)
_OTHER = st.sampled_from(
    (
        "X-SPOUSE:Camille", "X-NOTE;TYPE=WORK:a\\;b\\nc", 'X-LONG;X-A="é é":' + "é" * 90,
        "ROLE:Porte-parole", 'X-P;X-B="1°",K:1', "TZ:+01:00", "X-EMPTY:=1;2",
    )
)  # fmt: skip
_TEXTS = (
    "display_name", "prefix", "first_name", "middle_name", "last_name", "suffix", "nickname",
    "organization", "department", "job_title", "school", "notes",
)  # fmt: skip


def _several(one: st.SearchStrategy) -> st.SearchStrategy:
    return st.lists(one, max_size=7, unique=True).map(tuple)


_WHATEVER = st.builds(
    ContactData,
    **dict.fromkeys(_TEXTS, TEXT),
    emails=_several(st.builds(Email, EMAIL, _PLACE)),
    phones=_several(st.builds(Phone, TEXT, _PHONE)),
    addresses=_several(
        st.builds(PostalAddress, _PLACE, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT)
        | st.builds(PostalAddress, type=_PLACE, formatted=TEXT)
    ),
    birthday=_DAY,
    anniversary=_DAY,
    urls=_several(TEXT),
    categories=_several(TEXT | st.just("Starred")),
    others=_several(_OTHER),
)


def _held(data: ContactData) -> ContactData:
    return vcard.read_one(vcard.write(keeping.complete(data)))


CONTACT = _WHATEVER.map(_held).filter(vcard.has_something)
"""A contact as the address book holds it, without a UID."""
CONTACTS = st.lists(CONTACT, min_size=1, max_size=4).map(
    lambda datas: [replace(data, uid=f"uid-{n}") for n, data in enumerate(datas)]
)
