"""What is refused before anything of an event is understood: bytes, JSON and characters."""

import json

import pytest

from models.json_text import MAX_DEPTH
from tests.models.asking import ask, note, refused, sentence
from tests.models.samples import RAISED, changed, with_data, written

PLAIN = written(RAISED)


@pytest.mark.parametrize("value", [None, b""])
def test_a_record_without_value_is_refused(value: bytes | None) -> None:
    assert refused(value=value) == ("empty-value", "value")


def test_bytes_that_are_not_utf8_are_refused() -> None:
    assert refused(value=PLAIN.replace(b"Front", b"Fr\xffnt")) == ("not-utf8", "value")


def test_an_overlong_encoding_is_not_utf8() -> None:
    assert refused(value=PLAIN.replace(b"Front", b"Fr\xc0\x80nt")) == ("not-utf8", "value")


def test_an_encoded_surrogate_is_not_utf8() -> None:
    assert refused(value=PLAIN.replace(b"Front", b"Fr\xed\xa0\x80nt")) == ("not-utf8", "value")


@pytest.mark.parametrize(
    "value",
    [
        b"not json",
        PLAIN[:-1],
        PLAIN + b"}",
        PLAIN + PLAIN,
        b"\xef\xbb\xbf" + PLAIN,
        PLAIN.replace(b'"data"', b"data"),
        PLAIN.replace(b"false", b"False"),
        PLAIN.replace(b"}}", b",}}"),
        b"\x00",
        b"\xfe",
    ],
)
def test_what_is_no_json_is_refused(value: bytes) -> None:
    assert refused(value=value)[0] in {"not-json", "not-utf8"}
    assert refused(value=value)[1] == "value"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_a_number_that_json_does_not_know_is_refused(number: str) -> None:
    assert refused(value=PLAIN[:-1] + f', "weight": {number}}}'.encode()) == ("not-json", "value")


@pytest.mark.parametrize("value", [b"[]", b'"text"', b"7", b"null", b"true"])
def test_json_that_is_no_object_is_refused(value: bytes) -> None:
    assert refused(value=value) == ("not-an-object", "value")


@pytest.mark.parametrize("text", ["plain", 'looked at twice, because of this: ":'])
def test_an_event_of_exactly_64_kib_is_taken_and_one_byte_more_is_refused(text: str) -> None:
    value = written(with_data(RAISED, note=text))
    space = b" " * (65_536 - len(value))
    assert note(value=value + space) == text
    assert refused(value=value + space + b" ") == ("too-large", "value")


def test_a_value_nested_too_deep_is_refused() -> None:
    assert refused(value=b"[" * 30_000) == ("nested-too-deep", "value")
    assert refused(value=b'{"a":' * 10_000) == ("nested-too-deep", "value")


def test_the_deepest_value_that_is_read_has_16_levels() -> None:
    def nested(depth: int) -> bytes:
        return PLAIN[:-1] + b', "extra": ' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"

    assert refused(value=nested(MAX_DEPTH)) == ("invalid-extension", "extra")
    assert refused(value=nested(MAX_DEPTH + 1)) == ("nested-too-deep", "value")


def test_brackets_in_a_text_are_no_nesting() -> None:
    text = '[[[[{{{{ ":' * 10
    assert note(with_data(RAISED, note=text)) == text


def test_a_text_that_never_ends_is_looked_at_once() -> None:
    assert refused(value=b'{"' + b'\\"' * 30_000) == ("not-json", "value")
    assert refused(value=b'{[{[{[{[{[{[{[{[{["' + b'\\"' * 30_000 + b"\\")[1] == "value"


@pytest.mark.parametrize("key", ["id", "type", "data", "time", "specversion", "subject"])
def test_an_attribute_that_stands_there_twice_is_refused(key: str) -> None:
    again = written({key: RAISED[key]})[1:]
    assert refused(value=PLAIN[:-1] + b", " + again) == ("duplicate-key", key)


