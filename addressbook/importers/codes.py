"""The codes of a reading, each with its sentence for users. The sentences are English; pages
translate them."""

from __future__ import annotations


def gettext_noop(text: str) -> str:
    """Mark a text for the catalogues."""
    return text


# The reasons why a whole file is refused.
REJECTS = {
    "empty": gettext_noop("The file is empty."),
    "too_large": gettext_noop("The file is too large: 50 MB at most."),
    "too_many_records": gettext_noop("The file holds too many contacts: 100,000 at most."),
    "too_many_classes": gettext_noop(
        "The file holds too many classes: 1,000 at most. Another column may be that of the class."
    ),
    "too_many_ties": gettext_noop(
        "The file puts people into too many groups, or has too many guardians for them."
    ),
    "html": gettext_noop(
        "This is a web page, no address book. The session had probably ended when it was exported:"
        " sign in there again and repeat the export."
    ),
    "xls": gettext_noop("This is an Excel workbook. Save it there as CSV and bring that file."),
    "bad_workbook": gettext_noop(
        "This workbook cannot be read. Save it there as CSV and bring that file."
    ),
    "workbook_too_large": gettext_noop(
        "This workbook has more rows or columns than are read. Save it there as CSV and bring that"
        " file."
    ),
    "bad_xml": gettext_noop(
        "This export cannot be read: it is damaged, or not as SIECLE writes it."
    ),
    "siecle_pupils": gettext_noop(
        "These are the guardians without their pupils. Bring ElevesSansAdresses or"
        " ElevesAvecAdresses together with this file."
    ),
    "siecle_mixed": gettext_noop(
        "These exports of SIECLE are of several schools or several years. Bring those of one."
    ),
    "siecle_other": gettext_noop(
        "There are no pupils in this export of SIECLE. Bring ElevesSansAdresses or"
        " ElevesAvecAdresses, and ResponsablesAvecAdresses."
    ),
    "document": gettext_noop("This is a text document, no address book."),
    "pdf": gettext_noop("This is a PDF document, no address book."),
    "calendar": gettext_noop("This is a calendar, no address book."),
    "image": gettext_noop("This is a picture, no address book."),
    "archive": gettext_noop("This is an archive of a kind that is not read: use zip."),
    "outlook_pst": gettext_noop(
        "This is an Outlook data file. Export the contacts from Outlook as CSV and bring that file."
    ),
    "binary": gettext_noop("This is a file of a program, no address book."),
    "header_only": gettext_noop("The file has a header and no contact below it."),
    "wrong_delimiter": gettext_noop(
        "The columns of the rows do not fit those of the header: they are separated in another way."
    ),
    "too_many_columns": gettext_noop("The file has too many columns: 1,000 at most."),
    "one_name": gettext_noop(
        "All lines have the same name: say which column holds the names of the pupils."
    ),
    "unknown_columns": gettext_noop(
        "No column was recognised. Say which one holds the names and which the addresses."
    ),
    "unknown_format": gettext_noop("This is no address book of a kind that is known here."),
    "no_contacts": gettext_noop("There is no contact in this file."),
    "bad_zip": gettext_noop("The zip file is damaged."),
    "too_costly": gettext_noop("This file takes too long to read. Bring it in smaller pieces."),
    "zip_bomb": gettext_noop("The zip file unpacks to far more than an address book can hold."),
    "zip_path": gettext_noop("The zip file holds a path that leads out of it."),
    "zip_nested": gettext_noop("The zip file holds another archive. Bring what is in that one."),
    "zip_encrypted": gettext_noop("The zip file is protected by a password."),
    "zip_method": gettext_noop(
        "The zip file is packed in a way that is not read here. Pack it anew as an ordinary zip."
    ),
    "zip_too_many_files": gettext_noop("The zip file holds too many files: 2,000 at most."),
}

# The reasons why a record is left out.
SKIPS = {
    "nothing_to_keep": gettext_noop("Neither a name nor a way to reach somebody."),
    "column_count": gettext_noop("The row has another number of columns than the header."),
    "serialized_php": gettext_noop("The list of members holds more than names: it was not read."),
    "change_record": gettext_noop("This entry describes a change, not a contact."),
    "no_pupil": gettext_noop("The line names no pupil."),
    "no_surname": gettext_noop("The pupil has no surname."),
    "one_name": gettext_noop(
        "All lines have the same name: say which column holds the names of the pupils."
    ),
    "total": gettext_noop("The line is a total, not a pupil."),
    "remark": gettext_noop("The line is a remark, not a pupil."),
    "no_class": gettext_noop("The pupil is in no class, or has left the school."),
    "unknown_pupil": gettext_noop("No pupil of the files is this guardian’s."),
    "staff": gettext_noop("The line is neither a pupil nor a guardian."),
    "unsure_pupil": gettext_noop(
        "Several pupils of the file have the name of this guardian’s child: tie them by hand."
    ),
    "bad_record": gettext_noop("The record is damaged."),
}

# Records and values that were imported with a change.
WARNINGS = {
    "group_without_members": gettext_noop("This list came without its members."),
    "member_not_found": gettext_noop("A member of this list is not in the file."),
    "group_not_found": gettext_noop("The list of this contact is not in the file."),
    "group_full": gettext_noop("The group was full: this member was left out of it."),
    "group_cycle": gettext_noop("This list holds itself."),
    "owner_is_share": gettext_noop("These contacts belong to a shared book, not to a person."),
    "invalid_email": gettext_noop("What stands as an address is none."),
    "invalid_date": gettext_noop("What stands as a date is none."),
    "invalid_photo": gettext_noop("The picture cannot be read."),
    "card_without_end": gettext_noop("The card has no end: the file may have been cut off."),
    "row_cut": gettext_noop("The row has no end: the file may have been cut off."),
    "record_cut": gettext_noop("The record was longer than what is kept."),
    "no_authority": gettext_noop(
        "A guardian without parental authority, who gets no mail about the pupil unless the list or"
        " you say so."
    ),
    "several_in_cell": gettext_noop("Several guardians stood in one cell: check who is who."),
    "paired_by_order": gettext_noop(
        "Addresses or telephones were given to the guardians in the order of the cell: check whose"
        " is whose."
    ),
    "unshared": gettext_noop(
        "An address or a telephone that may be of either guardian is given to none: it is in the"
        " pupil’s note."
    ),
    "cut_number": gettext_noop(
        "A workbook cut a telephone number off: it is in a note, as it was."
    ),
    "continued": gettext_noop(
        "The line names no pupil: its guardian was taken for one of the pupil above."
    ),
    "class_continued": gettext_noop("The line has no class: it was taken from a line above."),
    "no_mail_said": gettext_noop(
        "A note says that a guardian must not be written to: no mail about the pupil goes there."
    ),
    "custody_note": gettext_noop(
        "A note says that somebody must not be written to, and not surely which guardian: set it on"
        " the card."
    ),
    "several_addresses": gettext_noop(
        "A guardian has several addresses, and one of them may be of somebody else."
    ),
    "unsure_child": gettext_noop(
        "A guardian has another child of whom the list does not say which pupil it is."
    ),
    "same_name": gettext_noop("Several pupils have this name: they are kept apart."),
    "bad_value": gettext_noop("A value is damaged and was left out."),
}
