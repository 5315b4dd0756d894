"""The sender of a message in words: warnings, and the verdicts of the mail server."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext

from mail.mime import links
from mail.mime.addresses import Address
from mail.mime.authentication import Verdicts
from mail.mime.envelope import Envelope
from webmail.presentation.people import Borrowed


@dataclass(frozen=True)
class Caution:
    """A warning about the sender of a message. ``level`` is that of a banner; ``says`` are codes of
    reasons for a verdict (`webmail.adverts`) that tell the same with less detail."""

    level: str
    title: str
    text: str
    says: frozenset[str] = frozenset()


_ADDRESS = re.compile(r"[\w.+'-]{1,64}@(?:[\w-]{1,63}\.){1,10}\w{2,63}")


def cautions(
    envelope: Envelope,
    domains: Collection[str],
    *,
    refused: bool,
    borrowed: Borrowed | None = None,
) -> tuple[Caution, ...]:
    """Return the signs that the sender is not the one that the message names.

    ``domains`` are the authority's. ``refused`` says that the sender's domain disowns the message;
    ``borrowed`` is the known person that the sender seems to be and is not.
    """
    sender = envelope.from_[0] if envelope.from_ else Address("", "")
    host = links.host(domain_of(sender.address))
    named = _ADDRESS.search(sender.name)
    elsewhere = [
        address.address for address in envelope.reply_to if _leads_away(address, sender, domains)
    ]
    warnings = []
    if refused:
        warnings.append(_forged(sender))
    if links.is_imitation(host):
        warnings.append(_imitated_domain(host))
    if named and named[0].casefold() != sender.address.casefold():
        warnings.append(_named_otherwise(named[0], sender))
    if borrowed:
        warnings.append(_borrowed_name(borrowed))
    if elsewhere:
        warnings.append(_reply_elsewhere(elsewhere))
    return tuple(warnings)


def _forged(sender: Address) -> Caution:
    words = gettext("The mail server could not confirm that this message comes from %(domain)s.")
    return Caution(
        "bad",
        gettext("The sender may be forged."),
        words % {"domain": sender.address.rpartition("@")[2]},
        says=frozenset({"sender_unverified"}),
    )


def _imitated_domain(host: str) -> Caution:
    words = gettext("It is written in letters that look like others: %(seen)s is in fact %(sent)s.")
    return Caution(
        "bad",
        gettext("The sender’s domain imitates another."),
        words % {"seen": host, "sent": links.ascii_form(host)},
        says=frozenset({"lookalike_domain"}),
    )


def _named_otherwise(address: str, sender: Address) -> Caution:
    words = gettext("It says %(named)s, but the message was sent from %(address)s.")
    return Caution(
        "warn",
        gettext("The sender’s name is another address."),
        words % {"named": address, "address": sender.address or gettext("no address")},
    )


def _reply_elsewhere(addresses: Sequence[str]) -> Caution:
    words = gettext("The sender asks for replies to %(addresses)s, which is another domain.")
    return Caution(
        "warn",
        gettext("A reply would go elsewhere."),
        words % {"addresses": ", ".join(addresses[:3])},
        says=frozenset({"reply_elsewhere"}),
    )


def _borrowed_name(borrowed: Borrowed) -> Caution:
    """Return the warning about a borrowed name; it is milder if the sender may be another person of
    that name."""
    name = {"name": borrowed.name}
    who = f"{borrowed.name} ({borrowed.detail})" if borrowed.detail else borrowed.name
    words = gettext("%(who)s writes from %(addresses)s. If in doubt, ask before you answer.")
    return Caution(
        "warn" if borrowed.is_close else "info",
        gettext(
            "This message carries the name of %(name)s, but does not come from a known address "
            "of that person."
        )
        % name,
        words % {"who": who, "addresses": ", ".join(borrowed.addresses)},
        says=frozenset({"colleague_imitated"}),
    )


def _leads_away(reply_to: Address, sender: Address, domains: Collection[str]) -> bool:
    theirs, own = domain_of(reply_to.address), domain_of(sender.address)
    if not theirs or not own or {theirs, own} <= set(domains):
        return False
    return not (f".{theirs}".endswith(f".{own}") or f".{own}".endswith(f".{theirs}"))


def domain_of(address: str) -> str:
    return address.rpartition("@")[2].lower().rstrip(".") if "@" in address else ""


def verdict_words(verdicts: Verdicts) -> tuple[str, ...]:
    """Return a sentence for each check that the server reports (RFC 8601 section 2.7)."""
    results = (("SPF", verdicts.spf), ("DKIM", verdicts.dkim), ("DMARC", verdicts.dmarc))
    return tuple(_verdict(check, result) for check, result in results if result)


def _verdict(check: str, result: str) -> str:
    words = {
        "pass": gettext("%(check)s: passed."),
        "fail": gettext("%(check)s: failed, the sender’s domain does not vouch for this message."),
        "softfail": gettext(
            "%(check)s: doubtful, the sender’s domain does not expect mail from there."
        ),
        "neutral": gettext("%(check)s: undecided, the sender’s domain says neither yes nor no."),
        "none": gettext("%(check)s: not set up by the sender."),
        "policy": gettext("%(check)s: not accepted by the rules of our mail server."),
        "temperror": gettext("%(check)s: could not be done, a server did not answer in time."),
        "permerror": gettext("%(check)s: could not be done, the sender’s settings have an error."),
    }.get(result, gettext("%(check)s: the mail server answered “%(result)s”."))
    return words % {"check": check, "result": result}
