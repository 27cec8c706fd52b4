"""The API beside a worker on a real Kafka and a real PostgreSQL."""

import asyncio
from pathlib import Path

import httpx2
import pytest

from tests.desk.api.conftest import FACTS
from tests.desk.api.test_following import events_in
from tests.desk.on_servers import desk_on_servers
from tests.servers.kafka import KafkaAddress
from tests.streams.running_system import eventually

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(180)]


async def test_what_is_said_is_decided_sent_and_followed_and_a_repeat_is_one_event(
    kafka: KafkaAddress, topic_prefix: str, database: str, tmp_path: Path
) -> None:
    async with desk_on_servers(kafka, topic_prefix, database, tmp_path) as there:
        parts = there.parts
        headers = {"Authorization": f"Bearer {there.key}"}
        async with httpx2.AsyncClient(base_url=there.address, headers=headers, timeout=30) as client:
            asked = {**FACTS, "order": "API-1"}
            name = {"Idempotency-Key": "one"}
            answers = await asyncio.gather(*(client.post("/v1/orders", json=asked, headers=name) for _ in range(8)))
            assert {one.status_code for one in answers} == {201}, answers[0].text
            assert len({one.content for one in answers}) == 1
            cancel = {"reason": "duplicate"}
            following = asyncio.create_task(client.get("/v1/escalations/stream?seconds=4"))
            await asyncio.sleep(0.5)
            done = await client.post("/v1/orders/API-1/completions", json={})
            again = await client.post("/v1/orders/API-1/rejections", json={"defect": "it beeps"})
            assert (done.json()["fate"], again.json()["fate"]) == ("recorded", "recorded")
            said = events_in((await following).text)
            assert "API-1" in {data["subject"] for _, _, data in said}, "beside the nights of this day"
            whole = (await client.get("/v1/orders/API-1")).json()["subject"]
            assert len(whole["events"]) == 3
            receipt = answers[0].json()["reference"]

            async def sent() -> bool:
                found = await parts.ledger.receipt(receipt)
                return found is not None and found["relayed_at"] is not None

            await eventually(sent, "it was sent to its topic")
            assert (await client.post("/v1/orders/API-1/cancellations", json=cancel)).status_code == 201
            assert (await client.get("/v1/board", headers={"Authorization": ""})).status_code == 401
        assert (await parts.ledger.verify(parts.world)).holds
