"""How a refusal shows its input: never more than a little of it, and nothing that does harm."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.refusal import QUOTED, Reason, Refusal, RefusedError, contradiction, quote, quote_name

TABLE = Path(__file__).parents[2] / "docs" / "REFUSALS.md"


@given(st.text(max_size=200))
def test_a_quotation_is_printable_and_without_markup(text: str) -> None:
    for shown in (quote(text)[1:-1], quote_name(text).removeprefix("''")):
        assert shown.isprintable() or not shown
        assert not set(shown) & set("<>&'\"`")


@given(st.text(max_size=200))
def test_a_quotation_shows_at_most_60_characters_and_says_so(text: str) -> None:
    assert quote(text) == (quote(text[:QUOTED])[:-1] + "...'" if len(text) > QUOTED else quote(text[:QUOTED]))
    assert quote_name(text).endswith("...") or len(text) <= QUOTED


def test_a_quotation_of_plain_text_is_the_text() -> None:
    assert quote("Tŷ Derwen £40") == "'Tŷ Derwen £40'"
    assert quote_name("impacts") == "impacts"
    assert quote_name("") == "''"


@pytest.mark.parametrize(
    ("character", "shown"),
    [
        ("\n", "\\x0a"),
        ("<", "\\x3c"),
        ("\\", "\\x5c"),
        ("\u202e", "\\u202e"),
        ("\ud800", "\\ud800"),
        ("\U000e0001", "\\U000e0001"),
    ],
)
def test_what_cannot_be_shown_is_shown_by_its_number(character: str, shown: str) -> None:
    assert quote(f"a{character}b") == f"'a{shown}b'"


def test_a_refusal_inside_the_looking_bears_the_refusal_that_comes_out() -> None:
    assert RefusedError(Reason.NOT_JSON, "value", "No.").refusal == Refusal("not-json", "value", "No.")


def test_a_contradiction_bears_reason_field_and_sentence() -> None:
    error = contradiction(Reason.ENDS_BEFORE_START, "data.until", "It ends {before} it starts")
    assert error.type == "ends-before-start"
    assert error.message() == "It ends {before} it starts"
    assert error.context == {"field": "data.until", "sentence": "It ends {before} it starts"}


def test_every_reason_is_explained_in_the_table_and_nothing_else_is() -> None:
    explained = re.findall(r"^\| `([a-z0-9-]+)` \|", TABLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert explained == [reason.value for reason in Reason]
