"""``{% icon "reply" %}`` and ``{% drawing "empty" %}``, of `webmail.presentation.icons`.

`webmail.serving.templating` writes those with a literal name into the loaded template.
"""

from __future__ import annotations

from django import template

from webmail.presentation import icons

register = template.Library()
register.simple_tag(icons.icon)
register.simple_tag(icons.drawing)
