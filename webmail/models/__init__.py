"""The mail app's models. The database holds no mail."""

from webmail.models.adverts import (
    AgreedSender,
    AuthservWitness,
    FraudReport,
    InboxProgress,
    InboxWatch,
    InstallationLearnt,
    Judgement,
    LearntWords,
    PersonLearnt,
    Unsubscription,
)
from webmail.models.campaigns import Pull, PulledMessage, PullSight
from webmail.models.forwards import ForwardPolicy, StandingForward
from webmail.models.invitations import InvitedEvent
from webmail.models.jobs import MailJob
from webmail.models.periodic import PeriodicJob
from webmail.models.personal import DataExport
from webmail.models.preferences import (
    CACHE_KEY,
    CACHE_SECONDS,
    FolderChoice,
    PreferenceDefault,
)
from webmail.models.previews import OFFICE_PREVIEWS_KEPT, OfficePreview
from webmail.models.probes import Probe, ProbeCount
from webmail.models.searches import RecentSearch, SavedSearch
from webmail.models.senders import (
    AllowedSender,
    SenderChoice,
    TrustedImageDomain,
)
from webmail.models.tags import KNOWN_TAGS, TAGS_CACHE_SECONDS, Tag
from webmail.models.transfers import Transfer
from webmail.models.writing import (
    CannedAnswer,
    Draft,
    DraftDocument,
    DraftFile,
    DraftRoster,
    DraftVersion,
    Identity,
    OutboxMessage,
    SendingPolicy,
    SignatureTemplate,
)

__all__ = [
    "CACHE_KEY",
    "CACHE_SECONDS",
    "KNOWN_TAGS",
    "OFFICE_PREVIEWS_KEPT",
    "TAGS_CACHE_SECONDS",
    "AgreedSender",
    "AllowedSender",
    "AuthservWitness",
    "CannedAnswer",
    "DataExport",
    "Draft",
    "DraftDocument",
    "DraftFile",
    "DraftRoster",
    "DraftVersion",
    "FolderChoice",
    "ForwardPolicy",
    "FraudReport",
    "Identity",
    "InboxProgress",
    "InboxWatch",
    "InstallationLearnt",
    "InvitedEvent",
    "Judgement",
    "LearntWords",
    "MailJob",
    "OfficePreview",
    "OutboxMessage",
    "PeriodicJob",
    "PersonLearnt",
    "PreferenceDefault",
    "Probe",
    "ProbeCount",
    "Pull",
    "PullSight",
    "PulledMessage",
    "RecentSearch",
    "SavedSearch",
    "SenderChoice",
    "SendingPolicy",
    "SignatureTemplate",
    "StandingForward",
    "Tag",
    "Transfer",
    "TrustedImageDomain",
    "Unsubscription",
]
