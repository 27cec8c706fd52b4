from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.importing.mapping import Choice, Ending, Kind
from desk.importing.orders import Ended, Order
from desk.importing.remarks import Remark, Why
from models.parse import parse
from models.refusal import Refusal
from models.work_order import Cancelled, Closed, Completed, Raised
from tests.importing.harness import (
    AS_OF,
    OPEN,
    PLUMBING,
    file_of,
    mapping,
    order,
    read,
    row,
    rows_of,
    told,
    told_of,
    world,
)
from workorders.admission import admit


def refusal(**changes: str) -> Remark:
    found = told(**changes)
    assert isinstance(found, Remark)
    assert (found.row, found.reference) == (2, changes.get("CASE_ENQUIRY_ID", "101001240754"))
    return found


def flags(found: Order) -> list[tuple[str, str]]:
    return [(flag.column, flag.code) for flag in found.flags]


def test_a_row_becomes_an_order_with_its_facts_and_its_end() -> None:
    found = order()
    assert found.facts.premises == "roxbury"
    assert found.facts.raised == datetime(2015, 5, 4, 14, tzinfo=UTC)
    assert found.facts.promised == datetime(2015, 5, 11, 14, tzinfo=UTC)
    assert found.facts.kind == Kind(asset="plumbing", fault="defective", impacts=("resident-safety",))
    assert found.ended == Ended(datetime(2015, 5, 6, 13, 15, tzinfo=UTC), Ending.COMPLETED)
    assert found.flags == ()


def test_an_empty_end_is_an_open_order_and_an_empty_promise_is_none() -> None:
    found = order(**OPEN, TARGET_DT="")
    assert (found.ended, found.facts.promised, found.flags) == (None, None, ())


@pytest.mark.parametrize(
    ("changes", "column", "code", "words"),
    [
        ({"CASE_ENQUIRY_ID": ""}, "CASE_ENQUIRY_ID", Why.EMPTY_CELL, "CASE_ENQUIRY_ID is empty."),
        ({"OPEN_DT": ""}, "OPEN_DT", Why.EMPTY_CELL, "OPEN_DT is empty."),
        ({"OPEN_DT": "soon"}, "OPEN_DT", Why.NO_TIME, "OPEN_DT is 'soon', which is no time written as"),
        ({"CLOSED_DT": "05/32/2015 01:00:00 AM"}, "CLOSED_DT", Why.NO_TIME, "which is no time"),
        ({"TARGET_DT": "05/11/2015"}, "TARGET_DT", Why.NO_TIME, "TARGET_DT is '05/11/2015', which is no time"),
        ({"TYPE": "Dead Animal"}, "TYPE", Why.NOT_IN_MAPPING, "TYPE is 'Dead Animal', which kinds of the mapping"),
        ({"TYPE": ""}, "TYPE", Why.NOT_IN_MAPPING, "TYPE is '', which kinds of the mapping does not name."),
        ({"TYPE": "plumbing"}, "TYPE", Why.NOT_IN_MAPPING, "'plumbing'"),
        ({"neighborhood": "Gotham"}, "neighborhood", Why.NOT_IN_MAPPING, "'Gotham', which premises of the mapping"),
        ({"CASE_STATUS": "Pending"}, "CASE_STATUS", Why.NOT_IN_MAPPING, "'Pending', which status of the mapping"),
        ({"CASE_STATUS": "Open"}, "CASE_STATUS", Why.STATUS_AT_ODDS, "is 'Open', but CLOSED_DT is given"),
        ({"CLOSED_DT": ""}, "CASE_STATUS", Why.STATUS_AT_ODDS, "is 'Closed', but CLOSED_DT is empty"),
        (
            {"CLOSED_DT": "05/04/2015 09:59:59 AM"},
            "CLOSED_DT",
            Why.ENDED_BEFORE_RAISED,
            "CLOSED_DT is 2015-05-04T09:59:59-04:00, before the order was raised, 2015-05-04T10:00:00-04:00.",
        ),
        (
            {"OPEN_DT": "01/12/2016 10:54:01 PM", **OPEN},
            "OPEN_DT",
            Why.RAISED_AFTER_AS_OF,
            "OPEN_DT is 2016-01-12T22:54:01-05:00, after the instant of this import",
        ),
        ({"CASE_ENQUIRY_ID": "a b"}, "CASE_ENQUIRY_ID", "malformed-subject", "'a b'"),
        ({"CASE_ENQUIRY_ID": "=cmd()"}, "CASE_ENQUIRY_ID", "malformed-subject", "'=cmd()'"),
        ({"CASE_ENQUIRY_ID": "9" * 61}, "CASE_ENQUIRY_ID", "reference-too-long", "60"),
        ({"OPEN_DT": "12/31/1999 10:00:00 AM"}, "OPEN_DT", "before-earliest", "time is before 2000-01-01"),
    ],
)
def test_a_row_that_says_no_order_is_refused_with_column_code_and_sentence(
    changes: dict[str, str], column: str, code: str, words: str
) -> None:
    found = refusal(**changes)
    assert (found.column, found.code) == (column, code)
    assert words in found.sentence


