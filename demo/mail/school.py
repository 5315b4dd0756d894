"""The mail of the school and the rectorate: circulars, summonses, absences, minutes."""

import itertools
from collections.abc import Iterator

from demo.mail import people, pictures
from demo.mail.enclosures import (
    RECTORATE,
    csv_file,
    docx_file,
    ods_file,
    odt_file,
    pdf_file,
    picture,
    xlsx_file,
)
from demo.mail.writing import (
    ANSWERED,
    ARCHIVE,
    FLAGGED,
    FORWARDED,
    SEEN,
    TRASH,
    UNREAD,
    Desk,
    Folder,
    Letter,
    Stored,
    kept,
    spoken,
)

CIRCULARS: Folder = ("Circulaires",)


def last_year(desk: Desk) -> Folder:
    return (f"Année {desk.school_year - 1}-{desk.school_year}",)


def letters(desk: Desk) -> Iterator[Stored]:
    yield from _today(desk)
    yield from _summonses(desk)
    yield from _this_week(desk)
    yield from _reports(desk)
    yield from _circulars(desk)
    yield from _archives(desk)


def _today(desk: Desk) -> Iterator[Stored]:
    council = desk.day(8)
    agenda = pdf_file(
        f"Ordre du jour – conseil de classe {desk.form}.pdf",
        f"Conseil de classe de {desk.form} : ordre du jour",
        f"""
        Le conseil se tiendra {spoken(council)}, de 17 h 15 à 18 h 30, en salle M3. Il est présidé
        par Mme Guérin, principale.

        # 1. Bilan général de la classe

        Ambiance de travail, assiduité, participation. Chaque professeur prépare une phrase de
        synthèse ; celle du professeur principal ouvre la discussion.

        # 2. Parole des délégués

        Les délégués des élèves, puis les représentants des parents, présentent les remarques
        qu'ils ont recueillies. Merci de les laisser aller au bout avant de répondre.

        # 3. Situations individuelles

        Trois minutes par élève. Les appréciations doivent être saisies l'avant-veille au soir ;
        les propositions de félicitations et d'encouragements sont arrêtées en séance.

        # 4. Accompagnement et orientation

        - Devoirs faits : bilan de la fréquentation.
        - Tutorat entre élèves : quatre volontaires.
        - Stage d'observation : état des conventions.

        # 5. Questions diverses
        """,
    )
    procedure = docx_file(
        "Fiche de préparation.docx",
        f"Préparer le conseil de {desk.form}",
        """
        À compléter par chaque professeur et à rendre au secrétariat l'avant-veille.

        # Vue d'ensemble

        Trois points forts de la classe, deux points à travailler, une proposition.
        """,
        (
            ("Élève", "Appréciation", "Proposition"),
            ("Bastien A.", "Des progrès à l’oral", "Encouragements"),
            ("Inès B.", "Très bon trimestre", "Félicitations"),
            ("Noa C.", "Travail irrégulier", "Tutorat"),
        ),
    )
    yield kept(
        Letter(
            slug=f"conseil.{desk.form[0]}{desk.form[-1]}",
            sender=people.GUERIN,
            to=[people.TEACHERS],
            subject=f"Conseil de classe de {desk.form} : ordre du jour",
            date=desk.minutes_ago(26),
            text=f"""
            Chers collègues,

            Vous trouverez ci-joint l'ordre du jour du conseil de classe de {desk.form}, qui se
            tiendra {spoken(council)} à 17 h 15 en salle M3, ainsi que la fiche de préparation.

            Merci de saisir vos appréciations au plus tard l'avant-veille au soir : c'est ce qui
            nous permet de prendre le temps de parler de chacun.

            Les délégués ont souhaité que l'on aborde l'organisation des devoirs à la maison.
            {desk.title}, pourriez-vous recueillir leurs remarques d'ici vendredi ?

            Bien cordialement,

            Nathalie Guérin
            | Principale du collège des Aubépines
            """,
            enclosures=[agenda, procedure],
            rich=True,
        ),
        flags=UNREAD,
    )
    yield kept(
        Letter(
            slug=f"absences.{desk.owner.username}.jour",
            sender=people.SCHOOL_LIFE,
            to=[desk.owner],
            subject=f"Absences et retards de ce matin – {desk.form}",
            date=desk.minutes_ago(95),
            text=f"""
            Bonjour {desk.title},

            Pour la {desk.form}, ce matin :

            - 2 absents : Lina O. (famille prévenue) et Noé T. (sans nouvelles, nous appelons) ;
            - 1 retard : Jade M., 8 h 12, bus en panne.

            Le relevé de la semaine est joint. La feuille d'appel de la première heure n'a pas été
            validée en M2 : pouvez-vous y jeter un œil ?

            La vie scolaire
            """,
            enclosures=[
                csv_file(
                    f"absences-{desk.form.replace(' ', '')}.csv",
                    (
                        ("Élève", "Jour", "Heures", "Motif"),
                        ("Lina O.", "lundi", 4, "Maladie"),
                        ("Noé T.", "mardi", 2, "Non connu"),
                        ("Jade M.", "mercredi", 0, "Retard : transport"),
                        ("Yanis R.", "jeudi", 1, "Infirmerie"),
                    ),
                )
            ],
        ),
        flags=UNREAD,
    )


