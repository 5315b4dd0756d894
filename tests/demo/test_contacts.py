import pytest

from accounts.models import MailDomain, User
from addressbook.contacts import groups
from addressbook.models import Contact
from demo import contacts
from demo.mail import people


@pytest.mark.django_db
def test_a_teacher_gets_forty_contacts_and_four_groups_once():
    domain = MailDomain.objects.create(name=people.DOMAIN)
    user = User.objects.create(mail_domain=domain, login="fdurand")

    assert contacts.fill("fdurand") == 40
    assert contacts.fill("fdurand") == 0
    assert Contact.objects.of(user).count() == 40
    sizes = {group.name: size for group, size in groups.counted(user)}
    assert sizes == {
        "Parents 4e B": 10,
        "Délégués des parents": 3,
        "Équipe du collège": 13,
        "Sorties et musées": 4,
    }
