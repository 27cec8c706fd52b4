"""What is logged about events: ids, codes and counts to search by, and never a word that a person wrote."""

import io
import json
import logging
import re
from pathlib import Path
from typing import Any

import pytest

from streams.clock import AcceleratedClock
from streams.intake import Intake
from streams.ledger.incoming import Held, Incoming, Outcome, Rejection
from streams.ledger.ledger import Ledger
from streams.log import set_up_logging
from streams.log_outcome import MOST, log_outcome, plain_id
from streams.mass_rejection import MassRejections
from streams.relay import Relay
from streams.settings import Settings
from streams.sweeper import Sweeper
from tests.streams.ledger.telling import AP, START, plain, raised
from tests.streams.on_paper import at_work, parts_on_paper, put_on_paper
from tests.streams.paper_broker import PaperBroker
from tests.streams.running_system import eventually
from tests.streams.test_log import _logging_as_before as _logging_as_before  # noqa: PLC0414 - a fixture
from workorders.policy import default_world

SECRET = "Gwenllian's door in room 4"
BAD = b'{"specversion": "1.0", "note": "' + SECRET.encode() + b'"'


def told(**changes: Any) -> Incoming:  # noqa: ANN401 - any attribute
    return plain({**raised("WO-1"), **changes})


def all_with_a_secret() -> list[Incoming]:
    """Inputs that carry words of a person wherever words fit, most of them where none belong."""
    one = raised("WO-1", id="raised-1")
    noted = plain({**one, "data": {**one["data"], "note": SECRET}})
    return [
        noted,
        Incoming("work-orders", noted.key, BAD),
        told(id="e-2", data={**one["data"], SECRET: 1}),
        told(id="e-3", data={**one["data"], "asset": SECRET}),
        told(id="e-4", source=SECRET),
        told(id="e-5", subject=SECRET),
        told(id="e-6", type=f"facilities.{SECRET}"),
        Incoming("work-orders", SECRET.encode(), noted.value),
        told(id=SECRET, type="facilities.work-order.no-such"),
        told(id="e-7", data={**one["data"], "premises": SECRET}),
        told(id="e-8", source="nobody-knows-it", time=SECRET),
        told(id="e-9", heard=SECRET, dataschema=SECRET, datacontenttype=SECRET),
        told(id="e-10", specversion=SECRET),
        told(id=SECRET, subject="WO-2"),
    ]


@pytest.mark.parametrize("form", ["text", "json"])
async def test_no_word_that_a_person_wrote_is_logged_at_any_level(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    out = io.StringIO()
    set_up_logging(Settings.model_validate({"log_level": "debug", "log_format": form}), out)
    broker, clock = PaperBroker(), AcceleratedClock(START, 3600)
    put_on_paper(monkeypatch, broker)
    async with parts_on_paper(tmp_path, broker, clock) as parts, at_work(Relay(parts), Sweeper(parts), Intake(parts)):
        broker.tell(*all_with_a_secret())
        await eventually(lambda: parts.progress.rejected == 12, "the bad ones are rejected")
        await eventually(lambda: parts.progress.recorded == 2, "the good ones are recorded, one under a telling id")
        await eventually(lambda: "WO-1" in out.getvalue(), "what was said about the good one is logged")
    logged = out.getvalue()
    for word in ("Gwenllian", "room 4"):
        assert word not in logged
    assert "not-json" in logged


def test_a_source_that_is_refused_in_mass_is_named_only_if_its_name_is_an_id(caplog: pytest.LogCaptureFixture) -> None:
    counting = MassRejections(Settings(mass_rejection_count=2, mass_rejection_sources=9))
    for source in (SECRET, "tools/cafm-7", None):
        one = Rejection(Incoming("work-orders", None, None), "unknown-source", "source", SECRET, source)
        counting.note([one, one], START)
    said = [record.getMessage().rpartition(": ")[2] for record in caplog.records]
    assert said == [plain_id(SECRET), "tools/cafm-7", "(source not readable)"]
    assert SECRET not in caplog.text


def test_what_is_no_id_is_told_by_a_digest_that_is_the_same_each_time() -> None:
    assert plain_id("WO-1") == "WO-1"
    assert plain_id(None) is None
    told_once, again, another = plain_id("Mrs Jones"), plain_id("Mrs Jones"), plain_id("Mrs Evans")
    assert told_once == again != another
    assert told_once is not None
    assert re.fullmatch("sha256:[0-9a-f]{16}", told_once)
    assert plain_id("x" * 201) != "x" * 201


async def test_every_event_can_be_found_by_its_id_whether_it_was_recorded_or_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    ledger = await Ledger.open(f"sqlite:///{tmp_path}/ledger.db", time_kind="real", now=START)
    world = await ledger.world(default_world(), START)
    good, bad = [told(id=f"e-{n}", subject=f"WO-{n}") for n in range(MOST + 5)], told(id="e-bad", source="nobody")
    outcome = await ledger.take([*good, bad, Incoming("work-orders", None, b"{")], START, world)
    log_outcome(outcome, "intake")
    await ledger.close()
    (taken,) = of(caplog, "taken")
    names = vars(taken)["events"]
    assert len(names) == MOST
    kind = "facilities.work-order.raised"
    assert names[3] == {"id": "e-3", "source": "estates-desk", "type": kind, "subject": "WO-3", "premises": AP}
    unknown, unreadable = (vars(record) for record in of(caplog, "rejected"))
    assert [unknown[name] for name in ("id", "source", "type", "subject", "premises", "code")] == [
        "e-bad", "nobody", kind, "WO-1", AP, "unknown-source",
    ]  # fmt: skip
    assert [unreadable[name] for name in ("id", "source", "premises", "code")] == [None, None, None, "not-json"]


def of(caplog: pytest.LogCaptureFixture, message: str) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.message == message]


def test_a_rejection_can_be_found_by_its_place_and_a_held_event_by_its_id(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    incoming = Incoming("work-orders", None, None, receipt="r-1")
    rejections = [Rejection(incoming, "not-json", "", "No.", None)] * (MOST + 5)
    log_outcome(Outcome(rejections=rejections, held=[Held("ap", "WO-1", "desk", "e-1", SECRET)]), "intake")
    assert len(of(caplog, "rejected")) == MOST
    (held,) = of(caplog, "held apart")
    assert (vars(held)["premises"], vars(held)["subject"], vars(held)["id"]) == ("ap", "WO-1", "e-1")
    (taken,) = of(caplog, "taken")
    assert vars(taken)["rejected"] == MOST + 5
    assert vars(of(caplog, "rejected")[0])["receipt"] == "r-1"
    assert SECRET not in caplog.text


def test_what_did_nothing_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    log_outcome(Outcome(), "sweep")
    assert caplog.records == []


def test_in_json_the_fields_of_a_line_are_fields_to_search_by() -> None:
    out = io.StringIO()
    set_up_logging(Settings(log_format="json"), out)
    log_outcome(Outcome(recorded=2, decided=1), "sweep")
    said = json.loads(out.getvalue())
    assert (said["event"], said["recorded"], said["decided"]) == ("swept", 2, 1)
