"""The first page of the administration."""

from __future__ import annotations

import pytest
from django.test import Client

from webmail.administration.site import TASKS

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]


def test_every_model_stands_in_a_group_of_tasks(administrator: Client) -> None:
    groups = administrator.get("/admin/").context["app_list"]
    assert [group["app_label"] for group in groups] == [label for label, _name, _models in TASKS]
