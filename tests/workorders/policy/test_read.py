"""A text that is no policy or estate is refused with its name, the place as a person writes it, and the reason."""

import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, time
from importlib.resources import files
from pathlib import Path

import orjson
import pytest

from models.premises import Region
from tests.workorders.policy.small import NOON, Data, estate_data, policy_data, rung
from workorders.policy import (
    PolicyError,
    canonical,
    default_estate,
    default_policy,
    default_world,
    estate_from_data,
    estate_from_json,
    estate_from_toml,
    load_estate,
    load_policy,
    load_world,
    policy_from_data,
    policy_from_json,
    policy_from_toml,
)
from workorders.policy.read import _place, built_from_toml

PACKAGED = files("workorders.policy")


CODE = "lower-case letters, digits and hyphens, at most 40"
NO_CODE = f"is not written as it must be: a code has {CODE}, and begins with a letter"
NO_PREMISES_ID = f"is not written as it must be: a premises id has {CODE}, and does not begin with a hyphen"
NO_OFFSET = "has no offset from UTC; write for example '2026-01-05T10:00:00+00:00'"


def as_json(data: Data) -> bytes:
    return orjson.dumps(data)


def said_of(spoil: Callable[[Data], object], data: Data, read: Callable[[Data, str], object]) -> str:
    spoil(data)
    with pytest.raises(PolicyError) as refusal:
        read(data, "rules.toml")
    return str(refusal.value)


SHAPES: list[tuple[Callable[[Data], object], str]] = [
    (lambda p: p.pop("zone"), "zone: is missing"),
    (lambda p: p.update(zon="x"), "zon: is not a key that is known here"),
    (
        lambda p: p["rules"][1]["when"].update(aset=["lock"]),
        "rules 'public', when.aset: is not a key that is known here",
    ),
    (
        lambda p: p["rules"][0].update(priority="P5"),
        "rules 'lock', priority: 'P5' is none of 'P1', 'P2', 'P3' or 'P4'",
    ),
    (
        lambda p: p.update(name="two\nlines"),
        "name: 'two\\nlines' is not written as it must be: it has to match ^[^\\x00-\\x1f\\x7f-\\x9f]*$",
    ),
    (lambda p: p["rules"][0].pop("id"), "rules 'lock.', id: is missing"),
    (
        lambda p: p["rules"][0]["when"].update(asset=["Lock"]),
        f"rules 'lock', when.asset[1]: 'Lock' {NO_CODE}",
    ),
    (
        lambda p: p["rules"][0]["when"].update(asset=["lock", "lock"]),
        "rules 'lock', when.asset: 'lock' is listed twice",
    ),
    (
        lambda p: p["rules"][0]["when"].update(asset=[]),
        "rules 'lock', when.asset: tuple should have at least 1 item after validation, not 0, not []",
    ),
    (
        lambda p: p["rules"][0]["when"].update(out_of_hours="yes"),
        "rules 'lock', when.out_of_hours: input should be a valid boolean, not 'yes'",
    ),
    (
        lambda p: p["codes"]["assets"].update({"Big Lock": "Lock"}),
        f"codes.assets.Big Lock: 'Big Lock' {NO_CODE}",
    ),
    (
        lambda p: p.update(zone="London"),
        "zone: 'London' is no zone of the time-zone database: write for example 'Europe/London'",
    ),
    (
        lambda p: p["seasons"][0].update(starts="02-29"),
        "seasons 'winter', starts: '02-29' is no day of every year: write month and day, for example '10-01'",
    ),
    (
        lambda p: p["seasons"][0].update(starts="W01"),
        "seasons 'winter', starts: 'W01' is no day of every year: write month and day, for example '10-01'",
    ),
    (
        lambda p: p["targets"]["P1"]["fix"].update(duration="5 working days"),
        "targets.P1.fix.duration: '5 working days' is no duration: write for example '15min', '2h' or '1d 12h'",
    ),
    (
        lambda p: p["targets"]["P1"]["fix"].update(duration="0s"),
        "targets.P1.fix.duration: must be longer than nothing",
    ),
    (
        lambda p: p["targets"]["P1"]["fix"].update(working_days=1),
        "targets.P1.fix: give either duration or working_days",
    ),
    (
        lambda p: p.update(own_targets=[{"clock": "fix", "target": {"duration": "1h", "calendar": "always"}}]),
        "own_targets[1]: name the assets or the faults that the target is for",
    ),
    (
        lambda p: p.update(pauses=[{"reason": "parts", "roles": ["duty"], "max_once": "2d", "max_total": "1d"}]),
        "pauses 'parts': max_once is longer than max_total",
    ),
    (
        lambda p: p["ladders"][0]["rungs"][1].update(repeat="59s"),
        "ladders 'breach', rungs 'head', repeat: a rung repeats at most once a minute",
    ),
    (
        lambda p: p["ladders"].append({"kind": "breach", "priorities": ["P1"], "rungs": []}),
        "ladders 'breach P1', rungs: tuple should have at least 1 item after validation, not 0, not []",
    ),
    (
        lambda p: p["ladders"][0].update(email_only=True),
        "ladders 'breach': email_only = true and email_only_reason go together: give both or neither",
    ),
    (
        lambda p: p["ladders"][0].update(email_only_reason="Asleep."),
        "ladders 'breach': email_only = true and email_only_reason go together: give both or neither",
    ),
    (lambda p: p["nights"].update(own_staff=3), "nights: own_staff is more than required"),
    (
        lambda p: p["nights"].update(ends=time(20)),
        "nights: a night that starts and ends at the same time has no length",
    ),
    (
        lambda p: p["nights"].update(starts=time(20, tzinfo=UTC)),
        "nights: starts and ends are times of the wall clock, without an offset",
    ),
    (
        lambda p: p["nights"].update(warn_before="1h"),
        "nights: escalate_before is longer than warn_before: nobody would be warned first",
    ),
    (lambda p: p.update(rules="none"), "rules: input should be a valid tuple, not 'none'"),
    (lambda p: p.update(name="x" * 301), f"name: string should have at most 300 characters, not 'x{'x' * 55}..."),
]


