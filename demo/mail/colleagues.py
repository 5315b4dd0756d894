"""Colleagues: a conversation, invitations, outings, projects, what was sent and drafted."""

import textwrap
from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from email.headerregistry import Address
from email.message import EmailMessage

from demo.mail import people, pictures
from demo.mail.enclosures import (
    csv_file,
    docx_file,
    markdown_file,
    ods_file,
    odt_file,
    pdf_file,
    photograph,
    picture,
    rtf_file,
    sound_file,
    xlsx_file,
    zip_file,
)
from demo.mail.families import PARENTS, class_folder
from demo.mail.typography import french
from demo.mail.writing import (
    ANSWERED,
    ARCHIVE,
    DRAFTS,
    FLAGGED,
    FORWARDED,
    INBOX,
    SEEN,
    SENT,
    UNREAD,
    Desk,
    Enclosure,
    Folder,
    Letter,
    Stored,
    compose,
    kept,
    spoken,
    store,
)

OUTINGS: Folder = ("Sorties et voyages",)
MUSEUM: Folder = (*OUTINGS, "Musée de l’Orle")
PROJECTS: Folder = ("« Projets & idées »",)


def letters(desk: Desk) -> Iterator[Stored]:
    yield from _conversation(desk)
    yield from _invitations(desk)
    yield from _exchanges(desk)
    yield from _outings(desk)
    yield from _projects(desk)
    yield from _abroad(desk)
    yield from _sent(desk)
    yield from _drafts(desk)


_TURNS: tuple[tuple[Address, int, str, str], ...] = (
    (
        people.VASSEUR,
        4,
        "16:20",
        """
        Bonjour à tous les trois,

        Et si on relançait le journal du collège ? Les 4e B ont des choses à dire, les 3e A des
        choses à montrer, et le CDI a une imprimante presque neuve. Quatre pages, une parution avant
        les vacances.

        Qui fait quoi ?

        Élodie
        """,
    ),
    (
        people.DURAND,
        4,
        "18:02",
        """
        J'en suis ! Je prends les articles et la relecture avec mes 4e B. Le titre sera voté en
        classe : « La Gazette des Aubépines » tient la corde.

        Françoise
        """,
    ),
    (
        people.BENALI,
        3,
        "08:15",
        """
        Je m'occupe de la maquette avec le club informatique. Il me faut les textes en fichiers
        séparés et les photos en pleine taille, s'il vous plaît.

        Karim
        """,
    ),
    (
        people.MORVAN,
        3,
        "12:41",
        """
        Partante aussi. Mes 3e A feront la double page sur l'étang : relevés, croquis, et un « héron
        du mois ». Je vous mets une photo de Sami pour la une.

        Claire
        """,
    ),
    (
        people.VASSEUR,
        2,
        "09:30",
        """
        Magnifique. Conférence de rédaction jeudi à 13 h au CDI, j'apporte les clémentines. Deux
        élèves par classe, pas plus, sinon on ne s'entend plus.

        Élodie
        """,
    ),
    (
        people.BENALI,
        2,
        "17:11",
        """
        Jeudi 13 h, d'accord. Le gabarit est prêt : trois colonnes, un dessin par page. J'ai réservé
        un quart de page aux mots croisés de David, en anglais.

        Karim
        """,
    ),
    (
        people.DURAND,
        1,
        "19:26",
        """
        Six articles reçus, dont une chronique de cantine très drôle et à peine diffamatoire.
        Claire, peux-tu relire l'encadré sur les amphibiens ? Je confonds encore tritons et
        salamandres.

        Françoise
        """,
    ),
    (
        people.MORVAN,
        1,
        "21:08",
        """
        Relu : c'est bien un triton (queue aplatie). J'ai corrigé deux accords au passage, échange
        de bons procédés. À jeudi !

        Claire
        """,
    ),
)


def _conversation(desk: Desk) -> Iterator[Stored]:
    """Eight turns among four people; one's own lie in Sent, the last one read by nobody yet."""
    everybody = (people.VASSEUR, people.DURAND, people.BENALI, people.MORVAN)
    identifiers: list[str] = []
    previous: Letter | None = None
    for number, (sender, days, clock, text) in enumerate(_TURNS, 1):
        letter = Letter(
            slug=f"journal.{number}",
            sender=sender,
            to=[person for person in everybody if person != sender],
            subject=("" if number == 1 else "Re: ") + "Journal du collège : qui fait quoi ?",
            date=desk.at(days, clock),
            text=textwrap.dedent(text).strip() + _quoted(previous),
            references=tuple(identifiers),
            enclosures=[photograph("une-etang.jpg")] if number == 4 else (),
        )
        own = sender == desk.owner
        yield kept(letter, SENT if own else INBOX, UNREAD if number == 8 and not own else SEEN)
        identifiers.append(letter.identifier)
        previous = letter


