"""The input from browsers, validated."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.datastructures import MultiValueDict
from django.utils.text import Truncator
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from addressbook import vcard
from addressbook.contact_data import ContactData, Email, Phone, Photo, PostalAddress
from addressbook.contacts import duplicates, photos
from addressbook.models import Group
from addressbook.presentation.contacts import (
    EMAIL_TYPES,
    PLACES,
    TELEPHONES,
    day_words,
    value_words,
)

MOST_LINES = 30
"""The largest number of lines of one kind: addresses, telephones or postal addresses."""
MOST_CHOSEN = 5_000
FILLED = ("category", "organization", "school")
"""The fields of `contacts.FillableField`."""
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


class ListForm(forms.Form):
    """The query of a list. Invalid values give the first page, not an error."""

    q = forms.CharField(required=False, max_length=200)
    page = forms.IntegerField(required=False, min_value=1, max_value=2**31)
    group = forms.IntegerField(required=False, min_value=1, max_value=2**62)

    def value(self, name: str) -> Any:
        self.is_valid()
        return self.cleaned_data.get(name)


class PkList(forms.Field):
    """The numbers of rows, as a repeated field."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> list[int]:
        texts = [str(text) for text in value or ()]
        if len(texts) > MOST_CHOSEN or not all(re.fullmatch(r"[0-9]{1,18}", t) for t in texts):
            raise ValidationError(_("Choose the contacts again."))
        return [int(text) for text in texts]


class ActForm(forms.Form):
    """An action on chosen contacts."""

    VERBS = ("delete", "undelete", "group", "ungroup", "fill", "unarchive")

    verb = forms.ChoiceField(choices=[(verb, verb) for verb in VERBS])
    contacts = PkList()
    group = forms.IntegerField(required=False, min_value=1, max_value=2**62)
    field = forms.ChoiceField(required=False, choices=[(field, field) for field in FILLED])
    value = forms.CharField(required=False, max_length=300)

    def clean_value(self) -> str:
        """Replace the commas of a category, which would make two of it."""
        text = _CONTROLS.sub(" ", self.cleaned_data["value"])
        if self.cleaned_data.get("field") == "category":
            text = text.replace(",", " ")
        return " ".join(text.split())


class FormerList(forms.Field):
    """Texts by key, from a repeated field of ``key:text``."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> dict[int, str]:
        matches = [
            re.fullmatch(r"([0-9]{1,18}):(.{0,1000})", str(text), re.DOTALL) for text in value or ()
        ]
        if len(matches) > MOST_CHOSEN or not all(matches):
            raise ValidationError(_("Choose the contacts again."))
        return {int(match[1]): match[2] for match in matches if match}


class UnfillForm(forms.Form):
    """The values that `ActForm` wrote into contacts, and the former ones."""

    field = forms.ChoiceField(choices=[(field, field) for field in FILLED])
    value = forms.CharField(max_length=300)
    former = FormerList()


class BinForm(forms.Form):
    """The chosen entries of the bin, and the action on them."""

    verb = forms.ChoiceField(choices=[(verb, verb) for verb in ("restore", "erase")])
    contacts = PkList(required=False)
    groups = PkList(required=False)


class DirectoryForm(ListForm):
    """The query of the directory: words, and the number of a school (UAI)."""

    school = forms.CharField(required=False, max_length=8)


class CollectedForm(forms.Form):
    """The collected recipients to delete, or those that were deleted (``former``, signed)."""

    people = PkList(required=False)
    former = forms.CharField(required=False, max_length=200_000)

    def clean(self) -> None:
        if not (self.cleaned_data.get("people") or self.cleaned_data.get("former")):
            raise ValidationError(_("Choose at least one person."))


class UnmergeForm(forms.Form):
    """A merged contact, and the contacts of which it was made."""

    merged = forms.IntegerField(min_value=1, max_value=2**62)
    contacts = PkList()


class ExportForm(forms.Form):
    """The contacts to export, and the format."""

    format = forms.ChoiceField(
        label=_("Format"),
        choices=[
            ("vcard4", _("vCard 4.0: complete, for recent programs and this webmail")),
            ("vcard3", _("vCard 3.0: for telephones and older programs")),
            ("csv", _("CSV: for a spreadsheet")),
        ],
        initial="vcard3",
        widget=forms.RadioSelect,
    )
    group = forms.ModelChoiceField(
        Group.objects.none(),
        label=pgettext_lazy("export", "Which contacts"),
        required=False,
        empty_label=pgettext_lazy("export", "All my contacts"),
        widget=forms.Select(attrs={"class": "select"}),
    )
    contacts = PkList(required=False)

    def __init__(self, data: Mapping[str, Any] | None, *, user: User, **more: Any) -> None:
        super().__init__(data, **more)
        self.fields["group"].queryset = Group.objects.of(user)  # type: ignore[attr-defined]


class GroupForm(forms.Form):
    """The name of a group."""

    name = forms.CharField(
        label=_("Name of the group"),
        max_length=200,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )

    def clean_name(self) -> str:
        return " ".join(_CONTROLS.sub(" ", self.cleaned_data["name"]).split())


class ExternalForm(forms.Form):
    """The group's addresses that belong to no contact."""

    external = forms.CharField(
        label=_("Other addresses of the group"),
        help_text=_("One on a line, or between commas: of people who are not in your contacts."),
        required=False,
        max_length=500_000,
        widget=forms.Textarea(attrs={"class": "input", "rows": 5, "spellcheck": "false"}),
    )

    former = forms.CharField(required=False, max_length=500_000, widget=forms.HiddenInput)

    def clean_external(self) -> list[str]:
        return addresses_of(self.cleaned_data["external"])

    def clean_former(self) -> list[str] | None:
        """Return the addresses that the form was filled with; None if it does not have them."""
        text = self.cleaned_data["former"]
        return text.splitlines() if "former" in self.data else None


