"""Who may do what: generated from the one table, and held against every route."""

from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from desk.access import keys, record
from desk.access.granting import grant, scope_of
from desk.access.rights import ALLOWED, PARTIES, Action, Holder
from desk.access.scope import premises_within
from desk.api import guard
from desk.api.app import ROUTERS
from desk.api.place import USE_NOTED_EVERY
from desk.exits import BadValue
from models.premises import ScopeKind
from streams.ledger.incoming import Incoming
from tests.desk.api.conftest import FACTS, SOURCES, Api
from tests.desk.api.test_saying import SAID
from tests.desk.small_ledger import ENDS, event
from workorders.policy import default_world

READ = {
    Action.READ_ORDERS: ("/v1/orders", "/v1/orders/WO-1", "/v1/orders/WO-1/explanation"),
    Action.READ_NIGHTS: ("/v1/nights", "/v1/nights/ap-ty-derwen/2026-01-13",
                         "/v1/nights/ap-ty-derwen/2026-01-13/explanation"),
    Action.READ_ESCALATIONS: ("/v1/escalations", "/v1/escalations/00000000-0000-0000-0000-000000000000",
                              "/v1/escalations/stream?seconds=0"),
    Action.READ_BOARD: ("/v1/board",),
    Action.READ_DISPUTES: ("/v1/disputes",),
    Action.READ_REJECTED: ("/v1/rejected",),
    Action.READ_SOURCES: ("/v1/sources",),
    Action.READ_RECEIPT: ("/v1/receipts/ABCD",),
}  # fmt: skip
ROUTES = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]


def actions_of(route: APIRoute) -> list[Action]:
    calls = (one.call for one in route.dependant.dependencies)
    return [call.action for call in calls if call is not None and hasattr(call, "action")]


def test_every_action_is_decided_for_every_holder() -> None:
    assert ALLOWED.keys() == set(Action)
    assert PARTIES.keys() == set(Holder)
    assert all(holders for holders in ALLOWED.values())


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.methods} {route.path}")
def test_every_route_asks_for_exactly_one_right(route: APIRoute) -> None:
    assert len(actions_of(route)) == 1


def test_every_action_has_a_route_and_a_trial() -> None:
    assert {action for route in ROUTES for action in actions_of(route)} == set(Action)
    assert SAID.keys() | READ.keys() == set(Action)


def test_whoever_only_looks_says_nothing() -> None:
    assert {action for action in SAID if Holder.MONITOR in ALLOWED[action]} == set()


@pytest.mark.parametrize("action", Action, ids=str)
async def test_who_may_do_it_is_let_through_and_who_may_not_is_refused(action: Action, api: Api) -> None:
    for holder in Holder:
        client = await api.of(holder)
        if action in READ:
            answers = [await client.get(path) for path in READ[action]]
        else:
            path, body = SAID[action]
            answers = [await client.post(path.replace("<id>", "none"), json=body)]
        for answer in answers:
            refused = answer.status_code == 403 and answer.json()["code"] == "not-permitted"
            assert refused == (holder not in ALLOWED[action]), (holder, answer.text)


async def test_nothing_is_answered_without_a_key_that_holds(api: Api) -> None:
    gone = await api.key(Holder.DIVISION)
    live = await api.key(Holder.DIVISION)
    async with api.place.ledger.database.writing() as connection:
        assert await keys.revoke(connection, gone.split("_")[1], api.place.clock.now())
    wrong = live[:-1] + ("A" if live[-1] != "A" else "B")
    for secret in (None, "", "nonsense", "wo_", wrong, gone, f"{live} "[:20]):
        answered = await api.client(secret).get("/v1/board")
        assert (answered.status_code, answered.headers["www-authenticate"]) == (401, "Bearer")
    headers = {"Authorization": f"Basic {live}"}
    assert (await api.client(None).get("/v1/board", headers=headers)).status_code == 401
    assert (await api.client(live).get("/v1/board")).status_code == 200


