"""One worker of a crew: as ``ours``, but it goes on until it is stopped, for the referee sees when all is done."""

import asyncio

from bench.race.ours import ReplayingIntake, ReplayingReader
from bench.race.site import HeardClock, Site, Watch, contend, ready
from streams.relay import Relay
from streams.system import open_parts
from workorders.policy import default_world


async def crew(site: Site, watch: Watch) -> None:
    """Read and send until killed."""
    clock = HeardClock(site.start)
    ReplayingReader.watch, ReplayingReader.clock = watch, clock
    async with open_parts(site.settings, clock, default_world()) as parts:
        ready()
        duties = (Relay(parts), ReplayingIntake(parts))
        await asyncio.gather(*[duty.work() for duty in duties])


if __name__ == "__main__":
    contend(crew)
