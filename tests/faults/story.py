"""The story that the fault tests tell again and again: small, and with a bit of everything that moves."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tests.faults.life import SOUND, Act, Build, Past, Template, Universe, at, beginning
from tests.faults.told import FAULTS, Told, event
from tests.faults.trouble import Trouble

OFFICE, COURT = "office-aberwennol", "court-llanhelyg"
BAD = b'{"specversion": "1.0", '


def submits(*told: tuple[int, str, float]) -> Act:
    """People hand in events at the front door: (order, type, hours after the beginning)."""

    async def act(universe: Universe) -> None:
        for one in _told(universe, told):
            await universe.submit(one)

    return act


def produces(*told: tuple[int, str, float], twice: bool = False) -> Act:
    """Another system puts events straight on the topics, perhaps twice."""

    async def act(universe: Universe) -> None:
        for one in _told(universe, told):
            universe.broker.tell(*[one.incoming()] * (2 if twice else 1))
            universe.told.accepted.append(one)

    return act


async def produces_nonsense(universe: Universe) -> None:
    """What cannot be read is put on a topic."""
    universe.broker.append("work-orders", OFFICE.encode(), BAD)
    universe.told.refused.append(BAD)


async def broker_goes(universe: Universe) -> None:
    """The broker goes away."""
    universe.is_broker_away = True


async def broker_returns(universe: Universe) -> None:
    """The broker is back, with all that it had."""
    universe.is_broker_away = False


async def nothing(universe: Universe) -> None:
    """Nobody does anything."""


SCENES: dict[str, tuple[Act, ...]] = {
    "an order is handed in": (submits((0, "raised", -5)),),
    "a record comes twice": (produces((2, "raised", -2), twice=True),),
    "what was done overtakes what was asked for": (produces((0, "attended", -4), (1, "completed", -0.5)),),
    "nonsense is on a topic": (produces_nonsense,),
    "people report while the broker is away": (
        broker_goes,
        submits((1, "raised", -3), (0, "made-safe", -0.25)),
        at(0.01),
        broker_returns,
    ),
    "hours pass": (at(6),),
    "work is reported done and is rejected": (submits((0, "completed", 5.5), (0, "completion-rejected", 5.75)),),
    "a day passes": (at(30),),
    "nothing happens": (nothing,),
}


class Stage:
    """Where the scenes are played; each begins with what was outside after the scenes before it, if all went well."""

    def __init__(self, folder: Path, template: Template) -> None:
        self._folder, self._template = folder, template
        self._after: dict[str, Past] = {}

    async def play(self, scene: str, trouble: Trouble, build: Build = SOUND) -> Universe:
        """Play a scene with some trouble; what has come of it."""
        return await self._played(scene, await self.before(scene), trouble, build)

    async def restored(self, scene: str, build: Build) -> list[str]:
        """Play a scene, then put the ledger's backup from before it in its place and go on; what the checker finds."""
        before = await self.before(scene)
        after = (await self._played(scene, before, Trouble(), build)).past()
        universe = Universe(self._folder, self._template, replace(after, file=before.file), Trouble(), build)
        await universe.run(nothing)
        return universe.faults()

    async def before(self, scene: str) -> Past:
        """What was outside before a scene."""
        past = beginning(self._template)
        for name in SCENES:
            if name == scene:
                break
            if name not in self._after:
                self._after[name] = (await self._played(name, past, Trouble(), SOUND)).past()
            past = self._after[name]
        return past

    async def _played(self, scene: str, past: Past, trouble: Trouble, build: Build) -> Universe:
        universe = Universe(self._folder, self._template, past, trouble, build)
        await universe.run(*SCENES[scene])
        return universe


def _told(universe: Universe, told: tuple[tuple[int, str, float], ...]) -> list[Told]:
    start = universe.template.identity.created_at
    return [
        Told(
            event(
                order,
                kind,
                COURT if order % 2 else OFFICE,
                start + timedelta(hours=hours),
                FAULTS[0] if kind == "raised" else {},
            )
        )
        for order, kind, hours in told
    ]
