"""Settings: every switch of the running system, read once from the environment and never changed.

A setting is an environment variable named ``WORKORDERS_`` and its field in capitals. So that a password need not stand
in the environment, a secret one may stand in a file instead: in one that ``WORKORDERS_KAFKA_PASSWORD_FILE`` names, or
in one of the setting's name in small letters in ``/run/secrets`` (``workorders_kafka_password``).
What is misspelt, malformed or contradicts another setting stops the start with one sentence for each fault.
"""

import os
import re
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, TypeVar, get_args
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from streams.notice_settings import NoticeSettings
from streams.protection import PREFIX as PREFIX  # noqa: PLC0414 - the others know it from here
from streams.protection import Existing, KafkaSecurity, LedgerSecurity, home_expanded, refusal

SECRETS: Final = Path("/run/secrets")
EMBEDDED: Final = "embedded"
LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
"""The addresses that only this machine itself reaches."""

OTHER_FAMILIES: Final = (
    "WORKORDERS_DESK_",
    "WORKORDERS_LANGUAGE",
    "WORKORDERS_NOTICES_",
    "WORKORDERS_OIDC_",
    "WORKORDERS_WATCHER_",
)
"""Settings of other parts, which read and check their own with ``load``."""

_SERVER: Final = re.compile(r"(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})")
_FILE: Final = "_FILE"
_LEDGER: Final = re.compile(r"sqlite(\+aiosqlite)?:///(?!:memory:).+|postgresql(\+psycopg)?://.+")


class SettingsError(Exception):
    """The settings cannot be used; the text is one sentence for each fault, naming key, value and reason."""


def default_data_dir() -> Path:
    """Where data is kept unless set: ``$XDG_DATA_HOME/workorders``, else ``~/.local/share/workorders``.

    It does not depend on the current directory, for a ledger that is found only from one directory is a ledger
    that seems to have forgotten every open order when the command is given in another.
    """
    configured = Path(os.environ.get("XDG_DATA_HOME", ""))
    home = configured if configured.is_absolute() else Path("~/.local/share").expanduser()
    return home / "workorders"


def _lower(value: Any) -> Any:  # noqa: ANN401 - whatever the environment holds, before its type is checked
    return value.lower() if isinstance(value, str) else value


def _is_ledger(value: SecretStr) -> SecretStr:
    url = value.get_secret_value()
    if not _LEDGER.fullmatch(url) or not _has_a_sound_port(url):
        raise refusal("write sqlite:///<absolute file> or postgresql://<user>:<password>@<host>/<database>")
    return value


def _has_a_sound_port(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=10_000)]


