"""What accounts keeps in the database: no password, no NUMEN, no date of birth."""

from accounts.models.audit import AuditEvent
from accounts.models.mail_domains import MailDomain, ServerURL
from accounts.models.service_menu import Service
from accounts.models.sessions import KnownDevice, UserSession
from accounts.models.staff import StaffRecord
from accounts.models.staff_imports import StaffImport, StagedStaff
from accounts.models.users import ADMINISTRATOR, AUDITOR, ROLES, SUPPORT, User

__all__ = [
    "ADMINISTRATOR",
    "AUDITOR",
    "ROLES",
    "SUPPORT",
    "AuditEvent",
    "KnownDevice",
    "MailDomain",
    "ServerURL",
    "Service",
    "StaffImport",
    "StaffRecord",
    "StagedStaff",
    "User",
    "UserSession",
]
