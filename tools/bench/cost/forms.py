"""What is typed into forms, by somebody who is signed in or a stranger."""

import base64
import uuid
from collections.abc import Callable

from tools.bench.cost.attacks import played, typed
from tools.bench.cost.images import png
from tools.bench.cost.scene import INBOX, SIGN_IN, Scene

MEGABYTE = 1_000_000
COMPOSER = "/compose/"
NEW_CONTACT = "/contacts/new/"


def typed_everywhere(text: str) -> Callable[[Scene], None]:
    """Into each text field of each form of the settings."""

    def play(scene: Scene) -> None:
        for path in (
            NEW_CONTACT, "/contacts/groups/new/", "/preferences/", "/preferences/identities/",
            "/preferences/canned/", "/rules/new/", "/rules/absence/", "/rules/raw/", "/tags/",
            "/folders/", "/adverts/senders/", "/account/password/", COMPOSER,
            "/contacts/duplicates/", "/contacts/export/",
        ):  # fmt: skip
            scene.person.fill(path, {}, text)

    return play


@played
def megabytes(scene: Scene) -> None:
    """A megabyte in each field of each form."""
    typed_everywhere("a" * MEGABYTE)(scene)


@played
def blanks(scene: Scene) -> None:
    """200,000 blanks between two letters in each field of each form."""
    typed_everywhere("a" + " " * 200_000 + "b")(scene)


@played
def commas(scene: Scene) -> None:
    """Commas, quotes and brackets in each field of each form."""
    typed_everywhere(',"<(@:;\\' * 10_000)(scene)


@played
def addresses(scene: Scene) -> None:
    """What is nearly a list of addresses in each field of each form."""
    typed_everywhere("a@a.fr " * 20_000)(scene)


@played
def lines(scene: Scene) -> None:
    """100,000 lines in each field of each form."""
    typed_everywhere("a\r\n" * 100_000)(scene)


@typed(COMPOSER, "to", do="save")
def recipients_blanks() -> str:
    """A recipient between 5,000 blanks and as many again."""
    return "a@b.fr," + " " * 5_000 + "x@b.fr" + " " * 5_000 + ",c"


@typed(COMPOSER, "to", "cc", "bcc", do="save")
def recipients_surname() -> str:
    """Blanks after what may be a surname."""
    return "MARTIN," + " " * 20_000 + "<a@b.fr"


@typed(COMPOSER, "to", do="save")
def recipients_quotes() -> str:
    """Quotes that are never closed."""
    return '"a\\' * 100_000


@typed(COMPOSER, "to", do="save")
def recipients_angles() -> str:
    """Opened angle brackets."""
    return "<a" * 150_000


@typed(COMPOSER, "to", do="save")
def recipients_many() -> str:
    """25,000 recipients."""
    return ", ".join(f"a{n}@exemple.fr" for n in range(25_000))[:390_000]


@typed(COMPOSER, "to", do="send", subject="a", body="a")
def recipients_sent() -> str:
    """25,000 recipients, and it is to leave."""
    return ", ".join(f"a{n}@exemple.fr" for n in range(25_000))[:390_000]


@typed(COMPOSER, "to", do="save")
def recipients_colons() -> str:
    """Groups without an end."""
    return "a:" * 150_000


@typed(COMPOSER, "subject", do="save")
def subject() -> str:
    """A subject of 900 letters that are all to be encoded."""
    return "é" * 900


@typed(COMPOSER, "html", do="save", format="html")
def composed_spans() -> str:
    """A megabyte of nested spans, as pasted."""
    return "<span style='color:red'>" * 41_000


@typed(COMPOSER, "html", do="send", format="html", to="alice@ac-exemple.fr", subject="a")
def composed_sent() -> str:
    """A megabyte of paragraphs, which is sent, and turned into plain text."""
    return "<p class=MsoNormal style='mso-a:b'><b>a</b><o:p></o:p></p>" * 16_000


@typed(COMPOSER, "html", do="save", format="html")
def composed_quotes() -> str:
    """Quotes in quotes."""
    return "<blockquote type=cite>" * 40_000