@pytest.mark.parametrize(("spoil", "sentence"), SHAPES)
def test_a_policy_of_the_wrong_shape_is_refused_with_place_and_reason(
    spoil: Callable[[Data], object], sentence: str
) -> None:
    assert said_of(spoil, policy_data(), policy_from_data) == f"rules.toml: {sentence}"


ESTATE_SHAPES: list[tuple[Callable[[Data], object], str]] = [
    (
        lambda e: e["premises"][0].update(kind="hotel"),
        "premises 'ap', kind: 'hotel' is none of 'approved-premises', 'office', 'court' or 'shared'",
    ),
    (lambda e: e["premises"][0].update(id="-"), f"premises '-', id: '-' {NO_PREMISES_ID}"),
    (
        lambda e: e["routes"][0]["channels"][0].update(kind="pigeon"),
        "routes[1].channels 'pigeon', kind: 'pigeon' is none of 'email', 'text', 'call', 'webhook' or 'file'",
    ),
    (
        lambda e: e["routes"][0]["channels"][0].update(address="nobody"),
        "routes[1].channels 'text': address 'nobody' is none for text: write for example '+44 7700 900123'",
    ),
    (
        lambda e: e["routes"][1]["channels"][0].update(address="nobody"),
        "routes[2].channels 'email': address 'nobody' is none for email: write for example 'duty@facilities.example'",
    ),
    (
        lambda e: e["sources"][0].update(earliest=datetime(2018, 1, 1)),  # noqa: DTZ001 - that is the fault
        f"sources 'desk', earliest: 2018-01-01T00:00:00 {NO_OFFSET}",
    ),
    (lambda e: e["sources"][1].update(expect_every="0s"), "sources 'fixit', expect_every: must be longer than nothing"),
    (
        lambda e: e["premises"][0].update(valid_from=NOON, valid_until=NOON),
        "premises 'ap': valid_until is not after valid_from",
    ),
]


@pytest.mark.parametrize(("spoil", "sentence"), ESTATE_SHAPES)
def test_an_estate_of_the_wrong_shape_is_refused_with_place_and_reason(
    spoil: Callable[[Data], object], sentence: str
) -> None:
    assert said_of(spoil, estate_data(), estate_from_data) == f"rules.toml: {sentence}"


def test_a_text_that_is_no_toml_is_refused_with_its_line() -> None:
    with pytest.raises(PolicyError, match=r"^p\.toml: is no TOML: .*\(at line 2, column 6\)$"):
        policy_from_toml('name = "x"\nzone ; y', "p.toml")


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(PolicyError, match=r"^e\.toml: is no TOML: 'utf-8' codec can't decode"):
        estate_from_toml(b"\xff\xfe", "e.toml")


def test_a_text_that_is_no_json_is_refused() -> None:
    with pytest.raises(PolicyError, match=r"^stored: is no JSON: "):
        policy_from_json("{", "stored")


def test_json_that_is_no_table_is_refused() -> None:
    with pytest.raises(PolicyError, match=r"^stored: the whole: "):
        estate_from_json("[]", "stored")


