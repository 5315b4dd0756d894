"""Letters as programs write them, each with what its reader must be given. Invented people."""

# ruff: noqa: E501, RUF001 - mail has long lines, and letters of all scripts

from __future__ import annotations

import base64
import binascii
import quopri
from dataclasses import dataclass

from tests.mail.mime import wrap

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


@dataclass(frozen=True)
class Letter:
    """``raw`` and what is to be seen of it: ``text`` lines in their order and ``absent`` ones,
    ``names`` of the attachments in their order, how many images inside the HTML."""

    raw: bytes
    text: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    inline: int = 0
    subject: str = ""
    sender: tuple[str, str] = ("Claire Petit", "c.petit@exemple.invalid")
    to: tuple[str, ...] = ("alice@ac-exemple.fr",)
    protection: str = "none"
    damage: tuple[str, ...] = ()
    messages: int = 0


FROM = b"From: Claire Petit <c.petit@exemple.invalid>\r\n"
TO = b"To: alice@ac-exemple.fr\r\n"
DATE = b"Date: Tue, 12 May 2026 09:30:00 +0200\r\nMIME-Version: 1.0\r\n"
HEAD = FROM + TO + DATE


def crlf(text: str | bytes) -> bytes:
    data = text.encode() if isinstance(text, str) else text
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def message(head: str | bytes, body: str | bytes, before: bytes = HEAD) -> bytes:
    return before + crlf(head) + b"\r\n\r\n" + crlf(body)


def parts(kind: str, *entities: bytes, boundary: str = "=_b", more: str = "") -> bytes:
    """A multipart entity: its head, and the entities as they are."""
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"{more}\r\n\r\n'.encode()
    line = b"\r\n--" + boundary.encode()
    return head + b"".join(line + b"\r\n" + content for content in entities) + line + b"--\r\n"


def entity(head: str | bytes, body: str | bytes) -> bytes:
    return crlf(head) + b"\r\n\r\n" + crlf(body)


def text(body: str, charset: str = "utf-8", subtype: str = "plain", more: str = "") -> bytes:
    head = f"Content-Type: text/{subtype}; charset={charset}{more}\n"
    return entity(head + "Content-Transfer-Encoding: 8bit", crlf(body.encode(charset)))


def html(body: str, more: str = "") -> bytes:
    return text(body, subtype="html", more=more)


def file(head: str, content: bytes) -> bytes:
    encoded = base64.encodebytes(content)
    return entity(f"{head}\nContent-Transfer-Encoding: base64", encoded)


def letter(entity_: bytes, subject: str = "", before: bytes = HEAD) -> bytes:
    line = f"Subject: {subject}\r\n".encode() if subject else b""
    return before + line + entity_


IMAGE = file(
    'Content-Type: image/png; name="logo.png"\nContent-ID: <logo@x>\nContent-Disposition: inline; filename="logo.png"',
    PNG,
)
REPORT = file(
    'Content-Type: application/pdf; name="rapport.pdf"\nContent-Disposition: attachment; filename="rapport.pdf"',
    PDF,
)


def _q(word: str, charset: str = "utf-8") -> str:
    coded = quopri.encodestring(word.encode(charset), header=True).decode().replace("=\n", "")
    return f"=?{charset}?Q?{coded}?="


def _b(word: str, charset: str = "utf-8") -> str:
    return f"=?{charset}?B?{base64.b64encode(word.encode(charset)).decode()}?="


# --- mail programs ---

