"""What can be said in a language: sentences with values, plurals, dates and figures; and which one is asked for."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from desk.words import best, in_language, many, spoken, words_in
from desk.words.language import of_environment
from desk.words.sources import ROOT

WINTER = datetime(2026, 1, 13, 4, 10, tzinfo=UTC)
SUMMER = datetime(2026, 8, 2, 22, 5, tzinfo=UTC)


def test_a_value_is_put_in_as_it_is_and_never_interpreted() -> None:
    said = words_in("en")("told: {roles}", roles="{premises.__class__} {0} %s <b>")
    assert said == "told: {premises.__class__} {0} %s <b>"


def test_a_sentence_without_its_value_is_a_fault() -> None:
    with pytest.raises(KeyError):
        words_in("en")("{what} to {role}", what="breach")


def test_a_language_that_there_is_not_is_a_fault() -> None:
    with pytest.raises(ValueError, match="'fr'"):
        words_in("fr")


def test_english_says_one_and_many() -> None:
    assert [words_in("en").many("{n} night", "{n} nights", n) for n in (0, 1, 2, 1234)] == [
        "0 nights", "1 night", "2 nights", "1,234 nights",
    ]  # fmt: skip


def test_welsh_mutates_with_the_number() -> None:
    one, more = "{n} rejection, the latest first", "{n} rejections, the latest first"
    said = [words_in("cy").many(one, more, n).partition(",")[0] for n in (1, 2, 3)]
    assert said == ["1 gwrthodiad", "2 wrthodiad", "3 gwrthodiad"]


@pytest.mark.parametrize(
    ("language", "day", "moment", "span"),
    [
        ("en", "Tuesday 13 January 2026", "Tuesday 13 January 2026, 04:10 GMT", "2 hours 5 minutes"),
        ("cy", "Dydd Mawrth 13 Ionawr 2026", "Dydd Mawrth 13 Ionawr 2026, 04:10 GMT", "2 awr 5 munud"),
    ],
)
def test_dates_and_lengths_are_written_as_the_language_writes_them(
    language: str, day: str, moment: str, span: str
) -> None:
    words = words_in(language)
    assert (words.day(WINTER), words.moment(WINTER)) == (day, moment)
    assert words.span(timedelta(hours=2, minutes=5, seconds=40)) == span


def test_times_are_those_at_the_premises() -> None:
    assert (words_in("cy").time(SUMMER), words_in("en").moment(SUMMER)) == ("23:05", "Sunday 2 August 2026, 23:05 BST")


def test_units_mutate_by_the_data_of_the_locale() -> None:
    spans = [words_in("cy").span(one) for n in (1, 2, 3) for one in (timedelta(minutes=n), timedelta(days=n))]
    assert spans == ["1 munud", "1 diwrnod", "2 funud", "2 ddiwrnod", "3 munud", "3 diwrnod"]
    assert words_in("en").span(timedelta(0)) == "0 minutes"


def test_numbers_have_the_separators_of_the_language() -> None:
    assert (words_in("cy").number(12_345), words_in("en").number(12_345), words_in("en").number(0.5)) == (
        "12,345", "12,345", "0.5",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("cy", "cy"),
        ("cy-GB", "cy"),
        ("CY;q=0.4", "cy"),
        ("en, cy", "en"),
        ("cy, en", "cy"),
        ("en;q=0.8, cy;q=0.9", "cy"),
        ("fr, cy;q=0.1", "cy"),
        ("fr", "en"),
        ("*", "en"),
        ("cy;q=0", "en"),
        ("en;q=0, *", "cy"),
        ("cy;q=nonsense, en", "en"),
        ("cyw", "en"),
        ("cy" + ",x" * 100_000, "cy"),
        ("\x00;;q=,,,", "en"),
    ],
)
def test_the_preferred_language_is_the_one_that_is_wanted_most(header: str | None, language: str) -> None:
    assert best(header) == language


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "cy_GB.UTF-8"}, "cy"),
        ({"LANG": "en_GB.UTF-8", "LC_ALL": "cy_GB"}, "cy"),
        ({"LANG": "cy_GB", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "cy_GB", "WORKORDERS_LANGUAGE": "en"}, "en"),
        ({"WORKORDERS_LANGUAGE": "cy", "LC_ALL": ""}, "cy"),
        ({"LANG": "cyrillic"}, "en"),
    ],
)
def test_a_command_line_speaks_the_language_of_its_terminal(environment: dict[str, str], language: str) -> None:
    assert of_environment(environment) == language


def test_a_command_in_english_never_loads_babel() -> None:
    asked = "import sys, desk.cli; from desk.words import _; _('x'); print('babel' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert found.stdout.strip() == "False"


def test_a_language_is_spoken_only_while_it_is_asked_for() -> None:
    with in_language("cy") as words:
        assert spoken() is words
        assert many("{n} escalation", "{n} escalations", 2) == "2 uwchgyfeiriad"
    assert many("{n} escalation", "{n} escalations", 2) == "2 escalations"
