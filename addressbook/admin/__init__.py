"""The admin of the address book, one module for each group of pages. Django finds them through this
package."""

from addressbook.admin import books, imports, school

__all__ = ["books", "imports", "school"]
