"""Signing in by a provider of OpenID Connect: the webmail is the service there.

The other way round, `accounts.oidc` is the provider of other services.
"""
