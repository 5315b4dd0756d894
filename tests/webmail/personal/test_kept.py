"""The table of everything that is kept: no model of a user is missing, and the pages say it."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.db import models
from django.test import Client
from django.utils import translation

from accounts import kept
from accounts.models import User
from core.environment.declared import GROUPS
from tests.accounts.admin.conftest import administrator, browser, domain, person, without_codes
from webmail.personal import contents, deleting

pytestmark = pytest.mark.django_db
__all__ = ["administrator", "domain", "person", "without_codes"]


def leads_to(model: type[models.Model], found: set[type[models.Model]]) -> bool:
    return any(
        field.concrete and field.is_relation and field.related_model in found
        for field in model._meta.get_fields()
    )


def models_of_users() -> Iterator[str]:
    """All models from which foreign keys lead to a user, by however many steps."""
    every = apps.get_models(include_auto_created=True)
    found: set[type[models.Model]] = {User}
    while more := {model for model in every if model not in found and leads_to(model, found)}:
        found |= more
    return (model._meta.label for model in found)


def test_every_model_that_leads_to_a_user_is_in_the_table_or_apart_with_a_reason() -> None:
    named = kept.labels() | set(kept.APART)
    assert sorted(set(models_of_users()) - named) == []
    assert all(kept.APART.values())


def test_the_table_names_no_model_that_is_gone_and_none_twice() -> None:
    labels = [label for kind in kept.KINDS for label in kind.models]
    assert len(labels) == len(set(labels))
    assert not set(labels) & set(kept.APART)
    for label in [*labels, *kept.APART]:
        assert apps.get_model(label)


def test_what_is_not_in_the_download_says_why() -> None:
    assert [str(kind.what) for kind in kept.KINDS if not kind.file and not kind.absent] == []


def test_a_setting_that_is_named_is_declared() -> None:
    declared = {setting.name for group in GROUPS for setting in group.settings}
    named = {kind.setting for kind in kept.KINDS if kind.setting}
    assert named <= declared
    assert all(hasattr(django_settings, name.removeprefix("WEBMAIL_")) for name in named)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_privacy_page_tells_every_kind_and_how_long(client: Client, language: str) -> None:
    client.cookies[django_settings.LANGUAGE_COOKIE_NAME] = language
    page = html.unescape(client.get("/privacy/").content.decode())
    with translation.override(language):
        for kind in kept.KINDS:
            assert str(kind.what) in page
            assert str(kind.lasts()) in page


def test_the_privacy_page_says_that_a_sealed_password_is_opened_without_its_user(
    client: Client,
) -> None:
    client.cookies[django_settings.LANGUAGE_COOKIE_NAME] = "fr"
    page = html.unescape(client.get("/privacy/").content.decode())
    assert "Votre mot de passe, scellé, pour un message qui n’est pas parti" in page
    assert "n’est jamais écrit nulle part" not in page


def test_administrators_alone_see_the_page_about_retention(
    administrator: Client, person: Callable[..., User]
) -> None:
    page = html.unescape(administrator.get("/admin/retention/").content.decode())
    assert "WEBMAIL_KEEP_AUDIT_DAYS" in page
    assert all(str(kind.what) in page for kind in kept.KINDS)
    assert browser(person("aide", "support")).get("/admin/retention/").status_code == 403


def test_every_kind_can_be_counted_for_a_user(person: Callable[..., User]) -> None:
    user = person("alice")
    counted = dict(contents.count(user))
    account = next(kind for kind in kept.KINDS if "accounts.User" in kind.models)
    assert counted[account] == 1
    stays = {label for kind, _number in deleting.preview(user).stays for label in kind.models}
    assert stays == set(deleting.STAYS)
