"""Every preference, declared once: name, type (by its choices or class), default, lockable.
`webmail.forms.preference_fields` has their form fields.

A user's choices are in ``User.preferences``; values that administrators set or lock are
``PreferenceDefault`` rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.converters import CONTROLS
from core.preferences import hours
from mail.folding import fold

Choices = tuple[tuple[str, str | Promise], ...]


# Time zones where the authority's staff live or teach; a setting adds that of another authority.
TIME_ZONES: Choices = (
    ("Europe/Paris", _("Paris")),
    ("America/Guadeloupe", _("Guadeloupe")),
    ("America/Martinique", _("Martinique")),
    ("America/Cayenne", _("French Guiana")),
    ("America/Miquelon", _("Saint Pierre and Miquelon")),
    ("Indian/Reunion", _("Réunion")),
    ("Indian/Mayotte", _("Mayotte")),
    ("Pacific/Noumea", _("New Caledonia")),
    ("Pacific/Tahiti", _("Tahiti")),
    ("Pacific/Wallis", _("Wallis and Futuna")),
    ("Europe/London", _("London")),
    ("UTC", _("Universal time")),
)


def _time_zones() -> Choices:
    if any(name == settings.TIME_ZONE for name, _words in TIME_ZONES):
        return TIME_ZONES
    return (*TIME_ZONES, (settings.TIME_ZONE, settings.TIME_ZONE.replace("_", " ")))


@dataclass(frozen=True)
class Preference:
    """One preference. ``choices`` are its allowed values with their labels.

    ``needs_beat``: it is useless, and not offered, where jobs run at once. ``several``: a value is
    any number of choices, separated by spaces; if ``ordered``, in the order chosen by the user.
    ``own_keys``: a value is a text that `webmail.presentation.keys` reads. ``folder``: a value may
    also be the name of a folder. ``tab`` is its page of the settings.
    """

    name: str
    label: Any
    default: str
    choices: Choices | Callable[[], Choices]
    help_text: Any = ""
    lockable: bool = True
    wide: bool = False
    needs_beat: bool = False
    several: bool = False
    ordered: bool = False
    own_keys: bool = False
    folder: bool = False
    tab: str = "display"

    def options(self) -> Choices:
        return self.choices() if callable(self.choices) else self.choices

    def allows(self, value: object) -> bool:
        options = [option for option, _words in self.options()]
        if self.folder and isinstance(value, str):
            return bool(value) and len(value) <= MOST_FOLDER and not CONTROLS.search(value)
        if self.own_keys:
            return isinstance(value, str) and len(value) <= MOST_KEYS and not CONTROLS.search(value)
        if not (self.several or self.ordered):
            return value in options
        words = value.split(" ") if value and isinstance(value, str) else []
        if self.ordered:
            is_known = len(words) == len(set(words)) and set(words) <= set(options)
            return value == "" or (bool(words) and is_known)
        return value == " ".join(option for option in options if option in words)

    def words_of(self, value: str) -> str:
        """Return the label of a value on the settings page."""
        words = dict(self.options())
        if value in words:
            return str(words[value])
        return ", ".join(str(words.get(word, word)) for word in value.split(" "))


@dataclass(frozen=True)
class TextPreference(Preference):
    """A preference for one line of text."""

    longest: int = 200

    def allows(self, value: object) -> bool:
        return isinstance(value, str) and len(value) <= self.longest and not CONTROLS.search(value)

    def words_of(self, value: str) -> str:
        return value


@dataclass(frozen=True)
class HoursPreference(Preference):
    """A preference for working hours (`core.preferences.hours`), or ``off``."""

    def allows(self, value: object) -> bool:
        return value == OFF or hours.read_hours(value) is not None

    def words_of(self, value: str) -> str:
        working_hours = hours.read_hours(value)
        if working_hours is None:
            return str(_no_hours())
        days = ", ".join(str(words) for number, words in DAYS if int(number) in working_hours.days)
        return f"{days}, {working_hours.begin:%H:%M}–{working_hours.end:%H:%M}"


OFF = "off"
DAYS: Choices = (
    ("1", _("Monday")),
    ("2", _("Tuesday")),
    ("3", _("Wednesday")),
    ("4", _("Thursday")),
    ("5", _("Friday")),
    ("6", _("Saturday")),
    ("7", _("Sunday")),
)


def _no_hours() -> str | Promise:
    return pgettext_lazy("working hours", "None")


MOST_FOLDER = 250
"""The greatest length of the name of a start folder."""


MOST_KEYS = 400
"""The greatest length of a user's own keys, in characters."""


