"""The user's rules: their list, the form of one, and a trial on existing messages."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.shortcuts import render as render_template
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from accounts import session
from accounts.http import SignedInRequest, login_required
from core.converters import CONTROLS, FolderConverter, MessageConverter
from core.htmx import TOAST, wants_partial
from mail.errors import FolderNotFound, NotFound
from mail.imap import fetch
from mail.imap.connection import Connection
from mail.imap.values import MessageRef
from mail.mailbox import rules, trying
from mail.mailbox.folders import TRASH
from mail.mime import headers
from mail.sieve import grammar, reading, writing
from mail.sieve.connection import SieveConnection as Sieve
from mail.sieve.values import FORWARD, REDIRECT, RawPiece, Rule, Script
from webmail.forms.rules import NEW, Offers, RuleDraft, RuleEditor
from webmail.jobs import mail_jobs
from webmail.presentation import action_words
from webmail.presentation import folders as folder_words
from webmail.presentation import rules as words
from webmail.presentation.folder_list import FolderList
from webmail.views.page import known_tags, read_folders
from webmail.views.rules.page import (
    Problem,
    ask_first,
    no_rules,
    note_change,
    open_rules,
    problem_of,
    with_places,
)
from webmail.views.transfers.awaited import start_job

CHANGES = {"on": "switched", "off": "switched", "remove": "removed", "put-back": "rule"}
"""The names of the changes in the audit log; any other changes the order."""


# --- the list ---


@require_http_methods(["GET", "POST"])
@login_required
def all_rules(request: SignedInRequest) -> HttpResponse:
    """Show all rules in their order. A POST changes one rule, or the order."""
    if not session.has_sieve(request.user):
        return no_rules(request)
    if request.method == "POST":
        return _change(request)
    with open_rules(request) as (_sieve, kept):
        return _list(request, kept)


def _change(request: SignedInRequest) -> HttpResponse:
    do, number = request.POST.get("do", ""), _number(request.POST.get("number", ""))
    with open_rules(request) as (sieve, kept):
        toast: dict[str, Any] = {}

        def change() -> None:
            rules.unchanged(kept, request.POST.get("digest", ""))
            toast.update(_done(request, sieve, kept, do, number))

        if problem := problem_of(change):
            return _list(request, kept, problem)
    request.session[TOAST] = toast
    place = toast.pop("place", 0)
    return HttpResponseRedirect(reverse("mail:rules") + (f"#rule-{place}" if place else ""))


def _done(
    request: SignedInRequest, sieve: Sieve, kept: rules.UserScripts, do: str, number: int
) -> dict[str, Any]:
    """Do the change. Return its toast, with the ``place`` of the rule afterwards."""
    now = timezone.localtime()
    if do == "restore":
        note_change(
            request, kept, "copy", rules.restore(sieve, kept, request.POST.get("backup", ""), now)
        )
        return {"message": gettext("The copy is in force again.")}
    if do == "adopt" and kept.is_readable:
        note_change(request, kept, "running", rules.save(sieve, kept, kept.script, now))
        return {"message": gettext("These rules can be changed here from now on.")}
    ask_first(kept)
    match do:
        case "bring" if kept.former:
            note_change(request, kept, "brought in", rules.bring_in(sieve, kept, now))
            return {"message": gettext("The rules were brought here.")}
        case "take-apart" if kept.script.included:
            note_change(request, kept, "brought in", rules.take_apart(sieve, kept, now))
            return {"message": gettext("The rules were brought here.")}
        case "run":
            note_change(request, kept, "running", rules.save(sieve, kept, kept.script, now))
            return {"message": gettext("Your rules run from now on.")}
    script, toast = _changed(request, kept, do, number)
    note_change(request, kept, CHANGES.get(do, "order"), rules.save(sieve, kept, script, now))
    if undo := toast.get("undo"):
        after = rules.read_rules(sieve, kept.name, kept.allowed)
        undo["fields"].append(("digest", after.digest))
    return toast


def _changed(
    request: SignedInRequest, kept: rules.UserScripts, do: str, number: int
) -> tuple[Script, dict[str, Any]]:
    script = kept.script
    if do == "order":
        order = [_number(word) for word in request.POST.get("order", "").split(",")[:600]]
        return rules.reordered(script, order), {"message": gettext("The order was changed.")}
    if do == "put-back":
        return _put_back(request, script, number)
    item = kept.item(number)
    match do:
        case "on" | "off":
            message = gettext("The rule is on.") if do == "on" else gettext("The rule is off.")
            return rules.switched(script, number, on=do == "on"), {
                "message": message,
                "place": number,
            }
        case "up" | "down":
            place = min(max(number + (1 if do == "down" else -1), 1), len(script.items))
            order = [n for n in range(1, len(script.items) + 1) if n != number]
            order.insert(place - 1, number)
            message = gettext("The rule is number %(place)d now.") % {"place": place}
            return rules.reordered(script, order), {"message": message, "place": place}
        case "remove":
            text = item.text if isinstance(item, RawPiece) else writing.write_rule(item)
            left = rules.without(script, number)
            fields = [("do", "put-back"), ("number", number), ("text", text)]
            fields += [("requires", " ".join(sorted(script.requires)))]
            undo = {"url": reverse("mail:rules"), "fields": fields}
            return left, {"message": gettext("The rule was removed."), "undo": undo}
    raise Http404


def _put_back(
    request: SignedInRequest, script: Script, number: int
) -> tuple[Script, dict[str, Any]]:
    """Put a removed rule back into its former place."""
    requires = frozenset(request.POST.get("requires", "").split())
    head = f"require {grammar.quoted_list(sorted(requires))};\n" if requires else ""
    items = list(script.items)
    removed = reading.read_script(head + request.POST.get("text", ""))
    items[number - 1 : number - 1] = removed.items
    put = Script(
        tuple(items),
        script.absence,
        script.included,
        script.adverts,
        script.requires | removed.requires,
    )
    return put, {"message": gettext("The rule is there again."), "place": number}


def _list(
    request: SignedInRequest, kept: rules.UserScripts, problem: Problem | None = None
) -> HttpResponse:
    with session.imap(request) as imap:
        shown = read_folders(imap, "").shown
    former = _readable(kept.former_text) if kept.former else ()
    context = {
        "tab": "rules",
        "folders": shown,
        "kept": kept,
        "rows": words.rows(kept.script.items, names(request, shown)),
        "former_rows": words.rows(former, names(request, shown)),
        "forward_places": words.places(kept.allowed.places),
        "problem": problem,
        "toast": None if problem else request.session.pop(TOAST, None),
    }
    status = 422 if problem else 200
    return render_template(request, "webmail/rules/rules.html", context, status=status)


def _readable(text: str) -> tuple[Rule | RawPiece, ...]:
    try:
        return reading.read_script(text).items
    except ValueError:
        return (RawPiece(text),)


# --- one rule ---


@require_http_methods(["GET", "POST"])
@login_required
def new(request: SignedInRequest) -> HttpResponse:
    """Show the form of a new rule; with ``?from=INBOX/7-42`` for messages such as this one."""
    return _edit(request, 0)


@require_http_methods(["GET", "POST"])
@login_required
def one(request: SignedInRequest, number: int) -> HttpResponse:
    """Show the form of a rule; a POST changes it."""
    if not number:
        raise NotFound("Rules are counted from one.")
    return _edit(request, number)


def _edit(request: SignedInRequest, number: int) -> HttpResponse:
    if not session.has_sieve(request.user):
        if number:
            raise NotFound("There are no rules here.")
        return no_rules(request)
    with open_rules(request) as (sieve, kept):
        item = kept.item(number) if number else None
        if isinstance(item, RawPiece):
            return redirect("mail:rules_raw")
        with session.imap(request) as imap:
            shown = read_folders(imap, "").shown
            draft = _draft(request, imap, item, shown)
            offered = offers(request, kept, shown)
            editor = RuleEditor(draft, offered, item.comments if item else ())
            context = {
                "tab": "rules",
                "folders": shown,
                "editor": editor,
                "number": number,
                "kept": kept,
                "digest": request.POST.get("digest") or kept.digest,
            }
            do = request.POST.get("do", "")
            if request.method == "GET":
                return _form(request, context)
            if do == "try":
                return _form(request, context | _tried(imap, editor, shown))
        if do != "save":
            return _form(request, context | {"editor": RuleEditor(draft.changed(do), offered)})
        return _saved(request, sieve, kept, context)


def _draft(
    request: SignedInRequest, imap: Connection, item: Rule | None, shown: FolderList
) -> RuleDraft:
    if request.method == "POST":
        return RuleDraft.posted(request.POST)
    if item:
        return RuleDraft.of(item, _trash(shown))
    if source := request.GET.get("from", ""):
        return _draft_from(imap, source)
    return NEW


def _draft_from(imap: Connection, source: str) -> RuleDraft:
    """Return a rule for messages of the same list, or else of the same sender."""
    segment, _slash, ref = source.rpartition("/")
    try:
        folder = FolderConverter().to_python(segment)
        message = MessageRef(folder, *MessageConverter().to_python(ref))
    except ValueError as error:
        raise Http404 from error
    fields = headers.parse(fetch.headers(imap, message))
    authors = fields.addresses("From", 1)
    name = authors[0].name or authors[0].address if authors else ""
    line = {"test": "from:is", "value": authors[0].address if authors else ""}
    if listed := fields.get("List-Id"):
        line = {"test": "list:contains", "value": listed.rpartition("<")[2].partition(">")[0]}
    title = gettext("Messages from %(name)s") % {"name": name} if name else fields.get("Subject")
    action = {"kind": "move", "folder": "" if folder == "INBOX" else folder}
    head = NEW.head | {"name": words.one_line(title)[:100]}
    return RuleDraft(head, (("all", (line,)),), (action,))


def _form(request: SignedInRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    template = (
        "webmail/rules/_rule_form.html" if wants_partial(request) else "webmail/rules/rule.html"
    )
    return render_template(request, template, context, status=status)


def _tried(imap: Connection, editor: RuleEditor, shown: FolderList) -> dict[str, Any]:
    """Return the sentence about the number of messages in the inbox that the rule in the form
    matches."""
    if not editor.can_be_tried():
        return {"is_checked": True}
    matched = trying.matched(imap, "INBOX", editor.trial)
    row = shown.find("INBOX")
    label = row.label if row else "INBOX"
    sentence = words.would_fit(len(matched.uids), label, is_whole=matched.is_whole)
    return {"tried": sentence}


def _saved(
    request: SignedInRequest, sieve: Sieve, kept: rules.UserScripts, context: dict[str, Any]
) -> HttpResponse:
    editor, number = context["editor"], context["number"]
    if not editor.is_valid():
        return _form(request, context | {"is_checked": True}, status=422)

    def change() -> None:
        rules.unchanged(kept, request.POST.get("digest", ""))
        ask_first(kept)
        script = with_places(request, kept, rules.with_item(kept.script, number, editor.rule))
        note_change(request, kept, "rule", rules.save(sieve, kept, script, timezone.localtime()))

    if problem := problem_of(change):
        # The form keeps its values; saved again, it changes the rules as they are now.
        return _form(request, context | {"problem": problem, "digest": kept.digest}, status=422)
    place = number or len(kept.script.items) + 1
    message = gettext("The rule was saved: it is for new mail.")
    request.session[TOAST] = {"message": message}
    return HttpResponseRedirect(f"{reverse('mail:rules')}#rule-{place}")


# --- on what is there already ---


@require_http_methods(["GET", "POST"])
@login_required
def apply(request: SignedInRequest, number: int) -> HttpResponse:
    """Show how many messages of a folder a rule matches. A POST applies the rule to them, by a job
    if that takes long."""
    folder = request.POST.get("folder") or request.GET.get("folder") or "INBOX"
    if CONTROLS.search(folder):
        raise FolderNotFound("No folder has such a name.")
    with open_rules(request) as (_sieve, kept):
        rule = kept.item(number)
    if isinstance(rule, RawPiece):
        raise NotFound("What is kept as it is can't be applied.")
    is_sent = request.method == "POST" and request.POST.get("digest") == kept.digest
    with session.imap(request) as imap:
        matched = trying.matched(imap, folder, rule)
        steps = trying.steps(rule, folder, matched)
        if not (is_sent and steps):
            shown = read_folders(imap, "").shown
            context = {
                "number": number,
                "digest": kept.digest,
                "can_apply": bool(steps),
                "was_changed": request.method == "POST" and not is_sent,
            }
            return _apply_page(request, rule, matched, folder, shown, context)
        action = mail_jobs.RequestedAction("rule", folder)
        result = mail_jobs.do(request, imap, action, steps)
    request.session[TOAST] = _applied(request, action, result)
    return redirect("mail:rules")


def _applied(
    request: SignedInRequest, action: mail_jobs.RequestedAction, result: mail_jobs.ActionProgress
) -> dict[str, Any]:
    """Return the toast about a rule that was applied, with the way back, which is kept in a row:
    the steps of a rule are too many for a form."""
    if result.job:
        return start_job(request, result.job)
    work, undo = result.work, None
    if work.undo:
        job = mail_jobs.keep(request.user, action, work)
        fields = [("next", reverse("mail:rules"))]
        undo = {"url": reverse("mail:job_undo", args=[job.pk]), "fields": fields}
    return {"message": action_words.done("rule", work.done, work.gone), "undo": undo}


def _apply_page(
    request: SignedInRequest,
    rule: Rule,
    matched: trying.MatchedMessages,
    folder: str,
    shown: FolderList,
    context: dict[str, Any],
) -> HttpResponse:
    here = shown.find(folder)
    label = here.label if here else folder
    context |= {
        "tab": "rules",
        "folders": shown,
        "row": words.rows([rule], names(request, shown))[0],
        "folder": folder,
        "places": folder_words.places(shown),
        "found": words.would_fit(len(matched.uids), label, is_whole=matched.is_whole),
        "sends": any(action.kind in {FORWARD, REDIRECT} for action in rule.actions),
    }
    status = 409 if context["was_changed"] else 200
    return render_template(request, "webmail/rules/rule_apply.html", context, status=status)


# --- what all of these need ---


def offers(request: SignedInRequest, kept: rules.UserScripts, shown: FolderList) -> Offers:
    return Offers(
        extensions=kept.extensions,
        folders=folder_words.places(shown),
        tags=[(chip.keyword, chip.name) for chip in known_tags(request)],
        trash=_trash(shown),
        may_forward=kept.allowed.anywhere,
        places=kept.allowed.places,
    )


def names(request: SignedInRequest, shown: FolderList) -> words.Names:
    tags = {chip.keyword: chip.name for chip in known_tags(request)}
    return words.Names(dict(folder_words.places(shown)), tags, _trash(shown))


def _trash(shown: FolderList) -> str:
    return next((row.name for row in shown.special if row.special_use == TRASH), "")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
