"""The log: one stream of lines, in plain text or JSON, in which a noisy library does not drown the rest.

While a broker is away its client says so about a hundred times a second. Of lines that the libraries repeat, one
in ``QUIET_S`` seconds is let through, with the number of those that were held back.
"""

import logging
import sys
from typing import Final, TextIO

import structlog

from streams.clock import monotonic
from streams.settings import Settings

QUIET_S: Final = 10.0
NOISY: Final = ("aiokafka", "asyncio", "faust", "kafka", "mode")
"""Libraries whose repeated lines are thinned; ours never are."""

_MOST_TEMPLATES: Final = 1_000


class Thinning(logging.Filter):
    """Lets one line of each template of a noisy library through in ``quiet_s`` seconds."""

    def __init__(self, quiet_s: float = QUIET_S) -> None:
        super().__init__()
        self._quiet_s = quiet_s
        self._heard: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is let through; adds to it how many like it were not."""
        if record.name.partition(".")[0] not in NOISY:
            return True
        template = (record.name, str(record.msg))
        since, held_back = self._heard.get(template, (float("-inf"), 0))
        now = monotonic()
        if now - since < self._quiet_s:
            self._heard[template] = (since, held_back + 1)
            return False
        if len(self._heard) >= _MOST_TEMPLATES:
            self._heard.clear()
        self._heard[template] = (now, 0)
        if held_back:
            record.msg = f"{record.msg} (and {held_back} more like it)"
        return True


def set_up_logging(settings: Settings, stream: TextIO = sys.stderr) -> None:
    """Send every log line of the process to the stream, in the form and from the level that the settings name.

    The event libraries announce each start and stop of their parts; that is for ``debug`` only.
    """
    handler = logging.StreamHandler(stream)
    handler.addFilter(Thinning())
    handler.setFormatter(_formatter(settings, colours=stream.isatty()))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    announcements = logging.DEBUG if settings.log_level == "debug" else logging.WARNING
    for library in ("aiokafka", "alembic", "faust", "mode"):
        logging.getLogger(library).setLevel(announcements)
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )


_SHARED: Final[list[structlog.types.Processor]] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


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
