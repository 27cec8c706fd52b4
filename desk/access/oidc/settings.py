"""The settings of the sign-in service, each ``WORKORDERS_OIDC_`` and its name in capitals; without an issuer none."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from desk.access.granting import WHOLE
from models.premises import ScopeKind
from streams.notices.channels.settings import url_place
from streams.protection import Existing, refusal
from streams.settings import LOOPBACK, PREFIX, Settings, SettingsError, load

OIDC_PREFIX: Final = f"{PREFIX}OIDC_"
OPENID: Final = "openid"
_NEEDED: Final = ("issuer", "client_id", "client_secret")


def _reachable(url: str) -> str:
    """An address of a service, encrypted unless it is on this machine."""
    try:
        url_place(url)
    except ValueError as fault:
        raise refusal(str(fault)) from None
    parts = urlsplit(url)
    if parts.query or parts.fragment or "?" in url or "#" in url:
        raise refusal("write it without ? and #")
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise refusal("it must begin with https")
    return url


def _asks_who(scopes: str) -> str:
    if OPENID not in scopes.split():
        raise refusal(f"it must hold {OPENID}")
    return " ".join(scopes.split())


Address = Annotated[str, AfterValidator(_reachable)]


class OidcSettings(BaseSettings):
    """Which service people sign in with, who we are to it, and what its claims mean."""

    model_config = SettingsConfigDict(env_prefix=OIDC_PREFIX, frozen=True, extra="forbid", validate_default=True)

    issuer: Address | None = None
    """The service, exactly as its tokens name it; nothing of any other host is asked for or believed."""
    client_id: Annotated[str, Field(pattern=r"^[!-~]{1,255}$")] | None = None
    client_secret: SecretStr | None = None
    client_auth: Literal["basic", "post"] = "basic"
    """Whether the secret goes to the service in a header or in the form."""
    base_url: Address | None = None
    """Where browsers reach the desk, and are sent back to; not set, that of the notices."""
    scopes: Annotated[str, AfterValidator(_asks_who)] = OPENID
    claim: Annotated[str, Field(min_length=1, max_length=200)] = "roles"
    """The claim of the ID token that says as whom somebody may speak: a text, or a list of them."""
    marked: Annotated[str, Field(max_length=100)] = "workorders:"
    """What those of its values begin with that are meant for this desk; the others are nothing to us."""
    roles: Existing | None = None
    """A TOML file that says for each value (behind the mark) the voice; not set, the value is the voice itself."""
    ca_file: Existing | None = None
    """Certificates that sign the service's; the system's own if not set."""
    within_s: Annotated[float, Field(gt=0, le=60, allow_inf_nan=False)] = 5.0
    """How long any one answer of the service is waited for."""
    back_channel: bool = False
    """Whether the service tells us when somebody signs out there; if not, a session ends with its ID token."""
    keys: bool = True
    """Whether people may sign in with a key of the API too."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.issuer is None and self.model_fields_set:
            given = sorted(f"{OIDC_PREFIX}{name.upper()}" for name in self.model_fields_set)
            raise refusal(f"{', '.join(given)} mean nothing without {OIDC_PREFIX}ISSUER")
        missing = [f"{OIDC_PREFIX}{name.upper()}" for name in _NEEDED if getattr(self, name) is None]
        if self.issuer is not None and missing:
            raise refusal(f"{OIDC_PREFIX}ISSUER needs {' and '.join(missing)}")
        return self


def oidc_settings(settings: Settings) -> OidcSettings | None:
    """The settings of the sign-in service, None where there is none; ``SettingsError`` has a sentence for each fault.

    The address of the desk is that of the notices where it has none of its own.
    """
    found = load(OidcSettings)
    if found.issuer is None:
        return None
    if settings.is_embedded:
        raise SettingsError(
            f"{OIDC_PREFIX}ISSUER needs a {PREFIX}BROKER on servers: with the embedded broker the desk is for this "
            "machine only, and a role is chosen."
        )
    if found.base_url is None and settings.notices.base_url is None:
        raise SettingsError(
            f"{OIDC_PREFIX}BASE_URL is not set, nor {PREFIX}NOTICES_BASE_URL: the sign-in service must know where to "
            "send people back to."
        )
    return found if found.base_url else found.model_copy(update={"base_url": settings.notices.base_url})


def voices_by_value(settings: OidcSettings) -> Mapping[str, str] | None:
    """The voice for each value of the claim, as the file has it; None without a file, where a value is the voice."""
    if settings.roles is None:
        return None
    try:
        found = tomllib.loads(settings.roles.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _file_fault(settings.roles, f"it cannot be read: {error}") from None
    table = found.pop("roles", None)
    if found or not isinstance(table, dict) or not table:
        raise _file_fault(settings.roles, 'it must hold the one table [roles], each line "value" = "role:scope:of"')
    for value, voice in table.items():
        if not isinstance(voice, str) or not is_voice(voice):
            raise _file_fault(settings.roles, f"{value} is {voice!r}: write role:scope:of, such as ldu-head:ldu:west")
    return table


def is_voice(text: str) -> bool:
    """Whether a text is written as a voice is: role, scope and of whom, with colons between."""
    role, _, rest = text.partition(":")
    reach, _, of = rest.partition(":")
    return bool(role and of) and reach in {*ScopeKind} and (reach != ScopeKind.DIVISION or of == WHOLE)


def _file_fault(file: Path, reason: str) -> SettingsError:
    return SettingsError(f"{OIDC_PREFIX}ROLES is {str(file)!r}: {reason}.")
