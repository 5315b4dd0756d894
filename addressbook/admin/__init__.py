"""The admin of the address book, a module for each family of pages; Django finds them by this
package."""

from addressbook.admin import books, imports, school

__all__ = ["books", "imports", "school"]