def test_a_fault_of_meaning_bears_the_name_of_the_text_too() -> None:
    with pytest.raises(PolicyError, match=r"^mine: office_hours: 'x' is not in calendars$"):
        policy_from_data(policy_data() | {"office_hours": "x"}, "mine")


def test_what_was_activated_once_is_read_though_the_checks_of_today_would_refuse_it() -> None:
    policy = default_policy().spec.model_dump(mode="json", exclude_defaults=True)
    policy["security_assets"] = [*policy["security_assets"], "no-such-asset"]
    with pytest.raises(PolicyError):
        policy_from_data(policy, "mine")
    assert policy_from_json(as_json(policy), "stored").is_security("no-such-asset")
    estate = default_estate().spec.model_dump(mode="json", exclude_defaults=True)
    estate["ldus"] = [*estate["ldus"], estate["ldus"][0]]
    with pytest.raises(PolicyError):
        estate_from_data(estate, "mine")
    assert len(estate_from_json(as_json(estate), "stored").spec.ldus) == len(default_estate().spec.ldus) + 1


def test_all_faults_of_shape_are_told_at_once() -> None:
    with pytest.raises(PolicyError) as refusal:
        policy_from_json(as_json(policy_data() | {"zone": 1, "office_hours": 2}), "p")
    assert len(refusal.value.sentences) == 2


@pytest.mark.parametrize(
    ("keys", "content", "place"),
    [
        (("a", "b"), {"a": {"b": 1}}, "a.b"),
        (("a", 0, "b"), {"a": [{"id": "x"}]}, "a 'x', b"),
        (("a", 0, "b", 1, "c"), {"a": [{"id": "x", "b": [0, {"name": "y"}]}]}, "a 'x', b 'y', c"),
        (("a", 0, "b"), {"a": [{"other": "x"}]}, "a[1].b"),
        (("a", "gone", 0), {"a": 3}, "a.gone[1]"),
        (("a", 0), {"a": [{"kind": "k", "priorities": 3}]}, "a 'k'"),
        ((), {}, "the whole"),
    ],
)
def test_a_place_is_written_as_a_person_writes_it(keys: tuple[int | str, ...], content: object, place: str) -> None:
    assert _place(keys, content) == place


def test_a_policy_file_is_loaded(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_bytes(PACKAGED.joinpath("default.toml").read_bytes())
    assert load_policy(file) == load_policy(str(file)) == default_policy()


def test_an_estate_file_is_loaded(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_bytes(PACKAGED.joinpath("wales.toml").read_bytes())
    assert load_estate(file) == load_estate(str(file)) == default_estate()


def test_a_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"^none\.toml: cannot be read: No such file or directory$"):
        load_policy(tmp_path / "none.toml")


def test_a_world_is_loaded_from_two_files_that_fit(tmp_path: Path) -> None:
    policy, estate = tmp_path / "p.toml", tmp_path / "e.toml"
    text = PACKAGED.joinpath("default.toml").read_text(encoding="utf-8")
    policy.write_text(text, encoding="utf-8")
    estate.write_bytes(PACKAGED.joinpath("wales.toml").read_bytes())
    assert load_world(policy, estate).policies.versions == default_world().policies.versions
    policy.write_text(text.replace('role = "national-taskforce"', 'role = "nobody"'), encoding="utf-8")
    with pytest.raises(PolicyError, match=r"^p\.toml with e\.toml: ladders 'breach P1', rung 'nat"):
        load_world(policy, estate)


def test_what_was_stored_is_read_back_as_the_same_version() -> None:
    policy, estate = default_policy(), default_estate()
    assert policy_from_json(canonical(policy.spec), "stored") == policy
    assert estate_from_json(canonical(estate.spec), "stored") == estate


def test_a_byte_order_mark_changes_nothing() -> None:
    text = PACKAGED.joinpath("default.toml").read_bytes()
    assert policy_from_toml(b"\xef\xbb\xbf" + text, "p") == default_policy()
    assert tomllib.loads(text.decode())["name"] == default_policy().spec.name


def test_a_rung_is_named_in_its_ladder() -> None:
    data = policy_data()
    data["ladders"][0]["rungs"] = [rung("duty", "duty") | {"after": 3}]
    with pytest.raises(PolicyError, match=r"^p: ladders 'breach', rungs 'duty', after: 3 is no duration"):
        policy_from_json(as_json(data), "p")


def test_any_text_in_toml_is_read_with_the_same_care() -> None:
    assert built_from_toml('id = "north"\nname = "North"', "r", Region.model_validate).name == "North"
    with pytest.raises(PolicyError, match=r"^r: name: is missing$"):
        built_from_toml('id = "north"', "r", Region.model_validate)
