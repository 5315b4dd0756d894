"""What two people do with forms of their own, sixteen times at once, while a third waits for the
inbox: long rosters, many documents, texts to many, slow servers, lists and patterns."""

from __future__ import annotations

import gzip
import io
import re
import socket
import threading
import time
import uuid
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from tools.bench.cost.attacks import played
from tools.bench.cost.browser import Browser, form_of
from tools.bench.cost.scene import INBOX, Scene
from webmail.transfer import tarring

COMPOSER = "/compose/"
Act = Callable[[Browser], object]


def crowd(begin: Callable[[Browser], Act]) -> Callable[[Browser], Act]:
    """``begin`` prepares what one person has, and returns what is then done eight times at once."""

    def play(scene: Scene) -> None:
        scene.crowd(begin)

    play.__name__, play.__doc__, play.__module__ = begin.__name__, begin.__doc__, __name__
    played(play)
    return begin


def zipped(names: list[str], content: bytes = b"x") -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, name in enumerate(names):
            archive.writestr(name, content + b"%d" % place)
    return made.getvalue()


def written(number: str, **more: Any) -> dict[str, Any]:
    begun = {"draft": number, "key": str(uuid.uuid4()), "kind": "new", "format": "plain"}
    return {**begun, "to": "", "subject": "Sortie", "body": "Bonjour", "do": "save", **more}


def people(count: int, name: str = "Léa Martin") -> str:
    return ", ".join(f"{name} <p{n}@x.example>" for n in range(count))


def roster(browser: Browser, number: str, rows: str, **more: str) -> None:
    files = {"roster": ("6e.csv", rows.encode(), "text/csv")}
    browser.post(COMPOSER, written(number, do="roster", **more), files=files)


def bring(browser: Browser, number: str, content: bytes, name: str = "a.zip") -> None:
    headers = {"X-File-Name": name, "Content-Type": "application/octet-stream"}
    browser.post(f"/drafts/{number}/documents/add/", content, headers=headers)


def documents_of(rows: str, names: list[str]) -> Callable[[Browser], Act]:
    def begin(browser: Browser) -> Act:
        number = str(uuid.uuid4())
        roster(browser, number, rows)
        bring(browser, number, zipped(names))
        page = browser.get(f"/drafts/{number}/")
        people_of = re.search(r"<template data-roster-people[^>]*>([^<]*)<", page.text)
        data = written(number, to=people_of[1] if people_of else people(1_000))
        browser.post(COMPOSER, data)
        return lambda other: other.get(f"/drafts/{number}/documents/")

    return begin


def sent_to(body: str, to: str, **more: str) -> Callable[[Browser], Act]:
    """The question, and its answer: one to each."""

    def begin(browser: Browser) -> Act:
        def act(other: Browser) -> None:
            number = str(uuid.uuid4())
            page = other.post(COMPOSER, written(number, to=to, body=body, do="send", **more))
            form: Mapping[str, Any] = form_of(page.text, {"members", "delivery"}).fields
            other.post(COMPOSER, {**form, "body": body, "delivery": "each", "do": "send", **more})

        return act

    return begin


def posts(path: str, make: Callable[[], Mapping[str, Any]]) -> Callable[[Browser], Act]:
    def begin(_browser: Browser) -> Act:
        data = make()
        return lambda other: other.post(path, data)

    return begin


def gets(*paths: str) -> Callable[[Browser], Act]:
    def begin(_browser: Browser) -> Act:
        return lambda other: [other.get(path) for path in paths]

    return begin


def brings(path: str, field: str, name: str, make: Callable[[], bytes], **data: str) -> Any:
    def begin(_browser: Browser) -> Act:
        files = {field: (name, make(), "application/octet-stream")}
        return lambda other: other.post(path, data, files=files)

    return begin


