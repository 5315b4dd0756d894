"""Letters that come for what is enclosed: one of each kind of file that teachers are sent."""

import hashlib
from collections.abc import Iterator
from email.headerregistry import Address
from email.message import EmailMessage
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.policy import SMTP
from pathlib import Path
from textwrap import dedent

from demo.mail import film, people, pictures, scans, slides, wrapped
from demo.mail.enclosures import (
    RECTORATE,
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
    text_file,
    xlsx_file,
    zip_file,
)
from demo.mail.slides import Slide
from demo.mail.typography import french
from demo.mail.writing import (
    ANSWERED,
    FLAGGED,
    INBOX,
    SEEN,
    UNREAD,
    Desk,
    Enclosure,
    Letter,
    Stored,
    compose,
    kept,
    spoken,
    store,
)

# Word, Excel and PowerPoint 97 to 2003: written once by LibreOffice 25.2 from files of
# `demo.mail.office` and `demo.mail.slides`, its preview picture left out. No light library writes
# them.
_OLD = Path(__file__).parent

_TOWN = Address("Mairie de Montclair, service des sports", "sports", "montclair.example")
_PENGUINS = Address("Aymeric Tison", "aymeric", "libre-montclair.example")
_RETIRED = Address("Geneviève Astier", "g.astier", "courriel.example")
_PRINTERS = Address("Imprimerie Gutenbourg", "devis", "gutenbourg.example")
_READERS = Address("Liste Lecture jeunesse", "lecture-jeunesse", "listes.example")


def letters(desk: Desk) -> Iterator[Stored]:
    yield _film(desk)
    yield _slides(desk)
    yield _old_files(desk)
    yield from _pictures(desk)
    yield _everything(desk)
    yield _winmail(desk)
    yield _signed(desk)
    yield from _armoured(desk)
    yield _uuencoded(desk)
    yield _forwarded_twice(desk)
    yield _digest(desk)


def _film(desk: Desk) -> Stored:
    return kept(
        Letter(
            slug=f"film.{desk.owner.username}",
            sender=people.BENALI,
            to=[desk.owner],
            subject="Le film d'animation du club est monté !",
            date=desk.at(3, "17:52"),
            text="""
            Bonsoir,

            Quarante-huit images, deux mercredis et un voilier en carton : voici « Une journée à
            l'étang ». Il est muet, ta classe pourrait écrire le commentaire et l'enregistrer ?

            Karim
            """,
            enclosures=[
                Enclosure("Une journée à l’étang.webm", "video/webm", film.day_at_the_pond())
            ],
        ),
        flags=FLAGGED,
    )


_NARRATIVE = (
    Slide("Le récit fantastique", ("Classe de quatrième", "Six séances et une veillée"), "1F3373"),
    Slide(
        "Les ingrédients",
        ("un cadre ordinaire", "un détail qui cloche", "un témoin qui doute", "une fin ouverte"),
    ),
    Slide(
        "Le Horla (1887)",
        ("un journal intime", "une carafe qui se vide", "et si l’on n’était pas seul ?"),
        "F7F2E6",
    ),
    Slide("À vos plumes !", ("Douze lignes pour inquiéter un camarade",), "1F5E56"),
)


def _slides(desk: Desk) -> Stored:
    return kept(
        Letter(
            slug=f"diaporama.{desk.owner.username}",
            sender=people.TRAINING,
            to=[desk.owner],
            subject="Stage « Mieux écrire » : le diaporama, dans les deux formats",
            date=desk.at(4, "10:24"),
            text="""
            Bonjour,

            Comme vous étiez plusieurs à le demander, voici le diaporama du matin, pour PowerPoint
            et pour Impress. Les deux disent la même chose ; servez-vous et changez ce que vous
            voulez.

            L'équipe de la formation
            """,
            enclosures=[
                Enclosure("Le récit fantastique.pptx", slides.PPTX, slides.pptx(_NARRATIVE)),
                Enclosure("Le récit fantastique.odp", slides.ODP, slides.odp(_NARRATIVE)),
            ],
        ),
        flags=SEEN,
    )


