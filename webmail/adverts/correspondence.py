"""Find out which senders a user corresponds with, as evidence that a message is wanted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from accounts.models import MailDomain, User
from addressbook.contacts import known as acquaintances
from mail import sandbox
from mail.judgement import codes, verdict
from mail.judgement.known import KnownCorrespondents, Learnt, Rules
from mail.judgement.verdict import Verdict
from mail.mime import headers
from mail.mime.addresses import Address
from webmail.models import SenderChoice

_IMITATED = "colleague_imitated"
SCAN = sandbox.Budget(seconds=0.5, wait=1, memory=200_000_000, at_once=2)
"""Budget for finding codes in the pictures of a message: three of two million pixels take 0.1 s."""


@dataclass(frozen=True)
class _Sender:
    """The sender of a message: its author, the address of its mailing list (RFC 2369), and the
    List-Id (RFC 2919)."""

    author: Address
    post: str
    list_id: str


def domains() -> frozenset[str]:
    """Return the authority's mail domains."""
    return MailDomain.objects.all().names()


def known(user: User, raws: Sequence[bytes]) -> KnownCorrespondents:
    """Return the senders of these messages that the user knows (contacts, colleagues, recipients of
    earlier messages, allowed senders), and the blocked senders, which are never among the known
    ones. Two queries."""
    senders = [_sender(raw) for raw in raws]
    candidates = [address for sender in senders for address in (sender.author.address, sender.post)]
    people = frozenset(acquaintances.people(user, candidates))
    allowed, blocked = SenderChoice.objects.all().named(user)
    return KnownCorrespondents(
        addresses=(people | _addresses(allowed)) - blocked,
        domains=allowed - _addresses(allowed),
        lists=frozenset(
            sender.list_id for sender in senders if sender.list_id and sender.post in people
        ),
        blocked=blocked,
    )


def judge(
    user: User, raw: bytes, known: KnownCorrespondents, rules: Rules, learnt: Learnt
) -> Verdict:
    """Return the verdict. Whether the sender has a colleague's name is only looked up for a message
    whose text would make that a fraud, since it costs queries."""
    sender = _sender(raw).author
    with_name = replace(known, names=frozenset({sender.name})) if sender.name else known
    scanned: tuple[str, ...] = ()
    judged = verdict.judge(raw, with_name, rules, learnt)
    if not judged.is_proved and (scanned := _scanned(raw)):
        judged = verdict.judge(raw, with_name, rules, learnt, scanned)
    if _IMITATED not in judged.fraud:
        return judged
    if acquaintances.namesake(user, sender.name, sender.address):
        return judged
    return verdict.judge(raw, known, rules, learnt, scanned)


def _scanned(raw: bytes) -> tuple[str, ...]:
    """Return the addresses in codes (QR codes) of the message's pictures; none where the scan takes
    too long."""
    pictures = codes.pictures(raw)
    try:
        return sandbox.call(codes.scan, SCAN, pictures) if pictures else ()
    except sandbox.Exhausted:
        return ()


def _addresses(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name for name in names if "@" in name)


def _sender(raw: bytes) -> _Sender:
    fields = headers.parse(raw)
    authors = fields.addresses("From", 1) or fields.addresses("Sender", 1)
    post = fields.get("List-Post").partition("mailto:")[2].partition(">")[0].partition("?")[0]
    return _Sender(
        author=authors[0] if authors else Address("", ""),
        post=post.strip().lower()[:254],
        list_id=fields.get("List-Id").lower().rpartition("<")[2].partition(">")[0].strip(),
    )
