"""Tracing: spans for OpenTelemetry, joined to the traces that the sources' events bear; none unless switched on.

A source names its trace by the CloudEvents extension ``traceparent``. We record its event under that trace, and what we
then say about the same subject goes out under it too, with the Kafka header ``traceparent``. Where the spans go is said
by OpenTelemetry's own variables (``OTEL_EXPORTER_OTLP_ENDPOINT`` and so on).
"""

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import orjson

from streams.ledger.incoming import Incoming
from streams.ledger.queries.traces import TRACEPARENT
from streams.settings import PREFIX, Settings, SettingsError

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

NAME: Final = "workorders"
_NEEDED: Final = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")


class Tracing:
    """The spans of one worker."""

    def __init__(self, provider: "TracerProvider") -> None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

        self._provider = provider
        self._tracer = provider.get_tracer(NAME)
        self._words = TraceContextTextMapPropagator()

    @contextmanager
    def deciding(self, cause: str, batch: Sequence[Incoming] = ()) -> Iterator[None]:
        """One span for a transaction, and one under the trace of each event in it that names one.

        What raises is told by its class only: its text may quote what an event says.
        """
        from opentelemetry.trace import SpanKind, StatusCode  # noqa: PLC0415

        parents = [self._parent(said) for one in batch if (said := trace_of(one.value)) is not None]
        kind, about = (SpanKind.CONSUMER if batch else SpanKind.INTERNAL), {"messaging.batch.message_count": len(batch)}
        spans = [self._tracer.start_span(cause, kind=kind, attributes=about)]
        spans += [self._tracer.start_span("record", one, SpanKind.CONSUMER) for one in parents]
        try:
            yield
        except Exception as error:
            for span in spans:
                span.set_status(StatusCode.ERROR, type(error).__name__)
            raise
        finally:
            _end(spans)

    @contextmanager
    def sending(self, parents: Mapping[int, str], topics: Mapping[int, str]) -> Iterator[dict[int, tuple[str, bytes]]]:
        """One span for each message that goes on with a trace; the header that each must bear, by its number."""
        from opentelemetry.trace import SpanKind, set_span_in_context  # noqa: PLC0415

        headers: dict[int, tuple[str, bytes]] = {}
        spans: list[Span] = []
        for seq, said in parents.items():
            about = {"messaging.system": "kafka", "messaging.destination.name": topics[seq]}
            span = self._tracer.start_span("send", self._parent(said), SpanKind.PRODUCER, about)
            carrier: dict[str, str] = {}
            self._words.inject(carrier, set_span_in_context(span))
            headers |= {seq: (TRACEPARENT, carrier[TRACEPARENT].encode())} if TRACEPARENT in carrier else {}
            spans += [span]
        try:
            yield headers
        finally:
            _end(spans)

    def close(self) -> None:
        """Send what is left, and stop."""
        self._provider.shutdown()

    def _parent(self, said: str) -> "Context":
        return self._words.extract({TRACEPARENT: said})


def open_tracing(settings: Settings) -> Tracing | None:
    """Tracing as the settings want it; None if they want none, and then nothing of OpenTelemetry is loaded.

    Raises ``SettingsError`` if it is wanted and the extra ``otel`` is not installed.
    """
    if not settings.tracing:
        return None
    if not all(map(_is_there, _NEEDED)):
        raise SettingsError(f"{PREFIX}TRACING=true needs the extra otel: pip install 'workorders[otel]'.")
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    provider = TracerProvider(resource=Resource.create({"service.name": NAME}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return Tracing(provider)


def trace_of(value: bytes | None) -> str | None:
    """The trace that an input names, if it can be read and names one."""
    if not value or TRACEPARENT.encode() not in value:
        return None
    try:
        found: Any = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    said = found.get(TRACEPARENT) if isinstance(found, dict) else None
    return said if isinstance(said, str) else None


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _end(spans: Sequence["Span"]) -> None:
    for span in spans:
        span.end()