WORD = """<html xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:w="urn:schemas-microsoft-com:office:word" xmlns="http://www.w3.org/TR/REC-html40">
<head><meta http-equiv=Content-Type content="text/html; charset=utf-8">
<!--[if !mso]><style>v\\:* {behavior:url(#default#VML);}</style><![endif]-->
<style><!--
@font-face {font-family:Calibri; panose-1:2 15 5 2 2 2 4 3 2 4;}
p.MsoNormal, li.MsoNormal {margin:0cm; font-size:11.0pt; font-family:"Calibri",sans-serif; mso-fareast-language:EN-US;}
p.MsoListParagraph {margin-left:36.0pt;}
@page WordSection1 {size:612.0pt 792.0pt; margin:70.85pt;}
div.WordSection1 {page:WordSection1;}
--></style><!--[if gte mso 9]><xml><o:shapedefaults v:ext="edit" spidmax="1026"/></xml><![endif]--></head>
<body lang=FR link="#0563C1" vlink="#954F72" style='word-wrap:break-word'><div class=WordSection1>
<p class=MsoNormal>Bonjour,<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p>
<p class=MsoListParagraph style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><![if !supportLists]><span style='font-family:Symbol'>·<span style='font:7.0pt "Times New Roman"'>&nbsp; </span></span><![endif]>Conseil à 17 h<o:p></o:p></p>
<p class=MsoNormal><!--[if gte vml 1]><v:shape id="i1"><v:imagedata src="cid:image001.png@01D" o:title="logo"/></v:shape><![endif]--><![if !vml]><img width=120 height=40 src="cid:image001.png@01D"><![endif]></p>
</div></body></html>"""
OUTLOOK = letter(
    parts(
        "related",
        parts("alternative", text("Bonjour,\n\n·  Conseil à 17 h\n"), html(WORD), boundary="=_a"),
        file(
            'Content-Type: image/png; name="image001.png"\nContent-Description: image001.png\n'
            'Content-Disposition: inline; filename="image001.png"; size=70;\n'
            '\tcreation-date="Tue, 12 May 2026 07:30:00 GMT"\nContent-ID: <image001.png@01D>',
            PNG,
        ),
        more='; type="multipart/alternative"',
    ),
    "RE: Conseil",
)
APPLE = letter(
    parts(
        "alternative",
        text("Voici la photo.\n\n\nEnvoyé de mon iPhone", "utf-8"),
        parts(
            "mixed",
            html("<html><body>Voici la photo.<br><br></body></html>"),
            file(
                "Content-Disposition: inline;\n\tfilename*=utf-8''photo%20e%CC%81t%C3%A9.png\n"
                'Content-Type: image/png;\n\tx-unix-mode=0644;\n\tname="=?utf-8?Q?photo_e=CC=81t=C3=A9.png?="',
                PNG,
            ),
            html("<html><body>À demain<br><div dir=ltr>Envoyé de mon iPhone</div></body></html>"),
            boundary="=_c",
        ),
    ),
    "Photo",
)
GMAIL = letter(
    parts(
        "alternative",
        text(
            "D'accord.\n\nLe mar. 12 mai 2026 à 09:30, Paul Roux <p@exemple.invalid> a écrit :\n\n> Venez-vous ?\n"
        ),
        html(
            '<div dir="ltr">D&#39;accord.</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">Le mar. 12 mai 2026 à 09:30, Paul Roux &lt;<a href="mailto:p@exemple.invalid">p@exemple.invalid</a>&gt; a écrit :<br></div>'
            '<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex">Venez-vous ?</blockquote></div>'
        ),
        boundary="000000000000a1b2c3",
    ),
    "Re: Sortie",
)
THUNDERBIRD = letter(
    parts(
        "mixed",
        text(
            "Bonjour,\n\nles notes sont jointes, \nla moyenne aussi.\n\n-- \nClaire\n",
            more="; format=flowed",
        ),
        file(
            'Content-Type: text/csv; charset=UTF-8; name="notes.csv"\nContent-Disposition: attachment; filename="notes.csv"',
            b"a;b\n",
        ),
        boundary="------------0A",
    ),
    "Notes",
)
YAHOO = letter(
    parts(
        "alternative",
        text("Bonjour Mme Petit,\n"),
        html(
            '<html><head></head><body><div class="ydp1yahoo-style-wrap" style="font-family:Helvetica;"><div>Bonjour Mme Petit,</div></div><div id="ydp2yahoo_quoted_1" class="yahoo_quoted">ancien</div></body></html>'
        ),
    ),
    "Absence",
)
ZIMBRA = letter(
    parts(
        "alternative",
        text(
            'Merci.\n\n----- Mail original -----\nDe: "Paul" <p@exemple.invalid>\nObjet: Salle\n\nSalle 12 ?\n'
        ),
        html(
            '<html><body><div style="font-family: arial; font-size: 12pt">Merci.<br><div data-marker="__SIG_POST__">-- <br></div><hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__"><b>De: </b>"Paul"<br></div><div data-marker="__QUOTED_TEXT__">Salle 12 ?</div></div></body></html>'
        ),
    ),
    "Re: Salle",
)
HORDE = message(
    "Subject: Ordre du jour\nContent-Type: text/plain; charset=utf-8; format=flowed; DelSp=Yes\nContent-Disposition: inline\nContent-Transfer-Encoding: 8bit",
    "L'ordre du jour du conseil d'adminis \ntration est joint.\n\n> Ancien  \n> texte\n",
)
SOGO = letter(
    parts(
        "alternative",
        entity(
            "content-type: text/plain; charset=utf-8\ncontent-length: 24\ncontent-transfer-encoding: quoted-printable",
            "Rendez-vous =C3=A0 14h=20\n",
        ),
        entity(
            "content-type: text/html; charset=utf-8\ncontent-length: 60\ncontent-transfer-encoding: quoted-printable",
            "<html>Rendez-vous =C3=A0 14h&nbsp;<br></html>",
        ),
        boundary="----=_=-_OpenGroupware_org_NGMime-1-2-3------",
    ),
    "Rendez-vous",
)
WINMAIL = letter(
    parts(
        "mixed",
        text("Ci-joint le bulletin."),
        file(
            'Content-Type: application/ms-tnef; name="winmail.dat"\nContent-Disposition: attachment; filename="winmail.dat"',
            wrap.tnef(
                [wrap.unicode(0x37, "Bulletin")],
                wrap.attachment(b"BULLET~1.PDF", PDF, wrap.unicode(0x3707, "Bulletin été.pdf")),
            ),
        ),
    ),
    "Bulletin",
)
IOS = message(
    "Subject: Retard\nContent-Type: text/plain;\n\tcharset=us-ascii\nX-Mailer: iPhone Mail (22F76)\nMIME-Version: 1.0 (1.0)\nContent-Transfer-Encoding: quoted-printable",
    "J=E2=80=99arrive dans 5 min\n\nEnvoy=C3=A9 de mon iPhone=\n",
)
SAMSUNG = message(
    "Subject: Photo\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64",
    base64.encodebytes(
        '<html><head><meta http-equiv="Content-Type" content="text/html; charset=UTF-8"></head><body dir="auto">Bien reçu<div><br></div><div id="composer_signature" dir="auto"><div style="font-size:12px;color:#575757" dir="auto">Envoyé de mon Galaxy</div></div></body></html>'.encode()
    ),
)
LOTUS = letter(
    parts(
        "related",
        parts(
            "alternative",
            text("Réunion lundi.", "iso-8859-1"),
            entity(
                "Content-Type: text/html; charset=ISO-8859-1\nContent-Transfer-Encoding: quoted-printable",
                '<font size=3D2 face=3D"sans-serif">R=E9union lundi.</font><br><img src=3Dcid:_2_09D4C5F8 alt=3D"logo">',
            ),
            boundary="=_alternative 0034",
        ),
        file("Content-Type: image/gif\nContent-ID: <_2_09D4C5F8>", b"GIF89a\x01\0\1\0\0\0\0;"),
        boundary="=_related 0034",
    ),
    _q("Réunion", "iso-8859-1"),
)
EXCHANGE_ONE_PART = message(
    'Subject: Note\nContent-Type: text/html; charset="iso-8859-1"\nContent-Transfer-Encoding: quoted-printable\nContent-Language: fr-FR\nX-MS-Has-Attach:\nx-ms-exchange-transport-fromentityheader: Hosted',
    '<html><head><meta http-equiv=3D"Content-Type" content=3D"text/html; charset=3Diso-8859-1"></head><body><div class=3D"elementToProof" style=3D"font-family: Aptos">Le co=FBt est de 5 =80</div></body></html>',
)
ROUNDCUBE = letter(
    parts(
        "alternative",
        text("Bonne rentrée !\n\n---\nClaire", more="; format=flowed"),
        parts(
            "related",
            html(
                "<html><head><meta http-equiv='Content-Type' content='text/html; charset=UTF-8' /></head><body style='font-size: 10pt'><p>Bonne rentrée !</p><p><img src=\"cid:17@exemple.invalid\" /></p></body></html>"
            ),
            file(
                "Content-ID: <17@exemple.invalid>\nContent-Type: image/png;\n name=img.png\nContent-Disposition: inline;\n filename=img.png;\n size=70",
                PNG,
            ),
            boundary="=_r",
        ),
    ),
    _b("Rentrée"),
)
MAC_OLD = letter(
    parts("mixed", text("Bonjour à tous", "mac-roman"), boundary="Apple-Mail-1--2"),
    "Bonjour",
)
MUTT = letter(
    parts(
        "mixed",
        entity(
            "Content-Type: text/plain; charset=iso-8859-15\nContent-Disposition: inline\nContent-Transfer-Encoding: 8bit",
            "Prix : 5 €".encode("iso-8859-15"),
        ),
        entity(
            'Content-Type: text/x-diff; charset=us-ascii\nContent-Disposition: attachment; filename="a.patch"',
            "--- a\n+++ b\n",
        ),
        boundary="1yeeQ81UyVL57Vl7",
    ),
    "Prix",
)