def _summonses(desk: Desk) -> Iterator[Stored]:
    jury, course = desk.day(205), desk.day(19)
    yield kept(
        Letter(
            slug=f"jury.{desk.owner.username}",
            sender=people.EXAMS,
            to=[desk.owner],
            subject=f"Convocation : jury du brevet, session de juin {jury.year}",
            date=desk.at(1, "17:20"),
            text=f"""
            {desk.title},

            Vous êtes convoquée en qualité de correctrice de l'épreuve de {desk.subject} du diplôme
            national du brevet, session de juin {jury.year}. La convocation jointe vaut ordre de
            mission ; elle est à présenter à l'entrée du centre.

            Merci d'accuser réception de ce message sous huit jours.

            La division des examens et concours
            """,
            enclosures=[
                pdf_file(
                    f"Convocation_DNB_{jury.year}.pdf",
                    "Convocation à un jury d'examen",
                    f"""
                    {desk.owner.display_name}, professeure de {desk.subject}, collège des Aubépines,
                    est convoquée {spoken(jury, year=True)} à 8 h 30 au lycée des Trois-Ormes,
                    bâtiment C, 12 allée des Platanes, 80999 Valbruyère.

                    # Objet

                    Réunion d'entente, puis correction de l'épreuve écrite de {desk.subject}.

                    # Frais de déplacement

                    Les frais sont remboursés sur présentation de l'ordre de mission, dans
                    l'application de gestion des déplacements, au plus tard deux mois après
                    l'épreuve. Le covoiturage est encouragé : la liste des correcteurs par commune
                    est affichée en salle des professeurs.

                    # Empêchement

                    Tout empêchement est signalé sans délai, avec un justificatif, à la division des
                    examens.
                    """,
                    RECTORATE,
                )
            ],
        ),
        flags=("\\Flagged",),
    )
    yield kept(
        Letter(
            slug=f"stage.{desk.owner.username}",
            sender=people.TRAINING,
            to=[desk.owner],
            cc=[people.OFFICE],
            subject="Convocation à la formation « Mieux écrire, mieux réviser »",
            date=desk.at(6, "11:05"),
            rich=True,
            text=f"""
            Bonjour,

            Votre candidature est retenue pour la formation « Mieux écrire, mieux réviser »
            (6 h, en présence), {spoken(course)} de 9 h à 12 h puis de 13 h 30 à 16 h 30, à l'école
            de formation, salle Ampère.

            Votre chef d'établissement est informé de votre absence. Pensez à apporter deux copies
            d'élèves, anonymes.

            Le plan d'accès et l'ordre de mission sont joints.

            L'équipe de l'école académique de formation
            """,
            enclosures=[
                pdf_file(
                    "Ordre de mission.pdf",
                    "Ordre de mission sans frais",
                    f"""
                    {desk.owner.display_name} est autorisée à se rendre {spoken(course, year=True)}
                    à l'école académique de formation, 3 rue du Bief, 80999 Valbruyère.

                    # Repas

                    Un repas est servi sur place, sur réservation, trois jours avant.
                    """,
                    RECTORATE,
                ),
            ],
        ),
        flags=ANSWERED,
    )


