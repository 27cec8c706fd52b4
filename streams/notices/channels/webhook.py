"""Webhooks: a letter is posted as JSON, signed as Standard Webhooks asks, and the status of the answer decides.

The same file serves people who are rung up: a gateway that makes the call is a webhook that is told whom to ring.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Final

import orjson
from standardwebhooks import Webhook

from streams.clock import Clock, SystemClock
from streams.notices.channels.channel import Channel, Letter, Outcome, Sent
from streams.notices.channels.http import Http, LostError, UnsentError
from streams.notices.channels.settings import url_place
from streams.notices.egress import Egress, Place
from streams.settings import Settings

LONGEST_PAUSE_S: Final = 3_600.0
"""A receiver may ask to be left alone for so long at most."""
SOFT: Final = (408, 425, 429)
"""The refusals among 4xx that time may heal."""

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")


class WebhookChannel:
    """Posts to the letter's address, or, for telephone numbers, to the gateway that rings them up."""

    def __init__(
        self, http: Http, secrets: Mapping[Place, tuple[str, ...]], within_s: float, gateway: str | None = None
    ) -> None:
        self._http = http
        self._secrets = secrets
        self._within_s = within_s
        self._gateway = gateway
        # The receiver compares the moment of signing with its own clock, so it is the world's even in a simulation.
        self._clock: Clock = SystemClock()

    async def send(self, letter: Letter) -> Sent:
        """What the receiver's status says became of the letter."""
        url = self._gateway or letter.address
        try:
            body = payload(letter, to=letter.address if self._gateway else None)
            headers = self._signed(url, letter.key, body)
            answer = await self._http.exchange(
                "POST", url, headers=headers, body=body, within_s=self._within_s, with_body=False
            )
        except UnsentError as unsent:
            return Sent(Outcome.FAILED, str(unsent), final=unsent.final)
        except LostError as lost:
            return Sent(Outcome.UNKNOWN, str(lost))
        return judged(answer.status, answer.headers.get("Retry-After"), self._clock.now())

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    def _signed(self, url: str, key: str, body: bytes) -> Mapping[str, str]:
        try:
            secrets = self._secrets.get(url_place(url), ())
        except ValueError:
            secrets = ()
        if not secrets:
            raise UnsentError("Its host is not among those that webhooks may go to.", final=True)
        now = self._clock.now()
        name = webhook_id(key)
        signatures = [Webhook(secret).sign(name, now, body.decode()) for secret in secrets]
        return {
            "Content-Type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }


def opened(settings: Settings, kind: str) -> Channel | None:
    """Webhooks where a host has a secret, and calls where a gateway is named besides."""
    secrets = settings.notices.endpoints
    gateway = settings.notices.gateway if kind == "call" else None
    if not secrets or (kind == "call" and gateway is None):
        return None
    reachable = secrets if gateway is None else {place: secrets[place] for place in (url_place(gateway),)}
    http = Http(Egress(reachable.keys(), settings.notices.inside_places), settings.notices.ca_file)
    return WebhookChannel(http, reachable, settings.notices.channel_within_s, gateway)


def payload(letter: Letter, to: str | None) -> bytes:
    """The body that is posted: the same bytes for the same letter. ``to`` is the number to be rung up."""
    said = {
        "type": "workorders.notice" if to is None else "workorders.call",
        "data": {
            **({} if to is None else {"to": to}),
            "key": letter.key,
            "thread": letter.thread,
            "role": letter.role,
            "subject": letter.subject,
            "text": letter.text,
            "short": letter.short,
            "language": letter.language,
            "urgent": letter.urgent,
            "rehearsal": letter.rehearsal,
            "notice": dict(letter.data),
        },
    }
    return orjson.dumps(said, option=orjson.OPT_SORT_KEYS)


def webhook_id(key: str) -> str:
    """The key, by which the receiver tells a repetition; its digest where it holds a sign that an id may not."""
    return key if _ID.fullmatch(key) else sha256(key.encode()).hexdigest()


def judged(status: int, retry_after: str | None, now: datetime) -> Sent:
    """What a status says became of the letter."""
    if 200 <= status < 300:
        return Sent(Outcome.ACCEPTED, f"The receiver answered {status}.")
    if status in SOFT or status >= 500:
        detail = f"The receiver answered {status}; it may take it later."
        return Sent(Outcome.FAILED, detail, retry_after_s=pause(retry_after, now))
    if 300 <= status < 400:
        return Sent(Outcome.FAILED, f"The receiver answered {status}; no other address is followed.", final=True)
    return Sent(Outcome.FAILED, f"The receiver answered {status}: it refuses this.", final=True)


def pause(retry_after: str | None, now: datetime) -> float | None:
    """How many seconds a ``Retry-After`` asks for, at most ``LONGEST_PAUSE_S``; ``None`` where it cannot be read."""
    text = (retry_after or "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return min(float(text), LONGEST_PAUSE_S)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    left = (until if until.tzinfo else until.replace(tzinfo=UTC)) - now
    return min(max(left.total_seconds(), 0.0), LONGEST_PAUSE_S)