class Settings(KafkaSecurity, LedgerSecurity):
    """The settings of the movement. Names end in their unit: ``_s`` seconds, ``_ms`` milliseconds."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", validate_default=True)

    broker: str = EMBEDDED
    """``embedded`` for the broker inside this process, else ``host:port``, several with commas between."""
    ledger: Annotated[SecretStr, AfterValidator(_is_ledger)] | None = None
    """The ledger's URL; not set, a SQLite file ``ledger.db`` in ``data_dir``. It may hold a password."""
    data_dir: Annotated[Path, BeforeValidator(home_expanded)] = Field(default_factory=default_data_dir)
    estate: Existing | None = None
    """An estate file; not set, the estate that ships with the system."""
    policy: Existing | None = None
    """A policy file; not set, the policy that ships with the system."""

    group: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")] = "workorders"
    topic_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,60}$")] = ""
    partitions: Annotated[int, Field(ge=1, le=1000)] = 8
    """Partitions of each topic on servers (the embedded broker has four); fixed once a topic exists."""
    replication: Annotated[int, Field(ge=1, le=9)] = 3
    """Copies of each topic on servers; 1 on a single broker."""

    session_timeout_ms: Annotated[int, Field(ge=1_000, le=300_000)] = 6_000
    heartbeat_ms: Annotated[int, Field(ge=100)] = 1_500
    broker_timeout_s: Seconds = 10.0
    """How long any one answer of the broker is waited for."""
    stop_within_s: Seconds = 10.0
    """How long a stop may take before what still runs is left behind."""

    batch_max_records: Count = 500
    batch_max_wait_ms: Annotated[int, Field(ge=1, le=10_000)] = 200
    relay_batch: Count = 500
    sweep_every_s: Seconds = 0.25
    """How long the sweep pauses: what falls due waits so long at most. A look at nothing costs some milliseconds."""
    clock_skew_limit_s: Seconds = 5.0
    """Nothing is decided while our clock and the database's differ by more."""
    mass_rejection_count: Count = 50
    mass_rejection_sources: Annotated[int, Field(ge=2, le=1_000)] = 3
    """So many rejections from so many sources within the window stop the worker: the fault is likely ours."""
    mass_rejection_window_s: Seconds = 60.0

    health_host: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:_-]{1,255}$")] = "127.0.0.1"
    """Where health and metrics are answered; they say nothing about any order, but are for this machine by default."""
    health_port: Annotated[int, Field(ge=0, le=65_535)] | Literal["off"] = 8474
    """0 for any free port. The default gives way to any free port where it is taken; a port that was set does not."""
    health_stuck_after_s: Seconds = 60.0
    """How long a part may stand still, or work wait for it, before the worker calls itself unwell."""
    health_end_after_s: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)] = 60.0
    """How long it then waits for progress before it ends itself, to be started anew; 0 for never."""

    api_host: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:_-]{1,255}$")] = "127.0.0.1"
    """Where the HTTP API is answered. It has no encryption of its own: beyond this machine put TLS in front of it."""
    api_port: Annotated[int, Field(ge=0, le=65_535)] | Literal["off"] = 8475
    """0 for any free port. The default gives way to any free port where it is taken; a port that was set does not."""
    api_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 1_200
    """How many requests each key may make in a minute."""
    api_access_days: Annotated[int, Field(ge=1, le=36_500)] = 400
    """For how many days it is kept who looked at which subject and what was refused to whom."""

    notices: NoticeSettings = Field(default_factory=lambda: load(NoticeSettings))
    """How roles are told; each of its settings is a variable of its own, ``WORKORDERS_NOTICES_...``."""

    tracing: bool = False
    """Whether spans are sent to OpenTelemetry; it needs the extra ``otel``, and OTEL_* variables say where to."""

    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = "info"
    log_format: Annotated[Literal["text", "json"], BeforeValidator(_lower)] = "text"

    @property
    def is_embedded(self) -> bool:
        """Whether the broker is the one inside this process."""
        return self.broker == EMBEDDED

    @property
    def ledger_url(self) -> str:
        """The ledger's whole URL, password and all: for connecting, never for showing."""
        if self.ledger is None:
            return f"sqlite:///{self.data_dir.absolute()}/ledger.db"
        return self.protected(self.ledger.get_secret_value())

    @property
    def mass_rejection_window(self) -> timedelta:
        """The window in which rejections are counted together."""
        return timedelta(seconds=self.mass_rejection_window_s)

    @field_validator("broker")
    @classmethod
    def _is_broker(cls, value: str) -> str:
        servers = [part.strip() for part in value.split(",")]
        if value != EMBEDDED and not all(map(_is_server, servers)):
            raise refusal("write embedded, or host:port with commas between several")
        return ",".join(servers)

    @model_validator(mode="after")
    def _ledger_is_protected(self) -> Self:
        self.check_protection(self.ledger.get_secret_value() if self.ledger else "")
        return self

    @model_validator(mode="after")
    def _embedded_is_plain(self) -> Self:
        if self.is_embedded and self.kafka_security != "PLAINTEXT":
            raise refusal(
                f"{PREFIX}KAFKA_SECURITY={self.kafka_security} needs a {PREFIX}BROKER on servers; "
                "the embedded broker listens on this machine only and has no encryption and no login"
            )
        return self

    @model_validator(mode="after")
    def _embedded_door_is_local(self) -> Self:
        if self.is_embedded and self.api_host not in LOOPBACK:
            raise refusal(
                f"{PREFIX}API_HOST={self.api_host} needs a {PREFIX}BROKER on servers; "
                "with the embedded broker the API is for this machine only, and its user's key lies in a file"
            )
        return self

    @model_validator(mode="after")
    def _times_fit(self) -> Self:
        if self.heartbeat_ms * 3 > self.session_timeout_ms:
            raise refusal(
                f"{PREFIX}HEARTBEAT_MS={self.heartbeat_ms} must be at most a third of "
                f"{PREFIX}SESSION_TIMEOUT_MS={self.session_timeout_ms}, or one lost heartbeat loses the partitions"
            )
        if self.broker_timeout_s * 1000 <= self.session_timeout_ms:
            raise refusal(
                f"{PREFIX}BROKER_TIMEOUT_S={self.broker_timeout_s:g} must be longer than "
                f"{PREFIX}SESSION_TIMEOUT_MS={self.session_timeout_ms}, for joining the group may take a session"
            )
        return self


