"""The authority's own people, read only: `filling` from the staff records and from `ldap`,
`finding` for the page."""