@typed(COMPOSER, "html", do="save", format="html")
def composed_images() -> str:
    """20,000 images in data: addresses."""
    return "<img src='data:image/png;base64,iVBORw0KGgo='>" * 20_000


@typed(COMPOSER, "html", do="save", format="html")
def composed_style() -> str:
    """A style attribute of a megabyte."""
    return f"<p style='{'color:red;' * 90_000}'>a</p>"


@typed(COMPOSER, "body", do="send", format="plain", to="alice@ac-exemple.fr", subject="a")
def composed_text() -> str:
    """A plain text of one line of a megabyte, which is sent."""
    return "a " * 490_000


@typed(COMPOSER, "body", do="send", format="plain", to="alice@ac-exemple.fr", subject="a")
def composed_promises() -> str:
    """A text full of words that promise an attachment."""
    return "ci-joint en pièce jointe " * 38_000


@played
def draft_saves(scene: Scene) -> None:
    """Fifty drafts of a megabyte, saved one after the other."""
    for n in range(50):
        data = {"html": f"<p>{n}{'a ' * 490_000}", "format": "html", "kind": "new"}
        scene.person.post(f"/drafts/{uuid.UUID(int=n + 1)}/save/", data)


@played
def draft_files(scene: Scene) -> None:
    """A file by the composer: a large image with the longest name, then in the text."""
    number = uuid.UUID(int=77)
    for query in ("", "?inline=1"):
        headers = {"X-File-Name": "a" * 6_000 + ".png", "X-File-Type": "image/png"}
        body = png(9_000, 9_000)
        scene.person.post(f"/drafts/{number}/files/{query}", body, headers=headers)
    scene.person.get(f"/drafts/{number}/")


@typed("/preferences/canned/", "html", name="a", text="a")
def canned_answer() -> str:
    """A standard answer of nested elements."""
    return "<div>" * 190_000


@typed("/preferences/identities/", "html", name="a", text="a")
def signature() -> str:
    """A signature of nested elements."""
    return "<b><i><p>" * 100_000


@played
def signature_image(scene: Scene) -> None:
    """A picture of 9,000 by 9,000 pixels below the signature, and of a contact."""
    file = ("a.png", png(9_000, 9_000), "image/png")
    scene.person.fill("/preferences/identities/", {"text": "a"}, files={"image": file})
    scene.person.fill(NEW_CONTACT, {"last_name": "A"}, files={"photo": file})


@typed(NEW_CONTACT, "notes", last_name="A")
def contact_notes() -> str:
    """A note of a megabyte of words."""
    return "é\r\n," * 250_000


@played
def group_of_many(scene: Scene) -> None:
    """A group of 100,000 addresses, and its recipients."""
    page = scene.person.fill("/contacts/groups/new/", {"name": "a"})
    group = page.url.rstrip("/").rpartition("/")[2].partition("?")[0]
    many = "\n".join(f"a{n}@exemple.fr" for n in range(100_000))
    scene.person.post(f"/contacts/groups/{group}/addresses/", {"external": many})
    for path in ("", "edit/", "recipients/"):
        scene.person.get(f"/contacts/groups/{group}/{path}")


@typed("/contacts/groups/new/", "name", "external")
def group_blanks() -> str:
    """A group whose addresses are blanks."""
    return "Paul" + " " * 50_000 + "<a"


@played
def contact_search(scene: Scene) -> None:
    """Long words to find contacts by, and to complete."""
    for words in ("a" * 5_000, "a " * 2_500, "%_" * 2_000, "é-'" * 1_500):
        scene.person.get("/contacts/?q=" + words)
        scene.person.get("/contacts/complete/?q=" + words)
        scene.person.get("/contacts/directory/?q=" + words)


@played
def search(scene: Scene) -> None:
    """10,000 words, brackets in brackets, quotes and operators in the search."""
    scene.mailbox.append(b"Subject: attaque\r\n\r\na")
    for words in (
        "a " * 10_000, "(" * 10_000, '"a ' * 6_000, "-" * 10_000, "from:" * 4_000, "NOT " * 5_000,
        "before:" + "9" * 5_000, "é OR " * 4_000, "a" * 30_000,
    ):  # fmt: skip
        scene.person.get("/search/?q=" + words)
        scene.person.get("/search/suggestions/?text=" + words)


