"""The sign-in service: what it says of itself, its keys, and the exchange of a code for a proof.

Only addresses of the issuer's own host are asked, within a time and a size; so a document that somebody else has
written cannot send us anywhere.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote_plus, urlencode, urlsplit

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.discovery import get_well_known_url
from joserfc.jwk import Key

from desk.access.oidc import tokens
from desk.access.oidc.sealing import derived
from desk.access.oidc.settings import OidcSettings, oidc_settings, voices_by_value
from desk.access.oidc.tokens import NotProven, UnknownKey
from streams.clock import monotonic
from streams.notices.channels.http import Answer, Http, LostError, UnsentError
from streams.notices.channels.settings import url_place
from streams.notices.egress import Egress
from streams.settings import Settings

log = logging.getLogger(__name__)

BACK: Final = "/sign-in/back"
"""Where the service sends a browser back to."""
ENDED: Final = "/sign-in/ended"
"""Where the service tells us that somebody signed out there."""
SIGNED_OUT: Final = "/signed-out"
KNOWN_FOR_S: Final = 3_600.0
"""How long it is believed what the service says of itself, and which keys it has."""
KEYS_ANEW_S: Final = 30.0
"""How often at most its keys are asked for anew because a token names one that we do not know."""
NOT_ASKED_S: Final = 3.0
"""For how long it is not asked again after it could not be reached: whoever comes then need not wait too."""
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_ENDING: Final = "end_session_endpoint"


class Unreachable(Exception):  # noqa: N818 - what happened, in words
    """The service could not be reached, or did not answer as one must."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Who somebody is: the service's opaque name for them and for their session there, and all that it says."""

    subject: str
    sid: str | None
    ends_at: float
    """When the token ends, in seconds since 1970."""
    raw: str
    claims: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ending:
    """Whom the service has signed out, or which of its sessions, and when it said so, in seconds since 1970."""

    subject: str | None
    sid: str | None
    said_at: float