async def test_a_key_ends_with_its_day(api: Api) -> None:
    client = await api.of()
    assert (await client.get("/v1/board")).status_code == 200
    await api.place.clock.advance(timedelta(days=1).total_seconds())  # type: ignore[attr-defined]
    assert (await client.get("/v1/board")).status_code == 401


async def test_a_key_is_kept_only_as_its_hash_and_when_it_was_last_used(api: Api) -> None:
    secret = await api.key(Holder.DIVISION)
    await api.client(secret).get("/v1/board")
    async with api.place.ledger.reading() as connection:
        [known] = await keys.all_keys(connection)
    assert known.last_used_at == api.place.clock.now()
    assert secret.split("_", 2)[2] not in str(known)
    await api.place.clock.advance(2 * USE_NOTED_EVERY.total_seconds())  # type: ignore[attr-defined]
    api.place._keys.clear()
    await api.client(secret).get("/v1/board")
    async with api.place.ledger.reading() as connection:
        [later] = await keys.all_keys(connection)
    assert later.last_used_at == api.place.clock.now()
    raw = api.place.ledger.database.url.database
    assert raw is not None
    kept = b"".join(path.read_bytes() for path in Path(raw).parent.iterdir())
    assert secret.split("_", 2)[2].encode() not in kept


async def test_a_provider_sees_its_own_regions_orders_and_the_others_are_as_if_there_were_none(api: Api) -> None:
    north = await api.of(Holder.PROVIDER, "region:north", "fm-north")
    whole = await api.of()
    mine = {one["subject"] for one in (await north.get("/v1/orders?all=true")).json()["lines"]}
    assert mine == {"WO-1", "WO-2"}
    answers = [await north.get(f"/v1/orders/{name}") for name in ("WO-3", "WO-9")]
    told = [{**one.json(), "request": ""} for one in answers]
    assert told[0] == told[1]
    assert {one.status_code for one in answers} == {404}
    for path in ("/v1/escalations?all=true", "/v1/disputes"):
        seen = {one["premises"] for one in (await north.get(path)).json()["lines"]}
        assert seen <= {"ap-bryn-awel", "ap-plas-helyg", "source:fm-north"}
    escalated = (await whole.get("/v1/escalations?all=true")).json()["lines"]
    hidden = next(one["id"] for one in escalated if one["premises"] == "ap-ty-derwen")
    assert (await north.get(f"/v1/escalations/{hidden}")).status_code == 404
    assert (await north.post(f"/v1/escalations/{hidden}/resolutions", json={})).status_code == 404
    assert (await north.get("/v1/orders?premises=ap-ty-derwen")).status_code == 422


async def test_a_receipt_for_another_region_is_answered_as_one_that_was_never_given(api: Api) -> None:
    whole, north = await api.of(), await api.of(Holder.PROVIDER, "region:north", "fm-north")
    south = await whole.post("/v1/orders", json={**FACTS, "premises": "ap-ty-derwen"})
    theirs = await whole.post("/v1/orders", json=FACTS)
    hidden = await north.get(south.headers["location"])
    never = await north.get("/v1/receipts/ABCD")
    assert {**hidden.json(), "request": ""} == {**never.json(), "request": ""}
    assert (await north.get(theirs.headers["location"])).status_code == 200


async def test_nothing_is_said_of_what_lies_beyond_a_keys_scope(api: Api) -> None:
    manager = await api.of(Holder.MANAGER, "premises:ap-bryn-awel")
    before = (await (await api.of()).get("/v1/orders?all=true")).json()["lines"]
    for premises in ("ap-ty-derwen", "no-such-place"):
        answered = await manager.post("/v1/orders", json={**FACTS, "premises": premises})
        assert (answered.status_code, answered.json()["code"]) == (422, "unknown-premises")
    assert (await manager.post("/v1/nights/ap-ty-derwen/2026-01-14/missing", json={})).status_code == 404
    assert (await manager.post("/v1/orders/WO-3/cancellations", json={"reason": "invalid"})).status_code == 404
    assert (await (await api.of()).get("/v1/orders?all=true")).json()["lines"] == before


