"""Letters from parents, and one or two from pupils; each teacher has her own."""

from collections.abc import Iterator
from dataclasses import dataclass

from demo.mail import people
from demo.mail.enclosures import pdf_file, photograph
from demo.mail.writing import (
    ANSWERED,
    FLAGGED,
    INBOX,
    SEEN,
    SENT,
    UNREAD,
    Desk,
    Enclosure,
    Folder,
    Letter,
    Stored,
    kept,
)

PARENTS: Folder = ("Parents d’élèves",)


def class_folder(desk: Desk) -> Folder:
    return ("Classes", desk.form)


@dataclass(frozen=True)
class _Note:
    """A parent's letter in short. `folder` None: the folder of the class."""

    name: str
    local: str
    subject: str
    days: int
    clock: str
    text: str
    folder: Folder | None = INBOX
    flags: tuple[str, ...] = SEEN
    enclosures: tuple[Enclosure, ...] = ()


def letters(desk: Desk) -> Iterator[Stored]:
    notes = _TO_DURAND if desk.owner == people.DURAND else _TO_MORVAN
    for number, note in enumerate(notes):
        yield kept(
            Letter(
                slug=f"{note.local}.{desk.owner.username}.{number}",
                sender=people.parent(note.name, note.local),
                to=[desk.owner],
                subject=note.subject,
                date=desk.minutes_ago(62) if note.days == 0 else desk.at(note.days, note.clock),
                text=note.text,
                enclosures=note.enclosures,
            ),
            class_folder(desk) if note.folder is None else note.folder,
            note.flags,
        )
        if "\\Answered" in note.flags:
            yield _answer(desk, number, note)


def _answer(desk: Desk, number: int, note: _Note) -> Stored:
    family = note.name.split()[-1]
    return kept(
        Letter(
            slug=f"reponse.{desk.owner.username}.{number}",
            sender=desk.owner,
            to=[people.parent(note.name, note.local)],
            subject=f"Re: {note.subject}",
            date=desk.at(max(note.days - 1, 1), "17:45"),
            text=f"""
            Bonjour,

            Merci pour votre message. C'est bien noté ; je vous propose d'en parler de vive voix,
            au collège ou par téléphone, en fin de journée.

            Bien cordialement,

            {desk.owner.display_name}
            | Professeure de {desk.subject}, collège des Aubépines

            > Message de {note.name} (famille {family}) du {desk.at(note.days, note.clock):%d/%m/%Y}
            """,
            references=[f"<{note.local}.{desk.owner.username}.{number}@courriel.example>"],
        ),
        SENT,
    )