PROGRAMS = {
    "Outlook with Word": Letter(
        OUTLOOK,
        ("Bonjour,", "Conseil à 17 h"),
        ("o:p", "supportLists", "v:shape", "behavior"),
        inline=1,
        subject="RE: Conseil",
    ),
    "Apple Mail, a photo between two texts": Letter(
        APPLE,
        ("Voici la photo.", "À demain", "Envoyé de mon iPhone"),
        names=("photo été.png",),
        subject="Photo",
    ),
    "Gmail, an answer": Letter(
        GMAIL, ("D'accord.", "a écrit :", "Venez-vous ?"), subject="Re: Sortie"
    ),
    "Thunderbird, flowed": Letter(
        THUNDERBIRD,
        ("Bonjour,", "les notes sont jointes, la moyenne aussi.", "Claire"),
        names=("notes.csv",),
        subject="Notes",
    ),
    "Yahoo": Letter(YAHOO, ("Bonjour Mme Petit,", "ancien"), subject="Absence"),
    "Zimbra": Letter(ZIMBRA, ("Merci.", "De:", "Salle 12 ?"), subject="Re: Salle"),
    "Horde, flowed with DelSp": Letter(
        HORDE,
        ("L'ordre du jour du conseil d'administration est joint.", "Ancien texte"),
        subject="Ordre du jour",
    ),
    "SOGo, small letters": Letter(SOGO, ("Rendez-vous à 14h",), subject="Rendez-vous"),
    "Exchange, winmail.dat": Letter(
        WINMAIL, ("Ci-joint le bulletin.",), names=("Bulletin été.pdf",), subject="Bulletin"
    ),
    "iOS, UTF-8 said to be ASCII": Letter(
        IOS, ("J’arrive dans 5 min", "Envoyé de mon iPhone"), subject="Retard"
    ),
    "Samsung, HTML alone in base64": Letter(
        SAMSUNG, ("Bien reçu", "Envoyé de mon Galaxy"), subject="Photo"
    ),
    "Lotus Notes, boundaries with blanks": Letter(
        LOTUS, ("Réunion lundi.",), inline=1, subject="Réunion"
    ),
    "Exchange Online, windows-1252 said to be ISO 8859-1": Letter(
        EXCHANGE_ONE_PART, ("Le coût est de 5 €",), subject="Note"
    ),
    "Roundcube": Letter(ROUNDCUBE, ("Bonne rentrée !",), inline=1, subject="Rentrée"),
    "Mac Roman": Letter(MAC_OLD, ("Bonjour à tous",), subject="Bonjour"),
    "Mutt, a patch": Letter(MUTT, ("Prix : 5 €",), names=("a.patch",), subject="Prix"),
}

# --- lists and servers ---

FOOTER = letter(
    parts(
        "mixed",
        text("Le texte de la lettre."),
        text("_______________\nListe profs\nhttps://liste.exemple.invalid/\n", "us-ascii"),
        boundary="===============01==",
    ),
    "[profs] Lettre",
)
FOOTER_HTML = letter(
    parts(
        "mixed",
        parts("alternative", text("Le texte."), html("<p>Le texte.</p>"), boundary="=_x"),
        entity(
            "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\nContent-Disposition: inline",
            base64.encodebytes("Se désabonner\n".encode()),
        ),
    ),
    "[profs] Lettre",
)
DIGEST = letter(
    parts(
        "mixed",
        text("Résumé de la liste", more="; name=Masthead"),
        parts(
            "digest",
            entity("", message("Subject: Un\nContent-Type: text/plain", "Premier")),
            entity(
                "Content-Type: message/rfc822",
                message("Subject: Deux\nContent-Type: text/plain", "Second"),
            ),
            boundary="=_d",
        ),
        entity(
            "Content-Type: text/plain; charset=utf-8\nContent-Description: Digest Footer",
            "Fin du résumé",
        ),
    ),
    "profs Digest, Vol 1",
)


def _bounce(human: bytes, status: str, returned: bytes, more: str = "") -> bytes:
    return letter(
        parts(
            "report",
            human,
            entity(
                "Content-Type: message/delivery-status\nContent-Description: Delivery report",
                status,
            ),
            returned,
            more="; report-type=delivery-status" + more,
        ),
        "Undelivered Mail",
        b"From: MAILER-DAEMON@mx.exemple.invalid (Mail Delivery System)\r\n" + TO + DATE,
    )


STATUS = "Reporting-MTA: dns; mx.exemple.invalid\nArrival-Date: Tue, 12 May 2026 09:30:00 +0200\n\nFinal-Recipient: rfc822; p@exemple.invalid\nOriginal-Recipient: rfc822;p@exemple.invalid\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown"
POSTFIX = _bounce(
    text("This is the mail system at host mx.exemple.invalid.\n", more=""),
    STATUS,
    entity(
        "Content-Description: Undelivered Message\nContent-Type: message/rfc822",
        message("Subject: Essai\nContent-Type: text/plain", "Bonjour Paul"),
    ),
)
EXCHANGE_BOUNCE = _bounce(
    parts(
        "alternative",
        text("Votre message n'a pas pu être remis."),
        html("<p>Votre message n'a pas pu être remis.</p>"),
        boundary="=_h",
    ),
    STATUS,
    entity(
        "Content-Type: message/rfc822",
        message("Subject: Essai\nContent-Type: text/plain", "Bonjour Paul"),
    ),
)
GMAIL_BOUNCE = _bounce(
    parts(
        "related",
        parts(
            "alternative",
            text("Adresse introuvable"),
            html('<p>Adresse introuvable</p><img src="cid:icon.png">'),
            boundary="=_h",
        ),
        file(
            'Content-Type: image/png; name="icon.png"\nContent-Disposition: attachment; filename="icon.png"\nContent-ID: <icon.png>',
            PNG,
        ),
        boundary="=_i",
    ),
    STATUS,
    entity("Content-Type: text/rfc822-headers", "Subject: Essai\nTo: p@exemple.invalid"),
)
RECEIPT = letter(
    parts(
        "report",
        text("Votre message a été lu."),
        entity(
            "Content-Type: message/disposition-notification",
            "Reporting-UA: x\nFinal-Recipient: rfc822;p@exemple.invalid\nOriginal-Message-ID: <1@x>\nDisposition: manual-action/MDN-sent-manually; displayed",
        ),
        more="; report-type=disposition-notification",
    ),
    "Lu : Essai",
)
ABUSE = letter(
    parts(
        "report",
        text("Rapport d'abus"),
        entity("Content-Type: message/feedback-report", "Feedback-Type: abuse\nVersion: 1"),
        entity(
            "Content-Type: message/rfc822",
            message("Subject: Spam\nContent-Type: text/plain", "pub"),
        ),
        more="; report-type=feedback-report",
    ),
    "FW: Spam",
)
ICS = "BEGIN:VCALENDAR\nMETHOD:{}\nBEGIN:VEVENT\nUID:1\nDTSTART:20260512T070000Z\nSUMMARY:Conseil\nEND:VEVENT\nEND:VCALENDAR"
INVITE = letter(
    parts(
        "mixed",
        parts(
            "alternative",
            text("Conseil mardi"),
            html("<p>Conseil mardi</p>"),
            entity(
                "Content-Type: text/calendar; charset=utf-8; method=REQUEST", ICS.format("REQUEST")
            ),
            boundary="=_a",
        ),
        file(
            'Content-Type: application/ics; name="invite.ics"\nContent-Disposition: attachment; filename="invite.ics"',
            crlf(ICS.format("REQUEST")),
        ),
    ),
    "Invitation : Conseil",
)
CALENDAR_REPLY = letter(
    parts(
        "alternative",
        text("Paul a accepté"),
        entity(
            'Content-Type: text/calendar; charset=utf-8; method=REPLY; name="reponse.ics"',
            ICS.format("REPLY"),
        ),
    ),
    "Accepté : Conseil",
)
CALENDAR_ALONE = message(
    "Subject: Annulation\nContent-Type: text/calendar; charset=utf-8; method=CANCEL\nContent-Transfer-Encoding: 8bit",
    ICS.format("CANCEL"),
)

