"""The terms of staff files: columns and their headings, and the problems of a row or a file."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class StaffColumn(TextChoices):
    """The columns of a staff file that are imported."""

    NUMEN = "numen", "NUMEN"
    BORN = "born", _("date of birth")
    LAST_NAME = "last_name", _("last name")
    FIRST_NAME = "first_name", _("first name")
    LOGIN = "login", _("login")
    ADDRESS = "address", _("address")
    DOMAIN = "domain", _("mail domain")
    UAI = "school_uai", _("school (UAI)")
    SCHOOL = "school", _("school, by UAI or name")
    SCHOOL_NAME = "school_name", _("name of the school")
    DISCIPLINE = "discipline", _("discipline")
    FUNCTION = "function", _("function")
    ACTIVE = "is_active", _("active")


class StaffImportFailure(TextChoices):
    """The reason why a file, or its import, failed."""

    EMPTY = "empty", _("The file is empty.")
    NO_ROWS = "no-rows", _("The file has headings and no row.")
    TOO_LARGE = "too-large", _("The file is too large: 100 MB at most.")
    SPREADSHEET = (
        "spreadsheet",
        _(
            "This is a spreadsheet or a zip archive, not a CSV file. Open it in the program that"
            " made it and save it as CSV UTF-8."
        ),
    )
    NOT_TEXT = "not-text", _("This is a PDF or an image, not a CSV file.")
    WEB_PAGE = (
        "web-page",
        _(
            "This is a web page, not a CSV file. The session of the program that exports may have"
            " ended: sign in there again."
        ),
    )
    MACINTOSH = (
        "macintosh",
        _("The file is written in the charset of old Macintosh programs. Save it as CSV UTF-8."),
    )
    CHARSET = "charset", _("The file holds bytes that are no text in its charset.")
    HEADINGS = (
        "headings",
        _("Columns are missing. The first line must name the columns as the template does."),
    )
    AMBIGUOUS = "ambiguous", _("Two columns have the same heading.")
    TOO_MANY_COLUMNS = "too-many-columns", _("The first line is too long, or has too many columns.")
    LONG_LINE = (
        "long-line",
        _(
            "A line is longer than any row of staff can be. Is a quotation mark opened, and never"
            " closed?"
        ),
    )
    ALL_REFUSED = "all-refused", _("Every row was refused: nothing was imported.")
    NO_KEY = (
        "no-key",
        _("No key for NUMENs is set (WEBMAIL_NUMEN_KEYS), so nothing can be imported."),
    )
    GONE = "gone", _("The uploaded file is gone. Upload it again.")
    INTERRUPTED = (
        "interrupted",
        _("The import was interrupted: nothing was imported. Upload the file again."),
    )
    OVERTAKEN = (
        "overtaken",
        _(
            "The staff records have changed since the file was checked: nothing was imported."
            " Upload the file again."
        ),
    )
    BROKEN = "broken", _("The import stopped because of a fault of the program.")


class RowProblem(TextChoices):
    """The reason why a row was refused."""

    EMPTY = "empty", _("is empty")
    FORM = "form", _("has not the right form")
    NUMEN = "numen", _("is no NUMEN, which is like 20E0500000ZZZ")
    TOO_LONG = "too-long", _("is too long")
    CHARACTER = "character", _("holds characters that are not allowed")
    FORMULA = "formula", _("begins like a formula (= + - @)")
    IMPOSSIBLE = "impossible", _("is no possible date")
    AGE = "age", _("lies in the future, or makes the person too young or too old")
    UNKNOWN_DOMAIN = "unknown-domain", _("belongs to no mail domain of this webmail")
    TOO_MANY_CELLS = "too-many-cells", _("has more cells than there are headings")
    REPEATED = "repeated", _("stands in another line too")
    TAKEN = "taken", _("belongs to another staff record")


# The headings in French files; case, accents and punctuation do not matter. If a file has several
# headings for one column, the first one here is used.
HEADINGS: dict[StaffColumn, tuple[str, ...]] = {
    StaffColumn.NUMEN: ("NUMEN", "N° NUMEN", "Numéro NUMEN", "Code NUMEN"),
    StaffColumn.BORN: (
        "Date de naissance",
        "Date naissance",
        "DateNaissance",
        "Date nais.",
        "Naissance",
        "Né(e) le",
        "Né le",
        "Birth date",
        "Date of birth",
    ),
    StaffColumn.LAST_NAME: (
        "Nom d’usage",
        "Nom usage",
        "Nom usuel",
        "Nom",
        "Nom de famille",
        "Nom patronymique",
        "Nom de naissance",
        "Last name",
        "Surname",
    ),
    StaffColumn.FIRST_NAME: ("Prénom", "Prénom usuel", "Prénoms", "Prénom(s)", "First name"),
    StaffColumn.LOGIN: (
        "Identifiant",
        "Login",
        "Identifiant de messagerie",
        "Identifiant messagerie",
        "Identifiant académique",
        "Compte",
        "Compte de messagerie",
        "UID",
    ),
    StaffColumn.ADDRESS: (
        "Adresse",
        "Adresse de messagerie",
        "Adresse messagerie",
        "Adresse électronique",
        "Adresse e-mail",
        "Adresse email",
        "Adresse mail",
        "Adresse courriel",
        "Adresse académique",
        "Courriel",
        "Courriel académique",
        "Courriel professionnel",
        "Mél",
        "Mél académique",
        "E-mail",
        "Email",
        "Mail",
        "Address",
    ),
    StaffColumn.DOMAIN: ("Domaine", "Domaine de messagerie", "Domaine messagerie", "Domain"),
    StaffColumn.UAI: (
        "UAI",
        "Code UAI",
        "UAI établissement",
        "UAI de l’établissement",
        "UAI d’affectation",
        "RNE",
        "Code RNE",
        "RNE établissement",
        "Code établissement",
    ),
    StaffColumn.SCHOOL: ("Établissement", "Établissement d’affectation", "Affectation", "School"),
    StaffColumn.SCHOOL_NAME: (
        "Nom de l’établissement",
        "Nom établissement",
        "Libellé établissement",
        "Libellé de l’établissement",
        "Établissement (libellé)",
        "Dénomination",
        "Name of the school",
    ),
    StaffColumn.DISCIPLINE: (
        "Discipline",
        "Discipline de poste",
        "Libellé discipline",
        "Matière",
        "Spécialité",
    ),
    StaffColumn.FUNCTION: (
        "Fonction",
        "Libellé fonction",
        "Corps",
        "Corps/Grade",
        "Grade",
        "Qualité",
        "Function",
    ),
    StaffColumn.ACTIVE: ("Actif", "Position", "Situation", "Statut", "En activité", "Active"),
}
REQUIRED = (StaffColumn.NUMEN, StaffColumn.BORN, StaffColumn.LAST_NAME, StaffColumn.ADDRESS)

# The headings of the template: one for each column, in correct French.
TEMPLATE: dict[StaffColumn, str] = {
    StaffColumn.NUMEN: "NUMEN",
    StaffColumn.LAST_NAME: "Nom",
    StaffColumn.FIRST_NAME: "Prénom",
    StaffColumn.BORN: "Date de naissance",
    StaffColumn.ADDRESS: "Adresse",
    StaffColumn.LOGIN: "Identifiant",
    StaffColumn.DOMAIN: "Domaine",
    StaffColumn.UAI: "UAI",
    StaffColumn.SCHOOL_NAME: "Nom de l’établissement",
    StaffColumn.DISCIPLINE: "Discipline",
    StaffColumn.FUNCTION: "Fonction",
    StaffColumn.ACTIVE: "Actif",
}