def test_a_control_character_never_reaches_a_sentence() -> None:
    assert "\x1b" not in refusal(TYPE="\x1b[2J").sentence


def test_an_order_that_ends_when_it_is_raised_is_taken() -> None:
    assert order(CLOSED_DT="05/04/2015 10:00:00 AM").ended is not None


def test_what_ends_after_the_instant_of_the_import_is_open_and_flagged() -> None:
    found = read(None, datetime(2015, 5, 6, 13, 14, 59, tzinfo=UTC), CLOSURE_CODE="never seen")
    assert isinstance(found, Order)
    assert found.ended is None
    assert flags(found) == [("CLOSED_DT", Why.ENDED_AFTER_AS_OF)]
    at_once = read(None, datetime(2015, 5, 6, 13, 15, tzinfo=UTC))
    assert isinstance(at_once, Order)
    assert at_once.ended is not None


def test_a_promise_before_the_beginning_is_taken_and_flagged() -> None:
    assert flags(order(TARGET_DT="05/04/2015 09:00:00 AM")) == [("TARGET_DT", Why.PROMISED_BEFORE_RAISED)]


def test_times_that_the_clock_showed_twice_or_never_are_flagged_each_in_its_column() -> None:
    found = order(
        OPEN_DT="03/08/2015 02:30:00 AM", TARGET_DT="11/01/2015 01:30:00 AM", CLOSED_DT="11/01/2015 01:10:00 AM"
    )
    assert flags(found) == [
        ("OPEN_DT", Why.SKIPPED_HOUR), ("TARGET_DT", Why.REPEATED_HOUR), ("CLOSED_DT", Why.REPEATED_HOUR)
    ]  # fmt: skip
    assert found.flags[1].sentence == (
        "TARGET_DT is '11/01/2015 01:30:00 AM', which the clock showed twice; it is taken as the first, "
        "2015-11-01T01:30:00-04:00."
    )


def test_a_mapping_that_refuses_such_times_refuses_the_row() -> None:
    strict = mapping().model_copy(
        update={"times": mapping().times.model_copy(update={"repeated": "refuse", "skipped": "refuse"})}
    )
    for column, text, code in (
        ("TARGET_DT", "11/01/2015 01:30:00 AM", Why.REPEATED_HOUR),
        ("OPEN_DT", "03/08/2015 02:30:00 AM", Why.SKIPPED_HOUR),
    ):
        found = read(strict, **{column: text})
        assert isinstance(found, Remark)
        assert (found.column, found.code) == (column, code)