@played
def search_addresses(scene: Scene) -> None:
    """A thousand dates, sizes and flags at once in the search."""
    words = "de:a à:b objet:c avant:2026-11-28 taille:>1M est:lu "
    scene.person.get("/search/?q=" + words * 150)


@played
def queries(scene: Scene) -> None:
    """Lists asked for with long numbers, names and many fields."""
    for query in (
        "page=" + "9" * 5_000, "sort=" + "a" * 30_000, "&".join(["a=b"] * 8_000),
        "after=" + "1-" * 5_000, "newer=" + "1" * 5_000 + "-1", "rows=" + "9" * 20,
    ):  # fmt: skip
        scene.person.get(f"{INBOX}?{query}")
    scene.person.get("/mail/" + "~2F" * 1_300 + "a/")
    scene.person.get("/mail/INBOX/1-1/view/" + "1." * 200 + "1/")


@played
def folder_names(scene: Scene) -> None:
    """Folders with long and deep names."""
    for name in (
        "a" * 4_000,
        "/".join("a" * 60),
        "é" * 1_000,
        "a" + " " * 3_000 + "b",
        "~" * 2_000,
    ):
        data = {"verb": "create", "name": name, "folder": "", "to": ""}
        scene.person.post("/folders/change/", data)
    scene.person.get("/folders/")


@played
def selection(scene: Scene) -> None:
    """Actions on 6,000 messages that are not there."""
    refs = [f"1-{n}" for n in range(1, 5_900)]
    data = {"verb": "flag", "refs": refs, "found": "a" * 900_000}
    scene.person.post(f"{INBOX}act/", data)
    scene.person.post("/search/selection/", data)


@played
def check_addresses(scene: Scene) -> None:
    """5,900 addresses to be judged at once, and long ones."""
    many = [f"a@{'gmial.co' * 30}{n}" for n in range(5_900)]
    scene.person.post("/compose/check/", {"address": many})


@played
def rule_wildcards(scene: Scene) -> None:
    """A rule that matches *a*a*a*b, tried on mail."""
    for _ in range(20):
        scene.mailbox.append(b"Subject: " + b"a" * 2_000 + b"\r\n\r\na")
    for pattern in ("*a*a*a*a*b", "*a" * 70 + "b", "?*" * 100 + "b"):
        data = {
            "name": "a", "match": "all", "g0-match": "all", "g0-0-test": "subject:matches",
            "g0-0-value": pattern, "a0-kind": "read", "do": "try",
        }  # fmt: skip
        scene.person.post("/rules/new/", data)


@played
def rule_lines(scene: Scene) -> None:
    """A rule of 5,000 lines."""
    data = {f"g{n // 50}-{n % 50}-test": "subject:contains" for n in range(5_000)}
    data |= {f"g{n}-match": "all" for n in range(100)}
    scene.person.post("/rules/new/", {**data, "name": "a", "a0-kind": "read", "do": "try"})
    scene.person.post("/rules/new/", {**data, "name": "a", "a0-kind": "read", "do": "save"})


def script(text: str) -> Callable[[Scene], None]:
    """What is put into the editor of scripts, read again, and put back as a rule."""

    def play(scene: Scene) -> None:
        scene.person.fill("/rules/raw/", {"text": text})
        scene.person.get("/rules/")
        form = {"do": "put-back", "number": "1", "text": text, "requires": "a " * 1_000}
        scene.person.post("/rules/", form)

    return play


@played
def sieve_nested(scene: Scene) -> None:
    """A script of blocks in one another."""
    script("if true {" * 20_000 + "stop;" + "}" * 20_000)(scene)


@played
def sieve_tests(scene: Scene) -> None:
    """A script of tests in tests."""
    script("if " + "not " * 50_000 + "true { stop; }")(scene)


@played
def sieve_strings(scene: Scene) -> None:
    """A script of strings that are never closed."""
    script('"\\"' * 100_000)(scene)


@played
def sieve_comments(scene: Scene) -> None:
    """A script of comments, the last one open."""
    script("/* a */ # b\n" * 20_000 + "/*" * 20_000)(scene)