SERVERS = {
    "Mailman's footer": Letter(
        FOOTER, ("Le texte de la lettre.", "Liste profs"), subject="[profs] Lettre"
    ),
    "a footer after HTML": Letter(
        FOOTER_HTML, ("Le texte.", "Se désabonner"), subject="[profs] Lettre"
    ),
    "Mailman's digest": Letter(
        DIGEST,
        ("Résumé de la liste", "Fin du résumé"),
        names=("", ""),
        messages=2,
        subject="profs Digest, Vol 1",
    ),
    "Postfix's bounce": Letter(
        POSTFIX,
        ("This is the mail system",),
        names=("", ""),
        messages=1,
        subject="Undelivered Mail",
        sender=("Mail Delivery System", "MAILER-DAEMON@mx.exemple.invalid"),
    ),
    "Exchange's bounce": Letter(
        EXCHANGE_BOUNCE,
        ("Votre message n'a pas pu être remis.",),
        names=("", ""),
        messages=1,
        subject="Undelivered Mail",
        sender=("Mail Delivery System", "MAILER-DAEMON@mx.exemple.invalid"),
    ),
    "Gmail's bounce": Letter(
        GMAIL_BOUNCE,
        ("Adresse introuvable",),
        names=("", ""),
        inline=1,
        subject="Undelivered Mail",
        sender=("Mail Delivery System", "MAILER-DAEMON@mx.exemple.invalid"),
    ),
    "a receipt": Letter(RECEIPT, ("Votre message a été lu.",), names=("",), subject="Lu : Essai"),
    "a report of abuse": Letter(
        ABUSE, ("Rapport d'abus",), names=("", ""), messages=1, subject="FW: Spam"
    ),
    "an invitation, twice in it": Letter(
        INVITE, ("Conseil mardi",), names=("", "invite.ics"), subject="Invitation : Conseil"
    ),
    "the answer to an invitation": Letter(
        CALENDAR_REPLY, ("Paul a accepté",), names=("reponse.ics",), subject="Accepté : Conseil"
    ),
    "a cancellation alone": Letter(CALENDAR_ALONE, names=("",), subject="Annulation"),
}

# --- protection ---

PGP_SIGNED = letter(
    parts(
        "signed",
        text("Texte signé"),
        entity(
            'Content-Type: application/pgp-signature; name="signature.asc"\nContent-Description: OpenPGP digital signature\nContent-Disposition: attachment; filename="signature.asc"',
            "-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----",
        ),
        more='; micalg=pgp-sha256; protocol="application/pgp-signature"',
    ),
    "Signé",
)
PGP_ENCRYPTED = letter(
    parts(
        "encrypted",
        entity("Content-Type: application/pgp-encrypted", "Version: 1"),
        entity(
            'Content-Type: application/octet-stream; name="encrypted.asc"\nContent-Disposition: inline; filename="encrypted.asc"',
            "-----BEGIN PGP MESSAGE-----\n\nx\n-----END PGP MESSAGE-----",
        ),
        more='; protocol="application/pgp-encrypted"',
    ),
    "...",
)
SMIME_SIGNED = letter(
    parts(
        "signed",
        parts("mixed", text("Texte signé"), REPORT, boundary="=_in"),
        file(
            'Content-Type: application/pkcs7-signature; name="smime.p7s"\nContent-Disposition: attachment; filename="smime.p7s"',
            b"\x30\x80",
        ),
        more='; protocol="application/pkcs7-signature"; micalg=sha-256',
    ),
    "Signé",
)
SMIME_OPAQUE = message(
    'Subject: Opaque\nContent-Type: application/pkcs7-mime; smime-type=signed-data; name="smime.p7m"\nContent-Disposition: attachment; filename="smime.p7m"\nContent-Transfer-Encoding: base64',
    base64.encodebytes(wrap.signed(parts("mixed", text("Texte signé"), REPORT))),
)
SMIME_ENCRYPTED = message(
    'Subject: Secret\nContent-Type: application/x-pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"\nContent-Disposition: attachment; filename="smime.p7m"\nContent-Transfer-Encoding: base64',
    base64.encodebytes(wrap.ber(0x30, wrap.ber(0x06, wrap.PKCS7 + b"\3"), wrap.ber(0xA0, b"x"))),
)
PROTECTED = {
    "PGP/MIME, signed": Letter(
        PGP_SIGNED, ("Texte signé",), protection="pgp-signed", subject="Signé"
    ),
    "PGP/MIME, encrypted": Letter(
        PGP_ENCRYPTED, names=("encrypted.asc",), protection="pgp-encrypted", subject="..."
    ),
    "S/MIME, signed": Letter(
        SMIME_SIGNED,
        ("Texte signé",),
        names=("rapport.pdf",),
        protection="smime-signed",
        subject="Signé",
    ),
    "S/MIME, opaque": Letter(
        SMIME_OPAQUE,
        ("Texte signé",),
        names=("rapport.pdf",),
        protection="smime-signed",
        subject="Opaque",
    ),
    "S/MIME, encrypted": Letter(
        SMIME_ENCRYPTED, names=("smime.p7m",), protection="smime-encrypted", subject="Secret"
    ),
}

# --- charsets ---


def _in(charset: str, words: str, codec: str = "", damage: tuple[str, ...] = ()) -> Letter:
    codec = codec or charset
    data = words.encode(codec)
    raw = (
        HEAD
        + f"Subject: {_b(words, codec).replace(codec, charset, 1)}\r\nContent-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: base64\r\n\r\n".encode()
        + base64.encodebytes(data)
    )
    return Letter(raw, (words,), subject=words, damage=damage)