class AddForm(forms.Form):
    """A person to add, from a mail or from the directory."""

    name = forms.CharField(required=False, max_length=300)
    address = forms.CharField(max_length=400)

    def clean_address(self) -> str:
        return one_address(self.cleaned_data["address"])


def addresses_of(text: str) -> list[str]:
    """Return the addresses of lines that were typed, or pasted from the recipients of a message.
    Each comes once, as it was first typed."""
    addresses: dict[str, str] = {}
    for line in text.splitlines():
        if typed := line.strip().strip(",;").strip():
            people = vcard.recipients_in(typed)
            if not people:
                words = gettext("“%(typed)s” is not an e-mail address.")
                raise ValidationError(words % {"typed": Truncator(typed).chars(80)})
            for address in map(one_address, people):
                addresses.setdefault(address.lower(), address)
    return list(addresses.values())


def one_address(text: str) -> str:
    """Return the address of a text, as lenient as the import is: an imported contact must stay
    editable."""
    addresses = vcard.addresses_in(text)
    if len(addresses) != 1 or len(addresses[0]) > 254:
        raise ValidationError(_("This is not an e-mail address."))
    return addresses[0]


class DayField(forms.CharField):
    """A field that shows ``2009-05-12`` as ``12/05/2009`` and ``--05-12`` as ``12/05``."""

    def prepare_value(self, value: Any) -> Any:
        text = str(value or "")
        return day_words(text) if re.fullmatch(r"\d{4}-\d\d-\d\d|--\d\d-\d\d", text) else value

    def clean(self, value: Any) -> str:
        text = str(super().clean(value) or "").strip()
        if not text:
            return ""
        match = re.fullmatch(r"(\d\d?)[/. -](\d\d?)(?:[/. -](\d{4}))?", text)
        day = vcard.day_of(int(match[3] or 0), int(match[2]), int(match[1])) if match else ""
        if not (day or vcard.iso_date(text)):
            raise ValidationError(_("Write the day like 12/05/2009 or 12/05."))
        return day or vcard.iso_date(text)


_INPUT = {"class": "input", "autocomplete": "off"}
_TEXT = forms.TextInput(attrs=_INPUT)
_SELECT = forms.Select(attrs={"class": "select"})


def _text(label: Any, length: int = 300, **more: Any) -> forms.CharField:
    return forms.CharField(label=label, max_length=length, required=False, widget=_TEXT, **more)


