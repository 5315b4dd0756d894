"""Senders and mailing lists whose mail many users have moved the same way: it counts for all."""

from __future__ import annotations

from django.conf import settings

from core import clock
from mail.judgement import domains
from mail.judgement.verdict import Correspondent
from webmail.adverts import correspondence
from webmail.adverts.digests import digest_of_sender
from webmail.models import AgreedSender, Judgement

MOST_OPPOSED = 0.1
"""The greatest share of users who say the opposite."""
_LONGEST = 254  # characters of a name


def recount(sender: Correspondent) -> None:
    """Count the users' lessons on a sender again, after one of them was learnt or withdrawn. Up to
    four queries."""
    if not settings.ADVERTS_AGREEING or len(sender.name) > _LONGEST:
        return
    opinions = Judgement.objects.all().opinions(digest_of_sender(sender.name))
    is_wanted = opinions[True] > opinions[False]
    people, opposed = opinions[is_wanted], opinions[not is_wanted]
    is_agreed = people >= settings.ADVERTS_AGREEING and opposed <= MOST_OPPOSED * people
    if is_agreed and (is_wanted or not _is_official(sender)):
        AgreedSender.objects.update_or_create(
            name=sender.name,
            defaults={
                "mark": sender.mark,
                "is_wanted": is_wanted,
                "people": people,
                "opposed": opposed,
                "changed": clock.now(),
            },
        )
    else:
        AgreedSender.objects.filter(name=sender.name, is_ignored=False).delete()


def _is_official(sender: Correspondent) -> bool:
    """Return whether it is of the authority or the State, which nobody silences for others."""
    own = domains.is_in(sender.domain, correspondence.domains())
    return own or domains.is_of_state(sender.domain)
