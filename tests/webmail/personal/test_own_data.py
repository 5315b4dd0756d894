"""The file of one's own data: what is in it, who gets it, and for how long."""

from __future__ import annotations

import io
import json
import re
import uuid
import zipfile
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group as Role
from django.test import Client
from django.utils import timezone

from accounts import kept, lending
from accounts.models import AuditEvent, KnownDevice, User, UserSession
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import groups
from demo.servers.dovecot import MailAccount
from tests.tended import due
from tests.webmail.views.mail import words
from webmail.models import CannedAnswer, DataExport, DraftFile, Identity, RecentSearch, Transfer
from webmail.personal import contents, deleting, exporting
from webmail.transfer import store
from webmail.writing import documents, drafts, files
from webmail.writing.content import Content

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("spool")]


@pytest.fixture
def spool(settings, tmp_path) -> None:
    settings.SPOOL = tmp_path


@pytest.fixture
def reader(signed_in: Callable[..., Client], alice: MailAccount) -> Client:
    return signed_in(alice)


@pytest.fixture
def user(reader: Client) -> User:
    return User.objects.get(login="alice")


def asked(client: Client) -> DataExport:
    """The file, once it was asked for and made."""
    assert client.post("/account/data/").status_code == 302
    row = DataExport.objects.get()
    exporting.run(row.pk)
    row.refresh_from_db()
    assert row.state == DataExport.State.DONE
    return row


def downloaded(client: Client) -> zipfile.ZipFile:
    answer: Any = client.get(f"/account/data/{asked(client).pk}/")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/zip"
    assert "no-store" in answer["Cache-Control"] or "no-cache" in answer["Cache-Control"]
    return zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))


def rows(archive: zipfile.ZipFile, file: str, label: str) -> list[dict[str, Any]]:
    return json.loads(archive.read(f"{file}.json"))[label]


def test_all_that_is_kept_is_in_one_zip(reader: Client, user: User) -> None:
    sophie = contacts.create(
        user, ContactData(display_name="Sophie", emails=(Email("sophie@x.fr"),))
    )
    parents = groups.create(user, "Parents d’élèves")
    groups.add(parents, [sophie.pk])
    draft = drafts.save(user, uuid.uuid4(), Content(subject="Brouillon secret"), base=0)
    files.add(user, draft, "note.txt", "text/plain", [b"contenu ", b"du fichier"])
    Identity.objects.update_or_create(
        user=user, address="alice@ac-exemple.fr", defaults={"signature": "<p>Cordialement</p>"}
    )
    CannedAnswer.objects.create(user=user, name="Merci", html="<p>Merci</p>")
    RecentSearch.objects.note(user, "musée")
    archive = downloaded(reader)
    assert archive.testzip() is None
    cards = archive.read("contacts.vcf").decode()
    assert "sophie@x.fr" in cards
    assert "Parents d’élèves" in cards
    (told,) = rows(archive, "drafts", "webmail.Draft")
    assert told["content"]["subject"] == "Brouillon secret"
    (name,) = [one for one in archive.namelist() if one.endswith("note.txt")]
    assert archive.read(name) == b"contenu du fichier"
    signatures = rows(archive, "identities", "webmail.Identity")
    assert "<p>Cordialement</p>" in [row["signature"] for row in signatures]
    assert rows(archive, "searches", "webmail.RecentSearch")[0]["text"] == "musée"
    assert rows(archive, "audit", "accounts.AuditEvent")
    assert len(rows(archive, "sessions", "accounts.UserSession")) == 1
    assert rows(archive, "account", "accounts.User")[0]["login"] == "alice"
    assert "Vos messages et vos règles" in archive.read("LISEZ-MOI.txt").decode()
    expected = {f"{kind.file}.json" for kind in kept.KINDS if kind.file}
    assert expected - {"contacts.json"} <= set(archive.namelist())


