"""Lines as logs show them: what the protocol says stays, what it is about goes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail import masking
from mail.masking import IMAP, SIEVE, SMTP

SECRETS = (
    "hunter2",
    "soleil",
    "Alice Martin",
    "alice@ac-exemple.fr",
    "Conseil de classe",
    "Élodie",
)


@pytest.mark.parametrize(
    ("protocol", "line", "shown"),
    [
        (IMAP, b'ABCD1 LOGIN alice "hunter2"', "ABCD1 LOGIN …16"),
        (IMAP, b"ABCD1 LOGIN 123456 123456", "ABCD1 LOGIN …14"),
        (IMAP, b"w3 AUTHENTICATE PLAIN AGFsaWNl", "w3 AUTHENTICATE PLAIN …9"),
        (IMAP, b"ABCD2 UID FETCH 1:3,7 (FLAGS BODY.PEEK[1]<0.2000>)", None),
        (IMAP, b'ABCD3 UID SEARCH CHARSET UTF-8 SUBJECT "soleil" SINCE 1-Jan-2026', ""),
        (IMAP, b"ABCD3 SEARCH TEXT 12345", "ABCD3 SEARCH TEXT …5"),
        (IMAP, b'ABCD4 SELECT "INBOX.soleil"', 'ABCD4 SELECT "INBOX.…6"'),
        (IMAP, b"ABCD5 STATUS soleil (MESSAGES)", "ABCD5 STATUS …6 (MESSAGES)"),
        (SMTP, b"MAIL FROM:<alice@ac-exemple.fr> SIZE=1200 BODY=8BITMIME", None),
        (SMTP, b"AUTH PLAIN AGFsaWNl", "AUTH PLAIN …9"),
        (SIEVE, b'PUTSCRIPT "soleil" {12+}', 'PUTSCRIPT "…6" {12+}'),
    ],
)
def test_a_command_stays_and_what_it_is_about_goes(
    protocol: str, line: bytes, shown: str | None
) -> None:
    masked = masking.client_line(protocol, line)
    if shown:
        assert masked == shown
    elif shown is None:
        expected = line.decode().replace("<alice@ac-exemple.fr>", "<…19>")
        assert masked == expected
    else:
        assert "SUBJECT" in masked and "soleil" not in masked


@pytest.mark.parametrize(
    ("protocol", "line", "shown"),
    [
        (
            IMAP,
            b"ABCD1 NO [AUTHENTICATIONFAILED] Authentication failed.",
            "ABCD1 NO [AUTHENTICATIONFAILED] Authentication failed.",
        ),
        (IMAP, b"ABCD1 BAD Unknown command soleil (12345)", "ABCD1 BAD Unknown command …6 (…5)"),
        (IMAP, b"* OK [UIDVALIDITY 42] UIDs valid", "* OK [UIDVALIDITY 42] …4 valid"),
        (
            IMAP,
            b"* CAPABILITY IMAP4rev1 X-NEW AUTH=PLAIN",
            "* CAPABILITY IMAP4rev1 X-NEW AUTH=PLAIN",
        ),
        (
            IMAP,
            b'* LIST (\\HasNoChildren) "." "INBOX.soleil"',
            '* LIST (\\HasNoChildren) "." "INBOX.…6"',
        ),
        (IMAP, b'* NAMESPACE (("INBOX." ".")) NIL NIL', '* NAMESPACE (("INBOX." ".")) NIL NIL'),
        (
            IMAP,
            b'* 1 FETCH (BODYSTRUCTURE ("TEXT" "PLAIN" ("NAME" "soleil.txt") NIL NIL "7BIT" 4))',
            '* 1 FETCH (BODYSTRUCTURE ("TEXT" "PLAIN" ("NAME" "…10") NIL NIL "7BIT" 4))',
        ),
        (
            IMAP,
            b'* 1 FETCH (ENVELOPE ("date" "soleil" NIL))',
            '* 1 FETCH (ENVELOPE ("…4" "…6" NIL))',
        ),
        (IMAP, b"+ eyJzdGF0dXMiOiI0MDEifQ==", "+ …25"),
        (SMTP, b"250-SIZE 10240000", "250-SIZE 10240000"),
        (
            SMTP,
            b"553 5.7.1 <alice@ac-exemple.fr>: Sender address rejected: not owned by user alice",
            "553 5.7.1 …22 Sender address rejected: not owned by user …5",
        ),
        (SMTP, b"334 UGFzc3dvcmQ6", "334 …12"),
        (SIEVE, b'"SIEVE" "fileinto vacation"', '"SIEVE" "fileinto vacation"'),
        (SIEVE, b'NO "line 3: unknown command soleil"', 'NO "line …2 unknown command …6"'),
        (SIEVE, b'"soleil" ACTIVE', '"…6" ACTIVE'),
    ],
)
def test_an_answer_stays_and_what_it_is_about_goes(protocol: str, line: bytes, shown: str) -> None:
    assert masking.server_line(protocol, line) == shown


@pytest.mark.parametrize("protocol", [IMAP, SMTP, SIEVE])
@given(st.text('abcdefghij ()[]{}"<>\\éü=:.@*+-\r', max_size=60), st.sampled_from(SECRETS))
def test_no_line_however_broken_shows_a_secret(protocol: str, around: str, secret: str) -> None:
    middle = len(around) // 2
    line = f"{around[:middle]} {secret} {around[middle:]}".encode()
    for mask in (masking.client_line, masking.server_line):
        assert secret not in mask(protocol, line)


def test_a_long_line_is_cut() -> None:
    line = b"ABCD1 UID FETCH " + b"1," * 50_000 + b"2 (FLAGS)"
    assert len(masking.client_line(IMAP, line)) < masking.LONGEST_LINE + 20
