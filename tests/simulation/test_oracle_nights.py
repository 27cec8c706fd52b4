"""Nights and silence reckoned by hand: in June from 19:00Z to 07:00Z, two people, one of them own staff."""

import pytest

from tests.simulation.oracle.instants import MINUTE, instant, text_of
from tests.simulation.oracle.silence import silences
from tests.simulation.telling import Telling

pytestmark = pytest.mark.simulation

NIGHT = "ap-south/2024-06-03"


def person(told: Telling, ref: str, supplier: str, time: str = "2024-06-01T12:00Z", **data: object) -> Telling:
    stretch = {"from_": "2024-06-03T19:00Z", "until": "2024-06-04T07:00Z", **data}
    return told.tell("shift-cover.confirmed", NIGHT, time, {"cover_ref": ref, "supplier": supplier, **stretch})


def covered() -> Telling:
    """One of each, confirmed two days before."""
    return person(person(Telling(), "A", "agency"), "O", "own")


def checked_in(told: Telling, ref: str, time: str) -> Telling:
    return told.say("shift-cover.checked-in", NIGHT, time, cover_ref=ref)


def night(told: Telling, now: str) -> dict[str, str]:
    return told.standing(now, NIGHT)


def test_a_night_of_which_nobody_speaks_is_raised_all_the_same() -> None:
    told = Telling()
    assert night(told, "2024-06-02T18:59Z") == {}
    assert night(told, "2024-06-02T19:00Z") == {"unconfirmed-night manager": "2024-06-02T19:00Z"}
    assert night(told, "2024-06-03T14:59Z")["unconfirmed-night agency #2"] == "2024-06-03T13:00Z"
    assert night(told, "2024-06-03T15:00Z") == {"uncovered-night manager": "2024-06-03T15:00Z"}
    assert night(told, "2024-06-03T15:20Z")["uncovered-night agency"] == "2024-06-03T15:20Z"


def test_a_covered_night_is_quiet_until_nobody_checks_in() -> None:
    told = checked_in(covered(), "O", "2024-06-03T18:50Z")
    assert night(told, "2024-06-03T19:14Z") == {}
    assert night(told, "2024-06-03T19:15Z") == {"uncovered-night manager": "2024-06-03T19:15Z"}
    checked_in(told, "A", "2024-06-03T19:25Z")
    assert night(told, "2024-06-03T19:25Z") == {}
    story = told.story("2024-06-03T20:00Z").nights[NIGHT]
    assert min(story.short) == instant("2024-06-03T19:15Z")
    assert len(story.short) == 10


def test_two_of_the_agency_leave_one_own_missing() -> None:
    told = person(person(Telling(), "A", "agency"), "B", "agency")
    assert night(told, "2024-06-03T15:00Z") == {"uncovered-night manager": "2024-06-03T15:00Z"}


def test_a_withdrawal_inside_a_day_is_raised_at_once_an_earlier_one_is_not() -> None:
    told = covered().say("shift-cover.withdrawn", NIGHT, "2024-06-02T18:59Z", cover_ref="A")
    assert night(told, "2024-06-02T19:00Z") == {"unconfirmed-night manager": "2024-06-02T19:00Z"}
    told = covered().say("shift-cover.withdrawn", NIGHT, "2024-06-02T19:00Z", cover_ref="A")
    assert night(told, "2024-06-02T19:00Z") == {"uncovered-night manager": "2024-06-02T19:00Z"}


def test_a_refusal_is_raised_at_once_however_early() -> None:
    told = covered().say("shift-cover.refused", NIGHT, "2024-06-01T13:00Z", cover_ref="A", reason="not-vetted")
    assert night(told, "2024-06-01T13:00Z") == {"uncovered-night manager": "2024-06-01T13:00Z"}


def test_contingency_counts_as_the_kind_that_it_replaces() -> None:
    told = person(Telling(), "A", "agency").say(
        "shift-cover.contingency-arranged",
        NIGHT,
        "2024-06-03T16:00Z",
        by="/division",
        cover_ref="C",
        replaces="own",
        from_="2024-06-03T19:00Z",
        until="2024-06-04T07:00Z",
        cost_pence=20000,
    )
    assert night(told, "2024-06-03T15:59Z") != {}
    assert night(told, "2024-06-03T16:00Z") == {}


def test_the_uncovered_ladder_starts_anew_at_each_onset() -> None:
    told = checked_in(checked_in(covered(), "O", "2024-06-03T18:50Z"), "A", "2024-06-03T18:55Z")
    told.say("shift-cover.left-early", NIGHT, "2024-06-03T22:00Z", cover_ref="A")
    person(told, "B", "agency", "2024-06-03T22:30Z", from_="2024-06-03T22:40Z")
    told.say("shift-cover.not-attended", NIGHT, "2024-06-03T23:30Z", cover_ref="B")
    assert night(told, "2024-06-03T22:29Z") == {
        "uncovered-night manager": "2024-06-03T22:00Z",
        "uncovered-night agency": "2024-06-03T22:20Z",
    }
    # From 22:30 the forecast still lacks one until B comes at 22:40, so that the condition goes on until then.
    assert "uncovered-night agency" in night(told, "2024-06-03T22:39Z")
    assert night(told, "2024-06-03T22:40Z") == {}
    # B has not checked in by 22:55.
    assert night(told, "2024-06-03T22:55Z") == {"uncovered-night manager": "2024-06-03T22:55Z"}


