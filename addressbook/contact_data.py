"""A contact as a value: vCards, old address books and forms are read into it.

Every text is trimmed and NFC, with LF as line end. A missing value is "" or (). Addresses are as
written, and compared without case. The types of e-mail and postal addresses are ``home work
other``, and `FORMER` for e-mail addresses alone; those of telephones are ``home work mobile fax
work_fax home_fax pager other``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

FORMER = "former"
"""The type of an e-mail address that a newer one has replaced: whoever writes from it is known,
but nothing is sent to it."""


@dataclass(frozen=True, slots=True)
class Email:
    address: str
    type: str = "other"

    @property
    def is_former(self) -> bool:
        return self.type == FORMER


@dataclass(frozen=True, slots=True)
class Phone:
    """A telephone. ``number`` is as written: an import changes no digit."""

    number: str
    type: str = "other"


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """A postal address in parts, or as ``formatted`` lines if the source has no parts."""

    type: str = "other"
    street: str = ""
    po_box: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    formatted: str = ""


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture: its bytes, and their type by their first bytes (``image/png``). ``seal`` proves
    that the picture was encoded here (`contacts.photos`)."""

    mime: str
    content: bytes = field(repr=False)
    seal: str = field(default="", repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class ContactData:
    """One contact. The preferred address and the preferred telephone come first.

    ``birthday`` and ``anniversary`` are ``YYYY-MM-DD`` or ``--MM-DD``. ``others`` are the
    properties of the vCard that have no field here, unfolded (``X-SPOUSE:Camille``); they are
    stored, and written again on export. ``owner`` is the contact's owner in a file with contacts of
    several people.
    """

    display_name: str = ""
    prefix: str = ""
    first_name: str = ""
    middle_name: str = ""
    last_name: str = ""
    suffix: str = ""
    nickname: str = ""
    emails: tuple[Email, ...] = ()
    phones: tuple[Phone, ...] = ()
    addresses: tuple[PostalAddress, ...] = ()
    organization: str = ""
    department: str = ""
    job_title: str = ""
    school: str = ""
    birthday: str = ""
    anniversary: str = ""
    notes: str = ""
    urls: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    photo: Photo | None = None
    uid: str = ""
    owner: str = ""
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupData:
    """A group of a file. ``members`` are indexes of the file's contacts, ``external`` are addresses
    that no contact in it has, and ``missing`` are names that nothing in the file explains.
    ``origin`` is ``categories`` or ``labels`` if the group is a tag of its members, else "". A
    class has all its pupils in the file; ``school_year`` is the year in which its school year
    begins, or 0 if the file does not say it. ``inner`` are the names of inner groups, each with its
    audience if it is a class, else ""."""

    name: str
    members: tuple[int, ...] = ()
    external: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    origin: str = ""
    owner: str = ""
    is_class: bool = False
    school_year: int = 0
    inner: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class LinkData:
    """A guardian of a pupil, by indexes of the file's contacts. ``relation`` is one of
    `models.Guardianship.Relation`, or the words of the file. A value of None is not in the file.
    ``position`` orders the guardians of the pupil, from 0."""

    pupil: int
    guardian: int
    relation: str = ""
    receives_mail: bool | None = None
    is_legal: bool | None = None
    position: int = 0