@pytest.mark.parametrize("before_colon", [b"", b" ", b"\n", b"\t\r\n "])
def test_a_field_that_stands_there_twice_is_refused_however_it_is_spaced(before_colon: bytes) -> None:
    again = b'"asset"' + before_colon + b':"window", "asset"'
    assert refused(value=PLAIN.replace(b'"asset"', again)) == ("duplicate-key", "data.asset")


def test_a_key_that_stands_there_twice_is_found_even_when_it_is_escaped() -> None:
    assert refused(value=PLAIN[:-1] + b', "\\u0069d": "e-19"}') == ("duplicate-key", "id")


def test_an_empty_key_that_stands_there_twice_has_a_field_to_show() -> None:
    assert refused(value=PLAIN[:-1] + b', "": 1, "": 2}') == ("duplicate-key", "''")


def test_text_that_looks_like_keys_is_no_duplicate() -> None:
    text = ':) "asset": "window" \\":'
    assert note(with_data(RAISED, note=text)) == text


@pytest.mark.parametrize("character", ["\x00", "\x01", "\x1b", "\x7f", "\x80", "\x85", "\x9f"])
@pytest.mark.parametrize("escaped", [False, True])
def test_a_control_character_is_refused_wherever_it_stands(character: str, escaped: bool) -> None:
    def told(**more: object) -> tuple[str, str]:
        return refused(value=json.dumps(RAISED | more, ensure_ascii=escaped).encode())

    spoilt = f"a{character}b"
    assert told(id=spoilt) == ("control-character", "id")
    assert told(traceparent=spoilt) == ("control-character", "traceparent")
    assert told(data=RAISED["data"] | {"note": spoilt}) == ("control-character", "data.note")
    assert told(data=RAISED["data"] | {"impacts": ["ok", spoilt]}) == ("control-character", "data.impacts.1")
    assert told(data=RAISED["data"] | {spoilt: 1}) == ("control-character", "data")
    assert told(extra={"nested": [{spoilt: 1}]}) == ("control-character", "extra.nested.0")
    assert told(**{spoilt: 1}) == ("control-character", "value")


@pytest.mark.parametrize("half", ["\\ud800", "\\udfff", "x\\ud83d\\ud83dx"])
def test_half_a_surrogate_pair_is_refused_wherever_it_stands(half: str) -> None:
    assert refused(value=PLAIN.replace(b"Front", half.encode())) == ("lone-surrogate", "data.note")
    assert refused(value=PLAIN.replace(b'"e-18"', f'"{half}"'.encode())) == ("lone-surrogate", "id")
    assert refused(value=PLAIN.replace(b'"note"', f'"{half}"'.encode())) == ("lone-surrogate", "data")


def test_free_text_may_hold_lines_tabs_and_every_printable_character() -> None:
    text = "One\ntwo\r\nthree\t£40 · Tŷ Derwen 🙂 <b>'\"\\/ ملاحظة"
    for escaped in (True, False):
        value = json.dumps(with_data(RAISED, note=text), ensure_ascii=escaped).encode()
        assert note(value=value) == text


def test_a_line_end_is_refused_in_what_is_no_free_text() -> None:
    assert refused(with_data(RAISED, contractor_reference="NW\n1")) == (
        "control-character",
        "data.contractor_reference",
    )


def test_a_sentence_quotes_at_most_60_characters_and_nothing_that_does_harm() -> None:
    said = sentence(changed(RAISED, type="<b>" + "s" * 5000))
    assert said.startswith("type is '\\x3cb\\x3e")
    assert said.count("s" * 57) == 1
    assert "s" * 58 not in said


def test_a_field_is_named_by_at_most_60_characters_and_nothing_that_does_harm() -> None:
    code, field = refused(with_data(RAISED, **{"<img src=x>" * 400: 1}))
    assert code == "unknown-field"
    assert len(field) < 400
    assert "<" not in field


def test_the_same_input_always_has_the_same_one_reason() -> None:
    bad = changed(with_data(RAISED, asset=1, colour="red"), time="soon", id=...)
    assert {refused(bad) for _ in range(20)} == {("missing-attribute", "id")}
    assert ask(bad) == ask(bad)