def _this_week(desk: Desk) -> Iterator[Stored]:
    meeting, drill = desk.day(13), desk.day(2)
    yield kept(
        Letter(
            slug=f"pai.{desk.owner.username}",
            sender=people.CARON,
            to=[desk.owner],
            subject="PAI à jour avant la sortie",
            date=desk.at(1, "14:27"),
            text=f"""
            Bonjour,

            Deux élèves de {desk.form} ont un projet d'accueil individualisé. Les trousses d'urgence
            sont prêtes ; passez les prendre à l'infirmerie la veille de la sortie, je vous
            montrerai le stylo d'adrénaline (deux minutes suffisent).

            Rien de tout cela ne doit circuler par messagerie : venez me voir pour les noms.

            Sandrine
            """,
        ),
        flags=FLAGGED,
    )
    yield kept(
        Letter(
            slug="rencontre-parents",
            sender=people.OFFICE,
            to=[people.TEACHERS],
            subject="Rencontre parents-professeurs : planning des rendez-vous",
            date=desk.at(2, "16:48"),
            text=f"""
            Bonjour à toutes et à tous,

            La rencontre parents-professeurs aura lieu {spoken(meeting)}, de 16 h 30 à 20 h. Le
            planning joint tient compte des demandes reçues ; les familles ont jusqu'à vendredi pour
            le modifier.

            Un en-cas est prévu à 18 h 15 en salle des professeurs.

            Le secrétariat
            """,
            enclosures=[
                xlsx_file(
                    "Planning des rendez-vous.xlsx",
                    "Rendez-vous",
                    (
                        ("Heure", "Professeur", "Salle", "Famille", "Durée (min)"),
                        ("16 h 30", "Mme Durand", "M2", "Famille Aubry", 10),
                        ("16 h 40", "Mme Durand", "M2", "Famille Belkacem", 10),
                        ("16 h 50", "Mme Durand", "M2", "Famille Costa", 10),
                        ("16 h 30", "Mme Morvan", "Labo 1", "Famille Dumoulin", 10),
                        ("16 h 40", "Mme Morvan", "Labo 1", "Famille Estève", 10),
                        ("17 h 00", "M. Benali", "Techno", "Famille Faure", 10),
                        ("17 h 10", "M. Lefort", "L4", "Famille Girard", 15),
                    ),
                )
            ],
        ),
        flags=UNREAD,
    )
    yield kept(
        Letter(
            slug="evacuation",
            sender=people.DELATTRE,
            to=[people.TEACHERS],
            subject="Exercice d'évacuation : consignes",
            date=desk.at(3, "10:10"),
            text=f"""
            Chers collègues,

            Un exercice d'évacuation aura lieu {spoken(drill)}, en fin de matinée. Rappel :

            1. fermez les fenêtres, prenez la feuille d'appel, sortez le dernier ;
            2. rejoignez la zone de rassemblement B (cour des tilleuls) ;
            3. faites l'appel et levez le carton vert ou rouge.

            L'exercice de septembre avait pris 4 min 50. Visons moins de quatre.

            Thomas Delattre
            | Conseiller principal d'éducation
            """,
        )
    )
    yield kept(
        Letter(
            slug="menus",
            sender=people.STORES,
            to=[people.TEACHERS],
            subject="Menus du restaurant scolaire et fréquentation du CDI",
            date=desk.at(4, "09:02"),
            text="""
            Bonjour,

            Les menus de la quinzaine sont affichés. Mardi, repas végétarien préparé avec les
            maraîchers de la vallée de l'Orle ; jeudi, repas d'automne : velouté de potimarron,
            parmentier, tarte aux pommes.

            À la demande d'Élodie, je joins aussi la courbe des prêts du CDI. Le commentaire tient
            en deux mots : bravo, continuez !

            L'intendance
            """,
            enclosures=[
                picture("Prêts du CDI.png", pictures.chart()),
                ods_file(
                    "Effectifs de la demi-pension.ods",
                    "Effectifs",
                    (
                        ("Jour", "6e", "5e", "4e", "3e", "Adultes"),
                        ("Lundi", 96, 88, 91, 79, 24),
                        ("Mardi", 104, 95, 97, 90, 31),
                        ("Jeudi", 108, 99, 101, 94, 33),
                        ("Vendredi", 87, 71, 69, 60, 18),
                    ),
                ),
            ],
        )
    )
    yield kept(
        Letter(
            slug="manuels",
            sender=people.STORES,
            to=[desk.owner],
            subject="Commande de manuels : il me manque votre liste",
            date=desk.at(8, "15:31"),
            text=f"""
            Bonjour {desk.title},

            Je boucle la commande vendredi et il me manque la liste en {desk.subject}. Un simple
            tableau suffit : titre, éditeur, quantité. Budget de la discipline : 1 480 €.

            Merci d'avance !

            L'intendance
            """,
        ),
        flags=ANSWERED,
    )


