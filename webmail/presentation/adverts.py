"""The reasons for a verdict on a message, in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import intcomma
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from webmail.presentation.senders import Caution

REASONS: Mapping[str, str | Promise] = {
    # what proves that a message is wanted
    "known_sender": _("The sender is one of your contacts or somebody you wrote to."),
    "known_domain": _("You always allow mail from this domain."),
    "own_domain": _("The message comes from your own authority."),
    "state_domain": _("The message comes from the State or an education authority."),
    "same_domain": _("Its sender and its recipients share a domain."),
    "answered_list": _("You have written to this mailing list."),
    "reply_to_you": _("The message answers one of yours."),
    "blocked_sender": _("You blocked this sender."),
    # what was taught
    "taught_wanted": _("You said that mail from this sender is no advert."),
    "taught_unwanted": _("You said that mail from this sender is unwanted."),
    "agreed_wanted": _("Colleagues said that mail from this sender is no advert."),
    "agreed_unwanted": _("Colleagues said that mail from this sender is unwanted."),
    "words": _("Its words are like those of messages that were sorted before."),
    # how it was sent
    "server_spam": _("The mail server holds it for junk."),
    "server_passed": _("The mail server found nothing wrong with it."),
    "server_doubt": _("The mail server is doubtful about it."),
    "sender_unverified": _("The mail server could not confirm who sent it."),
    "bulk_sending": _("Sent to many people at once, by an unknown sender."),
    "mass_mailer": _("Sent by a program for mass mailings."),
    "tracking": _("It counts who opens it or follows its links."),
    "reply_elsewhere": _("Answers would go to another address than the sender’s."),
    "hidden_recipients": _("Its recipients are hidden."),
    "false_reply": _("It looks like an answer, but answers nothing."),
    "discussion_list": _("It comes from a mailing list that people talk on."),
    "automatic": _("It is an automatic notice."),
    "reply": _("It answers a message."),
    "attachment": _("A document is attached."),
    # what it looks like
    "pictures": _("It is made of pictures."),
    "html_only": _("It has no plain text."),
    "loud_subject": _("Its subject shouts."),
    # what it says
    "offer_words": _("It speaks of special offers."),
    "selling_words": _("It wants to sell something."),
    "junk_words": _("It speaks as junk and fraud do."),
    "prices": _("It names prices or discounts."),
    "opt_out": _("It tells how to stop receiving such messages."),
    "order_words": _("It speaks of something you ordered or asked for."),
    "school_words": _("It speaks of school life."),
    "personal_words": _("It is written as one person writes to another."),
    "community_words": _("It speaks as an association or an institution does."),
    "nothing_found": _("Nothing special was found."),
    # how it approaches its reader
    "introduces_itself": _("Its sender introduces himself or his firm."),
    "asks_for_time": _("It asks for a meeting or a call."),
    "seeks_contact": _("It asks who to speak to, or to be passed on."),
    "follows_up": _("It reminds you of an earlier message."),
    "invites_yes": _("It wants a simple yes."),
    "lure_free": _("It offers something for nothing."),
    "deadline_offer": _("Its offer ends soon."),
    "price_talk": _("It speaks of prices and estimates."),
    "proof_of_crowd": _("It says how many others are customers already."),
    "commercial_footer": _("It ends as the mail of firms does."),
    "asks_support": _("It asks for a signature, a vote or a gift."),
    "trade_words": _("It speaks of goods and services."),
    "your_school": _("It speaks of your school as a stranger does."),
    "impersonal": _("It greets nobody in particular."),
    "shared_past": _("It speaks of something between you and the sender."),
    "known_of": _("It says where the sender knows you from."),
    "school_matter": _("It speaks of classes, pupils or colleagues."),
    "intimate": _("It is written as to a friend."),
    "cut_off": _("It says that something will soon be closed, lost or sent back."),
    "asks_identity": _("It wants your password, your papers or your details."),
    "money_owed": _("It says that money is waiting for you."),
    "pays_odd": _("It wants money in an unusual way."),
    "out_of_reach": _("Its sender can’t be called, or asks for silence."),
    "threatens": _("It threatens."),
    "first_name": _("It calls you by your first name."),
    "surname": _("It calls you by your name."),
    "signed": _("It is signed with the sender’s name."),
    "name_in_domain": _("The sender’s name is that of the domain."),
    "from_company": _("It was sent from a domain of the sender’s own."),
    "school_sender": _("It was sent from a school."),
    "stranger": _("Nothing in it shows that the sender knows you."),
    "stranger_pitch": _("A stranger proposes something."),
    "offer_button": _("A button leads to an offer."),
    "trap_button": _("A button asks you to confirm, to pay or to open something."),
    "bait_host": _("A site is named as an office or a service would be."),
    "address_in_link": _("A link carries your address."),
    "unsigned_link": _("It leads somewhere, and nothing proves who sent it."),
    "weapon_attached": _("An attached file can do harm."),
    "archive_password": _("An archive is attached, and its password is given."),
    # the circumstances in which it says something
    "warns": _("It warns of a fraud or asks about one, and leads nowhere."),
    "speaks_of_fraud": _("It speaks of frauds."),
    "bulk_offer": _("An offer, sent to many people at once."),
    "private_pitch": _("A private mailbox offers goods or services."),
    "private_services": _("It offers services as private persons do."),
    "shop_words": _("It speaks as shops do."),
    "greets_us": _("It greets several people as friends."),
    "family_event": _("It speaks of a feast, a birth or a farewell."),
    "asks_plainly": _("It asks a plain question."),
    "ends_politely": _("It ends as letters to strangers do."),
    "names_others": _("It names other people by their first names."),
    "says_tu": _("It says “tu” to you."),
    "no_way": _("It leads nowhere and asks for nothing."),
    "poll": _("A tool for finding a date sent it for somebody."),
    "among_us": _("It settles something among people who know each other."),
    "unpaid": _("It says that nothing is to be paid."),
    "names_class": _("It names a class as those who teach it do."),
    "account_abroad": _("It gives the number of an account in another country."),
    "asks_login": _("It asks you to sign in."),
    "login_elsewhere": _("It asks you to sign in on another site or in a file."),
    "asks_macros": _("It tells you how to open what it brings."),
    "macros_asked": _("Its file wants you to switch on macros."),
    "gives_away": _("Something is given away."),
    "fetching_costs": _("It speaks of costs to be paid in advance."),
    "gift_with_costs": _("A gift costs something before it is had."),
    "loan_or_earnings": _("It promises a loan or easy money."),
    "look_at_this": _("It wants you to look at a video or a picture."),
    "curt_link": _("A few words, and a link to look at."),
    "binding_signature": _("A signature would bind you to pay."),
    "title_from_mailbox": _("Somebody with a title writes from a private mailbox, out of reach."),
    "welcomes_you": _("It invites you to come by, as shops do."),
    "holds_for_you": _("It keeps something for you, or has a few left."),
    "comes_round": _("Its sender comes through your street or your school."),
    "peers_do": _("It says that others like you do it already."),
    "own_trade": _("It speaks of the sender’s own shop, book or product."),
    "craft": _("Its sender names a trade."),
    "member_of": _("It speaks of your membership, your order or your contract."),
    "asks_number": _("It wants your telephone number, or to go on elsewhere."),
    "answer_only_here": _("It wants an answer soon, and by mail alone."),
    "confides": _("It confides in somebody unknown."),
    "many_pitches": _("It does several things that sellers do."),
    "much_shared": _("Much in it shows that the sender knows you."),
    "many_demands": _("It asks for several things that frauds ask for."),
    "bare_question": _("It is a question, and hardly anything else."),
    "mistakes_you": _("It takes you for somebody else, or makes friends with a stranger."),
    "buys_unseen": _("It buys or lets something that nobody has seen."),
    "account_changed": _("It gives another bank account than before."),
    "pays_new_account": _("It wants to be paid into another account than before."),
    "reference": _("It names the number of an order or a file."),
    "own_matter": _("Its subject names something of yours, as an order or a file."),
    "only_tells": _("It only tells something, and asks for nothing."),
    "trade_name": _("A private mailbox bears the name of a trade."),
    "unit_price": _("It names a price for each of many."),
    "asks_pupils": _("It wants data of pupils or their parents."),
    "title_in_mailbox": _("A private mailbox bears the name of an office."),
    "odd_letters": _("The sender’s domain has figures or letters that look like others."),
    # how it is made, in whatever language
    "no_sender": _("It bears no address that anybody could have."),
    "name_unrelated": _("The sender’s name has nothing in common with the address."),
    "made_up_mailbox": _("A program made up the sender’s address."),
    "made_up_domain": _("A program made up the sender’s domain."),
    "deep_domain": _("The sender’s domain is a long chain of names."),
    "rented_sender": _("It was sent from a domain that anybody can use."),
    "number_in_name": _("The sender’s name holds a number, as programs write it."),
    "pictogram_in_name": _("The sender’s name holds pictograms."),
    "institution_in_subject": _("Its subject names an institution that did not send it."),
    "unvouched": _("Another domain than the sender’s sent it, and the sender’s did not sign it."),
    "institution_unproved": _(
        "The institution in its address signs all of its mail. It did not sign this message."
    ),
    "signed_by_other": _("Only another domain than the sender’s signed it."),
    "foreign_id": _("Its identifier comes from another domain than the sender’s."),
    "far_date": _("Its date is days away from when it came."),
    "vouched_mailing": _("It is a mailing that its sender’s domain signed."),
    "pictogram_in_subject": _("Its subject holds pictograms."),
    "styled_letters": _("It writes in characters that only look like letters."),
    "unseen_letters": _("Invisible characters stand between the letters of its subject or sender."),
    "mixed_letters": _("A word in it mixes the letters of two alphabets."),
    "hidden_filler": _("Most of its text is hidden from you."),
    "leads_away": _("None of its links leads to the sender’s site."),
    "page_alone": _("It is a web page without any plain text."),
    "picture_link": _("A picture in it is a link."),
    "picture_for_text": _("It shows pictures in place of words."),
    "wordless": _("It says hardly anything."),
    "plain_text": _("It is plain text."),
    "one_target": _("All of its links lead to one address."),
    "coded_link": _("A link carries a long code."),
    "coded_fragment": _("A link ends with a code or an address that its site’s page reads."),
    "made_up_host": _("A link leads to a site whose name a program made up."),
    "object_store": _("A link leads to a store of files that anybody can fill."),
    "user_in_link": _("A link is written so that it hides its site."),
    "to_itself": _("It is addressed to its own sender."),
    "foreign_language": _("It is in a language that nobody you know writes to you."),
    # fraud
    "fraud": _("It looks like a fraud."),
    "own_domain_forged": _("It pretends to come from your own authority."),
    "sender_refused": _("The sender’s domain says that the message is none of its own."),
    "lookalike_domain": _("The sender’s domain imitates a well-known one."),
    "lookalike_link": _("A link leads to a site whose name imitates a well-known one."),
    "link_differs": _("A link shows one site and leads to another."),
    "link_hidden": _("A link hides where it leads."),
    "authority_imitated": _("The sender’s name imitates an authority or a support desk."),
    "colleague_imitated": _("The sender bears a colleague’s name, from another address."),
    "password_asked": _("It wants your password."),
    "password_urgent": _("It presses you to sign in somewhere."),
    "payment_urgent": _("It presses you to pay."),
    "bill_to_call": _("It announces a bill and wants you to telephone."),
    "institution_imitated": _("The sender bears an institution’s name, from another domain."),
    "role_elsewhere": _("The sender bears the name of an office, from another address."),
    "reply_personal": _("Answers would go to a private mailbox."),
    "cheap_domain": _("The sender’s domain ends as domains do that are thrown away."),
    "form_attached": _("An attached page asks for something or leads elsewhere."),
    "page_attached": _("A web page is attached."),
    "program_attached": _("A program is attached."),
    "macros_attached": _("A document with macros is attached."),
    "archive_attached": _("An archive is attached."),
    "archive_locked": _("An archive that nobody can look into is attached."),
    "link_to_number": _("A link leads to a number in place of a name."),
    "link_shortened": _("A shortened link hides where it leads."),
    "link_to_free_page": _("A link leads to pages that anybody can put up."),
    "cheap_link": _("A link leads to a domain that ends as those do that are thrown away."),
    "links_elsewhere": _("Its links lead to other sites than the sender’s."),
    "links_home": _("Its links lead to the sender’s own site."),
    "single_link": _("It is there for one link."),
    "no_link": _("It has no link."),
    "personal_mailbox": _("It was sent from a private mailbox."),
    "school_network": _("The sender is one of the institutions that teachers hear from."),
    "taught_words": _("Its words are like those of messages that you sorted."),
    "institution": _("The sender is the institution that it names."),
    "secret_transfer": _("It speaks of money, and wants it kept secret."),
    "call_for_service": _("It asks, in a hurry, whether you are available."),
    "link_to_scan": _("A picture in it is a code that leads to a site."),
    "code_to_scan": _("It wants you to scan a code."),
    "parcel_to_pay": _("It wants money for a parcel, on another site."),
    "mailbox_to_confirm": _("It wants your mailbox confirmed, on another site."),
    "pulled": _("Users reported it, and the authority moved it to junk in all mailboxes."),
    "document_elsewhere": _("It speaks of a document that lies elsewhere."),
    "law_threat": _("It threatens you with the law."),
    "bank_elsewhere": _("It speaks of your bank, presses you, and leads elsewhere."),
    "warning_words": _("It warns of frauds."),
    "secret_words": _("It asks for discretion."),
    "available_words": _("It asks for a service."),
    "gift_card_words": _("It speaks of coupons, gift cards or cryptocurrencies."),
    "parcel_words": _("It speaks of a parcel."),
    "law_words": _("It speaks of the law and of penalties."),
    "code_words": _("It speaks of codes to scan or to enter."),
    "mailbox_words": _("It speaks of your mailbox."),
    "document_words": _("It speaks of a document to open."),
    "bank_words": _("It speaks of bank accounts."),
    "wealth_words": _("It speaks of gains, gifts or threats."),
    "urgent_words": _("It speaks of urgency."),
    "request_words": _("It asks you to do something."),
    "paying_words": _("It speaks of payments."),
    "pressing_words": _("It presses you."),
}
"""Reasons in words, by the codes that ``webmail.adverts`` gives and that stay the same."""


@dataclass(frozen=True)
class AdvertLine:
    """The inbox's line about today's adverts and junk: for each the words and the URL of its
    folder. ``judge_url`` judges the rest, "" if nothing is left. ``pulled`` is the sentence about
    messages that the authority pulled, ``week`` the words about the last seven days, which stand
    once a week."""

    parts: tuple[tuple[str, str], ...]
    judge_url: str = ""
    pulled: str = ""
    week: str = ""


def line(adverts: int, junk: int, pulled: int = 0, week: int = 0, *, has_more: bool) -> AdvertLine:
    """Return the line above a list. ``adverts``, ``junk``, ``pulled`` and ``week`` are numbers of
    messages."""
    parts = []
    if adverts:
        words = ngettext("%(count)s advert", "%(count)s adverts", adverts)
        words %= {"count": intcomma(adverts)}
        parts.append((words, reverse("mail:aside", args=["adverts"])))
    if junk:
        words = ngettext("%(count)s junk message", "%(count)s junk messages", junk)
        words %= {"count": intcomma(junk)}
        parts.append((words, reverse("mail:aside", args=["junk"])))
    pulled_words = ""
    if pulled:
        pulled_words = ngettext(
            "The authority moved %(count)s fraudulent message to junk.",
            "The authority moved %(count)s fraudulent messages to junk.",
            pulled,
        ) % {"count": intcomma(pulled)}
    judge_url = reverse("mail:judge") if has_more else ""
    return AdvertLine(tuple(parts), judge_url, pulled_words, week_line(week))


def week_line(aside: int, back: int = 0) -> str:
    """Return the words about the messages set aside in seven days, and those of them that the user
    moved back; "" for none."""
    if not aside:
        return ""
    line = ngettext(
        "%(count)s message set aside in seven days",
        "%(count)s messages set aside in seven days",
        aside,
    ) % {"count": intcomma(aside)}
    if back:
        brought = ngettext("%(count)s brought back", "%(count)s brought back", back)
        line = f"{line}, {brought % {'count': intcomma(back)}}"
    return line


def words(codes: Iterable[str]) -> tuple[str, ...]:
    """Return the sentences of the reasons; codes of an older release are left out."""
    return tuple(str(REASONS[code]) for code in codes if code in REASONS)


_AT_ONCE = 2
"""The number of reasons that are read without unfolding, for a message that is no fraud."""
_VAGUE = ("words", "prices")
"""Reasons that tell a user least, whatever they weigh: they come last."""
_OF_ANY_FRAUD = frozenset(
    {
        *("fraud", "junk_words", "single_link", "no_link"),
        *("links_elsewhere", "request_words", "paying_words", "bank_words", "html_only"),
        *_VAGUE,
    }
)


@dataclass(frozen=True)
class Notice:
    """The notice that the reader shows on an open message. ``kind`` is ``advert`` or ``junk`` for a
    message that was moved or marked, else "". ``is_marked`` says that it carries the mark.
    ``reasons`` and ``deceits`` are codes: the reasons of the verdict, and the deceptions of a
    fraud. ``are_links_shut`` holds until the user opens them. ``report_url`` is "" if no address
    for reports is configured. ``has_links`` and ``has_files`` say whether there is something to
    shut. ``cautions`` are warnings about the sender that stand among the reasons."""

    kind: str
    is_marked: bool
    reasons: tuple[str, ...]
    deceits: tuple[str, ...]
    are_links_shut: bool
    links_url: str
    report_url: str
    has_links: bool = False
    has_files: bool = False
    cautions: tuple[Caution, ...] = ()

    @property
    def is_fraud(self) -> bool:
        return bool(self.deceits)

    @property
    def first_reasons(self) -> tuple[str, ...]:
        """The reasons that are read at once."""
        return () if self.is_fraud else words(self._codes[:_AT_ONCE])

    @property
    def folded_reasons(self) -> tuple[str, ...]:
        """The reasons that wait behind a word, so that the message itself is on the screen."""
        return words(self._codes if self.is_fraud else self._codes[_AT_ONCE:])

    @property
    def _codes(self) -> tuple[str, ...]:
        """Return the codes of the reasons, each once, without those that a warning tells better."""
        warned = {code for caution in self.cautions for code in caution.says}
        if self.is_fraud:
            warned |= _OF_ANY_FRAUD
        codes = dict.fromkeys(code for code in (*self.deceits, *self.reasons) if code not in warned)
        return tuple(sorted(codes, key=lambda code: code in _VAGUE))

    def holds(self, caution: Caution) -> bool:
        """Return whether a warning stands among the reasons, not in a banner of its own, so that
        nothing is told twice. A warning about a forged sender keeps its banner, unless the notice
        tells worse."""
        return self.is_fraud or caution.level != "bad"


@dataclass(frozen=True)
class Mailing:
    """The ways to leave a mailing. ``one_click``: the server can do it; ``mail_url``: the composer
    with the message that does it; ``web_url``: a page of the sender. ``choice`` is the user's
    choice about the sender, ``allow``, ``block`` or ""; ``domain`` is "" if it should not be
    blocked as a whole. ``is_back``: the user moved the message back from adverts or junk, whether
    it is a mailing or not."""

    sender: str
    domain: str
    unsubscribe_url: str
    one_click: bool
    mail_url: str
    web_url: str
    choice_url: str
    choice: str
    is_back: bool = False

    @property
    def is_mailing(self) -> bool:
        return bool(self.one_click or self.mail_url or self.web_url)

    @property
    def is_to_keep(self) -> bool:
        """Whether the choice to always keep the sender's mail is offered first."""
        return self.is_back and not self.choice


_LINK = re.compile(r'<(?:a|area)\b(?:\s+[\w:-]+(?:="[^"]*")?)*\s*/?>', re.IGNORECASE)
_TARGET = re.compile(r'(?<!\s)\s++(?:xlink:)?href="[^"]*"', re.IGNORECASE)


def has_targets(page: str) -> bool:
    """Return whether a link in the webmail's own safe HTML leads somewhere."""
    return without_targets(page) != page


def without_targets(page: str) -> str:
    """Return safe HTML with the targets of its links removed; the words of the links stay."""
    return _LINK.sub(lambda link: _TARGET.sub("", link[0]), page)
