"""A person's tags: named, coloured, removed, and nobody else's."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from demo.servers.dovecot import MailAccount
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter, page, ref
from webmail.models import Tag
from webmail.presentation.tags import Chip, chips, keyword_for

pytestmark = pytest.mark.django_db
KNOWN = {"$label1", "$label2", "$label3", "$label4", "$label5"}


def shown(reader: Client) -> dict[str, tuple[str, str]]:
    """Keyword -> name and colour, as the page says."""
    found = {}
    for form in page(reader.get("/tags/")).split("<form")[1:]:
        keyword = re.search(r'name="keyword" value="([^"]*)"', form)
        name = re.search(r'name="name" value="([^"]*)"', form)
        colour = re.search(r'name="colour" value="(\d)" checked', form)
        if keyword and name and colour:
            found[keyword[1]] = (name[1], colour[1])
    return found


def test_everybody_begins_with_the_five_that_mail_programs_know(
    reader: Client, mailbox: Mailbox
) -> None:
    assert set(shown(reader)) == KNOWN


def test_tags_stand_in_the_order_of_a_dictionary(reader: Client, mailbox: Mailbox) -> None:
    reader.post("/tags/", {"name": "Élèves", "colour": 1})
    names = [name for name, _colour in shown(reader).values()]
    assert names.index("À faire") < names.index("Élèves") < names.index("Important")


def test_colours_have_names_and_the_new_tag_a_label(reader: Client, mailbox: Mailbox) -> None:
    content = page(reader.get("/tags/"))
    new = content[content.index('class="tag-new"') :]
    assert '<label for="tag-name-new">' in new and "placeholder" not in new
    names = re.findall(r'name="colour"[^>]*><span class="sr">([^<]*)</span>', new)
    assert len(set(names)) == Tag.COLOURS
    assert names[0] == "Bleu"


def test_a_tag_of_ones_own_is_made_used_renamed_and_removed(
    reader: Client, mailbox: Mailbox
) -> None:
    assert reader.post("/tags/", {"name": "Réunion parents", "colour": 2}).status_code == 302
    assert shown(reader)["reunion_parents"] == ("Réunion parents", "2")
    uid = mailbox.append(letter())
    data = {"verb": "tag:reunion_parents", "refs": [ref(mailbox, uid)]}
    reader.post("/mail/INBOX/act/", data)
    assert mailbox.flags(uid) == {"reunion_parents"}
    assert '<span class="tag h2">Réunion parents</span>' in page(reader.get("/mail/INBOX/"))
    change = {"keyword": "reunion_parents", "name": "Parents", "colour": 4}
    reader.post("/tags/", change)
    assert '<span class="tag h4">Parents</span>' in page(reader.get("/mail/INBOX/"))
    reader.post("/tags/", change | {"remove": "1"})
    assert set(shown(reader)) == KNOWN
    assert "Parents</span>" not in page(reader.get("/mail/INBOX/"))
    assert mailbox.flags(uid) == {"reunion_parents"}


def test_a_known_tag_is_renamed_and_hidden(reader: Client, mailbox: Mailbox) -> None:
    reader.post("/tags/", {"keyword": "$label1", "name": "Urgent", "colour": 5})
    assert shown(reader)["$label1"] == ("Urgent", "5")
    for _ in range(2):
        reader.post("/tags/", {"keyword": "$label1", "remove": "1"})
    assert set(shown(reader)) == KNOWN - {"$label1"}


@pytest.mark.parametrize(
    "data",
    [
        {"name": "", "colour": 1},
        {"name": " \t", "colour": 1},
        {"name": "x", "colour": 7},
        {"name": "x", "colour": "red"},
        {"name": "x" * 41, "colour": 1},
    ],
)
def test_what_is_no_tag_is_not_kept(reader: Client, mailbox: Mailbox, data: dict) -> None:
    assert reader.post("/tags/", data).status_code == 422
    assert not Tag.objects.exists()


def test_names_are_words_and_nothing_else(reader: Client, mailbox: Mailbox) -> None:
    reader.post("/tags/", {"name": "<img src=x>\r\nA1 DELETE", "colour": 1})
    (tag,) = Tag.objects.all()
    assert tag.keyword == "img_src_x_a1_delete"
    assert "<img src=x>" not in page(reader.get("/tags/"))


def test_there_is_an_end_to_tags(reader: Client, mailbox: Mailbox) -> None:
    owner = User.objects.get(login="alice")
    for n in range(Tag.MOST):
        Tag.objects.create(user=owner, keyword=f"k{n}", name=f"n{n}")
    assert reader.post("/tags/", {"name": "encore", "colour": 1}).status_code == 422


def test_nobody_changes_or_sees_the_tags_of_another(
    reader: Client, signed_in: Callable[..., Client], bob: MailAccount, mailbox: Mailbox
) -> None:
    reader.post("/tags/", {"name": "Secret", "colour": 1})
    other = signed_in(bob)
    assert "Secret" not in page(other.get("/tags/"))
    for more in ({"name": "x", "colour": 1}, {"remove": "1"}):
        assert other.post("/tags/", {"keyword": "secret"} | more).status_code == 404
    assert Tag.objects.get().name == "Secret"


def test_keywords_are_letters_that_every_server_takes() -> None:
    assert keyword_for("Élèves & parents !", ()) == "eleves_parents"
    assert keyword_for("会議", ()) == "tag"
    assert keyword_for("Tag", ("TAG", "tag_2")) == "tag_3"
    assert len(keyword_for("x" * 200, ())) == 40


def test_chips_stand_in_the_persons_order_whatever_their_case() -> None:
    known = (Chip("$label2", "Travail", 1), Chip("$label1", "Urgent", 2))
    assert chips({"$LABEL1", "\\Seen", "$label2", "NonJunk"}, known) == known
    assert chips((), known) == ()
