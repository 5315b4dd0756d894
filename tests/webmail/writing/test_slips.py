"""Slips in addresses: found where many would make them, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import each
from tests.examples import up_to
from webmail.writing import slips

SLIPS = {
    "gmial.com": "gmail.com",
    "gmal.com": "gmail.com",
    "gmaill.com": "gmail.com",
    "gmsil.com": "gmail.com",
    "gmeil.com": "gmail.com",
    "numricabel.fr": "numericable.fr",
    "gamil.com": "gmail.com",
    "gmail.con": "gmail.com",
    "gmail.co": "gmail.com",
    "gmail.fr": "gmail.com",
    "gmailcom": "gmail.com",
    "gmial.con": "gmail.com",
    "GMIAL.COM": "gmail.com",
    "ornage.fr": "orange.fr",
    "orang.fr": "orange.fr",
    "orange.ft": "orange.fr",
    "wandoo.fr": "wanadoo.fr",
    "wanadou.fr": "wanadoo.fr",
    "freee.fr": "free.fr",
    "ferr.fr": "",
    "laposte.fr": "",
    "lapost.net": "laposte.net",
    "la.poste.net": "laposte.net",
    "hotmial.fr": "hotmail.fr",
    "hotmal.com": "hotmail.com",
    "hormail.com": "hotmail.com",
    "outloook.fr": "outlook.fr",
    "oulook.fr": "outlook.fr",
    "yaho.fr": "yahoo.fr",
    "yahooo.com": "yahoo.com",
    "iclould.com": "icloud.com",
    "icloud.fr": "icloud.com",
    "srf.fr": "",
    "ac-amien.fr": "ac-amiens.fr",
    "ac-amines.fr": "ac-amiens.fr",
    "acamiens.fr": "ac-amiens.fr",
    "ac_amiens.fr": "ac-amiens.fr",
    "ac-amiens.com": "ac-amiens.fr",
    "ac-amiens.f": "ac-amiens.fr",
    "ac-versaille.fr": "ac-versailles.fr",
    "ac-lill.fr": "ac-lille.fr",
    "ac-exmple.fr": "ac-exemple.fr",
}


@each(("typed", "meant"), SLIPS.items(), ids=SLIPS)
def test_a_likely_slip_is_told_with_what_was_meant(typed: str, meant: str) -> None:
    expected = f"jeanne.martin@{meant}" if meant else ""
    assert slips.suggestion(f"jeanne.martin@{typed}", (), {"ac-exemple.fr"}) == expected


# Where people in France have mail: providers, towns, schools, firms, associations.
REAL_TEXT = """
    gmail.com googlemail.com orange.fr wanadoo.fr free.fr laposte.net sfr.fr hotmail.fr hotmail.com
    outlook.fr outlook.com yahoo.fr yahoo.com icloud.com live.fr live.com msn.com aol.com gmx.fr
    gmx.com gmx.de gmx.net bbox.fr neuf.fr numericable.fr club-internet.fr aliceadsl.fr 9online.fr
    cegetel.net noos.fr voila.fr caramail.com protonmail.com proton.me pm.me tutanota.com mailo.com
    mailo.fr mail.com email.com mail.fr ymail.com rocketmail.com me.com mac.com zoho.com yandex.com
    yandex.ru fastmail.com fastmail.fm hotmail.be hotmail.it hotmail.es hotmail.de hotmail.co.uk
    hotmail.ca hotmail.ch outlook.be outlook.de outlook.es outlook.it outlook.pt live.be live.nl
    live.it live.de live.co.uk live.ca yahoo.be yahoo.it yahoo.es yahoo.de yahoo.co.uk yahoo.ca
    orange.com laposte.fr sfr.com nordnet.fr skynet.be bluewin.ch t-online.de web.de libero.it
    virgilio.it telenet.be proximus.be infomaniak.com ovh.com ovh.net gandi.net online.net
    ik.me riseup.net posteo.de posteo.net disroot.org framasoft.org april.org wanadoo.es
    ac-aix-marseille.fr ac-amiens.fr ac-besancon.fr ac-bordeaux.fr ac-caen.fr ac-clermont.fr
    ac-corse.fr ac-creteil.fr ac-dijon.fr ac-grenoble.fr ac-guadeloupe.fr ac-guyane.fr ac-lille.fr
    ac-limoges.fr ac-lyon.fr ac-martinique.fr ac-mayotte.fr ac-montpellier.fr ac-nancy-metz.fr
    ac-nantes.fr ac-nice.fr ac-normandie.fr ac-noumea.nc ac-orleans-tours.fr ac-paris.fr
    ac-poitiers.fr ac-polynesie.pf ac-reims.fr ac-rennes.fr ac-reunion.fr ac-rouen.fr
    ac-strasbourg.fr ac-toulouse.fr ac-versailles.fr ac-wf.wf education.gouv.fr educagri.fr
    culture.gouv.fr interieur.gouv.fr dgfip.finances.gouv.fr justice.fr
    gendarmerie.interieur.gouv.fr
    somme.gouv.fr oise.gouv.fr aisne.gouv.fr somme.fr oise.fr aisne.fr hautsdefrance.fr
    amiens-metropole.com amiens.fr lille.fr lyon.fr nice.fr paris.fr nantes.fr rennes.fr reims.fr
    dijon.fr caen.fr rouen.fr limoges.fr grenoble.fr u-picardie.fr univ-lille.fr univ-amu.fr
    univ-lyon1.fr univ-nantes.fr sorbonne-universite.fr cned.fr onisep.fr reseau-canope.fr
    mgen.fr maif.fr macif.fr casden.fr banquepopulaire.fr credit-agricole.fr bnpparibas.com
    sncf.fr edf.fr engie.com renault.com airbus.com michelin.com auchan.fr fnac.com leroymerlin.fr
    decathlon.com carrefour.com snes.edu unsa-education.com cgt.fr cfdt.fr sgen-cfdt.fr fcpe.asso.fr
    peep.asso.fr ffgym.fr usep.org unss.org secours-catholique.org croix-rouge.fr cruf.fr fred.fr
    free.com fre.fr sft.fr cfr.fr srr.fr neuf.com bbox.com grange.fr ranger.fr cloud.com ac-lens.fr
