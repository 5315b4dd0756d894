"""Move the users of another webmail here, with their identities, contacts and preferences.

`source` opens the other database, which is only read; `roundcube` and `horde` read its users into
`values.FormerUser`, with the help of `texts` (wrong charsets) and `likes` (equivalent preferences).
`writing` writes a user in one transaction, `running` does so for all, and `reporting` reports what
was moved and what was left out.
"""