class _Trickle:
    """A server that sends a byte every three seconds."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            talk, _address = self._listener.accept()
            threading.Thread(target=self._talk, args=(talk,), daemon=True).start()

    def _talk(self, talk: socket.socket) -> None:
        with suppress(OSError), talk:
            for _byte in range(40):
                talk.sendall(b"*")
                time.sleep(3)


def _account(browser: Browser) -> Act:
    """Mail of another account whose server sends a byte each three seconds."""
    slow = _Trickle()
    data = {"server": f"127.0.0.1:{slow.port}", "login": "a", "password": "b", "new": "Là"}
    return lambda other: other.post("/transfers/account/", data)


def _documents(content: Callable[[], bytes], name: str = "a.zip") -> Callable[[Browser], Act]:
    def begin(_browser: Browser) -> Act:
        data = content()
        return lambda other: bring(other, str(uuid.uuid4()), data, name)

    return begin


def _folders() -> bytes:
    return gzip.compress(tarring.head("d", 0, 0, is_folder=True) * 400_000, 1)


def _digits() -> bytes:
    return tarring._extended(b"size", b"9" * 5_003) + tarring.head("a", 3, 0) + bytes(1024)


def _rule(lines: int, value: str = "a") -> dict[str, Any]:
    data = {f"g{n // 20}-{n % 20}-test": "subject:contains" for n in range(lines)}
    data |= {f"g{n // 20}-{n % 20}-value": value for n in range(lines)}
    return {**data, "g0-match": "all", "match": "all", "name": "a", "a0-kind": "read", "do": "try"}


def _signature(browser: Browser) -> Act:
    path = "/preferences/identities/"
    page = browser.get(path)
    own: Mapping[str, Any] = form_of(page.text, {"address", "html"}).fields
    data = {**own, "html": "<b><i><p>" * 22_000, "format": "html"}
    return lambda other: other.post(path, data)


def _vcards(count: int, more: str = "") -> bytes:
    card = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Léa {n}\r\nN:Martin;Léa\r\nEMAIL:l{n}@x.example\r\n"
    return "".join(
        f"{card.replace('{n}', str(n))}{more}END:VCARD\r\n" for n in range(count)
    ).encode()


_NAMESAKES = "Nom;Prénom;Adresse\n" + "".join(f"Martin;Léa;p{n}@x.example\n" for n in range(1_800))
_ALIKE = "Nom;Prénom;Adresse\n" + "".join(
    f"Abc mot{n % 43};Xyz mot{n % 41};p{n}@x.example\n" for n in range(1_700)
)
_FILES = "Nom;Adresse;Fichier\n" + "".join(f"Nom{n};p{n}@x.example;a.pdf\n" for n in range(1_800))
_WIDE = (
    ";".join(f"c{n}" for n in range(200))
    + ";Adresse\n"
    + "".join(";".join(["x" * 20] * 200) + f";p{n}@x.example\n" for n in range(400))
)


def _idle(_browser: Browser) -> Act:
    """The control: nobody of the crowd asks for more than a page in ten seconds."""

    def act(other: Browser) -> None:
        other.get(INBOX)
        time.sleep(10)

    return act


_ALL: dict[str, tuple[str, Callable[[Browser], Act]]] = {
    "control": ("", _idle),
    "match-namesakes": (
        "2,000 documents and 1,800 people of one name.",
        documents_of(_NAMESAKES, [f"Martin Lea {n}.pdf" for n in range(2_000)]),
    ),
    "match-alike": (
        "2,000 documents of the words of 1,700 names.",
        documents_of(
            _ALIKE,
            [f"abc xyz {' '.join(f'mot{k}' for k in range(20))} {n}.pdf" for n in range(2_000)],
        ),
    ),
    "match-files": (
        "2,000 documents of one name, which a roster names for 1,800 people.",
        documents_of(_FILES, [f"{n}/a.pdf" for n in range(2_000)]),
    ),
    "match-nobody": (
        "2,000 documents that name nobody, and 1,800 people.",
        documents_of(_NAMESAKES, [f"bulletin {n}.pdf" for n in range(2_000)]),
    ),
    "match-long": (
        "2,000 documents with names of 250 letters.",
        documents_of(_NAMESAKES, [f"{n} {'Lea Martin ' * 20}.pdf" for n in range(2_000)]),
    ),
    "each-placeholders": (
        "20,000 placeholders to each of a hundred.",
        sent_to("{nom}" * 20_000, people(100)),
    ),
    "each-long": ("950 kB to each of 900.", sent_to("{nom} " + "a " * 470_000, people(900))),
    "each-plain": ("900 kB to each of 270.", sent_to("{nom} " + "a " * 440_000, people(270))),
    "each-many": ("A line to each of 1,000.", sent_to("Bonjour {nom}", people(1_000))),
    "each-fields": (
        "10,000 placeholders of different names.",
        sent_to("".join(f"{{champ {n}}}" for n in range(10_000)) + "{nom}", people(300)),
    ),
    "each-braces": ("Braces that are never closed.", sent_to("{" * 900_000, people(300))),
    "each-html": (
        "A placeholder in the address of a link, in 300 kB, to each of 200.",
        sent_to("", people(200), format="html", html="<p><a href='x{nom}'>a</a></p>" * 10_000),
    ),
    "each-subject": (
        "A subject of 900 letters of placeholders, to each of 500.",
        sent_to("{nom}", people(500), subject="{nom}" * 150),
    ),
    "each-look": (
        "The preview of the last of 900 messages of 900 kB.",
        posts(
            COMPOSER,
            lambda: written(
                str(uuid.uuid4()), to=people(900), body="{nom} " * 150_000, do="send", look="899"
            ),
        ),
    ),
    "account-slow": ("", _account),
    "documents-tiny": (
        "A zip of 2,000 documents of a byte.",
        _documents(lambda: zipped([f"{n}.pdf" for n in range(2_000)])),
    ),
    "documents-same": (
        "A zip of 2,000 documents of one name.",
        _documents(lambda: zipped([f"{n}/a.pdf" for n in range(2_000)])),
    ),
    "documents-deep": (
        "A zip whose members lie in deep folders.",
        _documents(lambda: zipped([f"{'a/' * 200}{n}.pdf" for n in range(2_000)])),
    ),
    "documents-full": (
        "A zip of ten documents of eight megabytes of nothing.",
        _documents(lambda: zipped([f"{n}.pdf" for n in range(10)], bytes(8_000_000))),
    ),
    "tar-folders": (
        "A packed tar of 400,000 folders.",
        brings("/transfers/import/", "file", "a.tgz", _folders, new="a"),
    ),
    "tar-digits": (
        "A tar whose size has 5,003 digits.",
        brings("/transfers/import/", "file", "a.tar", _digits, new="a"),
    ),
    "mbox-tiny": (
        "An mbox of 100,000 messages of a byte.",
        brings("/transfers/import/", "file", "a.mbox", lambda: b"From a\n\na\n" * 100_000, new="a"),
    ),
    "roster-wide": (
        "A roster of 200 columns.",
        lambda _browser: lambda other: roster(other, str(uuid.uuid4()), _WIDE),
    ),
    "roster-quotes": (
        "A roster of quotes that are never closed.",
        lambda _browser: lambda other: roster(other, str(uuid.uuid4()), 'a;"b\n' * 100_000),
    ),
    "roster-addresses": (
        "A roster whose cells hold nearly addresses.",
        lambda _browser: (
            lambda other: roster(other, str(uuid.uuid4()), "Adresse\n" + f"{'a@b,' * 500}\n" * 400)
        ),
    ),
    "roster-lines": (
        "A roster of a hundred thousand empty lines.",
        lambda _browser: (
            lambda other: roster(other, str(uuid.uuid4()), "Adresse;Nom\n" + ";\n" * 100_000)
        ),
    ),
    "draft-long": (
        "Drafts of a megabyte.",
        lambda _browser: (
            lambda other: other.post(
                f"/drafts/{uuid.uuid4()}/save/", written(str(uuid.uuid4()), body="a " * 480_000)
            )
        ),
    ),
    "recipients-many": (
        "20,000 recipients.",
        posts(COMPOSER, lambda: written(str(uuid.uuid4()), to=people(9_000, "a"), do="save")),
    ),
    "recipients-checked": (
        "5,900 misspelt addresses.",
        posts("/compose/check/", lambda: {"address": [f"a@gmial{n}.co" for n in range(5_900)]}),
    ),
    "beside": (
        "900 kB of text beside which names are looked for.",
        posts(
            "/compose/beside/",
            lambda: written(str(uuid.uuid4()), to=people(900), body="Léa Martin " * 80_000),
        ),
    ),
    "rule-lines": (
        "A rule of 2,900 lines, which is as many fields as a form may have, tried.",
        posts("/rules/new/", lambda: _rule(2_900)),
    ),
    "rule-values": (
        "A rule of all its lines with long values, tried.",
        posts("/rules/new/", lambda: _rule(100, "é," * 4_900)),
    ),
    "rule-script": (
        "A script of 5,000 rules.",
        posts(
            "/rules/raw/",
            lambda: {"text": '# rule:[a]\nif header :contains "subject" "a" { stop; }\n' * 5_000},
        ),
    ),
    "search-words": ("10,000 words.", gets("/search/?q=" + "a%20" * 9_000)),
    "search-brackets": ("Brackets in brackets.", gets("/search/?q=" + "(" * 9_000)),
    "search-contacts": (
        "Long words among contacts.",
        gets("/contacts/?q=" + "%25_" * 2_000, "/contacts/complete/?q=" + "a%20" * 3_000),
    ),
    "settings-find": ("Long words among settings.", gets("/preferences/find/?q=" + "a%20" * 9_000)),
    "help-find": ("Long words in the help.", gets("/help/?q=" + "a%20" * 9_000)),
    "tags": ("A tag of a megabyte.", posts("/tags/", lambda: {"name": "a" * 900_000, "do": "add"})),
    "signature": (
        "A signature of nested elements.",
        _signature,
    ),
    "canned": (
        "A canned answer of nested elements.",
        posts("/preferences/canned/", lambda: {"html": "<div>" * 190_000, "name": "a"}),
    ),
    "contact-notes": (
        "A contact with a note of a megabyte.",
        posts("/contacts/new/", lambda: {"last_name": "A", "notes": "é\r\n," * 200_000}),
    ),
    "vcards-many": (
        "5,000 cards of one name.",
        brings("/contacts/import/other/", "books", "a.vcf", lambda: _vcards(5_000)),
    ),
    "vcards-folded": (
        "Cards with lines folded 50,000 times.",
        brings(
            "/contacts/import/other/",
            "books",
            "a.vcf",
            lambda: _vcards(3, "NOTE:" + "a\r\n " * 50_000 + "\r\n"),
        ),
    ),
    "duplicates": ("The duplicates of all contacts.", gets("/contacts/duplicates/")),
    "group-addresses": (
        "A group of 50,000 addresses.",
        posts(
            "/contacts/groups/new/",
            lambda: {"name": "a", "external": "\n".join(f"a{n}@x.fr" for n in range(50_000))},
        ),
    ),
    "selection": (
        "Actions on 5,900 messages that are not there.",
        posts(
            f"{INBOX}act/", lambda: {"verb": "flag", "refs": [f"1-{n}" for n in range(1, 5_900)]}
        ),
    ),
    "folder-names": (
        "A folder with a deep name.",
        posts("/folders/change/", lambda: {"verb": "create", "name": "/".join("a" * 100)}),
    ),
    "absence": (
        "An absence of a megabyte.",
        posts("/rules/absence/", lambda: {"text": "a " * 450_000, "do": "save", "active": "1"}),
    ),
    "export": (
        "The export of the whole mailbox.",
        posts("/transfers/export/", lambda: {"form": "eml"}),
    ),
    "own-data": ("All data of one's own.", posts("/account/data/", dict)),
    "trace": ("A long word that a message is traced by.", gets("/search/trace/?q=" + "a" * 9_000)),
}

for _name, (_about, _begin) in _ALL.items():

    def _named(browser: Browser, begin: Callable[[Browser], Act] = _begin) -> Act:
        return begin(browser)

    _named.__name__, _named.__doc__ = _name, _about or _begin.__doc__
    crowd(_named)