def _quoted(letter: Letter | None) -> str:
    """The whole letter before, as most mail programs quote it: each turn one level deeper."""
    if letter is None:
        return ""
    quote = "".join(f"> {line}".rstrip() + "\n" for line in letter.words.splitlines())
    name = letter.sender.display_name
    return f"\n\nLe {letter.date:%d/%m/%Y à %H:%M}, {name} a écrit :\n{quote}"


def _invitations(desk: Desk) -> Iterator[Stored]:
    day = desk.day(2)
    day += timedelta(days=(3 - day.weekday()) % 7)  # a Thursday, as the conversation has it
    invitation = _calendar(desk, day_start=datetime.combine(day, time(13)), sequence=0)
    meeting = "Conférence de rédaction du journal"
    asked = Letter(
        slug=f"invitation.{desk.owner.username}",
        sender=people.VASSEUR,
        to=[desk.owner],
        cc=[people.BENALI],
        subject=f"Invitation : {meeting} – {spoken(day)}, 13 h",
        date=desk.at(1, "09:48"),
        text=f"""
        {meeting}

        Quand : {spoken(day)}, de 13 h à 13 h 45
        | Où : CDI

        Merci de répondre pour que je compte les clémentines.
        """,
    )
    yield store(_with_calendar(asked, invitation, "REQUEST"), asked.date, INBOX, UNREAD)
    changed = Letter(
        slug=f"changement.{desk.owner.username}",
        sender=people.VASSEUR,
        to=[desk.owner],
        cc=[people.BENALI],
        subject=f"Changement d'horaire : {meeting} – {spoken(day)}, 12 h 30",
        date=desk.at(0, "07:41"),
        text=f"""
        La cantine nous sert à midi : on avance d'une demi-heure.

        Quand : {spoken(day)}, de 12 h 30 à 13 h 15
        | Où : CDI
        """,
    )
    earlier = _calendar(desk, day_start=datetime.combine(day, time(12, 30)), sequence=1)
    yield store(_with_calendar(changed, earlier, "REQUEST"), changed.date, INBOX, UNREAD)
    gone = desk.day(-3)
    cancelled = Letter(
        slug=f"annulation.{desk.owner.username}",
        sender=people.PHAM,
        to=[desk.owner],
        subject="Annulé : réunion du groupe sciences",
        date=desk.at(5, "07:58"),
        text="""
        La réunion du groupe sciences est annulée : je suis à la maison avec un petit varicelleux.
        On la replace à mon retour.

        Linh
        """,
    )
    calendar = _calendar(
        desk, day_start=datetime.combine(gone, time(17)), sequence=1, cancelled=True
    )
    yield store(_with_calendar(cancelled, calendar, "CANCEL"), cancelled.date, INBOX, SEEN)


def _calendar(desk: Desk, *, day_start: datetime, sequence: int, cancelled: bool = False) -> str:
    """An iCalendar object (RFC 5545) in the academy's time zone."""
    organiser = people.PHAM if cancelled else people.VASSEUR
    title = "Réunion du groupe sciences" if cancelled else "Conférence de rédaction du journal"
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Académie d’Exemple//Agenda//FR",
        f"METHOD:{'CANCEL' if cancelled else 'REQUEST'}",
        *_TIME_ZONE,
        "BEGIN:VEVENT",
        f"UID:{title.split()[0].lower()}-{day_start:%Y%m%d}@ac-exemple.fr",
        f"SEQUENCE:{sequence}",
        f"DTSTAMP:{day_start - timedelta(days=7):%Y%m%dT%H%M%S}Z",
        f"DTSTART;TZID=Europe/Paris:{day_start:%Y%m%dT%H%M%S}",
        f"DTEND;TZID=Europe/Paris:{day_start + timedelta(minutes=45):%Y%m%dT%H%M%S}",
        f"SUMMARY:{title}",
        "LOCATION:CDI\\, collège des Aubépines",
        f"ORGANIZER;CN={organiser.display_name}:mailto:{organiser.addr_spec}",
        "ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE",
        f" :mailto:{desk.owner.addr_spec}",
        f"STATUS:{'CANCELLED' if cancelled else 'CONFIRMED'}",
        "END:VEVENT",
        "END:VCALENDAR",
    )
    return "\r\n".join(lines) + "\r\n"