UNKNOWN = ("charset",)
EURO = "Coût : 5 € — cœur, Noël"
CHARSETS = {
    "ISO-2022-JP": _in("ISO-2022-JP", "会議は月曜日です"),
    "Shift_JIS": _in("Shift_JIS", "会議は月曜日です"),
    "EUC-JP": _in("EUC-JP", "会議は月曜日です"),
    "GB18030": _in("GB18030", "会议在星期一"),
    "GB2312 with letters of GBK": _in("gb2312", "会議在星期一", "gbk"),
    "HZ": _in("hz-gb-2312", "会议在星期一", "hz"),
    "Big5": _in("Big5", "會議在星期一"),
    "EUC-KR": _in("ks_c_5601-1987", "회의는 월요일입니다", "euc-kr"),
    "ISO-2022-KR": _in("ISO-2022-KR", "회의는 월요일입니다"),
    "KOI8-R": _in("KOI8-R", "Собрание в понедельник"),
    "KOI8-U": _in("KOI8-U", "Збори в понеділок їжак"),
    "windows-1251": _in("windows-1251", "Собрание в понедельник"),
    "windows-1256": _in("windows-1256", "الاجتماع يوم الاثنين"),
    "windows-1255": _in("windows-1255", "הפגישה ביום שני"),
    "ISO-8859-8-I": _in("ISO-8859-8-I", "הפגישה ביום שני", "iso-8859-8"),
    "ISO-8859-6": _in("ISO-8859-6", "الاجتماع يوم الاثنين"),
    "windows-1253": _in("windows-1253", "Η σύσκεψη τη Δευτέρα"),
    "ISO-8859-2": _in("ISO-8859-2", "Schůzka v pondělí, žádost"),
    "windows-1250": _in("cp1250", "Schůzka v pondělí, žádost"),
    "windows-1257": _in("windows-1257", "Susitikimas pirmadienį, žąsis"),
    "windows-1258": _in("windows-1258", "cuôc hop"),
    "TIS-620": _in("TIS-620", "ประชุมวันจันทร์"),
    "ISO-8859-15 with a euro": _in("ISO-8859-15", "Coût : 5 €, cœur"),
    "windows-1252": _in("windows-1252", EURO),
    "x-mac-roman": _in("macintosh", "Coût, cœur, Noël – été", "mac-roman"),
    "cp850": _in("cp850", "Coût, Noël, été"),
    "UTF-7": _in("utf-7", "Coût & Noël"),
    "UTF-16": _in("utf-16", "Coût, Noël, été"),
    "UTF-8 with a mark": _in("utf-8", "Noël", "utf-8-sig"),
    "UTF-8 said to be latin-1": _in("iso-8859-1", "Noël à l’école", "utf-8"),
    "latin-1 said to be UTF-8": _in("utf-8", "Noël à Sète", "iso-8859-1"),
    "unknown-8bit": _in("unknown-8bit", "Noël à l’école", "utf-8"),
    "x-unknown": _in("x-unknown", "Noël à Sète", "cp1252", UNKNOWN),
    "a charset of quotes": _in('"utf-8;"', "Noël", "utf-8"),
    "no such charset": _in("x-klingon", "Noël à Sète", "cp1252", UNKNOWN),
    "default": _in("default", "Noël à Sète", "cp1252", UNKNOWN),
    "_iso-8859-1$ESC": _in("_iso-8859-1$ESC", "Noël à Sète", "cp1252", UNKNOWN),
}

# --- transfer encodings ---


def _coded(encoding: str, body: bytes | str, charset: str = "utf-8") -> bytes:
    return message(
        f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: {encoding}", body
    )


_NOEL = base64.b64encode("Noël à la mer".encode()).decode()
ENCODINGS = {
    "soft breaks inside a character": Letter(
        _coded("quoted-printable", "No=C3=\n=ABl =\n\n=C3=A0"), ("Noël", "à")
    ),
    "blanks after a soft break": Letter(_coded("quoted-printable", "No=C3=AB=  \nl"), ("Noël",)),
    "small hexadecimal, stray signs": Letter(
        _coded("quoted-printable", "No=c3=abl a=b 100=% =\n="), ("Noël a=b 100=%",)
    ),
    "quoted-printable of UTF-8 bytes": Letter(
        _coded("Quoted-Printable", "Noël =C3=A0".encode()), ("Noël à",)
    ),
    "base64 with junk": Letter(
        _coded("base64", f"{_NOEL[:8]}\n *!{_NOEL[8:]}"), ("Noël à la mer",), damage=("encoding",)
    ),
    "base64 without padding": Letter(_coded("base64", _NOEL.rstrip("=")), ("Noël à la mer",)),
    "base64 on lines of one": Letter(_coded("BASE64", "\n".join(_NOEL)), ("Noël à la mer",)),
    "base64 with padding inside": Letter(
        _coded(
            "base64",
            base64.b64encode("Noël ".encode()).decode()
            + base64.b64encode("à la mer".encode()).decode(),
        ),
        ("Noël à la mer",),
    ),
    "base64 with a trailing text": Letter(_coded("base64", f"{_NOEL}\n\n"), ("Noël à la mer",)),
    "base64 cut in a group": Letter(_coded("base64", _NOEL[:13]), ("Noël",), damage=("encoding",)),
    "8bit in a comment": Letter(_coded("8bit (sic)", "Noël"), ("Noël",)),
    "an unknown encoding": Letter(_coded("x-none", "Noël"), ("Noël",)),
    "an encoding of blanks": Letter(_coded("   ", "Noël"), ("Noël",)),
    "binary": Letter(_coded("binary", "Noël"), ("Noël",)),
    "x-uuencode": Letter(
        _coded("x-uuencode", b"begin 644 a.txt\n" + binascii.b2a_uu("Noël".encode()) + b"`\nend\n"),
        ("Noël",),
    ),
    "uuencode in the text": Letter(
        _coded(
            "7bit",
            b"Voir :\n\nbegin 644 notes.csv\n" + binascii.b2a_uu(b"a;b\n") + b"`\nend\n\nPaul",
        ),
        ("Voir :", "Paul"),
        ("begin",),
        ("notes.csv",),
    ),
    "yEnc": Letter(
        _coded("8bit", b"Voir :\n=ybegin line=128 size=3 name=a.bin\n\x8b\x8c\x8d\n=yend size=3\n"),
        ("Voir :", "=ybegin"),
    ),
}

# --- names of files ---


def _named(disposition: str, kind: str = "application/pdf") -> bytes:
    return letter(
        parts(
            "mixed",
            text("Voir."),
            file(f"Content-Type: {kind}\nContent-Disposition: {disposition}", PDF),
        )
    )


def _names(name: str, disposition: str, kind: str = "application/pdf") -> Letter:
    return Letter(_named(disposition, kind), ("Voir.",), names=(name,))