def _reports(desk: Desk) -> Iterator[Stored]:
    """Yield what the supervisors' office sends every evening; they fill more than a page of the
    list."""
    evenings = (desk.at(days, "17:50") for days in itertools.count(7))
    school_days = (moment for moment in evenings if moment.weekday() < 5)
    for moment, remark in zip(school_days, _REMARKS, strict=False):
        yield kept(
            Letter(
                slug=f"absences.{desk.owner.username}.{moment:%Y%m%d}",
                sender=people.SCHOOL_LIFE,
                to=[desk.owner],
                subject=f"{desk.form} : absences et retards du {spoken(moment.date())}",
                date=moment,
                text=f"""
                Bonjour {desk.title},

                {remark}

                La vie scolaire
                """,
            )
        )


_REMARKS = (
    "Deux absents excusés, un retard. Rien à signaler d'autre.",
    "Aucun absent ! C'est assez rare pour être écrit.",
    "Quatre absents (grippe), tous excusés par téléphone avant 8 h 30.",
    "Un absent, deux retards. Le bus de la ligne 3 est arrivé à 8 h 20.",
    "Trois absents. Pour l'un d'eux, la famille demande le travail à faire.",
    "Un retard : réveil. L'élève a présenté ses excuses, avec des croissants.",
    "Deux absents, dont un rendez-vous à l'hôpital (justificatif reçu).",
    "Cinq absents, tous au championnat départemental de cross.",
    "Un absent, sans nouvelles à midi ; la mère a rappelé à 14 h.",
    "Deux retards, billets signés. Le carnet de Jade est plein, en donner un neuf.",
    "Trois absents, excusés. La feuille d'appel de la dernière heure manque.",
    "Une exclusion de cours, en technologie. Rapport dans votre casier.",
)