_TIME_ZONE = (
    "BEGIN:VTIMEZONE",
    "TZID:Europe/Paris",
    "BEGIN:DAYLIGHT",
    "TZOFFSETFROM:+0100",
    "TZOFFSETTO:+0200",
    "TZNAME:CEST",
    "DTSTART:19700329T020000",
    "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
    "END:DAYLIGHT",
    "BEGIN:STANDARD",
    "TZOFFSETFROM:+0200",
    "TZOFFSETTO:+0100",
    "TZNAME:CET",
    "DTSTART:19701025T030000",
    "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
    "END:STANDARD",
    "END:VTIMEZONE",
)


def _with_calendar(letter: Letter, calendar: str, method: str) -> EmailMessage:
    message = compose(letter)
    message.add_alternative(
        calendar, subtype="calendar", params={"method": method}, cte="quoted-printable"
    )
    return message


def _exchanges(desk: Desk) -> Iterator[Stored]:
    room = Letter(
        slug=f"salle.{desk.owner.username}",
        sender=people.ROCHE,
        to=[desk.owner],
        subject="Échange de salle jeudi",
        date=desk.at(1, "16:04"),
        text="""
        Salut !

        Le gymnase est pris par la collecte de sang jeudi de 10 h à 12 h. Tu m'échangerais ta salle
        contre la mienne ? J'ai la 204, vidéoprojecteur compris, et je te dois un café.

        Julien
        """,
    )
    yield kept(room, flags=ANSWERED)
    yield kept(
        Letter(
            slug=f"salle.reponse.{desk.owner.username}",
            sender=desk.owner,
            to=[people.ROCHE],
            subject="Re: Échange de salle jeudi",
            date=desk.at(1, "16:31"),
            text=f"""
            Parfait pour moi, je prends la 204. Va pour le café, sans sucre.

            {desk.owner.display_name.split()[0]}

            Le {room.date:%d/%m/%Y à %H:%M}, Julien Roche a écrit :
            > Tu m'échangerais ta salle contre la mienne ?
            """,
            references=[room.identifier],
        ),
        SENT,
    )
    yield kept(
        Letter(
            slug=f"cartouches.{desk.owner.username}",
            sender=desk.other,
            to=[desk.owner],
            subject="",
            date=desk.at(2, "10:33"),
            text="""
            Tu as encore la clé du placard de la salle des profs ? Celle avec le ruban rouge.
            """,
        ),
        flags=ANSWERED,
    )
    yield kept(
        Letter(
            slug=f"chorale.{desk.owner.username}",
            sender=people.LEFORT,
            to=[people.TEACHERS],
            subject="🎶 Concert de la chorale : venez nombreux ! 🎄",
            date=desk.at(2, "12:15"),
            html=_CONCERT.format(day=spoken(desk.day(20))),
            text="""
            La chorale des Aubépines chante au gymnase. Entrée libre, chocolat chaud à la sortie.
            """,
            enclosures=[
                picture("affiche.png", pictures.poster(), cid="affiche@aubepines"),
                picture("logo.png", pictures.logo(), cid="logo@aubepines"),
            ],
        ),
        flags=UNREAD,
    )
    yield kept(
        Letter(
            slug="repas-amicale",
            sender=people.COMMON_ROOM,
            to=_forty(),
            cc=[people.DURAND, people.MORVAN],
            subject="Repas de l'amicale : qui apporte quoi ?",
            date=desk.at(6, "13:02"),
            text="""
            Chères et chers,

            Le repas de fin de trimestre approche. Répondez à cette adresse (et pas à tous, merci,
            nous avons tous vécu l'an dernier) en disant ce que vous apportez : salé, sucré, ou
            guitare.

            L'amicale
            """,
        )
    )
    yield kept(
        Letter(
            slug=f"problemes.{desk.owner.username}",
            sender=people.THUILLIER,
            to=[desk.owner],
            subject="Tableau croisé des évaluations communes",
            date=desk.at(9, "18:40"),
            text="""
            Coucou,

            Le tableau des évaluations communes, mis à jour. La colonne E est calculée à la main,
            vérifie que je n'ai pas inventé de décimales.

            Marie-Hélène
            """,
            enclosures=[
                xlsx_file(
                    "Évaluations communes.xlsx",
                    "Résultats",
                    (
                        ("Classe", "Effectif", "Moyenne", "Médiane", "Écart"),
                        ("4e A", 25, 11.8, 12, 0.2),
                        ("4e B", 26, 12.4, 12.5, 0.1),
                        ("3e A", 27, 12.1, 11.5, 0.6),
                        ("3e B", 24, 10.9, 11, 0.1),
                    ),
                )
            ],
        ),
        class_folder(desk),
    )


