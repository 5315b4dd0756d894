"""Load templates like Django, but render constant parts once for each language.

A page has hundreds of texts, icons and URLs that are the same for all users. Looking them up at
each rendering takes a third of the time.
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

# Tags whose result depends only on their arguments and the language.
_CONSTANT = (icon, drawing)
_INDENT = re.compile(r"\n[ \t]+")


class Loader(cached.Loader):
    """Django's loader, which caches templates for each language."""

    def get_contents(self, origin: Origin) -> str:
        """Return HTML without indentation, which browsers do not show; it is a tenth of a page."""
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
    """Replace constant nodes by their text in the active language."""
    nothing = Context()
    nothing.template = template
    _write_in(template.nodelist, nothing)


def _write_in(nodelist: NodeList, nothing: Context) -> None:
    nodes: list[Node] = []
    for node in nodelist:
        for inside in _inside(node):
            _write_in(inside, nothing)
        text = _constant(node, nothing)
        if text is None:
            nodes.append(node)
        elif nodes and isinstance(nodes[-1], TextNode):
            nodes[-1] = TextNode(nodes[-1].s + text)
        else:
            nodes.append(TextNode(text))
    nodelist[:] = nodes


def _inside(node: Node) -> Iterator[NodeList]:
    if isinstance(node, IfNode):
        yield from (nodelist for _condition, nodelist in node.conditions_nodelists)
        return
    for name in node.child_nodelists:
        if isinstance(nodelist := getattr(node, name, None), NodeList):
            yield nodelist


def _constant(node: Node, nothing: Context) -> str | None:
    """Return the text of a constant node; None where the text depends on the context."""
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
    """Return whether the block contains no variable."""
    if node.asvar or node.countervar or node.extra_context:
        return False
    return all(token.token_type == TokenType.TEXT for token in node.singular)


def _address(node: URLNode, nothing: Context) -> str | None:
    """Return the URL; None where a part of it is only known in a request, or where it does not
    exist, so that rendering the node raises the error."""
    if get_script_prefix() != "/" or not _is_literal(node.view_name):
        return None
    with suppress(NoReverseMatch):
        return str(node.render(nothing))
    return None


def _is_literal_call(node: SimpleNode) -> bool:
    return not node.target_var and all(map(_is_literal, [*node.args, *node.kwargs.values()]))


def _is_literal(expression: FilterExpression) -> bool:
    """Return whether the expression is a quoted text without filters."""
    value = expression.var
    return not expression.filters and isinstance(getattr(value, "literal", value), str)
