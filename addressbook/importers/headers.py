"""The canonical fields of header names (`headers.json`), in French, English and LDAP."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from importlib import resources

from addressbook import vcard
from addressbook.folding import fold, words

# LDAP attributes (Mozilla, SUN): in LDIF, and as headers of tables that were made from it.
ATTRIBUTES = {
    "cn": "display_name",
    "displayname": "display_name",
    "givenname": "first_name",
    "sn": "last_name",
    "middlename": "middle_name",
    "initials": "_ignored",
    "suffix": "suffix",
    "nickname": "nickname",
    "mozillanickname": "nickname",
    "xmozillanickname": "nickname",
    "mail": "email",
    "mozillasecondemail": "email",
    "xmozillasecondemail": "email",
    "mailalternateaddress": "email",
    "telephonenumber": "phone:work",
    "homephone": "phone:home",
    "mobile": "phone:mobile",
    "cellphone": "phone:mobile",
    "mobiletelephonenumber": "phone:mobile",
    "fax": "phone:fax",
    "facsimiletelephonenumber": "phone:fax",
    "homefax": "phone:home_fax",
    "pager": "phone:pager",
    "pagerphone": "phone:pager",
    "piadditionalphone": "sun:phone:99:value",
    "homestreet": "home.street",
    "mozillahomestreet": "home.street",
    "mozillahomestreet2": "home.street2",
    "mozillahomelocalityname": "home.city",
    "mozillahomestate": "home.region",
    "mozillahomepostalcode": "home.postal_code",
    "mozillahomecountryname": "home.country",
    "homepostaladdress": "home.lines",
    "homepobox": "home.po_box",
    "homecity": "home.city",
    "homestate": "home.region",
    "homepostalcode": "home.postal_code",
    "homecountry": "home.country",
    "street": "work.street",
    "streetaddress": "work.street",
    "mozillaworkstreet2": "work.street2",
    "postofficebox": "work.po_box",
    "l": "work.city",
    "locality": "work.city",
    "st": "work.region",
    "region": "work.region",
    "postalcode": "work.postal_code",
    "c": "work.country",
    "co": "work.country",
    "countryname": "work.country",
    "postaladdress": "work.lines",
    "workpostaladdress": "work.lines",
    "workpobox": "work.po_box",
    "workcity": "work.city",
    "workstate": "work.region",
    "workpostalcode": "work.postal_code",
    "workcountry": "work.country",
    "title": "job_title",
    "jobtitle": "job_title",
    "department": "department",
    "departmentnumber": "department",
    "ou": "department",
    "orgunit": "department",
    "company": "organization",
    "o": "organization",
    "mozillaworkurl": "url",
    "workurl": "url",
    "mozillahomeurl": "url",
    "homeurl": "url",
    "labeleduri": "url",
    "birthyear": "birthday:y",
    "birthmonth": "birthday:m",
    "birthday": "birthday:d",
    "dateofbirth": "birthday",
    "description": "notes",
    "notes": "notes",
    "multilinedescription": "notes",
    "jpegphoto": "photo",
}
# Names that `headers.json` does not have: Yahoo, KMail, the Windows address book, handmade lists.
_MORE = {
    "display_name": ("Nom#2", "fullName", "Nom et prénom", "Nom prénom", "Prénom Nom", "Contact",
                     "Nom d'affichage"),
    "email": ("Mails", "E-mails", "Emails", "Adresses", "Messagerie", "Mel", "Adresse courriel"),
    "email:2": ("Alternate Email", "E-mail secondaire", "Courriel 2", "Mél 2"),
    "phone:home": ("Home", "Tél domicile", "Domicile", "Téléphone domicile", "Téléphone fixe"),
    "phone:work": ("Tél bureau", "Tél. bureau", "Téléphone bureau", "Tél professionnel"),
    "phone:home_fax": ("Télécopie personnelle",),
    "phone:mobile": ("mobilePhone", "Tél portable", "Tél. portable", "Tél mobile",
                     "Téléphone mobile"),
    "phone:other": ("Other", "Primary", "Yahoo! Phone", "Radio Phone", "radioPhone"),
    "organization": ("Etablissement scolaire", "Collège", "Lycée", "Organisme"),
    "job_title": ("Fonction(s)", "Qualité"),
    "birthday": ("Date naissance", "Naissance"),
    "anniversary": ("Anniversaire de mariage",),
    "notes": ("Comments", "Observations", "Observation", "Description"),
    "url": ("Business Website", "Personal Website", "Business Web Page", "Home Page", "Site",
            "Page Web personnelle", "Page Web professionnelle", "homeURL", "workURL"),
    "categories": ("Distribution Lists", "Liste", "Listes"),
    "home.street": ("Home Address Street", "Rue", "Adresse postale"),
    "home.city": ("Home Address City", "Ville", "Commune", "Localité"),
    "home.region": ("Home Address Region", "Pays/État", "Département"),
    "home.postal_code": ("Home Address Post Code", "Code postal", "Home ZIP"),
    "home.country": ("Home Address Country", "Pays", "Home Country/Region"),
    "home.formatted": ("Home Address Label", "object_homeaddress"),
    "work.street": ("Business Address Street", "Business Address"),
    "work.city": ("Business Address City", "City"),
    "work.region": ("Business Address Region", "State"),
    "work.postal_code": ("Business Address Post Code", "Work ZIP", "ZIP", "Postal Code", "Zip"),
    "work.country": ("Business Address Country", "Country"),
    "work.formatted": ("Business Address Label",),
    "other.street2": ("Other Street 2", "Rue (autre) 2"),
    "other.street3": ("Other Street 3", "Rue (autre) 3"),
    "other.po_box": ("otherPOBox", "Other Address PO Box", "Autre boîte postale",
                     "object_otherpob"),
    # The name in the order of a sorted list, without civility and middle name.
    "x:FILE-AS": ("File As", "Enregistrer sous"),
    "x:SPOUSE": ("spouse", "Conjoint(e)", "object_spouse", "Spouse's Name"),
    "x:CHILDREN": ("children", "Enfants", "object_children"),
    "x:MANAGER": ("manager", "Responsable", "Manager's Name", "object_manager"),
    "x:ASSISTANT": ("assistant", "Assistant's Name", "Nom de l'assistant(e)", "object_assistant"),
    "x:OFFICE": ("Office Location", "Bureau", "Office"),
    "x:IM": ("imaddress", "imaddress2", "imaddress3", "object_imaddress", "object_imaddress2",
             "object_imaddress3", "Screen Name", "Nom de l'écran", "nsAIMid", "Messenger ID",
             "IMAddress"),
    "x:FREEBUSY": ("freebusyUrl", "Internet Free Busy", "Disponibilité Internet",
                   "object_freebusyurl"),
    "x:PGP-KEY": ("pgpPublicKey", "object_pgppublickey"),
    "x:SMIME-KEY": ("smimePublicKey", "object_smimepublickey"),
    "x:YOMI-FIRST-NAME": ("yomifirstname", "Given Name Yomi", "Phonetic First Name"),
    "x:YOMI-LAST-NAME": ("yomilastname", "Family Name Yomi", "Phonetic Last Name"),
    "x:CUSTOM1": ("Custom 1", "Divers 1", "Utilisateur 1", "User 1", "mozillaCustom1"),
    "x:CUSTOM2": ("Custom 2", "Divers 2", "Utilisateur 2", "User 2", "mozillaCustom2"),
    "x:CUSTOM3": ("Custom 3", "Divers 3", "Utilisateur 3", "User 3", "mozillaCustom3"),
    "x:CUSTOM4": ("Custom 4", "Divers 4", "Utilisateur 4", "User 4", "mozillaCustom4"),
    "_ignored": ("photo", "logo", "object_photo", "object_logo", "phototype", "logotype",
                 "object_phototype", "object_logotype", "object_photoorig", "initials",
                 "Nom complet de l'adresse de messagerie",
                 "Nom complet de l'adresse de messagerie 2",
                 "Nom complet de l'adresse de messagerie 3", "E-mail Display Name",
                 "E-mail 2 Display Name", "E-mail 3 Display Name"),
}  # fmt: skip
_GOOGLE = re.compile(
    r"(e-mail|phone|address|website|organization|event|custom field|im|relation)"
    r" (\d{1,2}) - (.{1,30})"
)
_GOOGLE_ADDRESS = {
    "street": "street",
    "city": "city",
    "po box": "po_box",
    "region": "region",
    "postal code": "postal_code",
    "country": "country",
    "extended address": "extended",
    "formatted": "formatted",
}
_SUN = re.compile(r"pi(email|phone|website)(\d{1,2})(type|cn|transtype|descr)?")


def normal(header: str) -> str:
    """Return a header in the form that is compared."""
    plain = header.replace("’", "'").replace("\u200b", "").strip().strip('"')
    return fold(plain)


@cache
def _names() -> dict[str, str]:
    """Return the field of each normal header; repeated headers are named as in ``ville#1``."""
    text = resources.files(__package__).joinpath("headers.json").read_text(encoding="utf-8")
    lists: dict[str, list[str]] = json.loads(text)["fields"]
    names = dict(ATTRIBUTES)
    del names["birthday"]
    for fields in (_MORE, lists):
        for field, headers in fields.items():
            names.update({normal(header): field for header in headers})
    return names