def _forty() -> Sequence[Address]:
    first = ("alice", "basile", "colette", "denis", "emma", "farid", "gaelle", "hugues")
    last = ("arnoux", "brossard", "carpentier", "delmas", "evrard")
    return [
        Address(f"{a.title()} {b.title()}", f"{a}.{b}", people.DOMAIN) for b in last for a in first
    ]


_CONCERT = """<html lang="fr"><head><meta charset="utf-8"></head>
<body style="margin:0;font-family:Georgia,serif;color:#2b2140;background:#f7f2fb">
<div style="max-width:560px;margin:0 auto;padding:24px;background:#ffffff">
<img src="cid:logo@aubepines" width="56" height="56" alt="Collège des Aubépines">
<h1 style="font-size:26px;color:#5c2d78">La chorale chante l'hiver</h1>
<p style="font-size:17px;line-height:1.6">Quarante-deux voix, deux guitares et un triangle vous
donnent rendez-vous <b>{day} à 18 h 30</b>, au gymnase. Au programme : des chants du
monde, une berceuse bretonne, et une surprise de Mme Guérin.</p>
<p><img src="cid:affiche@aubepines" width="420" height="594" alt="L'affiche du concert"
style="max-width:100%;height:auto;border-radius:8px"></p>
<p>Entrée libre, chocolat chaud à la sortie.</p>
<p style="color:#6b6280">David Lefort<br>Professeur d'anglais, chef de chœur malgré lui</p>
</div></body></html>
"""