NAMES = {
    "RFC 2231": _names(
        "été à Sète.pdf", "attachment; filename*=UTF-8''%C3%A9t%C3%A9%20%C3%A0%20S%C3%A8te.pdf"
    ),
    "RFC 2231 in pieces": _names(
        "un très long nom.pdf",
        "attachment;\n filename*0*=UTF-8''un%20tr%C3%A8s;\n filename*1=\" long \";\n filename*2*=nom.pdf",
    ),
    "RFC 2231, pieces out of order": _names(
        "abc.pdf", "attachment; filename*2=c.pdf; filename*0=a; filename*1=b"
    ),
    "RFC 2231, ISO 8859-1": _names("été.pdf", "attachment; filename*=iso-8859-1'fr'%E9t%E9.pdf"),
    "RFC 2231, no charset": _names("été.pdf", "attachment; filename*=''%C3%A9t%C3%A9.pdf"),
    "coded as an address": _names(
        "été à Sète.pdf", 'attachment; filename="%C3%A9t%C3%A9%20%C3%A0%20S%C3%A8te.pdf"'
    ),
    "a percent sign": _names("100%25 é%E9.pdf", 'attachment; filename="100%25 é%E9.pdf"'),
    "RFC 2047 in quotes": _names("été.pdf", f'attachment; filename="{_q("été.pdf")}"'),
    "RFC 2047 folded": _names(
        "un été bien trop long.pdf",
        f'attachment; filename="{_q("un été ")}\n {_q("bien trop long.pdf")}"',
    ),
    "RFC 2047, no quotes": _names("été.pdf", f"attachment; filename={_b('été.pdf')}"),
    "RFC 2047 in pieces of RFC 2231": _names(
        "été.pdf", f'attachment; filename*0="{_q("été.pdf")[:9]}"; filename*1="{_q("été.pdf")[9:]}"'
    ),
    "both forms, that disagree": _names(
        "vrai é.pdf", "attachment; filename=\"faux.pdf\"; filename*=UTF-8''vrai%20%C3%A9.pdf"
    ),
    "raw UTF-8": _names("été.pdf", 'attachment; filename="été.pdf"'),
    "in the type alone": _names(
        "été.pdf", "attachment", f'application/pdf; name="{_q("été.pdf")}"'
    ),
    "in both fields": _names(
        "bon.pdf", "attachment; filename=bon.pdf", 'application/pdf; name="mauvais.pdf"'
    ),
    "no quotes, blanks": _names("mon rapport.pdf", "attachment; filename=mon rapport.pdf"),
    "quotes in it": _names(
        "le _bon_ rapport.pdf", 'attachment; filename="le \\"bon\\" rapport.pdf"'
    ),
    "a semicolon in it": _names("a;b.pdf", 'attachment; filename="a;b.pdf"'),
    "quotes never closed": _names("rapport.pdf", 'attachment; filename="rapport.pdf'),
    "a path of Windows": _names(
        "rapport.pdf", 'attachment; filename="C:\\\\Users\\\\c\\\\rapport.pdf"'
    ),
    "a name of nothing": _names("", 'attachment; filename=""'),
    "no disposition": _names(
        "rapport.pdf", "\n X-Y: z".strip("\n"), 'application/pdf; name="rapport.pdf"'
    ),
    "an apostrophe": _names("l'été.pdf", "attachment; filename*=UTF-8''l%27%C3%A9t%C3%A9.pdf"),
    "a name in capitals": _names("RAPPORT.PDF", 'ATTACHMENT; FILENAME="RAPPORT.PDF"'),
}

# --- structures ---

