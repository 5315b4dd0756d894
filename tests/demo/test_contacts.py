import pytest

from accounts.models import MailDomain, User
from addressbook import years
from addressbook.contacts import families, groups, sharing
from addressbook.models import Contact, Group
from demo import contacts
from demo.mail import people


@pytest.mark.django_db
def test_a_teacher_gets_contacts_groups_and_classes_once():
    domain = MailDomain.objects.create(name=people.DOMAIN)
    user = User.objects.create(mail_domain=domain, login="fdurand")

    assert contacts.fill("fdurand") == 54
    assert contacts.fill("fdurand") == 0
    assert Contact.objects.of(user).count() == 54
    sizes = {group.name: size for group, size in groups.counted(user)}
    assert sizes == {
        "Parents 4e B": 10,
        "Délégués des parents": 3,
        "Équipe du collège": 13,
        "Sorties et musées": 4,
        "5e C": 5,
        years.with_year("6e C", years.current() - 1): 3,
    }
    (lila, *_others) = families.of_class(Group.objects.get(name="5e C"))
    mother, father = (one.member for one in lila.guardians)
    assert mother.address != father.address


@pytest.mark.django_db
def test_a_teacher_gets_a_group_of_groups_and_a_shared_one_once():
    domain = MailDomain.objects.create(name=people.DOMAIN)
    address = people.DURAND.addr_spec
    user = User.objects.create(mail_domain=domain, login="fdurand", address=address)
    User.objects.create(mail_domain=domain, login="nguerin", name="Nathalie Guérin")
    contacts.fill("fdurand")
    contacts.fill_groups("fdurand", "nguerin")
    contacts.fill_groups("fdurand", "nguerin")
    team = Group.objects.get(user=user, name=contacts.TEAM)
    assert len(groups.recipients(team)) == 21
    (board,) = sharing.seen_by(user)
    assert (board.group.name, board.owner_name, board.may_edit) == (
        "Conseil d’administration",
        "Nathalie Guérin",
        True,
    )
    assert len(sharing.recipients(board)) == 5
