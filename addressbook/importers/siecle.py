"""The XML exports of SIECLE (Base Élèves Établissement): pupils, guardians, and the ties by their
identifiers.

ElevesSansAdresses.xml and ElevesAvecAdresses.xml have the pupils and their divisions,
ResponsablesAvecAdresses.xml the people and whose guardians they are, Nomenclature.xml the words of
codes. The elements are those that the public projects betagouv/dossiersco (test/fixtures/files and
app/models/resp_legal.rb, for the codes of relations), 1024pix/pix and GEPI read.

A tie is made by ELEVE_ID and PERSONNE_ID alone, never by a name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lxml import etree

from addressbook import charsets
from addressbook.contact_data import ContactData, GroupData, LinkData
from addressbook.folding import fold
from addressbook.importers import dates, families
from addressbook.importers.assemble import Pair, contact_from
from addressbook.importers.reading import MOST_TIES, FileRejected, Gathered, Reading, refused
from mail.previews.converters.parts import MOST_ATTRIBUTES, OPTIONS, most_attributes

FORMAT = "siecle"
_ROOT = re.compile(rb"<BEE_(?P<kind>[A-Z_]{3,24})[\s>]")
_DECLARED = re.compile(rb"<\?xml\s[^>]{0,100}?encoding\s?=\s?[\"']([A-Za-z0-9._-]{1,40})")
_CODECS = {
    "iso-8859-15": "iso-8859-15", "iso-8859-1": "cp1252", "windows-1252": "cp1252",
    "utf-8": "utf-8",
}  # fmt: skip
_MOST_MARKS = 3_000_000
_PIECE = 1_000_000
_LONGEST_TEXT = 1_000
_RELATIONS = {
    "10": "mother", "20": "father", "37": "sibling", "38": "grandparent", "39": "other",
    "41": "other", "42": "foster", "50": "guardian", "51": "foster", "90": "other",
}  # fmt: skip
_IS_PUPIL = "70"
"""The code of a pupil of age who is nobody's ward."""
_TAGS = (
    "PARAMETRES", "ELEVE", "STRUCTURES_ELEVE", "PERSONNE", "RESPONSABLE", "RESPONSABLE_ELEVE",
    "ADRESSE", "LIEN_PARENTE",
)  # fmt: skip
_PHONES = (
    ("TEL_PORTABLE", "phone:mobile"), ("TEL_PERSONNEL", "phone:home"),
    ("TEL_PROFESSIONNEL", "phone:work"),
)  # fmt: skip
_PLACES = (
    ("LIGNE1_ADRESSE", "home.street"), ("LIGNE2_ADRESSE", "home.street2"),
    ("LIGNE3_ADRESSE", "home.street3"), ("LIGNE4_ADRESSE", "home.extended"),
    ("CODE_POSTAL", "home.postal_code"), ("LIBELLE_POSTAL", "home.city"),
    ("COMMUNE_ETRANGERE", "home.city"), ("LL_PAYS", "home.country"),
)  # fmt: skip

_Texts = dict[str, str]


@dataclass(slots=True)
class _Export:
    """What several files of one school say, by the identifiers of SIECLE."""

    schools: set[tuple[str, str]] = field(default_factory=set)
    year: int = 0
    exported: str = ""
    pupils: dict[str, tuple[int, _Texts]] = field(default_factory=dict)
    divisions: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    people: dict[str, _Texts] = field(default_factory=dict)
    places: dict[str, _Texts] = field(default_factory=dict)
    ties: list[tuple[int, _Texts]] = field(default_factory=list)
    relations: dict[str, str] = field(default_factory=dict)


def is_export(beginning: bytes) -> bool:
    """Return whether a file begins as an XML export of SIECLE."""
    return bool(_ROOT.search(beginning[:1_000].replace(b"\0", b"")))


def read_exports(contents: Sequence[bytes]) -> Reading:
    """Return the families of several exports of one school, read together."""
    known = Reading(format=FORMAT, source="school", charset="utf-8")
    export = _Export()
    try:
        for content in contents:
            _take(export, content)
        return _reading(export, known)
    except (ValueError, etree.XMLSyntaxError):
        return refused("bad_xml", known)
    except FileRejected as error:
        return refused(error.args[0], known)


def _reading(export: _Export, known: Reading) -> Reading:
    if len(export.schools) > 1:
        return refused("siecle_mixed", known)
    if not export.pupils:
        return refused("siecle_pupils" if export.people else "siecle_other", known)
    return _Gathering(export).reading(known)


# --- XML ---


def _take(export: _Export, content: bytes) -> None:
    for element in _elements(content):
        texts = {
            child.tag: (child.text or "").strip()[:_LONGEST_TEXT]
            for child in element
            if isinstance(child.tag, str)
        }
        _take_element(export, element, texts)
        if len(export.ties) > MOST_TIES:
            raise FileRejected("too_many_ties")