def _old_files(desk: Desk) -> Stored:
    def old(name: str, media_type: str, file: str) -> Enclosure:
        return Enclosure(name, media_type, (_OLD / file).read_bytes())

    return kept(
        Letter(
            slug=f"disquettes.{desk.owner.username}",
            sender=_RETIRED,
            to=[desk.owner],
            subject="J'ai retrouvé mes disquettes",
            date=desk.at(6, "20:41"),
            text="""
            Chère collègue,

            En vidant le bureau j'ai retrouvé mes cours de 1999. Mon petit-fils les a recopiés :
            le règlement du coin lecture, le relevé des prêts et un exposé sur les temps du récit,
            avec ses couleurs d'époque. Prenez ce qui peut servir, jetez le reste sans remords.

            Geneviève Astier, jeune retraitée
            """,
            enclosures=[
                old("reglement.doc", "application/msword", "reglement.doc"),
                old("prets.xls", "application/vnd.ms-excel", "prets.xls"),
                old("temps-du-recit.ppt", "application/vnd.ms-powerpoint", "temps-du-recit.ppt"),
            ],
        ),
        flags=ANSWERED,
    )


def _pictures(desk: Desk) -> Iterator[Stored]:
    yield kept(
        Letter(
            slug=f"copieur.{desk.owner.username}",
            sender=people.OFFICE,
            to=[desk.owner],
            subject="Numérisation : dossier de sortie de Hugo Garnier",
            date=desk.at(2, "08:55"),
            text="""
            Bonjour,

            Les trois pages du dossier, telles que le copieur les a avalées.

            Le secrétariat
            """,
            enclosures=[
                Enclosure(
                    "numerisation_0412.tif",
                    "image/tiff",
                    scans.scanned(
                        (
                            "Autorisation de sortie",
                            "Je, Hector Garnier, autorise mon fils Hugo,",
                            "classe de 4e B, pour la visite du mardi.",
                            "Portable : 06 39 98 12 40",
                        ),
                        ("Fiche sanitaire", "Pollens : oui.  Arachides : non.", "Soins : aucun."),
                        ("Photos et films", "Journal : oui.  Site : oui.  Radio : oui."),
                    ),
                )
            ],
        ),
        flags=UNREAD,
    )
    yield kept(
        Letter(
            slug=f"bon-a-tirer.{desk.owner.username}",
            sender=_PRINTERS,
            to=[desk.owner],
            subject="La Gazette : épreuve de la une, et l'affiche prise au mur",
            date=desk.at(3, "14:20"),
            text="""
            Bonjour,

            L'épreuve est dans les encres de la presse (cyan, magenta, jaune, noir) : sur un écran
            les verts paraissent plus vifs. J'ai photographié l'affiche de l'atelier au téléphone,
            debout, pour vous montrer le rendu.

            L'imprimerie
            """,
            enclosures=[
                Enclosure("une-epreuve-cmjn.jpg", "image/jpeg", scans.for_print()),
                Enclosure("IMG_0931.jpg", "image/jpeg", scans.held_upright()),
            ],
        )
    )
    yield kept(
        Letter(
            slug=f"microscope.{desk.owner.username}",
            sender=people.PHAM,
            to=[desk.owner],
            subject="Une goutte de l'étang pour illustrer le poème",
            date=desk.at(10, "16:33"),
            text="""
            Regarde ce que les troisièmes ont trouvé sous la lamelle. Karim a ajouté la fleur du
            collège qui tourne, en deux formats, pour le site du journal.

            Linh
            """,
            enclosures=[
                Enclosure("goutte-16-bits.png", "image/png", scans.under_the_microscope()),
                Enclosure("fleur.gif", "image/gif", scans.spinning("GIF")),
                Enclosure("fleur.webp", "image/webp", scans.spinning("WEBP")),
            ],
        )
    )


