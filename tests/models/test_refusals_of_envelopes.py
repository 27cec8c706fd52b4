"""What is refused in the envelope: attributes, extensions, type, topic, version, subject, time and key."""

import pytest

from models.envelope import schema_uri
from models.parse import Refusal, parse
from models.schemas import INPUTS, TYPES_ON
from tests.models.asking import ask, refused, sentence, taken
from tests.models.samples import AP, HEARTBEAT, NIGHT, RAISED, SAMPLES, TOPICS, changed, key_of, with_data, written

WITHDRAWN = SAMPLES["facilities.shift-cover.withdrawn"][1]
ACKNOWLEDGED = SAMPLES["facilities.escalation-response.acknowledged"][1]
REQUIRED = ("specversion", "id", "source", "type", "subject", "time", "data")


@pytest.mark.parametrize("attribute", REQUIRED)
def test_an_event_without_a_required_attribute_is_refused(attribute: str) -> None:
    assert refused(changed(RAISED, **{attribute: ...})) == ("missing-attribute", attribute)


@pytest.mark.parametrize("attribute", REQUIRED)
def test_an_attribute_that_is_null_is_an_attribute_that_is_missing(attribute: str) -> None:
    assert refused(changed(RAISED, **{attribute: None})) == ("missing-attribute", attribute)


@pytest.mark.parametrize("attribute", ["datacontenttype", "dataschema", "sequence", "partitionkey", "traceparent"])
def test_an_optional_attribute_that_is_null_is_not_set(attribute: str) -> None:
    assert taken(changed(RAISED, **{attribute: None})) == taken()


@pytest.mark.parametrize("version", ["0.3", "1.1", "1", ""])
def test_another_version_of_cloudevents_is_refused(version: str) -> None:
    assert refused(changed(RAISED, specversion=version)) == ("wrong-specversion", "specversion")


@pytest.mark.parametrize("attribute", ["specversion", "id", "source", "type", "subject", "dataschema", "sequence"])
@pytest.mark.parametrize("value", [1, True, 1.5, [], {}])
def test_an_attribute_that_is_no_text_is_refused(attribute: str, value: object) -> None:
    assert refused(changed(RAISED, **{attribute: value})) == ("malformed-attribute", attribute)


@pytest.mark.parametrize("data", ["text", 1, [], [{}], True])
def test_data_that_is_no_object_is_refused(data: object) -> None:
    assert refused(changed(RAISED, data=data)) == ("malformed-attribute", "data")


@pytest.mark.parametrize("source", ["", "fm north", "fm-nörth", "<fm>", 'fm"north'])
def test_a_source_that_is_no_uri_reference_is_refused(source: str) -> None:
    assert refused(changed(RAISED, source=source)) == ("malformed-attribute", "source")


@pytest.mark.parametrize("identity", ["", "e\ufdd0", "e\uffff", "e\U0001fffe"])
def test_an_id_that_cloudevents_does_not_allow_is_refused(identity: str) -> None:
    assert refused(changed(RAISED, id=identity)) == ("malformed-attribute", "id")


@pytest.mark.parametrize(("attribute", "length"), [("id", 200), ("source", 120), ("sequence", 64)])
def test_an_attribute_that_is_too_long_is_refused(attribute: str, length: int) -> None:
    taken(changed(RAISED, **{attribute: "x" * length}))
    assert refused(changed(RAISED, **{attribute: "x" * (length + 1)})) == ("text-too-long", attribute)


@pytest.mark.parametrize(
    "media_type",
    ["application/json", "Application/Json", "application/json; charset=UTF-8", "application/json;charset=utf-8"],
)
def test_data_declared_as_json_is_taken(media_type: str) -> None:
    assert taken(changed(RAISED, datacontenttype=media_type)).data == taken().data


@pytest.mark.parametrize("media_type", ["", "text/plain", "application/xml", "application/json; charset=latin-1"])
def test_data_declared_as_anything_but_json_is_refused(media_type: str) -> None:
    assert refused(changed(RAISED, datacontenttype=media_type)) == ("malformed-attribute", "datacontenttype")


def test_data_in_base64_is_refused() -> None:
    assert refused(changed(RAISED, data=..., data_base64="e30=")) == ("malformed-attribute", "data_base64")


@pytest.mark.parametrize("name", ["Traceparent", "trace-parent", "trace_parent", "träce", "", "a.b", "a b"])
def test_an_extension_whose_name_cloudevents_does_not_allow_is_refused(name: str) -> None:
    assert refused(changed(RAISED, **{name: "x"})) == ("invalid-extension", name or "''")


@pytest.mark.parametrize("value", [1.5, 1.0, 2**31, -(2**31) - 1, 10**400, 1e400, [], {}, ["x"], {"a": 1}, "x\uffff"])
def test_an_extension_whose_value_cloudevents_does_not_allow_is_refused(value: object) -> None:
    said = written(changed(RAISED, weight=value)).replace(b"Infinity", b"1e400")
    assert refused(value=said) == ("invalid-extension", "weight")


