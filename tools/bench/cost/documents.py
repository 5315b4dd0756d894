"""Attached texts: calendars, cards, tables, Markdown, RTF, and nested messages."""

from tools.bench.cost.attacks import attached, mailed
from tools.bench.cost.letters import html, letter, multipart, part

CALENDAR = "text/calendar; charset=utf-8; method=REQUEST"
LINE = "\r\n"


def calendar(*lines: str) -> bytes:
    return LINE.join(["BEGIN:VCALENDAR", "VERSION:2.0", *lines, "END:VCALENDAR", ""]).encode()


def event(*lines: str) -> str:
    first = ["BEGIN:VEVENT", "UID:1", "DTSTART:20261128T100000Z", "SUMMARY:Réunion"]
    return LINE.join([*first, *lines, "END:VEVENT"])


def invitation(content: bytes) -> bytes:
    return multipart([part("a", "text/plain"), part(content, CALENDAR)], "alternative")


@mailed
def calendar_rule() -> bytes:
    """An event every second for ever, with as many exceptions as there is room for."""
    out = "EXDATE:" + ",".join(f"2026112{n % 9}T1000{n % 60:02}Z" for n in range(50_000))
    return invitation(calendar(event("RRULE:FREQ=SECONDLY;INTERVAL=1", out)))


@mailed
def calendar_rules() -> bytes:
    """An event with rules of every kind that never meet a day."""
    rule = "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;BYSETPOS=-1;COUNT=999999999"
    return invitation(calendar(event(*[rule] * 2_000)))


@mailed
def calendar_events() -> bytes:
    """100,000 events."""
    return invitation(calendar(*[event()] * 100_000))


@mailed
def calendar_folded() -> bytes:
    """A summary folded into a million lines."""
    return invitation(calendar(event("DESCRIPTION:a" + "\r\n a" * 1_000_000)))


@mailed
def calendar_zones() -> bytes:
    """20,000 time zones, of which each has rules."""
    zone = LINE.join(["BEGIN:VTIMEZONE", "TZID:Z{n}", "BEGIN:STANDARD", "DTSTART:16010101T000000",
                      "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", "TZOFFSETFROM:+0200",
                      "TZOFFSETTO:+0100", "END:STANDARD", "END:VTIMEZONE"])  # fmt: skip
    zones = (zone.replace("{n}", str(n)) for n in range(20_000))
    return invitation(calendar(*zones, event("DTEND;TZID=Z19999:20261128T110000")))


@mailed
def calendar_nested() -> bytes:
    """Components in one another, 200,000 deep."""
    return invitation(calendar("BEGIN:VEVENT\r\n" * 200_000))


@mailed
def calendar_attendees() -> bytes:
    """An event with 50,000 people."""
    who = 'ATTENDEE;CN="Paul, Zoé";PARTSTAT=NEEDS-ACTION;ROLE=REQ-PARTICIPANT:mailto:a@exemple.fr'
    return invitation(calendar(event(*[who] * 50_000)))


@mailed
def calendar_parameters() -> bytes:
    """A field with 100,000 parameters, and quotes that never end."""
    return invitation(calendar(event("ATTENDEE" + ';CN="a' * 100_000 + ":mailto:a@b.fr")))


@mailed
def calendar_duration() -> bytes:
    """A duration and dates of 5,000 digits."""
    nines = "9" * 5_000
    return invitation(calendar(event(f"DURATION:P{nines}W", f"DTEND:{nines}T000000")))


@attached("a.vcf", "text/vcard")
def cards() -> bytes:
    """50,000 cards."""
    return b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:A\r\nEMAIL:a@b.fr\r\nEND:VCARD\r\n" * 50_000


@attached("a.vcf", "text/vcard")
def card_parameters() -> bytes:
    """A card with a line of 100,000 parameters."""
    line = b"EMAIL" + b";TYPE=home" * 100_000 + b":a@b.fr\r\n"
    return b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:A\r\n" + line + b"END:VCARD\r\n"


@attached("a.vcf", "text/vcard")
def card_soft_breaks() -> bytes:
    """A note of quoted-printable lines that all go on."""
    line = b"NOTE;ENCODING=QUOTED-PRINTABLE:" + b"=C3=A9=\r\n" * 300_000
    return b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:A\r\n" + line + b"\r\nEND:VCARD\r\n"