"""
REAL = REAL_TEXT.split()


@each("domain", REAL)
def test_a_real_domain_is_no_slip(domain: str) -> None:
    assert slips.suggestion(f"j.martin@{domain}", ()) == ""


def test_there_are_two_hundred_of_them() -> None:
    assert len(set(REAL)) >= 200


def test_what_a_person_has_among_his_contacts_is_right() -> None:
    assert slips.suggestion("a@gmial.com", {"gmial.com"}) == ""
    assert slips.suggestion("a@mail.gmial.com", {"gmial.com"}) == ""


@pytest.mark.parametrize("typed", ["", "@", "a@", "@gmial.com", "gmial.com", "a@.", "a@x" * 500])
def test_what_is_no_address_has_no_suggestion(typed: str) -> None:
    assert slips.suggestion(typed, ()) == ""


@up_to(300)
@given(st.text(max_size=80))
def test_whatever_is_typed_a_suggestion_keeps_the_name_and_has_a_known_domain(typed: str) -> None:
    found = slips.suggestion(f"a.b@{typed}", ())
    assert not found or found.partition("@")[2] in slips.targets()


@up_to(300)
@given(st.sampled_from(slips.targets()), st.integers(0, 30), st.sampled_from("abcdefghijklmnopqrs"))
def test_a_suggestion_is_right_as_it_is(target: str, place: int, letter: str) -> None:
    found = slips.suggestion(f"a@{target[:place]}{letter}{target[place + 1 :]}", ())
    assert slips.suggestion(found, ()) == ""
