"""Write the figures of the evidence into docs/PROMISES.md: ``python -m tests.faults.promises``.

The page has them between two markers; whatever else is there is left as it is. With ``--check`` nothing is written.
"""

import re
import sys
from pathlib import Path
from typing import Any, Final

import orjson

from tests.faults.catalogue import known_faults
from tests.faults.evidence import EVIDENCE, ROOT, Fault

PAGE: Final = ROOT / "docs" / "PROMISES.md"
BEGIN: Final = "<!-- evidence: made by python -m tests.faults.promises -->"
END: Final = "<!-- /evidence -->"
HEADINGS: Final = (
    *("fault", "promises", "n", "of", "lost", "doubled", "wrong"),
    *("healed within, 95 % (most)", "fails at most, 95 %", "with earlier code"),
)


def figures(folder: Path = EVIDENCE) -> str:
    """The table, one row a fault; what was not tried is named and does not count."""
    tried = {path.stem: orjson.loads(path.read_bytes()) for path in folder.glob("F*.json")}
    rows = [_row(tried[name]) if name in tried else _untried(one) for name, one in known_faults().items()]
    table = "\n".join(f"| {' | '.join(row)} |" for row in [HEADINGS, ("---",) * len(HEADINGS), *rows])
    return f"{table}\n\n{_origin(list(tried.values()))}"


def page_with(page: str, told: str) -> str:
    """The page with these figures between its markers; ``ValueError`` if it has none."""
    found = re.subn(
        f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: f"{BEGIN}\n{told}\n{END}", page, flags=re.DOTALL
    )
    if found[1] != 1:
        raise ValueError(f"the page must have one pair of markers, {BEGIN} and {END}; it has {found[1]}")
    return found[0]


def _untried(fault: Fault) -> tuple[str, ...]:
    full = f"{fault.wanted:,}" if isinstance(fault.wanted, int) else "each"
    empty = ("",) * (len(HEADINGS) - 5)
    return (f"{fault.name} {fault.what}", " ".join(map(str, fault.promises)), "not tried", full, "", *empty)


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    failed = bool(one["lost"] or one["doubled"] or one["wrong"])
    most = one["heal_seconds_max"]
    return (
        f"{one['fault']} {one['what']}",
        " ".join(map(str, one["promises"])),
        f"{one['n']:,} {one['unit']}",
        f"{one['full_n']:,}",
        *(str(one[name]) for name in ("lost", "doubled", "wrong")),
        "" if most is None else f"{one['heal_seconds_p95']:.1f} s ({most:.1f} s)",
        "it failed" if failed else _bound(one["n"]),
        f"{one['earlier_n']:,}, {one['earlier_failures']} failed" if one["earlier_n"] else "",
    )


def _bound(n: int) -> str:
    """No failure in n trials: a rate below 3/n at 95 %."""
    if n == 0:
        return "not tried"
    return f"{300 / n:.2g} %" if n > 3 else "not said"


def _origin(found: list[dict[str, Any]]) -> str:
    if not found:
        return "Nothing was tried yet."
    machines = "; ".join(sorted({one["machine"] for one in found}))
    dates = sorted({one["date"] for one in found})
    return f"Tried from {dates[0]} to {dates[-1]} on: {machines}. Seeds and commits are in `docs/evidence`."


def write() -> None:
    """Write the page."""
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(page_with(page, figures()), encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Write the page, or with ``--check`` tell whether it is as the evidence says."""
    if "--check" in arguments:
        page = PAGE.read_text(encoding="utf-8")
        return int(page_with(page, figures()) != page)
    write()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
