"""Sign-in by an OpenID Connect provider, whose client the webmail is.

In the opposite direction, `accounts.oidc` is the provider of other services.
"""
