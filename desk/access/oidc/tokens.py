"""Tokens of the sign-in service: believed only if signed by a key of its own, for us, now, and for this sign-in."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import ClaimError, ExpiredTokenError, InvalidKeyIdError, JoseError, UnsupportedAlgorithmError
from joserfc.jwk import ECKey, Key, KeySet, RSAKey, import_key
from joserfc.jws import JWSRegistry

from desk.words import mark as N_  # noqa: N812 - as gettext calls it

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""How a token may be signed: by a private key that only the service has; never by none, nor by a shared secret."""
LEEWAY_S: Final = 60
"""By how much the service's clock may differ from ours."""
LONGEST: Final = 65_536
KEYS_AT_MOST: Final = 50
SIGNED_OUT: Final = "http://schemas.openid.net/event/backchannel-logout"
_KINDS: Final = ("RSA", "EC")
_OF_ANOTHER: Final = N_("it was made for another program, or by another service")
_REASONS: Final[Mapping[str, str]] = {
    "iss": _OF_ANOTHER,
    "aud": _OF_ANOTHER,
    "azp": _OF_ANOTHER,
    "nonce": N_("it was made for another sign-in"),
    "iat": N_("by its time it comes from the future: the clocks differ"),
    "nbf": N_("by its time it comes from the future: the clocks differ"),
}
EXPIRED: Final = N_("it has expired")
UNSIGNED: Final = N_("it is not signed by a key of the service")
NOT_WHOLE: Final = N_("it is not whole")
NOT_TAKEN: Final = N_("it was used before, or is too old")


class NotProven(Exception):  # noqa: N818 - what happened, in words
    """A token that is not believed; the text is the reason as half a sentence, in English."""


class UnknownKey(Exception):  # noqa: N818 - what happened, in words
    """The token names a key that is not among those of the service that we know."""


def keys_in(document: Mapping[str, Any]) -> Sequence[Key]:
    """The public keys for signatures in a key set; what is no such key is left out."""
    listed = document.get("keys")
    found = []
    for one in listed[:KEYS_AT_MOST] if isinstance(listed, list) else ():
        if isinstance(one, dict) and one.get("kty") in _KINDS and one.get("use", "sig") == "sig":
            try:
                key = import_key({name: value for name, value in one.items() if name != "key_ops"})
            except (JoseError, ValueError, TypeError, KeyError, AttributeError, OverflowError):
                continue
            found.append(key)
    return [one for one in found if isinstance(one, RSAKey | ECKey)]


def id_token(
    raw: object, keys: Sequence[Key], *, issuer: str, client_id: str, nonce: str, access_token: object, now: datetime
) -> Mapping[str, Any]:
    """The claims of an ID token; raises ``NotProven``, or ``UnknownKey`` where newer keys may help."""
    params = {"nonce": nonce, "client_id": client_id}
    if isinstance(access_token, str):
        params["access_token"] = access_token
    return _checked(raw, keys, _options(issuer, client_id), params, now)


def logout_token(raw: object, keys: Sequence[Key], *, issuer: str, client_id: str, now: datetime) -> Mapping[str, Any]:
    """The claims of a logout token, which names a person or a session; raises as ``id_token`` does."""
    options = _options(issuer, client_id)
    claims = _checked(raw, keys, options, {"client_id": client_id}, now, needed=("iss", "aud", "iat", "jti", "events"))
    events = claims["events"]
    if "nonce" in claims or not isinstance(events, dict) or not isinstance(events.get(SIGNED_OUT), dict):
        raise NotProven(NOT_WHOLE)
    if not any(is_opaque(claims.get(name)) for name in ("sub", "sid")):
        raise NotProven(NOT_WHOLE)
    return claims


def is_opaque(value: object) -> bool:
    """Whether it is a name as the service gives people and their sessions."""
    return isinstance(value, str) and 0 < len(value) <= 255 and value.isascii() and value.isprintable()


def _options(issuer: str, client_id: str) -> dict[str, dict[str, Any]]:
    return {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client_id}}


def _checked(
    raw: object, keys: Sequence[Key], options: Mapping[str, Any], params: Mapping[str, str], now: datetime,
    needed: Collection[str] | None = None,
) -> Mapping[str, Any]:  # fmt: skip
    if not isinstance(raw, str) or not raw.isascii() or len(raw) > LONGEST:
        raise NotProven(NOT_WHOLE)
    try:
        token = jwt.decode(raw, _the_key(keys), registry=JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False))
        made = _claims_of(needed)(token.claims, token.header, options, params)
        made.validate(now=int(now.timestamp()), leeway=LEEWAY_S)
    except InvalidKeyIdError:
        raise UnknownKey from None
    except ExpiredTokenError:
        raise NotProven(EXPIRED) from None
    except ClaimError as fault:
        raise NotProven(_REASONS.get(str(fault.claim), NOT_WHOLE)) from None
    except (UnsupportedAlgorithmError, JoseError, ValueError, TypeError, KeyError, AttributeError, OverflowError):
        raise NotProven(UNSIGNED) from None
    return dict(made)


def _claims_of(needed: Collection[str] | None) -> Any:  # noqa: ANN401 - a class of a library without types
    if needed is None:
        return CodeIDToken
    return type("LogoutToken", (CodeIDToken,), {"ESSENTIAL_CLAIMS": list(needed)})


def _the_key(keys: Sequence[Key]) -> Callable[[Any], Key]:
    """Finds the key that a token names; one that names none is believed only where there is one key it can be."""

    def find(of: Any) -> Key:  # noqa: ANN401 - the library's own view of a token
        header = of.headers()
        named = header.get("kid")
        fit = [one for one in KeySet(list(keys)).keys if named is None or one.kid == named]
        fit = [one for one in fit if one.alg in (None, header.get("alg"))]
        if len(fit) != 1:
            raise InvalidKeyIdError
        return fit[0]

    return find
