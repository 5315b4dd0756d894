"""The parts of a template that are the same at each rendering are written into it once for each
language."""

from __future__ import annotations

import pytest
from django.template import Context, Engine, TemplateDoesNotExist
from django.template.base import Node, TextNode
from django.templatetags.static import static
from django.urls import set_script_prefix
from django.utils import translation

from webmail.presentation.icons import drawing, icon

SPRITE = "webmail/vendor/lucide-1.62.0.svg"
LIBRARIES = {
    "i18n": "django.templatetags.i18n",
    "static": "django.templatetags.static",
    "icons": "webmail.templatetags.icons",
}
LOAD = "{% load i18n icons static %}"


def engine(**templates: str) -> Engine:
    loaders = [
        (
            "webmail.serving.templating.Loader",
            [
                (
                    "django.template.loaders.locmem.Loader",
                    {f"{name}.html": LOAD + source for name, source in templates.items()},
                )
            ],
        )
    ]
    return Engine(loaders=loaders, libraries=LIBRARIES)


def said(source: str, **values: object) -> str:
    return engine(page=source).get_template("page.html").render(Context(values))


def nodes(source: str) -> list[type[Node]]:
    nodelist = engine(page=source).get_template("page.html").nodelist
    return [type(node) for node in nodelist if not (isinstance(node, TextNode) and not node.s)]


@pytest.mark.parametrize(
    ("source", "french"),
    [
        ('<a>{% translate "Reply" context "verb" %}</a>', "<a>Répondre</a>"),
        ("{% blocktranslate %}Skip to the content{% endblocktranslate %}", "Aller au contenu"),
        ('{% static "webmail/img/logo.svg" %}', static("webmail/img/logo.svg")),
        ('{% url "mail:compose" %}', "/compose/"),
        (
            '{% icon "x" "s" attributes="hidden" %}',
            f'<svg class="i s" aria-hidden="true" hidden><use href="{static(SPRITE)}#x"/></svg>',
        ),
        ('{% drawing "lost" %}', str(drawing("lost"))),
    ],
)
def test_words_and_addresses_are_text_from_the_beginning(source: str, french: str) -> None:
    with translation.override("fr"):
        assert said(source) == french
        assert nodes(source)[-1] is TextNode
        assert len(nodes(source)) == 2, "loading, then one piece of text"


def test_indents_are_left_out() -> None:
    assert said("<p>\n    {% if x %}\n      <b>a  b</b>\n    {% endif %}\n</p>", x=1) == (
        "<p>\n\n<b>a  b</b>\n\n</p>"
    )


def test_each_language_has_its_own_words() -> None:
    made = engine(page='{% translate "Skip to the content" %}')
    for _time in range(2):
        with translation.override("fr"):
            assert made.get_template("page.html").render(Context()) == "Aller au contenu"
        with translation.override("en"):
            assert made.get_template("page.html").render(Context()) == "Skip to the content"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("{% translate words %}", "Aller au contenu"),
        ('{% translate "Skip to the content" as words %}{{ words }}', "Aller au contenu"),
        ("{% blocktranslate with name=words %}All of {{ name }}{% endblocktranslate %}", None),
        ('{% url "mail:folder" folder %}', "/mail/INBOX/"),
        ('{% url "mail:compose" as address %}{{ address }}', "/compose/"),
        ("{% static path %}", static(SPRITE)),
        ("{% icon name %}", str(icon("reply"))),
        ('{% icon "reply" as shown %}{{ shown }}', str(icon("reply"))),
    ],
)
def test_what_depends_on_the_page_is_asked_for_each_time(source: str, shown: str | None) -> None:
    values = {
        "words": "Skip to the content",
        "folder": "INBOX",
        "path": SPRITE,
        "name": "reply",
    }
    with translation.override("fr"):
        assert said(source, **values) == (shown or "All of Skip to the content")


def test_words_inside_conditions_loops_and_blocks_are_written_in_too() -> None:
    source = (
        '{% block b %}{% if a %}{% translate "Yes" %}{% else %}{% for x in y %}'
        '{% translate "Skip to the content" %} {{ x }},{% endfor %}{% endif %}{% endblock %}'
    )
    with translation.override("fr"):
        template = engine(page=source).get_template("page.html")
        assert template.render(Context({"y": [1, 2]})) == "Aller au contenu 1,Aller au contenu 2,"
        assert not [
            node
            for node in template.nodelist.get_nodes_by_type(Node)
            if type(node).__name__ == "TranslateNode"
        ]


def test_a_mark_in_words_stays_text() -> None:
    """As Django's own node has it."""
    words = '{% translate "100% of <b>" %}'
    with translation.override("en"):
        assert said(words) == said(words.replace(" %}", " as w %}{{ w }}")) == "100% of <b>"


def test_a_site_below_a_path_keeps_asking_for_its_addresses() -> None:
    set_script_prefix("/webmail/")
    try:
        assert said('{% url "mail:compose" %}') == "/webmail/compose/"
        assert TextNode is not nodes('{% url "mail:compose" %}')[-1]
    finally:
        set_script_prefix("/")


def test_an_address_that_there_is_not_fails_where_it_is_shown() -> None:
    assert said('{% if never %}{% url "no:such" %}{% endif %}ok') == "ok"


def test_a_template_that_there_is_not_is_said_each_time() -> None:
    made = engine()
    for _time in range(2):
        with pytest.raises(TemplateDoesNotExist):
            made.get_template("page.html")
