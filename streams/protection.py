"""Protection: how the connections to broker and database are encrypted, and who we say that we are.

The words are the broker's and the database's own. The default is none, for servers on the same machine.
"""

import os
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from pydantic import AfterValidator, BeforeValidator, FilePath, SecretStr, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings

PREFIX: Final = "WORKORDERS_"


def refusal(reason: str) -> PydanticCustomError:
    """The error by which a setting is refused, with its reason as half a sentence."""
    return PydanticCustomError("refused", "{reason}", {"reason": reason})


def home_expanded(value: Any) -> Any:  # noqa: ANN401 - whatever the environment holds, before its type is checked
    """The value, with ``~`` at its beginning for the home directory."""
    return os.path.expanduser(value) if isinstance(value, str) else value  # noqa: PTH111 - keeps what it cannot expand


def _readable(path: FilePath) -> FilePath:
    if not os.access(path, os.R_OK):
        raise refusal("this file may not be read by us")
    return path


Existing = Annotated[FilePath, BeforeValidator(home_expanded), AfterValidator(_readable)]


class KafkaSecurity(BaseSettings):
    """How the connection to the broker is protected, in Kafka's own words."""

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
    def _protection_is_whole(self) -> Self:
        if self.uses_login and not (self.kafka_username and self.kafka_password):
            raise refusal(f"{PREFIX}KAFKA_SECURITY={self.kafka_security} needs a KAFKA_USERNAME and a KAFKA_PASSWORD")
        if bool(self.kafka_certificate_file) != bool(self.kafka_key_file):
            raise refusal(f"{PREFIX}KAFKA_CERTIFICATE_FILE and {PREFIX}KAFKA_KEY_FILE are set together or not at all")
        idle = {
            "KAFKA_CA_FILE": self.kafka_ca_file and not self.uses_tls,
            "KAFKA_CERTIFICATE_FILE": self.kafka_certificate_file and not self.uses_tls,
            "KAFKA_PASSWORD": self.kafka_password and not self.uses_login,
        }
        for name, is_idle in idle.items():
            if is_idle:
                raise refusal(f"{PREFIX}{name} protects nothing while {PREFIX}KAFKA_SECURITY is {self.kafka_security}")
        return self


class LedgerSecurity(BaseSettings):
    """How the connection to a PostgreSQL ledger is protected, beyond what its URL says."""

    ledger_ca_file: Existing | None = None
    """Certificates that sign the database's; with it the server must prove its name, and all is encrypted."""
    ledger_certificate_file: Existing | None = None
    ledger_key_file: Existing | None = None

    def protected(self, url: str) -> str:
        """The URL with the protection that the settings ask for."""
        if self.ledger_ca_file is None:
            return url
        options = {"sslmode": "verify-full", "sslrootcert": str(self.ledger_ca_file)}
        if self.ledger_certificate_file and self.ledger_key_file:
            options |= {"sslcert": str(self.ledger_certificate_file), "sslkey": str(self.ledger_key_file)}
        return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(options)}"

    def check_protection(self, url: str) -> None:
        """Raise the refusal if the settings do not fit together or to the ledger's URL."""
        if bool(self.ledger_certificate_file) != bool(self.ledger_key_file):
            raise refusal(f"{PREFIX}LEDGER_CERTIFICATE_FILE and {PREFIX}LEDGER_KEY_FILE are set together or not at all")
        if self.ledger_ca_file is None:
            if self.ledger_certificate_file:
                raise refusal(f"{PREFIX}LEDGER_CERTIFICATE_FILE needs a {PREFIX}LEDGER_CA_FILE beside it")
            return
        if not url.startswith("postgresql"):
            raise refusal(f"{PREFIX}LEDGER_CA_FILE is for a {PREFIX}LEDGER on PostgreSQL, and this one is a file")
        if said := [name for name in parse_qs(urlsplit(url).query) if name.startswith("ssl")]:
            raise refusal(f"{PREFIX}LEDGER says {said[0]} and {PREFIX}LEDGER_CA_FILE is set: say it in one place")