def _outings(desk: Desk) -> Iterator[Stored]:
    visit = desk.day(13)
    confirmed = Letter(
        slug=f"visite.{desk.owner.username}",
        sender=people.MUSEUM,
        to=[desk.owner],
        cc=[desk.other, people.OFFICE],
        subject=f"Votre visite du {spoken(visit)} : dossier pédagogique",
        date=desk.minutes_ago(48),
        html=_VISIT.format(day=spoken(visit), name=desk.title),
        text=f"""
        Bonjour {desk.title},

        Votre réservation pour 26 élèves et 3 accompagnateurs est confirmée {spoken(visit)} à 9 h
        30, entrée des groupes.
        """,
        enclosures=[
            pdf_file(
                "Dossier pédagogique – Une rivière et des hommes.pdf",
                "Une rivière et des hommes",
                _HANDBOOK,
                "Musée de l’Orle, service des publics",
            ),
            docx_file(
                "Autorisation parentale.docx",
                "Autorisation de sortie",
                """
                Je soussigné(e) …………………………, responsable légal(e) de …………………………,
                autorise mon enfant à participer à la visite du musée de l'Orle.

                # À apporter

                - un crayon (pas de stylo dans les galeries) ;
                - un pique-nique et une gourde ;
                - un vêtement de pluie.
                """,
                (("Élève", "Téléphone", "Signature"), ("", "", "")),
            ),
        ],
    )
    yield kept(confirmed, flags=UNREAD)
    yield kept(
        Letter(
            slug=f"devis-car.{desk.owner.username}",
            sender=people.COACHES,
            to=[desk.owner],
            subject="Devis n° 4127 : trajet Montclair – musée de l'Orle",
            date=desk.at(15, "11:22"),
            text="""
            Bonjour Madame,

            Suite à votre appel, voici notre devis pour un car de 53 places, aller et retour dans la
            journée : 412,50 €. Il est valable deux mois.

            Autocars Bellevue
            """,
            enclosures=[
                pdf_file(
                    "Devis-4127.pdf",
                    "Devis n° 4127",
                    """
                    # Prestation

                    Car de 53 places, ceintures, départ 8 h 15 devant le collège, retour 16 h 30.

                    # Prix

                    Transport : 375,00 €. TVA à 10 % : 37,50 €. Total : 412,50 €.
                    """,
                    "Autocars Bellevue",
                )
            ],
        ),
        MUSEUM,
        FORWARDED,
    )
    yield kept(
        Letter(
            slug=f"musee-programme.{desk.owner.username}",
            sender=people.MUSEUM,
            to=[desk.owner],
            subject="Les ateliers de l'hiver pour les collèges",
            date=desk.at(34, "10:00"),
            text="""
            Madame, Monsieur,

            Trois ateliers sont ouverts aux collèges cet hiver : « Lire une carte ancienne », « Le
            moulin et la loi », « Poissons d'eau douce, poissons de papier ». Durée : 1 h 30.
            Gratuit pour les accompagnateurs.

            Le service des publics
            """,
        ),
        MUSEUM,
    )
    yield kept(
        Letter(
            slug=f"theatre.{desk.owner.username}",
            sender=people.THEATRE,
            to=[desk.owner],
            subject="Vos 52 places pour « Le Horla »",
            date=desk.at(20, "15:44"),
            rich=True,
            text="""
            Chère Madame,

            Vos 52 places pour la représentation scolaire du Horla sont mises de côté jusqu'à la fin
            du mois. La comédienne rencontrera volontiers la classe après le spectacle : quinze
            minutes, toutes les questions sont permises, même « comment on pleure ».

            Au plaisir de vous accueillir,

            Théâtre des Sept-Ponts
            """,
        ),
        OUTINGS,
        ANSWERED,
    )
    yield kept(
        Letter(
            slug=f"nautique.{desk.owner.username}",
            sender=people.MARINE,
            to=[desk.owner],
            subject="Séjour nautique : photos et bilan",
            date=desk.at(158, "17:05"),
            text="""
            Bonjour,

            Quel plaisir d'avoir eu vos élèves ! Le zip contient deux photos, le bilan et la liste
            des brevets de natation. Le ciré bleu, taille 12 ans, cherche toujours son propriétaire.

            L'équipe du centre nautique de Port-Garance
            """,
            enclosures=[
                zip_file(
                    "Port-Garance.zip",
                    [
                        photograph("photos/baie au soir.jpg"),
                        picture("photos/étang.png", pictures.landscape()),
                        odt_file(
                            "bilan.odt",
                            "Bilan du séjour",
                            """
                            # Ce qui a plu

                            La marche de nuit, la pêche à pied, les crêpes.

                            # À revoir

                            Le réveil à 6 h 30.
                            """,
                        ),
                        csv_file(
                            "brevets.csv",
                            (("Élève", "Brevet"), ("Lina O.", "oui"), ("Noé T.", "oui")),
                        ),
                    ],
                )
            ],
        ),
        (*OUTINGS, "Séjour nautique"),
        FLAGGED,
    )
    yield kept(
        Letter(
            slug=f"carillon.{desk.owner.username}",
            sender=people.PHAM,
            to=[desk.owner],
            subject="Chorale : l'air, les paroles et le mode d'emploi",
            date=desk.at(5, "12:48"),
            text="""
            Bonjour,

            Voici de quoi répéter avec ta classe : l'air au carillon, les paroles, et une page de
            consignes. Si quelqu'un sait chanter la deuxième voix, qu'il se dénonce.

            Linh
            """,
            enclosures=[
                sound_file("carillon.wav", (523.25, 587.33, 659.25, 523.25, 659.25, 783.99)),
                rtf_file(
                    "paroles.rtf",
                    (
                        "Le moulin de l'Orle",
                        "",
                        "Au bord de l'eau le moulin tourne,",
                        "tourne la roue, tourne le vent ;",
                        "l'eau s'en va et jamais ne retourne,",
                        "le meunier chante en attendant.",
                    ),
                ),
                markdown_file(
                    "consignes.md",
                    """
                    # Répéter en dix minutes

                    1. Écouter **deux fois** le carillon.
                    2. Chanter *bouche fermée*, puis avec les paroles.
                    3. Recommencer sans la feuille.

                    > Le silence compte : on respire entre les vers.
                    """,
                ),
            ],
        ),
        INBOX,
        SEEN,
    )


