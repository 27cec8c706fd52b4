"""What is said about orders, disputes, the backlog and refused input: the output topics beside ``escalations``."""

from typing import Annotated, Literal

from pydantic import Field, StrictBool

from models.envelope import Data, Envelope, Instant
from models.ids import PremisesId, WorkOrderId
from models.work_order import Priority


class RuleMatch(Data):
    """One rule that matched an order, with the sentence that a person reads."""

    rule: str
    priority: Priority
    reason: str


class ClassifiedData(Data):
    """How an order is classified, and every rule and fact that led to it.

    ``base`` is the table's (or the settled) priority, ``effective`` counts joined risk too.
    """

    premises: PremisesId
    work_order: WorkOrderId
    n: Annotated[int, Field(ge=1)]
    base: Priority
    effective: Priority
    business_critical: StrictBool
    rules: tuple[RuleMatch, ...]
    facts: dict[str, str]
    policy_version: str


class Classified(Envelope[Literal["facilities.work-order.classified"], ClassifiedData]):
    """An order was classified, or its classification changed."""


class DisputeData(Data):
    """The provider's priority beside ours."""

    premises: PremisesId
    work_order: WorkOrderId
    n: Annotated[int, Field(ge=1)]
    ours: Priority
    providers: Priority
    since: Instant


class DisputeOpened(Envelope[Literal["facilities.dispute.opened"], DisputeData]):
    """The provider's priority differs from ours."""


class DisputeSettled(Envelope[Literal["facilities.dispute.settled"], DisputeData]):
    """The two priorities agree, or the order is no longer open."""


class BacklogCell(Data):
    """How many orders of one priority and age band are outstanding."""

    priority: Priority
    age: Literal["under-1-day", "1-to-7-days", "7-to-28-days", "over-28-days"]
    count: Annotated[int, Field(ge=1)]


class BacklogData(Data):
    """What is outstanding at one premises; the age is since the order was raised, as at ``as_at``."""

    premises: PremisesId
    outstanding: Annotated[int, Field(ge=0)]
    cells: tuple[BacklogCell, ...]
    as_at: Instant


class BacklogCounted(Envelope[Literal["facilities.backlog.counted"], BacklogData]):
    """The outstanding orders of one premises were counted."""


class ActivatedData(Data):
    """A version of the policy or the estate with the instant from which it is in force.

    ``document`` is the version's whole content as canonical JSON; ``version`` is its SHA-256. ``activated_by`` is the
    role that put it in force, ``start`` where a new ledger began with it.
    """

    effective_from: Instant
    version: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    document: str
    activated_at: Instant
    activated_by: str


class PolicyActivated(Envelope[Literal["facilities.policy.activated"], ActivatedData]):
    """A policy was put in force from an instant on."""


class EstateActivated(Envelope[Literal["facilities.estate.activated"], ActivatedData]):
    """An estate was put in force from an instant on."""


class RejectedData(Data):
    """One input that could not be taken: where it came from, why, and at most 64 KiB of its bytes in base64."""

    topic: str
    partition: int
    offset: int
    code: str
    field: str
    sentence: str
    length: Annotated[int, Field(ge=0)]
    sha256: str
    bytes_base64: str


class InputRejected(Envelope[Literal["facilities.input.rejected"], RejectedData]):
    """An input was refused."""