def _elements(content: bytes) -> Iterator[Any]:
    """Yield the elements that are read; each is freed when the next one is requested. Raises
    ValueError for a document type, which could hold entities, and beyond the limits."""
    text = _decoded(content)
    if re.search(r"<!(?:DOCTYPE|ENTITY)", text, re.IGNORECASE):
        raise ValueError("an export declares a document type")
    plain = re.sub(r"\A\s{0,9}<\?xml[^>]{0,200}\?>", "", text).encode()
    del text
    if plain.count(b"<") + plain.count(b"=") > _MOST_MARKS:
        raise ValueError("an export has too many elements")
    parser = etree.XMLPullParser(("end",), tag=_TAGS, **OPTIONS)
    attributes = 0
    for start in range(0, len(plain), _PIECE):
        piece = plain[start : start + _PIECE]
        attributes = most_attributes(piece, attributes)
        if attributes > MOST_ATTRIBUTES:
            raise ValueError("an element has too many attributes")
        parser.feed(piece)
        for _event, element in parser.read_events():
            yield element
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    parser.close()


def _decoded(content: bytes) -> str:
    declared = _DECLARED.search(content[:200])
    codec = _CODECS.get(declared[1].decode().lower()) if declared else None
    return content.decode(codec, "replace") if codec else charsets.decode(content).text


def _take_element(export: _Export, element: Any, texts: _Texts) -> None:
    line = element.sourceline or 0
    if element.tag == "PARAMETRES":
        year = re.match(r"20\d\d", texts.get("ANNEE_SCOLAIRE", ""))
        export.schools.add((texts.get("UAJ", ""), year[0] if year else ""))
        export.year = int(year[0]) if year else export.year
        export.exported = dates.read_date(texts.get("DATE_EXPORT", "")) or export.exported
    elif element.tag == "ELEVE" and (key := element.get("ELEVE_ID", "").strip()):
        export.pupils.setdefault(key, (line, texts))
    elif element.tag == "STRUCTURES_ELEVE" and (key := element.get("ELEVE_ID", "").strip()):
        export.divisions.setdefault(key, []).extend(_structures(element))
    elif element.tag == "PERSONNE" and (key := element.get("PERSONNE_ID", "").strip()):
        export.people.setdefault(key, texts)
    elif element.tag == "ADRESSE" and (key := element.get("ADRESSE_ID", "").strip()):
        export.places.setdefault(key, texts)
    elif element.tag == "LIEN_PARENTE" and (key := element.get("CODE_PARENTE", "").strip()):
        words = (texts.get(f"LIBELLE_{kind}", "") for kind in ("LONG", "EDITION", "COURT"))
        export.relations.setdefault(key, next(filter(None, words), ""))
    elif texts.get("ELEVE_ID") and texts.get("PERSONNE_ID"):
        export.ties.append((line, texts))


def _structures(element: Any) -> Iterator[tuple[str, str]]:
    for structure in element.iter("STRUCTURE"):
        code, kind = structure.findtext("CODE_STRUCTURE"), structure.findtext("TYPE_STRUCTURE")
        if code and code.strip():
            yield code.strip()[:60], (kind or "").strip().upper()


# --- families ---


