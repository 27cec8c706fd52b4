"""The log: one stream of lines, in plain text or JSON, in which a noisy library does not drown the rest.

While a broker is away its client says so about a hundred times a second, and each part of ours at each try. Of lines
that the libraries repeat, one in ``QUIET_S`` seconds is let through, with the number of those that were held back; and
of all that say that the broker is away, whoever says it, one plain sentence in ``AWAY_S`` seconds.
"""

import logging
import sys
from typing import Final, TextIO

import structlog

from streams.clock import monotonic
from streams.settings import Settings

QUIET_S: Final = 10.0
NOISY: Final = ("aiokafka", "asyncio", "faust", "kafka", "mode")
"""Libraries whose repeated lines are thinned; of ours only those that say that the broker is away."""
AWAY_S: Final = 30.0
_AWAY: Final = ("", "the broker is away")
_AWAY_ERRORS: Final = frozenset({"BrokerUnreachable", "KafkaConnectionError", "NodeNotReadyError"})
"""By name: a process that has not loaded the client has none of them."""
_LIBRARYS_AWAY: Final = 'Unable connect to "%s:%s"'

_MOST_TEMPLATES: Final = 1_000


class Thinning(logging.Filter):
    """Lets one line of each template of a noisy library through in ``quiet_s`` seconds."""

    def __init__(self, quiet_s: float = QUIET_S) -> None:
        super().__init__()
        self._quiet_s = quiet_s
        self._heard: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is let through; adds to it how many like it were not."""
        away = _says_who_is_away(record)
        if away is None and record.name.partition(".")[0] not in NOISY:
            return True
        template = _AWAY if away is not None else (record.name, str(record.msg))
        since, held_back = self._heard.get(template, (float("-inf"), 0))
        now = monotonic()
        if now - since < (AWAY_S if away is not None else self._quiet_s):
            self._heard[template] = (since, held_back + 1)
            return False
        if len(self._heard) >= _MOST_TEMPLATES:
            self._heard.clear()
        self._heard[template] = (now, 0)
        if away is not None:
            record.msg, record.args = f"{away}; it is looked for until it is there", ()
        if held_back:
            record.msg = f"{record.msg} (and {held_back} more like it)"
        return True


def _says_who_is_away(record: logging.LogRecord) -> str | None:
    """What a line says of a broker that is away, without the client's own words for it; None for any other line."""
    args = record.args if isinstance(record.args, tuple) else ()
    if record.name == "aiokafka" and str(record.msg).startswith(_LIBRARYS_AWAY):
        host, port = args[:2] if len(args) == len(("host", "port", "reason")) else ("?", "?")
        return f"no broker can be reached at {host}:{port}"
    error = next((one for one in args if type(one).__name__ in _AWAY_ERRORS), None)
    return str(error).partition(": ")[0] if error is not None else None


def set_up_logging(settings: Settings, stream: TextIO = sys.stderr) -> None:
    """Send every log line of the process to the stream, in the form and from the level that the settings name.

    The event libraries announce each start and stop of their parts; that is for ``debug`` only. What they say below
    that is never let through, for it repeats records and rows with every word in them.
    """
    handler = logging.StreamHandler(stream)
    handler.addFilter(Thinning())
    handler.setFormatter(_formatter(settings, colours=stream.isatty()))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    announcements = logging.INFO if settings.log_level == "debug" else logging.WARNING
    for library in ("aiohttp", "aiokafka", "aiosqlite", "alembic", "faust", "mode", "psycopg", "uvicorn"):
        logging.getLogger(library).setLevel(announcements)
    logging.getLogger("sqlalchemy").setLevel(logging.WARNING)  # below that it tells every statement
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


_SHARED: Final[list[structlog.types.Processor]] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.ExtraAdder(),
]
"""What every line gets; the fields of ``extra`` become fields of their own, to search by."""


def _formatter(settings: Settings, *, colours: bool) -> logging.Formatter:
    render: list[structlog.types.Processor]
    if settings.log_format == "json":
        render = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    else:
        # Plain: the default would print local variables too, and with them whatever an event says.
        render = [structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
    )