def _choice(words: Mapping[str, Any]) -> forms.ChoiceField:
    label = pgettext_lazy("of an address or telephone", "Type")
    choices = list(words.items())
    return forms.ChoiceField(label=label, choices=choices, required=False, widget=_SELECT)


class EmailLine(forms.Form):
    address = _text(pgettext_lazy("mail", "E-mail address"), 400)
    type = _choice(EMAIL_TYPES)

    def clean_address(self) -> str:
        text = self.cleaned_data["address"].strip()
        return one_address(text) if text else ""


class PhoneLine(forms.Form):
    number = _text(_("Telephone number"), 100)
    type = _choice(TELEPHONES)


class PostalLine(forms.Form):
    street = forms.CharField(
        label=_("Street"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"class": "textarea", "rows": 2}),
    )
    postal_code = _text(_("Postal code"), 40)
    city = _text(_("Town"))
    po_box = _text(_("PO box"))
    region = _text(_("Region"))
    country = _text(_("Country"))
    type = _choice(PLACES)


class ContactForm(forms.Form):
    """A contact. ``lines`` are its repeated parts. An empty line is ignored, and the first line of
    a kind is the preferred one unless another is marked."""

    civility = _text(pgettext_lazy("before a name", "Title"), 60)
    first_name = _text(_("First name"))
    last_name = _text(_("Last name"))
    middle_name = _text(_("Middle name"))
    suffix = _text(_("Suffix of the name"), 60)
    display_name = _text(
        _("Shown as"), help_text=_("Empty: first name and last name, else the organisation.")
    )
    nickname = _text(_("Nickname"))
    job_title = _text(pgettext_lazy("at work", "Function"))
    organization = _text(_("Organisation"))
    department = _text(_("Department"))
    school = _text(_("School"))
    birthday = DayField(
        label=_("Birthday"),
        required=False,
        max_length=20,
        widget=_TEXT,
        help_text=_("Day/month/year, or day/month."),
    )
    anniversary = DayField(label=_("Anniversary"), required=False, max_length=20, widget=_TEXT)
    urls = forms.CharField(
        label=_("Web sites"),
        required=False,
        max_length=4000,
        help_text=_("One on a line."),
        widget=forms.Textarea(attrs={"class": "textarea", "rows": 2}),
    )
    categories = _text(_("Categories"), 2000, help_text=_("Separated by commas."))
    notes = forms.CharField(
        label=_("Note"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"class": "textarea", "rows": 4}),
    )
    photo = forms.FileField(
        label=_("Picture"),
        required=False,
        help_text=_("JPEG, PNG, GIF or WebP, up to 5 MB."),
        widget=forms.FileInput(attrs={"accept": "image/*"}),
    )
    remove_photo = forms.BooleanField(label=_("Remove the picture"), required=False)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        files: MultiValueDict[str, UploadedFile] | None = None,
        *,
        old: ContactData,
    ) -> None:
        super().__init__(data, files, initial=_initial(old))
        self.old = old
        self.emails = self._set(EmailLine, "emails", data, old.emails)
        self.phones = self._set(PhoneLine, "phones", data, old.phones)
        self.addresses = self._set(PostalLine, "addresses", data, old.addresses)

    @staticmethod
    def _set(
        line: type[forms.Form], prefix: str, data: Mapping[str, Any] | None, old: Sequence[Any]
    ) -> forms.BaseFormSet[forms.Form]:
        line_set = forms.formset_factory(
            line, extra=0 if old else 1, max_num=MOST_LINES, absolute_max=MOST_LINES + 5
        )
        if data is not None:
            data = _with_one_more(data, prefix)
        initial = [{name: getattr(entry, name) for name in line.base_fields} for entry in old]
        for entry, texts in zip(old, initial, strict=True):
            # An address without parts is shown as its lines.
            if isinstance(entry, PostalAddress) and not any(_parts_of(entry)):
                texts["street"] = entry.formatted
        return line_set(data, prefix=prefix, initial=initial)

    @property
    def lines(self) -> tuple[forms.BaseFormSet[forms.Form], ...]:
        return (self.emails, self.phones, self.addresses)

    @property
    def preferred(self) -> tuple[str, str]:
        """The numbers of the preferred lines of e-mail addresses and telephones."""
        return self.data.get("preferred-emails", "0"), self.data.get("preferred-phones", "0")

    def is_valid(self) -> bool:
        return all([super().is_valid(), *(lines.is_valid() for lines in self.lines)])

    def clean_photo(self) -> bytes | None:
        file = self.cleaned_data["photo"]
        if file is None:
            return None
        content = file.read(photos.LARGEST_FILE + 1)
        encoded = photos.encode(content)
        if encoded is None:
            raise ValidationError(_("This picture cannot be used: it is too large or damaged."))
        return encoded

    def clean(self) -> dict[str, Any] | None:
        if not (self.errors or vcard.full_name(self._parts()) or self._typed()):
            raise ValidationError(_("Enter a name, an address or a telephone number."))
        return self.cleaned_data

    def _typed(self) -> bool:
        """Return whether the user typed a name, an address or a number, valid or not."""
        names = ("emails-{}-address", "phones-{}-number")
        texts = [self.data.get(name.format(n), "") for name in names for n in range(MOST_LINES)]
        cleaned = (self.cleaned_data.get("display_name"), self.cleaned_data.get("nickname"))
        return bool(any(text.strip() for text in texts) or any(cleaned))

    def _parts(self) -> ContactData:
        """Return the old contact with the new texts of the fields that have one text each."""
        cleaned = self.cleaned_data
        names = (
            "first_name", "middle_name", "last_name", "suffix", "display_name", "nickname",
            "job_title", "organization", "department", "school", "birthday", "anniversary",
        )  # fmt: skip
        texts: dict[str, Any] = {name: " ".join(cleaned.get(name, "").split()) for name in names}
        texts["prefix"] = " ".join(cleaned.get("civility", "").split())
        notes = cleaned.get("notes", "").replace("\r\n", "\n").strip()
        urls = tuple(url.strip() for url in cleaned.get("urls", "").splitlines() if url.strip())
        words = (" ".join(word.split()) for word in cleaned.get("categories", "").split(","))
        categories = tuple(dict.fromkeys(word for word in words if word))
        bare = replace(self.old, emails=(), phones=(), addresses=(), photo=None)
        return replace(bare, **texts, notes=notes, urls=urls, categories=categories)

    def contact(self) -> ContactData:
        """Return the contact as it is now. The form must be valid."""
        photo = None if self.cleaned_data["remove_photo"] else self.old.photo
        if self.cleaned_data["photo"]:
            photo = Photo("image/webp", self.cleaned_data["photo"])
        emails = _in_order(self.emails, self.preferred[0])
        phones = _in_order(self.phones, self.preferred[1])
        data = replace(
            self._parts(),
            emails=tuple(Email(e["address"], e["type"] or "other") for e in emails if e["address"]),
            phones=tuple(Phone(p["number"], p["type"] or "other") for p in phones if p["number"]),
            addresses=tuple(self._postal()),
            photo=photo,
        )
        return replace(data, display_name=data.display_name or vcard.full_name(data))

    def _postal(self) -> list[PostalAddress]:
        """Return the postal addresses. An address without parts stays so while nothing else is
        typed."""
        addresses = []
        for number, line in enumerate(self.addresses.cleaned_data):
            texts = {name: text.replace("\r\n", "\n").strip() for name, text in line.items()}
            address = PostalAddress(**(texts | {"type": texts.get("type") or "other"}))
            is_old = number < len(self.old.addresses)
            before = self.old.addresses[number] if is_old else PostalAddress()
            if not any(_parts_of(before)) and _parts_of(address) == (before.formatted, *[""] * 5):
                address = replace(before, type=address.type)
            if any(_parts_of(address)) or address.formatted:
                addresses.append(address)
        return addresses


