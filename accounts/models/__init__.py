"""The models of accounts. They store no password in clear, no NUMEN and no date of birth."""

from accounts.models.announcements import Announcement, Dismissal
from accounts.models.applications import Application, ServiceVisit
from accounts.models.audit import AuditEvent
from accounts.models.key_marks import KeyMark
from accounts.models.lending import LentCredential
from accounts.models.mail_domains import MailDomain, ServerURL
from accounts.models.moved import MovedUser
from accounts.models.providers import ProviderSubject, SignInProvider, TokenGrant
from accounts.models.service_menu import Service
from accounts.models.sessions import KnownDevice, UserSession
from accounts.models.staff import StaffRecord
from accounts.models.staff_imports import StaffImport, StagedStaff
from accounts.models.support import SupportContact
from accounts.models.texts import SiteText
from accounts.models.themes import DomainTheme
from accounts.models.users import User
from accounts.models.wire_logs import WireLog, WireLogPiece

__all__ = [
    "Announcement",
    "Application",
    "AuditEvent",
    "Dismissal",
    "DomainTheme",
    "KeyMark",
    "KnownDevice",
    "LentCredential",
    "MailDomain",
    "MovedUser",
    "ProviderSubject",
    "ServerURL",
    "Service",
    "ServiceVisit",
    "SignInProvider",
    "SiteText",
    "StaffImport",
    "StaffRecord",
    "StagedStaff",
    "SupportContact",
    "TokenGrant",
    "User",
    "UserSession",
    "WireLog",
    "WireLogPiece",
]
