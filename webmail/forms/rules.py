"""The forms of rules and of the absence.

The form of a rule has a variable number of lines: a button that adds or removes a line posts the
form, which is then shown again. The posted data are parsed into a `RuleDraft`, which such a button
changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.converters import CONTROLS, LONGEST_NAME
from mail.imap.connection import checked_flag
from mail.sieve import values
from mail.sieve.values import (
    ACTIONS,
    ALL,
    ANY,
    COPY,
    EXISTS,
    FORWARD,
    MOVE,
    REDIRECT,
    TAG,
    Absence,
    Condition,
    ConditionGroup,
    Rule,
    RuleAction,
)
from webmail.presentation import rules as words

MOST_GROUPS, MOST_CONDITIONS, MOST_ACTIONS = 5, 20, 10
LONGEST_VALUE: Final = 300
LONGEST_TEXT: Final = 10_000
TRASH: Final = "trash"
"""An action: move the message to the folder for deleted messages."""
_UNITS: Final = {"K": 1024, "M": 1024 * 1024}
_NEEDED: Final[dict[str, frozenset[str]]] = {
    values.BODY: frozenset({"body"}),
    values.DATE: frozenset({"date", "relational"}),
    values.ATTACHMENT: frozenset({"mime"}),
    MOVE: frozenset({"fileinto"}),
    TRASH: frozenset({"fileinto"}),
    COPY: frozenset({"fileinto", "copy"}),
    FORWARD: frozenset({"copy"}),
    TAG: frozenset({"imap4flags"}),
    values.READ: frozenset({"imap4flags"}),
    values.FLAG: frozenset({"imap4flags"}),
}

Choices = Sequence[tuple[str, str]]
Line = dict[str, str]
Tests = list[tuple[str, list[tuple[str, str]]]]


@dataclass(frozen=True)
class Offers:
    """The options that a rule has on this server. ``extensions`` are those of the server.
    ``folders`` and ``tags`` are pairs of name or keyword and label. ``trash`` is the name of the
    folder. ``may_forward`` means that administrators allow it, and only to ``places`` if there are
    any."""

    extensions: frozenset[str]
    folders: Choices = ()
    tags: Choices = ()
    trash: str = ""
    may_forward: bool = False
    places: Sequence[str] = ()

    def tests(self) -> Tests:
        """Return the comparisons that the server supports, grouped by field."""
        return [
            (words.subject_matter(name), [(line, words.test(line)) for line in _tests_of(name)])
            for name in values.COMPARISONS
            if _NEEDED.get(name, frozenset()) <= self.extensions
        ]

    def actions(self) -> list[tuple[str, str]]:
        order = (MOVE, COPY, TAG, values.READ, values.FLAG, TRASH, FORWARD, REDIRECT)
        return [(kind, words.action_kind(kind)) for kind in order if self._can(kind)]

    def _can(self, kind: str) -> bool:
        if kind in {FORWARD, REDIRECT} and not self.may_forward:
            return False
        if kind == TRASH and not self.trash:
            return False
        return _NEEDED.get(kind, frozenset()) <= self.extensions


class TestList:
    """The list of comparisons, made and rendered once for all conditions of a rule."""

    def __init__(self, tests: Tests) -> None:
        self.choices = tests
        groups = ((name, format_html_join("", _OPTION, options)) for name, options in tests)
        self._options = format_html_join("", '<optgroup label="{}">{}</optgroup>', groups)

    def options(self, chosen: str) -> SafeString:
        """Return the options as HTML; one of them is chosen if the value is in the list."""
        option = format_html('<option value="{}"', chosen)
        return SafeString(self._options.replace(f"{option}>", f"{option} selected>", 1))


_OPTION: Final = '<option value="{}">{}</option>'


def _tests_of(name: str) -> list[str]:
    """Return ``from:contains``, ``from:contains:not`` and so on. For sizes and dates no negation is
    needed, since they have pairs of opposite comparisons."""
    tests = []
    for comparison in values.COMPARISONS[name]:
        tests.append(f"{name}:{comparison}")
        if name not in {values.SIZE, values.DATE}:
            tests.append(f"{name}:{comparison}:not")
    return tests


class RuleForm(forms.Form):
    """The fields of a rule that occur once."""

    name = forms.CharField(label=_("Name of the rule"), max_length=100)
    enabled = forms.BooleanField(label=_("This rule is on"), required=False)
    match = forms.ChoiceField(
        required=False,
        choices=[(ALL, _("all groups are fulfilled")), (ANY, _("one of the groups is fulfilled"))],
    )
    stop = forms.BooleanField(label=_("Do not look at the rules that follow"), required=False)

    def clean_name(self) -> str:
        return words.one_line(self.cleaned_data["name"])


class GroupForm(forms.Form):
    match = forms.ChoiceField(
        label=_("When"),
        required=False,
        choices=[
            (ALL, _("all of these conditions are fulfilled")),
            (ANY, _("one of these conditions is fulfilled")),
        ],
    )


class ConditionForm(forms.Form):
    """One line for a condition. The first field determines which of the others count."""

    test = forms.ChoiceField(label=_("Condition"))
    header = forms.CharField(label=_("Name of the header"), required=False, max_length=76)
    value = forms.CharField(label=_("Text to look for"), required=False, max_length=LONGEST_VALUE)
    size = forms.IntegerField(label=_("Size"), required=False, min_value=0, max_value=999_999)
    unit = forms.ChoiceField(
        label=_("Unit"), required=False, choices=[("K", _("KB")), ("M", _("MB"))]
    )
    day = forms.DateField(label=_("Day"), required=False)

    def __init__(self, *args: Any, tests: TestList, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tests = tests
        self.fields["test"].choices = tests.choices  # type: ignore[attr-defined]

    @property
    def test_options(self) -> SafeString:
        return self._tests.options(self["test"].value() or "")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            name, comparison, *negated = cleaned["test"].split(":")
            value = self._value(name, comparison, cleaned)
            header = cleaned["header"].strip().rstrip(":").lower() if name == values.HEADER else ""
            if name == values.HEADER and not header:
                self.add_error("header", _("Name the header."))
            if not self.errors:
                cleaned["condition"] = self._made(name, comparison, value, bool(negated), header)
        return cleaned

    def _value(self, name: str, comparison: str, cleaned: dict[str, Any]) -> str:
        if comparison == EXISTS:
            return ""
        if name == values.SIZE:
            if cleaned["size"] is None:
                self.add_error("size", _("Say how large."))
                return "0"
            return str(cleaned["size"] * _UNITS[cleaned["unit"] or "K"])
        if name == values.DATE:
            if cleaned["day"] is None:
                self.add_error("day", _("Choose a day."))
                return ""
            return str(cleaned["day"].isoformat())
        text = words.one_line(cleaned["value"])
        if not text:
            self.add_error("value", _("Say what is looked for."))
        return text

    def _made(
        self, name: str, comparison: str, value: str, negated: bool, header: str
    ) -> Condition | None:
        try:
            return Condition(name, comparison, value, negated, header)
        except ValueError:
            self.add_error("header", _("This is no name of a header."))
            return None


class ActionForm(forms.Form):
    """One line for an action. The first field determines which of the others count."""

    kind = forms.ChoiceField(label=_("Action"))
    folder = forms.ChoiceField(label=_("Folder"), required=False)
    tag = forms.ChoiceField(label=_("Tag"), required=False)
    address = forms.CharField(label=_("Address"), required=False, max_length=254)

    def __init__(self, *args: Any, offers: Offers, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offers = offers
        own = self.data.get(self.add_prefix("folder"), "")
        tag = self.data.get(self.add_prefix("tag"), "")
        folders: list[tuple[str, Any]] = [("", _("Choose a folder")), *offers.folders]
        self.fields["kind"].choices = offers.actions()  # type: ignore[attr-defined]
        self.fields["folder"].choices = _with_own(folders, own)  # type: ignore[attr-defined]
        self.fields["tag"].choices = _with_own(offers.tags, tag)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            kind = cleaned["kind"]
            value = self._value(kind, cleaned)
            if not self.errors:
                cleaned["action"] = RuleAction(MOVE if kind == TRASH else kind, value)
        return cleaned

    def _value(self, kind: str, cleaned: dict[str, Any]) -> str:
        match kind:
            case values.MOVE | values.COPY:
                return self._folder(cleaned["folder"])
            case values.TAG:
                return self._tag(cleaned["tag"])
            case values.FORWARD | values.REDIRECT:
                return self._address(cleaned["address"])
        return self._offers.trash if kind == TRASH else ""

    def _folder(self, name: str) -> str:
        if not name or CONTROLS.search(name) or len(name) > LONGEST_NAME:
            self.add_error("folder", _("Choose a folder."))
        return name

    def _tag(self, keyword: str) -> str:
        try:
            return checked_flag(keyword)
        except ValueError:
            self.add_error("tag", _("Choose a tag."))
            return ""

    def _address(self, address: str) -> str:
        try:
            validate_email(address)
        except ValidationError:
            self.add_error("address", _("This is not an address."))
        return address


def _with_own(choices: Iterable[tuple[str, Any]], own: str) -> list[tuple[str, Any]]:
    """Return the choices, with the rule's folder or tag even if it no longer exists."""
    offered = list(choices)
    if own and own not in {value for value, _label in offered}:
        offered.append((own, words.missing(own)))
    return offered


