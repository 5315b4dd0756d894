"""Messages to each: stored once, made one at a time, and what they may weigh together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.sealed import rows as sealed_rows
from demo.servers.submission import SubmissionServer
from tests.tended import due
from tests.waiting import cheap
from tests.webmail.views.composer.test_begin import read, text
from tests.webmail.views.composer.test_documents import begun, enclosed, send
from tests.webmail.views.mail import page
from tests.webmail.views.test_rosters import leave
from tests.webmail.views.test_sending_choice import fields, kept, written
from webmail import outbox, tasks
from webmail.models import Draft, OutboxMessage
from webmail.outbox import batch_template, values
from webmail.personal import contents

pytestmark = pytest.mark.django_db
State = OutboxMessage.State


@pytest.fixture(autouse=True)
def spool(settings: Any, tmp_path: Path) -> Path:
    settings.SPOOL = tmp_path / "spool"
    return tmp_path / "spool"


@pytest.fixture
def outgoing(submission: SubmissionServer) -> SubmissionServer:
    for path in submission.outgoing.glob("*"):
        path.unlink()
    return submission


def people(count: int) -> str:
    return ", ".join(f"Élève {n} <p{n}@x.example>" for n in range(count))


def asked(reader: Client, **more: Any) -> dict[str, Any]:
    """The form with the question to whom it goes."""
    answer = reader.post("/compose/", written(**more))
    assert answer.status_code == 422
    return fields(answer) | {"delivery": "each", "do": "send"}


def posted(reader: Client, form: Mapping[str, Any]) -> Any:
    return reader.post("/compose/", form)


def files(spool: Path) -> list[Path]:
    return sorted((spool / "outbox").glob("*"))


def test_a_long_text_to_many_is_stored_once_and_costs_little(
    reader: Client, outgoing: SubmissionServer, spool: Path
) -> None:
    form = asked(reader, to=people(300), body="Bonjour {nom}. " + "long texte " * 25_000)
    with cheap(3):
        assert posted(reader, form).status_code == 302
    assert OutboxMessage.objects.addressed().count() == 300
    assert sum(file.stat().st_size for file in files(spool)) < 2_000_000
    assert len({row.spool for row in OutboxMessage.objects.addressed()}) == 1


def test_thousands_of_placeholders_cost_little(reader: Client, outgoing: SubmissionServer) -> None:
    form = asked(reader, to=people(100), body="{nom}" * 20_000)
    with cheap(2):
        assert posted(reader, form).status_code == 302


def test_too_much_together_is_refused_before_it_is_made_and_kept(
    reader: Client, outgoing: SubmissionServer, spool: Path
) -> None:
    body = "Bonjour {nom}. " + "mot " * 230_000
    form = asked(reader, to=people(900), body=body)
    with cheap(3):
        answer = posted(reader, form)
    assert answer.status_code == 413
    assert "Raccourcissez-le, ou écrivez à moins de personnes" in page(answer)
    assert not OutboxMessage.objects.exists() and not files(spool)
    assert Draft.objects.get().state == Draft.State.WRITING


def test_values_that_stand_often_count_as_often(
    reader: Client, outgoing: SubmissionServer, settings: Any
) -> None:
    settings.MESSAGE_LIMIT = 1024 * 1024
    long_name = "n" * 90
    form = asked(
        reader, to=f"{long_name} <a@x.example>, {long_name} <b@x.example>", body="{name}" * 15_000
    )
    answer = posted(reader, form)
    assert answer.status_code == 413 and not OutboxMessage.objects.exists()


def test_what_takes_too_much_room_is_refused_and_kept(
    reader: Client, outgoing: SubmissionServer, settings: Any, spool: Path
) -> None:
    form = asked(reader, to=people(3), body="Bonjour {nom}. " + "mot " * 50_000)
    settings.OUTBOX_LIMIT = 100_000
    answer = posted(reader, form)
    assert answer.status_code == 422 and "plus de place pour ce message" in page(answer)
    assert not OutboxMessage.objects.exists() and not files(spool)
    settings.OUTBOX_LIMIT = 1_000_000
    assert posted(reader, form).status_code == 302


def test_the_last_one_that_leaves_takes_the_template_with_it(
    reader: Client, outgoing: SubmissionServer, spool: Path
) -> None:
    rows = send(reader, begun(reader))
    leave()
    assert len(kept(outgoing)) == 2
    late = timezone.now() - OutboxMessage.CORRECTED_FOR - timedelta(hours=1)
    first = OutboxMessage.objects.get(pk=rows[0].pk)
    OutboxMessage.objects.filter(pk=first.pk).update(sent=late)
    outbox.tidy()
    assert len(files(spool)) == 2  # the template and the documents beside it
    OutboxMessage.objects.update(sent=late)
    outbox.tidy()
    assert not files(spool)


def test_a_message_is_corrected_from_the_template_with_its_document(
    reader: Client, outgoing: SubmissionServer, spool: Path
) -> None:
    rows = send(reader, begun(reader))
    leave()
    row = next(row for row in rows if outbox.opened(row).people[0][1] == "lea@x.example")
    OutboxMessage.objects.filter(pk=row.pk).update(bounced=timezone.now())
    before = len(kept(outgoing))
    reader.post(f"/outbox/{row.pk}/correct/", {"address": "lea.dupont@x.example"})
    leave()
    again = read(kept(outgoing)[before])
    assert again["To"].addresses[0].addr_spec == "lea.dupont@x.example"
    assert set(enclosed(again)) == {"DUPONT_Lea_bulletin.pdf"}
    assert not Draft.objects.exists()


def test_taken_back_nothing_of_it_is_left_in_the_spool_and_the_draft_is_whole(
    reader: Client, outgoing: SubmissionServer, spool: Path
) -> None:
    rows = send(reader, begun(reader))
    assert files(spool)
    reader.post(f"/outbox/{rows[0].pk}/back/")
    assert not files(spool)
    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {State.CANCELLED}
    assert Draft.objects.get().documents.count() == 4


def test_of_what_has_partly_left_the_rest_is_stopped_and_the_sent_can_be_corrected(
    reader: Client, outgoing: SubmissionServer, spool: Path
) -> None:
    rows = send(reader, begun(reader))
    OutboxMessage.objects.filter(pk=rows[1].pk).update(due=timezone.now())
    tasks.deliver_message(str(rows[1].pk))
    reader.post(f"/outbox/{rows[0].pk}/back/")
    sent = OutboxMessage.objects.get(pk=rows[1].pk)
    assert sent.state == State.SENT and b"PDF" in b"".join(
        data for data in enclosed(read(batch_template.message(sent))).values()
    )


def test_a_worker_that_dies_while_it_makes_a_message_loses_none_and_sends_none_twice(
    reader: Client, outgoing: SubmissionServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = send(reader, begun(reader))
    made = batch_template._made

    def dying(*_arguments: Any) -> bytes:
        raise KeyboardInterrupt

    OutboxMessage.objects.update(due=timezone.now())
    monkeypatch.setattr(batch_template, "_made", dying)
    for row in rows[:-1]:
        with pytest.raises(KeyboardInterrupt):
            tasks.deliver_message(str(row.pk))
    monkeypatch.setattr(batch_template, "_made", made)
    OutboxMessage.objects.filter(state=State.SENDING).update(
        changed=timezone.now() - timedelta(hours=1)
    )
    due(OutboxMessage)
    leave()
    leave()
    assert set(OutboxMessage.objects.values_list("state", flat=True)) == {State.SENT}
    assert len(kept(outgoing)) == 2


def test_a_value_in_the_address_of_a_link_is_cleaned_for_each(
    reader: Client, outgoing: SubmissionServer
) -> None:
    html = '<p>Bonjour {nom}, <a href="https://x.example/{name}">ici</a></p>'
    form = asked(
        reader,
        to='"Léa Dupont" <a@x.example>, "javascript: x" <b@x.example>',
        format="html",
        html=html,
    )
    form |= {"format": "html", "html": html}
    assert posted(reader, form).status_code == 302
    leave()
    left = [bytes(read(one)) for one in kept(outgoing)]
    assert len(left) == 2 and not any(b"{name}" in one for one in left)


def test_the_users_own_data_has_the_messages_as_they_leave(
    reader: Client, outgoing: SubmissionServer
) -> None:
    send(reader, begun(reader))
    user = User.objects.get(pk=reader.session["_auth_user_id"])
    found = [
        b"".join(member.pieces)
        for member in contents.members(user)
        if member.name.startswith("outbox/")
    ]
    assert len(found) == 5 and sum(b"Bonjour Bob." in one for one in found) == 1


def test_a_worker_of_the_former_version_neither_sends_nor_gives_up(
    reader: Client, outgoing: SubmissionServer
) -> None:
    """It reads an object and asks it for a field: a text has none, which it takes for a fault."""
    row = send(reader, begun(reader))[0]
    sealed = sealed_rows.opened(b"what is written", row.pk, row.user_id, row.sealed)
    assert isinstance(json.loads(sealed), str)
    single = values.seal(row, values.SealedEnvelope(("a@x.example",), (), "s", ""))
    as_before = json.loads(sealed_rows.opened(b"what is written", row.pk, row.user_id, single))
    assert set(as_before) == {
        "recipients", "people", "subject", "key", "origin", "mark", "wants_notice", "refused",
    }  # fmt: skip


def test_no_page_waits_for_a_thousand_messages_that_are_taken_back(
    reader: Client, outgoing: SubmissionServer
) -> None:
    assert posted(reader, asked(reader, to=people(900), body="{nom}")).status_code == 302
    first = OutboxMessage.objects.get(number=0)
    with cheap(2):
        reader.post(f"/outbox/{first.pk}/back/")
    assert not OutboxMessage.objects.exclude(state=State.CANCELLED).exists()


def test_what_is_seen_of_the_text_is_as_typed(reader: Client, outgoing: SubmissionServer) -> None:
    assert posted(reader, asked(reader, to=people(2), body="Bonjour {name} !")).status_code == 302
    leave()
    assert sorted(text(read(one)).strip() for one in kept(outgoing)) == [
        "Bonjour Élève 0 !",
        "Bonjour Élève 1 !",
    ]
