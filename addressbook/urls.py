"""The address book's pages."""

from django.urls import path

from addressbook.views import (
    collected,
    complete,
    directory,
    duplicates,
    export,
    groups,
    imports,
    people,
    waste,
)

app_name = "addressbook"
urlpatterns = [
    path("", people.contact_list, name="contacts"),
    path("act/", people.act, name="act"),
    path("act/undo/", people.unfill, name="unfill"),
    path("add/", people.add, name="add"),
    path("collected/", collected.collected_list, name="collected"),
    path("collected/act/", collected.act, name="act_collected"),
    path("directory/", directory.directory, name="directory"),
    path("complete/", complete.complete, name="complete"),
    path("new/", people.new, name="new"),
    path("<int:pk>/", people.contact, name="contact"),
    path("<int:pk>/edit/", people.edit, name="edit"),
    path("<int:pk>/photo/<slug:digest>", people.photo, name="photo"),
    path("groups/new/", groups.new, name="new_group"),
    path("groups/<int:group>/", groups.members, name="group"),
    path("groups/<int:group>/recipients/", complete.recipients, name="recipients"),
    path("groups/<int:group>/edit/", groups.edit, name="edit_group"),
    path("groups/<int:group>/addresses/", groups.external, name="group_addresses"),
    path("groups/<int:group>/delete/", groups.delete, name="delete_group"),
    path("groups/<int:group>/restore/", groups.restore, name="restore_group"),
    path("duplicates/", duplicates.found, name="duplicates"),
    path("duplicates/merge/", duplicates.compare, name="merge"),
    path("duplicates/undo/", duplicates.unmerge, name="unmerge"),
    path("bin/", waste.bin_list, name="bin"),
    path("export/", export.export, name="export"),
    path("export/file/", export.file, name="export_file"),
    path("import/", imports.chosen, name="imports"),
    path("import/<int:job>/", imports.import_page, name="import"),
    path("import/<int:job>/columns/", imports.columns, name="import_columns"),
    path("import/<int:job>/policy/", imports.policy, name="import_policy"),
    path("import/<int:job>/start/", imports.start, name="import_start"),
    path("import/<int:job>/cancel/", imports.cancel, name="import_cancel"),
    path("import/<int:job>/undo/", imports.undo, name="import_undo"),
    path("import/<int:job>/refused.csv", imports.refused, name="import_refused"),
    path("import/brought/dismiss/", imports.dismiss, name="dismiss_brought"),
    path("import/<slug:source>/", imports.bring, name="import_from"),
]