def _everything(desk: Desk) -> Stored:
    """An archive with folders and a file of each kind, another archive and a letter among them."""
    note = compose(
        Letter(
            slug=f"dans-l-archive.{desk.owner.username}",
            sender=people.VASSEUR,
            to=[desk.other],
            subject="Les albums réservés",
            date=desk.at(19, "11:11"),
            text="""
            Les huit albums sont sur le chariot bleu.

            Élodie
            """,
            enclosures=[csv_file("albums.csv", (("Titre", "Cote"), ("Le loup du 3e", "A LOU")))],
        )
    ).as_bytes(policy=SMTP)
    texts = zip_file(
        "textes.zip",
        [
            text_file("incipit.txt", "Il faisait nuit, et pourtant quelqu'un arrosait le jardin."),
            markdown_file("plan.md", "# Séquence\n\n1. Lire\n2. Douter\n3. Écrire\n"),
        ],
    )
    files = (
        pdf_file("Fiches/consignes.pdf", "Consignes", "Lire, annoter, se taire un peu."),
        docx_file("Fiches/évaluation.docx", "Évaluation", "Sur vingt, dont deux de mystère."),
        odt_file("Fiches/évaluation.odt", "Évaluation", "Sur vingt, dont deux de mystère."),
        rtf_file("Fiches/évaluation.rtf", ["Évaluation", "Sur vingt, dont deux de mystère."]),
        xlsx_file("Tableaux/notes.xlsx", "Notes", (("Élève", "Note"), ("Inès", 15), ("Tom", 11))),
        ods_file("Tableaux/notes.ods", "Notes", (("Élève", "Note"), ("Inès", 15), ("Tom", 11))),
        csv_file("Tableaux/notes.csv", (("Élève", "Note"), ("Inès", 15), ("Tom", 11))),
        Enclosure("Écran/séance 1.pptx", slides.PPTX, slides.pptx(_NARRATIVE[:2])),
        Enclosure("Écran/séance 1.odp", slides.ODP, slides.odp(_NARRATIVE[:2])),
        photograph("Images/étang.jpg"),
        picture("Images/affiche.png", pictures.poster()),
        Enclosure("Images/étang.webp", "image/webp", pictures.POND_WEBP.read_bytes()),
        sound_file("Sons/carillon.wav", (523.25, 659.25, 783.99)),
        Enclosure("Sons et images/étang.webm", "video/webm", film.day_at_the_pond()),
        Enclosure("Les albums réservés.eml", "message/rfc822", note),
        texts,
    )
    return kept(
        Letter(
            slug=f"sequence.{desk.owner.username}",
            sender=desk.other,
            to=[desk.owner],
            subject="Toute la séquence dans une seule archive",
            date=desk.at(5, "22:16"),
            text="""
            J'ai tout mis dans le même sac : fiches, tableaux, images, le carillon, et même le
            message d'Élodie. Rien à installer, tu ouvres et tu pioches.

            Bises
            """,
            enclosures=[zip_file("Séquence fantastique.zip", files)],
        ),
        flags=UNREAD,
    )


def _winmail(desk: Desk) -> Stored:
    """Make what Outlook sends as winmail.dat; there is nothing else of it."""
    outer = Letter(
        slug=f"winmail.{desk.owner.username}",
        sender=_TOWN,
        to=[desk.owner],
        subject="Gymnase : créneaux du trimestre",
        date=desk.at(7, "11:05"),
    )
    inside = wrapped.winmail(
        "Gymnase : créneaux du trimestre",
        "Bonjour,\r\n\r\nVous trouverez ci-joint les créneaux du gymnase et le plan d’accès.\r\n"
        "Le badge se retire à l’accueil.\r\n\r\nLe service des sports\r\n",
        [
            xlsx_file(
                "Créneaux.xlsx",
                "Créneaux",
                (("Jour", "De", "À"), ("mardi", "10 h", "12 h"), ("jeudi", "14 h", "16 h")),
            ),
            pdf_file("Accès.pdf", "Plan d'accès", "Par la rue du Lavoir, portail vert.", "Mairie"),
        ],
    )
    message = _head(outer)
    message.set_content(
        inside, "application", "ms-tnef", filename="winmail.dat", disposition="attachment"
    )
    return store(message, outer.date, INBOX, SEEN)


