"""Old address books that are brought to be imported."""

import zipfile

from tools.bench.cost import archives
from tools.bench.cost.attacks import imported

CARD = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:A%d\r\nEMAIL:a%d@b.fr\r\nEND:VCARD\r\n"
COLUMNS = "owner_id, object_id, object_lastname, object_email"
INSERT = b"INSERT INTO turba_objects (%b) VALUES " % COLUMNS.encode()


@imported("a.vcf")
def harmless() -> bytes:
    """One card, to compare the others with."""
    return CARD % (1, 1)


@imported("a.zip")
def zip_bzip2() -> bytes:
    """A bzip2 member that unfolds to a gigabyte and claims 1 kB."""
    return archives.zip_of([(b"a.vcf", archives.BZIP2, archives.bzip2_bomb(), 1_000)])


@imported("a.zip")
def zip_deflated() -> bytes:
    """A deflated member that unfolds to a gigabyte and claims 1 kB."""
    return archives.zip_of([(b"a.vcf", archives.DEFLATE, archives.deflate_bomb(), 1_000)])


@imported("a.zip")
def zip_lzma() -> bytes:
    """An LZMA member that unfolds to 500 MB and claims 1 kB."""
    import io
    import lzma

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_LZMA) as written:
        written.writestr("a.vcf", bytes(1_000))
    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": 2**20}]
    squeeze = lzma.LZMACompressor(lzma.FORMAT_RAW, filters=filters)
    pieces = [squeeze.compress(bytes(10_000_000)) for _ in range(50)]
    data = b"\x09\x04\x05\x00\x5d" + (2**20).to_bytes(4, "little") + b"".join(pieces)
    return archives.zip_of([(b"a.vcf", archives.LZMA, data + squeeze.flush(), 1_000)])


@imported("a.zip")
def zip_members() -> bytes:
    """2,000 members, each with a card."""
    return archives.zip_of(archives.stored(f"{n}.vcf", CARD % (n, n)) for n in range(2_000))


@imported("turba.sql")
def sql_copies() -> bytes:
    """2,500 COPY that are never ended: each has all that follow as rows."""
    return b"COPY turba_objects (object_id) FROM stdin;\n" * 2_500


@imported("turba.sql")
def sql_tables() -> bytes:
    """Beginnings of tables that are never closed."""
    head = b"INSERT INTO turba_objects VALUES (1);\n"
    return head + b"CREATE TABLE turba_objects (\n a\n" * 3_000


@imported("turba.sql")
def sql_inserts() -> bytes:
    """Beginnings of rows."""
    return (INSERT + b"('a', ") * 20_000


@imported("turba.sql")
def sql_quotes() -> bytes:
    """Values of quotes and backslashes that never end."""
    return INSERT + b"('a''\\', \"" * 200_000


@imported("turba.sql")
def sql_rows() -> bytes:
    """500,000 rows."""
    rows = b",".join(b"('a', '%d', 'A%d', 'a%d@b.fr')" % (n, n, n) for n in range(500_000))
    return INSERT + rows + b";\n"


@imported("a.ldif")
def ldif_folded() -> bytes:
    """A value folded into two million lines."""
    return b"dn: cn=a\ncn: a\nmail: a@b.fr\ndescription: a" + b"\n a" * 2_000_000 + b"\n"


@imported("a.ldif")
def ldif_base64() -> bytes:
    """500,000 values in broken base64."""
    return (b"dn:: YQ=\ncn:: Y=Q\nmail: a@b.fr\n" + b"sn:: =====\n" * 40 + b"\n") * 12_000


@imported("a.ldif")
def ldif_members() -> bytes:
    """A group of 100,000 members that are not there."""
    members = b"".join(b"member: cn=a%d,mail=a%d@b.fr\n" % (n, n) for n in range(100_000))
    return b"dn: cn=g\nobjectClass: groupOfNames\ncn: g\n" + members + b"\n"


