"""Values of contacts in templates."""

from django import template

from addressbook.presentation.contacts import day_words

register = template.Library()
register.filter(day_words)
