"""A policy that does not hold together is refused, each fault with the sentence that names its key and the reason."""

from collections.abc import Callable

import pytest

from tests.workorders.policy.small import Data, policy_data, policy_of, refused_policy, rule, rung


def ladder(kind: str, *priorities: str, rungs: tuple[Data, ...] = ()) -> Data:
    return {"kind": kind, "priorities": list(priorities), "rungs": list(rungs) or [rung("duty", "duty")]}


def own(calendar: str = "always", **fits: list[str]) -> Callable[[Data], None]:
    def spoil(policy: Data) -> None:
        target = {"clock": "fix", "target": {"duration": "1h", "calendar": calendar}}
        policy.setdefault("own_targets", []).append(fits | target)

    return spoil


def without(kind: str, *instead: Data) -> Callable[[Data], None]:
    def spoil(policy: Data) -> None:
        policy["ladders"] = [one for one in policy["ladders"] if one["kind"] != kind] + list(instead)

    return spoil


def test_the_small_policy_is_sound() -> None:
    assert policy_of(policy_data()).spec.name == "Small"


ONE_FAULT = [
    pytest.param(
        lambda p: p["rules"].append(rule("lock", "P4", asset=["chair"])),
        "rules: 'lock' is there twice",
        id="rule-twice",
    ),
    pytest.param(
        lambda p: p["seasons"].append({"id": "winter", "starts": "11-01"}),
        "seasons: 'winter' is there twice",
        id="season-twice",
    ),
    pytest.param(
        lambda p: p["seasons"].append({"id": "frost", "starts": "10-01"}),
        "seasons: two of them start on 10-01, so one would never be",
        id="seasons-at-once",
    ),
    pytest.param(
        lambda p: p.update(control_groups=[{"id": "doors", "assets": ["lock"]}] * 2),
        "control_groups: 'doors' is there twice",
        id="group-twice",
    ),
    pytest.param(
        lambda p: p.update(pauses=[{"reason": "parts", "roles": ["duty"], "max_once": "1d", "max_total": "2d"}] * 2),
        "pauses: 'parts' is there twice",
        id="pause-twice",
    ),
    pytest.param(
        lambda p: p.update(promises=[{"source": "*", "honour": "alone"}] * 2),
        "promises: '*' is there twice",
        id="promise-twice",
    ),
    pytest.param(
        lambda p: p.update(security_assets=["lock", "lock"]),
        "security_assets: 'lock' is there twice",
        id="security-twice",
    ),
    pytest.param(
        lambda p: p["rules"].append(rule("same", "P1", fault=["broken"], asset=["lock"])),
        "rules 'same': asks the same as 'lock' with the same priority",
        id="same-question",
    ),
    pytest.param(
        lambda p: p["rules"][0]["when"].update(asset=["lok"]),
        "rules 'lock', when.asset: 'lok' is not in codes.assets",
        id="unknown-asset",
    ),
    pytest.param(
        lambda p: p["rules"][0]["when"].update(fault=["bent"]),
        "rules 'lock', when.fault: 'bent' is not in codes.faults",
        id="unknown-fault",
    ),
    pytest.param(
        lambda p: p["rules"][1]["when"].update(impacts_any=["cats"]),
        "rules 'public', when.impacts_any: 'cats' is not in codes.impacts",
        id="unknown-impact",
    ),
    pytest.param(
        lambda p: p["rules"][0]["when"].update(season=["spring"]),
        "rules 'lock', when.season: 'spring' is not in seasons",
        id="unknown-season",
    ),
    pytest.param(
        lambda p: p.update(control_groups=[{"id": "doors", "assets": ["gate"]}]),
        "control_groups 'doors', assets: 'gate' is not in codes.assets",
        id="unknown-group-asset",
    ),
    pytest.param(
        lambda p: p.update(security_assets=["gate"]),
        "security_assets: 'gate' is not in codes.assets",
        id="unknown-security-asset",
    ),
    pytest.param(
        lambda p: p.update(office_hours="offices"),
        "office_hours: 'offices' is not in calendars",
        id="unknown-office-hours",
    ),
    pytest.param(
        lambda p: p["targets"]["P1"]["fix"].update(calendar="never"),
        "targets.P1.fix.calendar: 'never' is not in calendars",
        id="unknown-calendar",
    ),
    pytest.param(
        lambda p: p["targets"].pop("P4"), "targets.P4: fix is missing; every priority needs it", id="no-targets"
    ),
    pytest.param(
        lambda p: p["targets"]["P2"].update(attend={"duration": "1h", "calendar": "always"}),
        "targets.P1: attend is missing although P2, which is less urgent, has it",
        id="stricter-lacks-clock",
    ),
    pytest.param(
        lambda p: p["nights"].update(zone="Europe/Paris"),
        "nights.zone: is Europe/Paris, but nights are reckoned in the policy's zone, Europe/London",
        id="other-zone",
    ),
    pytest.param(own(assets=["lok"]), "own_targets[1].assets: 'lok' is not in codes.assets", id="own-asset"),
    pytest.param(own(faults=["bent"]), "own_targets[1].faults: 'bent' is not in codes.faults", id="own-fault"),
    pytest.param(
        own(assets=["lock"], calendar="never"),
        "own_targets[1].target.calendar: 'never' is not in calendars",
        id="own-calendar",
    ),
    pytest.param(
        lambda p: (own(assets=["lock"])(p), own(assets=["lock"], faults=["worn"])(p)),
        "own_targets[2]: is never used, for earlier ones go before it wherever it fits",
        id="own-idle",
    ),
    pytest.param(
        lambda p: (own(assets=["lock"])(p), own(assets=["lock"])(p)),
        "own_targets[2]: is never used, for earlier ones go before it wherever it fits",
        id="own-twice",
    ),
    pytest.param(without("orphan"), "ladders 'orphan': is missing", id="no-ladder"),
    pytest.param(
        without("breach", ladder("breach", "P1", "P2")),
        "ladders 'breach': is missing for P3, P4",
        id="no-ladder-for-all",
    ),
    pytest.param(
        without("breach", ladder("breach"), ladder("breach")),
        "ladders 'breach': two of them are for any priority",
        id="two-for-any",
    ),
    pytest.param(
        without("breach", ladder("breach"), ladder("breach", "P1"), ladder("breach", "P1", "P2")),
        "ladders 'breach': two of them are for P1",
        id="two-for-one",
    ),
    pytest.param(
        without("breach", ladder("breach"), ladder("breach", "P1", "P2", "P3", "P4")),
        "ladders 'breach': the one for any priority is never used, for each priority has its own",
        id="never-used",
    ),
    pytest.param(
        without("orphan", ladder("orphan"), ladder("orphan", "P1")),
        "ladders 'orphan': names priorities, which this kind does not have",
        id="priority-of-orphan",
    ),
    pytest.param(
        without("breach", ladder("breach"), ladder("breach", "P1", rungs=(rung("duty", "head"),))),
        "ladders 'breach', rung 'duty': role differs between ladders; one name, one meaning",
        id="two-roles",
    ),
    pytest.param(
        without("breach", ladder("breach"), ladder("breach", "P1", rungs=(rung("duty", "duty", ack_holds="1h"),))),
        "ladders 'breach', rung 'duty': ack_holds differs between ladders; one name, one meaning",
        id="two-holds",
    ),
    pytest.param(
        without("orphan", ladder("orphan", rungs=(rung("duty", "duty"), rung("duty", "duty")))),
        "ladders 'orphan', rung 'duty': is there twice",
        id="rung-twice",
    ),
    pytest.param(
        without(
            "breach", ladder("breach"), ladder("breach", "P1", rungs=(rung("a", "duty", "2h"), rung("b", "head", "1h")))
        ),
        "ladders 'breach P1', rung 'b': after is less than that of 'a' before it",
        id="downwards",
    ),
    pytest.param(
        without("orphan", ladder("orphan", rungs=(rung("a", "duty", repeat="1d"), rung("b", "head")))),
        "ladders 'orphan', rung 'a': repeat is for the last rung only",
        id="repeat-before-last",
    ),
    pytest.param(
        lambda p: p["rules"].pop(),
        "rules: no rule matches approved-premises, asset lock, fault worn, no impact, no alternative, in hours, "
        "season winter",
        id="gap",
    ),
    pytest.param(
        lambda p: p["rules"].append(rule("late", "P2", asset=["lock"], fault=["broken"], out_of_hours=True)),
        "rules 'late': is dead, for wherever it matches another decides: 'lock' for instance for approved-premises, "
        "asset lock, fault broken, no impact, no alternative, out of hours, season winter",
        id="shadowed",
    ),
    pytest.param(
        lambda p: p["rules"].append(rule("any", "P4")),
        "rules 'rest': is dead, for wherever it matches another decides: 'lock' for instance for approved-premises, "
        "asset lock, fault broken, no impact, no alternative, in hours, season winter",
        id="idle-last-resort",
    ),
]


@pytest.mark.parametrize(("spoil", "sentence"), ONE_FAULT)
def test_a_policy_with_one_fault_is_refused_with_its_sentence(spoil: Callable[[Data], object], sentence: str) -> None:
    assert refused_policy(spoil) == (sentence,)


def test_every_fault_has_its_sentence_and_the_first_is_the_text() -> None:
    def spoil(policy: Data) -> None:
        policy.update(office_hours="offices")
        policy["targets"].pop("P3")

    sentences = refused_policy(spoil)
    assert sentences == (
        "office_hours: 'offices' is not in calendars",
        "targets.P3: fix is missing; every priority needs it",
    )
