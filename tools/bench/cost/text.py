"""Plain text: quotes, flowed lines, addresses, signatures, and what stands inside it."""

from tools.bench.cost.attacks import mailed
from tools.bench.cost.letters import letter

FLOWED = "text/plain; charset=utf-8; format=flowed; delsp=yes"


@mailed
def quote_depth() -> bytes:
    """Lines quoted 500 times."""
    return letter((">" * 500 + " a\r\n") * 2_000)


@mailed
def rising_depth() -> bytes:
    """Each line is quoted once more than the one before."""
    return letter("".join(">" * n + " a\r\n" for n in range(1_400)))


@mailed
def changing_depth() -> bytes:
    """Quoted and plain lines by turns."""
    return letter("> a\r\nb\r\n" * 120_000)


@mailed
def flowed() -> bytes:
    """A paragraph of 300,000 flowed lines."""
    return letter("a \r\n" * 240_000, FLOWED)


@mailed
def flowed_quotes() -> bytes:
    """Flowed lines at ever other depths."""
    return letter("".join(">" * (n % 90) + " a \r\n" for n in range(20_000)), FLOWED)


@mailed
def long_line() -> bytes:
    """A line of a megabyte."""
    return letter("a" * 990_000)


@mailed
def blanks() -> bytes:
    """A line of blanks of a megabyte."""
    return letter("a" + " " * 990_000 + "b")


@mailed
def addresses() -> bytes:
    """Beginnings of web addresses."""
    return letter("http://www." * 90_000)


@mailed
def addresses_with_brackets() -> bytes:
    """Web addresses with brackets that are to be balanced."""
    return letter("http://exemple.fr/" + "(" * 200_000 + ")" * 300_000 + " ")


@mailed
def addresses_with_stops() -> bytes:
    """Web addresses that end in many stops."""
    return letter(("http://exemple.fr/a" + ".,;:!?" * 2_000 + " ") * 80)


@mailed
def mail_addresses() -> bytes:
    """What is nearly a mail address."""
    return letter("a.a" * 150_000 + "@" + "b-." * 150_000)


@mailed
def at_signs() -> bytes:
    """At signs and letters."""
    return letter("a@" * 490_000)


@mailed
def angles() -> bytes:
    """Lines of opened angle brackets."""
    return letter(("<" * 60 + "\r\n") * 15_000)


@mailed
def signatures() -> bytes:
    """Beginnings of signatures alone."""
    return letter("-- \r\n" * 190_000)


@mailed
def introductions() -> bytes:
    """Lines that nearly introduce a quote."""
    return letter("Le lun. 12 mai 2026 à 10:00, Paul <paul@exemple.fr> \r\n" * 18_000)


@mailed
def one_introduction() -> bytes:
    """An introduction of 900,000 characters."""
    return letter("Le " + "12 mai 2026 " * 75_000 + "a écrit :\r\n> a")


@mailed
def forwarded() -> bytes:
    """Heads of forwarded messages without an end."""
    return letter("-----Message d'origine-----\r\nDe : a\r\nEnvoyé : b\r\n" * 18_000)


@mailed
def uuencoded() -> bytes:
    """20,000 short uuencoded files."""
    return letter("begin 644 a.txt\r\n#86)C\r\n`\r\nend\r\n" * 25_000)


@mailed
def uuencoded_unfinished() -> bytes:
    """Uuencoded files that never end."""
    return letter("begin 644 a.txt\r\n#86)C\r\n" * 38_000)


@mailed
def pgp_blocks() -> bytes:
    """Signed texts of PGP in a row."""
    head = "-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\na\r\n"
    tail = "-----BEGIN PGP SIGNATURE-----\r\n\r\nabcd\r\n-----END PGP SIGNATURE-----\r\n"
    return letter((head + tail) * 7_000)


@mailed
def pgp_unfinished() -> bytes:
    """Beginnings of PGP blocks."""
    return letter("-----BEGIN PGP MESSAGE-----\r\n\r\n" * 30_000)


@mailed
def controls() -> bytes:
    """Control characters, marks of direction and combining accents."""
    return letter("\u202e\u0301\u200b\u0007" * 120_000)


@mailed
def large() -> bytes:
    """22 MB of text."""
    return letter("Bonjour à tous, https://exemple.fr/ > a\r\n" * 500_000)


@mailed
def quoted_printable() -> bytes:
    """Soft line breaks alone."""
    return letter("=\r\n" * 300_000, fields=["Content-Transfer-Encoding: quoted-printable"])