def test_nothing_in_it_proves_who_somebody_is(
    reader: Client, user: User, alice: MailAccount
) -> None:
    Authenticator.objects.create(user=user, type="totp", data={"secret": "GEZDGNBVGY3TQOJQ"})
    lending.LentCredential.objects.create(user=user, sealed=b"sealed-password")
    work = {"segments": [("file-of-the-spool", 1)], "other": {"login": "alice@perso.example"}}
    Transfer.objects.create(user=user, kind="account", sealed=b"sealed-password", work=work)
    archive = zipfile.ZipFile(io.BytesIO(whole(user)))
    everything = b"".join(archive.read(name) for name in archive.namelist()).decode()
    secrets = [
        alice.password,
        "GEZDGNBVGY3TQOJQ",
        "sealed-password",
        "file-of-the-spool",
        UserSession.objects.get(user=user).session_key,
        *KnownDevice.objects.filter(user=user).values_list("digest", flat=True),
    ]
    assert [secret for secret in secrets if str(secret) in everything] == []
    assert rows(archive, "transfers", "webmail.Transfer")[0]["work"] == {"other": work["other"]}
    assert rows(archive, "second-factors", "mfa.Authenticator")[0]["type"] == "totp"
    assert len(rows(archive, "lent-passwords", "accounts.LentCredential")) == 1


def whole(user: User) -> bytes:
    from mail import zips

    return b"".join(zips.streamed(contents.members(user), (2026, 3, 1, 0, 0, 0)))


def test_nothing_of_another_user_is_in_it(
    reader: Client, user: User, signed_in: Callable[..., Client], bob: MailAccount
) -> None:
    signed_in(bob)
    other = User.objects.get(login="bob")
    contacts.create(other, ContactData(display_name="Zénobie"))
    RecentSearch.objects.note(other, "secret-de-bob")
    archive = downloaded(reader)
    everything = b"".join(archive.read(name) for name in archive.namelist()).decode()
    assert "Zénobie" not in everything
    assert "secret-de-bob" not in everything
    assert '"bob"' not in everything


def test_nobody_else_gets_it_and_it_ends_after_a_day(
    reader: Client, user: User, signed_in: Callable[..., Client], bob: MailAccount
) -> None:
    row = asked(reader)
    path = exporting.path_of(row.spool)
    assert path.exists()
    assert b"PK\x03\x04" not in path.read_bytes()
    assert signed_in(bob).get(f"/account/data/{row.pk}/").status_code == 404
    DataExport.objects.update(asked=timezone.now() - DataExport.KEPT - timedelta(minutes=1))
    assert reader.get(f"/account/data/{row.pk}/").status_code == 404
    exporting.tidy()
    assert not DataExport.objects.exists()
    assert not path.exists()