def _circulars(desk: Desk) -> Iterator[Stored]:
    year = desk.school_year
    yield kept(
        Letter(
            slug=f"mouvement.{year}",
            sender=people.POSTS,
            to=[people.TEACHERS],
            subject=f"Mouvement des personnels enseignants, rentrée {year + 1} : calendrier",
            date=desk.weekday_at(5, "08:30"),
            text="""
            Mesdames, Messieurs,

            Vous trouverez ci-joint la circulaire relative au mouvement. Le serveur de saisie des
            vœux ouvrira dans trois semaines. Une réunion d'information en visioconférence est
            prévue ; le lien vous sera adressé par votre établissement.

            Les demandes de priorité au titre du handicap sont à déposer avant l'ouverture du
            serveur.

            La gestion des personnels
            """,
            enclosures=[
                pdf_file(
                    f"Circulaire mouvement {year + 1}.pdf",
                    f"Mouvement des personnels enseignants – rentrée {year + 1}",
                    _MOVEMENT,
                    RECTORATE,
                )
            ],
        ),
        CIRCULARS,
        UNREAD,
    )
    yield kept(
        Letter(
            slug="maintenance",
            sender=people.COMPUTING,
            to=[people.TEACHERS],
            subject="Messagerie : intervention dans la nuit de samedi à dimanche",
            date=desk.weekday_at(9, "12:00"),
            text="""
            Bonjour,

            Une intervention est prévue sur les serveurs de messagerie dans la nuit de samedi à
            dimanche, de 23 h à 3 h. Pendant ce temps, les messages reçus seront conservés et
            distribués dès la reprise : rien ne sera perdu.

            Nous ne vous demanderons jamais votre mot de passe, ni par message, ni par téléphone.

            L'assistance académique
            """,
        ),
        CIRCULARS,
    )
    yield kept(
        Letter(
            slug=f"lettre-information.{year}",
            sender=people.LETTER,
            to=[people.TEACHERS],
            subject="La lettre de l'académie : lecture, climat scolaire, concours",
            date=desk.weekday_at(12, "07:45"),
            html=_LONG_LETTER,
            text="""
            La lettre de l'académie. Au sommaire : le quart d'heure de lecture, trois établissements
            racontent leur charte de vie, le concours de plaidoirie des collégiens.

            Cette lettre se lit mieux dans un lecteur de messages HTML.
            """,
        ),
        CIRCULARS,
    )
    yield kept(
        Letter(
            slug="deplacements",
            sender=people.POSTS,
            to=[people.TEACHERS],
            subject=(
                "Rappel – Personnels enseignants, d'éducation et d'orientation du second degré : "
                "remboursement des frais de déplacement liés à la formation continue, aux jurys "
                "d'examen et à l'accompagnement des élèves en stage – pièces à fournir, "
                "calendrier de dépôt et interlocuteurs par département"
            ),
            date=desk.weekday_at(31, "16:12"),
            text="""
            Bonjour,

            L'objet de ce message dit presque tout. En deux mots : déposez vos demandes dans les
            deux mois, joignez l'ordre de mission, gardez les originaux.

            La gestion des personnels
            """,
        ),
        CIRCULARS,
    )
    yield kept(
        Letter(
            slug="charte-numerique",
            sender=people.COMPUTING,
            to=[people.TEACHERS],
            subject="Bien choisir son mot de passe : la fiche à afficher",
            date=desk.weekday_at(64, "10:20"),
            text="""
            Bonjour,

            Comme chaque automne, voici la fiche à afficher en salle des professeurs : huit
            caractères au moins, de plusieurs sortes, faciles à retenir et difficiles à deviner. Une
            petite phrase, avec un chiffre et un signe, fait très bien l'affaire.

            Sur un poste partagé, cochez « Poste partagé » à la connexion et déconnectez-vous en
            partant.

            L'assistance académique
            """,
            enclosures=[
                odt_file(
                    "Fiche mot de passe.odt",
                    "Un bon mot de passe",
                    """
                    # À faire

                    - Huit caractères au moins, des minuscules, des majuscules, un chiffre, un
                    signe.
                    - Le changer quand on a un doute.

                    # À ne pas faire

                    - Le noter sous le clavier.
                    - Le donner, même à un collègue, même pour dépanner.
                    """,
                )
            ],
        ),
        CIRCULARS,
    )


