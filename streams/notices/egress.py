"""Egress: where notices may go out to. Only to configured places, and only to addresses looked at after resolution.

A place is a host and a port. Its name is resolved once for each connection, every address of the answer is judged, and
one of those that were judged is connected to; so a name whose answer changes reaches nothing that was not looked at.
One bad address among good ones refuses them all: such an answer is not to be trusted.
"""

import asyncio
import re
import socket
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
LookUp = Callable[[str, int], Sequence[str]]
"""All addresses of a host, as text; ``OSError`` if it has none. It may block."""

CONNECT_WITHIN_S: Final = 5.0
"""How long one address of several is tried before the next."""
LOOK_UPS_AT_ONCE: Final = 32

# The last label begins with a letter, so that no number in any notation (2130706433, 0x7f.1, 0177.0.0.1) is a name.
_LABEL: Final = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME: Final = re.compile(rf"(?:{_LABEL}\.)*[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?")
_PLACE: Final = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)\]|(?P<host>[^\[\]:/?#@\s]+))(?::(?P<port>[0-9]{1,5}))?"
)

_LOOPBACK: Final = ("127.0.0.0/8", "::1/128")
_NEVER: Final = {
    "is no address of anybody": ("0.0.0.0/8", "::/128"),
    "is link-local": ("169.254.0.0/16", "fe80::/10", "fec0::/10"),
    "is multicast": ("224.0.0.0/4", "ff00::/8"),
    "hides another address": (
        "::/96",
        "::ffff:0:0/96",
        "::ffff:0:0:0/96",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2001::/32",
        "2002::/16",
    ),
}
"""Never connected to. Those that hide another are mapped, compatible and translated IPv4, NAT64, Teredo and 6to4."""
_PRIVATE: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
_network: Final = cache(ip_network)


class EgressRefusedError(Exception):
    """We do not connect there; the text says why and names neither host nor address."""


@dataclass(frozen=True, slots=True)
class Place:
    """A host, in lower case and ASCII and without brackets, and its port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def place_of(text: str, default_port: int | None = None) -> Place:
    """The place that is written ``host:port``; raises ``ValueError`` with half a sentence.

    A host is a name or an address in its one usual notation; an IPv6 address stands in brackets.
    """
    found = _PLACE.fullmatch(text)
    port = int(found["port"]) if found and found["port"] else default_port
    if found is None or port is None:
        raise ValueError("write host:port")
    if not 0 < port <= 65_535:
        raise ValueError("a port is a number from 1 to 65535")
    return Place(_host(found["v6"] or found["host"]), port)


def refusal_of(address: Address, *, inside: bool) -> str | None:
    """Why the address is not connected to, as the end of a sentence; ``None`` where it may be.

    ``inside``: the place was named among those that may lie on this machine or on a private network.
    """
    if _within(address, _LOOPBACK):
        return None if inside else "is this machine's own"
    for reason, networks in _NEVER.items():
        if _within(address, networks):
            return reason
    if _within(address, _PRIVATE):
        return None if inside else "is on a private network"
    return None if address.is_global else "is reserved"


class Egress:
    """The gate of one channel: which places it may reach, and which addresses stand for them at this moment."""

    def __init__(
        self, allowed: Collection[Place], inside: Collection[Place] = (), look_up: LookUp | None = None
    ) -> None:
        self._allowed = frozenset(allowed)
        self._inside = frozenset(inside)
        self._look_up = look_up or system_look_up
        self._threads = ThreadPoolExecutor(LOOK_UPS_AT_ONCE, thread_name_prefix="look-up")
        self._asking: dict[Place, asyncio.Future[Sequence[str]]] = {}

    def may_be_plain(self, place: Place) -> bool:
        """Whether the place may be spoken to without encryption: only where it was named as lying inside."""
        return place in self._inside

    def admit(self, place: Place) -> None:
        """Raise ``EgressRefusedError`` if the place is not configured, or is an address that is not connected to."""
        if place not in self._allowed:
            raise EgressRefusedError("Its host is not among those that notices may go to.")
        if (literal := _literal(place.host)) is not None:
            self._judge(place, [literal])

    async def addresses(self, place: Place) -> Sequence[str]:
        """The place's addresses at this moment, all of them judged.

        Raises ``EgressRefusedError``, or ``OSError`` where there are none.
        """
        self.admit(place)
        if _literal(place.host) is not None:
            return (place.host,)
        found = [ip_address(text.partition("%")[0]) for text in await self._ask(place)]
        if not found:
            raise OSError("the name has no address")
        self._judge(place, found)
        return tuple(str(one) for one in found)

    async def connect(self, place: Place) -> socket.socket:
        """A socket that is connected to one of the judged addresses, for its taker to close.

        Raises ``EgressRefusedError`` or ``OSError``; ``TimeoutError`` is one.
        """
        error = OSError("the name has no address")
        for address in await self.addresses(place):
            try:
                async with asyncio.timeout(CONNECT_WITHIN_S):
                    return await _connected(address, place.port)
            except OSError as failed:
                error = failed
        raise error

    def close(self) -> None:
        """Ask for no further names; look-ups that still run are left to end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _ask(self, place: Place) -> Sequence[str]:
        """One look-up of a name at a time: a name that is never answered for holds one thread, not all of them."""
        if (asking := self._asking.get(place)) is None:
            loop = asyncio.get_running_loop()
            asking = loop.run_in_executor(self._threads, self._look_up, place.host, place.port)
            self._asking[place] = asking
            asking.add_done_callback(lambda done: self._answered(place, done))
        return await asyncio.shield(asking)

    def _answered(self, place: Place, done: "asyncio.Future[Sequence[str]]") -> None:
        self._asking.pop(place, None)
        if not done.cancelled():
            done.exception()  # whoever still waits is told; that nobody does is no fault

    def _judge(self, place: Place, found: Sequence[Address]) -> None:
        for address in found:
            if reason := refusal_of(address, inside=place in self._inside):
                raise EgressRefusedError(f"Its host has an address that {reason}.")


def system_look_up(host: str, port: int) -> Sequence[str]:
    """All addresses that this machine's resolver knows for the host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _host(text: str) -> str:
    try:
        host = text.removesuffix(".").lower().encode("ascii" if text.isascii() else "idna").decode("ascii")
    except UnicodeError:
        host = ""
    if text.isascii() and (literal := _literal(host)) is not None:
        return str(literal)
    if len(host) > 253 or not _NAME.fullmatch(host):
        raise ValueError("the host is neither a name nor an address as it is usually written")
    return host


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _within(address: Address, networks: Collection[str]) -> bool:
    return any(address in _network(network) for network in networks)


async def _connected(address: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)  # noqa: FBT003 - its only form
        await asyncio.get_running_loop().sock_connect(sock, (address, port))
    except BaseException:
        sock.close()
        raise
    return sock
