"""Settings of the notices: when, how often and under which address roles are told; each is ``WORKORDERS_NOTICES_...``.

What a channel needs to send (servers, logins, hosts) stands here too, each with the channel's name before it.
"""

from typing import Annotated, Final

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from streams.notices.channels.settings import ChannelSettings
from streams.protection import refusal

NOTICES_PREFIX: Final = "WORKORDERS_NOTICES_"

SHORTEST_KEY: Final = 32
"""Characters of a key that links are signed with."""


def keys_of(text: str) -> tuple[str, ...]:
    """The keys that stand there with commas between, in their order."""
    return tuple(filter(None, (part.strip() for part in text.split(","))))


def _long_enough(value: SecretStr) -> SecretStr:
    keys = keys_of(value.get_secret_value())
    if not keys or any(len(key) < SHORTEST_KEY for key in keys):
        raise refusal(f"each key needs {SHORTEST_KEY} characters at least")
    return value


Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=1_000)]


class NoticeSettings(ChannelSettings):
    """The settings of the notices. Names end in their unit: ``_s`` seconds."""

    model_config = SettingsConfigDict(env_prefix=NOTICES_PREFIX, frozen=True, extra="forbid", validate_default=True)

    tell: bool = True
    """Whether we tell roles at all; ``false``, on all workers, where a reader of the topic of escalations does it."""
    base_url: Annotated[str, Field(pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$")] | None = None
    """Where the links of notices lead, as those who are told reach it; not set, notices bear no link on servers."""
    link_keys: Annotated[SecretStr, AfterValidator(_long_enough)] | None = None
    """What links are signed with: at least 32 characters, several with commas between, the newest first."""
    link_days: Annotated[int, Field(ge=1, le=60)] = 7
    """For how many days a link acknowledges."""

    flood_over: Count = 10
    """So many notices a minute an address gets one by one; beyond that one digest lists all, but for urgent ones."""
    at_once: Count = 4
    """How many notices each kind of channel sends at the same time; one kind never waits for another."""
    send_within_s: Seconds = 45.0
    """How long one attempt may take before its outcome counts as unknown."""
    tries: Annotated[int, Field(ge=1, le=100)] = 10
    """After so many attempts without success a notice counts as failed for good."""
    first_pause_s: Seconds = 5.0
    """How long the first pause between two attempts is, but for chance; each is twice as long as the one before."""
    longest_pause_s: Seconds = 300.0
    source: Annotated[str, Field(min_length=1, max_length=120)] = "notices"
    """The registered source as which we say that a role could not be told."""