_VISIT = """<html lang="fr"><head><meta charset="utf-8"><style>
h2{{color:#1f5e56;font-size:20px}} td{{padding:9px 0;border-bottom:1px solid #d9e0e6}}
td.hour{{width:84px;color:#1f5e56;font-weight:bold;white-space:nowrap}}
</style></head><body style="font-family:Verdana,sans-serif;font-size:15px;color:#1d2733">
<p><img src="https://images.musee-orle.example/galerie-des-eaux.jpg" width="600" height="150"
alt="La galerie des eaux"></p>
<h2>Votre classe est attendue {day} à 9 h 30, entrée des groupes.</h2>
<p>Bonjour {name},</p>
<p>Nous avons le plaisir de confirmer votre réservation pour 26 élèves et 3 accompagnateurs.
L'atelier « Lire une carte ancienne » se déroule en deux demi-groupes ; la médiatrice, Rosalie,
vous attendra sous la grande roue du moulin.</p>
<table width="100%" cellspacing="0">
<tr><td class="hour">9 h 30</td><td>Accueil, vestiaire et consignes</td></tr>
<tr><td class="hour">9 h 45</td><td>Groupe 1 : atelier ; groupe 2 : galerie avec le livret</td></tr>
<tr><td class="hour">10 h 45</td><td>Échange des groupes</td></tr>
<tr><td class="hour">11 h 45</td><td>Bilan en salle des maquettes</td></tr>
<tr><td class="hour">12 h 15</td><td>Pique-nique au bord de l'eau (ou à l'abri)</td></tr></table>
<p>Pensez aux autorisations parentales ; le dossier joint contient les fiches des élèves.</p>
<p>À bientôt,<br>Le service des publics, musée de l'Orle</p>
<img src="https://mesure.musee-orle.example/o.gif?m=4127" width="1" height="1" alt="">
</body></html>
"""

_HANDBOOK = """
Ce dossier accompagne la visite des classes de quatrième et de troisième.

# Avant la visite

Faire observer une carte de la vallée : où sont les ponts, les moulins, les gués ? Demander aux
élèves d'interroger une personne âgée de leur entourage : que faisait-on, autrefois, au bord de la
rivière ?

# Pendant la visite

La galerie des eaux présente cinq siècles d'usages : moudre, laver, teindre, pêcher, se baigner.
Chaque élève choisit un objet, le dessine, et rédige trois phrases : ce que je vois, ce que je
devine, ce que je me demande.

# Atelier : lire une carte ancienne

- Repérer l'orientation et l'échelle.
- Retrouver son village ou son quartier.
- Comparer avec une vue d'aujourd'hui.

* * *

# Fiche de l'élève

Mon objet : ……………………………………………………………

Ce que je vois : …………………………………………………………

Ce que je devine : ………………………………………………………

Ce que je me demande : ……………………………………………………

# Après la visite

Réunir les fiches en un petit catalogue. Les meilleurs textes peuvent être envoyés au musée : ils
seront lus aux visiteurs lors de la nuit des rivières.
"""


def _projects(desk: Desk) -> Iterator[Stored]:
    yield kept(
        Letter(
            slug=f"podcast.{desk.owner.username}",
            sender=people.VASSEUR,
            to=[desk.owner],
            subject="Idée : un club d'écoute au CDI",
            date=desk.at(27, "09:15"),
            text="""
            Une idée en passant : un club d'écoute le mardi midi. On s'assoit, on ferme les yeux, on
            écoute vingt minutes de fiction radiophonique, on en parle. Zéro écran. Tu viendrais
            ouvrir la première séance ?

            Élodie
            """,
        ),
        PROJECTS,
        FLAGGED,
    )
    yield kept(
        Letter(
            slug=f"capteurs.{desk.owner.username}",
            sender=people.BENALI,
            to=[desk.owner, desk.other],
            subject="Capteurs de l'étang : premières mesures",
            date=desk.at(13, "22:04"),
            text="""
            Les capteurs bricolés par le club ont tenu toute la semaine (malgré un canard). Les
            mesures sont dans le tableau, la photo du montage est en pièce jointe. L'image est un
            export brut, pardon pour le format.

            Karim
            """,
            enclosures=[
                ods_file(
                    "Mesures de l’étang.ods",
                    "Mesures",
                    (
                        ("Jour", "Température (°C)", "Niveau (cm)", "Trouble"),
                        ("lundi", 9.4, 112, 3.1),
                        ("mardi", 9.1, 113, 3.0),
                        ("mercredi", 8.7, 118, 4.6),
                        ("jeudi", 8.9, 117, 3.9),
                        ("vendredi", 8.2, 115, 3.2),
                    ),
                ),
                Enclosure("etang.webp", "image/webp", pictures.POND_WEBP.read_bytes()),
                Enclosure("courbe.bmp", "image/bmp", pictures.chart(280, 180).bmp()),
            ],
        ),
        PROJECTS,
    )
    yield kept(
        Letter(
            slug=f"carte-visite.{desk.owner.username}",
            sender=people.PHAM,
            to=[desk.owner],
            subject="Ma carte, et celle de l'autrice dont je parlais",
            date=desk.at(19, "13:50"),
            text="""
            Comme promis, mes coordonnées et celles d'Ariane Solveig, qui intervient dans les
            classes. Elle est adorable et elle ne prend pas le train avant 9 h.

            Linh
            """,
            enclosures=[Enclosure("contacts.vcf", "text/vcard", _CARDS.encode())],
        ),
        PROJECTS,
    )