_TO_DURAND = (
    _Note(
        "Sophie Aubry-Petit",
        "sophie.aubry",
        "Absence de Maëlle ce matin",
        0,
        "08:00",
        """
        Bonjour Madame Durand,

        Maëlle a de la fièvre, elle ne viendra pas aujourd'hui. Pourriez-vous laisser le travail sur
        l'espace de la classe ? Elle tient beaucoup à préparer son exposé sur Maupassant.

        Merci et bonne journée,
        | Sophie Aubry-Petit
        """,
        flags=UNREAD,
    ),
    _Note(
        "Rachid Belkacem",
        "r.belkacem",
        "Rendez-vous au sujet de Yanis",
        1,
        "20:12",
        """
        Madame,

        Serait-il possible de vous rencontrer un soir de la semaine prochaine ? Yanis dit que tout
        va bien, ce qui, d'expérience, nous inquiète un peu. Nous sommes disponibles après 17 h 30.

        Respectueusement,
        | Rachid et Nadia Belkacem
        """,
        flags=UNREAD,
    ),
    _Note(
        "Isabel Costa",
        "isabel.costa",
        "Merci pour le club théâtre",
        3,
        "21:40",
        """
        Chère Madame Durand,

        Un mot pour vous remercier. Inès répète ses répliques devant le chat, devant son petit
        frère, et même devant le four. Je ne l'avais jamais vue aimer un texte à ce point.

        Si vous cherchez des costumes, ma mère coud : elle se propose pour les cols et les capes.

        Bien à vous,
        | Isabel Costa
        """,
        flags=ANSWERED,
    ),
    _Note(
        "Frédéric Girard",
        "f.girard",
        "Note de la dernière rédaction",
        5,
        "19:03",
        """
        Bonjour,

        Je ne comprends pas la note de Jules : 9,5/20 alors qu'il a rendu trois pages. Pourriez-vous
        nous expliquer ce qui est attendu ? Il est prêt à recommencer.

        Cordialement,
        | F. Girard
        """,
        None,
        ("\\Flagged",),
    ),
    _Note(
        "Awa Diallo",
        "awa.diallo",
        "Autorisation de sortie signée",
        7,
        "07:31",
        """
        Bonjour Madame,

        Voici l'autorisation signée pour le théâtre. Fatou prendra son pique-nique sans porc, merci.

        Awa Diallo
        """,
        None,
        UNREAD,
        (
            pdf_file(
                "Autorisation Fatou.pdf",
                "Autorisation de sortie",
                """
                Je soussignée Awa Diallo autorise ma fille Fatou à participer à la sortie au Théâtre
                des Sept-Ponts et à y être photographiée.

                Lu et approuvé.
                """,
            ),
        ),
    ),
    _Note(
        "Hélène et Marc Faure",
        "famille.faure",
        "Dyslexie : comment aider Tom à la maison ?",
        10,
        "22:15",
        """
        Bonjour Madame Durand,

        Le bilan de l'orthophoniste est arrivé : dyslexie modérée. Nous voudrions savoir ce que nous
        pouvons faire à la maison, et ce que vous mettez en place en classe (police plus grande,
        temps en plus ?).

        Tom ne veut surtout pas que les autres le sachent. Merci pour votre tact.

        Hélène et Marc Faure
        """,
        None,
        FLAGGED,
    ),
    _Note(
        "Olivier Marchand",
        "o.marchand",
        "Stage d'observation dans ma librairie",
        16,
        "12:20",
        """
        Bonjour,

        Ma librairie, « Au Point-Virgule », peut accueillir deux élèves de la classe pour une
        semaine d'observation. On leur fera tout faire : les cartons, les vitrines, les conseils aux
        clients.

        O. Marchand, papa de Lina
        """,
        PARENTS,
        ANSWERED,
    ),
    _Note(
        "Katarzyna Nowak",
        "k.nowak",
        "Téléphone confisqué",
        23,
        "18:18",
        """
        Bonjour,

        Vous avez confisqué le téléphone de Piotr mardi et vous avez bien fait. Gardez-le jusqu'à
        vendredi, nous dînons enfin en famille.

        K. Nowak
        """,
        PARENTS,
        ANSWERED,
    ),
    _Note(
        "Association des parents d’élèves",
        "bureau.ape",
        "Bourse aux livres : il nous faut des bras",
        40,
        "14:05",
        """
        Chers professeurs,

        La bourse aux livres de l'association aura lieu dans le préau. Deux heures de présence
        suffisent. En échange : café, gâteaux, et les invendus pour vos bibliothèques de classe.

        Le bureau de l'association
        """,
        PARENTS,
    ),
    _Note(
        "Zoé M.",
        "zoe.m",
        "ma rédac (désolée du retard)",
        48,
        "23:52",
        """
        bonjour madame

        c'est zoé de 4eB je vous envoie ma rédaction ici parce que l'espace de la classe ne marche
        pas chez moi. désolée pour l'heure

        > Ce jour-là, l'étang avait gelé. Mon grand-père disait que la glace se souvient de tout ce
        > qu'elle recouvre...

        la suite est sur ma feuille, je vous la donne demain

        zoé
        """,
        None,
    ),
)