@dataclass
class Provider:
    """One sign-in service; asked at most once at a time, and what it says is remembered for a while."""

    settings: OidcSettings
    by_value: Mapping[str, str] | None = None
    """The voice for each value of its claim, where that is not the voice itself."""
    tick: Callable[[], float] = monotonic
    _metadata: dict[str, Any] = field(default_factory=dict)
    _keys: Sequence[Key] = ()
    _metadata_at: float = float("-inf")
    _keys_at: float = float("-inf")
    _silent_at: float = float("-inf")
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def issuer(self) -> str:
        """Who it is."""
        return self.settings.issuer or ""

    async def way_in(self, secret: str, language: str) -> str:
        """The address at the service where somebody signs in; state, nonce and verifier are made of the secret."""
        said = await self._known()
        return str(
            prepare_grant_uri(
                said["authorization_endpoint"], self.settings.client_id, "code",
                redirect_uri=self.address(BACK), scope=self.settings.scopes, state=state_of(secret),
                nonce=derived(secret, "nonce"), code_challenge=create_s256_code_challenge(derived(secret, "verifier")),
                code_challenge_method="S256", ui_locales=language,
            )
        )  # fmt: skip

    async def way_out(self, hint: str | None, language: str) -> str | None:
        """The address at the service where somebody signs out there too; None if it has none."""
        said = await self._known()
        if _ENDING not in said:
            return None
        asked = {
            "client_id": self.settings.client_id, "post_logout_redirect_uri": self.address(SIGNED_OUT),
            "ui_locales": language, **({"id_token_hint": hint} if hint else {}),
        }  # fmt: skip
        return f"{said[_ENDING]}{'&' if '?' in said[_ENDING] else '?'}{urlencode(asked)}"

    def address(self, path: str) -> str:
        """The whole address of a page of the desk, as browsers and the service know it."""
        return (self.settings.base_url or "").rstrip("/") + path

    async def proof(self, code: str, secret: str, now: datetime) -> Proof:
        """Who somebody is that came back with a code; raises ``NotProven`` or ``Unreachable``."""
        said = await self._known()
        answer = await self._redeemed(said["token_endpoint"], code, derived(secret, "verifier"))
        raw, meant = answer.get("id_token"), {**self._for(now), "access_token": answer.get("access_token")}
        nonce = derived(secret, "nonce")
        claims = await self._with_keys(lambda keys: tokens.id_token(raw, keys, nonce=nonce, **meant))
        subject, sid = claims["sub"], claims.get("sid")
        if not tokens.is_opaque(subject) or not (sid is None or tokens.is_opaque(sid)):
            raise NotProven(tokens.NOT_WHOLE)
        return Proof(subject, sid, float(claims["exp"]), str(raw), claims)

    async def signed_out(self, raw: str, now: datetime) -> Ending:
        """Whom, or which session there, a logout token is about; raises ``NotProven`` or ``Unreachable``."""
        await self._known()
        claims = await self._with_keys(lambda keys: tokens.logout_token(raw, keys, **self._for(now)))
        return Ending(claims.get("sub"), claims.get("sid"), float(claims["iat"]))

    async def answers_as(self, issuer: str) -> bool:
        """Whether an answer that names this issuer (none: empty) is the service's own."""
        said = await self._known()
        if issuer:
            return issuer == self.issuer
        return said.get("authorization_response_iss_parameter_supported") is not True

    def _for(self, now: datetime) -> dict[str, Any]:
        return {"issuer": self.issuer, "client_id": self.settings.client_id or "", "now": now}

    async def _redeemed(self, endpoint: str, code: str, verifier: str) -> dict[str, Any]:
        settings = self.settings
        body = prepare_token_request(
            "authorization_code", code=code, redirect_uri=self.address(BACK), code_verifier=verifier
        )
        # A colon or what is not ASCII in either part stays what it is (RFC 6749, 2.3.1).
        secret = settings.client_secret.get_secret_value() if settings.client_secret is not None else ""
        quoted = quote_plus if settings.client_auth == "basic" else str
        login = ClientAuth(quoted(settings.client_id or ""), quoted(secret), f"client_secret_{settings.client_auth}")
        endpoint, headers, body = login.prepare("POST", endpoint, dict(_FORM), body)
        answer = await self._asked("POST", endpoint, headers, body.encode())
        if answer.status == 200:
            return _object(answer.body)
        if 400 <= answer.status < 500:
            log.warning("the sign-in service refused a code: %s", _error_in(answer.body))
            raise NotProven(tokens.NOT_TAKEN)
        raise Unreachable

    async def _with_keys(self, check: Callable[[Sequence[Key]], Mapping[str, Any]]) -> Mapping[str, Any]:
        """Check a token by the keys that we know, and once more by newer ones if it names another."""
        try:
            return check(await self._key_set(KNOWN_FOR_S))
        except UnknownKey:
            pass
        try:
            return check(await self._key_set(KEYS_ANEW_S))
        except UnknownKey:
            raise NotProven(tokens.UNSIGNED) from None

    async def _known(self) -> Mapping[str, Any]:
        """What the service says of itself."""
        async with self._one:
            if self.tick() - self._metadata_at > KNOWN_FOR_S:
                address = get_well_known_url(self.issuer, external=True)
                self._metadata = self._believed(_object((await self._got(address)).body))
                self._metadata_at = self.tick()
            return self._metadata

    def _believed(self, said: dict[str, Any]) -> dict[str, Any]:
        own = urlsplit(self.issuer)[:2]
        at = {name: said[name] for name in (*_ENDPOINTS, _ENDING) if isinstance(said.get(name), str)}
        away = [name for name, address in at.items() if urlsplit(address)[:2] != own or not address.isascii()]
        away += [name for name in _ENDPOINTS if name not in at]
        if said.get("issuer") != self.issuer or away:
            log.warning("what the sign-in service says of itself is not believed: %s", ", ".join(away) or "issuer")
            raise Unreachable
        return said

    async def _key_set(self, within_s: float) -> Sequence[Key]:
        """The service's keys, as they were not longer ago than this."""
        async with self._one:
            if self.tick() - self._keys_at > within_s:
                self._keys = tokens.keys_in(_object((await self._got(self._metadata["jwks_uri"])).body))
                self._keys_at = self.tick()
            return self._keys

    async def _got(self, address: str) -> Answer:
        if self.tick() - self._silent_at < NOT_ASKED_S:
            raise Unreachable
        try:
            answer = await self._asked("GET", address, {"Accept": "application/json"}, None)
        except Unreachable:
            self._silent_at = self.tick()
            raise
        if answer.status != 200:
            raise Unreachable
        return answer

    async def _asked(self, method: str, address: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        place = url_place(self.issuer)
        http = Http(Egress([place], inside=[place]), self.settings.ca_file)
        try:
            return await http.exchange(method, address, headers=headers, body=body, within_s=self.settings.within_s)
        except (UnsentError, LostError) as error:
            log.warning("the sign-in service cannot be reached: %s", error)
            raise Unreachable from None
        finally:
            await http.close()


def provider_of(settings: Settings) -> Provider | None:
    """The sign-in service of these settings, None where they name none; ``SettingsError`` where they cannot be used."""
    found = oidc_settings(settings)
    return Provider(found, voices_by_value(found)) if found is not None else None


def state_of(secret: str) -> str:
    """What the service gives back with the browser, by which we know that it is the one which began."""
    return derived(secret, "state")


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Unreachable
    return found


def _error_in(body: bytes) -> str:
    """The code of the service's error, which is no secret; whatever else it says is not logged."""
    try:
        code = _object(body).get("error")
    except Unreachable:
        code = None
    return code if isinstance(code, str) and code.isascii() and code.replace("_", "").isalnum() else "unknown"
