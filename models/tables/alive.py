"""Who is alive: the pulses by which our own parts show that they do their work."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from models.tables.base import BIG


class PulseRow(SQLModel, table=True):
    """The last pulse of one part of one worker; ``n`` counts them, so that it changes though a clock stands still."""

    __tablename__ = "pulse"

    part: str = Field(primary_key=True)
    worker: str = Field(primary_key=True)
    n: int = Field(sa_type=BIG)
    at: datetime
