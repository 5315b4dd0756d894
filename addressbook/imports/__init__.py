"""Imports of old address books as jobs that a person starts, follows, cancels and undoes.

`importers` reads files and knows no database; here what they hold becomes contacts. `jobs` is an
import from its beginning to its end, `running` what a worker does: `checking` stages every row
(`owners` says whose it is, `matching` which contact it is, `joining` what it adds, `deciding` what
becomes of it), `writing` makes contacts and `grouping` groups of them, `undoing` takes it back.
`showing` is what people see.
"""

from addressbook.imports.grouping import GroupChange
from addressbook.imports.jobs import (
    MOST_FILES,
    accept,
    cancel,
    choose_columns,
    choose_policy,
    columns,
    find,
    start,
    tend,
    undo,
)
from addressbook.imports.running import run
from addressbook.imports.showing import (
    ClassChange,
    ClassOutcome,
    Kept,
    OthersOutcome,
    PreviewPage,
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
    "GroupChange",
    "Kept",
    "OthersOutcome",
    "PreviewPage",
    "PreviewRow",
    "accept",
    "cancel",
    "choose_columns",
    "choose_policy",
    "class_changes",
    "class_outcomes",
    "classes",
    "columns",
    "dismiss",
    "find",
    "group_changes",
    "kept",
    "not_nested",
    "preview",
    "refused_csv",
    "run",
    "start",
    "tend",
    "to_tell",
    "undo",
]
