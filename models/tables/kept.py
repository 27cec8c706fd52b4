"""What is kept as evidence: the audit chains, the timelines of policy and estate, and what the ledger is."""

from datetime import datetime

from sqlalchemy import Column
from sqlmodel import Field, SQLModel

from models.tables.base import BIG


class AuditRow(SQLModel, table=True):
    """One link of a unit's chain: what one transaction took and said, and at which instant it decided.

    ``entry`` is canonical JSON; ``hash`` covers the chain, n, the instant, the entry and the previous link's hash.
    """

    __tablename__ = "audit"

    chain: str = Field(primary_key=True)
    n: int = Field(sa_column=Column(BIG, primary_key=True, autoincrement=False))
    kind: str
    decided_at: datetime
    entry: str
    previous: str
    hash: str


class PolicyVersionRow(SQLModel, table=True):
    """A policy version that is in force from an instant on, as the whole document."""

    __tablename__ = "policy_version"

    effective_from: datetime = Field(primary_key=True)
    version: str = Field(index=True)
    document: str
    activated_at: datetime
    activated_by: str


class EstateVersionRow(SQLModel, table=True):
    """An estate version that is in force from an instant on, as the whole document."""

    __tablename__ = "estate_version"

    effective_from: datetime = Field(primary_key=True)
    version: str = Field(index=True)
    document: str
    activated_at: datetime
    activated_by: str


class MetaRow(SQLModel, table=True):
    """What this ledger is: its identity, whether its time is real or simulated, and since when it runs."""

    __tablename__ = "meta"

    id: int = Field(sa_column=Column(BIG, primary_key=True, autoincrement=False))
    ledger_id: str
    time_kind: str
    created_at: datetime