def _head(letter: Letter) -> EmailMessage:
    """The letter's head alone, for a body that is put together here."""
    message = compose(letter)
    message.clear_content()
    return message


def _signed(desk: Desk) -> Stored:
    """The text and its attachment inside a signature (S/MIME, opaque)."""
    outer = Letter(
        slug=f"arrete.{desk.owner.username}",
        sender=people.POSTS,
        to=[desk.owner],
        subject="Votre arrêté d'avancement, signé électroniquement",
        date=desk.at(8, "09:40"),
    )
    inner = EmailMessage(policy=SMTP)
    inner.set_content(
        french(
            "Bonjour,\n\nVotre arrêté d'avancement d'échelon est joint. Ce message est signé : un"
            " programme qui connaît S/MIME peut vérifier qu'il vient bien de nos services.\n\n"
            "La gestion des personnels\n"
        ),
        cte="quoted-printable",
    )
    order = pdf_file(
        "Arrêté.pdf", "Arrêté", f"Promue à compter du {spoken(desk.day(30), year=True)}.", RECTORATE
    )
    inner.add_attachment(order.content, "application", "pdf", filename=order.name)
    message = _head(outer)
    sender = people.POSTS
    message.set_content(
        wrapped.signed(inner.as_bytes(), sender.display_name, sender.addr_spec, desk.now),
        "application",
        "pkcs7-mime",
        filename="smime.p7m",
        params={"smime-type": "signed-data"},
    )
    return store(message, outer.date, INBOX, UNREAD)


def _armoured(desk: Desk) -> Iterator[Stored]:
    text = french(
        "Bonjour,\n\nL'atelier de samedi est maintenu : on réinstalle les douze portables donnés"
        " par la banque, et on apprend à signer ses messages. Celui-ci l'est.\n\nAymeric\n"
    )
    yield kept(
        Letter(
            slug=f"pgp.signe.{desk.owner.username}",
            sender=_PENGUINS,
            to=[desk.owner],
            subject="Atelier de samedi",
            date=desk.at(12, "21:30"),
            text=_as_it_is(wrapped.clear_signed(text)),
        )
    )
    # No key opens it: the packet's head is right, the rest is noise.
    noise = b"".join(hashlib.sha256(bytes((n,))).digest() for n in range(9))
    yield kept(
        Letter(
            slug=f"pgp.chiffre.{desk.owner.username}",
            sender=_PENGUINS,
            to=[desk.owner],
            subject="Re: Atelier de samedi (chiffré, pour essayer)",
            date=desk.at(11, "07:58"),
            text=_as_it_is(
                wrapped.armoured("MESSAGE", b"\xd2\xc0" + (len(noise) - 192).to_bytes(1) + noise)
            ),
        )
    )


def _as_it_is(text: str) -> str:
    """Each line its own, for a literal whose paragraphs are joined otherwise."""
    return "\n".join(f"| {line}" if line else "" for line in text.splitlines())


def _uuencoded(desk: Desk) -> Stored:
    outer = Letter(
        slug=f"uu.{desk.owner.username}",
        sender=Address("Vieux serveur de la mairie", "mairie", "montclair.example"),
        to=[desk.owner],
        subject="Logo de la ville",
        date=desk.at(40, "06:15"),
    )
    message = _head(outer)
    message.set_content(
        "Bonjour,\n\nLe logo de la ville est ci-dessous.\n\n"
        + wrapped.uuencoded("logo.png", pictures.logo(48).png())
        + "\nLe serveur\n",
        charset="us-ascii",
        cte="7bit",
    )
    return store(message, outer.date, INBOX, SEEN)