@pytest.mark.parametrize("value", ["", "x", "Tŷ 🙂", 0, 2**31 - 1, -(2**31), True, False])
def test_an_extension_is_kept_as_it_came(value: object) -> None:
    kept = taken(changed(RAISED, anything0=value)).__pydantic_extra__
    assert kept == {"anything0": value}
    assert kept is not None
    assert type(kept["anything0"]) is type(value)


@pytest.mark.parametrize("event_type", ["facilities.work-order.exploded", "raised", "", "facilities.escalation.raised"])
def test_an_unknown_type_is_refused(event_type: str) -> None:
    assert refused(changed(RAISED, type=event_type)) == ("unknown-type", "type")


@pytest.mark.parametrize("event_type", sorted(INPUTS))
@pytest.mark.parametrize("topic", [*TOPICS, "backlog", ""])
def test_a_type_is_taken_only_on_a_topic_that_carries_it(event_type: str, topic: str) -> None:
    event = SAMPLES[event_type][1]
    found = parse(written(event), key_of(event), (), topic)
    if event_type in TYPES_ON.get(topic, ()):
        assert not isinstance(found, Refusal)
    else:
        assert isinstance(found, Refusal)
        assert (found.code, found.field) == ("wrong-topic", "type")


@pytest.mark.parametrize("event_type", sorted(INPUTS))
def test_an_event_of_every_type_is_taken_with_and_without_its_schema_version(event_type: str) -> None:
    event = SAMPLES[event_type][1]
    named = taken(changed(event, dataschema=schema_uri(event_type)))
    assert named.model_copy(update={"dataschema": None}) == taken(event)
    assert type(named) is INPUTS[event_type]


@pytest.mark.parametrize(
    "version", [schema_uri(RAISED["type"], 2), schema_uri(WITHDRAWN["type"]), "urn:x", "", "http://x/y"]
)
def test_a_schema_version_that_is_not_known_for_the_type_is_refused(version: str) -> None:
    assert refused(changed(RAISED, dataschema=version)) == ("unknown-schema-version", "dataschema")


@pytest.mark.parametrize("subject", ["", "WO 1", "-WO", "WO/1", "ŵ", f"{AP}/2026-01-05"])
def test_a_work_order_whose_subject_is_no_order_is_refused(subject: str) -> None:
    assert refused(changed(RAISED, subject=subject)) == ("malformed-subject", "subject")


def test_a_work_order_id_has_at_most_60_characters() -> None:
    assert taken(changed(RAISED, subject="W" * 60)).subject == "W" * 60
    assert refused(changed(RAISED, subject="W" * 61)) == ("reference-too-long", "subject")


@pytest.mark.parametrize(
    "night",
    ["2026-01-05", AP, f"{AP}/", f"{AP}/2026-1-5", f"{AP}/2026-02-30", f"{AP}/0000-01-01", f"{AP}/2026-01-05\n"],
)
def test_a_night_whose_subject_is_no_night_is_refused(night: str) -> None:
    code, field = refused(changed(WITHDRAWN, subject=night))
    assert code in {"malformed-subject", "control-character"}
    assert field == "subject"


def test_a_night_of_other_premises_than_its_data_is_refused() -> None:
    other = changed(WITHDRAWN, subject="ap-cae-glas/2026-01-05")
    assert refused(other) == ("subject-not-premises", "subject")


@pytest.mark.parametrize("subject", ["WO-1", NIGHT, "!~"])
def test_an_answer_may_be_about_any_order_or_night_of_its_premises(subject: str) -> None:
    assert taken(changed(ACKNOWLEDGED, subject=subject)).subject == subject


@pytest.mark.parametrize("subject", ["ap-cae-glas/2026-01-05", "source:fm-north"])
def test_an_answer_about_the_subject_of_another_unit_is_refused(subject: str) -> None:
    assert refused(changed(ACKNOWLEDGED, subject=subject)) == ("subject-not-premises", "subject")


@pytest.mark.parametrize("subject", ["WO-1", "source:fm-south", "source:fm-north"])
def test_an_answer_about_a_source_is_of_that_source(subject: str) -> None:
    about = changed(with_data(ACKNOWLEDGED, premises="source:fm-north"), subject=subject)
    if subject == "source:fm-north":
        assert taken(about, key=b"source:fm-north").subject == subject
    else:
        assert refused(about, key=b"source:fm-north") == ("subject-not-premises", "subject")


@pytest.mark.parametrize("day", ["2026-13-45", "x", "9999-12-31", "0001-01-01"])
def test_an_answer_or_a_report_about_an_impossible_night_is_refused(day: str) -> None:
    assert refused(changed(ACKNOWLEDGED, subject=f"{AP}/{day}")) == ("malformed-subject", "subject")
    assert refused(changed(WITHDRAWN, subject=f"{AP}/{day}")) == ("malformed-subject", "subject")


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00Z", "1989-12-31T23:59:59Z", "2100-01-01T00:00:00Z"])
def test_a_planned_time_that_no_calendar_knows_is_refused(when: str) -> None:
    assert refused(with_data(RAISED, promised_fix=when)) == ("malformed-time", "data.promised_fix")
    assert refused(with_data(ACKNOWLEDGED, commitment=when)) == ("malformed-time", "data.commitment")


