"""How a command ends: its exit codes, and the errors whose text is the one sentence that a person reads."""

import sys
from enum import IntEnum
from typing import Final


class Exit(IntEnum):
    """The exit codes of every command; docs/CLI.md explains them."""

    OK = 0
    NO = 1
    """The answer is no: a promise does not hold, an event was refused, a file has faults in some lines."""
    USAGE = 2
    """The command line itself is wrong: a command, an option, or the value of one."""
    BAD_INPUT = 3
    """A file, a policy, an estate or a setting cannot be used."""
    UNREACHABLE = 4
    """The ledger or the broker cannot be reached or used."""
    NOT_FOUND = 5
    """The ledger knows nothing by that name, or more than one thing."""
    HELD = 6
    """Everything fits, but something that was accepted is held in quarantine and not decided."""
    OUR_FAULT = 70
    """Something in this program is wrong."""
    NO_PROGRESS = 75
    """A worker made no progress and ended itself; start it anew."""
    INTERRUPTED = 130
    """Somebody pressed Ctrl-C."""


class DeskError(Exception):
    """A command cannot do what was asked; the text is one plain sentence."""

    code: Exit = Exit.BAD_INPUT


class BadInput(DeskError):  # noqa: N818 - what happened, in words
    """A file or a setting cannot be used."""


class BadValue(BadInput):
    """The value of an option or argument is not one that it can have: the command line itself is wrong."""

    code = Exit.USAGE


class NotFound(DeskError):  # noqa: N818 - what happened, in words
    """The ledger knows nothing by that name, or more than one thing."""

    code = Exit.NOT_FOUND


class Unreachable(DeskError):  # noqa: N818 - what happened, in words
    """The ledger or the broker cannot be reached or used."""

    code = Exit.UNREACHABLE


# By name: an error whose module was never loaded cannot have been raised, and loading it here would cost a second.
_CODES: Final = (
    ("streams.settings", "SettingsError", Exit.BAD_INPUT),
    ("workorders.policy", "PolicyError", Exit.BAD_INPUT),
    ("workorders.decide", "Undecidable", Exit.BAD_INPUT),
    ("streams.ledger.errors", "LedgerError", Exit.UNREACHABLE),
    ("streams.kafka_client", "BrokerUnreachable", Exit.UNREACHABLE),
    ("streams.kafka_admin", "KafkaRefused", Exit.UNREACHABLE),
    ("streams.layout", "LayoutError", Exit.UNREACHABLE),
    ("streams.app", "WorkerFailedError", Exit.UNREACHABLE),
    ("streams.health", "NoProgressError", Exit.NO_PROGRESS),
    ("desk.importing.mapping", "MappingError", Exit.BAD_INPUT),
    ("streams.embedded", "EmbeddedBrokerError", Exit.UNREACHABLE),
    ("sqlalchemy.exc", "DBAPIError", Exit.UNREACHABLE),
)


def ending(error: Exception) -> tuple[Exit, str] | None:
    """The exit code and the sentence for an error that is nobody's bug; None for one that is ours."""
    if isinstance(error, DeskError):
        return error.code, str(error)
    for module, name, code in _CODES:
        known = getattr(sys.modules.get(module), name, None)
        if isinstance(known, type) and isinstance(error, known):
            return code, _sentence(error)
    if isinstance(error, OSError) and error.filename is not None:
        return Exit.BAD_INPUT, f"{error.filename} cannot be used: {(error.strerror or 'unknown reason').lower()}."
    return None


def _begins_with_a_name(text: str) -> bool:
    """Whether the first word is a file's or a field's name, which is written as it is even at the beginning."""
    first = (text.split() or [""])[0].rstrip(".:,;")
    return any(mark in first for mark in "./_=") or not first.isalpha()


def _sentence(error: Exception) -> str:
    original = getattr(error, "orig", None)
    text = str(original if original is not None else error).strip()
    if original is not None:
        text = f"The ledger cannot be used: {text.splitlines()[0]}"
    if not _begins_with_a_name(text):
        text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "?", "!")) else f"{text}."
