"""Letters as the rest of the world writes them: odd charsets, split words, bounces, forwards.

Put together by hand where the standard library would write something better than what really
comes in.
"""

import textwrap
from collections.abc import Iterator
from email.headerregistry import Address
from email.utils import format_datetime

from demo.mail import people
from demo.mail.colleagues import PROJECTS
from demo.mail.enclosures import pdf_file, photograph
from demo.mail.families import PARENTS
from demo.mail.typography import french, paragraphs
from demo.mail.writing import (
    ANSWERED,
    ARCHIVE,
    FLAGGED,
    INBOX,
    SEEN,
    SENT,
    UNREAD,
    Desk,
    Folder,
    Letter,
    Stored,
    base64_lines,
    compose,
    kept,
    store,
)


def letters(desk: Desk) -> Iterator[Stored]:
    yield from _latin(desk)
    yield from _asian(desk)
    yield from _headers(desk)
    yield _flowed(desk)
    yield _long_name(desk)
    yield _forwarded(desk)
    yield _lost(desk)
    yield _bounce(desk)
    yield _notification(desk)


# `raw` marks the messages that a strict parser is right to complain of.
RAW_HEADER = "intendance-raw"


def _raw(
    desk: Desk,
    *,
    slug: str,
    sender: bytes,
    subject: bytes,
    days: int,
    body: bytes,
    headers: tuple[bytes, ...],
    folder: Folder = INBOX,
    flags: tuple[str, ...] = SEEN,
) -> Stored:
    """A message given as its bytes; `body` has "\\n" alone."""
    date = desk.at(days, f"{9 + days % 9:02}:{7 * days % 60:02}")
    head = (
        b"Date: " + format_datetime(date).encode(),
        b"From: " + sender,
        b"To: " + desk.owner.addr_spec.encode(),
        b"Subject: " + subject,
        f"Message-ID: <{slug}.{desk.owner.username}@antan.example>".encode(),
        b"MIME-Version: 1.0",
        *headers,
    )
    content = b"\r\n".join(head) + b"\r\n\r\n" + body.replace(b"\n", b"\r\n")
    return Stored(folder, date, flags, content)


def _plain(charset: bytes, encoding: bytes) -> tuple[bytes, bytes]:
    return (
        b"Content-Type: text/plain; charset=" + charset,
        b"Content-Transfer-Encoding: " + encoding,
    )


def _latin(desk: Desk) -> Iterator[Stored]:
    yield _raw(
        desk,
        slug="cp1252",
        sender=b'"Imprimerie Gutenbourg" <devis@gutenbourg.example>',
        subject=b"=?iso-8859-1?Q?Votre_devis_=96_=AB_La_Gazette_=BB_=E0_240_=80?=",
        days=5,
        headers=_plain(b"iso-8859-1", b"8bit"),
        # 0x80 to 0x9f are no characters in ISO 8859-1; a Windows program wrote this.
        body=french(
            paragraphs(
                """
                Bonjour,

                Pour 300 exemplaires de quatre pages, nous vous proposons 240 € – livraison
                comprise. L'œil sur les délais… le bon à tirer doit nous parvenir mardi.

                L'imprimerie
                """
            )
        )
        .replace("\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}")
        .encode("cp1252"),
    )
    yield _raw(
        desk,
        slug="latin9",
        sender=b"=?iso-8859-15?Q?Andr=E9_C=BDur?= <andre.coeur@amis-musee.example>",
        subject=b"=?iso-8859-15?Q?Cotisation_:_12_=A4_et_un_grand_merci?=",
        days=29,
        headers=_plain(b"iso-8859-15", b"quoted-printable"),
        body=b"Bonjour,\n\nVotre cotisation de 12 =A4 aux amis du mus=E9e est bien re=E7ue.\n"
        b"Au plaisir de vous revoir, avec vos =E9l=E8ves, devant l'=BDuf d'autruche !\n\n"
        b"Andr=E9 C=BDur, tr=E9sorier\n",
        folder=ARCHIVE,
    )
    yield _raw(
        desk,
        slug="utf7",
        sender=b"Vieux serveur de la mairie <mairie@montclair.example>",
        subject=b"=?utf-7?Q?Salle_des_f+AOo-tes_:_r+AOk-servation?=",
        days=47,
        headers=_plain(b"utf-7", b"7bit"),
        body=b"Bonjour,\n\nLa salle des f+AOo-tes est r+AOk-serv+AOk-e pour la bourse aux livres.\n"
        b"Les cl+AOk-s sont +AOA- retirer +AOA- l'accueil de la mairie.\n",
        folder=PARENTS,
    )


