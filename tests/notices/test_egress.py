"""The gate: only configured places, and only addresses that were looked at, row by row of what is refused."""

import asyncio
import socket
import threading
from collections.abc import Callable, Sequence
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.notices.egress import Egress, EgressRefusedError, Place, place_of, refusal_of

HOOK = Place("hook.example", 443)
PUBLIC = "93.184.216.34"

LOOPBACK = ["127.0.0.1", "127.255.255.254", "::1"]
PRIVATE = ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "fd00:ec2::254", "fc00::1"]
NEVER = {
    "0.0.0.0": "is no address of anybody",  # noqa: S104 - refused
    "0.1.2.3": "is no address of anybody",
    "::": "is no address of anybody",
    "169.254.0.1": "is link-local",
    "169.254.169.254": "is link-local",
    "fe80::1": "is link-local",
    "fec0::1": "is link-local",
    "224.0.0.1": "is multicast",
    "239.255.255.255": "is multicast",
    "ff02::1": "is multicast",
    "::ffff:127.0.0.1": "hides another address",
    "::ffff:169.254.169.254": "hides another address",
    "::ffff:93.184.216.34": "hides another address",
    "::127.0.0.1": "hides another address",
    "::ffff:0:127.0.0.1": "hides another address",
    "64:ff9b::127.0.0.1": "hides another address",
    "64:ff9b::10.0.0.1": "hides another address",
    "64:ff9b:1::1": "hides another address",
    "2001:0:7f00:1::": "hides another address",
    "2002:7f00:1::": "hides another address",
    "240.0.0.1": "is reserved",
    "255.255.255.255": "is reserved",
    "192.0.2.1": "is reserved",
    "198.18.0.1": "is reserved",
    "2001:db8::1": "is reserved",
}
GLOBAL = [PUBLIC, "8.8.8.8", "2606:2800:220:1:248:1893:25c8:1946"]


def answering(*answers: Sequence[str]) -> Callable[[str, int], Sequence[str]]:
    """A resolver that gives one answer after the other, the last for ever."""
    left = list(answers)
    return lambda _host, _port: left.pop(0) if len(left) > 1 else left[0]


@pytest.mark.parametrize("address", LOOPBACK + PRIVATE)
def test_this_machine_and_private_networks_are_refused_unless_the_place_lies_inside(address: str) -> None:
    assert refusal_of(ip_address(address), inside=False)
    assert refusal_of(ip_address(address), inside=True) is None


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize(("address", "reason"), NEVER.items())
def test_what_is_never_connected_to_is_refused_wherever_its_place_lies(address: str, reason: str, inside: bool) -> None:
    assert refusal_of(ip_address(address), inside=inside) == reason


@pytest.mark.parametrize("address", GLOBAL)
def test_an_address_of_the_open_net_is_let_through(address: str) -> None:
    assert refusal_of(ip_address(address), inside=False) is None


@given(st.ip_addresses())
def test_whatever_is_let_through_is_global(address: object) -> None:
    found = ip_address(str(address))
    if refusal_of(found, inside=False) is None:
        assert found.is_global
        assert not found.is_multicast


@pytest.mark.parametrize("address", [*LOOPBACK, *PRIVATE, *NEVER])
async def test_a_name_that_resolves_to_a_refused_address_is_refused(address: str) -> None:
    gate = Egress([HOOK], look_up=answering([address]))
    with pytest.raises(EgressRefusedError, match=r"^Its host has an address that "):
        await gate.addresses(HOOK)


async def test_one_bad_address_among_good_ones_refuses_them_all() -> None:
    gate = Egress([HOOK], look_up=answering([PUBLIC, "127.0.0.1"]))
    with pytest.raises(EgressRefusedError, match="this machine's own"):
        await gate.addresses(HOOK)


async def test_a_refusal_names_neither_host_nor_address() -> None:
    gate = Egress([HOOK], look_up=answering(["10.1.2.3"]))
    with pytest.raises(EgressRefusedError) as refused:
        await gate.addresses(HOOK)
    assert "10.1.2.3" not in str(refused.value)
    assert "hook" not in str(refused.value)


async def test_a_zone_does_not_hide_a_link_local_address() -> None:
    gate = Egress([HOOK], look_up=answering(["fe80::1%eth0"]))
    with pytest.raises(EgressRefusedError, match="link-local"):
        await gate.addresses(HOOK)


