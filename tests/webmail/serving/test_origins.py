"""What another site makes a browser do here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from accounts import session
from accounts.models import User
from demo.servers.dovecot import MailAccount

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_cache")]
CROSS = {"Sec-Fetch-Site": "cross-site"}
LINK = {**CROSS, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


@pytest.fixture
def reader(signed_in: Callable[..., Client], alice: MailAccount) -> Iterator[Client]:
    yield signed_in(alice)
    session.pool().close_all()


@pytest.mark.parametrize("site", ["cross-site", "same-site", "something-new"])
def test_a_form_of_another_site_is_refused(reader: Client, site: str) -> None:
    form = {"theme": "dark"}
    for path in ("/preferences/", "/account/sessions/others/end/", "/accounts/logout/"):
        answer = reader.post(path, form, headers={"Sec-Fetch-Site": site})
        assert answer.status_code == 403, path
    assert reader.get("/mail/INBOX/").status_code == 200


@pytest.mark.parametrize("site", ["same-origin", "none", None])
def test_our_own_forms_are_taken(reader: Client, site: str | None) -> None:
    headers = {"Sec-Fetch-Site": site} if site else {}
    answer = reader.post("/account/sessions/others/end/", headers=headers)
    assert answer.status_code == 302


def test_a_link_in_a_message_opens_the_mail(reader: Client) -> None:
    assert reader.get("/mail/INBOX/", headers=LINK).status_code == 200
    assert reader.get("/search/", headers=LINK).status_code == 200


@pytest.mark.parametrize(
    "how",
    [
        {**CROSS, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
        {**CROSS, "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"},
        {**CROSS, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"},
        {**CROSS, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "embed"},
    ],
)
def test_no_part_of_another_page_is_made_of_the_mail(reader: Client, how: dict[str, str]) -> None:
    assert reader.get("/mail/INBOX/", headers=how).status_code == 403
    assert Client().get("/accounts/login/", headers=how).status_code == 200


def test_a_link_to_a_costly_page_asks_first(reader: Client, settings) -> None:
    settings.ADMIN_NEEDS_TOTP = False
    number = "00000000-0000-4000-8000-000000000000"
    for path in ("/folders/space/", "/search/trace/", f"/drafts/{number}/documents/?a=1&b=2"):
        answer = reader.get(path, headers=LINK)
        assert answer.status_code == 403, path
        page = answer.content.decode()
        assert f'href="{path.replace("&", "&amp;")}"' in page
        assert reader.get(path, headers={"Sec-Fetch-Site": "same-origin"}).status_code != 403
    boss = Client()
    user = User.objects.create_administrator("patronne", "Une-Craie-Verte-2026")
    boss.force_login(user, backend="accounts.backends.LocalAdministratorBackend")
    assert boss.get("/admin/support/why/?q=alice", headers=LINK).status_code == 403
    assert boss.get("/admin/support/why/?q=alice").status_code == 200
