"""The evidence adds up, counts only for the code that it was won from, and the page says what the files say."""

import ast
from dataclasses import replace
from pathlib import Path
from typing import Final

import orjson
import pytest

from tests.faults import fingerprint, promises, run
from tests.faults.catalogue import known_faults
from tests.faults.evidence import EVIDENCE, ROOT, Evidence, Fault, Trial, judged, percentile

SOUND: Final = Trial(count=3, heal_seconds=(1.0, 2.5))
GRAVE: Final = judged(["lost: a", "lost: b", "doubled: c", "silent: d"], count=2)


def some_fault(*trials: Trial, full_n: int = 10) -> Fault:
    left = iter(trials)
    nothing = {"promises": (1,), "how": "", "unit": "trials", "small_n": 1, "missing": lambda: None, "within_s": 9}
    return Fault(
        "F99", "a test", run=lambda seed, folder: next(left), wanted=full_n, file=Path(__file__), **nothing,  # type: ignore[arg-type]
    )  # fmt: skip


def runner(fault: Fault, folder: Path, goal: int) -> run.Runner:
    known = Evidence.of(fault, fingerprint.fingerprint(fault.file), folder)
    course = run.Course(fault, known, lambda one: one.evidence.n >= goal)
    return run.Runner(folder, 7, float("inf"), [course])


def kept(folder: Path) -> dict[str, object]:
    found: dict[str, object] = orjson.loads((folder / "F99.json").read_bytes())
    return found


def test_the_page_says_what_the_evidence_says() -> None:
    page = promises.PAGE.read_text(encoding="utf-8")
    assert promises.page_with(page, promises.figures()) == page, "run: python -m tests.faults.promises"


def test_a_fault_that_was_not_tried_is_named_and_not_counted(tmp_path: Path) -> None:
    rows = [line for line in promises.figures(tmp_path).splitlines() if line.startswith("| F")]
    assert len(rows) == len(known_faults())
    assert all("| not tried |" in row for row in rows)


def test_a_page_without_its_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="one pair of markers"):
        promises.page_with("nothing", "figures")


def test_trials_add_up_over_runs_of_the_same_code(tmp_path: Path) -> None:
    assert runner(some_fault(SOUND), tmp_path, 3).run()
    assert runner(some_fault(SOUND), tmp_path, 6).run()
    found = kept(tmp_path)
    assert (found["n"], found["trials"], found["seeds"]) == (6, 2, [7, 8])
    assert (found["lost"], found["doubled"], found["wrong"]) == (0, 0, 0)
    assert (found["heal_seconds_p95"], found["heal_seconds_max"]) == (2.5, 2.5)


def test_a_fault_that_fails_is_counted_and_not_tried_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert not runner(some_fault(SOUND, GRAVE, SOUND), tmp_path, 100).run()
    found = kept(tmp_path)
    assert (found["n"], found["lost"], found["doubled"], found["wrong"]) == (5, 2, 1, 1)
    told = capsys.readouterr().err
    assert "failed with seed 8" in told
    assert "lost: a" in told
    assert "python -m tests.faults.run F99 --trials 1 --seed 8" in told


def test_evidence_of_other_code_does_not_count(tmp_path: Path) -> None:
    fault = some_fault(SOUND)
    old = Evidence.begin(fault, "other code")
    old.add(1, GRAVE)
    old.save(tmp_path)
    assert runner(fault, tmp_path, 3).run()
    assert (kept(tmp_path)["n"], kept(tmp_path)["lost"]) == (3, 0)
    assert (kept(tmp_path)["earlier_n"], kept(tmp_path)["earlier_failures"]) == (2, 4)


def test_an_exception_in_a_trial_is_a_failure_and_names_its_place(tmp_path: Path) -> None:
    def broken(seed: int, folder: Path) -> Trial:
        raise RuntimeError("the site could not be made")

    trial = replace(some_fault(), run=broken).trial(1, tmp_path)
    assert trial.findings == ("failed: RuntimeError: the site could not be made",)
    assert not trial.holds
    assert trial.wrong == 1
    assert "test_evidence.py" in trial.notes


def test_words_do_not_change_a_fingerprint_and_deeds_do() -> None:
    def content(source: str) -> str:
        return fingerprint.skeleton(ast.parse(source))

    assert content('def f():\n    """Says."""\n    return 1  # so\n') == content("def f():\n    return 1\n")
    assert content("def f():\n    return 1\n") != content("def f():\n    return 2\n")


def test_a_fault_reaches_the_code_under_test_and_what_its_own_file_imports() -> None:
    reached = {path.relative_to(ROOT).as_posix() for path in fingerprint.reached(Path(__file__).with_name("life.py"))}
    assert {"streams/relay.py", "models/ids.py", "workorders/decide.py", "desk/running.py"} <= reached
    assert {"tests/faults/checker.py", "tests/faults/trouble.py", "tests/streams/paper_broker.py"} <= reached
    assert "tests/faults/evidence.py" not in reached


def test_every_fault_of_the_evidence_is_one_that_can_be_tried() -> None:
    assert {path.stem for path in EVIDENCE.glob("*.json")} <= known_faults().keys()


def test_a_percentile_is_a_value_that_was_seen() -> None:
    assert percentile([], 0.95) is None
    assert percentile([3.0], 0.95) == 3.0
    assert percentile([float(n) for n in range(1, 101)], 0.95) == 95.0
