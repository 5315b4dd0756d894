"""Every page has its own address."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path, register_converter
from django.utils.functional import lazy
from django.views.generic import RedirectView
from django.views.i18n import set_language

from webmail.converters import FolderConverter, MessageConverter, PartConverter
from webmail.views import compose, messages, parts, preferences

register_converter(FolderConverter, "folder")
register_converter(MessageConverter, "ref")
register_converter(PartConverter, "part")

# Looked up at the first request: until the files are collected they have no final name.
LOGO = lazy(static, str)("webmail/img/logo.svg")

mail = [
    path("mail/<folder:folder>/", messages.message_list, name="folder"),
    path("mail/<folder:folder>/act/", messages.act, name="act"),
    path("mail/<folder:folder>/<ref:ref>/", messages.message, name="message"),
    path("mail/<folder:folder>/<ref:ref>/frame/", parts.message_frame, name="message_frame"),
    path("mail/<folder:folder>/<ref:ref>/frame/inline/<int:n>", parts.inline, name="inline"),
    path("mail/<folder:folder>/<ref:ref>/part/<part:number>/", parts.part, name="part"),
    path("mail/<folder:folder>/<ref:ref>/source/", parts.source, name="source"),
    path("mail/<folder:folder>/<ref:ref>/reply/", compose.reply, name="reply"),
    path("mail/<folder:folder>/<ref:ref>/forward/", compose.forward, name="forward"),
    path("compose/", compose.compose, name="compose"),
    path("preferences/", preferences.preferences, name="preferences"),
]

urlpatterns = [
    path("", messages.home, name="home"),
    path("", include((mail, "mail"))),
    path("accounts/", include("accounts.urls")),
    path("admin/", admin.site.urls),
    path("favicon.ico", RedirectView.as_view(url=LOGO)),
    path("language/", set_language, name="set_language"),
]
