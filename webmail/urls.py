"""The addresses of all pages of this app."""

from django.apps import apps
from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path, register_converter
from django.utils.functional import lazy
from django.views.generic import RedirectView
from django.views.i18n import set_language

from core.converters import FolderConverter, MemberConverter, MessageConverter, PartConverter
from webmail.views import design
from webmail.views.account import identities, own_data, preferences, user_data
from webmail.views.composer import begin as compose
from webmail.views.composer import canned, checking, documents, drafts
from webmail.views.folders import folders, sharing, space, tags
from webmail.views.judgement import adverts, campaigns, judged
from webmail.views.list import actions, first_steps, lists, news, rest, search
from webmail.views.outbox import outbox, support, tracing
from webmail.views.reader import invitations, messages, parts, receipts
from webmail.views.rules import absence, rules
from webmail.views.rules import raw as rules_raw
from webmail.views.transfers import jobs, transfers
from webmail.views.viewer import cards, contents, nested, office, pages

register_converter(FolderConverter, "folder")
register_converter(MessageConverter, "ref")
register_converter(PartConverter, "part")
register_converter(MemberConverter, "member")

# Resolved at the first request: a file has its final name only after the files are collected.
LOGO = lazy(static, str)("webmail/img/logo.svg")

mail = [
    path("design/", design.design, name="design"),
    path("design/states.css", design.states, name="design_states"),
    path("mail/<folder:folder>/", lists.message_list, name="folder"),
    path("mail/<folder:folder>/snippets/", lists.snippets, name="snippets"),
    path("mail/<folder:folder>/act/", actions.act, name="act"),
    path("mail/<folder:folder>/selection/", actions.selection, name="selection"),
    path("mail/<folder:folder>/export/", transfers.export_folder, name="export"),
    path("mail/<folder:folder>/download/", transfers.download, name="download"),
    path("mail/<folder:folder>/purge/", actions.purge, name="purge"),
    path("mail/<folder:folder>/<ref:ref>/", messages.message, name="message"),
    path("mail/<folder:folder>/<ref:ref>/card/", messages.card, name="card"),
    path("mail/<folder:folder>/<ref:ref>/seen/", messages.seen, name="seen"),
    path("mail/<folder:folder>/<ref:ref>/images/", messages.images, name="images"),
    path("mail/<folder:folder>/<ref:ref>/frame/", parts.message_frame, name="message_frame"),
    path("mail/<folder:folder>/<ref:ref>/frame/inline/<int:n>", parts.inline, name="inline"),
    path("mail/<folder:folder>/<ref:ref>/frame/remote/<int:n>", parts.remote, name="remote"),
    path("mail/<folder:folder>/<ref:ref>/print/", parts.message_print, name="print"),
    path("mail/<folder:folder>/<ref:ref>/headers/", parts.message_headers, name="headers"),
    path("mail/<folder:folder>/<ref:ref>/part/<part:number>/", parts.part, name="part"),
    path("mail/<folder:folder>/<ref:ref>/risks/", parts.risks, name="risks"),
    path("mail/<folder:folder>/<ref:ref>/source/", parts.source, name="source"),
    path("mail/<folder:folder>/<ref:ref>/reply/", compose.reply, name="reply"),
    path("mail/<folder:folder>/<ref:ref>/forward/", compose.forward, name="forward"),
    path("mail/<folder:folder>/<ref:ref>/links/", judged.links, name="links"),
    path("mail/<folder:folder>/<ref:ref>/report/", judged.report, name="report"),
    path("mail/<folder:folder>/<ref:ref>/sender/", judged.sender, name="sender"),
    path("mail/<folder:folder>/<ref:ref>/unsubscribe/", judged.unsubscribe, name="unsubscribe"),
    path("adverts/senders/", adverts.senders, name="senders"),
    path("adverts/close/", adverts.close, name="adverts_close"),
    path("adverts/judge/", adverts.judge, name="judge"),
    path("adverts/folder/<slug:kind>/", adverts.aside, name="aside"),
    path("search/", search.find, name="search"),
    path("search/suggestions/", search.suggestions, name="search_suggestions"),
    path("search/recent/", search.forget, name="search_forget"),
    path("search/save/", search.save, name="search_save"),
    path("search/saved/<int:pk>/remove/", search.unsave, name="search_unsave"),
    path("search/trace/", tracing.trace, name="trace"),
    path("search/selection/", search.selection, name="search_selection"),
    path("mail/<folder:folder>/<ref:ref>/receipt/", receipts.answer, name="receipt"),
    path(
        "mail/<folder:folder>/<ref:ref>/invitation/<part:number>/",
        invitations.show,
        name="invitation",
    ),
    path("mail/<folder:folder>/<ref:ref>/edit/", compose.edit, name="edit"),
    path("mail/<folder:folder>/<ref:ref>/resend/", compose.resend, name="resend"),
    path("compose/", compose.compose, name="compose"),
    path("compose/check/", checking.check, name="compose_check"),
    path("compose/beside/", checking.beside, name="compose_beside"),
    path("compose/canned/", canned.menu, name="canned_list"),
    path("drafts/<uuid:number>/", compose.draft, name="draft"),
    path("drafts/", drafts.all_drafts, name="drafts"),
    path("drafts/discarded/", drafts.discarded, name="drafts_discarded"),
    path("drafts/offered/dismiss/", drafts.dismiss, name="drafts_dismiss"),
    path("drafts/<uuid:number>/as-sent/", drafts.as_sent, name="draft_as_sent"),
    path("drafts/<uuid:number>/save/", drafts.save, name="draft_save"),
    path("drafts/<uuid:number>/again/", drafts.again, name="draft_again"),
    path("drafts/<uuid:number>/files/", drafts.upload, name="draft_files"),
    path("drafts/<uuid:number>/files/<uuid:file_number>", drafts.show_file, name="draft_file"),
    path(
        "drafts/<uuid:number>/files/<uuid:file_number>/remove/",
        drafts.remove_file,
        name="draft_file_remove",
    ),
    path("drafts/<uuid:number>/documents/", documents.sheet, name="draft_documents"),
    path("drafts/<uuid:number>/documents/add/", documents.add, name="draft_documents_add"),
    path("drafts/<uuid:number>/documents/remove/", documents.remove, name="draft_documents_remove"),
    path(
        "drafts/<uuid:number>/documents/<uuid:file_number>",
        documents.download,
        name="draft_document",
    ),
    path("drafts/<uuid:number>/roster/", drafts.roster, name="draft_roster"),
    path("drafts/<uuid:number>/discard/", drafts.discard, name="draft_discard"),
    path("drafts/<uuid:number>/reopen/", drafts.reopen, name="draft_reopen"),
    path("drafts/<uuid:number>/versions/", drafts.versions, name="draft_versions"),
    path("drafts/<uuid:number>/versions/<int:revision>/", drafts.version, name="draft_version"),
    path("outbox/", outbox.all_messages, name="outbox"),
    path("outbox/progress/", outbox.progress, name="outbox_progress"),
    path("outbox/<uuid:pk>/", outbox.one_message, name="outbox_message"),
    path("outbox/<uuid:pk>/back/", outbox.back, name="outbox_back"),
    path("outbox/<uuid:pk>/again/", outbox.again, name="outbox_again"),
    path("outbox/<uuid:pk>/correct/", outbox.correct, name="outbox_correct"),
    path("outbox/<uuid:pk>/dismiss/", outbox.dismiss, name="outbox_dismiss"),
    path("outbox/<uuid:pk>/when/", outbox.when, name="outbox_when"),
    path("account/data/", own_data.own_data, name="own_data"),
    path("account/data/state/", own_data.state, name="own_data_state"),
    path("account/data/<uuid:pk>/", own_data.file, name="own_data_file"),
    path("rest/", rest.lift, name="rest"),
    path("first-steps/close/", first_steps.close, name="first_steps_close"),
    path("tips/<slug:tip>/close/", first_steps.close_tip, name="tip_close"),
    path("poll/", news.poll, name="poll"),
    path("jobs/", jobs.all_jobs, name="jobs"),
    path("jobs/progress/", jobs.progress, name="jobs_progress"),
    path("jobs/<int:pk>/", jobs.one, name="job"),
    path("jobs/<int:pk>/cancel/", jobs.cancel, name="job_cancel"),
    path("jobs/<int:pk>/resume/", jobs.resume, name="job_resume"),
    path("jobs/<int:pk>/undo/", jobs.undo, name="job_undo"),
    path("transfers/", transfers.all_transfers, name="transfers"),
    path("transfers/export/", transfers.export_all, name="export_all"),
    path("transfers/import/", transfers.bring, name="import_messages"),
    path("transfers/account/", transfers.account, name="account_messages"),
    path("transfers/<uuid:pk>/piece/", transfers.piece, name="transfer_piece"),
    path("transfers/<uuid:pk>/", transfers.one, name="transfer"),
    path("transfers/<uuid:pk>/file/", transfers.file, name="transfer_file"),
    path("transfers/<uuid:pk>/cancel/", transfers.cancel, name="transfer_cancel"),
    path("transfers/<uuid:pk>/resume/", transfers.resume, name="transfer_resume"),
    path("transfers/<uuid:pk>/undo/", transfers.undo, name="transfer_undo"),
    path("tags/", tags.tags, name="tags"),
    path("folders/", folders.all_folders, name="folders"),
    path("folders/change/", folders.change, name="folder_change"),
    path("folders/column/", folders.column, name="folder_column"),
    path("folders/quota/", folders.quota, name="quota"),
    path("folders/space/", space.space, name="space"),
    path("folders/space/clean/", space.clean, name="space_clean"),
    path("folders/of/<folder:folder>/", folders.one, name="folder_menu"),
    path("folders/share/<folder:folder>/", sharing.share, name="folder_share"),
    path("rules/", rules.all_rules, name="rules"),
    path("rules/new/", rules.new, name="rule_new"),
    path("rules/raw/", rules_raw.raw, name="rules_raw"),
    path("rules/absence/", absence.absence, name="absence"),
    path("rules/absence/of/<folder:login>/", absence.of_box, name="box_absence"),
    path("rules/state/", absence.state, name="rules_state"),
    path("rules/<int:number>/", rules.one, name="rule"),
    path("rules/<int:number>/apply/", rules.apply, name="rule_apply"),
    path("preferences/", preferences.preferences, name="preferences"),
    path("preferences/find/", preferences.find, name="settings_find"),
    path("preferences/identities/", identities.all_identities, name="identities"),
    path("preferences/canned/", canned.answers, name="canned"),
    path("preferences/canned/<int:pk>/", canned.answer, name="canned_one"),
    path("preferences/canned/<int:pk>/remove/", canned.remove, name="canned_remove"),
    path("preferences/<slug:tab>/", preferences.preferences, name="preferences_of"),
]

