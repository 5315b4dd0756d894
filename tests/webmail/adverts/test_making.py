"""Signs of how a message is made, which need no language."""

from __future__ import annotations

import pytest

from mail.judgement import domains, message, own_server, structure, verdict
from mail.judgement.fraud import Judged
from mail.judgement.known import KnownCorrespondents, Learnt
from mail.judgement.signs import Sign
from mail.judgement.words import Counts, learn
from webmail.presentation.adverts import REASONS

_RECEIVED = (
    "Received: from out.firm.example ([203.0.113.7]) by mx.ac-exemple.test; "
    "Tue, 14 Oct 2025 09:12:44 +0200\n"
)
_HEAD = {
    "Return-Path": "<anne@firm.example>",
    "From": "Anne Firm <anne@firm.example>",
    "To": "helene.kervran@ac-exemple.test",
    "Subject": "Essai",
    "Date": "Tue, 14 Oct 2025 09:12:40 +0200",
    "Message-ID": "<1@firm.example>",
}
_LINK = '<p>Bonjour</p><a href="https://{}">voir</a>'
HOME = _LINK.format("www.firm.example/plan")
AWAY = _LINK.format("autre.example/x")


def made(body: str = HOME, media_type: str = "text/html", **fields: str) -> bytes:
    """A message whose fields are those of honest mail but for ``fields``; "" leaves one out."""
    head = _HEAD | {name.replace("_", "-"): value for name, value in fields.items()}
    lines = "".join(f"{name}: {value}\n" for name, value in head.items() if value)
    kind = f"MIME-Version: 1.0\nContent-Type: {media_type}; charset=utf-8\n"
    return f"{_RECEIVED}{lines}{kind}\n{body}".encode()


def found(raw: bytes) -> set[str]:
    read = message.read_message(raw)
    server = own_server.server_verdict(read.headers, (), ())
    listed = verdict.signs_of(read, verdict.words_of(read), server, Judged())
    return {sign.code for sign in listed}


SIGNS = {
    "no_sender": made(From="Banque <alerte@carte123>"),
    "name_unrelated": made(From="Grande Banque <anne@firm.example>"),
    "made_up_mailbox": made(From="Anne <xkqzvbnt@firm.example>"),
    "made_up_domain": made(From="Anne <anne@a83b2cf9e1.example>"),
    "deep_domain": made(From="Anne <anne@a.b.c.firm.example>"),
    "rented_sender": made(From="Anne <noreply@anne-7.firebaseapp.com>"),
    "number_in_name": made(From="Anne 3391350884 <anne@firm.example>"),
    "pictogram_in_name": made(From="Anne 🔥 <anne@firm.example>"),
    "institution_in_subject": made(Subject="Netflix : dernier rappel"),
    "unvouched": made(Return_Path="<x@envoi.example>"),
    "signed_by_other": made(DKIM_Signature="v=1; a=rsa-sha256; d=envoi.example; s=k; b=x"),
    "foreign_id": made(Message_ID="<1@envoi.example>"),
    "far_date": made(Date="Tue, 1 Jan 2030 09:12:40 +0200"),
    "vouched_mailing": made(
        DKIM_Signature="v=1; d=firm.example; s=k; b=x", List_Unsubscribe="<https://firm.example/u>"
    ),
    "pictogram_in_subject": made(Subject="🎁 Pour vous"),
    "styled_letters": made(
        Subject="\U0001d412\U0001d414\U0001d402\U0001d402\U0001d404\U0001d412 garanti"
    ),
    "unseen_letters": made(Subject="\u00adR\u00ade\u00ada\u00adl"),
    "mixed_letters": made(Subject="P\u0430ypal"),
    "hidden_filler": made(f'{HOME}<div style="display:none">{"autre chose " * 40}</div>'),
    "leads_away": made(AWAY),
    "page_alone": made(),
    "picture_link": made(
        '<a href="https://www.firm.example/x"><img src="https://x.example/a"></a>'
    ),
    "picture_for_text": made('<p>Bonjour</p><img src="https://www.firm.example/a.jpg">'),
    "wordless": made(),
    "plain_text": made("Bonjour à tous", "text/plain"),
    "one_target": made(HOME * 2),
    "coded_link": made(_LINK.format("www.firm.example/" + "a1B2" * 10)),
    "coded_fragment": made(_LINK.format("www.firm.example/#helene.kervran@ac-exemple.test")),
    "made_up_host": made(_LINK.format("xkqzvbnt.firm.example/x")),
    "object_store": made(_LINK.format("storage.googleapis.com/a/b.html")),
    "user_in_link": made(_LINK.format("www.firm.example@autre.example/x")),
    "to_itself": made(To="anne@firm.example"),
}