def test_the_password_is_asked_for_where_it_was_not_typed_just_now(
    reader: Client, user: User
) -> None:
    row = asked(reader)
    session = reader.session
    records = session["account_authentication_methods"]
    session["account_authentication_methods"] = [
        record | {"at": record["at"] - 3600} for record in records
    ]
    session.save()
    answer = reader.get(f"/account/data/{row.pk}/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert reader.post("/account/data/")["Location"].startswith("/accounts/reauthenticate/")
    assert not AuditEvent.objects.filter(kind=AuditEvent.Kind.DATA_EXPORTED).exists()


def test_a_download_is_a_line_of_the_audit_log(reader: Client, user: User) -> None:
    downloaded(reader)
    line = AuditEvent.objects.get(kind=AuditEvent.Kind.DATA_EXPORTED)
    assert (line.actor, line.target) == (user, str(user))


def test_a_second_request_takes_the_place_of_the_first(reader: Client, user: User) -> None:
    first = asked(reader)
    second = asked(reader)
    assert first.pk != second.pk
    assert DataExport.objects.count() == 1
    assert not exporting.path_of(first.spool).exists()


def test_a_dead_worker_is_taken_up_and_the_page_says_how_it_stands(
    reader: Client, user: User
) -> None:
    row = exporting.ask(user)
    assert "en préparation" in words(reader.get("/account/data/"))
    taken = DataExport.objects.all().claim(row.pk)
    assert taken is not None
    for found in ([], [row.pk]):  # freed, and started a minute later
        DataExport.objects.update(changed=timezone.now() - timedelta(hours=1))
        assert due(DataExport) == found
    exporting.run(row.pk)
    answer = reader.get("/account/data/state/")
    assert answer.status_code == 286
    assert re.search(rf"/account/data/{row.pk}/", answer.content.decode())


# --- deletion ---


@pytest.fixture
def chief(settings, signed_in: Callable[..., Client], bob: MailAccount) -> Client:
    settings.ADMIN_NEEDS_TOTP = False
    client = signed_in(bob)
    User.objects.get(login="bob").groups.add(Role.objects.get(name="administrator"))
    return client


def test_an_administrator_deletes_what_is_kept_and_the_log_says_so(
    chief: Client, reader: Client, user: User
) -> None:
    draft = drafts.save(user, uuid.uuid4(), Content(subject="x"), base=0)
    row = files.add(user, draft, "note.txt", "text/plain", [b"x"])
    documents.add(user, draft, "bulletin.txt", [b"x"])
    segment = store.write(b"k" * 32, [b"x"])
    Transfer.objects.create(user=user, kind="export", state="done", work={"segments": [segment]})
    paths = [files.path_of(row.spool), store.path_of(segment[0])]
    paths += [documents.path_of(one.spool) for one in draft.documents.all()]
    assert [path.exists() for path in paths] == [True] * 3
    address = f"/admin/accounts/user/{user.pk}/data/"
    assert "alice@ac-exemple.fr" in words(chief.get(address))
    assert chief.post(address, {"login": "bob"}).status_code == 422
    assert User.objects.filter(pk=user.pk).exists()
    assert chief.post(address, {"login": "Alice@ac-exemple.fr "}).status_code == 302
    assert not User.objects.filter(pk=user.pk).exists()
    assert not DraftFile.objects.exists()
    assert [path for path in paths if path.exists()] == []
    line = AuditEvent.objects.get(kind=AuditEvent.Kind.DATA_DELETED)
    assert line.target == "alice@ac-exemple.fr"
    assert line.detail["rows"] > 3
    # What was in the log before stays, and her browser is signed out.
    assert AuditEvent.objects.filter(target=line.target, kind="sign-in.done").exists()
    assert reader.get("/mail/INBOX/")["Location"].startswith("/accounts/login/")


def test_an_administrator_is_led_to_the_data_of_others_alone(chief: Client, user: User) -> None:
    own = User.objects.get(login="bob")
    for person, leads in ((user, True), (own, False)):
        shown = chief.get(f"/admin/accounts/user/{person.pk}/change/")
        assert (f"/user/{person.pk}/data/" in shown.content.decode()) == leads
        data = chief.get(f"/admin/accounts/user/{person.pk}/data/")
        assert data.status_code == (200 if leads else 403)


def test_whoever_signs_in_again_is_a_newcomer(
    chief: Client, user: User, signed_in: Callable[..., Client], alice: MailAccount
) -> None:
    contacts.create(user, ContactData(display_name="Sophie"))
    deleting.forget(user)
    signed_in(alice)
    again = User.objects.get(login="alice")
    assert again.pk != user.pk
    assert dict(contents.count(again))[kind_of("addressbook.Contact")] == 0


def kind_of(label: str) -> kept.StoredData:
    return next(kind for kind in kept.KINDS if label in kind.models)


def test_nobody_deletes_himself_and_support_deletes_nobody(
    chief: Client, user: User, reader: Client
) -> None:
    own = User.objects.get(login="bob")
    address = f"/admin/accounts/user/{own.pk}/data/"
    assert chief.post(address, {"login": own.typed_login}).status_code == 403
    own.groups.set([Role.objects.get(name="support")])
    assert chief.get(f"/admin/accounts/user/{user.pk}/data/").status_code == 403


def test_the_usual_page_of_deletion_leads_to_this_one(chief: Client, user: User) -> None:
    answer = chief.post(f"/admin/accounts/user/{user.pk}/delete/", {"post": "yes"})
    assert answer["Location"] == f"/admin/accounts/user/{user.pk}/data/"
    assert User.objects.filter(pk=user.pk).exists()