DECLARED: tuple[Preference, ...] = (
    Preference(
        "density",
        _("Density of the list"),
        "normal",
        (("airy", _("Airy")), ("normal", _("Normal")), ("compact", _("Compact"))),
    ),
    Preference(
        "snippets",
        _("Beginning of the message in the list"),
        "on",
        (
            ("on", pgettext_lazy("the beginning of a message", "Show it")),
            ("off", pgettext_lazy("the beginning of a message", "Do not show it")),
        ),
        help_text=_("Shown after the subject if there is room; in the airy list, below it."),
    ),
    Preference(
        "columns",
        _("Columns of the list"),
        "date tags",
        (
            ("date", _("Date")),
            ("size", _("Size")),
            ("tags", _("Tags")),
        ),
        help_text=_("In addition to the sender and the subject."),
        several=True,
    ),
    Preference(
        "conversations",
        _("Conversations"),
        "off",
        (("off", _("Message by message")), ("on", _("One row for each conversation"))),
        help_text=_("For folders whose order you have not chosen yourself."),
    ),
    Preference(
        "panes",
        _("Panes"),
        "right",
        (
            ("right", _("Message beside the list")),
            ("below", _("Message below the list")),
            ("none", _("Message in place of the list")),
        ),
    ),
    Preference(
        "after_filing",
        _("After deleting or filing a message"),
        "next",
        (
            ("next", _("Open the next one")),
            ("previous", _("Open the previous one")),
            ("list", _("Go back to the list")),
        ),
        tab="reading",
    ),
    Preference(
        "theme",
        _("Theme"),
        "system",
        (("system", _("As the computer")), ("light", _("Light")), ("dark", _("Dark"))),
    ),
    Preference(
        "accent",
        _("Accent colour"),
        "blue",
        (
            ("blue", _("Blue")),
            ("green", _("Green")),
            ("teal", _("Teal")),
            ("violet", _("Violet")),
            ("rose", _("Rose")),
            ("brown", _("Brown")),
        ),
    ),
    Preference(
        "text",
        _("Size of the text"),
        "normal",
        (
            ("small", _("Small")),
            ("normal", pgettext_lazy("size of the text", "Normal")),
            ("large", _("Large")),
            ("larger", _("Larger")),
        ),
    ),
    Preference(
        "start_folder",
        _("Folder to begin in"),
        "INBOX",
        (("INBOX", _("Inbox")),),
        wide=True,
        folder=True,
    ),
    Preference(
        "archive",
        _("Archive"),
        "year",
        (("year", _("By year: Archives/2026")), ("one", _("All in one folder"))),
        tab="reading",
    ),
    Preference(
        "mark_read",
        _("An opened message becomes read"),
        "0",
        (
            ("0", _("At once")),
            ("5", _("After 5 seconds")),
            ("20", _("After 20 seconds")),
            ("never", _("When I mark it")),
        ),
        tab="reading",
    ),
    Preference("language", _("Language"), "fr", (("fr", "Français"), ("en", "English"))),
    Preference(
        "dates",
        _("Dates in the list"),
        "relative",
        (("relative", _("14:32, Tue. 17:20, Fri. 20 Nov.")), ("full", _("12/05/2024 14:32"))),
    ),
    Preference("time_zone", _("Time zone"), settings.TIME_ZONE, _time_zones, wide=True),
    Preference(
        "page_size",
        _("Messages per page"),
        "50",
        tuple((str(number), str(number)) for number in (25, 50, 100)),
    ),
    Preference(
        "images",
        _("Remote images"),
        "ask",
        (("ask", _("Not loaded before I ask")), ("contacts", _("Always for my contacts"))),
        help_text=_("Loading them does not tell the sender who reads the message, nor from where."),
        tab="reading",
    ),
    Preference(
        "collect",
        _("People I write to"),
        "on",
        (("on", _("Remembered, to complete their addresses")), ("off", _("Not remembered"))),
        tab="writing",
    ),
    Preference(
        "adverts",
        _("Adverts and junk"),
        "move",
        (
            ("move", _("Set them aside in folders of their own")),
            ("mark", _("Only mark them in the inbox")),
            ("off", _("Leave them as they are")),
        ),
        help_text=_(
            "New mail is classified when it first appears. Nothing is ever deleted, and mail that"
            " you have read stays where it is."
        ),
        tab="adverts",
    ),
    Preference(
        "write_format",
        _("Messages I write"),
        "html",
        (
            ("html", _("With formatting")),
            ("same", _("With formatting, and answers to plain text as plain text")),
            ("plain", _("As plain text")),
        ),
        tab="writing",
    ),
    Preference(
        "reply_quote",
        _("Message I answer"),
        "quoted",
        (("quoted", _("Quoted in the answer")), ("none", _("Not in the answer"))),
        tab="writing",
    ),
    Preference(
        "reply_place",
        _("Place of my answer"),
        "above",
        (("above", _("Above the quoted message")), ("below", _("Below the quoted message"))),
        tab="writing",
    ),
    Preference(
        "signature_place",
        _("Place of my signature in an answer"),
        "answer",
        (("answer", _("Below my answer")), ("end", _("At the end of the message"))),
        tab="writing",
    ),
    Preference(
        "compose_in",
        _("Where I write"),
        "below",
        (
            ("below", _("Below the message that I answer, else in a pane of the page")),
            ("pane", _("In a pane of the page")),
            ("page", _("In a page of its own")),
            ("window", _("In a window of its own")),
        ),
        help_text=_(
            "The place below the message needs a wide window. On a phone, you always write in a"
            " page of its own."
        ),
        tab="writing",
    ),
    Preference(
        "undo_seconds",
        _("Time to take a message back"),
        "10",
        (
            ("0", _("None")),
            ("5", _("5 seconds")),
            ("10", _("10 seconds")),
            ("20", _("20 seconds")),
            ("30", _("30 seconds")),
        ),
        help_text=_("A message that you send waits for this time before it leaves."),
        needs_beat=True,
        tab="writing",
    ),
    HoursPreference(
        "hours",
        _("Working hours"),
        OFF,
        (),
        help_text=_(
            "If no day is ticked, you have no working hours. Outside them, sending when they next"
            " begin is offered beside “Send”, and new mail is shown neither on the desktop nor in"
            " the title. You can still read and send."
        ),
        tab="hours",
    ),
    Preference(
        "school_zone",
        _("School holidays"),
        "none",
        (
            ("none", pgettext_lazy("school holidays", "Do not count")),
            ("A", _("Zone A")),
            ("B", _("Zone B")),
            ("C", _("Zone C")),
        ),
        help_text=_(
            "These holidays and the public holidays of France are outside your working hours."
            " Your absence can be filled in from them."
        ),
        wide=True,
        tab="hours",
    ),
    Preference(
        "hours_line",
        _("A line in my answers outside my working hours"),
        "off",
        (
            ("off", pgettext_lazy("a line below an answer", "None")),
            ("on", _("Below the text; I can remove it")),
        ),
        tab="hours",
    ),
    TextPreference(
        "hours_words",
        _("Words of this line"),
        "",
        (),
        help_text=_("Empty: “This message calls for no answer outside your working hours.”"),
        tab="hours",
    ),
    Preference(
        "each_copy",
        _("Copy in Sent of one message to each"),
        "one",
        (
            ("one", _("One, which lists those who got it")),
            ("all", _("A copy of each message")),
        ),
        tab="writing",
    ),
    Preference(
        "receipts",
        _("Read receipts that senders ask for"),
        "ask",
        (("ask", _("Ask me each time")), ("never", _("Never send any"))),
        help_text=_("No receipt is sent without your consent."),
        tab="reading",
    ),
    Preference(
        "first_steps",
        _("First steps above the inbox"),
        "off",
        (("on", _("Show them")), ("off", _("Do not show them"))),
        lockable=False,
    ),
    Preference(
        "tips",
        _("Tips"),
        "",
        (
            ("reader", pgettext_lazy("where a tip is shown", "In a message")),
            ("compose", pgettext_lazy("where a tip is shown", "While I write")),
            ("search", pgettext_lazy("where a tip is shown", "Where I search")),
            ("contacts", pgettext_lazy("where a tip is shown", "In my contacts")),
            ("rules", pgettext_lazy("where a tip is shown", "Among my rules")),
        ),
        help_text=_("Each tip is a line where it is first useful, until you close it."),
        lockable=False,
        several=True,
    ),
    Preference(
        "toolbar",
        _("Toolbar of the message"),
        "reply reply_all forward archive choose junk trash",
        (
            ("reply", pgettext_lazy("verb", "Reply")),
            ("reply_all", _("Reply to all")),
            ("forward", pgettext_lazy("verb: a message to somebody", "Forward")),
            ("archive", pgettext_lazy("verb", "Archive")),
            ("choose", pgettext_lazy("verb", "Move")),
            ("junk", _("Report as junk")),
            ("trash", _("Delete")),
            ("flag", _("Flag for follow-up")),
            ("unseen", _("Mark as unread")),
            ("tags", _("Tags…")),
            ("rule", _("Create a rule…")),
            ("print", _("Print")),
            ("source", _("Download the source (.eml)")),
        ),
        help_text=_(
            "Other actions are in the menu “More actions”. The bar for messages ticked in a list"
            " has the same order."
        ),
        lockable=False,
        ordered=True,
        tab="tools",
    ),
    Preference(
        "keys",
        pgettext_lazy("of the keyboard", "Keys"),
        "gmail",
        (
            ("gmail", _("As in Gmail")),
            ("roundcube", _("As in Roundcube")),
            ("own", _("My own")),
            ("none", _("No key of one letter")),
        ),
        help_text=_(
            "The key “?” shows the keys in force. Without keys of one letter, “?” among them, all"
            " letters are left to a screen reader or to dictation; the buttons and menus do the"
            " same."
        ),
        lockable=False,
        tab="tools",
    ),
    Preference(
        "own_keys",
        _("My own keys"),
        "",
        (),
        lockable=False,
        own_keys=True,
        tab="tools",
    ),
    Preference(
        "key_sheet",
        _("The key “?” shows the keys"),
        "everywhere",
        (
            ("everywhere", _("Wherever no text is typed")),
            ("list", _("In the list and in an open message alone")),
        ),
        help_text=_("Limit it if you dictate to your computer instead of typing."),
        tab="tools",
    ),
    Preference(
        "notifications",
        _("New mail on the desktop"),
        "off",
        (("off", _("Show nothing")), ("on", _("Show who writes, and the subject"))),
        help_text=_(
            "While you look at something else, the browser can show new messages of your inbox. It"
            " asks whether it may. On a shared computer nothing is shown."
        ),
        tab="notifications",
    ),
)
BY_NAME: Mapping[str, Preference] = {preference.name: preference for preference in DECLARED}
NEWCOMER: Mapping[str, str] = {"first_steps": "on", "tips": "reader compose search contacts rules"}
"""Hints for a new user, until the user closes them."""