def _asian(desk: Desk) -> Iterator[Stored]:
    yield _raw(
        desk,
        slug="iso2022",
        sender=b"=?iso-2022-jp?B?"
        + _coded("田中 由美", "iso-2022-jp")
        + b"?= <tanaka@midorigaoka.example>",
        subject=b"=?iso-2022-jp?B?" + _coded("学校交流のお礼", "iso-2022-jp") + b"?=",
        days=22,
        headers=_plain(b"iso-2022-jp", b"7bit"),
        body=(
            "先生\n\n先日は生徒たちの手紙をありがとうございました。みんなとても喜んでいます。\n"
            "来月、折り紙の作品をお送りします。\n\nBonjour de Midorigaoka !\n田中 由美\n"
        ).encode("iso-2022-jp"),
        folder=PROJECTS,
        flags=FLAGGED,
    )
    yield _raw(
        desk,
        slug="gb18030",
        sender=b"=?gb18030?B?" + _coded("梁 雪", "gb18030") + b"?= <liang.xue@nanhe.example>",
        subject=b"=?gb18030?B?" + _coded("诗歌交流:春天的来信", "gb18030") + b"?=",
        days=38,
        headers=_plain(b"gb18030", b"base64"),
        body=base64_lines(
            (
                "亲爱的老师:\n\n附上学生们写的三首小诗,主题是“春天”。\n"
                "期待读到法国同学的作品。\n\nAmitiés de Nanhe,\n梁雪\n"
            ).encode("gb18030")
        ).replace(b"\r\n", b"\n"),
        folder=PROJECTS,
    )


def _coded(text: str, charset: str) -> bytes:
    return base64_lines(text.encode(charset)).replace(b"\r\n", b"")


def _headers(desk: Desk) -> Iterator[Stored]:
    yield _raw(
        desk,
        slug=RAW_HEADER,
        # No program should, many did: accented bytes as they are, no charset said anywhere.
        sender="Économat du foyer <foyer@antan.example>".encode("latin-1"),
        subject="Clôture de la régie : pièces à déposer avant Noël".encode("latin-1"),
        days=18,
        headers=_plain(b"utf-8", b"8bit"),
        body="Bonjour,\n\nMerci de déposer vos pièces à la régie.\n\nL’économat\n".encode(),
        flags=ANSWERED,
    )
    yield _raw(
        desk,
        slug="mots-coupes",
        sender=b"=?utf-8?B?RmVzdGl2YWwg?= =?utf-8?B?wqsgRW4gbGlzYW50IMK7?=\r\n"
        b" <festival@en-lisant.example>",
        # Encoded words split in the middle of a word, mixed encodings (RFC 2047 section 6.2).
        subject=b"=?utf-8?Q?Festival_de_lecture_:_votre_cla?=\r\n"
        b" =?utf-8?Q?sse_est_pr=C3=A9s=C3=A9l?=\r\n =?utf-8?B?ZWN0aW9ubsOpZSAh?=",
        days=7,
        headers=_plain(b"utf-8", b"base64"),
        body=base64_lines(
            french(
                paragraphs(
                    """
                    Bonjour,

                    Votre classe est présélectionnée pour la finale ! Elle lira cinq minutes devant
                    trois cents personnes. Le trac est compris dans le prix (gratuit).

                    L'équipe du festival
                    """
                )
            ).encode()
        ).replace(b"\r\n", b"\n"),
        flags=UNREAD,
    )


def _flowed(desk: Desk) -> Stored:
    """format=flowed with soft breaks, stuffed lines and two levels of quotation (RFC 3676)."""
    body = french(
        textwrap.dedent(
            """\
            Bonjour,~
            ~
            D'accord avec tout, sauf avec la date : le gymnase est pris ce~
            jour-là par le tournoi de badminton. On peut décaler d'une~
            semaine, ou jouer dehors si le temps le permet.

            >> Que dirais-tu d'une lecture à voix haute, toutes classes~
            >> réunies, au gymnase ?
            > J'adore. Il faudrait deux micros et beaucoup de tapis, pour que~
            > chacun puisse s'asseoir.

             > ceci n'est pas une citation, mais une flèche au début de ligne

            -- 
            Julien Roche
            Éducation physique et sportive
            """
        )
    ).replace("~\n", " \n")
    return _raw(
        desk,
        slug="flowed",
        sender=b"Julien Roche <julien.roche@ac-exemple.fr>",
        subject=b"=?utf-8?Q?Re:_Lecture_=C3=A0_voix_haute_au_gymnase?=",
        days=4,
        headers=(
            b"Content-Type: text/plain; charset=utf-8; format=flowed",
            b"Content-Transfer-Encoding: 8bit",
        ),
        body=body.encode(),
    )


