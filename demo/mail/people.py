"""The people who write messages: the academy's own people, families, and others."""

from email.headerregistry import Address

DOMAIN = "ac-exemple.fr"


def _own(name: str, local: str) -> Address:
    return Address(name, local, DOMAIN)


DURAND = _own("Françoise Durand", "francoise.durand")
MORVAN = _own("Claire Morvan", "claire.morvan")
GUERIN = _own("Nathalie Guérin", "nathalie.guerin")

BENALI = _own("Karim Benali", "karim.benali")
VASSEUR = _own("Élodie Vasseur", "elodie.vasseur")
ROCHE = _own("Julien Roche", "julien.roche")
THUILLIER = _own("Marie-Hélène Thuillier", "marie-helene.thuillier")
LEFORT = _own("David Lefort", "david.lefort")
PHAM = _own("Linh Pham", "linh.pham")
DELATTRE = _own("Thomas Delattre, CPE", "thomas.delattre")
CARON = _own("Sandrine Caron, infirmière", "sandrine.caron")
SCHOOL_LIFE = _own("Vie scolaire – Les Aubépines", "vie-scolaire.aubepines")
OFFICE = _own("Secrétariat – Les Aubépines", "secretariat.aubepines")
STORES = _own("Intendance – Les Aubépines", "intendance.aubepines")

EXAMS = _own("Rectorat, division des examens", "division-examens")
TRAINING = _own("Rectorat, école de formation", "formation")
POSTS = _own("Rectorat, gestion des personnels", "gestion-personnels")
COMPUTING = _own("Assistance académique", "assistance")
NEWSLETTER = _own("Académie d’Exemple", "lettre-information")

MUSEUM = Address("Musée de l’Orle – publics scolaires", "scolaires", "musee-orle.example")
THEATRE = Address("Théâtre des Sept-Ponts", "relations-publiques", "sept-ponts.example")
COACHES = Address("Autocars Bellevue", "devis", "autocars-bellevue.example")
MARINE = Address("Centre nautique de Port-Garance", "sejours", "port-garance.example")
BRENNAN = Address("Aoife Brennan", "a.brennan", "hillbrook-school.example")


def parent(name: str, local: str, domain: str = "courriel.example") -> Address:
    return Address(name, local, domain)