def _parts_of(address: PostalAddress) -> tuple[str, ...]:
    return (
        address.street, address.po_box, address.city, address.region, address.postal_code,
        address.country,
    )  # fmt: skip


def _with_one_more(data: Mapping[str, Any], prefix: str) -> Mapping[str, Any]:
    """Add one empty line of a kind, for the button "add" of a browser without scripts."""
    count = str(data.get(f"{prefix}-TOTAL_FORMS", ""))
    if data.get("more") != prefix or not re.fullmatch(r"[0-9]{1,2}", count):
        return data
    return {**{name: data[name] for name in data}, f"{prefix}-TOTAL_FORMS": str(int(count) + 1)}


def _in_order(lines: forms.BaseFormSet[forms.Form], preferred: str) -> list[dict[str, Any]]:
    """Return the cleaned lines, the preferred one first."""
    cleaned = [
        {"type": "", **dict.fromkeys(lines.form.base_fields, ""), **line}
        for line in lines.cleaned_data
    ]
    if re.fullmatch(r"[0-9]{1,2}", preferred) and int(preferred) < len(cleaned):
        cleaned.insert(0, cleaned.pop(int(preferred)))
    return cleaned


def _initial(old: ContactData) -> dict[str, Any]:
    names = [name for name in ContactForm.base_fields if hasattr(old, name) and name != "photo"]
    initial = {name: getattr(old, name) for name in names} | {"civility": old.prefix}
    # The name is filled in only if it differs from the one that the other fields give.
    if old.display_name == vcard.full_name(replace(old, display_name="")):
        initial["display_name"] = ""
    initial["urls"] = "\n".join(old.urls)
    initial["categories"] = ", ".join(old.categories)
    return initial


