"""The tags ``{% icon "reply" %}``, ``{% drawing "empty" %}`` and ``{% icon_button … %}``, defined
in `webmail.presentation.icons`, and ``{% banner "bad" %}…{% endbanner %}``, which begins with an
icon.

`webmail.serving.templating` renders icons and drawings with a literal name when a template is
loaded.
"""

from __future__ import annotations

from django import template

from webmail.presentation import banners, icons

register = template.Library()
register.simple_tag(icons.icon)
register.simple_tag(icons.icon_button)
register.simple_tag(icons.drawing)
register.simple_block_tag(banners.banner)
