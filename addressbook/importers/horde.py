"""The exports of Horde (Turba, generations 1.2 to 5.0), and its lists, which come without their
members. The columns of its CSV and their fields are in ``headers.json``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from addressbook.contact_data import ContactData

# Internal names that no other program writes. A site may have dropped some columns.
_INTERNAL_TEXT = (
    "alias homeAddress workAddress homeStreet homePOBox homeCity homeProvince homePostalCode"
    " homeCountry workStreet workPOBox workCity workProvince workPostalCode workCountry otherStreet"
    " otherAddress homePhone workPhone cellPhone homePhone2 workPhone2 carPhone radioPhone"
    " companyPhone assistPhone homeFax pgpPublicKey smimePublicKey freebusyUrl phototype logotype"
    " yomifirstname yomilastname imaddress imaddress2 imaddress3 namePrefix nameSuffix middlenames"
    " timezone"
)
_INTERNAL = frozenset(_INTERNAL_TEXT.split())
# Names that stay Horde's own in its CSV for Outlook.
_UNMAPPED_TEXT = (
    "homeAddress workAddress otherAddress phototype logotype yomifirstname pgpPublicKey"
    " smimePublicKey homePhone2 workPhone2 imaddress alias carPhone radioPhone"
)
_UNMAPPED = frozenset(_UNMAPPED_TEXT.split())


def is_header(header: Sequence[str]) -> bool:
    """Return whether a row is the header of Horde's own CSV or TSV."""
    names = {cell.strip().strip('"') for cell in header}
    begins = bool({"firstname", "name", "lastname"} & names)
    return begins and len(names & _INTERNAL) >= 2


def is_outlook_header(header: Sequence[str]) -> bool:
    """Return whether a row is the header of Horde's CSV for Outlook."""
    names = {cell.strip() for cell in header}
    return "E-mail Address" in names and len(names & _UNMAPPED) >= 2


def is_list(contact: ContactData) -> bool:
    """Return whether a contact of a Horde export is one of its lists: a name as the surname (in the
    oldest versions as the only name), and nothing else. Horde never exports the members."""
    name = contact.last_name or contact.display_name
    bare = replace(contact, display_name="", last_name="", uid="", owner="", others=())
    is_named = not contact.last_name or contact.display_name in ("", contact.last_name)
    return bool(name) and is_named and bare == ContactData()
