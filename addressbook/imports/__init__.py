"""Imports of old address books as jobs that a user starts, follows, cancels and undoes.

`importers` reads files and has no database; this package makes contacts of them. `jobs` has the
life of an import, `running` the steps of its worker. `checking` stages every row: `owners` finds
its owner, `matching` its contact, `joining` what it adds, `deciding` its decision. `writing` makes
contacts, `grouping` their groups, `linking` their guardians, and `undoing` takes all of it back.
`showing` has the values of the pages, `previewing` the families of a school's list.
"""

from addressbook.imports.asking import Namesake, PupilQuestion, answers, same_names
from addressbook.imports.asking import choose as choose_pupils
from addressbook.imports.grouping import GroupChange
from addressbook.imports.jobs import (
    MOST_FILES,
    accept,
    cancel,
    choose_columns,
    choose_policy,
    columns,
    find_import,
    start,
    tidy,
    undo,
)
from addressbook.imports.previewing import FamiliesPage, family_page
from addressbook.imports.running import run
from addressbook.imports.showing import (
    ClassChange,
    ClassOutcome,
    ImportPreviewPage,
    KeptAfterUndo,
    OthersOutcome,
    PreviewRow,
    class_changes,
    class_outcomes,
    classes,
    dismiss,
    group_changes,
    kept,
    not_nested,
    preview,
    refused_csv,
    to_tell,
)

__all__ = [
    "MOST_FILES",
    "ClassChange",
    "ClassOutcome",
    "FamiliesPage",
    "GroupChange",
    "ImportPreviewPage",
    "KeptAfterUndo",
    "Namesake",
    "OthersOutcome",
    "PreviewRow",
    "PupilQuestion",
    "accept",
    "answers",
    "cancel",
    "choose_columns",
    "choose_policy",
    "choose_pupils",
    "class_changes",
    "class_outcomes",
    "classes",
    "columns",
    "dismiss",
    "family_page",
    "find_import",
    "group_changes",
    "kept",
    "not_nested",
    "preview",
    "refused_csv",
    "run",
    "same_names",
    "start",
    "tidy",
    "to_tell",
    "undo",
]