@pytest.mark.parametrize("code", sorted(SIGNS))
def test_a_sign_is_found_where_it_is(code: str) -> None:
    assert code in found(SIGNS[code])


def test_every_sign_of_structure_is_tried_weighed_and_has_words() -> None:
    # These need the own server (test_unproved.py), and what its reader gets (test_foreign.py).
    own = {code for code in structure.WEIGHTS if structure.is_structure(code)}
    own -= {"institution_unproved", "foreign_language"}
    assert own == set(SIGNS)
    assert set(structure.WEIGHTS) <= set(REASONS)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (made(From="Anne-Marie Le Goff <anne@firm.example>"), "name_unrelated"),
        (made(From="Firm <contact@firm.example>"), "name_unrelated"),
        (made(From="佐藤花子 <sato@firm.example>"), "name_unrelated"),
        (made(From="Anne <rechtsschutzversicherung@firm.example>"), "made_up_mailbox"),
        (made(From="Anne <anne.martin1987@firm.example>"), "made_up_mailbox"),
        (made(Return_Path="<bounce@mail.firm.example>"), "unvouched"),
        (made(Return_Path="<>"), "unvouched"),
        (
            made(Return_Path="<b@envoi.example>", DKIM_Signature="v=1; d=firm.example; b=x"),
            "unvouched",
        ),
        (
            made(Return_Path="<b@liste.example>", Mailing_List="list a@liste.example; contact b"),
            "unvouched",
        ),
        (made(DKIM_Signature="v=1; d=mail.firm.example; b=x"), "signed_by_other"),
        (made(Subject="Почта и Paypal"), "mixed_letters"),
        (made(Subject="Mél’ange d’été œuvre"), "styled_letters"),
        (made(f'{HOME}<div style="display:none">Aperçu de la lettre</div>'), "hidden_filler"),
        (made("Lisez https://autre.example/x", "text/plain"), "leads_away"),
        (made(_LINK.format("www.firm.example/page#partie-2")), "coded_fragment"),
        (made(Date="hier"), "far_date"),
    ],
)
def test_honest_mail_does_not_bear_it(raw: bytes, code: str) -> None:
    assert code not in found(raw)


def _fake(**fields: str) -> bytes:
    """A mailing of a throw-away sender, in a language that nothing was learnt of."""
    fields = {
        "From": "🔥 Winnaar 48213 <lina_96204@a83b2cf9e1.example>",
        "Return_Path": "<x@envoi.example>",
        "Message_ID": "<1@derde.example>",
        **fields,
    }
    return made('<p>Bevestig uw prijs</p><a href="https://q.example/x"><img src="y"></a>', **fields)


def test_many_signs_at_once_are_nobodys_mail_in_any_language() -> None:
    judged = verdict.judge(_fake())
    assert judged.kind == "junk"
    assert judged.score >= verdict.MOVED
    assert {"name_unrelated", "leads_away", "unvouched"} <= set(judged.reasons)