@imported("a.ldif")
def ldif_blanks() -> bytes:
    """Attributes of blanks and colons."""
    return b"dn: cn=a\ncn: a\nmail: a@b.fr\nsn" + b" : " * 1_000_000 + b"\n"


@imported("a.csv")
def csv_wide() -> bytes:
    """A table of a million columns."""
    return b"Nom;Courriel;" + b"a;" * 1_000_000 + b"\nA;a@b.fr\n"


@imported("a.csv")
def csv_quotes() -> bytes:
    """Quotes that are never closed."""
    return b'Nom;Courriel\n"A;a@b.fr\n' + b'"A""\n' * 500_000


@imported("a.csv")
def csv_dialects() -> bytes:
    """A table that has all separators."""
    return b"Nom,Courriel;Tel\tVille|Pays\n" + b"A,a@b.fr;1\tb|c\n" * 100_000


@imported("a.csv")
def csv_rows() -> bytes:
    """100,000 people."""
    return b"Nom;Courriel\n" + b"".join(b"A%d;a%d@b.fr\n" % (n, n) for n in range(100_000))


@imported("a.csv")
def csv_same_name() -> bytes:
    """20,000 people who may all be the same."""
    return b"Nom;Courriel\n" + b"".join(b"Paul Martin;p%d@b.fr\n" % n for n in range(20_000))


@imported("a.csv")
def csv_cell() -> bytes:
    """A cell of ten megabytes of addresses."""
    return b"Nom;Courriel\nA;" + b"a@b.fr, " * 1_200_000 + b"\n"


@imported("a.csv")
def csv_blanks() -> bytes:
    """Addresses and names of blanks."""
    return b"Nom;Courriel\n" + (b"A" + b" " * 50_000 + b";a" + b" " * 50_000 + b"@b.fr\n") * 20


@imported("a.vcf")
def cards() -> bytes:
    """100,000 cards."""
    return b"".join(CARD % (n, n) for n in range(100_000))


@imported("a.vcf")
def card_soft_breaks() -> bytes:
    """A card of vCard 2.1 whose note is a million soft line breaks."""
    note = b"NOTE;ENCODING=QUOTED-PRINTABLE:" + b"=C3=A9=\r\n" * 1_000_000
    return b"BEGIN:VCARD\r\nVERSION:2.1\r\nN:A\r\n" + note + b"\r\nEND:VCARD\r\n"


@imported("a.vcf")
def card_unfinished() -> bytes:
    """Beginnings of cards."""
    return b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:A\r\n" * 300_000


@imported("a.vcf")
def card_parameters() -> bytes:
    """A line with 300,000 parameters and quotes."""
    line = b"EMAIL" + b';TYPE="home' * 300_000 + b":a@b.fr\r\n"
    return b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:A\r\n" + line + b"END:VCARD\r\n"


@imported("a.vcf")
def card_fields() -> bytes:
    """A card with 200,000 addresses and telephones."""
    lines = b"EMAIL:a@b.fr\r\nTEL:1\r\nADR:;;a;b;c;d;e\r\n" * 100_000
    return b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:A\r\n" + lines + b"END:VCARD\r\n"


@imported("a.vcf")
def card_photos() -> bytes:
    """Cards with the largest picture a few kilobytes can hold."""
    import base64

    from tools.bench.cost.images import png

    photo = base64.b64encode(png(9_000, 9_000))
    line = b"PHOTO;ENCODING=b;TYPE=PNG:" + photo + b"\r\n"
    return (b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:A\r\n" + line + b"END:VCARD\r\n") * 20


@imported("a.txt")
def nobody_knows() -> bytes:
    """20 MB that could be anything."""
    return b"a: b; c, d\t<a@b.fr>\n" * 1_000_000


@imported("a.txt")
def charset() -> bytes:
    """20 MB of letters whose charset nobody can tell."""
    return b"Nom;Courriel\n" + bytes(range(160, 256)) * 200_000
