"""The settings of the channels: by which servers notices go out, and to which places they may go.

What is not set is not used: a kind of channel that nothing is configured for sends nothing, and says so.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from email.headerregistry import Address
from email.policy import SMTP
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings

from streams.notices.egress import Place, place_of
from streams.protection import PREFIX, Existing, home_expanded, refusal

HTTPS: Final = 443
SUBMISSION: Final = 587
THIS_MACHINE: Final = ("127.0.0.1", "::1", "localhost")

_PREFIX: Final = "whsec_"
_NOTIFY_KEY: Final = re.compile(
    r"(?:[^\s]+-)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)


def endpoints_of(text: str) -> Mapping[Place, tuple[str, ...]]:
    """The webhook secrets of each place, newest first; raises ``ValueError`` with half a sentence that shows none.

    An entry is ``host[:port] secret [former secret]``; entries stand on lines of their own or between semicolons.
    """
    found: dict[Place, tuple[str, ...]] = {}
    for entry in filter(None, map(str.split, re.split(r"[;\n]", text))):
        place, secrets = place_of(entry[0], HTTPS), tuple(entry[1:])
        if not 1 <= len(secrets) <= 2 or not all(map(_is_secret, secrets)):
            raise ValueError(
                "each entry is a host and one secret, or two while they are changed; a secret is whsec_ and 24 to 64 "
                "bytes in base64"
            )
        if place in found:
            raise ValueError("a host stands there twice; write both of its secrets in one entry")
        found[place] = secrets
    return found


def places_of(text: str) -> frozenset[Place]:
    """The places of a list with commas between them; raises ``ValueError`` with half a sentence."""
    return frozenset(place_of(one.strip()) for one in text.split(",") if one.strip())


def url_place(url: str) -> Place:
    """The place of an HTTP address; raises ``ValueError`` with half a sentence that does not show it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or not url.isprintable() or " " in url:
        raise ValueError("write https://host/path, without a login")
    return place_of(parts.netloc, HTTPS if parts.scheme == "https" else 80)


def sender_of(text: str) -> Address:
    """Whom an e-mail is from: ``duty@facilities.example``, or ``Duty desk <duty@facilities.example>``."""
    header: Any = SMTP.header_factory("From", text)
    if len(header.addresses) != 1 or header.defects or not text.isascii() or not header.addresses[0].domain:
        raise ValueError("write one e-mail address, or Name <address>, in ASCII")
    address: Address = header.addresses[0]
    return address


def _is_secret(text: str) -> bool:
    try:
        return text.startswith(_PREFIX) and 24 <= len(base64.b64decode(text[len(_PREFIX) :], validate=True)) <= 64
    except binascii.Error:
        return False


def _checked(read: Callable[[str], object]) -> AfterValidator:
    """Refuses what ``read`` refuses, in its words; the value stays as it was written."""

    def check(value: Any) -> Any:  # noqa: ANN401 - a text, secret or not
        try:
            read(value.get_secret_value() if isinstance(value, SecretStr) else value)
        except ValueError as error:
            raise refusal(str(error)) from None
        return value

    return AfterValidator(check)


def _notify_key(text: str) -> None:
    if not _NOTIFY_KEY.fullmatch(text):
        raise ValueError("it is no key of GOV.UK Notify: <name>-<service id>-<secret>")


Template = Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]


class ChannelSettings(BaseSettings):
    """By which servers notices go out. A password and every key may stand in a file, as all secrets may."""

    inside: Annotated[str, _checked(places_of)] = ""
    """``host:port``, with commas between: places that may lie on this machine or on a private network."""
    ca_file: Existing | None = None
    """Certificates that sign those servers', beside those that the machine trusts."""
    channel_within_s: Annotated[float, Field(ge=0.1, le=300, allow_inf_nan=False)] = 20.0
    """How long a channel takes for one attempt at most; it knows more about what it cuts off itself."""

    email_server: Annotated[str, _checked(lambda text: place_of(text, SUBMISSION))] | None = None
    email_security: Literal["starttls", "tls", "none"] = "starttls"
    """``none`` only for a server on this machine."""
    email_user: str | None = None
    email_password: SecretStr | None = None
    email_sender: Annotated[str, _checked(sender_of)] | None = None

    webhook_secrets: Annotated[SecretStr, _checked(endpoints_of)] | None = None
    """The hosts that webhooks may go to, each with its secret: ``host[:port] whsec_... [whsec_...]``, one a line."""
    call_url: Annotated[SecretStr, _checked(url_place)] | None = None
    """The webhook of the gateway that rings people up, which may hold a token; its host stands among the webhooks."""

    notify_key: Annotated[SecretStr, _checked(_notify_key)] | None = None
    notify_text_template: Template | None = None
    """The template of text messages: its text is ``((message))``."""
    notify_email_template: Template | None = None
    """The template of e-mails: its subject is ``((subject))`` and its text ``((message))``."""
    notify_url: Annotated[str, _checked(url_place)] = "https://api.notifications.service.gov.uk"

    file_folder: Annotated[Path, BeforeValidator(home_expanded)] | None = None
    """Where the file channel writes; not set, ``notices`` in the data directory, with the embedded broker only."""

    @property
    def inside_places(self) -> frozenset[Place]:
        """The places that may lie on this machine or on a private network."""
        return places_of(self.inside)

    @property
    def endpoints(self) -> Mapping[Place, tuple[str, ...]]:
        """The webhook secrets of each place, newest first: for signing, never for showing."""
        return endpoints_of(self.webhook_secrets.get_secret_value()) if self.webhook_secrets else {}

    @property
    def gateway(self) -> str | None:
        """Where calls are asked for: for posting to, never for showing."""
        return self.call_url.get_secret_value() if self.call_url else None

    @property
    def mail_server(self) -> Place | None:
        """The server that takes our e-mail."""
        return place_of(self.email_server, SUBMISSION) if self.email_server else None

    @model_validator(mode="after")
    def _email_is_whole(self) -> Self:
        if (server := self.mail_server) is None:
            return self
        if self.email_sender is None:
            raise refusal(f"{PREFIX}NOTICES_EMAIL_SERVER needs a {PREFIX}NOTICES_EMAIL_SENDER beside it")
        if self.email_security == "none" and server.host not in THIS_MACHINE:
            raise refusal(
                f"{PREFIX}NOTICES_EMAIL_SECURITY=none is for a server on this machine; others need encryption"
            )
        if bool(self.email_user) != bool(self.email_password):
            raise refusal(
                f"{PREFIX}NOTICES_EMAIL_USER and {PREFIX}NOTICES_EMAIL_PASSWORD are set together or not at all"
            )
        return self

    @model_validator(mode="after")
    def _web_is_whole(self) -> Self:
        if self.gateway and url_place(self.gateway) not in self.endpoints:
            raise refusal(f"the host of {PREFIX}NOTICES_CALL_URL has no secret in {PREFIX}NOTICES_WEBHOOK_SECRETS")
        if not self.notify_url.startswith("https:") and url_place(self.notify_url) not in self.inside_places:
            raise refusal(f"{PREFIX}NOTICES_NOTIFY_URL is not encrypted: write https://")
        templates = self.notify_text_template or self.notify_email_template
        if bool(templates) != bool(self.notify_key):
            raise refusal(
                f"{PREFIX}NOTICES_NOTIFY_KEY and at least one of {PREFIX}NOTICES_NOTIFY_TEXT_TEMPLATE and "
                f"{PREFIX}NOTICES_NOTIFY_EMAIL_TEMPLATE are set together or not at all"
            )
        return self
