"""How the rules work: everything of the policy in force, in words, for whoever is signed in, in both languages."""

from datetime import timedelta
from typing import Any

from tests.desk.small_ledger import ENDS
from tests.pages.conftest import ESTATES, MANAGER, Pages
from workorders.policy import default_policy, policy_from_data

AP_MANAGER = "ap-manager:premises:ap-bryn-awel"
SPEC = default_policy().spec


async def other_policy(pages: Pages, since: timedelta, **changed: Any) -> str:  # noqa: ANN401
    """Another policy, in force from so long after the small ledger's end; its version."""
    policy = policy_from_data({**SPEC.model_dump(mode="json"), **changed}, "the other policy")
    await pages.place.ledger.activate(policy, ENDS + since, ENDS, "division")
    pages.place.world = await pages.place.ledger.world(pages.place.world, ENDS)
    return policy.version


async def test_every_rule_code_calendar_and_ladder_of_the_policy_is_there(pages: Pages) -> None:
    page = await (await pages.as_role(ESTATES)).get("/rules")
    codes = SPEC.codes
    for words in (*codes.assets.values(), *codes.faults.values(), *codes.impacts.values()):
        assert words in page.text, words
    for rule in SPEC.rules:
        assert rule.reason in page.text, rule.id
        assert rule.id in page.text
    for name in SPEC.calendars:
        assert name in page.text
    assert page.source.count(">Who is told</th>") == len(SPEC.ladders)


SAID = (
    "P1 business-critical 2 hours, day and night 4 hours, day and night 1 day, day and night",
    "P2 urgent 4 hours, day and night 1 day, day and night 5 working days",
    "P4 routine no target no target 21 working days",
    "Monday to Friday: 09:00-17:00; not on public holidays (GB-WLS)",
    "A target is missed: P1 Who is told When Then Provider's account manager at once",
    "senior account manager after 2 hours", "said again every 1 day", "unanswered for 15 minutes: the next is told",
    "The night 20:00 to 08:00", "People required 2, of them own staff: 1", "4 hours before it starts",
    "parts Provider's help desk, Estates desk 5 days 10 days", "no access", "75 %", "where no other rule fits",
    "the earlier of promise and target counts", "Alternative: there is none", "in force from the beginning",
)  # fmt: skip


async def test_it_is_said_as_people_read_it(pages: Pages) -> None:
    page = await (await pages.as_role(ESTATES)).get("/rules")
    assert [one for one in SAID if one not in page.text] == []


async def test_whoever_is_signed_in_reads_the_rules_and_nobody_else(pages: Pages) -> None:
    voices = (await pages.browser().get("/sign-in")).form().choices["voice"]
    agency = next(one for one in voices if one.startswith("agency-account-manager"))
    for voice in (ESTATES, MANAGER, AP_MANAGER, agency):
        browser = await pages.as_role(voice)
        page = await browser.get("/rules")
        assert (browser.status, page.heading) == (200, "How the rules work")
        assert page.links["How the rules work"] == "/rules"
    assert (await pages.browser().get("/rules")).heading != "How the rules work"


async def test_the_version_in_force_is_shown_since_when_and_what_comes_next(pages: Pages) -> None:
    version = await other_policy(pages, timedelta(minutes=5), name="Winter <rules>")
    coming = await other_policy(pages, timedelta(days=3), name="Spring rules")
    await pages.clock.advance(600)
    page = await (await pages.as_role(ESTATES)).get("/rules")
    assert f"Winter <rules>, version {version[:12]}, in force since Wednesday 14 January 2026, 06:05 GMT." in page.text
    assert "Winter &lt;rules&gt;" in page.source
    assert "Another version comes into force: Saturday 17 January 2026, 06:00 GMT" in page.text
    assert coming[:12] in page.text


async def test_a_policy_with_everything_that_a_policy_can_have_is_shown(pages: Pages) -> None:
    more: dict[str, Any] = SPEC.model_dump(mode="json")
    calendar = {
        "zone": "Europe/London", "extra_holidays": ["2026-02-02"], "not_holidays": ["2026-12-26"],
        "holidays": {"country": "GB"}, "week": {"mon": ["22:00-06:00"], "wed": ["09:00-12:00"], "thu": ["09:00-12:00"]},
    }  # fmt: skip
    own = {"assets": ["lift"], "faults": ["total-loss"], "priorities": ["P2"], "clock": "make-safe",
           "target": {"duration": "3h", "calendar": "odd"}}  # fmt: skip
    more["rules"][0]["when"]["out_of_hours"] = True
    more["ladders"][4] |= {"email_only": True, "email_only_reason": "Nothing is lost yet."}
    await other_policy(
        pages, timedelta(minutes=5), calendars={**more["calendars"], "odd": calendar}, own_targets=[own],
        rules=[{"id": "odd-rule", "priority": "P1", "reason": "Odd.", "when": {"out_of_hours": True}}, *SPEC_RULES],
        ladders=more["ladders"],
    )  # fmt: skip
    await pages.clock.advance(600)
    page = await (await pages.as_role(ESTATES)).get("/rules")
    for said in (
        "Monday: 22:00-06:00; Wednesday to Thursday: 09:00-12:00; not on public holidays (GB)", "nor on: 2026-02-02",
        "but on: 2026-12-26", "Lift, does not work at all P2 make safe 3 hours, in the hours of the calendar odd",
        "Time: raised out of hours", "Nobody is woken for this: Nothing is lost yet.",
    ):  # fmt: skip
        assert said in page.text, said


SPEC_RULES = SPEC.model_dump(mode="json")["rules"]


async def test_the_rules_are_welsh_in_welsh(pages: Pages) -> None:
    page = await (await pages.as_role(ESTATES)).get("/rules?lang=cy")
    assert (page.language, page.heading) == ("cy", "Sut mae'r rheolau'n gweithio")
    for english in [one.reason for one in SPEC.rules] + ["Who is told", "working day", "at once", "Entry or exit lock"]:
        assert english not in page.text, english
    assert "5 diwrnod gwaith" in page.text


async def test_the_whole_page_goes_through_a_thin_line(pages: Pages) -> None:
    page = await (await pages.as_role(ESTATES)).get("/rules")
    assert len(page.source.encode()) < 150_000
