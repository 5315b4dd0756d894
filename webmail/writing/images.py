"""The images that a text refers to. They belong to the message, whether the page posted them or
not.

A text refers to an image by its address in the composer: a file of a draft, or a part of the
answered message. This module looks them up among the user's own only, so that an address of another
user's image finds nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from html import unescape

from django.urls import reverse

from accounts.models import User
from mail.imap.values import MessageRef
from webmail.models import Draft
from webmail.presentation.links import message_url
from webmail.writing import files
from webmail.writing.content import WHOLE, Content

MOST = 100
"""The largest number of images of each kind that are looked up for one text."""
_NUMBER = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_UPLOAD = re.compile(rf"/drafts/({_NUMBER})/files/({_NUMBER})(?![0-9a-f/-])")
_IMAGE = re.compile(r"<img\b[^<>]*>", re.IGNORECASE)
_PART = re.compile(r"/mail/[^/\s\"'<>?#]{1,8000}/[0-9]+-[0-9]+/view/[0-9.~]{1,2500}/image\Z")
# A browser that copies an image within the text writes its address with the host.
_HOST = re.compile(
    rf'(\bsrc=")https?://[^/\s"<>]{{1,255}}+(?=(?:/[^/\s"<>]{{1,8000}}+){{0,6}}?'
    rf'(?:/files/{_NUMBER}|/view/[0-9.~]{{1,2500}}/image)")'
)


def is_ours(address: str) -> bool:
    """Return whether an address has the form of an image in a draft or a message, or of a part in a
    message."""
    return bool(_UPLOAD.search(address) or _PART.search(address) or address.startswith("cid:"))


def part_address(origin: MessageRef, number: str) -> str:
    """Return the address by which a reply refers to an image of the quoted message."""
    return message_url(origin, "view_image", number)


def parts(origin: MessageRef, html: str) -> tuple[str, ...]:
    """Return the numbers of the parts of the answered message that a text shows as images."""
    before, after = part_address(origin, "1").rsplit("/1/", 1)
    wanted = re.compile(re.escape(before) + r"/([1-9][0-9.~]{0,2500})/" + re.escape(after))
    return tuple(dict.fromkeys(wanted.findall(unescape(html))))[:MOST]


def upload(address: str) -> str:
    """Return the number of the file to which an address in the editor leads, or ""."""
    match = _UPLOAD.search(address)
    return match[2] if match else ""


def settled(user: User, draft: Draft, content: Content) -> Content:
    """Return the content of a draft as it is saved. Its files are the posted attachments and the
    images in the text, posted or not. An image of the user's other draft becomes one of this draft,
    and so do parts of a message that the draft's own copy replaced (`copies.take_over`).

    A message in plain text shows no image: its files are the posted ones. No query without files
    and images.
    """
    content = taken_over(draft, replace(content, html=_HOST.sub(r"\1", content.html)))
    named = uploads(content.html)
    if not content.is_html or not (named or content.files):
        return content
    own = files.kinds(draft, (*content.files, *named))
    adopted = files.adopt(user, draft, [number for number in named if number not in own])
    beside = [number for number in content.files if not own.get(number, True)]
    shown = [adopted.get(number, number) for number in named if number in own or number in adopted]
    return replace(
        content,
        html=_readdressed(content.html, draft, adopted),
        files=tuple(dict.fromkeys((*beside, *shown))),
    )


def taken_over(draft: Draft, content: Content) -> Content:
    """Return the content with the files that replace parts of its message. One query for a message
    that is edited again and keeps or shows parts, else none."""
    origin = content.origin
    if origin is None or content.kind != "edit":
        return content
    wanted = of_origin(content)
    became = {number: str(files.number_of_part(draft, origin, number)) for number in wanted}
    there = files.kinds(draft, became.values()) if became else {}
    html = content.html
    for number, file in became.items():
        if file in there:
            own = reverse("mail:draft_file", args=[draft.pk, file])
            html = html.replace(_quoted(part_address(origin, number)), _quoted(own))
    part_files = [became[number] for number in content.keep if became.get(number) in there]
    return replace(
        content,
        html=html,
        keep=tuple(number for number in content.keep if became.get(number) not in there),
        files=tuple(dict.fromkeys((*content.files, *part_files))),
    )


def of_origin(content: Content) -> tuple[str, ...]:
    """Return the numbers of the parts of the answered message that the content keeps or shows, or
    would show if the user returned to formatted text."""
    if content.origin is None:
        return ()
    shown = parts(content.origin, content.html)
    kept_parts = (number for number in content.keep if number != WHOLE)
    return tuple(dict.fromkeys((*kept_parts, *shown)))


def uploads(html: str) -> tuple[str, ...]:
    """Return the numbers of the files of drafts to which a text refers."""
    if "/files/" not in html:
        return ()
    return tuple(dict.fromkeys(number for _draft, number in _UPLOAD.findall(html)))[:MOST]


def is_upload_number(text: str) -> bool:
    """Return whether a text is the number of a file, not that of a part of a message."""
    return bool(re.fullmatch(_NUMBER, text))


def without(html: str, numbers: Collection[str]) -> str:
    """Return a text without its images that are these files of drafts."""
    if not numbers:
        return html
    return _IMAGE.sub(lambda tag: "" if upload(tag[0]) in numbers else tag[0], html)


def _readdressed(html: str, draft: Draft, adopted: Mapping[str, str]) -> str:
    if not adopted:
        return html
    return _UPLOAD.sub(
        lambda match: (
            f"/drafts/{draft.pk}/files/{adopted[match[2]]}" if match[2] in adopted else match[0]
        ),
        html,
    )


def _quoted(address: str) -> str:
    """Return an address as the quoted value of an attribute."""
    return f'"{address.replace("&", "&amp;")}"'
