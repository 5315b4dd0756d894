"""Move the users of another webmail here, with their identities, contacts and preferences.

`source` opens the other database, which is only read; `roundcube` and `horde` read its users into
`values.FormerUser`, with the help of `texts` (wrong charsets) and `likes` (equivalent preferences).
`writing` writes a user in one transaction, `running` does so for all, and `reporting` reports what
was moved and what was left out. `telling` tells each user, by `context` and `views`.

Nothing imports this app, which is in use as long as users move: without its line in
`INSTALLED_APPS` its commands, its notice and its address are gone.
"""
