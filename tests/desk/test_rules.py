from importlib.resources import files
from pathlib import Path

import pytest

from desk.exits import Exit
from streams import messages
from tests.desk.conftest import Workorders

PACKAGED = files("workorders.policy")


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """A policy of one's own: the packaged one under another name."""
    text = (PACKAGED / "default.toml").read_text()
    path = tmp_path / "policy.toml"
    path.write_text(text.replace('name = "Default public-protection policy"', 'name = "Our policy"'))
    return path


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    """An estate of one's own: the packaged one under another name."""
    text = (PACKAGED / "wales.toml").read_text()
    path = tmp_path / "estate.toml"
    path.write_text(text.replace('name = "Probation estate of Wales (invented names)"', 'name = "Our estate"'))
    return path


def test_a_sound_policy_and_estate_are_said_to_be_sound(policy: Path, estate: Path, workorders: Workorders) -> None:
    for what, path, name in (("policy", policy, "Our policy"), ("estate", estate, "Our estate")):
        answer = workorders(what, "check", str(path), "--json").json
        assert (answer["sound"], answer["name"], len(answer["version"]), answer["faults"]) == (True, name, 64, [])
        assert workorders(what, "check", str(path)).out.startswith("Sound.")


def test_a_policy_with_faults_is_told_every_one_with_exit_code_3(policy: Path, workorders: Workorders) -> None:
    policy.write_text(policy.read_text().replace('role = "national-taskforce"', 'role = "nobody"'))
    ended = workorders("policy", "check", str(policy), "--json")
    assert (ended.code, ended.json["sound"]) == (Exit.BAD_INPUT, False)
    assert len(ended.json["faults"]) > 1
    assert all("nobody" in fault for fault in ended.json["faults"])


@pytest.mark.parametrize("what", ["policy", "estate"])
def test_a_file_that_is_not_there_or_no_toml_is_named(what: str, tmp_path: Path, workorders: Workorders) -> None:
    (tmp_path / "broken.toml").write_text("= nothing")
    for name in ("none.toml", "broken.toml"):
        ended = workorders(what, "check", name)
        assert ended.code == Exit.BAD_INPUT
        assert name in ended.out


def test_a_policy_comes_into_force_from_a_future_instant(ledger: Path, policy: Path, workorders: Workorders) -> None:
    ended = workorders("policy", "activate", str(policy), "--from", "+1d", "--by", "division-facilities", "--json")
    activated = ended.json["activated"]
    assert (ended.code, activated["effective_from"]) == (Exit.OK, "2026-01-15T06:00:00Z")
    found = workorders("policy", "show", "--json").json["policy"]
    assert [one["activated_by"] for one in found["activations"]] == ["start", "division-facilities"]
    assert found["in_force"]
    later = workorders("policy", "show", activated["version"][:12], "--json").json["policy"]
    assert (later["in_force"], later["document"]["name"]) == (False, "Our policy")
    assert workorders("verify").code == Exit.OK


def test_an_estate_comes_into_force_from_a_future_instant(ledger: Path, estate: Path, workorders: Workorders) -> None:
    ended = workorders("estate", "activate", str(estate), "--from", "2026-02-01 00:00")
    assert ended.code == Exit.OK
    assert "The estate Our estate" in ended.out
    assert "holds from Sun 01 Feb 2026 00:00 GMT" in ended.out


def test_the_past_cannot_be_changed(ledger: Path, policy: Path, workorders: Workorders) -> None:
    ended = workorders("policy", "activate", str(policy), "--from", "-1h")
    assert ended.code == Exit.USAGE
    assert "it must lie ahead, for what was decided stays decided" in ended.err


def test_what_does_not_fit_is_not_activated(ledger: Path, estate: Path, workorders: Workorders) -> None:
    estate.write_text(estate.read_text().replace('"national-taskforce"', '"regional-taskforce"'))
    ended = workorders("estate", "activate", str(estate), "--from", "+1d")
    assert ended.code == Exit.BAD_INPUT
    assert "It does not fit what is in force" in ended.err
    assert len(workorders("policy", "show", "--json").json["policy"]["activations"]) == 1


@pytest.mark.parametrize("what", ["policy", "estate"])
def test_what_is_too_large_for_any_topic_is_neither_sound_nor_activated(
    what: str, ledger: Path, policy: Path, estate: Path, workorders: Workorders, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = str({"policy": policy, "estate": estate}[what])
    monkeypatch.setattr(messages, "VALUE_BYTES", 10_000)
    checked = workorders(what, "check", file, "--json")
    (fault,) = checked.json["faults"]
    assert checked.code == Exit.BAD_INPUT
    assert fault.startswith(f"the {what} is ")
    ended = workorders(what, "activate", file, "--from", "+1d")
    assert (ended.code, ended.err.count("\n")) == (Exit.BAD_INPUT, 1)
    assert f"It cannot be published: {fault}." in ended.err


def test_the_policy_in_force_is_shown_with_its_rules_targets_and_ladders(ledger: Path, workorders: Workorders) -> None:
    page = workorders("policy", "show").out
    for words in ("ap-entry", "5 working days (working)", "national-taskforce after 8h", "in force"):
        assert words in page
    assert workorders("policy", "show", "0" * 12).code == Exit.NOT_FOUND


def test_topics_are_for_brokers_on_servers(workorders: Workorders, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = workorders("topics", "plan")
    assert ended.code == Exit.BAD_INPUT
    assert "name servers with --broker" in ended.err
    monkeypatch.setenv("WORKORDERS_BROKER_TIMEOUT_S", "1.5")
    monkeypatch.setenv("WORKORDERS_SESSION_TIMEOUT_MS", "1000")
    monkeypatch.setenv("WORKORDERS_HEARTBEAT_MS", "300")
    for command in ("plan", "apply", "check"):
        ended = workorders("topics", command, "--broker", "127.0.0.1:9")
        assert (ended.code, ended.err.count("\n")) == (Exit.UNREACHABLE, 1)