async def test_a_place_that_is_not_configured_is_not_even_looked_up() -> None:
    asked: list[str] = []

    def look_up(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return [PUBLIC]

    gate = Egress([HOOK], look_up=look_up)
    for place in (Place("other.example", 443), Place("hook.example", 8443), Place("sub.hook.example", 443)):
        with pytest.raises(EgressRefusedError, match="not among those"):
            await gate.addresses(place)
    assert asked == []


async def test_a_place_may_lie_inside_only_with_its_exact_host_and_port() -> None:
    ours = Place("127.0.0.1", 8025)
    gate = Egress([ours, Place("127.0.0.1", 8026)], [ours])
    assert await gate.addresses(ours) == ("127.0.0.1",)
    with pytest.raises(EgressRefusedError, match="this machine's own"):
        await gate.addresses(Place("127.0.0.1", 8026))


async def test_lying_inside_does_not_configure_a_place() -> None:
    ours = Place("127.0.0.1", 8025)
    with pytest.raises(EgressRefusedError, match="not among those"):
        await Egress([], [ours]).addresses(ours)


async def test_a_name_whose_answer_changes_is_connected_to_where_it_was_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """First a good address, then this machine's: one look-up for each connection, and no other one behind our back."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = Place("changing.example", server.getsockname()[1])
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: pytest.fail("resolved a second time"))
        gate = Egress([place], [place], look_up=answering(["127.0.0.1"], ["169.254.169.254"]))
        connected = await gate.connect(place)
        assert connected.getpeername()[0] == "127.0.0.1"
        connected.close()
        with pytest.raises(EgressRefusedError, match="link-local"):
            await gate.connect(place)


async def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = Place("two.example", server.getsockname()[1])
        gate = Egress([place], [place], look_up=answering(["127.0.0.9", "127.0.0.1"]))
        connected = await gate.connect(place)
        assert connected.getpeername()[0] == "127.0.0.1"
        connected.close()


@pytest.mark.parametrize("answer", [[], OSError("no such name")])
async def test_a_name_without_address_could_not_be_reached(answer: Sequence[str] | OSError) -> None:
    def look_up(_host: str, _port: int) -> Sequence[str]:
        if isinstance(answer, OSError):
            raise answer
        return answer

    with pytest.raises(OSError, match="no"):
        await Egress([HOOK], look_up=look_up).connect(HOOK)


async def test_a_name_that_is_never_answered_for_holds_one_thread_and_no_other_name() -> None:
    hold = threading.Event()
    asked: list[str] = []

    def look_up(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        if host == "dead.example":
            hold.wait(10)
        return [PUBLIC]

    dead = Place("dead.example", 443)
    gate = Egress([dead, HOOK], look_up=look_up)
    waiting = [asyncio.create_task(gate.addresses(dead)) for _ in range(100)]
    try:
        async with asyncio.timeout(5):
            assert await gate.addresses(HOOK) == (PUBLIC,)
    finally:
        hold.set()
        assert len(await asyncio.gather(*waiting)) == 100
        gate.close()
    assert asked.count("dead.example") == 1


@pytest.mark.parametrize(
    "text",
    [
        "2130706433:80",
        "0x7f000001:80",
        "0x7f.0.0.1:80",
        "0177.0.0.1:80",
        "017700000001:80",
        "127.1:80",
        "127.0.1:80",
        "127.0.0.01:80",
        "①②⑦.0.0.1:80",
        "host:0",
        "host:65536",
        "host",
        "",
        ":80",
        "a b:80",
        "user@host:80",
        "host/path:80",
        "ho\nst:80",
        "host:80\n",
        "::1:80",
        "[::1:80",
        "-host:80",
        "x" * 64 + ".example:80",
        "\ud800:80",
    ],
)
def test_what_is_no_place_as_it_is_usually_written_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"host|port"):
        place_of(text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Hook.Example:8443", Place("hook.example", 8443)),
        ("hook.example.:443", HOOK),
        ("[::1]:25", Place("::1", 25)),
        ("[0:0:0:0:0:0:0:1]:25", Place("::1", 25)),
        ("127.0.0.1:25", Place("127.0.0.1", 25)),
        ("swyddfa-ddŵr.example:443", Place("xn--swyddfa-ddr-koc.example", 443)),
        ("localhost:25", Place("localhost", 25)),
    ],
)
def test_one_place_is_written_in_one_way(text: str, place: Place) -> None:
    assert place_of(text) == place
    assert place_of(str(place)) == place


def test_a_port_may_be_left_out_where_there_is_a_usual_one() -> None:
    assert place_of("hook.example", 443) == HOOK