def test_a_check_in_before_the_confirmation_counts() -> None:
    told = checked_in(covered(), "O", "2024-06-03T18:50Z")
    checked_in(told, "B", "2024-06-03T18:58Z")
    told.say("shift-cover.withdrawn", NIGHT, "2024-06-03T19:05Z", cover_ref="A")
    person(told, "B", "agency", "2024-06-03T19:10Z")
    assert night(told, "2024-06-03T19:30Z") == {}


def test_a_new_confirmation_after_an_end_needs_a_new_check_in() -> None:
    told = checked_in(checked_in(covered(), "O", "2024-06-03T18:50Z"), "A", "2024-06-03T18:58Z")
    told.say("shift-cover.left-early", NIGHT, "2024-06-03T20:00Z", cover_ref="A")
    person(told, "A", "agency", "2024-06-03T21:00Z", from_="2024-06-03T21:00Z")
    assert night(told, "2024-06-03T21:14Z") == {}
    assert night(told, "2024-06-03T21:15Z") == {"uncovered-night manager": "2024-06-03T21:15Z"}


def test_a_missing_person_whom_nobody_names_is_made_good_by_whoever_comes_as_long_as_they_stay() -> None:
    told = checked_in(checked_in(covered(), "O", "2024-06-03T18:50Z"), "A", "2024-06-03T18:58Z")
    told.say("shift-cover.missing-reported", NIGHT, "2024-06-03T20:00Z", by="/client/ap", missing=1)
    assert night(told, "2024-06-03T20:10Z") == {"uncovered-night manager": "2024-06-03T20:00Z"}
    checked_in(told, "A", "2024-06-03T20:11Z")  # was there all along: helps nobody
    assert night(told, "2024-06-03T20:15Z") != {}
    person(told, "B", "agency", "2024-06-03T20:16Z", from_="2024-06-03T20:16Z")
    assert night(told, "2024-06-03T20:16Z") == {}
    # B does not check in within a quarter of an hour.
    assert night(told, "2024-06-03T20:31Z") == {"uncovered-night manager": "2024-06-03T20:31Z"}


def test_a_changed_requirement_counts_from_its_time() -> None:
    told = checked_in(checked_in(covered(), "O", "2024-06-03T18:50Z"), "A", "2024-06-03T18:58Z")
    told.say("shift-cover.requirement-changed", NIGHT, "2024-06-03T21:00Z", by="/division", required=3, own_staff=1)
    assert night(told, "2024-06-03T20:59Z") == {}
    assert night(told, "2024-06-03T21:00Z") == {"uncovered-night manager": "2024-06-03T21:00Z"}


def test_the_night_is_over_at_the_end_of_its_window() -> None:
    assert night(Telling(), "2024-06-04T06:59Z") != {}
    assert night(Telling(), "2024-06-04T07:00Z") == {}


@pytest.mark.parametrize(
    ("date", "starts", "ends"),
    [
        ("2024-03-30", "2024-03-30T20:00:00Z", "2024-03-31T07:00:00Z"),  # 11 hours
        ("2024-03-31", "2024-03-31T19:00:00Z", "2024-04-01T07:00:00Z"),  # 12
        ("2024-10-26", "2024-10-26T19:00:00Z", "2024-10-27T08:00:00Z"),  # 13
        ("2024-10-27", "2024-10-27T20:00:00Z", "2024-10-28T08:00:00Z"),  # 12
    ],
)
def test_nights_have_eleven_twelve_or_thirteen_true_hours(date: str, starts: str, ends: str) -> None:
    story = Telling().story(ends).nights[f"ap-south/{date}"]
    assert (text_of(story.starts), text_of(story.ends)) == (starts, ends)
    assert story.minutes["uncovered"] == (instant(ends) - instant(starts)) // MINUTE


def test_a_late_check_in_is_contested_until_the_night_is_over() -> None:
    told = checked_in(covered(), "O", "2024-06-03T18:50Z")
    told.say("shift-cover.checked-in", NIGHT, "2024-06-03T19:00Z", cover_ref="A", heard="2024-06-04T00:00Z")
    assert "uncovered-night manager" in night(told, "2024-06-03T23:59Z")
    assert night(told, "2024-06-04T00:00Z") == {"contested-breach client": "2024-06-04T00:00Z"}


def test_a_source_is_silent_after_its_time() -> None:
    heard = [instant("2024-06-03T10:00Z"), instant("2024-06-04T09:00Z")]
    since, every = instant("2024-06-03T00:00Z"), 12 * 3600
    found = silences(heard, since, every, instant("2024-06-04T10:00Z"))
    assert [(text_of(one.onset), one.end and text_of(one.end)) for one in found] == [
        ("2024-06-03T22:00:00Z", "2024-06-04T09:00:00Z")
    ]
