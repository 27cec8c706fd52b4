"""Signing in by OpenID Connect: a service that the operator names proves who somebody is and as whom they may speak."""