HTML_LOGO = html('<p>Bonjour</p><img src="cid:logo@x">')
APPLEDOUBLE = parts(
    "appledouble",
    entity('Content-Type: application/applefile; name="rapport.pdf"', "x"),
    REPORT,
    boundary="=_ad",
)
EXTERNAL = entity(
    'Content-Type: message/external-body; access-type=URL;\n URL="http://tracker.example/a.pdf"',
    "Content-Type: application/pdf\n\n",
)
STRUCTURES = {
    "related without start": Letter(
        letter(parts("related", HTML_LOGO, IMAGE)), ("Bonjour",), inline=1
    ),
    "related with start last": Letter(
        letter(
            parts(
                "related",
                IMAGE,
                html('<p>Bonjour</p><img src="cid:logo@x">', "\nContent-ID: <racine@x>"),
                more='; start="<racine@x>"',
            )
        ),
        ("Bonjour",),
        inline=1,
    ),
    "related with a start that is nowhere": Letter(
        letter(parts("related", HTML_LOGO, IMAGE, more="; start=absent")), ("Bonjour",), inline=1
    ),
    "related that holds a file": Letter(
        letter(parts("related", HTML_LOGO, IMAGE, REPORT)),
        ("Bonjour",),
        names=("rapport.pdf",),
        inline=1,
    ),
    "mixed in place of related": Letter(
        letter(parts("mixed", HTML_LOGO, IMAGE)), ("Bonjour",), inline=1
    ),
    "an image that is not used": Letter(
        letter(parts("related", html("<p>Bonjour</p>"), IMAGE)), ("Bonjour",), names=("logo.png",)
    ),
    "an image used twice": Letter(
        letter(
            parts(
                "related",
                html('<p>Bonjour</p><img src="cid:logo@x"><img src="CID:logo%40x">'),
                IMAGE,
            )
        ),
        ("Bonjour",),
        inline=1,
    ),
    "an alternative whose text is empty": Letter(
        letter(parts("alternative", text(""), html("<p>Bonjour</p>"))), ("Bonjour",)
    ),
    "an alternative of one": Letter(letter(parts("alternative", text("Bonjour"))), ("Bonjour",)),
    "an alternative, HTML first": Letter(
        letter(parts("alternative", html("<p>Bonjour</p>"), text("Bonjour"))), ("Bonjour",)
    ),
    "alternative in mixed in alternative": Letter(
        letter(
            parts(
                "alternative",
                text("Bonjour"),
                parts("mixed", html("<p>Bonjour</p>"), REPORT, boundary="=_m"),
            )
        ),
        ("Bonjour",),
        names=("rapport.pdf",),
    ),
    "AMP between": Letter(
        letter(
            parts(
                "alternative",
                text("Bonjour"),
                text("<html amp4email>autre</html>", subtype="x-amp-html"),
                html("<p>Bonjour</p>"),
            )
        ),
        ("Bonjour",),
        ("autre",),
    ),
    "the watch's HTML": Letter(
        letter(
            parts(
                "alternative",
                text("Bonjour"),
                text("<b>montre</b>", subtype="watch-html"),
                html("<p>Bonjour</p>"),
            )
        ),
        ("Bonjour",),
        ("montre",),
    ),
    "several texts": Letter(
        letter(parts("mixed", text("Un"), text("Deux"), text("Trois"))), ("Un", "Deux", "Trois")
    ),
    "a text, a file, a text": Letter(
        letter(parts("mixed", text("Un"), REPORT, text("Deux"))),
        ("Un", "Deux"),
        names=("rapport.pdf",),
    ),
    "texts with names": Letter(
        letter(
            parts(
                "mixed",
                text("Un"),
                text(
                    "Deux", more="; name=deux.txt\nContent-Disposition: inline; filename=deux.txt"
                ),
            )
        ),
        ("Un",),
        ("Deux",),
        ("deux.txt",),
    ),
    "a text that is an attachment, first": Letter(
        letter(
            parts(
                "mixed",
                text("Un", more="; name=un.txt\nContent-Disposition: attachment; filename=un.txt"),
            )
        ),
        absent=("Un",),
        names=("un.txt",),
    ),
    "only a file": Letter(HEAD + REPORT, names=("rapport.pdf",)),
    "only an image": Letter(
        HEAD + file('Content-Type: image/png; name="photo.png"', PNG), names=("photo.png",)
    ),
    "two files and no text": Letter(
        letter(parts("mixed", REPORT, REPORT)), names=("rapport.pdf", "rapport.pdf")
    ),
    "no body": Letter(message("Subject: Vide\nContent-Type: text/plain", ""), subject="Vide"),
    "a header alone": Letter(HEAD + b"Subject: Seule\r\n", subject="Seule"),
    "no Content-Type": Letter(message("Subject: x", "Noël"), ("Noël",), subject="x"),
    "a Content-Type of nonsense": Letter(message("Content-Type: texte", "Noël"), ("Noël",)),
    "a type of one word": Letter(message("Content-Type: text", "Noël"), ("Noël",)),
    "two Content-Types": Letter(
        message("Content-Type: text/plain; charset=utf-8\nContent-Type: text/html", "Noël <b>"),
        ("Noël <b>",),
    ),
    "no MIME-Version": Letter(
        message("Content-Type: text/html; charset=utf-8", "<p>Noël</p>", FROM + TO), ("Noël",)
    ),
    "text/enriched": Letter(
        letter(
            text(
                "<bold>Noël</bold>\n\n<color><param>red</param>à la mer</color> << 2",
                subtype="enriched",
            )
        ),
        ("Noël", "à la mer < 2"),
    ),
    "text/richtext": Letter(letter(text("<bold>Noël</bold>", subtype="richtext")), ("Noël",)),
    "text/markdown": Letter(letter(text("# Noël", subtype="markdown")), ("# Noël",)),
    "HTML without a body": Letter(letter(html("Noël<br>à la mer")), ("Noël", "à la mer")),
    "a frameset": Letter(
        letter(
            html(
                "<html><frameset cols=50%><frame src=a></frameset><noframes>Noël</noframes></html>"
            )
        )
    ),
    "appledouble": Letter(
        letter(parts("mixed", text("Voir."), APPLEDOUBLE)), ("Voir.",), names=("rapport.pdf",)
    ),
    "BinHex": Letter(
        letter(
            parts(
                "mixed",
                text("Voir."),
                entity(
                    'Content-Type: application/mac-binhex40; name="rapport.hqx"',
                    "(This file must be converted with BinHex 4.0)\n:x:",
                ),
            )
        ),
        ("Voir.",),
        names=("rapport.hqx",),
    ),
    "a part of a message": Letter(
        message('Content-Type: message/partial; number=1; total=2; id="a"', "Subject: x\n\nMoitié"),
        names=("",),
    ),
    "a body elsewhere": Letter(
        letter(parts("mixed", text("Voir."), EXTERNAL)), ("Voir.",), names=("",)
    ),
    "a forwarded message": Letter(
        letter(
            parts(
                "mixed",
                text("Voir."),
                entity(
                    "Content-Type: message/rfc822",
                    message("Subject: Dedans\nContent-Type: text/plain", "Intérieur"),
                ),
            )
        ),
        ("Voir.",),
        ("Intérieur",),
        ("",),
        messages=1,
    ),
    "a forwarded message with a name": Letter(
        letter(
            parts(
                "mixed",
                text("Voir."),
                entity(
                    'Content-Type: message/rfc822; name="Dedans.eml"\nContent-Disposition: attachment; filename="Dedans.eml"',
                    message("Subject: Dedans\nContent-Type: text/plain", "Intérieur"),
                ),
            )
        ),
        ("Voir.",),
        ("Intérieur",),
        ("Dedans.eml",),
    ),
    "nothing but a forwarded message": Letter(
        message(
            "Content-Type: message/rfc822",
            message("Subject: Dedans\nContent-Type: text/plain", "Intérieur"),
        ),
        absent=("Intérieur",),
        names=("",),
        messages=1,
    ),
    "a preamble and an epilogue": Letter(
        letter(
            parts("mixed", text("Bonjour")).replace(
                b"\r\n\r\n", b"\r\n\r\nThis is a multi-part message.\r\n", 1
            )
            + b"Epilogue"
        ),
        ("Bonjour",),
        ("multi-part", "Epilogue"),
    ),
    "a boundary that begins another": Letter(
        letter(
            parts(
                "mixed",
                parts("alternative", text("Bonjour"), html("<p>Bonjour</p>"), boundary="b-1"),
                REPORT,
                boundary="b",
            )
        ),
        ("Bonjour",),
        names=("rapport.pdf",),
    ),
    "a boundary with odd characters": Letter(
        letter(parts("mixed", text("Bonjour"), REPORT, boundary="'()+_,-./:=? x")),
        ("Bonjour",),
        names=("rapport.pdf",),
    ),
    "a boundary without quotes": Letter(
        letter(parts("mixed", text("Bonjour"), REPORT).replace(b'"=_b"', b"=_b")),
        ("Bonjour",),
        names=("rapport.pdf",),
    ),
    "a boundary line with blanks": Letter(
        letter(parts("mixed", text("Bonjour"), REPORT).replace(b"--=_b\r\n", b"--=_b  \t\r\n")),
        ("Bonjour",),
        names=("rapport.pdf",),
    ),
    "never closed": Letter(
        letter(parts("mixed", text("Bonjour"), REPORT)[:-8]),
        ("Bonjour",),
        names=("rapport.pdf",),
        damage=("not-closed",),
    ),
    "no boundary": Letter(
        message("Content-Type: multipart/mixed", "Bonjour\n"), ("Bonjour",), damage=("boundary",)
    ),
    "a boundary never seen": Letter(
        message("Content-Type: multipart/mixed; boundary=a", "--b\n\nBonjour\n"),
        ("Bonjour",),
        damage=("boundary",),
    ),
    "lines that end in LF": Letter(
        letter(parts("mixed", text("Bonjour"), REPORT)).replace(b"\r\n", b"\n"),
        ("Bonjour",),
        names=("rapport.pdf",),
    ),
    "a kind of multipart nobody knows": Letter(
        letter(parts("x-odd", text("Bonjour"), REPORT)), ("Bonjour",), names=("rapport.pdf",)
    ),
    "parallel": Letter(letter(parts("parallel", text("Un"), text("Deux"))), ("Un", "Deux")),
    "form-data": Letter(
        letter(parts("form-data", entity('Content-Disposition: form-data; name="a"', "Bonjour"))),
        ("Bonjour",),
    ),
    "byteranges of text": Letter(
        letter(
            parts(
                "voice-message",
                text("Message vocal"),
                file(
                    "Content-Type: audio/wav; name=voix.wav\nContent-Disposition: inline; Voice=Voice-Message",
                    b"RIFF",
                ),
            )
        ),
        ("Message vocal",),
        names=("voix.wav",),
    ),
}

