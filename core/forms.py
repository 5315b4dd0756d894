"""How forms are drawn."""

from __future__ import annotations

from django.forms.renderers import TemplatesSetting


class FormRenderer(TemplatesSetting):
    """Draw each field by ``templates/field.html``: label, input, what is wrong, and what helps."""

    field_template_name = "field.html"