S = TypeVar("S", bound=BaseSettings)


def load_settings() -> Settings:
    """The settings of this process, or ``SettingsError`` with one sentence for each fault."""
    return load(Settings, leave=OTHER_FAMILIES)


def load(model: type[S], *, leave: tuple[str, ...] = ()) -> S:
    """Settings of any part, read from the environment and the secret files.

    Refuses by name what bears the model's prefix and is no field of it, so that a misspelt setting does not
    vanish; names that begin with one of ``leave`` belong to other parts and are left to them.
    """
    prefix = model.model_config["env_prefix"]
    secrets = SECRETS if SECRETS.is_dir() else None
    faults = [_unknown(name, model, prefix) for name in _strangers(model, prefix, secrets, leave)]
    if faults:
        raise SettingsError("\n".join(faults))
    try:
        return model(_secrets_dir=secrets, **_from_files(model, prefix))
    except ValidationError as error:
        secret = _secrets(model)
        raise SettingsError("\n".join(_sentence(prefix, fault, secret) for fault in error.errors())) from None


def _strangers(model: type[S], prefix: str, secrets: Path | None, leave: tuple[str, ...]) -> list[str]:
    known = {prefix + field.upper() for field in model.model_fields}
    known |= {f"{prefix}{field.upper()}{_FILE}" for field in _secrets(model)}
    given = [*os.environ, *(file.name for file in secrets.iterdir())] if secrets else [*os.environ]
    ours = (name for name in given if name.upper().startswith(prefix) and not name.upper().startswith(leave))
    return sorted(name for name in ours if name.upper() not in known)


def _secrets(model: type[S]) -> list[str]:
    """The fields that may hold a secret."""

    def is_secret(kind: object) -> bool:
        return kind is SecretStr or any(map(is_secret, get_args(kind)))

    return [name for name, field in model.model_fields.items() if is_secret(field.annotation)]


def _from_files(model: type[S], prefix: str) -> dict[str, Any]:
    """The secrets whose files the environment names, unless it gives the secret itself."""
    given = {name.upper(): value for name, value in os.environ.items()}
    found = {}
    for field in _secrets(model):
        name = prefix + field.upper()
        file = given.get(name + _FILE)
        if file is not None and name not in given:
            try:
                found[field] = Path(file).expanduser().read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = getattr(error, "strerror", None) or "it is not text"
                raise SettingsError(f"{name}{_FILE} is {file!r}: {reason.lower()}.") from None
    return found


def _unknown(name: str, model: type[S], prefix: str) -> str:
    near = get_close_matches(name[len(prefix) :].lower(), model.model_fields, n=1)
    return f"{name} is not a setting" + (f"; did you mean {prefix}{near[0].upper()}?" if near else ".")


def _sentence(prefix: str, fault: ErrorDetails, secret: list[str]) -> str:
    reason = fault["msg"][:1].lower() + fault["msg"][1:]
    if not fault["loc"]:
        return f"{fault['msg']}."
    key = prefix + str(fault["loc"][0]).upper()
    shown = "(not shown)" if fault["loc"][0] in secret else repr(fault["input"])
    return f"{key} is {shown}: {reason}."


def _is_server(text: str) -> bool:
    match = _SERVER.fullmatch(text)
    return match is not None and 0 < int(match[2]) <= 65_535
