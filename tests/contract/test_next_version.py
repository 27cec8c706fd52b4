"""A new version of a type is a class, an upcaster and a golden sample: shown on a copy of the code that gets two."""

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from desk.contract.samples import FILE, samples
from models.parse import content_digest
from streams.ledger import migrations
from streams.ledger.incoming import Incoming
from streams.ledger.ledger import Ledger
from tests.models.asking import taken
from tests.models.samples import SAMPLES, Event, changed, with_data
from workorders.policy import default_world

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 1, 13, 15, 0, tzinfo=UTC)
ATTENDED, OPENED = "facilities.work-order.attended", "facilities.dispute.opened"

NEW_CLASSES = [
    (
        "models/work_order.py",
        'class Attended(OrderEnvelope[Literal["facilities.work-order.attended"], PlainData]):',
        '''class AttendedBefore(OrderEnvelope[Literal["facilities.work-order.attended"], PlainData]):
    """Somebody of the provider came."""


class AttendedData(OrderData):
    """How many came."""

    engineers: Annotated[int, Field(ge=1)]


class Attended(OrderEnvelope[Literal["facilities.work-order.attended"], AttendedData]):''',
    ),
    (
        "models/outputs.py",
        'class DisputeOpened(Envelope[Literal["facilities.dispute.opened"], DisputeData]):',
        '''class DisputeOpenedBefore(Envelope[Literal["facilities.dispute.opened"], DisputeData]):
    """The provider's priority differs from ours."""


class DisputeOpenedData(DisputeData):
    """The same, and why."""

    reason: str


class DisputeOpened(Envelope[Literal["facilities.dispute.opened"], DisputeOpenedData]):''',
    ),
    (
        "models/upcast.py",
        "EARLIER: Final[Mapping[str, tuple[Earlier, ...]]] = MappingProxyType({})",
        '''from models.outputs import DisputeOpenedBefore
from models.work_order import AttendedBefore, PlainData


def _counted(data: PlainData) -> Mapping[str, Any]:
    """One came, unless the note says otherwise: an upcaster that can make what version 2 does not take."""
    return {**data.model_dump(by_alias=True), "engineers": 0 if data.note == "none came" else 1}


EARLIER: Final[Mapping[str, tuple[Earlier, ...]]] = {
    "facilities.work-order.attended": (Earlier(AttendedBefore, _counted),),
    "facilities.dispute.opened": (
        Earlier(DisputeOpenedBefore, lambda data: {**data.model_dump(by_alias=True), "reason": "not kept"}),
    ),
}''',
    ),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code, in which two types have got a version 2."""
    folder = tmp_path_factory.mktemp("next")
    for package in ("models", "workorders", "streams", "desk"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    for file, before, after in NEW_CLASSES:
        text = (folder / file).read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{file} is not as this test knows it"
        (folder / file).write_text(text.replace(before, after), encoding="utf-8")
    return folder


def run(copy: Path, *command: str) -> str:
    """What the copy of the code prints; fails with its errors."""
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    done = subprocess.run(  # noqa: S603 - ours
        [sys.executable, *command], cwd=copy, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def event_of(event_type: str) -> Event:
    (sample,) = [one for one in samples() if one.type == event_type]
    return sample.event


def attended(number: int, **data: object) -> Event:
    event = changed(SAMPLES[ATTENDED][1], id=f"attended-{number}", time=NOW.isoformat())
    return with_data(event, **data)


async def filled(url: str) -> list[Event]:
    """A ledger of today's code in which orders were attended; what it was told."""
    said = [attended(1, note="Nobody answered the door."), attended(2)]
    records = [Incoming("work-orders", b"ap-bryn-awel", json.dumps(one).encode(), heard=NOW) for one in said]
    migrations.upgrade(url)
    ledger = await Ledger.open(url, time_kind="simulated", now=NOW)
    await ledger.world(default_world(), NOW)
    outcome = await ledger.take(records, NOW, default_world())
    assert outcome.recorded == 2, outcome
    await ledger.close()
    return said


async def test_what_was_said_in_version_1_is_read_kept_and_known_again_when_there_is_a_version_2(
    copy: Path, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    given = {
        "attended": event_of(ATTENDED),
        "digest": content_digest(taken(event_of(ATTENDED))).hex(),
        "opened": event_of(OPENED),
        "ledger": url,
        "said": await filled(url),
    }
    told = run(copy, str(Path(__file__).with_name("next_version.py")), json.dumps(given))
    assert told == "read as ever\n"


def test_the_contract_then_has_both_versions_and_the_first_is_unchanged(copy: Path) -> None:
    shutil.copytree(ROOT / "docs" / "contract", copy / "docs" / "contract")
    before = (copy / "docs/contract/schemas" / f"{ATTENDED}.v1.json").read_text(encoding="utf-8")
    (copy / "desk/contract" / FILE.name).write_text(json.dumps(with_version_2()), encoding="utf-8")
    command = ("-c", "import sys; from desk.cli import main; sys.exit(main(sys.argv[1:]))", "contract")
    written = run(copy, *command).splitlines()
    assert [line.split("/")[-1] for line in written] == [
        "asyncapi.json written",
        *(f"{name}.v2.json written" for name in (OPENED, ATTENDED)),
    ]
    assert (copy / "docs/contract/schemas" / f"{ATTENDED}.v1.json").read_text(encoding="utf-8") == before
    document = json.loads((copy / "docs/contract/asyncapi.json").read_text(encoding="utf-8"))
    assert {f"{ATTENDED}.v1", f"{ATTENDED}.v2"} <= set(document["channels"]["work-orders"]["messages"])
    payload = document["components"]["messages"][f"{ATTENDED}.v2"]["payload"]["allOf"][1]
    assert payload["required"] == ["dataschema"], "an event without it speaks version 1"
    assert run(copy, *command, "--check") == ""


def with_version_2() -> list[Event]:
    """The golden samples, with one more of each of the two types."""
    found: list[Event] = json.loads(FILE.read_text(encoding="utf-8"))
    for event_type, data in ((ATTENDED, {"engineers": 2}), (OPENED, {"reason": "The provider says P3."})):
        (first,) = [one for one in found if one["type"] == event_type]
        event = with_data(first["event"], **data) | {"dataschema": f"urn:workorders:schema:{event_type}:2"}
        found.append({**first, "version": 2, "event": event})
    return found
