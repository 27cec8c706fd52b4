"""What a transaction did, in the log: ids, codes and counts to search by, and no word that a person wrote."""

import hashlib
import logging
import re
from typing import Any, Final

from models.decision import Statement
from streams.ledger.incoming import MOST_NAMED, Held, Name, Outcome, Rejection

log = logging.getLogger(__name__)

_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9._:/-]{1,200}")
"""What a sender may call itself here; a refusal's field and sentence may quote anything, so they stay in the ledger."""
_DIGITS: Final = 16

MOST: Final = MOST_NAMED
"""How many of a kind one transaction names; the ledger has them all."""


def plain_id(said: str | None) -> str | None:
    """What a sender calls something, if it reads as an id; else a digest of it, by which alike is known to be alike."""
    if said is None or _PLAIN_ID.fullmatch(said):
        return said
    return f"sha256:{hashlib.sha256(said.encode()).hexdigest()[:_DIGITS]}"


def log_outcome(outcome: Outcome, cause: str) -> None:
    """One line for what was done, one for each rejection and for what is held apart; nothing for nothing."""
    for rejection in outcome.rejections[:MOST]:
        log.warning("rejected", extra=_of_rejection(rejection))
    for held in outcome.held[:MOST]:
        log.error("held apart", extra=_of_held(held))
    if not log.isEnabledFor(logging.INFO):
        return
    if outcome.recorded or outcome.decided or outcome.duplicates or outcome.rejections:
        log.info("swept" if cause == "sweep" else "taken", extra=_of_outcome(outcome))


def _of_outcome(outcome: Outcome) -> dict[str, Any]:
    counts = {
        "recorded": outcome.recorded,
        "duplicates": outcome.duplicates,
        "rejected": len(outcome.rejections),
        "decided": outcome.decided,
        "held": len(outcome.held),
        "said": len(outcome.statements),
    }
    return {
        **counts,
        "events": [_of_name(one) for one in outcome.named],
        "statements": [_of_statement(one) for one in outcome.statements[:MOST]],
    }


def _of_name(one: Name) -> dict[str, Any]:
    return {
        "id": plain_id(one.id),
        "source": plain_id(one.source),
        "type": plain_id(one.type),
        "subject": plain_id(one.subject),
        "premises": plain_id(one.premises),
    }


def _of_statement(one: Statement) -> dict[str, Any]:
    reached = one.reached
    return {
        "escalation": str(reached.id),
        "n": one.n,
        "statement": str(one.statement),
        "subject": plain_id(reached.subject),
        "kind": str(reached.kind),
        "rung": reached.rung,
    }


def _of_rejection(one: Rejection) -> dict[str, Any]:
    origin = one.incoming.origin
    place = {} if origin is None else {"partition": origin.stream.partition, "offset": origin.offset}
    return {
        "code": one.code,
        **_of_name(one.name),
        "topic": one.incoming.topic,
        "receipt": one.incoming.receipt,
        **place,
    }


def _of_held(one: Held) -> dict[str, Any]:
    return {
        "premises": plain_id(one.unit),
        "subject": plain_id(one.subject),
        "source": plain_id(one.source),
        "id": plain_id(one.event_id),
    }
