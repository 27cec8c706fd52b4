"""How people write lengths of time, and that what is written back says the same."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.duration import LONGEST, format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("0s", timedelta(0)),
        ("90s", timedelta(seconds=90)),
        ("15min", timedelta(minutes=15)),
        ("2h", timedelta(hours=2)),
        ("1d 12h", timedelta(hours=36)),
        ("1d12h", timedelta(hours=36)),
        (" 1 d  2 h 3 min 4 s ", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("3660d", LONGEST),
    ],
)
def test_a_length_is_read_as_it_is_written(text: str, length: timedelta) -> None:
    assert parse_duration(text) == length


NO_LENGTH = ["", " ", "2", "h", "-1h", "1.5h", "12h 1d", "1h 1h", "1w", "5 working days", "१h", "1H"]
TOO_FINE_OR_LONG = [timedelta(seconds=-1), timedelta(milliseconds=1), LONGEST + timedelta(seconds=1), "3661d"]


@pytest.mark.parametrize("text", NO_LENGTH)
def test_what_is_no_length_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no duration: write for example '15min', '2h' or '1d 12h'$"):
        parse_duration(text)


@pytest.mark.parametrize("value", [3, 2.5, None, ["1h"]])
def test_a_number_is_no_length_for_it_has_no_unit(value: object) -> None:
    with pytest.raises(ValueError, match=r"is no duration: write for example '15min', '2h' or '1d 12h'$"):
        parse_duration(value)


@pytest.mark.parametrize("value", TOO_FINE_OR_LONG)
def test_a_length_is_in_whole_seconds_up_to_ten_years(value: object) -> None:
    with pytest.raises(ValueError, match="is no duration in whole seconds from nothing to 3660 days"):
        parse_duration(value)


@given(st.integers(min_value=0, max_value=LONGEST // timedelta(seconds=1)))
def test_what_is_written_back_is_read_as_the_same_length(seconds: int) -> None:
    length = timedelta(seconds=seconds)
    assert parse_duration(format_duration(length)) == parse_duration(length) == length
