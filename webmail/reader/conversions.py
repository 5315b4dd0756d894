"""Office files converted by a job, encrypted before and after.

The request writes the encrypted file to the spool; its key is in the job's row until the job has
read it. The job encrypts the result for a key that only the browser's cookie yields, and the result
is kept for an hour. So the job needs no mailbox, and disk and database together reveal nothing of a
converted file.
"""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from django.conf import settings
from django.http import HttpRequest

from accounts import credentials
from accounts.models import User
from accounts.sealed import files as sealed_files
from core import clock
from mail.errors import SignInNeeded
from mail.previews import office
from mail.previews.failures import NoPreview, Reason
from mail.previews.pages import Pdf
from webmail.models import OFFICE_PREVIEWS_KEPT, OfficePreview

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 5
"""The most files of one user that wait or are being converted."""
_PASSING = frozenset({Reason.BUSY, Reason.DOWN})

# RFC 9180: encryption to a public key.
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
# A file without a row is left over from a crash, since the row is written right after its file.
_ORPHAN_SECONDS = 2 * 60 * 60


def find_office_preview(request: HttpRequest, user: User, file: str) -> OfficePreview | None:
    """Return this session's job for a file, which ``file`` identifies."""
    secret = _secret(request)
    return OfficePreview.objects.in_force().filter(user=user, name=_name(secret, file)).first()


def begin(
    request: HttpRequest, user: User, file: str, content: bytes, extension: str
) -> OfficePreview:
    """Write a file to the spool and create its job, which the caller starts. An existing job is
    returned, unless it failed for a temporary reason. Raises NoPreview: BUSY, when too many files
    wait."""
    secret = _secret(request)
    name = _name(secret, file)
    jobs = OfficePreview.objects.filter(user=user)
    for old in jobs.filter(name=name):
        if old.is_in_force and old.reason not in _PASSING:
            return old
        forget(old)
    if jobs.in_force().unfinished().count() >= MOST_AT_ONCE:
        raise NoPreview(Reason.BUSY)
    spool, key = sealed_files.new_name(), sealed_files.new_key()
    try:
        sealed_files.write(_source(spool), key, [content])
    except OSError as error:
        logger.error("The spool can't be written: %s", error)
        raise NoPreview(Reason.UNSUPPORTED) from error
    job, is_new = OfficePreview.objects.get_or_create(
        user=user,
        name=name,
        defaults={
            "extension": extension,
            "spool": spool,
            "source_key": key,
            "reader": _reader(secret).public_key().public_bytes_raw(),
        },
    )
    if not is_new:  # another tab was faster
        _source(spool).unlink(missing_ok=True)
    else:
        job.created = clock.now()
        job.save(update_fields=["created"])
    return job


def result(request: HttpRequest, job: OfficePreview) -> bytes | None:
    """Return the PDF for the session that requested it; None when it is gone."""
    try:
        sealed = _result(job.spool).read_bytes()
        return _SUITE.decrypt(sealed, _reader(_secret(request)), job.spool.encode())
    except (OSError, InvalidTag):
        return None


def convert(pk: int) -> None:
    """Run a job. A second call does nothing."""
    job = OfficePreview.objects.claim(pk)
    if job is None:
        return
    try:
        pdf = _converted(job)
    except NoPreview as refusal:
        job.fail(refusal.reason)
    except Exception:
        job.fail(Reason.DAMAGED)
        raise
    else:
        reader = X25519PublicKey.from_public_bytes(bytes(job.reader))
        _write(_result(job.spool), _SUITE.encrypt(pdf.content, reader, job.spool.encode()))
        job.finish(is_truncated=pdf.is_truncated)
    finally:
        _source(job.spool).unlink(missing_ok=True)


def give_up(job: OfficePreview, error: Exception) -> None:
    """Fail a job that could not be handed to a worker."""
    logger.error("An office file waits for nobody: %s", error)
    _source(job.spool).unlink(missing_ok=True)
    job.fail(Reason.DOWN)


def _converted(job: OfficePreview) -> Pdf:
    try:
        with sealed_files.read_sealed(_source(job.spool), bytes(job.source_key)) as file:
            content = file.read()
    except OSError as error:
        raise NoPreview(Reason.BUSY, "the spooled file is gone") from error
    return office.to_pdf(content, job.extension, settings.SPOOL / "work")


def forget(job: OfficePreview) -> None:
    """Delete a job and its files."""
    _source(job.spool).unlink(missing_ok=True)
    _result(job.spool).unlink(missing_ok=True)
    job.delete()


def expire() -> None:
    """Delete expired jobs, and files without a row."""
    for job in OfficePreview.objects.filter(created__lt=clock.now() - OFFICE_PREVIEWS_KEPT):
        forget(job)
    sealed_files.remove_older(settings.SPOOL, "*.sealed", _ORPHAN_SECONDS)


# --- keys ---


def _secret(request: HttpRequest) -> bytes:
    secret = credentials.session_secret(request)
    if secret is None:
        raise SignInNeeded
    return secret


def _name(secret: bytes, file: str) -> str:
    """Return the name under which a session finds its job, which reveals nothing to others."""
    return hashlib.blake2b(file.encode(), key=secret, digest_size=32).hexdigest()


def _reader(secret: bytes) -> X25519PrivateKey:
    """Return the private key for this session's results. Any 32 bytes are a valid key (RFC
    7748)."""
    return X25519PrivateKey.from_private_bytes(
        hashlib.blake2b(secret, person=b"office preview", digest_size=32).digest()
    )


# --- files ---


def _source(spool: str) -> Path:
    return settings.SPOOL / f"{spool}.source.sealed"


def _result(spool: str) -> Path:
    return settings.SPOOL / f"{spool}.pdf.sealed"


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