def _forwarded_twice(desk: Desk) -> Stored:
    """A letter in a letter in a letter; each brings something."""
    first = compose(
        Letter(
            slug=f"conseils.1.{desk.owner.username}",
            sender=people.GUERIN,
            to=[people.DELATTRE],
            subject="Calendrier des conseils de classe",
            date=desk.at(9, "07:45"),
            text="""
            Bonjour Thomas,

            Le calendrier est calé. Merci de prévenir les professeurs principaux.

            N. G.
            """,
            enclosures=[
                pdf_file(
                    "Calendrier.pdf",
                    "Conseils de classe",
                    """
                    # Quatrièmes

                    4e A lundi à 17 h, 4e B lundi à 18 h.

                    # Troisièmes

                    3e A mardi à 17 h, 3e B mardi à 18 h.
                    """,
                )
            ],
        )
    )
    second_letter = Letter(
        slug=f"conseils.2.{desk.owner.username}",
        sender=people.DELATTRE,
        to=[people.VASSEUR],
        subject="TR: Calendrier des conseils de classe",
        date=desk.at(9, "08:30"),
        rich=True,
        text="""
        Élodie,

        Peux-tu libérer la salle du CDI lundi soir ? J'ajoute le trombinoscope.

        Thomas
        """,
        enclosures=[photograph("trombinoscope.jpg")],
    )
    second = compose(second_letter)
    second.add_attachment(first)
    outer = Letter(
        slug=f"conseils.3.{desk.owner.username}",
        sender=people.VASSEUR,
        to=[desk.owner],
        subject="TR: TR: Calendrier des conseils de classe",
        date=desk.at(8, "12:50"),
        text="""
        Pour information : le CDI sera pris lundi soir, tout est dans le message joint, et dans
        celui qu'il contient.

        Élodie
        """,
    )
    message = compose(outer)
    message.add_attachment(second)
    return store(message, outer.date, INBOX, SEEN)


def _digest(desk: Desk) -> Stored:
    """A mailing list's messages of a day in one (RFC 2046 section 5.1.5)."""
    outer = Letter(
        slug=f"recueil.{desk.owner.username}",
        sender=_READERS,
        to=[desk.owner],
        subject="Lecture jeunesse, recueil n° 212",
        date=desk.at(16, "06:00"),
        text="""
        Dans ce recueil :

        1. Quel album pour parler du noir ?
        2. Re: Quel album pour parler du noir ?
        3. Rallye lecture : qui s'y joint ?
        """,
        headers=[
            ("List-Id", "<lecture-jeunesse.listes.example>"),
            ("List-Unsubscribe", "<mailto:lecture-jeunesse-leave@listes.example>"),
        ],
    )
    turns = (
        ("Mireille", "Quel album pour parler du noir ?", "Ma classe a peur de la cave. Une idée ?"),
        (
            "Yannick",
            "Re: Quel album pour parler du noir ?",
            "« La nuit sous l'escalier », sans hésiter. Et une lampe de poche pour chacun.",
        ),
        ("Odile", "Rallye lecture : qui s'y joint ?", "Dix livres, cinq classes, une brioche."),
    )
    digest = MIMEMultipart("digest", policy=SMTP)
    for number, (name, subject, words) in enumerate(turns, 1):
        letter = Letter(
            slug=f"recueil.{number}.{desk.owner.username}",
            sender=Address(name, name.lower(), "listes.example"),
            to=[_READERS],
            subject=subject,
            date=desk.at(17, f"{9 + number}:00"),
            text=dedent(words),
        )
        digest.attach(MIMEMessage(compose(letter), policy=SMTP))
    message = compose(outer)
    message.make_mixed()
    message.attach(digest)  # type: ignore[arg-type]
    return store(message, outer.date, INBOX, SEEN)