_MOVEMENT = """
La présente circulaire précise le calendrier et les modalités du mouvement intra-académique des
personnels enseignants du second degré.

# 1. Qui participe ?

Participent obligatoirement les personnels entrant dans l'académie et ceux dont le poste est
supprimé. Participent, s'ils le souhaitent, les personnels titulaires qui désirent changer
d'affectation ou réintégrer un poste.

# 2. Calendrier

- Ouverture du serveur : trois semaines après la parution de la présente.
- Fermeture du serveur : quinze jours plus tard, à midi.
- Envoi des confirmations : le lendemain, dans la boîte professionnelle.
- Affichage des barèmes : six semaines après la fermeture.
- Résultats : avant la fin de l'année scolaire.

# 3. Formuler ses vœux

Vingt vœux au plus, du plus précis au plus large : établissement, commune, groupe de communes,
département. L'ordre des vœux compte : un vœu large placé en tête rend inutiles ceux qui le suivent
dans la même zone.

# 4. Barème

Le barème tient compte de l'ancienneté de service et de poste, de la situation familiale, du
handicap, de l'exercice en éducation prioritaire et des caractères répétés de la demande. Le détail
figure en annexe.

# 5. Pièces justificatives

Toute bonification demande une pièce. Les pièces sont jointes à la confirmation, signée par le chef
d'établissement. Aucune pièce n'est réclamée par les services.

# 6. Information et conseil

Une cellule d'aide répond aux questions du lundi au vendredi, de 9 h à 17 h. Les personnels peuvent
demander un entretien.

# Annexe – éléments du barème

- Ancienneté de service : 7 points par échelon.
- Ancienneté de poste : 20 points par an, et 50 points tous les quatre ans.
- Rapprochement de conjoints : 150,2 points, et 100 points par enfant.
- Éducation prioritaire : 200 points après cinq ans.
- Stagiaires : 10 points sur le premier vœu.

Les personnels affectés à titre provisoire conservent l'ancienneté acquise dans leur poste
précédent.
"""

_ARTICLES = (
    (
        "Le quart d'heure de lecture fait des petits",
        "Au collège des Aubépines comme au lycée des Trois-Ormes, la sonnerie de 13 h 30 n'annonce "
        "plus le cours : elle annonce le silence. Élèves, professeurs, agents, chacun ouvre un "
        "livre, une revue, une bande dessinée. « On a cessé de compter les bavardages, on compte "
        "les titres », sourit une documentaliste.",
    ),
    (
        "Trois chartes, trois écritures",
        "À Valbruyère, les délégués ont rédigé la charte de vie ; à Port-Garance, elle a été mise "
        "en musique ; à Montclair-sur-Orle, chaque classe en illustre un article. Trois façons de "
        "dire la même chose : une règle se respecte mieux quand on l'a écrite.",
    ),
    (
        "Plaider à quatorze ans",
        "Le concours de plaidoirie des collégiens ouvre ses inscriptions. Les équipes de trois "
        "défendent une cause de leur choix, cinq minutes, sans notes. La finale aura lieu dans "
        "l'amphithéâtre de l'école de formation, en présence d'avocats du barreau.",
    ),
    (
        "Mesurer l'eau, comprendre le climat",
        "Quatorze classes suivent désormais le niveau de l'Orle. Température, débit, nitrates : "
        "les relevés sont partagés chaque mois. Les mathématiques y gagnent des courbes, la "
        "technologie des capteurs, et les riverains une mémoire.",
    ),
    (
        "Une rentrée du second souffle",
        "Le dispositif de tutorat concerne cette année 1 240 élèves volontaires. Un bilan sera "
        "publié au printemps ; les premiers retours soulignent le rôle des assistants d'éducation "
        "et l'intérêt d'un lieu calme, ouvert jusqu'à 18 h.",
    ),
    (
        "Le potager qui fait cours",
        "Dix mètres carrés, quatre bacs, une serre de récupération : le potager de l'école du Bief "
        "sert à tout. On y calcule des aires, on y dessine des racines, on y écrit des lettres de "
        "réclamation aux limaces. Les récoltes partent à la cantine, où la soupe aux orties a reçu "
        "la note de quatorze sur vingt, assortie d'un encouragement.",
    ),
    (
        "Parler d'argent en classe de troisième",
        "Un salaire, un loyer, un abonnement oublié : au lycée professionnel des Carrières, "
        "les élèves tiennent pendant un mois le budget d'une famille imaginaire. « La "
        "famille a fini à découvert à cause d'un hamster », reconnaît un élève, grave.",
    ),
    (
        "Des nouvelles de l'orchestre",
        "Soixante-huit musiciens, dont vingt-deux débutants, ont donné leur premier concert sous "
        "la halle. Les instruments sont prêtés par l'association des parents ; l'académie finance "
        "les réparations, qui sont nombreuses, surtout du côté des trombones.",
    ),
)
_ROWS = (
    ("Concours de plaidoirie", "Collèges", "vendredi 15 janvier"),
    ("Semaine des langues", "Tous", "lundi 8 mars"),
    ("Printemps de l'écriture", "Écoles, collèges", "mardi 20 avril"),
    ("Fête de la science, appel à projets", "Tous", "jeudi 3 juin"),
)


