"""What every channel promises: a letter is sent, and the answer says if it was taken or refused, or that nobody knows.

Sent is not delivered: ``accepted`` means that the next system has taken the letter upon itself. A letter whose fate is
``unknown`` may be sent again under the same key, by which the receiver, or the channel itself, tells a repetition.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from typing import Final, Literal, Protocol

from pydantic import JsonValue

from streams.settings import Settings

Language = Literal["both", "en", "cy"]


class Outcome(StrEnum):
    """What became of one attempt to send a letter."""

    ACCEPTED = "accepted"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one attempt, in plain words that hold no free text and no address.

    ``final``: failed for good, so that no resend will help. ``retry_after_s``: how many seconds the receiver asked
    to be left alone for.
    """

    outcome: Outcome
    detail: str
    final: bool = False
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """What one role is told by one channel.

    ``key`` is the same at every resend; ``short`` is a text message of at most 459 characters; ``thread`` is one for
    each escalation ladder; ``data`` is what a webhook is sent.
    """

    key: str
    role: str
    address: str
    subject: str
    text: str
    html: str | None
    short: str
    thread: str
    data: Mapping[str, JsonValue]
    urgent: bool
    rehearsal: bool
    language: Language


class Channel(Protocol):
    """One way to send letters."""

    async def send(self, letter: Letter) -> Sent:
        """What became of the letter. It ends in a bounded time by itself and raises nothing but ``CancelledError``."""
        ...

    async def close(self) -> None:
        """Let go of what it holds; nothing is sent afterwards."""
        ...


class Opener(Protocol):
    """What a channel's file offers under the name ``opened``."""

    def __call__(self, settings: Settings, kind: str) -> Channel | None:
        """The channel for routes of the kind, or ``None`` where the settings name no way to send by it."""
        ...


OPENERS: Final[Mapping[str, tuple[str, ...]]] = {
    "email": ("email", "govuk_notify"),
    "text": ("govuk_notify",),
    "call": ("webhook",),
    "webhook": ("webhook",),
    "file": ("file",),
}
"""For each kind of a route's channel the files here that can send by it; the first that is configured does."""


def channels(settings: Settings) -> Mapping[str, Channel]:
    """The channels that are configured, by the ``kind`` of a route's channel (``models/premises.py``).

    A file is loaded only when its kind is asked for, so what a channel is not used for need not be installed. The same
    object may stand under two kinds; ``close`` may be called for each.
    """
    found: dict[str, Channel] = {}
    for kind, files in OPENERS.items():
        for file in files:
            opener: Opener = import_module(f"streams.notices.channels.{file}").opened
            if (channel := opener(settings, kind)) is not None:
                found[kind] = channel
                break
    return found