# The names of the fields of `ContactData`.
LABELS = {
    "display_name": _("Shown as"),
    "prefix": pgettext_lazy("before a name", "Title"),
    "first_name": _("First name"),
    "middle_name": _("Middle name"),
    "last_name": _("Last name"),
    "suffix": _("Suffix of the name"),
    "nickname": _("Nickname"),
    "organization": _("Organisation"),
    "department": _("Department"),
    "job_title": pgettext_lazy("at work", "Function"),
    "school": _("School"),
    "birthday": _("Birthday"),
    "anniversary": _("Anniversary"),
    "notes": _("Note"),
    "emails": _("E-mail addresses"),
    "phones": _("Telephones"),
    "addresses": _("Postal addresses"),
    "urls": _("Web sites"),
    "categories": _("Categories"),
}


class MergeForm(forms.Form):
    """The values to keep of several contacts. A field in which they differ has one value; addresses
    and the like keep every ticked value. Values are numbered as in `duplicates.values`."""

    def __init__(self, data: Mapping[str, Any] | None, *, datas: Sequence[ContactData]) -> None:
        super().__init__(data)
        self.datas = datas
        for name in duplicates.TEXTS:
            values = duplicates.values(datas, name)
            if len(values) > 1:
                self.fields[name] = self._one(name, values)
        for name in duplicates.SEVERAL:
            values = duplicates.values(datas, name)
            if len(values) > 1:
                self.fields[name] = self._many(name, values)

    @staticmethod
    def _one(name: str, values: Sequence[object]) -> forms.Field:
        choices = [(str(number), value_words(value)) for number, value in enumerate(values)]
        if name == "notes":
            choices.insert(0, ("-1", gettext("All of them, one below the other")))
        return forms.ChoiceField(
            label=LABELS[name], choices=choices, initial=choices[0][0], widget=forms.RadioSelect
        )

    @staticmethod
    def _many(name: str, values: Sequence[object]) -> forms.Field:
        choices = [(str(number), value_words(value)) for number, value in enumerate(values)]
        return forms.MultipleChoiceField(
            label=LABELS[name],
            choices=choices,
            required=False,
            initial=[number for number, _words in choices],
            widget=forms.CheckboxSelectMultiple,
        )

    def combined(self) -> ContactData:
        """Return the contact as chosen. The form must be valid."""
        cleaned = self.cleaned_data
        chosen = {name: int(cleaned[name]) for name in duplicates.TEXTS if name in cleaned}
        numbers = {
            name: {int(number) for number in cleaned[name]}
            for name in duplicates.SEVERAL
            if name in cleaned
        }
        return duplicates.combine(self.datas, chosen, numbers)
