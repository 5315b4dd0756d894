"""The admin of address books: numbers, never contents."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.administration.pages import ViewOnlyAdmin
from addressbook.models import AddressBook


@admin.register(AddressBook)
class AddressBookAdmin(ViewOnlyAdmin):
    """The address books of users, with the number of contacts, but no name or address of any."""

    list_display = ("login", "mail_domain", "contacts", "binned", "lists", "shared", "imports")
    list_filter = ("mail_domain",)
    list_select_related = ("mail_domain",)
    list_per_page = 50
    search_fields = ("login", "name", "address")
    search_help_text = _("Login, name or address")
    show_full_result_count = False
    fields = readonly_fields = list_display

    def get_queryset(self, request: HttpRequest) -> QuerySet[AddressBook]:
        return AddressBook.books.counted().exclude(mail_domain=None)

    @admin.display(description=_("contacts"), ordering="contact_count")
    def contacts(self, book: AddressBook) -> str:
        return self._number(book, "contact_count")

    @admin.display(description=_("in the bin"), ordering="binned_count")
    def binned(self, book: AddressBook) -> str:
        return self._number(book, "binned_count")

    @admin.display(description=_("groups"), ordering="group_count")
    def lists(self, book: AddressBook) -> str:
        return self._number(book, "group_count")

    @admin.display(description=_("shared groups"), ordering="shared_count")
    def shared(self, book: AddressBook) -> str:
        return self._number(book, "shared_count")

    @admin.display(description=_("imports"), ordering="import_count")
    def imports(self, book: AddressBook) -> str:
        return self._number(book, "import_count")

    @staticmethod
    def _number(book: AddressBook, name: str) -> str:
        return intcomma(getattr(book, name))
