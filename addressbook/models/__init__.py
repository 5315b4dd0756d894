"""The rows of the address book."""

from addressbook.models.collected import CollectedRecipient
from addressbook.models.completion import ContactWord, DirectoryWord
from addressbook.models.contacts import (
    Contact,
    ContactAddress,
    ContactPhoto,
    Group,
    Guardianship,
)
from addressbook.models.directory import DirectoryDomain, DirectoryEntry, DirectoryList
from addressbook.models.groups import (
    GroupFilter,
    GroupNesting,
    GroupShare,
    SharedGone,
    SharedUse,
)
from addressbook.models.imports import (
    ImportFile,
    ImportGroup,
    ImportJob,
    ImportLink,
    ImportPart,
    ImportRow,
    ImportTrace,
)
from addressbook.models.owners import AddressBook
from addressbook.models.school import SchoolHoliday

__all__ = [
    "AddressBook",
    "CollectedRecipient",
    "Contact",
    "ContactAddress",
    "ContactPhoto",
    "ContactWord",
    "DirectoryDomain",
    "DirectoryEntry",
    "DirectoryList",
    "DirectoryWord",
    "Group",
    "GroupFilter",
    "GroupNesting",
    "GroupShare",
    "Guardianship",
    "ImportFile",
    "ImportGroup",
    "ImportJob",
    "ImportLink",
    "ImportPart",
    "ImportRow",
    "ImportTrace",
    "SchoolHoliday",
    "SharedGone",
    "SharedUse",
]
