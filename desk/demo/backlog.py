"""The old orders that nobody had counted: a seeded register for the approved premises, the offices and the courts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Final

from desk.demo.scenario import Scene
from models.premises import Premises, PremisesKind
from workorders.policy import Estate

AT_APPROVED_PREMISES: Final = 124
ELSEWHERE: Final = 58


@dataclass(frozen=True, slots=True)
class Job:
    """One kind of old job: what is broken and how, whom it endangers, and how often such jobs are found."""

    asset: str
    fault: str
    impacts: tuple[str, ...]
    alternative: bool
    weight: int


_JOBS: Final = (
    Job("decoration", "unsightly", (), True, 16),
    Job("furniture", "damaged", (), True, 14),
    Job("bed", "damaged", ("service",), True, 8),
    Job("sanitary-fitting", "leaking", ("health",), True, 10),
    Job("internal-door", "damaged", (), True, 9),
    Job("kitchen", "partial-loss", ("service",), True, 6),
    Job("laundry", "total-loss", ("service",), True, 5),
    Job("lighting", "total-loss", (), True, 8),
    Job("roof", "leaking", ("health",), True, 5),
    Job("floor", "damaged", ("health",), True, 5),
    Job("hot-water", "partial-loss", ("health",), True, 2),
    Job("window-restrictor", "damaged", ("self-harm",), False, 1),
    Job("cctv", "partial-loss", ("site-security",), True, 1),
    Job("fire-door", "damaged", ("fire-safety",), True, 1),
    Job("grounds", "damaged", (), True, 6),
)
_OLDEST_DAYS: Final = 290
_URGENT: Final = frozenset({"hot-water", "window-restrictor", "cctv", "fire-door"})


def backlog(estate: Estate, heard: datetime, seed: int) -> list[Scene]:
    """Over 120 orders at the approved premises and some elsewhere, as they are sent in when the story begins.

    The same seed gives the same register. Some were attended, which meets that clock and mends nothing; the provider
    holds some to be less grave than we do.
    """
    chance = Random(seed)  # noqa: S311 - a register to look at, nothing secret
    homes = [one for one in estate.spec.premises if one.kind is PremisesKind.APPROVED_PREMISES]
    others = [one for one in estate.spec.premises if one.kind is not PremisesKind.APPROVED_PREMISES]
    places = [homes[n % len(homes)] for n in range(AT_APPROVED_PREMISES)]
    places += [chance.choice(others) for _ in range(ELSEWHERE)]
    return [scene for n, premises in enumerate(places) for scene in _order(chance, premises, n, heard)]


def _order(chance: Random, premises: Premises, n: int, heard: datetime) -> Iterator[Scene]:
    job = chance.choices(_JOBS, [one.weight for one in _JOBS])[0]
    subject = f"WO-{31_000 + 7 * n}"
    days = chance.randint(2, 12) if job.asset in _URGENT else int(_OLDEST_DAYS * chance.random() ** 1.6) + 3
    raised = heard - timedelta(days=days, minutes=chance.randint(0, 600))
    home = premises.kind is PremisesKind.APPROVED_PREMISES
    facts = {
        "asset": job.asset, "fault": job.fault, "impacts": list(job.impacts), "alternative_available": job.alternative,
        "contractor_reference": f"{chance.choice('NS')}{chance.randint(10_000, 99_999)}",
    }  # fmt: skip
    yield Scene(
        heard, "ap-managers" if home else "site-managers", "work-order.raised", subject, premises.id, facts, raised
    )
    if job.asset in _URGENT or chance.random() < 0.4:
        came = raised + timedelta(hours=chance.uniform(0.5, 3.5))
        yield Scene(heard, "estates-desk", "work-order.attended", subject, premises.id, {}, came)
    if job.asset in _URGENT:
        safe = raised + timedelta(hours=chance.uniform(4, 20))
        yield Scene(heard, "estates-desk", "work-order.made-safe", subject, premises.id, {}, safe)
    if job.asset == "cctv":
        said = {"priority": "P4"}
        yield Scene(
            heard, "estates-desk", "work-order.prioritised", subject, premises.id, said, raised + timedelta(days=1)
        )
