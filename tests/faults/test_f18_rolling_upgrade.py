"""F18, rolling upgrade: a worker of the next release beside one of this release, under load, and back again."""

import asyncio
import shutil
from pathlib import Path
from typing import Final

import pytest
from alembic.script import ScriptDirectory

from streams.ledger import migrations
from tests.faults.evidence import ROOT, Trial, fault
from tests.faults.grounds import no_servers
from tests.faults.reporting import reporting
from tests.faults.site import site_on_servers
from tests.faults.verdict import CLIENTS, verdict

PACKAGES: Final = ("models", "workorders", "streams", "desk")
STEP_S: Final = 3.0
NEXT_STEP: Final = '''"""What the next release may do to the tables while this one still runs: it adds."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{before}"


def upgrade():
    op.create_table("something_new", sa.Column("id", sa.Integer(), primary_key=True))
    op.add_column("event", sa.Column("something_new", sa.String(), nullable=True))
    op.add_column("outbox", sa.Column("something_new", sa.Integer(), nullable=True, server_default="1"))


def downgrade():
    op.drop_column("outbox", "something_new")
    op.drop_column("event", "something_new")
    op.drop_table("something_new")
'''


@fault(
    "F18",
    what="rolling upgrade: another release's worker beside this one, and back",
    promises=(10,),
    how="no release has been made yet, so the next one is this tree with one more step of the tables, which only adds; "
    "it upgrades the ledger under a working worker, which is killed and begun again on it, and at last the new one is "
    "taken back",
    unit="upgrades",
    full_n=20,
    small_n=1,
    missing=no_servers,
)
async def rolling_upgrade(seed: int, folder: Path) -> Trial:
    """One upgrade, and back."""
    newer = next_release(folder / "next")
    async with site_on_servers(folder, seed, explained=(CLIENTS,)) as site:
        (present,) = await site.up(1)
        async with reporting(site, pause_s=(0.05, 0.3)):
            await asyncio.sleep(STEP_S)
            (upgraded,) = await site.up(1, PYTHONPATH=str(newer))
            await asyncio.sleep(STEP_S)
            await present.kill()
            await asyncio.sleep(site.rng.uniform(0.0, STEP_S))
            await site.begin()
            await site.is_up(2)
            await asyncio.sleep(STEP_S)
            status = await upgraded.stop()
            await asyncio.sleep(STEP_S)
        found = [] if status == 0 else [f"stop: the worker of the next release ended with {status}"]
        return await verdict(site, found=found)


def next_release(folder: Path) -> Path:
    """This tree with one more step of the tables; whoever is started with it in front uses it."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    before = ScriptDirectory(str(Path(migrations.__file__).parent)).get_current_head()
    step = folder / "streams" / "ledger" / "migrations" / "versions" / "9999_something_new.py"
    step.write_text(NEXT_STEP.format(before=before), encoding="utf-8")
    return folder


@pytest.mark.faults
@pytest.mark.long_fault
def test_two_releases_work_side_by_side_and_the_newer_can_be_taken_back(tmp_path: Path) -> None:
    assert rolling_upgrade.trial(1804, tmp_path).findings == ()
