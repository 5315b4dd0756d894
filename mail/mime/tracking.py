"""Recognises the addresses of tracking images: images that nobody is meant to see, and whose
loading only tells the sender that the message is read, when and where.

An image is a tracker by one of three signs: it is invisible on every screen, it is a dot (both are
found by `visibility` and `cascade`), or its address is one that services for counting readers use.
"""

from __future__ import annotations

import re

# Services that count readers: hosts that do nothing else, and the paths of their images, which may
# also be on their customers' hosts.
_HOSTS = frozenset(
    """
    bl-1.com contactmonkey.com didtheyreadit.com emltrk.com getnotify.com google-analytics.com
    mailfoogae.appspot.com mailstat.us mailtrack.io mltrk.io mixmax.com pixel.app.returnpath.net
    readnotify.com r.superhuman.com t.signaux.com t.yesware.com tr.cloudmagic.com
    track.hubspot.com track.customer.io tracking.cirrusinsight.com whoreadme.com
    """.split()
)
_PATHS = re.compile(
    r"""
    /track/open\.php\?                  # Mailchimp, Mandrill
    | /(?:mpss/|ss/|wf/)o(?:pen)?[/?]   # SendGrid
    | /tr/op/                           # Brevo
    | /oo/[\w-]+/                       # Mailjet
    | /e[23]t/o/ | /__pt[qc]\.gif       # HubSpot
    | /open\.(?:aspx|php|ashx|jsp|cgi)\? | /on\.jsp\?  # Salesforce, Constant Contact
    | /I0/[\w-]+/                       # Amazon SES
    | /open/log/                        # Acoustic
    | /lt\.php\?(?:[^\#&?]*+&)*l=open  # ActiveCampaign
    | /(?:piwik|matomo)\.php\?
    | /ddm/(?:ad|trackimp)/             # Campaign Manager
    | ^www\.facebook\.com/tr[/?]
    | ^pstmrk\.it/open | /e/o/[\w=-]{20,}
    """,
    re.VERBOSE,
)
# Usual names of such images elsewhere. They are less sure: only for images without size and "alt".
_CALLED = re.compile(
    r"""
    /(?:e?mail[-_]?)?(?:open(?:s|ed)?|track(?:er|ing)?|track[-_]?open|open[-_]?track(?:er|ing)?
        |pixels?|beacons?|impressions?|read[-_]?receipt|webbug)
    (?:\.(?:gif|png|aspx|ashx|php|cgi|jsp))?
    (?:/(?=[\w=~-]*\d)[\w=~-]{12,}(?:/|\.gif)?)?(?:\?|$)
    """,
    re.VERBOSE | re.IGNORECASE,
)


def is_host(name: str) -> bool:
    """Return whether a host does nothing but count readers."""
    labels = name.lower().rstrip(".").split(".")
    return any(".".join(labels[start:]) in _HOSTS for start in range(len(labels) - 1))


def is_known(address: str) -> bool:
    """Return whether an absolute address is a service's tracking image, whatever its size."""
    place = _place(address)
    return is_host(re.split("[/?]", place, maxsplit=1)[0]) or bool(_PATHS.search(place))


def is_suspect(address: str) -> bool:
    """Return whether an address is named like a tracking image."""
    return bool(_CALLED.search(_place(address)))


_PLACE = re.compile(r"https?://(?:[^/?#@]*@)?([^/?#:]*)[^/?#]*([^#]*)", re.IGNORECASE)


def _place(address: str) -> str:
    """Return host, path and query: ``x.fr/a?b``; ``""`` for an address without a host."""
    match = _PLACE.match(address)
    return match[1].lower() + match[2] if match else ""