def _long_name(desk: Desk) -> Stored:
    """An attachment whose name comes in pieces (RFC 2231), beside a name that lies."""
    document = pdf_file(
        "programme.pdf",
        "Semaine de la lecture : programme",
        """
        # Lundi

        Lectures chuchotées dans l'escalier.

        # Mardi

        Le bibliobus stationne devant le portail de 10 h à 15 h.

        # Jeudi

        Rencontre avec Ariane Solveig, autrice.
        """,
        "Médiathèque de Montclair-sur-Orle",
    )
    body = (
        b"--pages\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
        + b"Bonjour,\n\nLe programme de la semaine de la lecture est joint.\n"
        + b'\n--pages\nContent-Type: application/octet-stream; name="att00001.dat"\n'
        b"Content-Transfer-Encoding: base64\nContent-Disposition: attachment;\n"
        b" filename*0*=utf-8''Semaine%20de%20la%20lecture%20%E2%80%93%20programme%20;\n"
        b" filename*1*=d%C3%A9taill%C3%A9%20pour%20les%20coll%C3%A8ges%20;\n"
        b' filename*2="et les lycees.pdf"\n\n'
        + base64_lines(document.content).replace(b"\r\n", b"\n")
        + b"--pages--\n"
    )
    return _raw(
        desk,
        slug="rfc2231",
        sender=b"=?utf-8?Q?M=C3=A9diath=C3=A8que_de_Montclair?= <jeunesse@mediatheque.example>",
        subject=b"Semaine de la lecture : le programme",
        days=11,
        headers=(b'Content-Type: multipart/mixed; boundary="pages"',),
        body=body,
    )


def _forwarded(desk: Desk) -> Stored:
    """A message in a message, with its own attachment."""
    inner = compose(
        Letter(
            slug="don-arbres",
            sender=Address("Pépinières du Val", "contact", "pepinieres-val.example"),
            to=[people.GUERIN],
            subject="Don de vingt fruitiers au collège",
            date=desk.at(10, "09:12"),
            text="""
            Madame la Principale,

            Nous serions heureux d'offrir au collège vingt jeunes fruitiers : pommiers, poiriers et
            deux cognassiers. Une classe voudrait-elle les planter avec nous ?

            Les Pépinières du Val
            """,
            enclosures=[photograph("le terrain.jpg")],
        )
    )
    outer = Letter(
        slug=f"tr-arbres.{desk.owner.username}",
        sender=people.GUERIN,
        to=[desk.owner, desk.other],
        subject="TR: Don de vingt fruitiers au collège",
        date=desk.at(3, "08:22"),
        text="""
        Bonjour à toutes les deux,

        J'ai pensé à vos classes en lisant ce message. Le carré derrière le préau ferait un joli
        verger, non ?

        N. G.
        """,
    )
    message = compose(outer)
    message.add_attachment(inner)
    return store(message, outer.date, INBOX, FLAGGED)


_LOST = "parent13@courriel.exempl"


def _lost(desk: Desk) -> Stored:
    """The message that `_bounce` is about."""
    return kept(
        Letter(
            slug=f"perdu.{desk.owner.username}",
            sender=desk.owner,
            to=[Address("Julien Masson", addr_spec=_LOST)],
            subject="Autorisation de sortie",
            date=desk.at(2, "18:11"),
            text="""
            Bonjour Monsieur,

            Il me manque l'autorisation de sortie de votre fille pour la visite de jeudi.
            Pouvez-vous me la faire parvenir d'ici mercredi ?

            Bien cordialement,
            """,
        ),
        SENT,
    )


def _bounce(desk: Desk) -> Stored:
    """A delivery status notification (RFC 3464)."""
    date = desk.at(2, "18:12")
    user = desk.owner.addr_spec
    lost = _LOST
    body = f"""This is a MIME-encapsulated message.

--retour
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

This is the mail system at host mx.ac-exemple.fr.

Your message could not be delivered to one recipient. / Votre message n’a pas pu être
remis à un destinataire.

<{lost}>: Host or domain name not found. Name service error for
    name=courriel.exempl type=A: Host not found

--retour
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.ac-exemple.fr
Arrival-Date: {format_datetime(date)}

Final-Recipient: rfc822; {lost}
Action: failed
Status: 5.4.4
Diagnostic-Code: X-Postfix; Host or domain name not found

--retour
Content-Type: text/rfc822-headers

From: {user}
To: {lost}
Subject: Autorisation de sortie
Date: {format_datetime(date)}
Message-ID: <perdu.{desk.owner.username}@ac-exemple.fr>

--retour--
"""
    return _raw(
        desk,
        slug="retour",
        sender=b"Mail Delivery System <mailer-daemon@ac-exemple.fr>",
        subject=b"Undelivered Mail Returned to Sender",
        days=2,
        headers=(
            b"Auto-Submitted: auto-replied",
            b"Return-Path: <>",
            b'Content-Type: multipart/report; report-type=delivery-status;\r\n boundary="retour"',
        ),
        body=body.encode(),
    )


def _notification(desk: Desk) -> Stored:
    """HTML alone, from a machine that gives no text beside it."""
    return kept(
        Letter(
            slug=f"bulletin-paie.{desk.owner.username}",
            sender=people.NO_REPLY,
            to=[desk.owner],
            subject="Un document est disponible dans votre espace",
            date=desk.at(8, "06:00"),
            html="""<html><body style="font-family:Arial,sans-serif"><p>Bonjour,</p>
<p>Un nouveau document est disponible dans votre espace des personnels. Pour le consulter,
connectez-vous <b>depuis votre navigateur</b>, à l'adresse que vous connaissez : ce message ne
contient volontairement aucun lien.</p><p>Merci de ne pas répondre à ce message.</p></body></html>
""",
        ),
        flags=SEEN,
    )
