"""How the tests import: small files in text, read alone or put through a ledger, by Boston's mapping or another."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from desk.importing.command import Promises, with_promises
from desk.importing.events import Telling, Told
from desk.importing.mapping import Mapping as FileMapping
from desk.importing.mapping import load_mapping
from desk.importing.orders import Order, Orders
from desk.importing.pipeline import Pipeline, Rejected
from desk.importing.remarks import Remark
from desk.importing.report import Report
from desk.importing.rows import Row, Rows
from desk.importing.run import FLAGGED, REFUSED, carry_out
from models.parse import parse
from models.refusal import Refusal
from streams.ledger.incoming import Incoming
from streams.ledger.ledger import Ledger
from workorders.policy import World, load_estate, load_policy
from workorders.policy.load import world_of

BOSTON = Path(__file__).parents[2] / "examples/boston311"
SAMPLE = BOSTON / "sample.csv"
AS_OF = datetime(2016, 1, 13, 3, 54, tzinfo=UTC)
HEADER = (
    "CASE_ENQUIRY_ID", "OPEN_DT", "TARGET_DT", "CLOSED_DT", "OnTime_Status", "CASE_STATUS", "REASON", "TYPE", "QUEUE",
    "Department", "neighborhood", "Property_Type", "Source", "CLOSURE_CODE",
)  # fmt: skip
PLUMBING = {
    "CASE_ENQUIRY_ID": "101001240754",
    "OPEN_DT": "05/04/2015 10:00:00 AM",
    "TARGET_DT": "05/11/2015 10:00:00 AM",
    "CLOSED_DT": "05/06/2015 09:15:00 AM",
    "OnTime_Status": "ONTIME",
    "CASE_STATUS": "Closed",
    "TYPE": "Plumbing",
    "neighborhood": "Roxbury",
    "CLOSURE_CODE": "Case Resolved",
}
OPEN = {"CLOSED_DT": "", "CASE_STATUS": "Open", "CLOSURE_CODE": ""}


def row(**changes: str) -> dict[str, str]:
    """A row like Boston's: plumbing, raised on a Monday at ten, promised for the next one, repaired on Wednesday."""
    return {**dict.fromkeys(HEADER, ""), **PLUMBING, **changes}


def file_of(rows: Iterable[Mapping[str, str]], *, all_quoted: bool = False) -> bytes:
    """A CSV file of these rows, as Boston writes it."""
    text = io.StringIO()
    made = csv.DictWriter(text, HEADER, lineterminator="\n", quoting=csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL)
    made.writeheader()
    made.writerows(rows)
    return text.getvalue().encode()


@cache
def mapping() -> FileMapping:
    """Boston's mapping."""
    return load_mapping(BOSTON / "mapping.toml")


@cache
def world(promises: Promises | None = None) -> World:
    """Boston's policy and estate."""
    policy = load_policy(BOSTON / "policy.toml")
    policy = policy if promises is None else with_promises(policy, promises)
    return world_of(policy, load_estate(BOSTON / "estate.toml"), "Boston")


def rows_of(content: bytes, by: FileMapping | None = None) -> list[Row | Remark]:
    """The rows of a file, read."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "requests.csv"
        path.write_bytes(content)
        with path.open("rb") as file:
            return list(Rows(file, path.name, by or mapping()))


def read(by: FileMapping | None = None, as_of: datetime = AS_OF, /, **changes: str) -> Order | Remark:
    """One row like Boston's with these changes, read as an order."""
    (found,) = rows_of(file_of([row(**changes)]), by)
    assert isinstance(found, Row)
    return Orders(by or mapping(), as_of).read(found)


def told(by: FileMapping | None = None, /, **changes: str) -> Told | Remark:
    """The same with its events."""
    (found,) = rows_of(file_of([row(**changes)]), by)
    return told_of(found, by)


def told_of(found: Row | Remark, by: FileMapping | None = None) -> Told | Remark:
    """A row that was read, as an order with its events."""
    read_in = found if isinstance(found, Remark) else Orders(by or mapping(), AS_OF).read(found)
    return read_in if isinstance(read_in, Remark) else Telling(by or mapping(), world()).tell(read_in)


def order(**changes: str) -> Order:
    """The same, where the row must be readable."""
    found = read(**changes)
    assert isinstance(found, Order), found
    return found


class Straight(Pipeline):
    """The way into the ledger without a broker, for tests that need many ledgers."""

    def __init__(self, ledger: Ledger, around: World, as_of: datetime) -> None:
        self.ledger, self.world, self.as_of = ledger, around, as_of  # type: ignore[misc]
        self._refused: list[Rejected] = []
        self._count = 0

    @property
    def done(self) -> int:
        return self._count

    async def send(self, events: Sequence[Incoming]) -> None:
        outcome = await self.ledger.take(events, self.as_of, self.world)
        self._count += len(events)
        for rejection in outcome.rejections:
            found = parse(rejection.incoming.value, rejection.incoming.key, (), rejection.incoming.topic)
            assert not isinstance(found, Refusal)
            number = (found.__pydantic_extra__ or {})["importrow"]
            assert isinstance(number, int)
            self._refused.append(Rejected(number, found.subject, rejection.code, rejection.sentence))

    async def settle(self) -> None:
        while (await self.ledger.sweep(self.as_of, 500, self.world)).more:
            pass

    async def rejected(self) -> AsyncIterator[Rejected]:
        for one in self._refused:
            yield one


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import wrote."""

    report: Report
    verdicts: list[dict[str, str]]
    refused: list[dict[str, str]]
    flagged: list[dict[str, str]]

    def verdict(self, reference: str = PLUMBING["CASE_ENQUIRY_ID"]) -> dict[str, str]:
        """The one verdict on an order."""
        (found,) = [verdict for verdict in self.verdicts if verdict["reference"] == reference]
        return found


async def imported(
    content: bytes,
    folder: Path,
    promises: Promises | None = None,
    as_of: datetime = AS_OF,
    by: FileMapping | None = None,
) -> Imported:
    """Put a file into the ledger of a folder, new or known, and read what came of it."""
    async with straight(folder, promises, as_of) as pipeline:
        source, out = folder / "requests.csv", folder / "verdicts.csv"
        await asyncio.to_thread(source.write_bytes, content)
        with source.open("rb") as file:
            report = await carry_out(Rows(file, source.name, by or mapping()), by or mapping(), pipeline, out, "")
    return written(out, report)


def written(out: Path, report: Report) -> Imported:
    """What stands in the three files of an import."""
    files = (out, out.with_suffix(REFUSED), out.with_suffix(FLAGGED))
    verdicts, refused, flagged = (list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))) for path in files)
    return Imported(report, verdicts, refused, flagged)


@asynccontextmanager
async def straight(folder: Path, promises: Promises | None, as_of: datetime) -> AsyncIterator[Straight]:
    """A pipeline without a broker into the ledger of a folder."""
    ledger = await Ledger.open(f"sqlite:///{folder}/ledger.db", time_kind="simulated", now=as_of)
    try:
        yield Straight(ledger, await ledger.world(world(promises), as_of), as_of)
    finally:
        await ledger.close()
