from django.db import migrations

from addressbook.folding import words
from addressbook.models.completion import LONGEST_SORT_KEY, beginnings

BATCH = 500


def index(apps, schema_editor):
    """As `addressbook.completion.index` does for contacts that are made now."""
    addresses = apps.get_model("addressbook", "ContactAddress").objects
    contact_word = apps.get_model("addressbook", "ContactWord")
    last = 0
    while batch := list(
        addresses.filter(pk__gt=last).select_related("contact").order_by("pk")[:BATCH]
    ):
        rows = []
        for address in batch:
            contact = address.contact
            local, _, domain = address.address.rpartition("@")
            own = words(f"{contact.display_name} {contact.sort_key} {local}")
            address.words = "".join(f" {word}" for word in (*own, *words(domain)))
            if contact.deleted is None:
                rows += _rows(contact_word, address, own, words(domain))
        addresses.bulk_update(batch, ["words"])
        contact_word.objects.bulk_create(rows)
        last = batch[-1].pk


def _rows(contact_word, address, own, domain):
    before = beginnings(own)
    for by_domain, texts in ((False, before), (True, beginnings(domain) - before)):
        for text in texts:
            yield contact_word(
                user_id=address.user_id,
                address=address,
                word=text,
                by_domain=by_domain,
                sort_key=address.contact.sort_key[:LONGEST_SORT_KEY],
            )


def forget(apps, schema_editor):
    apps.get_model("addressbook", "ContactWord").objects.all().delete()


class Migration(migrations.Migration):
    """Contacts that were made before completion are completed too."""

    dependencies = [("addressbook", "0020_completion")]

    operations = [migrations.RunPython(index, forget)]