def _long_letter() -> str:
    articles = "".join(
        f'<tr><td class="article"><h2>{title}</h2><p>{text}</p></td></tr>'
        for title, text in _ARTICLES
    )
    rows = "".join(
        f"<tr><td>{event}</td><td>{who}</td><td><b>{day}</b></td></tr>" for event, who, day in _ROWS
    )
    return f"""<html lang="fr"><head><meta charset="utf-8"><style>
body{{margin:0;background:#eef1f7;font-family:Arial,sans-serif;color:#1c2333}}
.sheet{{width:640px;margin:0 auto;background:#fff}}
.head{{background:#1f3373;color:#fff;padding:28px 32px}}
.head h1{{margin:0;font-size:28px}}
.article{{padding:20px 32px;border-bottom:1px solid #dfe4ef}}
.article h2{{color:#1f5e56;font-size:20px;margin:0 0 8px}}
.article p{{line-height:1.6;margin:0 0 10px}}
.dates{{width:100%;border-collapse:collapse}}
.dates td,.dates th{{border:1px solid #cfd6e6;padding:8px;text-align:left;font-size:14px}}
.foot{{padding:20px 32px;font-size:12px;color:#5a6378}}
@media (max-width:660px){{.sheet{{width:100%}}.article,.head,.foot{{padding:16px}}}}
</style></head><body><table class="sheet" role="presentation" align="center" cellspacing="0">
<tr><td class="head"><h1>La lettre de l'académie</h1>
<p style="margin:6px 0 0">Ce qui se fait dans les écoles, les collèges et les lycées</p></td></tr>
{articles}<tr><td class="article"><h2>À vos agendas</h2>
<table class="dates"><tr><th>Quoi</th><th>Pour qui</th><th>Quand</th></tr>{rows}</table></td></tr>
<tr><td class="article"><p>{_APPEAL}</p></td></tr>
<tr><td class="foot">Académie d'Exemple, service de la communication. Vous recevez cette lettre à
votre adresse professionnelle.</td></tr></table></body></html>
"""


_APPEAL = (
    "Les équipes qui souhaitent raconter leur projet peuvent écrire à la rédaction : quelques "
    "lignes et une photographie suffisent. Les élèves dont l'image paraît doivent avoir une "
    "autorisation signée de leurs responsables, valable pour l'année scolaire en cours."
)