def test_with_an_institutions_name_they_are_a_fraud() -> None:
    judged = verdict.judge(_fake(From="Netflix 48213 <lina_96204@a83b2cf9e1.example>"))
    assert judged.kind == "fraud"
    assert judged.is_fraud
    assert "institution_imitated" in judged.fraud


def test_a_sender_that_is_known_or_was_brought_back_is_not_judged_by_structure() -> None:
    raw = _fake()
    address = "lina_96204@a83b2cf9e1.example"
    assert verdict.judge(raw, KnownCorrespondents(frozenset({address}))).kind == "wanted"
    taught = learn(Counts(), verdict.tokens(raw), "wanted")
    assert verdict.judge(raw, learnt=Learnt(person=taught)).kind == "wanted"


def test_a_sign_that_takes_doubts_away_counts_once_with_its_amount() -> None:
    listed = [Sign("leads_away", 1.0), Sign("leads_away", 1.0), Sign("reply", -4.0)]
    assert structure.doubts(listed) == [Sign("leads_away", 1.0), Sign("reply", -2.0)]


def test_answers_to_a_list_are_no_sign() -> None:
    listed = made(
        Reply_To="chorale@voix.example", Mailing_List="list chorale@voix.example; contact a@b.fr"
    )
    assert "reply_elsewhere" not in found(listed)
    assert "reply_elsewhere" in found(made(Reply_To="chorale@voix.example"))
    other = listed.replace(b"Reply-To: chorale@voix", b"Reply-To: chorale@ailleurs")
    assert "reply_elsewhere" in found(other)


def test_turns_of_phrase_weigh_less_in_a_long_text() -> None:
    def amount(filler: int) -> float:
        read = message.read_message(made("Félicitations, vous avez gagné. " + "pain " * filler))
        server = own_server.server_verdict(read.headers, (), ())
        listed = verdict.signs_of(read, verdict.words_of(read), server, Judged())
        return sum(sign.weight for sign in listed if sign.code == "wealth_words")

    assert amount(100) == amount(0) > 4 * amount(2000) > 0


def test_a_neighbour_under_ones_own_registered_domain_imitates_nobody() -> None:
    own = frozenset({"mail.ac-exemple.test"})
    assert not domains.imitates("listes.ac-exemple.test", own)
    assert domains.imitates("ac-exemple-listes.test", frozenset({"ac-exemple.test"}))


@pytest.mark.parametrize(
    ("host", "is_bait"),
    [("online.com", False), ("info.fr", False), ("online.top", True), ("colis-suivi.com", True)],
)
def test_an_old_name_of_one_word_is_no_bait(host: str, is_bait: bool) -> None:
    assert ("bait_host" in found(made(_LINK.format(host)))) is is_bait


def _amounts(raw: bytes) -> dict[str, float]:
    read = message.read_message(raw)
    server = own_server.server_verdict(read.headers, (), ())
    listed = verdict.signs_of(read, verdict.words_of(read), server, Judged())
    return {sign.code: sign.weight for sign in listed}


def test_a_program_that_a_list_passed_on_weighs_less() -> None:
    body = (
        "--x\nContent-Type: text/plain\n\nVoici.\n--x\nContent-Type: application/octet-stream\n"
        'Content-Disposition: attachment; filename="a.exe"\n\nMZ\n--x--\n'
    )
    alone = made(body, "multipart/mixed; boundary=x")
    listed = made(body, "multipart/mixed; boundary=x", Mailing_List="list a@b.fr; contact c@b.fr")
    assert _amounts(alone)["weapon_attached"] == 4.0
    assert _amounts(listed)["weapon_attached"] == 1.0


def test_a_warning_with_a_number_to_call_warns_of_nothing() -> None:
    warning = "Attention, une arnaque circule : ne communiquez jamais votre code."
    assert "warns" in found(made(warning, "text/plain"))
    assert "warns" not in found(made(f"{warning} Appelez le 06 11 00 22 33.", "text/plain"))
