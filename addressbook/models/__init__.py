"""What the address book keeps."""

from addressbook.models.collected import CollectedRecipient
from addressbook.models.contacts import Contact, ContactAddress, ContactPhoto, Group
from addressbook.models.directory import DirectoryEntry

__all__ = [
    "CollectedRecipient",
    "Contact",
    "ContactAddress",
    "ContactPhoto",
    "DirectoryEntry",
    "Group",
]
