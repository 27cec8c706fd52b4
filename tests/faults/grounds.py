"""The grounds: an Apache Kafka and a PostgreSQL of one process's own, which a fault may stop, kill and fill up.

They start when first wanted and end with the process. Every trial has its own topics, group and database on them.
"""

import atexit
from contextlib import ExitStack
from functools import cache

from tests.servers.jars import java
from tests.servers.kafka import Kafka, private_kafka
from tests.servers.postgres import Postgres, private_postgres, programs
from tests.servers.processes import ServerMissing

_OPEN = ExitStack()
atexit.register(_OPEN.close)


@cache
def kafka() -> Kafka:
    """The broker of this process."""
    return _OPEN.enter_context(private_kafka())


@cache
def postgres() -> Postgres:
    """The database server of this process."""
    return _OPEN.enter_context(private_postgres())


def stand() -> None:
    """See that those that were started still serve, whatever an earlier trial left behind."""
    if kafka.cache_info().currsize and not kafka()._serves():
        kafka().kill()
        kafka().start()
    if postgres.cache_info().currsize and not postgres()._answers():
        postgres().kill()
        postgres().start()


def no_servers() -> str | None:
    """Why this machine cannot have them, if it cannot."""
    try:
        java()
        programs()
    except ServerMissing as reason:
        return str(reason)
    return None