@dataclass(frozen=True)
class RuleDraft:
    """The state of a rule's form, valid or not. Each of ``groups`` has the operator that joins its
    conditions, and its lines."""

    head: Line
    groups: tuple[tuple[str, tuple[Line, ...]], ...]
    actions: tuple[Line, ...]

    @classmethod
    def posted(cls, data: Mapping[str, str]) -> RuleDraft:
        """Parse posted lines, which are numbered: ``g0-match``, ``g0-1-value``, ``a2-kind``."""
        groups: dict[int, str] = {}
        lines: dict[int, dict[int, Line]] = {}
        actions: dict[int, Line] = {}
        for key in data:
            if match := re.fullmatch(r"g([0-9]{1,3})-match", key):
                groups[int(match[1])] = data[key]
            elif match := re.fullmatch(r"g([0-9]{1,3})-([0-9]{1,3})-([a-z]+)", key):
                line = lines.setdefault(int(match[1]), {}).setdefault(int(match[2]), {})
                line[match[3]] = data[key]
            elif match := re.fullmatch(r"a([0-9]{1,3})-([a-z]+)", key):
                actions.setdefault(int(match[1]), {})[match[2]] = data[key]
        return cls(
            head={name: data[name] for name in RuleForm.base_fields if name in data},
            groups=tuple(
                (
                    groups.get(n, ALL),
                    tuple(
                        lines.get(n, {})[at] for at in sorted(lines.get(n, {}))[:MOST_CONDITIONS]
                    ),
                )
                for n in sorted(groups.keys() | lines.keys())[:MOST_GROUPS]
            ),
            actions=_in_order(actions, MOST_ACTIONS),
        )

    @classmethod
    def of(cls, rule: Rule, trash: str) -> RuleDraft:
        head = {"name": rule.name, "match": rule.match}
        head |= {name: "on" for name in ("enabled", "stop") if getattr(rule, name)}
        return cls(
            head=head,
            groups=tuple(
                (group.match, tuple(_condition_line(condition) for condition in group.conditions))
                for group in rule.groups
            ),
            actions=tuple(_action_line(action, trash) for action in rule.actions),
        )

    def changed(self, do: str) -> RuleDraft:
        """Return the draft after a button: ``add-0``, ``drop-0-2``, ``add-group``,
        ``drop-group-1``, ``add-action``, ``drop-action-1``. Other values change nothing."""
        what, *numbers = re.split(r"-(?=[0-9]+)", do)
        at = [int(number[:4]) for number in numbers if number.isdecimal()][:2]
        match what, at:
            case "add", [group] if group < len(self.groups):
                match, lines = self.groups[group]
                return self._with_group(group, match, (*lines, NEW_CONDITION)[:MOST_CONDITIONS])
            case "drop", [group, line] if group < len(self.groups):
                match, lines = self.groups[group]
                return self._with_group(group, match, _without(lines, line))
            case "add-group", []:
                return replace(self, groups=(*self.groups, NEW_GROUP)[:MOST_GROUPS])
            case "drop-group", [group]:
                return replace(self, groups=_without(self.groups, group))
            case "add-action", []:
                return replace(self, actions=(*self.actions, NEW_ACTION)[:MOST_ACTIONS])
            case "drop-action", [action]:
                return replace(self, actions=_without(self.actions, action))
        return self

    def _with_group(self, at: int, match: str, lines: tuple[Line, ...]) -> RuleDraft:
        groups = list(self.groups)
        groups[at] = (match, lines)
        return replace(self, groups=tuple(groups))

    def flat(self) -> dict[str, str]:
        """Return the draft in the form of posted data, with its lines numbered consecutively."""
        data = dict(self.head)
        for n, (match, lines) in enumerate(self.groups):
            data[f"g{n}-match"] = match
            for at, line in enumerate(lines):
                data |= {f"g{n}-{at}-{name}": value for name, value in line.items()}
        for n, line in enumerate(self.actions):
            data |= {f"a{n}-{name}": value for name, value in line.items()}
        return data