_TO_MORVAN = (
    _Note(
        "Camille Dumoulin",
        "camille.dumoulin",
        "Malo absent ce matin (dentiste)",
        0,
        "08:00",
        """
        Bonjour Madame Morvan,

        Malo arrivera vers 11 h, il est chez le dentiste. Il a peur de manquer la dissection :
        est-ce qu'il pourra rattraper avec l'autre groupe ?

        Merci !
        | Camille Dumoulin
        """,
        flags=UNREAD,
    ),
    _Note(
        "Grégory Estève",
        "g.esteve",
        "Orientation d'Anaïs",
        1,
        "19:55",
        """
        Madame,

        Anaïs hésite entre la seconde générale et le lycée agricole. Elle parle de vos cours tous
        les soirs, votre avis pèsera plus que le nôtre. Quand pourrions-nous en parler ?

        Bien cordialement,
        | Grégory Estève
        """,
        flags=UNREAD,
    ),
    _Note(
        "Leïla Hamdi",
        "leila.hamdi",
        "Photos de l'étang pour l'exposition",
        3,
        "17:26",
        """
        Bonjour,

        Voici la photo que Sami a prise dimanche à l'étang, au soleil couchant. Il a compté onze
        hérons ! Si elle peut servir à l'exposition, elle est à vous.

        Leïla Hamdi
        """,
        flags=ANSWERED,
        enclosures=(photograph("étang au couchant.jpg"),),
    ),
    _Note(
        "Bruno Lacaze",
        "b.lacaze",
        "Contrôle de génétique",
        5,
        "20:20",
        """
        Bonjour,

        Le contrôle de génétique tombe le même jour que ceux de mathématiques et d'anglais. Est-il
        possible de le décaler ? Toute la classe serait soulagée (et les parents aussi).

        B. Lacaze, délégué des parents
        """,
        None,
        ("\\Flagged",),
    ),
    _Note(
        "Mireille Okafor",
        "m.okafor",
        "Allergie d'Esther : le latex",
        7,
        "08:12",
        """
        Bonjour Madame,

        Je me permets de rappeler qu'Esther est allergique au latex : merci de prévoir d'autres
        gants pour les travaux pratiques. L'infirmière a la fiche.

        Mireille Okafor
        """,
        None,
        UNREAD,
    ),
    _Note(
        "Thi Mai Nguyen-Blanc",
        "mai.nguyenblanc",
        "Un microscope pour le collège",
        11,
        "13:37",
        """
        Chère Madame Morvan,

        Mon laboratoire renouvelle son matériel. Deux microscopes binoculaires, un peu rayés mais
        excellents, cherchent une seconde vie. Faut-il une convention de don ?

        Bien à vous,
        | Thi Mai Nguyen-Blanc
        """,
        None,
        ANSWERED,
    ),
    _Note(
        "Patrick Vidal",
        "p.vidal",
        "Stage à la ferme",
        18,
        "06:45",
        """
        Bonjour,

        On peut prendre un ou deux stagiaires à la ferme. Il faut être là à 7 h et ne pas craindre
        les vaches, qui sont curieuses.

        P. Vidal
        """,
        PARENTS,
        ANSWERED,
    ),
    _Note(
        "Julie Renaud",
        "julie.renaud",
        "Carnet oublié, encore",
        26,
        "16:58",
        """
        Bonjour Madame,

        Oui, Enzo a encore oublié son carnet. Non, le chien ne l'a pas mangé. Nous allons l'attacher
        au sac (le carnet).

        Julie Renaud
        """,
        PARENTS,
    ),
    _Note(
        "Association des parents d’élèves",
        "bureau.ape",
        "Bourse aux livres : il nous faut des bras",
        40,
        "14:05",
        """
        Chers professeurs,

        La bourse aux livres de l'association aura lieu dans le préau. Deux heures de présence
        suffisent. En échange : café, gâteaux, et les invendus pour vos bibliothèques de classe.

        Le bureau de l'association
        """,
        PARENTS,
    ),
    _Note(
        "Hugo P.",
        "hugo.p",
        "question exposé volcans",
        52,
        "18:44",
        """
        Bonjour Madame,

        Pour l'exposé sur les volcans, est-ce qu'on a le droit de faire une maquette avec du
        vinaigre et du bicarbonate ? Maman dit oui si c'est au collège.

        Hugo, 3e A
        """,
        None,
    ),
)
