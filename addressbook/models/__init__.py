"""The rows of the address book."""

from addressbook.models.collected import CollectedRecipient
from addressbook.models.completion import ContactWord, DirectoryWord
from addressbook.models.contacts import Contact, ContactAddress, ContactPhoto, Group
from addressbook.models.directory import DirectoryDomain, DirectoryEntry
from addressbook.models.imports import (
    ImportFile,
    ImportGroup,
    ImportJob,
    ImportPart,
    ImportRow,
    ImportTrace,
)
from addressbook.models.owners import AddressBook

__all__ = [
    "AddressBook",
    "CollectedRecipient",
    "Contact",
    "ContactAddress",
    "ContactPhoto",
    "ContactWord",
    "DirectoryDomain",
    "DirectoryEntry",
    "DirectoryWord",
    "Group",
    "ImportFile",
    "ImportGroup",
    "ImportJob",
    "ImportPart",
    "ImportRow",
    "ImportTrace",
]
