"""The first page of the administration."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts.models import User
from webmail.administration.site import TASKS

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]

FRENCH = {"accept-language": "fr"}


def test_every_model_stands_in_a_group_of_tasks(administrator: Client) -> None:
    groups = administrator.get("/admin/").context["app_list"]
    assert [group["app_label"] for group in groups] == [label for label, _name, _models in TASKS]


@pytest.mark.parametrize(
    ("address", "heading"),
    [
        ("accounts/announcement/add/", "Ajouter\xa0: annonce"),
        ("accounts/user/{pk}/change/", "Modifier\xa0: utilisateur"),
        ("accounts/user/", "Choisir à modifier\xa0: utilisateur"),
        ("mfa/authenticator/", "Seconds facteurs"),
    ],
)
def test_french_headings_suit_nouns_of_each_gender(
    administrator: Client, address: str, heading: str
) -> None:
    user = User.objects.get()
    page = administrator.get(f"/admin/{address.format(pk=user.pk)}", headers=FRENCH)
    assert page.context["title"] == heading


def test_second_factors_are_counted_in_french(administrator: Client) -> None:
    user = User.objects.get()
    for kind in (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES):
        Authenticator.objects.create(user=user, type=kind, data={})
    page = administrator.get("/admin/mfa/authenticator/", headers=FRENCH).text
    assert "2 seconds facteurs" in page
    assert "authenticators" not in page
