"""Sign-in to other services: allauth's OpenID Connect provider with stricter rules.

`keys` parses the signing keys, `adapter` makes the claims about a user, `rules` refuses requests
that allauth would accept.
"""
