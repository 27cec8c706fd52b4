"""Every list says how many lines it has in all, and whether some are left out."""

from pathlib import Path

import pytest

from tests.desk.conftest import Workorders

LISTS = {
    ("nights",): "nights",
    ("escalations",): "escalations",
    ("orphans",): "orphans",
    ("disputes",): "disputes",
    ("cover-ledger",): "cover_ledger",
    ("rejected", "list"): "rejected",
}


@pytest.mark.parametrize(("command", "name"), LISTS.items(), ids=" ".join)
def test_every_list_in_json_has_one_shape(
    command: tuple[str, ...], name: str, ledger: Path, workorders: Workorders
) -> None:
    answer = workorders(*command, "--json").json
    assert list(answer) == ["as_at", "time", "total", "shown", "truncated", name]
    assert (answer["shown"], answer["truncated"]) == (len(answer[name]), False)
    assert answer["total"] == answer["shown"]


@pytest.mark.parametrize("everything", [(), ("--all",)], ids=["standing", "all"])
def test_a_list_that_leaves_lines_out_says_how_many(
    everything: tuple[str, ...], ledger: Path, workorders: Workorders
) -> None:
    whole = workorders("escalations", *everything, "--limit", "0", "--json").json
    cut = workorders("escalations", *everything, "--limit", "3", "--json").json
    assert whole["total"] > 3
    assert (cut["total"], cut["shown"], cut["truncated"]) == (whole["total"], 3, True)
    assert cut["escalations"] == whole["escalations"][:3]
    sentence = f"Showing 3 of {whole['total']}; --limit 0 shows all."
    assert sentence in workorders("escalations", *everything, "--limit", "3").out
    assert "--limit" not in workorders("escalations", *everything, "--limit", "0").out


def test_the_other_lists_can_be_cut_too(ledger: Path, workorders: Workorders) -> None:
    for n in range(3):
        workorders("complete", f"WO-90{n}", "--premises", "ap-cae-glas", "--at", f"-{n + 1}h")
    answer = workorders("orphans", "--limit", "2", "--json").json
    assert (answer["total"], answer["shown"], answer["truncated"]) == (4, 2, True)
    assert "Showing 2 of 4" in workorders("orphans", "--limit", "2").out
    assert workorders("disputes", "--limit", "1", "--json").json["truncated"] is False
