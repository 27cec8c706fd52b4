"""Run on a copy of the code in which two types have got an invented version 2: what was said before is read as ever.

Arguments: the file of the golden samples as they were before, and that of a ledger that was filled before.
"""

import asyncio
import json
import sys
from datetime import UTC, datetime
from typing import Any

from models.parse import Refusal, content_digest, parse, parse_output, to_json
from models.schemas import SCHEMA_URIS, VERSIONS, data_class
from models.upcast import as_said, brought_up
from models.work_order import Attended
from streams.ledger.incoming import Incoming
from streams.ledger.ledger import Ledger
from workorders.policy import default_world

NOW = datetime(2026, 1, 13, 16, 0, tzinfo=UTC)
ATTENDED, OPENED = "facilities.work-order.attended", "facilities.dispute.opened"


def read(event: dict[str, Any]) -> Any:  # noqa: ANN401 - an event of any type, or a refusal
    """What a record of the event holds."""
    return parse(json.dumps(event).encode(), event["data"]["premises"].encode(), (), "work-orders")


def inputs(sample: dict[str, Any], digest: str) -> None:
    """An input in either version."""
    first = f"urn:workorders:schema:{ATTENDED}:1"
    newer = {**sample, "dataschema": first.replace(":1", ":2"), "data": {**sample["data"], "engineers": 2}}
    assert VERSIONS[ATTENDED] == (1, 2)
    assert SCHEMA_URIS[ATTENDED] == {None, first, newer["dataschema"]}
    for old in (sample, {**sample, "dataschema": first}):
        event = read(old)
        assert type(event).__name__ == "Attended", event
        assert (event.data.engineers, event.dataschema) == (1, newer["dataschema"])
        assert content_digest(event).hex() == digest, "what ledgers hold is what it was"
        assert read(json.loads(to_json(event))) == event, "it is kept as it was said"
        assert type(as_said(event).data) is data_class(ATTENDED, 1)
    event = read(newer)
    assert type(event).__name__ == "Attended", event
    assert (event.data.engineers, as_said(event)) == (2, event)
    assert brought_up(event, ATTENDED, Attended) is event
    assert read({**newer, "dataschema": first}).field == "data.engineers", "version 1 has no such field"
    assert read({**sample, "dataschema": newer["dataschema"]}).code == "missing-field", "version 2 must have it"
    assert read({**newer, "dataschema": first.replace(":1", ":3")}).code == "unknown-schema-version"
    assert read({**sample, "data": {**sample["data"], "note": "none came"}}).code == "number-out-of-range"


def outputs(sample: dict[str, Any]) -> None:
    """An output in version 1."""
    event: Any = parse_output(json.dumps(sample).encode())
    assert type(event).__name__ == "DisputeOpened", event
    assert (event.data.reason, event.data.n) == ("not kept", sample["data"]["n"])
    later = parse_output(json.dumps({**sample, "dataschema": f"urn:workorders:schema:{OPENED}:3"}).encode())
    assert isinstance(later, Refusal)
    assert later.code == "unknown-schema-version"


async def ledger(url: str, said: list[dict[str, Any]]) -> None:
    """A ledger that was filled before: it is sound, knows again what it took, and takes the new version."""
    world = default_world()
    opened = await Ledger.open(url, time_kind="simulated", now=NOW)
    try:
        assert (await opened.verify(world)).findings == []
        newer = {
            **said[-1], "id": "newer", "dataschema": f"urn:workorders:schema:{ATTENDED}:2",
            "data": {**said[-1]["data"], "engineers": 3, "note": "Three came."},
        }  # fmt: skip
        records = [
            Incoming("work-orders", one["data"]["premises"].encode(), json.dumps(one).encode(), heard=NOW)
            for one in (*said, {**said[-1], "id": "older", "dataschema": f"urn:workorders:schema:{ATTENDED}:1"}, newer)
        ]
        outcome = await opened.take(records, NOW, world)
        assert (outcome.duplicates, outcome.recorded) == (len(said), 2), outcome
        assert (outcome.rejections, outcome.held) == ([], [])
        assert (await opened.verify(world)).findings == []
    finally:
        await opened.close()


def main() -> None:
    """All of it."""
    given = json.loads(sys.argv[1])
    inputs(given["attended"], given["digest"])
    outputs(given["opened"])
    asyncio.run(ledger(given["ledger"], given["said"]))
    print("read as ever")  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
