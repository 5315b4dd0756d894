"""The head teacher's own mail; she has the newsletters and the adverts beside, as everybody."""

from collections.abc import Iterator
from email.headerregistry import Address

from demo.mail import people
from demo.mail.enclosures import RECTORATE, ods_file, pdf_file, xlsx_file
from demo.mail.writing import (
    ANSWERED,
    ARCHIVE,
    DRAFTS,
    FLAGGED,
    SEEN,
    SENT,
    UNREAD,
    Desk,
    Folder,
    Letter,
    Stored,
    kept,
    spoken,
)

STEERING: Folder = ("Pilotage", "Dotation horaire")
FAMILIES: Folder = ("Familles & médiation",)


def letters(desk: Desk) -> Iterator[Stored]:
    yield from _received(desk)
    yield from _filed(desk)
    yield from _written(desk)


def _received(desk: Desk) -> Iterator[Stored]:
    yield kept(
        Letter(
            slug="principale.repartition",
            sender=people.POSTS,
            to=[people.GUERIN],
            subject="Dotation horaire : notification et calendrier de dialogue",
            date=desk.minutes_ago(70),
            text="""
            Madame la Principale,

            La dotation prévisionnelle de votre établissement est jointe. Le dialogue de gestion se
            tiendra en visioconférence ; merci de proposer deux créneaux.

            La gestion des personnels
            """,
            enclosures=[
                xlsx_file(
                    "Dotation prévisionnelle.xlsx",
                    "Dotation",
                    (
                        ("Niveau", "Divisions", "Heures", "Heures supplémentaires"),
                        ("6e", 4, 116, 6),
                        ("5e", 4, 112, 6),
                        ("4e", 4, 114, 8),
                        ("3e", 4, 118, 8),
                    ),
                ),
            ],
        ),
        flags=UNREAD,
    )
    for number, (teacher, title, days) in enumerate(
        (
            (people.DURAND, "Papier et encre pour le journal du collège", 1),
            (people.MORVAN, "Deux microscopes offerts : faut-il une convention ?", 3),
            (people.LEFORT, "Chorale : réservation du gymnase", 5),
        )
    ):
        yield kept(
            Letter(
                slug=f"principale.demande.{number}",
                sender=teacher,
                to=[people.GUERIN],
                subject=title,
                date=desk.at(days, "12:50"),
                text=f"""
                Bonjour Nathalie,

                Puis-je passer te voir cinq minutes à ce sujet, avant vendredi ? J'ai un petit
                dossier d'une page, chiffres compris.

                {teacher.display_name.split()[0]}
                """,
            ),
            flags=ANSWERED if number else UNREAD,
        )
    yield kept(
        Letter(
            slug="principale.departement",
            sender=Address("Conseil départemental – collèges", "colleges", "departement.example"),
            to=[people.GUERIN],
            subject="Travaux du préau : date de la visite de chantier",
            date=desk.at(2, "14:14"),
            rich=True,
            text=f"""
            Madame la Principale,

            La visite de chantier est fixée {spoken(desk.day(9))} à 8 h, avant l'arrivée des élèves.
            L'architecte et l'entreprise seront présents ; les casques sont fournis.

            Le service des bâtiments
            """,
        ),
        flags=FLAGGED,
    )
    yield kept(
        Letter(
            slug="principale.securite",
            sender=people.DELATTRE,
            to=[people.GUERIN],
            cc=[people.SCHOOL_LIFE],
            subject="Bilan de la vie scolaire, septembre à novembre",
            date=desk.at(4, "17:37"),
            text="""
            Nathalie,

            Le bilan chiffré est joint. Deux bonnes nouvelles : les retards baissent d'un tiers, et
            la cour des tilleuls n'a connu aucune bagarre depuis l'arrivée des tables d'échecs.

            Thomas
            """,
            enclosures=[
                ods_file(
                    "Bilan vie scolaire.ods",
                    "Bilan",
                    (
                        ("Mois", "Absences", "Retards", "Passages à l’infirmerie"),
                        ("Septembre", 212, 148, 96),
                        ("Octobre", 187, 121, 88),
                        ("Novembre", 203, 97, 104),
                    ),
                )
            ],
        )
    )


def _filed(desk: Desk) -> Iterator[Stored]:
    yield kept(
        Letter(
            slug="principale.lettre-rentree",
            sender=people.LETTER,
            to=[people.GUERIN],
            subject="Circulaire aux chefs d'établissement : priorités de l'année",
            date=desk.at(80, "09:00"),
            text="""
            Madame, Monsieur,

            Les priorités de l'année tiennent en trois mots : lire, compter, respecter. La
            circulaire jointe en donne le détail.
            """,
            enclosures=[
                pdf_file(
                    "Priorités de l’année.pdf",
                    "Priorités de l'année scolaire",
                    """
                    # Lire

                    Un quart d'heure par jour, pour tous, adultes compris.

                    # Compter

                    Une énigme par semaine, affichée dans le hall.

                    # Respecter

                    Une charte écrite avec les élèves, relue chaque trimestre.
                    """,
                    RECTORATE,
                )
            ],
        ),
        ("Circulaires",),
    )
    for number, (days, title) in enumerate(((370, "première version"), (310, "arbitrages"))):
        yield kept(
            Letter(
                slug=f"principale.dotation.{number}",
                sender=people.POSTS,
                to=[people.GUERIN],
                subject=f"Dotation horaire : {title}",
                date=desk.at(days, "10:30"),
                text="""
                Madame la Principale,

                Vous trouverez dans l'application le tableau à jour. Nos remarques sont en marge.
                """,
            ),
            STEERING,
        )
    yield kept(
        Letter(
            slug="principale.mediation",
            sender=people.parent("Bruno Lacaze", "b.lacaze"),
            to=[people.GUERIN],
            subject="Merci pour votre écoute",
            date=desk.at(21, "20:05"),
            text="""
            Madame la Principale,

            Merci d'avoir pris le temps de nous recevoir. Les garçons se reparlent, ils ont même
            ri. Le plus dur sera de faire admettre à leurs pères qu'ils se ressemblent.

            Bruno Lacaze
            """,
        ),
        FAMILIES,
    )
    yield kept(
        Letter(
            slug="principale.jumelage",
            sender=people.BRENNAN,
            to=[people.GUERIN],
            subject="Our visit in spring",
            date=desk.at(120, "16:40"),
            english=True,
            text="""
            Dear Madame Guérin,

            Our board has agreed to the visit: eighteen pupils, three teachers, four days in May.
            May I call you on Tuesday to settle the host families?

            Kind regards,
            | Aoife Brennan
            """,
        ),
        ARCHIVE,
        ANSWERED,
    )


def _written(desk: Desk) -> Iterator[Stored]:
    yield kept(
        Letter(
            slug="principale.fruitiers",
            sender=people.GUERIN,
            to=[people.DURAND, people.MORVAN],
            subject="Un verger derrière le préau ?",
            date=desk.at(3, "08:40"),
            text="""
            Bonjour à toutes les deux,

            Passez me voir à la récréation, j'ai une proposition qui sent la pomme.

            N. G.
            """,
        ),
        SENT,
    )
    yield kept(
        Letter(
            slug="principale.voeux",
            sender=people.GUERIN,
            to=[people.TEACHERS],
            subject="Avant les vacances",
            date=desk.at(1, "19:02"),
            text="""
            Chers collègues,

            Avant la pause, un mot pour vous remercier de
            """,
        ),
        DRAFTS,
        (*SEEN, "\\Draft"),
    )
