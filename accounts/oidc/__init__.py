"""Sign-in to other services: an OpenID Connect provider, allauth's with stricter rules.

`keys` reads what signs, `adapter` says who somebody is, `rules` refuses what allauth lets pass.
"""
