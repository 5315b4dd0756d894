"""What is kept of judgements, choices and reports, and what administrators see of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from webmail import tasks
from webmail.models import FraudReport, InstallationLearnt, Judgement, SenderChoice

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(settings) -> Client:
    settings.ADMIN_NEEDS_TOTP = False
    client = Client()
    client.force_login(
        User.objects.create_administrator("patronne", "Une-Craie-Verte-2026"),
        backend="accounts.backends.LocalAdministratorBackend",
    )
    return client


def test_administrators_see_who_reported_and_begin_learning_anew(admin: Client) -> None:
    alice = User.objects.create(login="alice")
    FraudReport.objects.create(user=alice, domain="verif.example", reasons=["link_differs", "old"])
    InstallationLearnt.objects.create(pk=InstallationLearnt.ONLY, messages=[3, 2, 1])
    shown = admin.get("/admin/webmail/fraudreport/").content.decode()
    assert "verif.example" in shown
    assert "alice" in shown
    address = "/admin/webmail/installationlearnt/"
    assert admin.get(address).status_code == 200
    assert admin.get(f"{address}1/change/").status_code == 200
    assert admin.get(f"{address}add/").status_code == 403
    assert admin.post(f"{address}1/delete/", {"post": "yes"}).status_code == 302
    assert not InstallationLearnt.objects.exists()


def test_a_sender_has_one_spelling_and_the_oldest_choices_go() -> None:
    alice = User.objects.create(login="alice")
    choices = SenderChoice.objects.all()
    for name in ("Zoé@Écoles.Example", "@shop.example", "SHOP.example."):
        choices.choose(alice, name, is_allowed=False)
    assert [row.name for row in choices] == ["shop.example", "zoé@xn--coles-9ra.example"]
    for name in ("rien", "a b.example", "x" * 300 + ".example", "@"):
        with pytest.raises(ValueError):
            choices.choose(alice, name, is_allowed=False)


def test_old_judgements_are_forgotten() -> None:
    alice = User.objects.create(login="alice")
    old = timezone.now() - Judgement.KEPT - timedelta(days=1)
    Judgement.objects.create(user=alice, digest="old", kind="advert", when=old)
    Judgement.objects.create(user=alice, digest="new", kind="advert")
    tasks.forget_judgements()
    assert [row.digest for row in Judgement.objects.all()] == ["new"]
