"""The log: one form, and no library drowns the rest."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from streams import log as log_module
from streams.log import Thinning, set_up_logging
from streams.settings import Settings


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    libraries = {name: logging.getLogger(name).level for name in ("faust", "mode", "sqlalchemy")}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, was in libraries.items():
        logging.getLogger(name).setLevel(was)
    structlog.reset_defaults()


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


def lines(out: io.StringIO) -> list[str]:
    return out.getvalue().splitlines()


def test_each_line_bears_time_level_sentence_and_origin(out: io.StringIO) -> None:
    set_up_logging(Settings(), out)
    logging.getLogger("streams.intake").warning("took %d records", 3)
    (line,) = lines(out)
    assert line.endswith("took 3 records                 [streams.intake]")
    assert "[warning  ]" in line
    assert "Z [" in line


def test_in_json_each_line_is_one_object(out: io.StringIO) -> None:
    set_up_logging(Settings(log_format="json"), out)
    structlog.get_logger("streams.sweeper").info("swept", found=2)
    (line,) = lines(out)
    said = json.loads(line)
    assert (said["event"], said["found"], said["level"], said["logger"]) == ("swept", 2, "info", "streams.sweeper")


def fail(free_text: str) -> None:
    if free_text:
        raise ValueError("bad")


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_traceback_shows_no_local_variables(out: io.StringIO, form: str) -> None:
    set_up_logging(Settings.model_validate({"log_format": form}), out)
    try:
        fail("the resident in room " + str(4))
    except ValueError:
        logging.getLogger("streams.intake").exception("it failed")
    assert "ValueError: bad" in out.getvalue()
    assert "the resident in room 4" not in out.getvalue()


def test_a_line_break_in_json_stays_within_its_line(out: io.StringIO) -> None:
    set_up_logging(Settings(log_format="json"), out)
    logging.getLogger("streams.intake").warning("%s", "one\ntwo")
    assert len(lines(out)) == 1


def test_the_level_is_that_of_the_settings(out: io.StringIO) -> None:
    set_up_logging(Settings(log_level="warning"), out)
    logging.getLogger("streams.intake").info("quiet")
    assert lines(out) == []


@pytest.mark.parametrize(("level", "shown"), [("info", 0), ("debug", 1)])
def test_announcements_of_the_event_libraries_are_for_debugging(out: io.StringIO, level: str, shown: int) -> None:
    set_up_logging(Settings.model_validate({"log_level": level}), out)
    logging.getLogger("faust.app").info("[^App]: Starting...")
    assert len(lines(out)) == shown


def test_of_a_hundred_like_lines_of_a_library_one_is_let_through_and_the_next_says_how_many_were_not(
    out: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000.0
    monkeypatch.setattr(log_module, "monotonic", lambda: now)
    set_up_logging(Settings(), out)
    client = logging.getLogger("aiokafka.client")
    for n in range(100):
        client.error("Unable connect to node with id %s", n)
    assert len(lines(out)) == 1
    now += 10
    client.error("Unable connect to node with id %s", 100)
    assert "Unable connect to node with id 100 (and 99 more like it)" in lines(out)[1]


def test_another_sentence_of_the_library_is_let_through_and_ours_are_never_thinned(out: io.StringIO) -> None:
    set_up_logging(Settings(), out)
    logging.getLogger("aiokafka").error("one")
    logging.getLogger("aiokafka").error("two")
    for _ in range(5):
        logging.getLogger("streams.relay").error("ours")
    assert len(lines(out)) == 7


class BrokerUnreachable(Exception):  # noqa: N818 - the name is what is recognised
    """As the client says it."""


def test_of_all_that_say_that_the_broker_is_away_one_plain_sentence_in_half_a_minute_is_let_through(
    out: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000.0
    monkeypatch.setattr(log_module, "monotonic", lambda: now)
    set_up_logging(Settings(), out)
    gone = BrokerUnreachable("no broker can be reached at kafka:9092: KafkaConnectionError: Unable to bootstrap")
    for _ in range(30):
        logging.getLogger("aiokafka").error('Unable connect to "%s:%s": %s', "kafka", 9092, "refused")
        logging.getLogger("streams.relay").warning("the relay looks for the broker again: %s", gone)
        logging.getLogger("streams.watch_app").warning("the watch stopped and starts again in %g s: %s", 2.0, gone)
        now += 1
    sentence = "no broker can be reached at kafka:9092; it is looked for until it is there"
    (line,) = lines(out)
    assert sentence in line
    assert "Kafka" not in line
    logging.getLogger("streams.relay").warning("the relay looks for the broker again: %s", gone)
    assert f"{sentence} (and 89 more like it)" in lines(out)[1]
    logging.getLogger("streams.relay").warning("the relay leaves the sending to others: %s", ValueError("busy"))
    assert len(lines(out)) == 3


def test_what_is_remembered_of_a_library_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_module, "_MOST_TEMPLATES", 10)
    thinning = Thinning()
    for n in range(1_000):
        thinning.filter(logging.makeLogRecord({"name": "aiokafka", "msg": f"sentence {n}"}))
    assert len(thinning._heard) <= 10