def known(header: str) -> bool:
    """Return whether a cell is a header that some program or person writes."""
    name = normal(header)
    return name in _names() or bool(
        _by_words(name) or _GOOGLE.fullmatch(name) or _SUN.fullmatch(name)
    )


def fields_of(headers: Sequence[str]) -> list[str]:
    """Return the canonical field of each column, "" if it is unknown.

    Besides the fields of `headers.json` there are ``google:…`` and ``sun:…`` (numbered, with a
    column for the type), ``x:…`` (kept as vCard properties) and ``_…`` (no field of a contact).
    """
    names = [normal(header) for header in headers]
    fields: list[str] = []
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        repeated = names.count(name) > 1 if len(names) <= 200 else False
        fields.append(_field(name, seen[name] if repeated else 0))
    return _settle_title(names, fields)


def _field(name: str, occurrence: int) -> str:
    if occurrence and (known_field := _names().get(f"{name}#{occurrence}")):
        return known_field
    if match := _GOOGLE.fullmatch(name):
        return _google_field(match[1], match[2], match[3])
    if match := _SUN.fullmatch(name):
        return f"sun:{match[1]}:{match[2]}:{match[3] or 'value'}"
    if name == "titre":
        return "job_title"
    return _names().get(name) or _by_words(name)


_ABOUT = re.compile(
    r"(?:(e-?mails?|mails?|mels?|courriels?|adresses? (?:e-?mail|electronique|mail))"
    r"|(phone|tel|telephone|mobile|portable|fax|telecopie|telecopieur))(?![a-z])[ .:(-]*(.{0,30})"
)
_QUALITIES = {
    "pro": "work", "prof": "work", "professionnel": "work", "professionnelle": "work",
    "bureau": "work", "travail": "work", "work": "work", "business": "work", "academique": "work",
    "perso": "home", "personnel": "home", "personnelle": "home", "domicile": "home",
    "fixe": "home", "maison": "home", "home": "home", "mobile": "mobile", "portable": "mobile",
    "cell": "mobile", "fax": "fax", "pager": "pager", "autre": "", "other": "", "principal": "",
    "principale": "", "primary": "", "secondaire": "", "number": "", "numero": "", "address": "",
    "1": "", "2": "", "3": "", "4": "", "5": "",
}  # fmt: skip


