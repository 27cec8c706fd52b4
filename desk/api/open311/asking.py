"""How a list of requests is asked for: by ids, or by time, service and status."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Query

from desk.api.bodies import read_instant
from desk.api.guard import Caller
from desk.api.open311 import services
from desk.api.open311.requests import CLOSED, OPEN, Place, Wanted, place_in
from desk.api.problems import Problem
from models.refusal import Reason, quote

SPAN: Final = timedelta(days=90)
"""What a question about a stretch of time may span at most."""
MOST_NAMED: Final = 100
_EARLIEST: Final = datetime(1, 4, 1, tzinfo=UTC)
_LATEST: Final = datetime(9999, 9, 1, tzinfo=UTC)
Many = Annotated[list[str] | None, Query()]


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for, as it was written."""

    ids: list[str]
    services: list[str]
    statuses: list[str]
    start: str | None
    end: str | None

    def places(self) -> list[Place] | None:
        """The orders of the ids, None if no id was named; what can be no id is left out like what there is not."""
        if len(self.ids) > MOST_NAMED:
            raise _bad(Reason.TOO_MANY, "service_request_id", f"names more than {MOST_NAMED} requests.")
        return [place for one in self.ids if (place := place_in(one)) is not None] if self.ids else None

    def wanted(self, caller: Caller) -> Wanted:
        """The time, services and status; a ``Problem`` names what cannot be asked for."""
        now = caller.desk.now
        codes = caller.desk.world.policies.at(now).spec.codes
        since, until = self._span(now)
        return Wanted(since, until, {services.service_named(codes, one) for one in self.services}, self._only())

    def _only(self) -> bool | None:
        """Whether only open ones are wanted, only closed ones, or all (None)."""
        for one in self.statuses:
            if one not in {OPEN, CLOSED}:
                raise _bad(Reason.UNKNOWN_VALUE, "status", f"must be {OPEN} or {CLOSED}, not {quote(one)}.")
        return None if len(set(self.statuses)) != 1 else self.statuses[0] == OPEN

    def _span(self, now: datetime) -> tuple[datetime, datetime]:
        """From when until when: what is left out is as far away as it may be; if both are, the latest 90 days."""
        start, end = _instant(self.start, "start_date"), _instant(self.end, "end_date")
        last = end or (now if start is None else start + SPAN)
        first = start or last - SPAN
        if not first <= last <= first + SPAN:
            sentence = f"must be at most {SPAN.days} days after start_date, and not before it."
            raise _bad(Reason.MALFORMED_FIELD, "end_date", sentence)
        return first, last


def asked_for(
    service_request_id: Many = None,
    service_code: Many = None,
    status: Many = None,
    start_date: str | None = None,
    end_date: str | None = None,
) -> Asked:
    """What was asked for; what is empty counts as left out."""
    return Asked(_each(service_request_id), _each(service_code), _each(status), start_date or None, end_date or None)


def _each(values: list[str] | None) -> list[str]:
    """What was named, with commas between or again and again."""
    return [one.strip() for value in values or () for one in value.split(",") if one.strip()]


def _instant(text: str | None, name: str) -> datetime | None:
    if text is None:
        return None
    found = read_instant(text, name)
    if not _EARLIEST <= found <= _LATEST:
        raise _bad(Reason.MALFORMED_TIME, name, "lies beyond every calendar.")
    return found


def _bad(reason: Reason, name: str, sentence: str) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, str(reason), f"{name} {sentence}", about=name)
