"""The bridge's questions on PostgreSQL: the same answers as from one file."""

from pathlib import Path

import pytest

from desk.api.place import Place, kept
from streams.clock import FixedClock
from streams.ledger.ledger import Ledger
from streams.settings import Settings
from tests.desk.api.conftest import Api
from tests.desk.api.test_open311 import AT, report
from tests.desk.small_ledger import ENDS, build
from workorders.policy import default_world

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(180)]
QUESTIONS = (
    "requests.json",
    "requests.json?page=2&page_size=2",
    "requests.json?status=open&service_code=entry-lock.will-not-secure",
    "requests.json?service_request_id=ap-bryn-awel:WO-1,ap-ty-derwen:WO-3",
    "requests.json?start_date=2026-01-13T15:00:00Z&end_date=2026-01-13T15:00:00Z",
    "requests/ap-bryn-awel:WO-1.xml",
)


async def test_each_question_has_the_same_answer_on_both(api: Api, database: str, tmp_path: Path) -> None:
    await build(database)
    ledger = await Ledger.open(database, time_kind="simulated", now=ENDS)
    try:
        async with kept(Place(Settings(data_dir=tmp_path), ledger, FixedClock(ENDS), default_world())) as place:
            there = Api(place)
            clients = await api.of(), await there.of()
            for question in QUESTIONS:
                answers = [await client.get(f"{AT}/{question}") for client in clients]
                assert answers[0].status_code == 200
                assert answers[0].content == answers[1].content, question
            assert (await report(clients[1])).status_code == 201
            await there.app.state.following.end()
            for client in there.clients:
                await client.aclose()
    finally:
        await ledger.close()