# --- heads ---


def _head(lines: str | bytes, **want: object) -> Letter:
    subject = str(want.pop("subject", ""))
    return Letter(message(lines, "Bonjour", b""), ("Bonjour",), subject=subject, **want)  # type: ignore[arg-type]


NOBODY = ("", "")
HEADS = {
    "a word cut in a character": _head(
        b"From: =?utf-8?B?Q2xhaXJlIFBldGl0?= <c.petit@exemple.invalid>\nTo: alice@ac-exemple.fr\nSubject: =?utf-8?Q?No=C3?=\n =?utf-8?Q?=ABl?=",
        subject="Noël",
    ),
    "words glued together": _head(
        b"From: Claire Petit <c.petit@exemple.invalid>\nTo: alice@ac-exemple.fr\nSubject: Re: =?utf-8?Q?No=C3=ABl?==?utf-8?Q?_=C3=A0_S=C3=A8te?=",
        subject="Re: Noël à Sète",
    ),
    "a word of blanks": _head(
        b"From: Claire Petit <c.petit@exemple.invalid>\nTo: alice@ac-exemple.fr\nSubject: =?iso-8859-1?Q?No=EBl a la mer?=",
        subject="Noël a la mer",
    ),
    "two charsets": _head(
        "From: Claire Petit <c.petit@exemple.invalid>\nTo: alice@ac-exemple.fr\nSubject: =?iso-8859-15?Q?5_=A4?= =?utf-8?Q?_=C3=A0?=",
        subject="5 € à",
    ),
    "raw windows-1252": _head(
        b"From: Claire Petit <c.petit@exemple.invalid>\nTo: alice@ac-exemple.fr\nSubject: No\xebl \x80",
        subject="Noël €",
    ),
    "raw UTF-8": _head(
        "From: Claire Petit <c.petit@exemple.invalid>\nTo: alice@ac-exemple.fr\nSubject: Noël",
        subject="Noël",
    ),
    "folded": _head(
        "From: Claire\n Petit <c.petit@exemple.invalid>\nTo: alice@ac-exemple.fr\nSubject: un sujet\n\tsur deux lignes",
        subject="un sujet sur deux lignes",
    ),
    "a comma in a coded name": _head(
        b"From: =?utf-8?Q?Petit=2C_Claire?= <c.petit@exemple.invalid>\nTo: alice@ac-exemple.fr",
        sender=("Petit, Claire", "c.petit@exemple.invalid"),
    ),
    "a coded name in quotes": _head(
        b'From: "=?utf-8?Q?No=C3=A9mie?=" <c.petit@exemple.invalid>\nTo: alice@ac-exemple.fr',
        sender=("Noémie", "c.petit@exemple.invalid"),
    ),
    "the name in a comment": _head(
        "From: c.petit@exemple.invalid (Claire Petit)\nTo: alice@ac-exemple.fr"
    ),
    "no name": _head(
        "From: c.petit@exemple.invalid\nTo: alice@ac-exemple.fr",
        sender=("", "c.petit@exemple.invalid"),
    ),
    "a name that is the address": _head(
        'From: "c.petit@exemple.invalid" <c.petit@exemple.invalid>\nTo: alice@ac-exemple.fr',
        sender=("", "c.petit@exemple.invalid"),
    ),
    "no From": _head("To: alice@ac-exemple.fr", sender=NOBODY),
    "an empty From": _head("From: \nTo: alice@ac-exemple.fr", sender=NOBODY),
    "From without a domain": _head("From: root\nTo: alice@ac-exemple.fr", sender=("root", "")),
    "undisclosed recipients": _head(
        "From: Claire Petit <c.petit@exemple.invalid>\nTo: undisclosed-recipients:;", to=()
    ),
    "a group": _head(
        "From: Claire Petit <c.petit@exemple.invalid>\nTo: Classe de 4e: a@exemple.invalid, Bob <b@exemple.invalid>;, c@exemple.invalid",
        to=("a@exemple.invalid", "b@exemple.invalid", "c@exemple.invalid"),
    ),
    "semicolons of Outlook": _head(
        "From: Claire Petit <c.petit@exemple.invalid>\nTo: a@exemple.invalid; b@exemple.invalid",
        to=("a@exemple.invalid", "b@exemple.invalid"),
    ),
    "apostrophes of Outlook": _head(
        "From: 'Claire Petit' <c.petit@exemple.invalid>\nTo: 'a@exemple.invalid' <a@exemple.invalid>",
        to=("a@exemple.invalid",),
    ),
    "2,000 recipients": _head(
        "From: Claire Petit <c.petit@exemple.invalid>\nTo: "
        + ",\n ".join(f"Élève {n} <e{n}@exemple.invalid>" for n in range(2000)),
        to=tuple(f"e{n}@exemple.invalid" for n in range(2000)),
    ),
    "several To": _head(
        "From: Claire Petit <c.petit@exemple.invalid>\nTo: a@exemple.invalid\nTo: b@exemple.invalid",
        to=("a@exemple.invalid", "b@exemple.invalid"),
    ),
    "an mbox line in front": _head(
        "From c.petit@exemple.invalid Tue May 12 09:30:00 2026\nFrom: Claire Petit <c.petit@exemple.invalid>\nTo: alice@ac-exemple.fr"
    ),
    "a line that is no field": _head(
        "From: Claire Petit <c.petit@exemple.invalid>\n???\nTo: alice@ac-exemple.fr"
    ),
    "names in capitals": _head(
        "FROM: Claire Petit <c.petit@exemple.invalid>\nTO: alice@ac-exemple.fr\nSUBJECT: Cri",
        subject="Cri",
    ),
    "blanks before the colon": _head(
        "From : Claire Petit <c.petit@exemple.invalid>\nTo : alice@ac-exemple.fr\nSubject : Ancien",
        subject="Ancien",
    ),
    "a source route": _head(
        "From: Claire Petit <@relais.invalid:c.petit@exemple.invalid>\nTo: alice@ac-exemple.fr"
    ),
    "blanks in the address": _head(
        "From: Claire Petit < c.petit@exemple.invalid >\nTo: alice@ac-exemple.fr"
    ),
    "an international address": _head(
        "From: Zoé <zoé@exemple.invalid>\nTo: alice@ac-exemple.fr",
        sender=("Zoé", "zoé@exemple.invalid"),
    ),
}

LETTERS = {
    f"{kind}: {name}": sample
    for kind, table in {
        "program": PROGRAMS,
        "server": SERVERS,
        "protection": PROTECTED,
        "charset": CHARSETS,
        "encoding": ENCODINGS,
        "name": NAMES,
        "structure": STRUCTURES,
        "head": HEADS,
    }.items()
    for name, sample in table.items()
}
