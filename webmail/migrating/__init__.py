"""The users of another webmail, brought here with their identities, contacts and preferences.

`source` opens its database, which is never written to; `roundcube` and `horde` read one user after
another into a `values.Person`, by way of `texts` (charsets that were mistaken) and `likes` (which
preference is like which). `writing` writes a person in one transaction, `running` does so for all,
and `reporting` tells what was brought and what was left out.
"""
