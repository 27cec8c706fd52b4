"""The official client of GOV.UK Notify, whose requests go through our own gate. It needs the extra ``notify``.

The client builds and signs requests, and waits in a thread; the exchange itself is ours, so that there is one place
where addresses are judged, redirects refused, and time and size bounded.
"""

import asyncio
import io
import logging
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from notifications_python_client.errors import HTTPError, InvalidResponse
from notifications_python_client.notifications import NotificationsAPIClient
from requests import Response

from streams.clock import monotonic
from streams.notices.channels.http import Answer, Http, UnsentError

__all__ = ("Conversation", "HTTPError", "InvalidResponse", "new_client")

# Its log repeats what Notify says about a request, which may be an address.
logging.getLogger("notifications_python_client").setLevel(logging.CRITICAL + 1)

SLACK_S: Final = 1.0
"""How much longer than an exchange may take the thread waits for it, before it takes the event loop for stopped."""


class Conversation:
    """What the client takes for its session: its requests, all within one number of seconds from now on.

    ``posted`` once a request that sends something has been begun.
    """

    def __init__(self, http: Http, within_s: float, loop: asyncio.AbstractEventLoop) -> None:
        self.posted = False
        self._http = http
        self._loop = loop
        self._until = monotonic() + within_s

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        timeout: float,  # noqa: ARG002 - our own holds
        data: str | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Response:
        """One exchange, waited for in the client's thread; raises ``UnsentError`` or ``LostError``."""
        left = self._until - monotonic()
        if left <= 0:
            raise UnsentError("There was no time left to ask GOV.UK Notify.")
        self.posted = self.posted or method == "POST"
        exchange = self._http.exchange(
            method,
            f"{url}?{urlencode(params)}" if params else url,
            headers=headers,
            body=data.encode() if data is not None else None,
            within_s=left,
        )
        answer = asyncio.run_coroutine_threadsafe(exchange, self._loop).result(left + SLACK_S)
        if 300 <= answer.status < 400:
            raise UnsentError(f"GOV.UK Notify answered {answer.status}; no other address is followed.", final=True)
        return _response(answer, url)

    def end(self) -> None:
        """Let nothing more be asked: nobody waits for it."""
        self._until = monotonic()


def new_client(key: str, base_url: str, conversation: Conversation) -> Any:  # noqa: ANN401 - the client has no types
    """A client for one conversation; it is not to be shared between threads."""
    make: Any = NotificationsAPIClient
    client = make(key, base_url=base_url)
    client.request_session.close()
    client.request_session = conversation
    return client


def _response(answer: Answer, url: str) -> Response:
    response = Response()
    response.status_code = answer.status
    response.headers.update(answer.headers)
    response.url = url
    response.encoding = "utf-8"
    response.raw = io.BytesIO(answer.body)
    return response
