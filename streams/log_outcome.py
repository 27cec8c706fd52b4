"""What a transaction did, in the log: ids, codes and counts to search by, and no word that a person wrote."""

import logging
import re
from typing import Any, Final

from models.decision import Statement
from streams.ledger.incoming import Held, Outcome, Rejection

log = logging.getLogger(__name__)

_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9._:/-]{1,120}")
"""What a sender may call itself here; a refusal's field and sentence may quote anything, so they stay in the ledger."""

MOST: Final = 20
"""How many of a kind one transaction names; the ledger has them all."""


def log_outcome(outcome: Outcome, cause: str) -> None:
    """One line for what was done, one for each rejection and for what is held apart; nothing for nothing."""
    for rejection in outcome.rejections[:MOST]:
        log.warning("rejected", extra=_of_rejection(rejection))
    for held in outcome.held[:MOST]:
        log.error("held apart", extra=_of_held(held))
    if not log.isEnabledFor(logging.INFO):
        return
    if outcome.recorded or outcome.decided or outcome.duplicates or outcome.rejections:
        log.info("taken" if cause == "intake" else "swept", extra=_of_outcome(outcome))


def _of_outcome(outcome: Outcome) -> dict[str, Any]:
    counts = {
        "recorded": outcome.recorded,
        "duplicates": outcome.duplicates,
        "rejected": len(outcome.rejections),
        "decided": outcome.decided,
        "held": len(outcome.held),
        "said": len(outcome.statements),
    }
    return {**counts, "statements": [_of_statement(one) for one in outcome.statements[:MOST]]}


def _of_statement(one: Statement) -> dict[str, Any]:
    reached = one.reached
    return {
        "escalation": str(reached.id),
        "n": one.n,
        "statement": str(one.statement),
        "subject": reached.subject,
        "kind": str(reached.kind),
        "rung": reached.rung,
    }


def _of_rejection(one: Rejection) -> dict[str, Any]:
    origin = one.incoming.origin
    place = {} if origin is None else {"partition": origin.stream.partition, "offset": origin.offset}
    return {
        "code": one.code,
        "source": one.source if one.source is None or _PLAIN_ID.fullmatch(one.source) else "(not an id)",
        "topic": one.incoming.topic,
        "receipt": one.incoming.receipt,
        **place,
    }


def _of_held(one: Held) -> dict[str, Any]:
    return {"unit": one.unit, "subject": one.subject, "source": one.source, "event": one.event_id}