def test_a_closure_code_that_is_not_listed_ends_the_order_without_a_repair_and_is_flagged() -> None:
    found = order(CLOSURE_CODE="XYZ")
    assert found.ended is not None
    assert found.ended.how is Ending.ADMINISTRATIVE
    assert flags(found) == [("CLOSURE_CODE", Why.BY_OTHERWISE)]


def test_without_otherwise_such_a_code_is_refused() -> None:
    endings = mapping().endings
    assert endings is not None
    strict = mapping().model_copy(update={"endings": endings.model_copy(update={"otherwise": None})})
    found = read(strict, CLOSURE_CODE="XYZ")
    assert isinstance(found, Remark)
    assert (found.column, found.code) == ("CLOSURE_CODE", Why.NOT_IN_MAPPING)


def test_a_code_that_always_holds_needs_no_column() -> None:
    always = mapping().model_copy(update={"endings": Choice[Ending](always=Ending.COMPLETED)})
    found = read(always, CLOSURE_CODE="XYZ")
    assert isinstance(found, Order)
    assert found.ended is not None
    assert found.ended.how is Ending.COMPLETED


def test_every_ending_becomes_an_event_that_the_pipeline_takes() -> None:
    endings = mapping().endings
    assert endings is not None
    every = endings.model_copy(update={"values": {ending.value: ending for ending in Ending}})
    by = mapping().model_copy(update={"endings": every})
    seen = []
    for ending in Ending:
        found = told(by, CLOSURE_CODE=ending.value)
        assert not isinstance(found, Remark)
        event = parse(found.events[1].value, found.events[1].key, (), found.events[1].topic)
        assert isinstance(event, Completed | Closed | Cancelled)
        seen.append(
            (event.type.rpartition(".")[2], getattr(event.data, "outcome", getattr(event.data, "reason", None)))
        )
    assert seen == [
        ("completed", None),
        ("closed", "administrative"),
        ("closed", "no-access"),
        ("cancelled", "duplicate"),
        ("cancelled", "invalid"),
        ("cancelled", "withdrawn"),
    ]


def test_an_event_says_that_it_was_heard_when_it_happened_and_from_which_row_it_is() -> None:
    found = told()
    assert not isinstance(found, Remark)
    raised = parse(found.events[0].value, found.events[0].key, (), "work-orders")
    assert isinstance(raised, Raised)
    assert raised.__pydantic_extra__ == {"heard": "2015-05-04T14:00:00+00:00", "importrow": 2}
    assert (raised.id, raised.subject, raised.source) == ("101001240754/raised", "101001240754", "/boston/311")
    assert raised.data.promised_fix == datetime(2015, 5, 11, 14, tzinfo=UTC)
    taken = admit(raised, found.events[0].key, raised.time, world())
    assert getattr(taken, "heard", None) == raised.time


def test_the_instant_of_the_import_itself_has_happened() -> None:
    at = AS_OF - timedelta(0)
    found = read(None, at, OPEN_DT="01/12/2016 10:54:00 PM", **OPEN)
    assert isinstance(found, Order)


ODD = st.text(st.characters(exclude_categories=["Cs"]), max_size=80) | st.sampled_from(
    [
        "12/31/9999 11:59:59 PM",
        "01/01/0001 12:00:00 AM",
        "11/01/2015 01:30:00 AM",
        "03/08/2015 02:30:00 AM",
        "=1+1",
        "\r",
        "\0",
    ]
)


@given(st.dictionaries(st.sampled_from(sorted({*PLUMBING, "QUEUE"})), ODD, min_size=1))
def test_whatever_stands_in_the_cells_a_row_is_an_order_or_refused_with_a_plain_sentence(cells: dict[str, str]) -> None:
    (found,) = rows_of(file_of([row(**cells)], all_quoted=True))
    said = told_of(found)
    if isinstance(said, Remark):
        assert said.row == 2
        assert said.code
        assert said.sentence.isprintable()
    else:
        assert all(not isinstance(parse(event.value, event.key, (), event.topic), Refusal) for event in said.events)
