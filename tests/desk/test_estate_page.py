from pathlib import Path

from tests.desk.conftest import Workorders


def test_the_estate_shows_units_premises_contracts_roles_and_senders(ledger: Path, workorders: Workorders) -> None:
    found = workorders("estate", "show", "--json").json["estate"]
    assert [region["id"] for region in found["regions"]] == ["north", "south"]
    ldus = [ldu for region in found["regions"] for ldu in region["ldus"]]
    assert len(ldus) == 5
    premises = {one["id"]: one for ldu in ldus for one in ldu["premises"]}
    assert len(premises) == 43
    assert (premises["ap-bryn-awel"]["name"], premises["ap-bryn-awel"]["kind"]) == ("Bryn Awel", "approved-premises")
    assert premises["ap-bryn-awel"]["watched_from"] is not None
    assert premises["court-aberwennol"]["watched_from"] is None
    north = found["regions"][0]["contracts"]
    assert {(one["contract"], one["name"]) for one in north} == {
        ("fm", "Northmoor Facilities"),
        ("agency", "Gwylan Staffing"),
    }
    roles = {one["id"]: one for one in found["roles"]}
    assert any(channel.startswith("call ") for channel in roles["division-duty"]["routes"][0]["channels"])
    assert {one["id"]: one["expect_every"] for one in found["sources"]}["fm-north"] == 3600
    page = workorders("estate", "show").out
    for words in ("Bryn Awel", "ap-bryn-awel", "approved-premises", "watched", "Northmoor Facilities", "AP manager"):
        assert words in page


def test_the_estate_of_one_premises_shows_only_what_concerns_it(ledger: Path, workorders: Workorders) -> None:
    found = workorders("estate", "show", "ap-bryn-awel", "--json").json["estate"]
    assert [one["id"] for region in found["regions"] for ldu in region["ldus"] for one in ldu["premises"]] == [
        "ap-bryn-awel"
    ]
    routes = {(route["scope"], route["of"]) for role in found["roles"] for route in role["routes"]}
    assert ("premises", "ap-bryn-awel") in routes
    assert ("provider", "northmoor-fm") in routes
    assert not any(of in {"severnside-fm", "ap-ty-derwen", "south"} for _, of in routes)
    assert "agency-south" not in {one["id"] for one in found["sources"]}


def test_the_policy_page_lists_the_codes_that_an_order_is_raised_with(ledger: Path, workorders: Workorders) -> None:
    page = workorders("policy", "show").out
    for code in ("entry-lock", "will-not-secure", "site-security"):
        assert code in page