class _Gathering:
    """The families of an export while they are made."""

    def __init__(self, export: _Export) -> None:
        self.export = export
        self.gathered = Gathered()
        self._pupils: dict[str, int] = {}
        self._guardians: dict[str, int] = {}
        self._links: dict[tuple[int, int], LinkData] = {}
        self._counts: Counter[int] = Counter()
        self._groups: dict[str, tuple[bool, list[int]]] = {}
        self._record = 0

    def reading(self, known: Reading) -> Reading:
        for key, (line, texts) in self.export.pupils.items():
            self._put_pupil(key, line, texts)
        for line, tie in sorted(self.export.ties, key=lambda pair: _order(pair[1])):
            self._put_tie(line, tie)
        self.gathered.links += self._links.values()
        self.gathered.groups += [
            GroupData(
                name, tuple(dict.fromkeys(members)), is_class=is_class, school_year=self.export.year
            )
            for name, (is_class, members) in self._groups.items()
        ]
        return self.gathered.finished(known)

    def _next(self) -> int:
        self._record += 1
        return self._record - 1

    def _put_pupil(self, key: str, line: int, texts: _Texts) -> None:
        record = self._next()
        structures = self.export.divisions.get(key, [])
        if not _surname(texts):
            self.gathered.skip(record, line, "no_surname")
            return
        if self._has_left(texts) or not any(kind == "D" for _code, kind in structures):
            self.gathered.skip(record, line, "no_class")
            return
        index = self._add(self._pupil(texts), families.PUPIL, record, line)
        self._pupils[key] = index
        for code, kind in structures:
            if kind in ("D", "G"):
                self._groups.setdefault(code, (kind == "D", []))[1].append(index)

    def _has_left(self, texts: _Texts) -> bool:
        left = dates.read_date(texts.get("DATE_SORTIE", ""))
        return bool(left) and (not self.export.exported or left <= self.export.exported)

    def _pupil(self, texts: _Texts) -> ContactData:
        notes = [f"INE : {texts[name]}" for name in ("ID_NATIONAL", "INE_BEA") if texts.get(name)]
        sex = {"1": "M", "2": "F"}.get(texts.get("CODE_SEXE", ""), "")
        pairs = [
            *self._person(texts, notes[:1]),
            ("middle_name", texts.get("PRENOM2", "")),
            ("birthday", texts.get("DATE_NAISS", "")),
        ]
        contact = contact_from(pairs).contact
        return _with_others(contact, (f"GENDER:{sex}",) if sex else ())

    def _person(self, texts: _Texts, notes: Sequence[str]) -> list[Pair]:
        usage = texts.get("NOM_USAGE", "")
        surname = _surname(texts)
        more = [f"Nom d’usage : {usage}"] if usage and fold(usage) != fold(surname) else []
        place = self.export.places.get(texts.get("ADRESSE_ID", ""), {})
        return [
            ("prefix", _civility(texts)),
            ("last_name", surname),
            ("first_name", texts.get("PRENOM", "")),
            ("email", texts.get("MEL", "")),
            *((name, texts.get(tag, "")) for tag, name in _PHONES),
            *_address(place),
            *(("notes", note) for note in (*more, *notes)),
        ]

    def _put_tie(self, line: int, tie: _Texts) -> None:
        code = tie.get("CODE_PARENTE") or tie.get("LIEN_PARENTE", "")
        pupil = self._pupils.get(tie["ELEVE_ID"], -1)
        texts = self.export.people.get(tie["PERSONNE_ID"])
        if tie["ELEVE_ID"] not in self.export.pupils:
            self.gathered.skip(self._next(), line, "unknown_pupil")
        if pupil < 0 or texts is None or code == _IS_PUPIL:
            return
        record = self._next()
        guardian = self._guardian(tie["PERSONNE_ID"], texts, record, line)
        if guardian < 0 or (pupil, guardian) in self._links:
            return
        is_legal = _is_legal(tie)
        if is_legal is False:
            self.gathered.warn("no_authority", self.gathered.records[pupil])
        position = self._counts[pupil]
        self._counts[pupil] += 1
        relation = self._relation(code)
        self._links[pupil, guardian] = LinkData(pupil, guardian, relation, None, is_legal, position)

    def _guardian(self, key: str, texts: _Texts, record: int, line: int) -> int:
        if key not in self._guardians:
            contact = contact_from(self._person(texts, ())).contact
            if not contact.display_name:
                return -1
            self._guardians[key] = self._add(contact, families.GUARDIAN, record, line)
        return self._guardians[key]

    def _relation(self, code: str) -> str:
        words = self.export.relations.get(code, "") or ("" if code.isdigit() else code)
        return families.relation_of(words) if words else _RELATIONS.get(code, "")

    def _add(self, contact: ContactData, role: str, record: int, line: int) -> int:
        index = self.gathered.add(contact, record, line)
        self.gathered.roles[index] = role
        return index


def _surname(texts: _Texts) -> str:
    names = ("NOM_DE_FAMILLE", "NOM", "NOM_USAGE", "DENOMINATION")
    return next((texts[name] for name in names if texts.get(name)), "")


def _civility(texts: _Texts) -> str:
    short = texts.get("LC_CIVILITE", "")
    return {"MME": "Mme", "MLLE": "Mme", "M": "M.", "M.": "M."}.get(short.upper(), short)


def _address(place: _Texts) -> list[Pair]:
    pairs = [(name, place[tag]) for tag, name in _PLACES if place.get(tag)]
    return [pair for pair in pairs if pair != ("home.country", "FRANCE")]


def _with_others(contact: ContactData, others: tuple[str, ...]) -> ContactData:
    return replace(contact, others=(*contact.others, *others))


def _is_legal(tie: _Texts) -> bool | None:
    """Return whether a person has parental authority. RESP_LEGAL is 1 or 2, or 0 for a contact;
    newer exports say NIVEAU_RESPONSABILITE 1, or 2 and 3 for others."""
    if rank := tie.get("RESP_LEGAL", ""):
        return {"0": False, "1": True, "2": True}.get(rank)
    return {"1": True, "2": False, "3": False}.get(tie.get("NIVEAU_RESPONSABILITE", ""))


def _order(tie: _Texts) -> tuple[int, int]:
    """Return the rank of a tie: legal guardians first, among them those to be asked first."""
    rank = {"1": 0, "2": 1, "0": 3}.get(tie.get("RESP_LEGAL", ""), 2)
    level = {"1": 0, "2": 2, "3": 3}.get(tie.get("NIVEAU_RESPONSABILITE", ""), 1)
    is_first = tie.get("A_CONTACTER_EN_PRIORITE", "").lower() in ("true", "1")
    return rank if tie.get("RESP_LEGAL") else level, 0 if is_first else 1