_CARDS = french(
    """BEGIN:VCARD\r
VERSION:3.0\r
N:Pham;Linh;;;\r
FN:Linh Pham\r
ORG:Collège des Aubépines\r
TITLE:Professeure de physique-chimie\r
EMAIL;TYPE=WORK:linh.pham@ac-exemple.fr\r
TEL;TYPE=CELL:+33 6 39 98 00 41\r
END:VCARD\r
BEGIN:VCARD\r
VERSION:3.0\r
N:Solveig;Ariane;;;\r
FN:Ariane Solveig\r
TITLE:Autrice\r
EMAIL;TYPE=HOME:ariane@solveig-ecrit.example\r
ADR;TYPE=WORK:;;7 quai des Lavandières;Valbruyère;;80999;France\r
NOTE:Interventions en classe le mardi et le jeudi\r
END:VCARD\r
"""
)


def _abroad(desk: Desk) -> Iterator[Stored]:
    first = Letter(
        slug=f"penpals.{desk.owner.username}.1",
        sender=people.BRENNAN,
        to=[desk.owner],
        cc=[people.LEFORT],
        subject="Pen pals: a first batch of letters",
        date=desk.at(12, "15:15"),
        english=True,
        text=f"""
        Dear {desk.owner.display_name.split()[0]},

        Greetings from a very wet Hillbrook! My second-years have finished their letters to your
        pupils: twenty-four in English, two in brave French, and one which is mostly about a pony.

        I'd rather not send them by post this time. Would a scanned file suit you? I also wondered
        whether your class would like to join our video call on the last Friday of term.

        Warm regards,
        | Aoife Brennan
        | Hillbrook School
        """,
    )
    yield kept(first, PROJECTS, ANSWERED)
    answer = Letter(
        slug=f"penpals.{desk.owner.username}.2",
        sender=desk.owner,
        to=[people.BRENNAN],
        cc=[people.LEFORT],
        subject="Re: Pen pals: a first batch of letters",
        date=desk.at(11, "17:40"),
        english=True,
        references=[first.identifier],
        text="""
        Dear Aoife,

        A scanned file is perfect, and yes to the video call: 26 pupils, one camera, a lot of
        giggling. The author of the pony letter already has three candidates to answer her.

        Best wishes from Montclair,
        """
        + f"| {desk.owner.display_name}\n",
    )
    yield kept(answer, SENT)
    yield kept(
        Letter(
            slug=f"penpals.{desk.owner.username}.3",
            sender=people.BRENNAN,
            to=[desk.owner],
            cc=[people.LEFORT],
            subject="Re: Pen pals: a first batch of letters",
            date=desk.at(1, "11:30"),
            english=True,
            references=[first.identifier, answer.identifier],
            text="""
            Wonderful! The letters are attached, together with the plan for the call. If anything
            doesn't open, let me know and I'll ask the boy who fixes everything (he is twelve).

            Aoife
            """,
            enclosures=[
                pdf_file(
                    "Letters from Hillbrook.pdf",
                    "Letters from Hillbrook",
                    """
                    # From Niamh

                    Hello! My name is Niamh, I am twelve and I have a pony called Biscuit. He eats
                    everything. Do you have a pony? If not, do you have a dog? My French teacher
                    says that I must ask a question about school, so: what do you eat there?

                    # From Oisín

                    Bonjour ! Je m'appelle Oisín. J'habite près de la mer. J'aime le foot et les
                    crêpes. As-tu vu un hérisson ?

                    # From Saoirse

                    I like drawing, thunderstorms and libraries. I would like to know which book
                    you would take to an island.
                    """,
                    "Hillbrook School",
                ),
                docx_file(
                    "Video call plan.docx",
                    "Video call: the plan",
                    """
                    # Ten to eleven

                    Two songs, five questions each way, one riddle.
                    """,
                ),
            ],
        ),
        flags=UNREAD,
    )
    yield kept(
        Letter(
            slug=f"conference.{desk.owner.username}",
            sender=Address("European Classroom Network", "hello", "classroom-network.example"),
            to=[desk.owner],
            subject="Your proposal has been accepted",
            date=desk.at(430, "09:00"),
            english=True,
            rich=True,
            text="""
            Dear colleague,

            We are delighted to tell you that your workshop "A river, two classes" has been accepted
            for the spring meeting. You'll have forty minutes and, we're told, very good coffee.

            The programme committee
            """,
        ),
        ARCHIVE,
    )


