"""The tags ``{% icon "reply" %}``, ``{% drawing "empty" %}`` and ``{% icon_button … %}``, defined
in `webmail.presentation.icons`.

`webmail.serving.templating` renders icons and drawings with a literal name when a template is
loaded.
"""

from __future__ import annotations

from django import template

from webmail.presentation import icons

register = template.Library()
register.simple_tag(icons.icon)
register.simple_tag(icons.icon_button)
register.simple_tag(icons.drawing)