@dataclass(frozen=True)
class AdministratorsChoice:
    """The administrators' value of a preference. ``locked`` says that users cannot change it;
    ``least`` are working hours that each user's must cover.
    """

    value: str
    locked: bool
    least: str = ""


@dataclass(frozen=True, slots=True)
class UserGroup:
    """The values of a user that an administrators' value may be limited to: the id of the mail
    domain, the code of the school, the function.
    """

    domain: int | None = None
    school: str = ""
    function: str = ""


@dataclass(frozen=True, slots=True)
class GroupsValue:
    """An administrators' value and its limits. It is for users who match all given limits. A
    function is matched by its beginning, ignoring case and accents.
    """

    name: str
    value: str
    locked: bool
    domain: int | None = None
    school: str = ""
    function: str = ""
    least: str = ""

    def is_for(self, group: UserGroup) -> bool:
        if self.domain is not None and self.domain != group.domain:
            return False
        if self.school and self.school != group.school:
            return False
        return not self.function or fold(group.function).startswith(fold(self.function))

    @property
    def rank(self) -> tuple[bool, ...]:
        """The rank of a value: if two values match a user, the greater counts. A lock ranks before
        a default. Among locks, that of a mail domain comes before those of a school, of a function
        and of all users; among defaults the narrowest comes first: school, function, mail domain,
        all users.
        """
        named = (self.domain is not None, bool(self.school), bool(self.function))
        return (self.locked, *(named if self.locked else (*named[1:], named[0])))


