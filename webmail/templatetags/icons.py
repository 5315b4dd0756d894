"""``{% icon "reply" %}``, ``{% drawing "empty" %}`` and ``{% icon_button … %}``, of
`webmail.presentation.icons`.

`webmail.serving.templating` writes icons and drawings with a literal name into the loaded template.
"""

from __future__ import annotations

from django import template

from webmail.presentation import icons

register = template.Library()
register.simple_tag(icons.icon)
register.simple_tag(icons.icon_button)
register.simple_tag(icons.drawing)
