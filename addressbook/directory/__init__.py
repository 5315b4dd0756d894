"""The authority's own people, read only: `filling` fills the directory from the staff records and
from `ldap`, `finding` searches it for the page."""
