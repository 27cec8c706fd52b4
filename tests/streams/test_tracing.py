"""Tracing: what a source's trace has begun goes on through us to whoever listens; off, nothing of it is loaded."""

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import orjson
import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from streams import tracing as tracing_module
from streams.clock import FixedClock, SystemClock
from streams.intake import Intake
from streams.ledger.incoming import Incoming
from streams.parts import Parts
from streams.relay import Relay
from streams.settings import Settings, SettingsError
from streams.system import open_parts
from streams.tracing import Tracing, open_tracing, trace_of
from tests.streams.ledger.telling import START, plain, raised
from tests.streams.on_paper import at_work, parts_on_paper, put_on_paper
from tests.streams.paper_broker import PaperBroker
from tests.streams.running_system import eventually
from workorders.policy import default_world

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
SAID = f"00-{TRACE}-{PARENT}-01"


@pytest.fixture
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def tracing(spans: InMemorySpanExporter) -> Iterator[Tracing]:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    found = Tracing(provider)
    yield found
    found.close()


@pytest.fixture
def broker() -> PaperBroker:
    return PaperBroker()


@pytest.fixture
async def parts(tmp_path: Path, broker: PaperBroker, tracing: Tracing) -> AsyncIterator[Parts]:
    async with parts_on_paper(tmp_path, broker, FixedClock(START)) as opened:
        opened.tracing = tracing
        yield opened


def named(spans: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [span for span in spans.get_finished_spans() if span.name == name]


def trace_id(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


async def test_what_a_source_traces_goes_on_through_the_ledger_to_the_topics(
    parts: Parts, broker: PaperBroker, spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_on_paper(monkeypatch, broker)
    broker.tell(plain({**raised("WO-1", -5), "traceparent": SAID}), plain(raised("WO-2", -5)))
    async with at_work(Relay(parts), Intake(parts)):
        await eventually(lambda: bool(broker.on("escalations")), "the breaches are said")
        await eventually(lambda: parts.progress.sent >= 4, "and the classifications")
    (recorded,) = named(spans, "record")
    assert (trace_id(recorded), recorded.kind) == (TRACE, SpanKind.CONSUMER)
    assert recorded.parent is not None
    assert f"{recorded.parent.span_id:016x}" == PARENT
    assert named(spans, "intake")
    sent = named(spans, "send")
    assert {trace_id(span) for span in sent} == {TRACE}
    assert {span.kind for span in sent} == {SpanKind.PRODUCER}
    for record in [*broker.on("escalations"), *broker.on("classifications")]:
        headers = dict(record.headers)
        traced = orjson.loads(record.value)["subject"] == "WO-1"
        assert (headers.get("traceparent", b"").decode().split("-")[1:2] == [TRACE]) is traced


async def test_a_sweep_is_a_span_and_what_raises_is_told_by_its_class_only(
    parts: Parts, spans: InMemorySpanExporter
) -> None:
    with parts.watched("sweep"):
        pass
    with pytest.raises(ValueError, match="room 4"), parts.watched("intake", [plain(raised("WO-1"))]):
        raise ValueError("the door in room 4")
    assert named(spans, "sweep")[0].kind is SpanKind.INTERNAL
    (failed,) = named(spans, "intake")
    assert (failed.status.status_code, failed.status.description) == (StatusCode.ERROR, "ValueError")
    assert "room 4" not in "".join(span.to_json() for span in spans.get_finished_spans())


@pytest.mark.parametrize(
    "value",
    [None, b"", b'{"traceparent": ', b'["traceparent"]', b'{"traceparent": 5}', b'{"id": "1"}', b"\xff traceparent"],
)
def test_what_names_no_trace_that_can_be_read_has_none(value: bytes | None) -> None:
    assert trace_of(value) is None


async def test_a_trace_that_is_no_trace_begins_a_new_one_and_harms_nobody(
    tracing: Tracing, spans: InMemorySpanExporter
) -> None:
    told = Incoming("work-orders", b"k", b'{"traceparent": "nonsense"}')
    with tracing.deciding("intake", [told]):
        pass
    (recorded,) = named(spans, "record")
    assert recorded.parent is None


async def test_switched_on_the_worker_has_it_and_sends_the_rest_at_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spans: InMemorySpanExporter
) -> None:
    monkeypatch.setattr("opentelemetry.exporter.otlp.proto.http.trace_exporter.OTLPSpanExporter", lambda: spans)
    settings = Settings(data_dir=tmp_path, tracing=True)
    async with open_parts(settings, SystemClock(), default_world()) as parts:
        assert parts.tracing is not None
        with parts.watched("sweep"):
            pass
        assert spans.get_finished_spans() == ()
        seen: list[ReadableSpan] = []
        monkeypatch.setattr(spans, "export", seen.extend)
    assert [span.name for span in seen] == ["sweep"]


def test_switched_off_there_is_none_and_wanted_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert open_tracing(Settings()) is None
    monkeypatch.setattr(tracing_module, "_NEEDED", ("opentelemetry.sdk", "no_such_package.at_all"))
    with pytest.raises(SettingsError, match=r"WORKORDERS_TRACING=true needs the extra otel: pip install"):
        open_tracing(Settings(tracing=True))


def test_unless_it_is_wanted_nothing_of_it_is_loaded() -> None:
    program = "import sys, streams.system; print([name for name in sys.modules if name.startswith('opentelemetry')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout == "[]\n"