NEW_CONDITION: Final[Line] = {"test": f"{values.FROM}:{values.CONTAINS}"}
NEW_GROUP: Final[tuple[str, tuple[Line, ...]]] = (ALL, (NEW_CONDITION,))
NEW_ACTION: Final[Line] = {"kind": MOVE}
NEW: Final = RuleDraft({"enabled": "on", "stop": "on", "match": ALL}, (NEW_GROUP,), (NEW_ACTION,))


def _in_order(lines: Mapping[int, Line], most: int) -> tuple[Line, ...]:
    return tuple(lines[n] for n in sorted(lines)[:most])


def _without(lines: tuple[Any, ...], at: int) -> tuple[Any, ...]:
    return tuple(line for n, line in enumerate(lines) if n != at)


def _condition_line(condition: Condition) -> Line:
    name = f"{condition.field}:{condition.comparison}"
    line = {"test": f"{name}:not" if condition.negated else name, "header": condition.header}
    if condition.field == values.SIZE:
        octets = int(condition.value)
        unit = "K" if octets % _UNITS["M"] else "M"
        return line | {"size": str(octets // _UNITS[unit]), "unit": unit}
    if condition.field == values.DATE:
        return line | {"day": condition.value}
    return line | {"value": condition.value}


def _action_line(action: RuleAction, trash: str) -> Line:
    match action.kind:
        case values.MOVE | values.COPY:
            if action.kind == MOVE and action.value == trash:
                return {"kind": TRASH}
            return {"kind": action.kind, "folder": action.value}
        case values.TAG:
            return {"kind": TAG, "tag": action.value}
        case values.FORWARD | values.REDIRECT:
            return {"kind": action.kind, "address": action.value}
    return {"kind": action.kind}


class RuleEditor:
    """All forms of one rule. ``comments`` are those before the rule in the script."""

    def __init__(self, draft: RuleDraft, offers: Offers, comments: tuple[str, ...] = ()) -> None:
        data = draft.flat()
        self.draft = draft
        self.offers = offers
        self.head = RuleForm(data)
        tests = TestList(offers.tests())
        self.groups = [
            (
                GroupForm(data, prefix=f"g{n}"),
                [ConditionForm(data, prefix=f"g{n}-{at}", tests=tests) for at in range(len(lines))],
            )
            for n, (_match, lines) in enumerate(draft.groups)
        ]
        self.actions = [
            ActionForm(data, prefix=f"a{n}", offers=offers) for n in range(len(draft.actions))
        ]
        self._comments = comments

    @property
    def allowed_places(self) -> str:
        return words.places(self.offers.places)

    def is_valid(self) -> bool:
        return _all_valid([self.head, *self._condition_forms, *self.actions])

    def can_be_tried(self) -> bool:
        """Return whether the conditions are valid, regardless of the actions."""
        return _all_valid(self._condition_forms)

    @property
    def _condition_forms(self) -> list[forms.Form]:
        return [form for group, lines in self.groups for form in (group, *lines)]

    @property
    def trial(self) -> Rule:
        """A rule with only the conditions, of valid forms."""
        groups = tuple(
            ConditionGroup(
                group.cleaned_data["match"] or ALL,
                tuple(line.cleaned_data["condition"] for line in lines),
            )
            for group, lines in self.groups
            if lines
        )
        match = self.head.data.get("match") if len(groups) > 1 else ALL
        return Rule("", groups, match=ANY if match == ANY else ALL)

    @property
    def rule(self) -> Rule:
        """The rule that valid forms describe."""
        head = self.head.cleaned_data
        actions = sorted(
            (line.cleaned_data["action"] for line in self.actions),
            key=lambda action: ACTIONS.index(action.kind),
        )
        return replace(
            self.trial,
            name=head["name"],
            actions=tuple(dict.fromkeys(actions)),
            enabled=head["enabled"],
            stop=head["stop"],
            comments=self._comments,
        )


def _all_valid(checked: Iterable[forms.Form]) -> bool:
    """Return whether all forms are valid. Each is validated, so that all errors show at once."""
    return not [form for form in checked if not form.is_valid()]


# --- the absence ---

EVERYBODY, INSIDE, BOTH = "everybody", "inside", "both"


_DAY: Final = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def _text_area(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"class": "textarea", "rows": rows})


class AbsenceForm(forms.Form):
    """The automatic answer during an absence from ``address``. ``is_of_box`` means a shared
    mailbox, which is not "me"."""

    enabled = forms.BooleanField(
        label=_("Answer while I am away"),
        required=False,
        widget=forms.CheckboxInput(attrs={"autofocus": True}),
    )
    first = forms.DateField(label=_("First day"), widget=_DAY)
    last = forms.DateField(label=_("Last day, included"), widget=_DAY)
    subject = forms.CharField(
        label=_("Subject of the answer"),
        required=False,
        max_length=200,
        help_text=_("Left empty, the mail server takes the subject of what was written to you."),
    )
    text = forms.CharField(label=_("Answer"), max_length=LONGEST_TEXT, widget=_text_area(7))
    who = forms.ChoiceField(
        label=_("Who gets it"),
        widget=forms.RadioSelect,
        choices=[
            (EVERYBODY, _("Everybody who writes to me")),
            (INSIDE, _("People of the authority only")),
            (BOTH, _("People of the authority; others get another text")),
        ],
    )
    other_text = forms.CharField(
        label=_("Answer to others"),
        required=False,
        max_length=LONGEST_TEXT,
        widget=_text_area(5),
    )
    days = forms.IntegerField(
        label=_("Days before the same person gets it again"), min_value=1, max_value=30
    )
    addresses = forms.CharField(
        label=_("My other addresses"),
        required=False,
        max_length=2_000,
        widget=_text_area(3),
        help_text=_(
            "One a line. Mail is only answered when one of your addresses stands in it: circulars"
            " to hidden recipients and mailing lists get no answer."
        ),
    )

    def __init__(
        self, *args: Any, address: str = "", is_of_box: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        if is_of_box:
            self._speak_of_box(fields)
        besides = gettext("Besides %(address)s.") % {"address": address}
        fields["addresses"].help_text = f"{besides} {fields['addresses'].help_text}"

    def _speak_of_box(self, fields: Any) -> None:
        fields["enabled"].label = _("Answer what this mailbox gets")
        everybody = (EVERYBODY, _("Everybody who writes to this mailbox"))
        fields["who"].choices = [everybody, *fields["who"].choices[1:]]
        fields["addresses"].label = _("Other addresses of this mailbox")
        fields["addresses"].help_text = _(
            "One a line. Mail is only answered when one of these addresses stands in it: circulars"
            " to hidden recipients and mailing lists get no answer."
        )

    def clean_addresses(self) -> tuple[str, ...]:
        addresses = tuple(re.split(r"[\s,;]+", self.cleaned_data["addresses"].strip()))
        for address in filter(None, addresses):
            try:
                validate_email(address)
            except ValidationError as error:
                raise ValidationError(
                    _("%(address)s is not an address."), params={"address": address}
                ) from error
        return tuple(dict.fromkeys(filter(None, addresses)))

    def clean_subject(self) -> str:
        return words.one_line(self.cleaned_data["subject"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and last < first:
            self.add_error("last", _("The last day is before the first."))
        if cleaned.get("who") == BOTH and not cleaned.get("other_text", "").strip():
            self.add_error("other_text", _("Write what others are answered."))
        for name in ("text", "other_text"):
            if "\0" in cleaned.get(name, ""):
                self.add_error(name, _("A character of this text can’t be sent."))
        return cleaned

    def absence(self, domains: Iterable[str], own: str, zones: tuple[str, str]) -> Absence:
        """Return the absence that a valid form describes. ``own`` is the user's address; ``zones``
        are the UTC offsets on the first and the last day."""
        cleaned = self.cleaned_data
        is_for_all = cleaned["who"] == EVERYBODY
        return Absence(
            text=_lines(cleaned["text"]),
            first=cleaned["first"],
            last=cleaned["last"],
            enabled=cleaned["enabled"],
            subject=cleaned["subject"],
            days=cleaned["days"],
            addresses=tuple(dict.fromkeys((own, *cleaned["addresses"]))),
            domains=() if is_for_all else tuple(sorted(domains)),
            other_text=_lines(cleaned["other_text"]) if cleaned["who"] == BOTH else "",
            zone_first=zones[0],
            zone_last=zones[1],
        )


def absence_initial(absence: Absence | None, own: str) -> dict[str, Any]:
    """Return the form's initial values for the absence on the server."""
    if absence is None:
        return {"days": 7, "who": EVERYBODY}
    who = EVERYBODY if not absence.domains else BOTH if absence.other_text else INSIDE
    others = [address for address in absence.addresses if address != own]
    initial = {name: getattr(absence, name) for name in AbsenceForm.base_fields if name != "who"}
    return initial | {"who": who, "addresses": "\n".join(others)}


def _lines(text: str) -> str:
    return re.sub(r"\r\n?", "\n", text)


class ScriptForm(forms.Form):
    """The text of a script."""

    text = forms.CharField(
        label=_("Script"), required=False, strip=False, widget=forms.Textarea, max_length=110_000
    )
    digest = forms.CharField(required=False, max_length=64)
