"""Header fields."""

from tools.bench.cost.attacks import mailed
from tools.bench.cost.letters import letter, multipart, part


def folded(words: str, piece: str, count: int) -> str:
    """A field of many lines."""
    return words + ("\r\n " + piece) * count


@mailed
def commas() -> list[bytes]:
    """Eight messages with 99,000 commas in From, To and Cc."""
    field = ("," * 900 + "\r\n ") * 110
    lines = [f"To: {field}", f"Cc: {field}", f"Reply-To: {field}"]
    one = letter("a", fields=lines).replace(b"From: ", f"From: {field}".encode(), 1)
    return [one] * 8


@mailed
def recipients() -> bytes:
    """100,000 recipients."""
    return letter("a", fields=[folded("Cc: a@exemple.fr", ", b@exemple.fr" * 50, 2_000)])


@mailed
def fifty_with_recipients() -> list[bytes]:
    """A page of messages with 2,000 recipients each."""
    return [letter("a", fields=[folded("Cc: a@b.fr", ", b@exemple.fr" * 50, 40)])] * 50


@mailed
def references() -> bytes:
    """100,000 references."""
    ids = (f"<{n}@exemple.fr>" for n in range(100_000))
    return letter("a", fields=["References: " + "\r\n ".join(ids)])


@mailed
def long_chains() -> list[bytes]:
    """30 messages that name 3,000 others each."""
    ids = [f"<{n}@exemple.fr>" for n in range(3_000)]
    return [letter("a", fields=["References: " + "\r\n ".join(ids)])] * 30


@mailed
def received() -> bytes:
    """20,000 hops."""
    hop = "Received: from a.exemple.fr (b [10.0.0.1]) by c.exemple.fr; Sat, 28 Nov 2026 10:00:00 +0"
    return letter("a", fields=[hop] * 20_000)


@mailed
def encoded_words() -> bytes:
    """A subject of 10,000 encoded words side by side."""
    return letter("a", subject="=?utf-8?q?=C3=A9?=" + "\r\n =?utf-8?q?=C3=A9?=" * 10_000)


@mailed
def broken_encoded_words() -> bytes:
    """Encoded words that are never closed."""
    return letter("a", subject=folded("a", "=?utf-8?q?" * 80, 600))


@mailed
def encoded_words_in_charsets() -> bytes:
    """Encoded words in stateful and unknown charsets."""
    words = "=?iso-2022-jp?b?GyRCJCIbKEI=?= =?x-inconnu?q?a?= =?utf-7?q?+AGE-?="
    return letter("a", subject=folded("a", words, 8_000))


@mailed
def continuations() -> bytes:
    """A file name of 10,000 continuations (RFC 2231)."""
    name = ";\r\n".join(f" filename*{n}*=utf-8''%C3%A9" for n in range(10_000))
    return multipart([part("a", "text/plain"), _file(f"attachment;{name}")])


@mailed
def parameters() -> bytes:
    """A part with 50,000 parameters."""
    named = ";\r\n".join(f" p{n}=a" for n in range(50_000))
    return multipart([part("a", "text/plain"), _file(f"attachment;\r\n{named}")])


@mailed
def unclosed_quotes() -> bytes:
    """Parameters with quotes and backslashes that never end."""
    return multipart([part("a", "text/plain"), _file('attachment; filename="' + '\\"' * 100_000)])


def _file(disposition: str) -> bytes:
    return part("a", "application/octet-stream", f"Content-Disposition: {disposition}")


@mailed
def long_subject() -> bytes:
    """A subject of a megabyte."""
    return letter("a", subject=folded("a", "Re: Tr: " * 100, 1_200))


@mailed
def long_lines() -> bytes:
    """One field, one line, five megabytes."""
    return letter("a", fields=["X-Long: " + "a" * 5_000_000])


@mailed
def many_fields() -> bytes:
    """200,000 fields."""
    return letter("a", fields=["X: a"] * 200_000)


@mailed
def comments() -> bytes:
    """Comments in comments of an address."""
    return letter("a", fields=[folded("Reply-To: a@exemple.fr ", "(" * 900, 100)])


@mailed
def quoted_names() -> bytes:
    """A name of quotes and backslashes."""
    return letter("a", fields=[folded('Reply-To: "', '\\"a"' * 200, 300) + " <a@b.fr>"])


@mailed
def groups() -> bytes:
    """30,000 groups of addresses."""
    return letter("a", fields=[folded("Cc: a:;", "b: c@exemple.fr;" * 10, 3_000)])


@mailed
def routes() -> bytes:
    """Angle brackets in angle brackets."""
    return letter("a", fields=[folded("Reply-To: ", "<@a,@b:" * 100, 900)])


@mailed
def authentication() -> bytes:
    """10,000 verdicts of mail servers, with comments in them."""
    field = "Authentication-Results: mx.exemple.fr; dkim=pass (((( header.d=a.fr; spf=fail"
    return letter("a", fields=[field] * 10_000)


@mailed
def long_authentication() -> bytes:
    """One verdict with 50,000 results."""
    start = "Authentication-Results: mx.exemple.fr"
    return letter("a", fields=[folded(start, "; dkim=pass header.d=a.fr" * 30, 1_700)])


@mailed
def unsubscribing() -> bytes:
    """20,000 ways to leave a list."""
    field = folded("List-Unsubscribe: <mailto:a@b.fr>", ", <https://exemple.fr/a>" * 20, 1_000)
    return letter("a", fields=[field, "List-Unsubscribe-Post: List-Unsubscribe=One-Click"])


@mailed
def list_id() -> bytes:
    """A list's name of half a megabyte."""
    return letter("a", fields=[folded("List-Id: a", "<a.b " * 180, 600)])


@mailed
def dates() -> bytes:
    """A date of 400,000 digits, comments and blanks."""
    made = letter("a")
    date = folded("Date: Sat, 28 Nov ", "(" * 400 + "9" * 400, 500)
    return made.replace(b"Date: Sat, 28 Nov 2026 10:00:00 +0100", date.encode(), 1)


@mailed
def resent() -> bytes:
    """10,000 reminders of having been sent again, and receipts asked for by many."""
    fields = ["Resent-From: a@exemple.fr"] * 10_000
    asked = folded("Disposition-Notification-To: a@b.fr", ", c@exemple.fr" * 50, 400)
    return letter("a", fields=[*fields, asked])


@mailed
def autocrypt() -> bytes:
    """Keys of a megabyte in fields that nobody reads."""
    field = folded("Autocrypt: addr=a@exemple.fr; keydata=", "A" * 900, 1_000)
    return letter("a", fields=[field, field])