_PLACED = re.compile(
    r"(?:(home|business|work|other) (?:address )?)?"
    r"(rue|street|address|adresse|ville|city|code postal|postal code|post code|zip|zip code|zipcode"
    r"|departement|dep/region|region|state|province|pays|pays/region|country|country/region)"
    r"(?: \((domicile|bureau|autre|home|work|business|other)\))?"
)
_PARTS = {
    "rue": "street", "street": "street", "address": "street", "adresse": "street",
    "ville": "city", "city": "city", "departement": "region", "dep/region": "region",
    "region": "region", "state": "region", "province": "region", "pays": "country",
    "pays/region": "country", "country": "country", "country/region": "country",
}  # fmt: skip
_PLACES = {
    "home": "home", "domicile": "home", "business": "work", "work": "work", "bureau": "work",
    "other": "other", "autre": "other",
}  # fmt: skip


def _placed(name: str) -> str:
    """Return the field of a part of a postal address that names its place: "Département (bureau)",
    "Home ZIP"."""
    match = _PLACED.fullmatch(name)
    if not match or not (match[1] or match[3]):
        return ""
    return f"{_PLACES[match[1] or match[3]]}.{_PARTS.get(match[2], 'postal_code')}"


def _by_words(name: str) -> str:
    """Return the field of a header that names kind and place: "Email (work)", "Tél. pro", "Portable
    2"."""
    match = _ABOUT.fullmatch(name)
    if not match:
        return _placed(name)
    described = words(match[3])
    if not set(described) <= _QUALITIES.keys():
        return ""
    kinds = [_QUALITIES[word] for word in described]
    if match[1]:
        place = vcard.place_of(kinds)
        return "email" if place == "other" else f"email:{place}"
    return f"phone:{vcard.phone_type([_DEVICES.get(match[2], match[2]), *kinds])}"


_DEVICES = {"telecopie": "fax", "telecopieur": "fax"}


def _google_field(kind: str, number: str, part: str) -> str:
    if kind == "organization":
        fields = {"name": "organization", "title": "job_title", "department": "department"}
        return fields.get(part, "") if number == "1" else ""
    part = "type" if part == "label" else part
    if kind == "address":
        part = _GOOGLE_ADDRESS.get(part, part)
    elif part not in ("type", "value"):
        return ""
    return f"google:{kind}:{number}:{part}"


def _settle_title(names: list[str], fields: list[str]) -> list[str]:
    """Decide whether "Title" is a civility or a function. It is a civility if the function has
    another column, or if it stands before the names and no other column is the civility."""
    if "title" not in names:
        return fields
    title_index = names.index("title")
    others = [field for index, field in enumerate(fields) if index != title_index]
    if "job_title" in others:
        field = "prefix"
    elif "prefix" in others:
        field = "job_title"
    else:
        ahead = [index for index, field_name in enumerate(fields) if field_name.endswith("_name")]
        field = "prefix" if ahead and title_index < min(ahead) else "job_title"
    return [
        field if name == "title" else field_name
        for name, field_name in zip(names, fields, strict=True)
    ]