async def test_the_board_of_a_part_counts_only_that_part(api: Api) -> None:
    north = (await (await api.of(Holder.PROVIDER, "region:north", "fm-north")).get("/v1/board")).json()["board"]
    whole = (await (await api.of()).get("/v1/board")).json()["board"]
    south = (await (await api.of(Holder.PROVIDER, "region:south", "fm-south")).get("/v1/board")).json()["board"]
    assert {ldu["region"] for ldu in north["ldus"]} == {"north"}
    for figure in ("breached", "standing", "disputed"):
        assert north["total"][figure] + south["total"][figure] == whole["total"][figure]
    both = [one["total"]["outstanding"] or 0 for one in (north, south)]
    assert sum(both) == whole["total"]["outstanding"]
    assert (
        north["total"]["by_priority"]["P1"] + south["total"]["by_priority"]["P1"] == whole["total"]["by_priority"]["P1"]
    )


async def test_a_provider_sees_only_the_rejections_of_its_own_source(api: Api) -> None:
    assert (await (await api.of(Holder.PROVIDER, "region:north")).get("/v1/rejected")).json()["lines"] == []
    assert (await (await api.of()).get("/v1/rejected")).json()["lines"] != []


async def test_a_key_sees_of_its_sources_rejections_only_those_of_premises_within_its_scope(api: Api) -> None:
    raw = event("ap-managers", "work-order.raised", "M-1", "ap-ty-derwen", {"floor": 1}, ENDS.isoformat(), "m-1")
    await api.place.ledger.take([Incoming("work-orders", b"ap-ty-derwen", raw)], ENDS, api.place.world)
    for scope, n in (("premises:ap-bryn-awel", 0), ("premises:ap-ty-derwen", 1)):
        client = await api.of(Holder.MANAGER, scope)
        assert len((await client.get("/v1/rejected")).json()["lines"]) == n


@pytest.mark.parametrize("scope", ["division", "premises:ap-bryn-awel", "ldu:south-east", "region:south"])
def test_a_scope_reaches_as_far_as_a_source_of_that_scope(scope: str) -> None:
    estate = default_world().estates.at(ENDS)
    reach, of = scope_of(scope)
    like = estate.spec.sources[0].model_copy(update={"scope": reach, "of": of})
    by_hand = [one.id for one in estate.spec.premises if estate.speaks_for(like, one.id, ENDS)]
    assert premises_within(estate, reach, of, ENDS) == by_hand != []


async def test_a_provider_scope_follows_the_contract(api: Api) -> None:
    now = api.place.clock.now()
    estate = api.place.world.estates.at(now)
    holder = next(one for one in estate.spec.providers if one.contract == "fm" and one.holds_at(now))
    reached = premises_within(estate, ScopeKind.PROVIDER, holder.id, now)
    assert {estate.region_of(one) for one in reached} == {holder.region}


async def test_who_comes_too_often_is_told_when_to_come_again(api: Api) -> None:
    api.app.state.limits = guard.Limits(3)
    client = await api.of()
    answers = [await client.get("/v1/sources") for _ in range(4)]
    assert [one.status_code for one in answers] == [200, 200, 200, 429]
    assert (answers[3].headers["retry-after"], answers[3].json()["code"]) == ("60", "too-often")
    assert (await (await api.of()).get("/v1/sources")).status_code == 200


async def test_an_address_that_comes_without_keys_again_and_again_is_put_on_record_no_more(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "STRANGERS_PER_MINUTE", 2)
    api.app.state.limits = guard.Limits(100)
    answers = [await api.client(None).get("/v1/board") for _ in range(4)]
    assert [one.status_code for one in answers] == [401, 401, 429, 429]
    assert len(await lines(api)) == 2


async def lines(api: Api) -> list[record.Access]:
    async with api.place.ledger.reading() as connection:
        return await record.latest(connection, 100)