def _sent(desk: Desk) -> Iterator[Stored]:
    name = desk.owner.display_name
    yield kept(
        Letter(
            slug=f"parents-sortie.{desk.owner.username}",
            sender=desk.owner,
            to=[desk.owner],
            subject=f"Sortie au musée : autorisation à rendre ({desk.form})",
            date=desk.at(2, "18:10"),
            text=f"""
            Chers parents,

            La classe visite le musée de l'Orle {spoken(desk.day(13))}. Merci de rendre
            l'autorisation signée d'ici vendredi. Le départ est à 8 h 15, le retour à 16 h 30 ; la
            sortie est gratuite.

            {name}
            """,
            headers=[
                ("Bcc", ", ".join(f"parent{n:02}@courriel.example" for n in range(1, 28))),
            ],
        ),
        SENT,
    )
    yield kept(
        Letter(
            slug=f"manuels.reponse.{desk.owner.username}",
            sender=desk.owner,
            to=[people.STORES],
            subject="Re: Commande de manuels : il me manque votre liste",
            date=desk.at(7, "12:32"),
            text=f"""
            Bonjour,

            Voici la liste en {desk.subject}, avec mes excuses pour le retard. Il reste 62 € : j'ai
            ajouté deux dictionnaires pour le CDI.

            {name}
            """,
            references=[f"<manuels@{people.DOMAIN}>"],
            enclosures=[
                ods_file(
                    "Commande.ods",
                    "Commande",
                    (
                        ("Titre", "Éditeur", "Quantité", "Prix"),
                        ("Carnet de bord 4e", "Éditions du Gué", 30, 21.5),
                        ("Carnet de bord 3e", "Éditions du Gué", 28, 22.9),
                        ("Dictionnaire de poche", "Plume & Fils", 2, 14.2),
                    ),
                )
            ],
        ),
        SENT,
    )
    yield kept(
        Letter(
            slug=f"stage.reponse.{desk.owner.username}",
            sender=desk.owner,
            to=[people.TRAINING],
            subject="Re: Convocation à la formation « Mieux écrire, mieux réviser »",
            date=desk.at(5, "18:20"),
            text=f"""
            Bonjour,

            J'accuse réception de la convocation et je serai présente. J'apporterai deux copies.

            {name}
            """,
            references=[f"<stage.{desk.owner.username}@{people.DOMAIN}>"],
        ),
        SENT,
    )
    yield kept(
        Letter(
            slug=f"merci.{desk.owner.username}",
            sender=desk.owner,
            to=[people.parent("Association des parents d’élèves", "bureau.ape")],
            subject="Merci pour la bourse aux livres",
            date=desk.at(36, "19:12"),
            text=f"""
            Bonjour à toute l'équipe,

            Quarante-trois livres pour l'armoire de la classe : merci ! Les élèves se disputent déjà
            les bandes dessinées, c'est bon signe.

            {name}
            """,
        ),
        SENT,
    )
    yield kept(
        Letter(
            slug=f"benevoles.{desk.owner.username}",
            sender=people.parent("Nadine Roussel", "nadine.roussel"),
            to=[desk.owner],
            subject="Accompagner la sortie",
            date=desk.at(9, "20:30"),
            text="""
            Bonjour,

            Je suis libre ce jour-là et je veux bien accompagner la classe. J'ai mon brevet de
            secourisme et une grande thermos.

            Nadine Roussel
            """,
        ),
        PARENTS,
    )


def _drafts(desk: Desk) -> Iterator[Stored]:
    drafts = ("\\Seen", "\\Draft")
    yield kept(
        Letter(
            slug=f"brouillon.1.{desk.owner.username}",
            sender=desk.owner,
            to=[people.GUERIN],
            subject="Projet de classe : demande de financement",
            date=desk.at(1, "22:47"),
            text="""
            Madame la Principale,

            Le journal du collège aurait besoin de 180 € pour le papier et l'encre. Le foyer en
            prend la moitié ; pour le reste,
            """,
        ),
        DRAFTS,
        drafts,
    )
    yield kept(
        Letter(
            slug=f"brouillon.2.{desk.owner.username}",
            sender=desk.owner,
            to=[],
            subject="Idées pour la semaine de la lecture",
            date=desk.at(33, "08:08"),
            text="""
            - lectures chuchotées dans l'escalier
            - un poème glissé dans chaque carnet
            - demander à la cantine un menu « en toutes lettres »
            """,
        ),
        DRAFTS,
        drafts,
    )
