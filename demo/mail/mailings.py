"""Newsletters as a dozen different tools make them: `pages/` holds what they look like.

Each is laid out in its own way (tables in tables, columns that float, a grid, font elements), so
that the reader has to show all of them well, wide and narrow, light and dark.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from email.headerregistry import Address
from pathlib import Path
from string import Template

from demo.mail import people, pictures
from demo.mail.enclosures import photograph, picture
from demo.mail.newsletters import IMAGES, list_headers
from demo.mail.writing import (
    ANSWERED,
    FLAGGED,
    SEEN,
    UNREAD,
    Desk,
    Enclosure,
    Letter,
    Stored,
    kept,
)

_PAGES = Path(__file__).parent / "pages"


@dataclass(frozen=True)
class _Mailing:
    """`page` is a file of `pages/`; `text` is the plain half, where the tool wrote one."""

    page: str
    sender: Address
    subject: str
    days: int
    clock: str
    text: str = ""
    flags: tuple[str, ...] = SEEN
    images: tuple[Enclosure, ...] = ()


_MAILINGS = (
    _Mailing(
        "mutuelle",
        Address("Mutuelle du Préau", "lettre", "mutuelle-preau.example"),
        "Votre voix, votre dos : le point sur l'hiver",
        1,
        "06:12",
        "La voix : quatre séances d'orthophonie. Le dos : un bilan. Votre espace :"
        " https://mutuelle-preau.example/espace",
        UNREAD,
    ),
    _Mailing(
        "syndicat",
        Address("La Craie libre", "section-orle", "craie-libre.example"),
        "INFO-SECTION n° 9 : mutations, carte scolaire, heure d'info",
        2,
        "12:31",
    ),
    _Mailing(
        "musee",
        Address("Musée de l’Orle – la lettre", "lettre", "musee-orle.example"),
        "Ce que la rivière a gardé",
        3,
        "09:00",
        "Une barque, deux mille tessons, une chaussure d'enfant : la nouvelle exposition.",
        FLAGGED,
        (photograph("etang.jpg", cid="etang@musee"),),
    ),
    _Mailing(
        "theatre",
        Address("Théâtre des Sept-Ponts", "lettre", "sept-ponts.example"),
        "Décembre aux Sept-Ponts : Le Horla, des fourmis et une répétition ouverte",
        5,
        "08:20",
    ),
    _Mailing(
        "editeur",
        Address("Éditions du Gué", "enseignants", "editions-gue.example"),
        "Vos spécimens sont arrivés",
        5,
        "07:05",
        "Commandez vos spécimens : https://editions-gue.example/specimens",
        UNREAD,
    ),
    _Mailing(
        "fournitures",
        Address("Le Cartable Rouge", "bonnes-affaires", "cartable-rouge.example"),
        "Feutres, ardoises, tampons : les petits prix de la salle des maîtres",
        6,
        "05:55",
    ),
    _Mailing(
        "academie",
        people.LETTER,
        "La lettre de l'académie : carrière, examens, agenda",
        7,
        "10:00",
        "L'essentiel : les vœux d'affectation, les dates d'examen et un guide d'accueil.",
        SEEN,
        (picture("logo.png", pictures.logo(), cid="logo@academie"),),
    ),
    _Mailing(
        "ressources",
        Address("Réseau Canevas", "bonjour", "canevas.example"),
        "Semaine 48 : raconter avec des cartes",
        8,
        "06:45",
        "Douze fonds de carte, trois récits de voyage et une règle du jeu.",
    ),
    _Mailing(
        "radio",
        Address("Radio Cartable", "antenne", "radio-cartable.example"),
        "Le bruit des couloirs, et trois autres émissions d'élèves",
        9,
        "16:00",
        flags=ANSWERED,
    ),
    _Mailing(
        "parents",
        Address("Fédération des parents de l’Orle", "lettre", "parents-orle.example"),
        "Conseils de classe, cantine, bourse aux livres",
        10,
        "21:40",
        "Samedi de 10 h à 16 h : la bourse aux livres.",
    ),
    _Mailing(
        "librairie",
        Address("Solange, librairie des Marais", "solange", "librairie-marais.example"),
        "Lire quand il pleut",
        11,
        "18:03",
        "Quatre livres, une soupe et un aveu.",
        images=(photograph("bancs.jpg", cid="bancs@librairie"),),
    ),
    _Mailing(
        "voyages",
        Address("Classes en route", "sejours", "classes-en-route.example"),
        "Phare, volcan, chèvres : les séjours du printemps",
        12,
        "06:20",
    ),
)


def letters(desk: Desk) -> Iterator[Stored]:
    for mailing in _MAILINGS:
        yield _mailing(desk, mailing)


def _mailing(desk: Desk, mailing: _Mailing) -> Stored:
    page = Template((_PAGES / f"{mailing.page}.html").read_text(encoding="utf-8"))
    is_own = mailing.sender.domain == people.DOMAIN
    letter = Letter(
        slug=f"lettre.{mailing.page}.{desk.owner.username}",
        sender=mailing.sender,
        to=[desk.owner],
        subject=mailing.subject,
        date=desk.at(mailing.days, mailing.clock),
        text=mailing.text,
        html=page.substitute(name=desk.title, address=desk.owner.addr_spec, images=IMAGES),
        enclosures=mailing.images,
        headers=() if is_own else list_headers(mailing.sender, desk, mailing.page),
    )
    return kept(letter, flags=mailing.flags)