async def test_the_record_is_kept_as_long_as_the_settings_say_and_no_longer(api: Api) -> None:
    now, kept_for = api.place.clock.now(), timedelta(days=api.place.settings.api_access_days)
    ages = {"long gone": kept_for * 2, "just gone": kept_for + timedelta(seconds=1), "just kept": kept_for}
    old = [record.Access(now - age, "k", "read-orders", about, 200) for about, age in ages.items()]
    async with api.place.ledger.database.writing() as connection:
        await record.write(connection, old, kept_for=kept_for * 3)
    assert len(await lines(api)) == 3
    await (await api.of()).get("/v1/orders/WO-1")
    assert [one.about for one in await lines(api)] == ["WO-1", "just kept"]


async def test_a_line_that_no_database_could_keep_costs_the_others_nothing(api: Api) -> None:
    now = api.place.clock.now()
    for about in ("/v1/orders/a\0b", "/v1/orders/WO-1"):
        await api.place.recording.ask(record.Access(now, None, "unknown", about, 404))
    assert {one.about for one in await lines(api)} == {"/v1/orders/a\ufffdb", "/v1/orders/WO-1"}


async def test_every_look_at_a_subject_and_every_refusal_is_on_record(api: Api) -> None:
    secret = await api.key(Holder.PROVIDER, "region:north", "fm-north")
    client, id_ = api.client(secret), secret.split("_")[1]
    for path in ("/v1/orders/WO-1", "/v1/orders/WO-1/explanation", "/v1/orders/WO-3", "/v1/sources", "/v1/orders"):
        await client.get(path)
    await client.post("/v1/orders/WO-1/completions", json={"colour": "red"})
    await api.client(None).get("/v1/board")
    found = [(one.key, one.action, one.about, one.status, one.code) for one in reversed(await lines(api))]
    assert found == [
        (id_, "read-orders", "WO-1", 200, ""),
        (id_, "read-orders", "WO-1", 200, ""),
        (id_, "read-orders", "/v1/orders/WO-3", 404, "not-found"),
        (id_, "read-sources", "/v1/sources", 403, "not-permitted"),
        (id_, "complete-order", "/v1/orders/WO-1/completions", 422, "unknown-field"),
        (None, "read-board", "/v1/board", 401, "no-key"),
    ]


async def test_a_refusal_stands_though_it_cannot_be_put_on_record(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def breaks(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(record, "write", breaks)
    assert (await api.client(None).get("/v1/board")).status_code == 401
    seen = await (await api.of()).get("/v1/orders/WO-1")
    assert seen.status_code == 500, "what cannot be put on record is not shown"


@pytest.mark.parametrize(
    ("source", "holder", "scope", "sentence"),
    [
        ("fm-nort", Holder.PROVIDER, "region:north", "Did you mean fm-north?"),
        ("fm-north", Holder.DIVISION, "division", "speaks for the provider"),
        ("ap-managers", Holder.PROVIDER, "division", "speaks for the client"),
        ("fm-north", Holder.PROVIDER, "region:nort", "Did you mean north?"),
        ("division", Holder.DIVISION, "premises:ap-bryn-awl", "Did you mean ap-bryn-awel?"),
    ],
)
async def test_a_key_that_fits_nothing_is_not_made(
    source: str, holder: Holder, scope: str, sentence: str, api: Api
) -> None:
    wanted = (source, holder, *scope_of(scope))
    with pytest.raises(BadValue, match=sentence.replace("?", r"\?")):
        await grant(api.place.ledger, api.place.world, api.place.clock.now(), wanted, None)


@pytest.mark.parametrize("scope", ["", "everywhere", "region", "division:north", "planet:earth"])
def test_a_scope_that_is_none_is_refused(scope: str) -> None:
    with pytest.raises(BadValue, match="--scope"):
        scope_of(scope)


def test_each_holder_has_a_source_in_the_packaged_estate() -> None:
    assert SOURCES.keys() == set(Holder)
