"""A client that openapi-python-client makes of the description alone, with nothing of ours in it.

The tool lives in a folder of its own, made by ``make test``: it must not decide which versions we run on.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx2
import pytest

from desk.access.rights import Holder
from tests.desk.api.conftest import FACTS
from tests.desk.api.serving import in_a_thread

TOOL: Final = Path(sys.prefix) / "client"
USE = """
import json, sys
from made import AuthenticatedClient
from made.api.board import get_board
from made.api.escalations import acknowledge, get_escalations
from made.api.nights import get_nights
from made.api.orders import get_orders, get_orders_order, raise_order
from made.api.receipts import get_receipts_reference
from made.models import AcknowledgeBody, ProblemBody, RaiseOrderBody

address, key, facts = sys.argv[1:]
client = AuthenticatedClient(base_url=address, token=key)
told = raise_order.sync(client=client, body=RaiseOrderBody.from_dict(json.loads(facts)))
assert (told.saved, told.premises) == (True, "ap-bryn-awel"), told
receipt = get_receipts_reference.sync(told.reference, client=client)
assert receipt.receipt.subject == told.subject, receipt
assert get_orders_order.sync(told.subject, client=client).subject.premises == told.premises
assert told.subject in [line.subject for line in get_orders.sync(client=client).lines]
assert get_nights.sync(client=client).lines
assert get_board.sync(client=client).board.total.outstanding
standing = get_escalations.sync(client=client).lines
assert acknowledge.sync(standing[0].id, client=client, body=AcknowledgeBody()).saved
refused = raise_order.sync(client=client, body=RaiseOrderBody.from_dict({**json.loads(facts), "asset": "dragon"}))
assert (type(refused), refused.code, refused.field) == (ProblemBody, "unknown-code", "asset"), refused
"""

pytestmark = pytest.mark.skipif(
    "CI" not in os.environ and not TOOL.is_dir(),
    reason="openapi-python-client is not installed: make .venv/client.stamp",
)


@pytest.fixture(scope="module")
def served(small_ledger: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    with in_a_thread(small_ledger, tmp_path_factory.mktemp("client"), Holder.DIVISION) as address_and_key:
        yield address_and_key


def test_a_generated_client_has_every_operation_and_speaks_with_us(served: tuple[str, str], tmp_path: Path) -> None:
    address, key = served
    described = httpx2.get(f"{address}/openapi.json").json()
    (tmp_path / "openapi.json").write_text(json.dumps(described), encoding="utf-8")
    made = run(
        tmp_path,
        "-m",
        "openapi_python_client",
        "generate",
        "--path",
        "openapi.json",
        "--output-path",
        "made",
        "--meta",
        "none",
    )
    assert "WARNING" not in made
    assert "ERROR" not in made
    operations = {one["operationId"] for path in described["paths"].values() for one in path.values()}
    modules = {path.stem for path in (tmp_path / "made" / "api").rglob("*.py")} - {"__init__"}
    assert modules == {re.sub(r"\W", "_", name) for name in operations}
    run(tmp_path, "-c", USE, address, key, json.dumps(FACTS))


def run(folder: Path, *arguments: str) -> str:
    """What Python says with the tool's own packages; it ends well."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(TOOL), str(folder)]),
        "PATH": os.pathsep.join([str(TOOL / "bin"), os.environ["PATH"]]),
    }
    command = [sys.executable, *arguments]
    done = subprocess.run(  # noqa: S603 - our own Python
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