def _archives(desk: Desk) -> Iterator[Stored]:
    year, folder = desk.school_year, last_year(desk)
    for term, days, mood in (
        (1, 350, "sérieuse et curieuse, parfois bavarde après le repas"),
        (2, 255, "plus dispersée, mais solidaire : le tutorat porte ses fruits"),
        (3, 165, "en progrès ; quinze élèves sur vingt-six gagnent plus d'un point"),
    ):
        yield kept(
            Letter(
                slug=f"compte-rendu.{year}.{term}.{desk.owner.username}",
                sender=people.OFFICE,
                to=[desk.owner],
                subject=f"Compte rendu du conseil de classe, trimestre {term}",
                date=desk.weekday_at(days, "18:55"),
                text=f"""
                Bonjour {desk.title},

                Le compte rendu du conseil du trimestre {term} est joint pour relecture. Sans
                remarque de votre part sous trois jours, il part aux familles.

                Le secrétariat
                """,
                enclosures=[
                    odt_file(
                        f"CR conseil T{term}.odt",
                        f"Conseil de classe – trimestre {term}",
                        f"""
                        Présents : l'équipe pédagogique, deux délégués, deux parents.

                        # Bilan

                        La classe est {mood}.

                        # Remarques des délégués

                        Les élèves demandent que les évaluations soient mieux réparties.
                        """,
                        (("Félicitations", "Encouragements", "Mises en garde"), (7, 9, 2)),
                    )
                ],
            ),
            (*folder, "Conseils de classe"),
        )
    yield kept(
        Letter(
            slug=f"conseil-administration.{year}",
            sender=people.GUERIN,
            to=[people.TEACHERS],
            subject="Conseil d'administration : procès-verbal et budget adopté",
            date=desk.weekday_at(228, "09:40"),
            text="""
            Chers collègues,

            Le procès-verbal du dernier conseil d'administration est joint. Le budget a été adopté à
            l'unanimité ; le séjour nautique des 4e est financé aux deux tiers.

            Nathalie Guérin
            """,
            enclosures=[
                pdf_file(
                    "PV du conseil d’administration.pdf",
                    "Procès-verbal du conseil d'administration",
                    """
                    # Budget

                    Le budget est adopté à l'unanimité des vingt-deux présents.

                    # Voyages

                    Séjour nautique à Port-Garance : 52 élèves, 118 € par famille, fonds social
                    sollicité pour neuf d'entre elles.

                    # Travaux

                    Le préau sera repeint pendant l'été. Deux bancs rejoignent la cour des tilleuls.
                    """,
                )
            ],
        ),
        (*folder, "Conseil d’administration"),
    )
    yield kept(
        Letter(
            slug=f"prerentree.{year}",
            sender=people.GUERIN,
            to=[people.TEACHERS],
            subject="Prérentrée : le programme de la journée",
            date=desk.weekday_at(92, "18:03"),
            text="""
            Chers collègues,

            J'espère que l'été vous a été doux. Nous nous retrouvons à 8 h 30 autour d'un café, puis
            en plénière à 9 h. Les emplois du temps seront remis à 11 h ; déjeuner offert par
            l'amicale.

            Bienvenue à Linh Pham (physique-chimie) et à Karim Benali (technologie), qui rejoignent
            l'équipe !

            Nathalie Guérin
            """,
        ),
        ARCHIVE,
        FORWARDED,
    )
    for days, subject, text in _OLD:
        yield kept(
            Letter(
                slug=f"ancien.{days}",
                sender=people.GUERIN,
                to=[people.TEACHERS],
                subject=subject,
                date=desk.weekday_at(days, "16:20"),
                text=text,
            ),
            ARCHIVE,
        )
    yield kept(
        Letter(
            slug=f"photocopieur.{year}",
            sender=people.OFFICE,
            to=[people.TEACHERS],
            subject="Photocopieur du premier étage en panne",
            date=desk.weekday_at(17, "08:05"),
            text="""
            Le photocopieur du premier étage est en panne jusqu'à jeudi. Celui de la loge accepte
            vos codes. Merci de votre patience !

            Le secrétariat
            """,
        ),
        TRASH,
        SEEN,
    )


_OLD = (
    (
        520,
        "Brevet : bravo à toutes et à tous",
        """
        Chers collègues,

        Les résultats sont tombés : 93 % de reçus, et les larmes étaient de joie. Merci pour tout ce
        qui ne se voit pas dans un pourcentage.

        Nathalie Guérin
        """,
    ),
    (
        705,
        "Bienvenue à la messagerie académique",
        """
        Chers collègues,

        Désormais, les informations de service passent par cette adresse. Prenez le temps de ranger
        vos dossiers, vous vous remercierez dans deux ans.

        Nathalie Guérin
        """,
    ),
)
_LONG_LETTER = _long_letter()
