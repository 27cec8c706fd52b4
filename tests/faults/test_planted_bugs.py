"""Each planted bug is caught by the checker that the sound system passes; else the checker would not be trusted."""

import pytest

from tests.faults import planted
from tests.faults.life import SOUND, Build
from tests.faults.story import Stage
from tests.faults.trouble import Kind, Trouble

pytestmark = [pytest.mark.faults, pytest.mark.usefixtures("_no_waiting_between_tries"), pytest.mark.timeout(300)]


async def caught(stage: Stage, build: Build, scene: str, kind: Kind) -> set[str]:
    """Every sort of fault that the checker finds, whatever step of a scene is the last or fails."""
    smooth = Trouble()
    universe = await stage.play(scene, smooth, build)
    found = sorts(universe.faults())
    for n, step in enumerate(smooth.taken, start=1):
        if step.startswith(("committed", "ack", "group-commit")):
            found |= sorts((await stage.play(scene, Trouble(kind, n), build)).faults())
    return found


def sorts(sentences: list[str]) -> set[str]:
    return {sentence.partition(":")[0] for sentence in sentences}


async def test_offsets_that_are_committed_before_the_transaction_lose_records(stage: Stage) -> None:
    scene = "what was done overtakes what was asked for"
    assert await caught(stage, SOUND, scene, "die") == set()
    assert "lost" in await caught(stage, planted.COMMIT_FIRST, scene, "die")


async def test_inputs_that_are_not_known_again_are_doubled(stage: Stage) -> None:
    assert "doubled" in sorts((await stage.play("a record comes twice", Trouble(), planted.NO_DEDUPE)).faults())


@pytest.mark.parametrize("scene", ["an order is handed in", "hours pass"])
async def test_what_is_said_directly_and_not_by_an_outbox_is_lost_with_the_process(stage: Stage, scene: str) -> None:
    assert await caught(stage, SOUND, scene, "die") == set()
    assert "unsaid" in await caught(stage, planted.NO_OUTBOX, scene, "die")


async def test_what_counts_as_sent_without_the_brokers_word_may_never_have_been(stage: Stage) -> None:
    scene = "hours pass"
    smooth = Trouble()
    await stage.play(scene, smooth, SOUND)
    n = smooth.taken.index("send escalations") + 1
    assert (await stage.play(scene, Trouble("fail", n), SOUND)).faults() == []
    assert sorts((await stage.play(scene, Trouble("fail", n), planted.ACK_IGNORED)).faults()) == {"unsaid"}


async def test_offsets_of_the_group_pass_over_what_a_restored_ledger_lacks(stage: Stage) -> None:
    scene = "what was done overtakes what was asked for"
    for build, expected in ((SOUND, set[str]()), (planted.GROUP_OFFSETS, {"lost"})):
        assert sorts((await stage.play(scene, Trouble(), build)).faults()) == set()
        assert sorts(await stage.restored(scene, build)) & {"lost"} == expected
