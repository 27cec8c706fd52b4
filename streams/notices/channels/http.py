"""One exchange over HTTP through the gate: no redirects, no proxies, no cookies, and bounds of time and size.

What can be told apart is told apart: a request that surely never reached the other side, and one whose fate is unknown.
"""

import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from streams.notices.channels.settings import url_place
from streams.notices.egress import Egress, EgressRefusedError, Place

LARGEST_ANSWER: Final = 1_048_576
"""How many bytes of an answer are read."""
LONGEST_HEADER: Final = 8_190


class UnsentError(Exception):
    """The request surely did not reach its receiver; ``final``: nor will it if it is tried again."""

    def __init__(self, detail: str, *, final: bool = False) -> None:
        super().__init__(detail)
        self.final = final


class LostError(Exception):
    """The request may have reached its receiver: the answer did not come, or not whole."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; ``body`` is empty where it was not asked for."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Http:
    """Exchanges with the places that the gate lets through."""

    def __init__(self, egress: Egress, ca_file: Path | None = None) -> None:
        self._egress = egress
        self._tls = trusting(ca_file)
        self._session: aiohttp.ClientSession | None = None

    async def exchange(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None,
        within_s: float,
        with_body: bool = True,
    ) -> Answer:
        """The answer to one request; raises ``UnsentError`` or ``LostError`` and ends within the seconds."""
        self._admit(url)
        if within_s <= 0:
            raise UnsentError("There was no time left to send it.")
        # Connecting gets half of the time, so that running out of the whole means that the request had gone out.
        limits = aiohttp.ClientTimeout(total=within_s, connect=within_s / 2)
        try:
            async with self._opened().request(
                method, url, headers=headers, data=body, timeout=limits, allow_redirects=False, ssl=self._tls
            ) as response:
                read = await _read(response) if with_body else b""
                return Answer(response.status, response.headers, read)
        except EgressRefusedError as refused:
            raise UnsentError(str(refused), final=True) from None
        except aiohttp.ClientConnectorCertificateError:
            raise UnsentError("Its certificate is not to be trusted.", final=True) from None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            raise UnsentError("It could not be connected to.") from None
        except aiohttp.InvalidURL:
            raise UnsentError("Its address cannot be read.", final=True) from None
        except TimeoutError:
            raise LostError("It did not answer in time.") from None
        except (aiohttp.ClientError, OSError):
            raise LostError("The connection was lost before its answer had come.") from None

    async def close(self) -> None:
        """Close every connection."""
        self._egress.close()
        if self._session is not None:
            await self._session.close()

    def _admit(self, url: str) -> None:
        try:
            place = url_place(url)
            self._egress.admit(place)
        except EgressRefusedError as refused:
            raise UnsentError(str(refused), final=True) from None
        except ValueError:
            raise UnsentError("Its address cannot be read.", final=True) from None
        if urlsplit(url).scheme != "https" and not self._egress.may_be_plain(place):
            raise UnsentError("Its address is not encrypted.", final=True)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            # A connection that is used once cannot go on to an address that was looked at long ago.
            connector = aiohttp.TCPConnector(
                resolver=_Judged(self._egress), use_dns_cache=False, force_close=True, limit=0
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "workorders", "Accept-Encoding": "identity"},
                auto_decompress=False,
                trust_env=False,
                max_line_size=LONGEST_HEADER,
                max_field_size=LONGEST_HEADER,
            )
        return self._session


def trusting(ca_file: Path | None) -> ssl.SSLContext:
    """Checks certificates and names by what the machine trusts, and by the file's certificates beside them."""
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context


async def _read(response: aiohttp.ClientResponse) -> bytes:
    read = bytearray()
    async for chunk in response.content.iter_any():
        read += chunk
        if len(read) > LARGEST_ANSWER:
            raise LostError("Its answer was too large to be read.")
    return bytes(read)


class _Judged(AbstractResolver):
    """Gives aiohttp only addresses that the gate has judged."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002 - what there is
    ) -> list[ResolveResult]:
        """The judged addresses, which are connected to as they are."""
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in await self._egress.addresses(Place(host, port))
        ]

    async def close(self) -> None:
        """Holds nothing."""