@played
def sieve_texts(scene: Scene) -> None:
    """A script of texts that are never ended."""
    script("text:\n" * 60_000)(scene)


@played
def sieve_lists(scene: Scene) -> None:
    """A script with a list of 30,000 addresses."""
    many = ",".join(f'"a{n}@b.fr"' for n in range(20_000))
    script(f'if address :is "from" [{many}] {{ stop; }}')(scene)


@played
def sieve_rules(scene: Scene) -> None:
    """A script of 5,000 rules."""
    rule = '# rule:[a]\nif header :contains "subject" "a" { stop; }\n'
    script(rule * 5_000)(scene)


# --- strangers ---


@played
def sign_in(scene: Scene) -> None:
    """A megabyte of letters, blanks and at signs as login and password."""
    for text in ("a" * MEGABYTE, "a" + " " * MEGABYTE, "@" * 250, "é" * 250, "a." * 120 + "@a"):
        scene.stranger.fill(SIGN_IN, {"login": text, "password": text})


@played
def lookup(scene: Scene) -> None:
    """A megabyte as NUMEN and date of birth."""
    for text in ("1" * MEGABYTE, " " * MEGABYTE, "1/" * 400_000, "à" * 100_000):
        scene.stranger.fill("/lookup/", {"numen": text, "birth": text})


@played
def strength(scene: Scene) -> None:
    """The longest passwords there may be, to be judged."""
    for text in ("a" * 128, "aA1!" * 64, "qwerty" * 40, "0" * 5_000, "motdepasse1" * 20):
        scene.person.post("/account/password/strength/", {"new": text})


@played
def autodiscover(scene: Scene) -> None:
    """Outlook's question: deep, with entities, and long."""
    steps = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    for body in (
        "<a>" * 20_000, f'<!DOCTYPE a [<!ENTITY e0 "a">{steps}]><a>&e9;</a>', "<a " * 20_000,
        "<EMailAddress>" + "a" * 60_000 + "@b.fr</EMailAddress>", "a" * 4_000_000,
    ):  # fmt: skip
        scene.stranger.post("/autodiscover/autodiscover.xml", body.encode())
    scene.stranger.get("/mail/config-v1.1.xml?emailaddress=" + "a@" * 10_000)


@played
def services(scene: Scene) -> None:
    """Other applications' questions with long parameters."""
    long = "a" * 20_000
    for path in ("/identity/o/authorize", "/identity/o/logout"):
        scene.stranger.get(f"{path}?client_id={long}&redirect_uri=https://{long}&scope={'a+' * 9}")
        scene.person.get(f"{path}?client_id={long[:9]}&state={long}&id_token_hint={'a.' * 5_000}")
    for form in ({"grant_type": long, "code": long, "client_id": long, "client_secret": long},
                 {"grant_type": "refresh_token", "refresh_token": "a." * 400_000}):  # fmt: skip
        scene.stranger.post("/identity/o/api/token", form)
    bearer = base64.b64encode(b"a" * 30_000).decode()
    scene.stranger.post("/identity/o/api/userinfo", headers={"Authorization": f"Bearer {bearer}"})


@played
def languages(scene: Scene) -> None:
    """Header fields as long as the server takes them."""
    for field in (
        "Accept_Language", "Cookie", "X_Forwarded_For", "User_Agent", "Range", "HX_Target",
        "If_None_Match", "Accept_Encoding",
    ):  # fmt: skip
        for text in ("fr;q=0.1, " * 5_000, "a=b; " * 9_000, "9" * 50_000):
            scene.stranger.get(SIGN_IN, **{field: text.strip(", ")})


@played
def fields(scene: Scene) -> None:
    """A form with 5,990 fields, and one with a hundred files."""
    data = {f"a{n}": "a" * 800 for n in range(5_990)}
    scene.stranger.get(SIGN_IN)
    scene.stranger.post(SIGN_IN, data)
    files = {f"f{n}": ("a" * 900, b"a" * 900_000) for n in range(99)}
    scene.person.post(COMPOSER, {"do": "attach"}, files=files)