@pytest.mark.parametrize("subject", ["", "two words", "ŵ"])
def test_an_answer_whose_subject_can_be_none_is_refused(subject: str) -> None:
    assert refused(changed(ACKNOWLEDGED, subject=subject)) == ("malformed-subject", "subject")


def test_an_answer_whose_subject_is_too_long_is_refused() -> None:
    assert refused(changed(ACKNOWLEDGED, subject="x" * 129)) == ("text-too-long", "subject")


def test_a_heartbeat_for_another_source_is_refused() -> None:
    other = "source:fm-south"
    assert refused(with_data(HEARTBEAT, premises=other)) == ("heartbeat-of-another", "data.premises")
    assert refused(changed(HEARTBEAT, subject=other)) == ("heartbeat-of-another", "subject")
    assert refused(with_data(changed(HEARTBEAT, subject=AP), premises=AP)) == ("heartbeat-of-another", "subject")


@pytest.mark.parametrize(
    "time", ["2026-01-05T10:00:00", "2026-01-05T10:00", "2026-01-05 10:00:00", "2026-01-05T10:00:00.5"]
)
def test_a_time_without_offset_is_refused(time: str) -> None:
    assert refused(changed(RAISED, time=time)) == ("time-without-offset", "time")
    assert refused(with_data(RAISED, promised_fix=time)) == ("time-without-offset", "data.promised_fix")


@pytest.mark.parametrize(
    "time",
    [
        "1735689600",
        "1735689600.5",
        "2026-01-05",
        "2026-01-05 10:00:00Z",
        "2026-01-05_10:00:00Z",
        "2026-01-05T10:00Z",
        "2026-01-05T10Z",
        "2026-01-05T10:00:00+0100",
        "2026-01-05T10:00:00+01",
        "2026-01-05T10:00:00 +01:00",
        "20260105T100000Z",
        "2026-W02-1T10:00:00Z",
        "2026-01-05T10:00:00,5Z",
        "2026-01-05T10:00:00.Z",
        "2026-01-05T10:00:00.1234567890Z",
        "2026-01-05T24:00:00Z",
        "2026-01-05T10:60:00Z",
        "2026-12-31T23:59:60Z",
        "2026-01-05T10:00:00+24:00",
        "2026-01-05T10:00:00+01:60",
        "2026-02-29T10:00:00Z",
        "2026-13-01T10:00:00Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        " 2026-01-05T10:00:00Z",
        "2026-01-05T10:00:00Z ",
        "٢٠٢٦-01-05T10:00:00Z",
        "now",
        "",
        1735689600,
        1.5,
        True,
        [],
        {},
    ],
)
def test_a_time_that_is_not_written_as_rfc_3339_says_is_refused(time: object) -> None:
    assert refused(changed(RAISED, time=time)) == ("malformed-time", "time")
    assert refused(with_data(RAISED, promised_fix=time)) == ("malformed-time", "data.promised_fix")


@pytest.mark.parametrize(
    "time",
    [
        "2026-01-05T10:00:00Z",
        "2026-01-05T10:00:00z",
        "2026-01-05t10:00:00Z",
        "2026-01-05T10:00:00-00:00",
        "2026-01-05T11:00:00+01:00",
        "2026-01-04T10:01:00-23:59",
        "2026-01-05T10:00:00.000000Z",
        "2026-01-05T10:00:00.000000999Z",
    ],
)
def test_a_time_with_any_offset_is_held_in_utc(time: str) -> None:
    found = taken(changed(RAISED, time=time)).time
    assert found.isoformat() == "2026-01-05T10:00:00+00:00"
    assert found.tzinfo is taken().time.tzinfo
    assert str(found.tzinfo) == "UTC"


@pytest.mark.parametrize("key", [None, b"", b"ap-cae-glas", b"AP-BRYN-AWEL", b"ap-bryn-awel ", b"\xff\x00<b>" * 50])
def test_a_key_that_is_not_the_premises_is_refused(key: bytes | None) -> None:
    assert refused(key=key) == ("key-not-premises", "key")


def test_a_missing_key_is_called_missing() -> None:
    assert sentence(key=None) == "The record has no key; it must be what data.premises says."


def test_the_key_is_judged_last() -> None:
    assert refused(changed(RAISED, time="soon"), key=b"other") == ("malformed-time", "time")


def test_a_refusal_says_where_and_why() -> None:
    found = ask(changed(RAISED, time="2026-01-05T10:00:00"))
    assert found == Refusal(
        "time-without-offset",
        "time",
        "time: '2026-01-05T10:00:00' has no offset from UTC; write for example '2026-01-05T10:00:00+00:00'.",
    )
