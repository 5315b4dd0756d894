"""Banners as HTML."""

from __future__ import annotations

from django.template import Context, Template

from webmail.presentation.banners import banner


def rendered(text: str, **context: object) -> str:
    return str(Template("{% load icons %}" + text).render(Context(context)))


def test_a_banner_has_the_icon_of_its_kind() -> None:
    shown = rendered(
        '{% banner "bad" role="alert" %}<p>{{ words }}</p>{% endbanner %}', words="<i>"
    )
    assert shown.startswith(
        '<div class="banner bad" role="alert"><svg class="i" aria-hidden="true">'
    )
    assert shown.endswith('#circle-alert"/></svg><p>&lt;i&gt;</p></div>')
    assert "#triangle-alert" in rendered('{% banner "warn" %}{% endbanner %}')
    assert '<div class="banner">' in rendered("{% banner %}{% endbanner %}")


def test_a_banner_may_have_another_icon_a_class_and_attributes() -> None:
    shown = banner("", "info", icon="send", **{"class": "tip"}, data_stays=True, id="x", role="")
    assert shown.startswith('<div class="banner info tip" data-stays id="x">')
    assert "#send" in shown
    assert "&lt;b&gt;" in banner("<b>", "ok", title="<b>")