# An attachment in the viewer, and a file inside it: the same pages under the same rules.
FILE = "mail/<folder:folder>/<ref:ref>/view/<part:number>/"
for file in (FILE, FILE + "member/<member:member>/"):
    mail += [
        path(file, pages.view, name="view"),
        path(file + "message/", pages.message, name="view_message"),
        path(file + "image", contents.image, name="view_image"),
        path(file + "thumb", contents.thumb, name="view_thumb"),
        path(file + "scan", contents.scan, name="view_scan"),
        path(file + "media", contents.media, name="view_media"),
        path(file + "pdf", contents.pdf, name="view_pdf"),
        path(file + "frame/", contents.frame, name="view_frame"),
        path(file + "frame/inline/<int:n>", nested.inline, name="view_inline"),
        path(file + "frame/remote/<int:n>", nested.remote, name="view_remote"),
        path(file + "office/", office.office, name="view_office"),
        path(file + "office/pdf", office.office_pdf, name="view_office_pdf"),
        path(file + "file", contents.file, name="view_file"),
        path(file + "contacts/", cards.add_contacts, name="view_contacts"),
    ]
mail += [path("mail/<folder:folder>/<ref:ref>/zip/", contents.everything, name="zip")]
if apps.is_installed("webmail.migrating"):
    from webmail.migrating import urls as migrating

    mail += migrating.urlpatterns

# Pages of the administration about mail, protected like those of `accounts`, which includes them
# without knowing them.
administration = [
    path("reports/", admin.site.admin_view(campaigns.all_campaigns), name="campaigns"),
    path("reports/<int:pk>/", admin.site.admin_view(campaigns.one), name="campaign"),
    path("reports/pulls/<int:pk>/", admin.site.admin_view(campaigns.pull), name="pull"),
    path("accounts/user/<int:pk>/data/", admin.site.admin_view(user_data.delete), name="user_data"),
    path("support/message/", admin.site.admin_view(support.message), name="support_message"),
]

handler500 = "webmail.views.failures.unforeseen"
urlpatterns = [
    path("", lists.home, name="home"),
    path("", include((mail, "mail"))),
    path("", include("accounts.urls")),
    path("contacts/", include("addressbook.urls")),
    path("admin/", include(administration)),
    path("admin/", admin.site.urls),
    path("favicon.ico", RedirectView.as_view(url=LOGO)),
    path("language/", set_language, name="set_language"),
]
