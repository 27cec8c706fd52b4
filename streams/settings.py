"""Settings: every switch of the running system, read once from the environment and never changed.

A setting is an environment variable named ``WORKORDERS_`` and its field in capitals, or a file of that name in
small letters in ``/run/secrets`` (``workorders_ledger``), so that a password need not stand in the environment.
What is misspelt, malformed or contradicts another setting stops the start with one sentence for each fault.
"""

import os
import re
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    FilePath,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX: Final = "WORKORDERS_"
SECRETS: Final = Path("/run/secrets")
EMBEDDED: Final = "embedded"

OTHER_FAMILIES: Final = ("WORKORDERS_DESK_", "WORKORDERS_NOTICES_")
"""Settings of other parts, which read and check their own with ``load``."""

_SERVER: Final = re.compile(r"(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})")
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


def _home_expanded(value: Any) -> Any:  # noqa: ANN401 - whatever the environment holds, before its type is checked
    return os.path.expanduser(value) if isinstance(value, str) else value  # noqa: PTH111 - keeps what it cannot expand


def _lower(value: Any) -> Any:  # noqa: ANN401 - whatever the environment holds, before its type is checked
    return value.lower() if isinstance(value, str) else value


def _is_ledger(value: SecretStr) -> SecretStr:
    if not _LEDGER.fullmatch(value.get_secret_value()):
        raise _refusal("write sqlite:///<absolute file> or postgresql://<user>:<password>@<host>/<database>")
    return value


def _refusal(reason: str) -> PydanticCustomError:
    return PydanticCustomError("refused", "{reason}", {"reason": reason})


Existing = Annotated[FilePath, BeforeValidator(_home_expanded)]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=10_000)]


class KafkaSecurity(BaseSettings):
    """How the connection to the broker is protected, in Kafka's own words; the default is none, for loopback."""

    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_ca_file: Existing | None = None
    """Certificates that sign the broker's; the system's own if not set."""
    kafka_certificate_file: Existing | None = None
    kafka_key_file: Existing | None = None
    kafka_key_password: SecretStr | None = None
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    kafka_username: str | None = None
    kafka_password: SecretStr | None = None

    @property
    def uses_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.kafka_security.endswith("SSL")

    @property
    def uses_login(self) -> bool:
        """Whether we log in by name and password."""
        return self.kafka_security.startswith("SASL")

    @model_validator(mode="after")
    def _login_is_whole(self) -> Self:
        whole = bool(self.kafka_username) and bool(self.kafka_password)
        if self.uses_login and not whole:
            raise _refusal(f"{PREFIX}KAFKA_SECURITY={self.kafka_security} needs a KAFKA_USERNAME and a KAFKA_PASSWORD")
        if bool(self.kafka_certificate_file) != bool(self.kafka_key_file):
            raise _refusal(f"{PREFIX}KAFKA_CERTIFICATE_FILE and {PREFIX}KAFKA_KEY_FILE are set together or not at all")
        return self


class Settings(KafkaSecurity):
    """The settings of the movement. Names end in their unit: ``_s`` seconds, ``_ms`` milliseconds."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", validate_default=True)

    broker: str = EMBEDDED
    """``embedded`` for the broker inside this process, else ``host:port``, several with commas between."""
    ledger: Annotated[SecretStr, AfterValidator(_is_ledger)] | None = None
    """The ledger's URL; not set, a SQLite file ``ledger.db`` in ``data_dir``. It may hold a password."""
    data_dir: Annotated[Path, BeforeValidator(_home_expanded)] = Field(default_factory=default_data_dir)
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
    sweep_every_s: Seconds = 1.0
    clock_skew_limit_s: Seconds = 5.0
    """Sweeping stops while our clock and the database's differ by more."""
    mass_rejection_count: Count = 50
    mass_rejection_sources: Annotated[int, Field(ge=2, le=1_000)] = 3
    """So many rejections from so many sources within the window stop the worker: the fault is likely ours."""
    mass_rejection_window_s: Seconds = 60.0

    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = "info"
    log_format: Annotated[Literal["text", "json"], BeforeValidator(_lower)] = "text"

    @property
    def is_embedded(self) -> bool:
        """Whether the broker is the one inside this process."""
        return self.broker == EMBEDDED

    @property
    def ledger_url(self) -> str:
        """The ledger's whole URL, password and all: for connecting, never for showing."""
        return self.ledger.get_secret_value() if self.ledger else f"sqlite:///{self.data_dir.absolute()}/ledger.db"

    @property
    def mass_rejection_window(self) -> timedelta:
        """The window in which rejections are counted together."""
        return timedelta(seconds=self.mass_rejection_window_s)

    @field_validator("broker")
    @classmethod
    def _is_broker(cls, value: str) -> str:
        servers = [part.strip() for part in value.split(",")]
        if value != EMBEDDED and not all(map(_is_server, servers)):
            raise _refusal("write embedded, or host:port with commas between several")
        return ",".join(servers)

    @model_validator(mode="after")
    def _embedded_is_plain(self) -> Self:
        if self.is_embedded and self.kafka_security != "PLAINTEXT":
            raise _refusal(
                f"{PREFIX}KAFKA_SECURITY={self.kafka_security} needs a {PREFIX}BROKER on servers; "
                "the embedded broker listens on this machine only and has no encryption and no login"
            )
        return self

    @model_validator(mode="after")
    def _times_fit(self) -> Self:
        if self.heartbeat_ms * 3 > self.session_timeout_ms:
            raise _refusal(
                f"{PREFIX}HEARTBEAT_MS={self.heartbeat_ms} must be at most a third of "
                f"{PREFIX}SESSION_TIMEOUT_MS={self.session_timeout_ms}, or one lost heartbeat loses the partitions"
            )
        if self.broker_timeout_s * 1000 <= self.session_timeout_ms:
            raise _refusal(
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
        return model(_secrets_dir=secrets)
    except ValidationError as error:
        raise SettingsError("\n".join(_sentence(prefix, fault) for fault in error.errors())) from None


def _strangers(model: type[S], prefix: str, secrets: Path | None, leave: tuple[str, ...]) -> list[str]:
    known = {prefix + field.upper() for field in model.model_fields}
    given = [*os.environ, *(file.name for file in secrets.iterdir())] if secrets else [*os.environ]
    ours = (name for name in given if name.upper().startswith(prefix) and not name.upper().startswith(leave))
    return sorted(name for name in ours if name.upper() not in known)


def _unknown(name: str, model: type[S], prefix: str) -> str:
    near = get_close_matches(name[len(prefix) :].lower(), model.model_fields, n=1)
    return f"{name} is not a setting" + (f"; did you mean {prefix}{near[0].upper()}?" if near else ".")


def _sentence(prefix: str, fault: ErrorDetails) -> str:
    reason = fault["msg"][:1].lower() + fault["msg"][1:]
    if not fault["loc"]:
        return f"{fault['msg']}."
    key = prefix + str(fault["loc"][0]).upper()
    secret = isinstance(fault["input"], SecretStr) or key.endswith(("LEDGER", "PASSWORD"))
    shown = "(not shown)" if secret else repr(fault["input"])
    return f"{key} is {shown}: {reason}."


def _is_server(text: str) -> bool:
    match = _SERVER.fullmatch(text)
    return match is not None and 0 < int(match[2]) <= 65_535
