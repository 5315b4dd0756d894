"""A contact as a value: what vCards, old address books and forms are read into.

Every text is trimmed and NFC, line ends inside a text are LF; absent is "" or (). Addresses are as
written and compared without case. Types: e-mail and postal addresses ``home work other``;
telephones ``home work mobile fax work_fax home_fax pager other``.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Email:
    address: str
    type: str = "other"


@dataclass(frozen=True, slots=True)
class Phone:
    """``number`` as written: an import changes no figure."""

    number: str
    type: str = "other"


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """Either in parts or, where the source knows none, as ``formatted`` lines."""

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
    """The bytes as they came, and what they are by their own first bytes (``image/png``).
    ``seal`` says that they were made here, where it proves right (`contacts.photos`)."""

    mime: str
    content: bytes = field(repr=False)
    seal: str = field(default="", repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class ContactData:
    """One contact. Of several addresses or telephones the preferred one stands first.

    ``birthday`` and ``anniversary`` are ``YYYY-MM-DD`` or ``--MM-DD``. ``others`` are the
    properties of its vCard that have no field here, unfolded (``X-SPOUSE:Camille``): kept, and
    given back on export. ``owner`` is whose contact it is in a file of many people's.
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
    """A group of a file. ``members`` are indexes of the file's contacts; ``external`` addresses of
    nobody in it; ``missing`` what it names and nothing in the file explains. ``origin`` is
    ``categories`` or ``labels`` where the group is a tag of its members, else "". A class has all
    its pupils in the file; ``school_year`` is the one in which it begins, 0 where the file does not
    say it. ``inner`` are the names of groups in it, each with the part of a class, "" of others."""

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
    """A guardian of a pupil: indexes of the file's contacts. ``relation`` is one of
    `models.Guardianship.Relation`, or the words of the file; None: the file does not say it.
    ``position`` orders the guardians of the pupil, from 0."""

    pupil: int
    guardian: int
    relation: str = ""
    receives_mail: bool | None = None
    is_legal: bool | None = None
    position: int = 0
