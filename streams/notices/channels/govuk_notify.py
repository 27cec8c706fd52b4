"""GOV.UK Notify: text messages and e-mails by the official client (extra ``notify``).

The letter's key is the reference. Notify itself sends twice what it is told twice, so before anything is sent it is
asked whether it has a message of that reference already: nobody is texted twice for a reply that was lost.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any, Final

from streams.notices.channels.channel import Channel, Letter, Outcome, Sent
from streams.notices.channels.http import Http, LostError, UnsentError
from streams.notices.channels.settings import url_place
from streams.notices.egress import Egress
from streams.protection import PREFIX
from streams.settings import Settings, SettingsError

AT_ONCE: Final = 16
"""How many letters are handed to Notify at one time; the rest wait their turn, each within its own time."""
RATE_PAUSE_S: Final = 60.0
"""Notify counts requests by the minute."""
GONE: Final = ("temporary-failure", "technical-failure", "cancelled")
"""The states of a message that has not reached anybody and that Notify no longer tries."""
REFUSED: Final = ("permanent-failure", "validation-failed")


class NotifyChannel:
    """Sends text messages or e-mails by one template; the letter's words are what the template is filled with."""

    def __init__(self, kind: str, template: str, key: str, base_url: str, http: Http, within_s: float) -> None:
        self._kind = kind
        self._template = template
        self._key = key
        self._base_url = base_url
        self._http = http
        self._within_s = within_s
        self._library = _library()
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="notify")

    async def send(self, letter: Letter) -> Sent:
        """What Notify's answer says became of the letter."""
        loop = asyncio.get_running_loop()
        conversation = self._library.Conversation(self._http, self._within_s, loop)
        try:
            return await loop.run_in_executor(self._threads, self._hand_over, letter, conversation)
        except UnsentError as unsent:
            return Sent(Outcome.FAILED, str(unsent), final=unsent.final)
        except (LostError, TimeoutError, self._library.InvalidResponse):
            if conversation.posted:
                return Sent(Outcome.UNKNOWN, "The reply of GOV.UK Notify was lost.")
            return Sent(Outcome.FAILED, "GOV.UK Notify could not be asked whether it has taken this already.")
        except self._library.HTTPError as refused:
            return judged(refused.status_code, kinds_of(refused.message))
        finally:
            conversation.end()

    async def close(self) -> None:
        """Close the connections; what still waits for its turn is not sent."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        await self._http.close()

    def _hand_over(self, letter: Letter, conversation: Any) -> Sent:  # noqa: ANN401 - of a module loaded by name
        client = self._library.new_client(self._key, self._base_url, conversation)
        known = client.get_all_notifications(reference=letter.key)
        if (already := _taken(known)) is not None:
            return already
        if self._kind == "text":
            client.send_sms_notification(letter.address, self._template, {"message": letter.short}, letter.key)
        else:
            words = {"subject": letter.subject, "message": letter.text}
            client.send_email_notification(letter.address, self._template, words, letter.key)
        return Sent(Outcome.ACCEPTED, "GOV.UK Notify has taken it.")


def opened(settings: Settings, kind: str) -> Channel | None:
    """Notify where its key and the kind's template are set; ``SettingsError`` if its client is not installed."""
    templates = {"text": settings.notices.notify_text_template, "email": settings.notices.notify_email_template}
    template, key = templates.get(kind), settings.notices.notify_key
    if template is None or key is None:
        return None
    url = settings.notices.notify_url
    http = Http(Egress([url_place(url)], settings.notices.inside_places), settings.notices.ca_file)
    return NotifyChannel(kind, template, key.get_secret_value(), url, http, settings.notices.channel_within_s)


def judged(status: int, kinds: frozenset[str]) -> Sent:
    """What a refusal of Notify says became of the letter, by its status and its kinds of error (never their words)."""
    if status == 429 and "TooManyRequestsError" in kinds:
        return Sent(Outcome.FAILED, "GOV.UK Notify takes no more of ours today.", final=True)
    if status == 429:
        return Sent(Outcome.FAILED, "GOV.UK Notify takes no more of ours this minute.", retry_after_s=RATE_PAUSE_S)
    if status >= 500 or status == 408:
        return Sent(Outcome.FAILED, f"GOV.UK Notify answered {status}; it may take it later.")
    if status == 403:
        detail = "GOV.UK Notify answered 403: our key is not accepted, or our clock is wrong by more than 30 seconds."
        return Sent(Outcome.FAILED, detail, final=True)
    return Sent(Outcome.FAILED, f"GOV.UK Notify answered {status}: it refuses this.", final=True)


def _taken(known: object) -> Sent | None:
    """What became of the messages that Notify has of this reference; ``None`` if it is to be sent."""
    listed = known.get("notifications") if isinstance(known, dict) else None
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise LostError("The answer of GOV.UK Notify cannot be understood.")
    states = [str(one.get("status")) for one in listed]
    if any(state not in GONE + REFUSED for state in states):
        return Sent(Outcome.ACCEPTED, "GOV.UK Notify had taken it before.")
    if any(state in REFUSED for state in states):
        return Sent(Outcome.FAILED, "GOV.UK Notify had taken it before, and could not deliver it.", final=True)
    return None


def kinds_of(errors: object) -> frozenset[str]:
    """The kinds of the errors in Notify's answer, such as ``RateLimitError``."""
    listed = errors if isinstance(errors, list) else []
    return frozenset(str(one.get("error")) for one in listed if isinstance(one, dict))


def _library() -> Any:  # noqa: ANN401 - loaded only where it is used
    try:
        return import_module("streams.notices.channels.notify_client")
    except ModuleNotFoundError as missing:
        raise SettingsError(
            f"{PREFIX}NOTICES_NOTIFY_KEY needs the client of GOV.UK Notify ({missing.name} is not installed): "
            "install workorders[notify]."
        ) from None