@attached("a.vcf", "text/vcard")
def card_nested() -> bytes:
    """Cards in cards."""
    return b"BEGIN:VCARD\r\nAGENT:\r\n" * 100_000


@attached("a.vcf", "text/vcard")
def card_photo() -> bytes:
    """A card with a picture of 15 MB."""
    photo = b"PHOTO;ENCODING=b;TYPE=JPEG:" + b"\r\n ".join([b"/9j/" * 18] * 200_000)
    return b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:A\r\n" + photo + b"\r\nEND:VCARD\r\n"


@attached("a.csv", "text/csv")
def csv_wide() -> bytes:
    """A row of a million columns."""
    return b"a;" * 1_000_000


@attached("a.csv", "text/csv")
def csv_rows() -> bytes:
    """Two million rows."""
    return b"a;b;c\n" * 2_000_000


@attached("a.csv", "text/csv")
def csv_quotes() -> bytes:
    """Quotes that are never closed."""
    return b'a;"b\n' * 1_000_000


@attached("a.csv", "text/csv")
def csv_separators() -> bytes:
    """A table that has all separators."""
    return b"a,b;c\td|e:f\n" * 500_000


@attached("a.md", "text/markdown")
def markdown_brackets() -> bytes:
    """Brackets in brackets."""
    return b"[" * 100_000 + b"](" * 100_000


@attached("a.md", "text/markdown")
def markdown_emphasis() -> bytes:
    """Stars and underscores."""
    return b"*a_ **b_ " * 60_000


@attached("a.md", "text/markdown")
def markdown_quotes() -> bytes:
    """Quotes and lists in one another."""
    return (b">" * 2_000 + b"- " * 500 + b"a\n") * 100


@attached("a.md", "text/markdown")
def markdown_ticks() -> bytes:
    """Runs of backticks, each of another length."""
    return b" ".join(b"`" * n for n in range(1, 1_000))


@attached("a.md", "text/markdown")
def markdown_references() -> bytes:
    """50,000 references and their definitions."""
    return b"[a][b]\n\n[b]: https://exemple.fr/\n" * 20_000


@attached("a.md", "text/markdown")
def markdown_tables() -> bytes:
    """A table of 5,000 columns."""
    return b"|a" * 5_000 + b"|\n" + b"|-" * 5_000 + b"|\n" + b"|b\n" * 20_000


@attached("a.md", "text/markdown")
def markdown_html() -> bytes:
    """HTML and entities in Markdown."""
    return b"<div>\n\n<a " * 40_000 + b"&" * 100_000


@attached("a.rtf", "application/rtf")
def rtf_groups() -> bytes:
    """An RTF file of groups in one another."""
    return rb"{\rtf1 " + b"{" * 1_000_000


@attached("a.txt", "text/plain")
def text_line() -> bytes:
    """A text of one line of 20 MB."""
    return b"a" * 20_000_000


@attached("a.txt", "text/plain")
def text_lines() -> bytes:
    """A text of ten million lines."""
    return b"\n" * 10_000_000


@attached("a.txt", "text/plain; charset=utf-16")
def text_charset() -> bytes:
    """A text whose charset nobody can tell."""
    return bytes(range(128, 256)) * 100_000


@attached("a.eml", "message/rfc822")
def message() -> bytes:
    """A nested message with the worst style sheet."""
    return html("<p>a", " " * 40_000 + ";")


@attached("a.eml", "application/octet-stream")
def message_with_parts() -> bytes:
    """A message kept as a file, of 5,000 parts."""
    return multipart([part("a", "text/plain", "Content-Disposition: attachment")] * 5_000)


@attached("a.mbox", "application/mbox")
def mbox() -> bytes:
    """A file of 10,000 messages."""
    return (b"From a@b.fr Sat Nov 28 10:00:00 2026\n" + letter("a")) * 10_000


@attached("a.xml", "application/xml")
def xml() -> bytes:
    """XML with entities that multiply."""
    steps = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e0 "a">{steps}]><a>&e9;</a>'.encode()


@attached("a.json", "application/json")
def json() -> bytes:
    """JSON of brackets in one another."""
    return b"[" * 5_000_000
