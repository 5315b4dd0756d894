"""Tags and filters of `webmail.presentation` for templates."""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

from django import template
from django.template import Context, Engine
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from core import logs
from core.help import articles
from core.sizes import size
from webmail.presentation import elision, failures, files, keys, markup, scripts, settings, tools
from webmail.presentation.icons import sprite

# The header in which htmx sends the version of the page's list of folders (js/folders.js).
FOLDERS = "X-Folders"

register = template.Library()
register.simple_tag(markup.message_groups)
register.simple_tag(markup.folder_rows)
register.simple_tag(markup.flag_button)
register.simple_tag(markup.menu_choices)
register.simple_tag(markup.month_options)
register.simple_tag(tools.verbs_for_scripts)
register.simple_tag(failures.file_is_empty)
register.simple_tag(failures.send_the_rest)
register.simple_tag(failures.draft_was_changed)
register.simple_tag(failures.draft_is_gone)
register.simple_tag(logs.request_id)
register.simple_tag(settings.head, name="settings_head")
register.filter("of", elision.preceded_by_of)
register.filter(scripts.kept_on)
register.filter(files.short_name)
register.filter(size)


def _scheme(context: Context) -> keys.Scheme:
    """Return the keys of the signed-in user; the default ones on other pages."""
    prefs = context.get("prefs")
    return keys.scheme(prefs.keys, prefs.own_keys) if prefs else keys.scheme()


@register.simple_tag(takes_context=True)
def shortcut(context: Context, name: str) -> str:
    """``{% shortcut "archive" %}``: the attribute that declares a control's keys."""
    return _scheme(context).shortcut(name)


@register.simple_tag(takes_context=True)
def cap(context: Context, name: str) -> str:
    """``{% cap "archive" %}``: the first of a control's keys in brackets, for its title."""
    return _scheme(context).cap(name)


@register.simple_tag(takes_context=True)
def keys_for_scripts(context: Context) -> str:
    """Return the keys for scripts, "" where they are the default ones."""
    return _scheme(context).for_scripts


@register.simple_tag(takes_context=True)
def key_sections(context: Context) -> list[tuple[object, tuple[keys.KeyLine, ...]]]:
    """Return the keys for the dialog, under their headings."""
    return list(_scheme(context).sections())


@register.simple_tag(takes_context=True)
def message_tools(context: Context) -> tools.Tools:
    """Return the actions on the open message: those of its toolbar, and those of its menu."""
    user = context["user"]
    has_rules = bool(user.mail_domain and user.mail_domain.sieve_host)
    return tools.tools(
        context["opened"],
        context["prefs"].toolbar,
        str(context.get("here") or ""),
        has_rules=has_rules,
    )


@register.simple_tag(takes_context=True)
def tool_bar(context: Context, shown: tools.Tools) -> str:
    """Return the toolbar with the actions of `message_tools`."""
    flag = _flag(context) if any(tool.name == "flag" for tool in shown.bar) else ""
    return markup.tool_bar(shown, _scheme(context), flag)


@register.simple_tag(takes_context=True)
def tool_menu(context: Context, shown: tuple[tools.Tool, ...]) -> str:
    """Return the menu with the actions of `message_tools`."""
    flag = _flag(context) if any(tool.name == "flag" for tool in shown) else ""
    return markup.tool_menu(shown, _scheme(context), flag)


@register.simple_tag(takes_context=True)
def picked_tools(context: Context) -> dict[str, SafeString]:
    """Return the actions on selected messages: those in the ``bar`` above the list, and those in
    its ``menu``."""
    prefs = context["prefs"]
    here = str(context.get("here") or "")
    marks_adverts = prefs.adverts == "mark"
    made_with = get_language(), sprite()
    withheld: frozenset[str] = getattr(context.get("page"), "withheld", frozenset())
    return _picked(
        made_with, prefs.toolbar, here, marks_adverts, withheld, prefs.keys, prefs.own_keys
    )


@lru_cache(maxsize=64)
def _picked(
    _made_with: object,
    toolbar: str,
    here: str,
    marks_adverts: bool,
    withheld: frozenset[str],
    kind: str,
    own_keys: str,
) -> dict[str, SafeString]:
    """Return the same actions, cached for all users with the same preferences."""
    shown = tools.tools_of_picked(toolbar, here, marks_adverts=marks_adverts, withheld=withheld)
    scheme = keys.scheme(kind, own_keys)
    return {"bar": markup.picked_bar(shown, scheme), "menu": markup.picked_menu(shown, scheme)}


def _flag(context: Context) -> str:
    template = Engine.get_default().get_template("webmail/reader/_message_flag.html")
    with context.push(flagged=context["opened"].flagged):
        return str(template.render(context))


@register.simple_tag(takes_context=True)
def help_here(context: Context) -> articles.Article | None:
    """Return the article of the help about this page, or None."""
    match = getattr(context.get("request"), "resolver_match", None)
    return articles.about(match.view_name) if match else None


@register.simple_tag(takes_context=True)
def folder_list(context: Context, *, oob: bool = False) -> str:
    """Return the list of folders. Out of band, return nothing when the page has the same version
    already: most opened messages change no count, and rendering the list in the browser takes
    longer than comparing."""
    by_context: dict[tuple[object, ...], str] = context["folders"].html
    beside = get_language(), str(context.get("unsent")), bool(context.get("in_outbox"))
    if (rows := by_context.get(beside)) is None:
        template = Engine.get_default().get_template("webmail/folders/_folder_list.html")
        rows = by_context[beside] = str(template.render(context))
    version = blake2b(rows.encode(), digest_size=8).hexdigest()
    if oob and context["request"].headers.get(FOLDERS) == version:
        return ""
    swap = ' hx-swap-oob="true"' if oob else ""
    return SafeString(f'<div id="folder-list" data-version="{version}"{swap}>{rows}</div>')
