"""Trouble: every step of ours towards the outside is counted, and the n-th of them fails or is our last."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from aiokafka.errors import KafkaConnectionError
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from streams.ledger.engine import Database

Kind = Literal["die", "fail"]
AT_THE_DATABASE = frozenset({"statement", "commit", "committed"})


class Died(BaseException):
    """The process is dead: from this step on nothing of it reaches the outside."""


class Trouble:
    """Counts the steps; at the ``at``-th (from 1; 0 for never) the process dies, or that one step fails."""

    def __init__(self, kind: Kind = "die", at: int = 0) -> None:
        self.kind, self.at = kind, at
        self.came_at: str | None = None
        self.is_dead = False
        self.taken: list[str] = []

    def step(self, name: str) -> None:
        """Take a step, unless it is the fatal one, or comes after it."""
        if self.is_dead:
            raise Died(name)
        self.taken.append(name)
        if len(self.taken) != self.at:
            return
        self.came_at = name
        if self.kind == "die":
            self.is_dead = True
            raise Died(name)
        if name in AT_THE_DATABASE:
            raise OperationalError(name, None, OSError("disk I/O error"))
        raise KafkaConnectionError(name)


class BrittleDatabase(Database):
    """A database each of whose statements, commits and answers to a commit is a step."""

    def __init__(self, url: str, trouble: Trouble) -> None:
        super().__init__(url)
        self._trouble = trouble
        for engine in (self._writer, self._reader):
            event.listen(engine.sync_engine, "before_cursor_execute", lambda *_: trouble.step("statement"))
        event.listen(self._writer.sync_engine, "commit", lambda _: trouble.step("commit"))

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction; that it was committed may be the last that we do, or may remain unknown to us."""
        async with super().writing() as connection:
            yield connection
        self._trouble.step("committed")