def for_group(values: Iterable[GroupsValue], group: UserGroup) -> dict[str, AdministratorsChoice]:
    """Return the administrators' values for one user by name of the preference."""
    by_name: dict[str, GroupsValue] = {}
    for value in values:
        current = by_name.get(value.name)
        if value.is_for(group) and (current is None or value.rank > current.rank):
            by_name[value.name] = value
    return {
        name: AdministratorsChoice(chosen.value, chosen.locked, chosen.least)
        for name, chosen in by_name.items()
    }


@dataclass(frozen=True)
class Preferences:
    """The values in force for one user."""

    density: str
    snippets: str
    columns: str
    conversations: str
    panes: str
    after_filing: str
    theme: str
    accent: str
    text: str
    start_folder: str
    archive: str
    mark_read: str
    language: str
    dates: str
    time_zone: str
    page_size: str
    images: str
    collect: str
    adverts: str
    write_format: str
    reply_quote: str
    reply_place: str
    signature_place: str
    compose_in: str
    undo_seconds: str
    hours: str
    school_zone: str
    hours_line: str
    hours_words: str
    each_copy: str
    receipts: str
    first_steps: str
    tips: str
    toolbar: str
    keys: str
    own_keys: str
    key_sheet: str
    notifications: str
    locked: frozenset[str] = frozenset()
    hours_least: str = ""

    @classmethod
    def combine(
        cls, chosen: Mapping[str, Any], administrators: Mapping[str, AdministratorsChoice]
    ) -> Preferences:
        """Return the values in force: a lock, else the user's choice, else the administrators'
        default, else the declared default. A value that is no longer allowed is ignored.
        """
        values, locked = {}, set()
        for preference in DECLARED:
            theirs = administrators.get(preference.name)
            if theirs and not preference.allows(theirs.value):
                theirs = None
            value = chosen.get(preference.name)
            if theirs is None and value is None:
                values[preference.name] = preference.default
                continue
            if theirs and theirs.locked and preference.lockable:
                locked.add(preference.name)
                value = theirs.value
            elif not preference.allows(value):
                value = theirs.value if theirs else preference.default
            values[preference.name] = str(value)
        asked = administrators.get("hours")
        least = asked.least if asked else ""
        values["hours"] = _at_least(values["hours"], least)
        return cls(locked=frozenset(locked), hours_least=least, **values)


def _at_least(value: str, least: str) -> str:
    """Return working hours extended to those of the administrators; ``off`` covers all hours."""
    chosen, required = hours.read_hours(value), hours.read_hours(least)
    return chosen.widened(required).value if chosen and required else value
