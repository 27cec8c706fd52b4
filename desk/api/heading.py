"""The headers of an answer, changed on its way out; for whatever sits between the server and the application."""

from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send


def heading(send: Send, change: Callable[[MutableHeaders], None]) -> Send:
    """What sends an answer on, once ``change`` has been at its headers."""

    async def headed(message: Message) -> None:
        if message["type"] == "http.response.start":
            change(MutableHeaders(scope=message))
        await send(message)

    return headed
