"""What templates take from `webmail.presentation.markup`."""

from __future__ import annotations

from django import template

from webmail.presentation import markup

register = template.Library()
register.simple_tag(markup.message_groups)
register.simple_tag(markup.folder_rows)
register.simple_tag(markup.flag_button)
