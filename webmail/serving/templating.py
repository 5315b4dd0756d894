"""Templates as Django loads them, with what never changes written in once for each language.

A page names hundreds of words, icons and addresses that are the same for everybody; a template's
interpreter looks each of them up again and again, a third of its time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

from django.template import Context, Origin, Template
from django.template.base import (
    FilterExpression,
    Node,
    NodeList,
    TextNode,
    TokenType,
)
from django.template.defaulttags import IfNode, URLNode
from django.template.library import SimpleNode
from django.template.loaders import cached
from django.templatetags.i18n import BlockTranslateNode, TranslateNode
from django.templatetags.static import StaticNode
from django.urls import NoReverseMatch, get_script_prefix
from django.utils.translation import get_language

from webmail.presentation.icons import drawing, icon

# Tags that say the same of the same words, in one language.
_CONSTANT = (icon, drawing)
_INDENT = re.compile(r"\n[ \t]+")


class Loader(cached.Loader):
    """Django's, which keeps templates once for each language."""

    def get_contents(self, origin: Origin) -> str:
        """HTML without indents: no browser shows them, and they are a tenth of a page."""
        contents: str = super().get_contents(origin)
        return _INDENT.sub("\n", contents) if origin.name.endswith(".html") else contents

    def cache_key(self, template_name: str, skip: list[Origin] | None = None) -> str:
        return f"{get_language()} {super().cache_key(template_name, skip)}"

    def get_template(self, template_name: str, skip: list[Origin] | None = None) -> Template:
        kept = self.get_template_cache.get(self.cache_key(template_name, skip))
        if isinstance(kept, Template):
            return kept
        template: Template = super().get_template(template_name, skip)
        if kept is None:
            write_in(template)
        return template


def write_in(template: Template) -> None:
    """Replace what is the same at each rendering by its text, in the language in force."""
    nothing = Context()
    nothing.template = template
    _write_in(template.nodelist, nothing)


def _write_in(nodelist: NodeList, nothing: Context) -> None:
    kept: list[Node] = []
    for node in nodelist:
        for inside in _inside(node):
            _write_in(inside, nothing)
        text = _constant(node, nothing)
        if text is None:
            kept.append(node)
        elif kept and isinstance(kept[-1], TextNode):
            kept[-1] = TextNode(kept[-1].s + text)
        else:
            kept.append(TextNode(text))
    nodelist[:] = kept


def _inside(node: Node) -> Iterator[NodeList]:
    if isinstance(node, IfNode):
        yield from (nodelist for _condition, nodelist in node.conditions_nodelists)
        return
    for name in node.child_nodelists:
        if isinstance(nodelist := getattr(node, name, None), NodeList):
            yield nodelist


def _constant(node: Node, nothing: Context) -> str | None:
    """Return what the node says each time; None where that depends on something."""
    match node:
        case TextNode():
            return node.s
        case SimpleNode() if node.func in _CONSTANT and _is_literal_call(node):
            return str(node.render(nothing))
        case StaticNode() if not node.varname and _is_literal(node.path):
            return str(node.render(nothing))
        case URLNode() if not (node.args or node.kwargs or node.asvar):
            return _address(node, nothing)
        case TranslateNode() if not node.asvar and _is_literal(node.filter_expression):
            return _words(node, nothing)
        case BlockTranslateNode() if _is_plain(node):
            return _words(node, nothing)
    return None


def _words(node: TranslateNode | BlockTranslateNode, nothing: Context) -> str | None:
    context = node.message_context
    return str(node.render(nothing)) if context is None or _is_literal(context) else None


def _is_plain(node: BlockTranslateNode) -> bool:
    """Whether it names no variable."""
    if node.asvar or node.countervar or node.extra_context:
        return False
    return all(token.token_type == TokenType.TEXT for token in node.singular)


def _address(node: URLNode, nothing: Context) -> str | None:
    """The address; None where a part of it is known to requests alone, or where there is no such
    address: rendering the node then tells."""
    if get_script_prefix() != "/" or not _is_literal(node.view_name):
        return None
    with suppress(NoReverseMatch):
        return str(node.render(nothing))
    return None


def _is_literal_call(node: SimpleNode) -> bool:
    return not node.target_var and all(map(_is_literal, [*node.args, *node.kwargs.values()]))


def _is_literal(expression: FilterExpression) -> bool:
    """Whether it is a text in quotes, and nothing is done with it."""
    value = expression.var
    return not expression.filters and isinstance(getattr(value, "literal", value), str)
