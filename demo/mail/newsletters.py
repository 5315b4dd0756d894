"""Newsletters that were asked for, adverts that were not, and two attempts at fraud."""

from collections.abc import Iterator
from dataclasses import dataclass
from email.headerregistry import Address

from demo.mail import people
from demo.mail.writing import (
    ARCHIVE,
    INBOX,
    JUNK,
    SEEN,
    TRASH,
    UNREAD,
    Desk,
    Folder,
    Letter,
    Stored,
    kept,
)

IMAGES = "https://images.newsletter.example"
_WRITERS = Address("Lisière, le magazine", "bonjour", "lisiere.example")
_PAPER = Address("L’Atelier Papier", "lettre", "atelier-papier.example")
_LANTERN = Address("The Paper Lantern", "hello", "paper-lantern.example")


def letters(desk: Desk) -> Iterator[Stored]:
    for issue in _ISSUES:
        yield _issue(desk, issue)
    yield from _paper(desk)
    yield _lantern(desk)
    yield from _adverts(desk)
    yield from _frauds(desk)


def list_headers(sender: Address, desk: Desk, list_id: str) -> list[tuple[str, str]]:
    """Return the headers that a mailing service adds (RFC 2369, RFC 2919, RFC 8058)."""
    page = f"https://{sender.domain}/desabonnement?u={desk.owner.username.replace('.', '-')}"
    return [
        ("List-Id", f"<{list_id}.{sender.domain}>"),
        ("List-Unsubscribe", f"<{page}>, <mailto:desabonnement@{sender.domain}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("Precedence", "bulk"),
        ("Feedback-ID", f"{list_id}:{sender.domain}"),
    ]


@dataclass(frozen=True)
class _Issue:
    number: int
    days: int
    clock: str
    subject: str
    lead: str
    stories: tuple[tuple[str, str, str], ...]
    folder: Folder = INBOX
    flags: tuple[str, ...] = SEEN


_ISSUES = (
    _Issue(
        48,
        2,
        "07:10",
        "Lisière n° 48 : l'hiver à pas feutrés",
        "Quand la forêt se tait, elle se met à écrire : empreintes, plumes, écorces mâchonnées. Ce "
        "mois-ci, on apprend à lire la neige.",
        (
            ("Empreintes", "Renard ou chien ? La ligne droite ne ment pas.", "renard.jpg"),
            ("Portrait", "Marguerite soigne les chouettes et n'en garde aucune.", "chouette.jpg"),
            ("En classe", "Une mangeoire, un carnet, vingt-six ornithologues.", "mangeoire.jpg"),
            ("Recette", "La soupe d'orties, version surgelée assumée.", "soupe.jpg"),
        ),
        flags=UNREAD,
    ),
    _Issue(
        47,
        32,
        "07:10",
        "Lisière n° 47 : sous les feuilles",
        "Soulevez une poignée de feuilles mortes : il y a là plus d'habitants que dans votre "
        "immeuble. Visite guidée, loupe en main.",
        (
            ("Tout petit", "Le collembole, champion de saut et inconnu célèbre.", "feuilles.jpg"),
            ("Balade", "Dix kilomètres autour de l'étang des Trois-Sœurs.", "etang.jpg"),
            ("À lire", "Trois albums pour écouter les arbres.", "albums.jpg"),
        ),
    ),
    _Issue(
        46,
        62,
        "07:10",
        "Lisière n° 46 : la rentrée des hirondelles",
        "Elles partent, nous rentrons. Et si l'on échangeait nos conseils de voyage ?",
        (
            ("Départs", "Où dorment les hirondelles la veille du grand saut ?", "hirondelle.jpg"),
            ("Cour d'école", "Débitumer un carré, planter un if, attendre.", "cour.jpg"),
        ),
        folder=ARCHIVE,
    ),
)

_LISIERE_STYLE = """
body{margin:0;padding:0;background:#eae6dc}
table{border-spacing:0} img{border:0;display:block}
.sheet{width:640px;max-width:640px;background:#fffdf7;margin:0 auto}
.masthead{padding:26px 36px 18px;border-bottom:3px double #2e4a36}
.masthead h1{margin:0;font:italic 44px Georgia,serif;color:#2e4a36;letter-spacing:1px}
.masthead p{margin:4px 0 0;font:13px Verdana,sans-serif;color:#77705f}
.lead{padding:26px 36px;font:19px/1.55 Georgia,serif;color:#2b2a25}
.story{width:50%;padding:14px;vertical-align:top}
.story h2{font:bold 19px Georgia,serif;color:#8a4b22;margin:12px 0 4px}
.story p{font:14px/1.5 Verdana,sans-serif;color:#3c3a33;margin:0 0 10px}
.button a{display:inline-block;background:#2e4a36;color:#fffdf7;padding:11px 20px;
font:bold 14px Verdana,sans-serif;text-decoration:none;border-radius:22px}
.foot{padding:22px 36px;background:#2e4a36;color:#dfe6da;font:12px/1.6 Verdana,sans-serif}
.foot a{color:#f3d9a4}
@media only screen and (max-width:600px){
.sheet{width:100%!important}
.story{display:block!important;width:auto!important;padding:14px 24px!important}
.wide{width:100%!important;height:auto!important}
.masthead h1{font-size:34px!important}
}
@media (prefers-color-scheme:dark){
body{background:#1d221e!important}.sheet{background:#262c27!important}
.lead,.story p{color:#e8e4d6!important}.masthead h1{color:#cfe0c8!important}
}
"""


def _issue(desk: Desk, issue: _Issue) -> Stored:
    text = "\n\n".join(f"- {title} : {line}" for title, line, _ in issue.stories)
    return kept(
        Letter(
            slug=f"lisiere.{issue.number}.{desk.owner.username}",
            sender=_WRITERS,
            to=[desk.owner],
            subject=issue.subject,
            date=desk.at(issue.days, issue.clock),
            text=f"{issue.lead}\n\n{text}\n\nLire en ligne : https://lisiere.example/{issue.number}",
            html=_lisiere_page(issue),
            headers=list_headers(_WRITERS, desk, "magazine"),
        ),
        issue.folder,
        issue.flags,
    )


def _lisiere_page(issue: _Issue) -> str:
    base = f"{IMAGES}/lisiere/{issue.number}"
    cells = [
        f'<td class="story"><img class="wide" src="{base}/{image}" width="270" height="170" '
        f'alt="{title}"><h2>{title}</h2><p>{line}</p></td>'
        for title, line, image in issue.stories
    ]
    pairs = [cells[at : at + 2] for at in range(0, len(cells), 2)]
    rows = "".join(f"<tr>{''.join(pair)}</tr>" for pair in pairs)
    return f"""<!DOCTYPE html>
<html lang="fr"><head><meta charset="utf-8"><title>Lisière</title>
<meta name="viewport" content="width=device-width"><style>{_LISIERE_STYLE}</style></head>
<body bgcolor="#eae6dc"><div style="display:none;max-height:0;overflow:hidden">{issue.lead}</div>
<table width="100%" role="presentation" bgcolor="#eae6dc"><tr><td align="center">
<table class="sheet" role="presentation" width="640">
<tr><td class="masthead"><h1>Lisière</h1><p>Le magazine de ceux qui marchent lentement,
n° {issue.number}</p></td></tr>
<tr><td><img class="wide" src="{base}/une.jpg" width="640" height="320"
alt="La une : {issue.subject.partition(": ")[2]}"></td></tr>
<tr><td class="lead">{issue.lead}</td></tr>
<tr><td style="padding:0 22px"><table role="presentation" width="100%">{rows}</table></td></tr>
<tr><td class="button" align="center" style="padding:18px 0 34px"><a
href="https://lisiere.example/{issue.number}">Lire tout le numéro</a></td></tr>
<tr><td class="foot">Lisière, 4 chemin des Fougères, Valbruyère. Vous recevez cette lettre parce que
vous l'avez demandée. <a href="https://lisiere.example/desabonnement">Se désabonner</a>
<img src="https://suivi.newsletter.example/o/{issue.number}.gif" width="1" height="1" alt="">
</td></tr></table></td></tr></table></body></html>
"""


_PAPER_STYLE = """
.card{width:600px;margin:0 auto;background:#ffffff;font-family:Helvetica,Arial,sans-serif}
.hero{background:#f4c542;padding:34px;text-align:center}
.hero h1{margin:0;color:#27211a;font-size:32px;line-height:1.15}
.step{padding:16px 30px;border-bottom:1px dashed #d8cfc0;color:#3a342b;font-size:15px}
.step b{display:inline-block;width:30px;color:#d2452f;font-size:22px}
@media (max-width:620px){.card{width:100%!important}.hero h1{font-size:25px!important}}
"""


def _paper(desk: Desk) -> Iterator[Stored]:
    sheets = (
        (
            "Plier, couper, raconter : le livre en une feuille",
            6,
            INBOX,
            (
                "Pliez une feuille en huit, dans les deux sens.",
                "Coupez le milieu, sur deux carreaux seulement.",
                "Poussez les bords l'un vers l'autre : les pages s'ouvrent.",
                "Écrivez. Huit pages, c'est juste assez pour une histoire vraie.",
            ),
        ),
        (
            "Une lanterne avec trois fois rien",
            44,
            INBOX,
            (
                "Fendez le papier tous les deux centimètres.",
                "Roulez, collez, ajoutez une anse.",
                "Une bougie électrique, pas une vraie : pensez aux rideaux.",
            ),
        ),
    )
    for number, (subject, days, folder, steps) in enumerate(sheets, 1):
        rows = "".join(
            f'<tr><td class="step"><b>{at}</b>{step}</td></tr>' for at, step in enumerate(steps, 1)
        )
        yield kept(
            Letter(
                slug=f"papier.{number}.{desk.owner.username}",
                sender=_PAPER,
                to=[desk.owner],
                subject=subject,
                date=desk.at(days, "06:30"),
                html=f"""<html lang="fr"><head><meta charset="utf-8"><style>{_PAPER_STYLE}</style>
</head><body style="margin:0;background:#f6f1e7"><table class="card" role="presentation">
<tr><td class="hero"><img src="{IMAGES}/papier/{number}/titre.png" width="120" height="120"
alt="L'Atelier Papier" style="margin:0 auto 14px"><h1>{subject}</h1></td></tr>
<tr><td><img src="{IMAGES}/papier/{number}/etapes.jpg" width="600" height="260" alt="Les étapes"
style="width:100%;height:auto"></td></tr>{rows}
<tr><td style="padding:24px 30px;color:#8b8172;font-size:12px">Une lettre, un pliage, deux fois par
mois. <a href="https://atelier-papier.example/adieu">Ne plus la recevoir</a></td></tr></table>
</body></html>
""",
                headers=list_headers(_PAPER, desk, "lettre"),
            ),
            folder,
        )


def _lantern(desk: Desk) -> Stored:
    return kept(
        Letter(
            slug=f"lantern.{desk.owner.username}",
            sender=_LANTERN,
            to=[desk.owner],
            subject="Five warm-ups for a sleepy Monday class",
            date=desk.at(4, "06:05"),
            english=True,
            text="""
            Five warm-ups for a sleepy Monday class.

            1. Two truths and a weather report.
            2. The sentence that grows.
            3. Swap seats if you have ever...
            4. One minute, one picture, no adjectives.
            5. Silence, then the loudest whisper wins.
            """,
            html=f"""<html lang="en"><head><meta charset="utf-8"><style>
.p{{width:580px;margin:0 auto;font:16px/1.6 Georgia,serif;color:#222b3a;background:#fff}}
.p td{{padding:14px 28px}} .n{{background:#14213d;color:#fca311}}
@media (max-width:600px){{.p{{width:100%!important}}}}
</style></head><body style="margin:0;background:#e5e9f0"><table class="p" role="presentation">
<tr><td class="n"><img src="{IMAGES}/lantern/lantern.png" width="48" height="48" alt="">
<h1 style="margin:8px 0;font-size:30px">The Paper Lantern</h1></td></tr>
<tr><td><p>It's dark outside, the heating ticks, and nobody remembers the past participle of
<i>to shine</i>. Here are five ways to wake a class up without raising your voice.</p>
<ol><li>Two truths and a weather report.</li><li>The sentence that grows.</li><li>Swap seats if you
have ever&hellip;</li><li>One minute, one picture, no adjectives.</li><li>Silence, then the loudest
whisper wins.</li></ol>
<p><img src="{IMAGES}/lantern/class.jpg" width="524" height="240" alt="A class, whispering"></p>
<p>See you next Monday,<br>Imogen and Ravi</p></td></tr></table></body></html>
""",
            headers=list_headers(_LANTERN, desk, "weekly"),
        )
    )


@dataclass(frozen=True)
class _Offer:
    sender: Address
    subject: str
    days: int
    head: str
    text: str
    button: str
    colour: str
    folder: Folder = INBOX
    flags: tuple[str, ...] = UNREAD


_OFFERS = (
    _Offer(
        Address("Galoche & Fils", "offres", "galoche.example"),
        "-40 % sur les bottes de pluie, jusqu'à dimanche minuit !",
        0,
        "Le déluge des prix",
        "Des bottes pour toute la famille à partir de 14,90 €. Livraison offerte dès 30 €.",
        "J'en profite",
        "#c0392b",
    ),
    _Offer(
        Address("Plume & Buvard", "promo", "plume-buvard.example"),
        "Enseignants : votre remise de 15 % vous attend",
        3,
        "Votre stylo rouge s'ennuie",
        "Papeterie, agendas, tampons : 15 % de remise réservée aux personnels de l'enseignement.",
        "Voir le catalogue",
        "#8e44ad",
    ),
    _Offer(
        Address("Voyages Cap Tramontane", "bonsplans", "cap-tramontane.example"),
        "☀️ Une semaine au soleil dès 299 €, dernières places",
        8,
        "Et si vous partiez ?",
        "Vols et demi-pension compris. Offre soumise à conditions, hors vacances (hélas).",
        "Je réserve",
        "#e67e22",
    ),
    _Offer(
        Address("Bellecuisse Fitness", "hello", "bellecuisse.example"),
        "Your first month is on us 💪",
        14,
        "Spring starts in winter",
        "Join now, pay nothing for four weeks. Bring a friend and get a towel. Cancel any time.",
        "Claim my month",
        "#16a085",
        flags=SEEN,
    ),
    _Offer(
        Address("Cuisines Tournesol", "contact", "cuisines-tournesol.example"),
        "Votre cuisine à moitié prix : rappel",
        21,
        "-50 % sur les façades",
        "Un conseiller passe chez vous sous 48 h. Devis gratuit, sans engagement.",
        "Être rappelé",
        "#2980b9",
        TRASH,
        SEEN,
    ),
)


def _adverts(desk: Desk) -> Iterator[Stored]:
    for number, offer in enumerate(_OFFERS, 1):
        yield kept(
            Letter(
                slug=f"offre.{number}.{desk.owner.username}",
                sender=offer.sender,
                to=[desk.owner],
                subject=offer.subject,
                date=desk.minutes_ago(140) if offer.days == 0 else desk.at(offer.days, "05:45"),
                text=f"{offer.head}\n\n{offer.text}\n\nhttps://{offer.sender.domain}/offre\n",
                html=_offer_page(offer),
                headers=list_headers(offer.sender, desk, "offres"),
            ),
            offer.folder,
            offer.flags,
        )


def _offer_page(offer: _Offer) -> str:
    site = f"https://{offer.sender.domain}"
    return f"""<html><head><meta charset="utf-8"><style>
.o{{width:600px;margin:0 auto;text-align:center;font-family:Arial,sans-serif}}
.o h1{{color:#ffffff;font-size:34px;margin:0;padding:40px 20px}}
@media (max-width:610px){{.o{{width:100%!important}}}}
</style></head><body style="margin:0;background:#f2f2f2"><table class="o" role="presentation"
cellspacing="0" bgcolor="#ffffff"><tr><td bgcolor="{offer.colour}"><h1>{offer.head}</h1></td></tr>
<tr><td><a href="{site}/offre"><img src="{IMAGES}/offres/{offer.sender.domain}.jpg" width="600"
height="280" alt="{offer.head}" style="display:block;width:100%;height:auto"></a></td></tr>
<tr><td style="padding:26px;font-size:17px;color:#333">{offer.text}</td></tr>
<tr><td style="padding:0 0 30px"><a href="{site}/offre" style="background:{offer.colour};color:#fff;
padding:14px 28px;text-decoration:none;font-weight:bold;border-radius:4px">{offer.button}</a></td>
</tr><tr><td style="padding:16px;font-size:11px;color:#888">{offer.sender.display_name}.
<a href="{site}/desabonnement" style="color:#888">Unsubscribe / se désabonner</a>
<img src="{site}/pixel.gif" width="1" height="1" alt=""></td></tr></table></body></html>
"""


def _frauds(desk: Desk) -> Iterator[Stored]:
    forged = Address("Assistance académique", "support-messagerie", "ac-exemp1e-securite.example")
    failed = (
        "Authentication-Results",
        "mx.ac-exemple.fr; spf=fail smtp.mailfrom=mailer.hotbox.example; dkim=none; dmarc=fail",
    )
    yield kept(
        Letter(
            slug=f"quota.{desk.owner.username}",
            sender=forged,
            to=[desk.owner],
            subject="URGENT : votre boîte sera suspendu dans 24 heures",
            date=desk.at(1, "03:14"),
            text="""
            Cher utilisateur,

            Votre boîte dépasse 99 % du quota. Confirmez vos identifiants pour éviter la
            suspension : https://messagerie.ac-exemple.fr.verif-compte.example/connexion
            """,
            html="""<html><body style="font-family:Arial,sans-serif">
<table style="border:1px solid #b71c1c;max-width:560px"><tr>
<td style="background:#b71c1c;color:#fff;padding:12px"><b>Avertissement de sécurité</b></td></tr>
<tr><td style="padding:16px"><p>Cher utilisateur,</p>
<p>Votre boîte a dépassé <b>99 %</b> du quota autorisé et sera <b>suspendu</b> dans 24 heures.
Veuillez confirmer vos identifiant en cliquant sur ce lien :</p>
<p><a href="https://messagerie.ac-exemple.fr.verif-compte.example/connexion"
>https://messagerie.ac-exemple.fr/connexion</a></p>
<form action="https://verif-compte.example/envoi" method="post">
<input name="login" placeholder="Identifiant"> <input name="password" type="password"
placeholder="Mot de passe"> <input type="submit" value="Confirmer"></form>
<p>Cordialement,<br>Le service Informatique</p></td></tr></table></body></html>
""",
            headers=[failed, ("Reply-To", "helpdesk@verif-compte.example"), ("X-Priority", "1")],
        ),
        flags=UNREAD,
    )
    yield kept(
        Letter(
            slug=f"virement.{desk.owner.username}",
            sender=Address("Nathalie Guérin", "principale.guerin77", "boite-gratuite.example"),
            to=[desk.owner],
            subject="Etes-vous disponible ?",
            date=desk.at(13, "07:02"),
            text="""
            Bonjour, je suis en réunion et j'ai besoin d'un service discret. Pouvez-vous acheter
            quatre cartes cadeaux et m'envoyer les codes ? Je vous rembourse ce soir. Ne m'appelez
            pas.

            Envoyé de mon téléphone
            """,
            headers=[failed],
        ),
        JUNK,
    )
    yield kept(
        Letter(
            slug=f"heritage.{desk.owner.username}",
            sender=Address("Barrister Ambrose Quill", "quill", "quill-chambers.example"),
            to=[people.TEACHERS],
            subject="CONFIDENTIAL: your late cousin's estate (USD 9.4 million)",
            date=desk.at(25, "02:40"),
            english=True,
            text="""
            Dear beneficiary,

            I am the solicitor of your late cousin, a bachelor and a collector of clocks, who left
            you the sum of USD 9,400,000. Kindly send a copy of your passport and the name of your
            first pet.

            Yours in haste,
            | Barrister Ambrose Quill
            """,
        ),
        JUNK,
        UNREAD,
    )
    yield kept(
        Letter(
            slug=f"gain.{desk.owner.username}",
            sender=Address("★ Loterie Officielle ★", "gagnant", "loterie-facile.example"),
            to=[desk.owner],
            subject="💰💰 Vous avez GAGNÉ une tablette 💰💰",
            date=desk.at(39, "04:04"),
            html="""<html><body><center><font size="7" color="red">FÉLICITATIONS !!!</font><br>
<marquee>Votre adresse a été tirée au sort</marquee><br>
<a href="http://loterie-facile.example/gain.php?id=1"><img
src="http://loterie-facile.example/tablette.gif" alt="Cliquez ici"></a></center></body></html>
""",
        ),
        JUNK,
        UNREAD,
    )
