"""Who may come in through the HTTP door: keys, sessions, what was looked at and refused, requests that come again."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from models.tables.base import counted


class ApiKeyRow(SQLModel, table=True):
    """One key of the HTTP API: whom it speaks for, how far it reaches, and until when. The key itself is not kept.

    ``id`` is the part that is shown; ``hash`` is the SHA-256 of the whole key, in hex. ``holder`` is a holder of the
    table of rights; ``source`` is a registered source; ``reach`` and ``of`` are the scope.
    """

    __tablename__ = "api_key"

    id: str = Field(primary_key=True)
    hash: str = Field(unique=True)
    source: str
    holder: str
    reach: str
    of: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


class ApiAccessRow(SQLModel, table=True):
    """One thing that was looked at, or refused, through the HTTP API: by whom, when, about what, with which status."""

    __tablename__ = "api_access"
    __table_args__ = (Index(None, "at"),)

    seq: int | None = Field(default=None, sa_column=counted())
    at: datetime
    key: str | None
    action: str
    about: str
    status: int
    code: str


class ApiRequestRow(SQLModel, table=True):
    """One request that bore an Idempotency-Key, kept for a day: its event, and its answer once there is one.

    ``asked`` is the SHA-256 of what was asked, in hex; ``event`` the CloudEvent that was made of it.
    """

    __tablename__ = "api_request"
    __table_args__ = (Index(None, "at"),)

    key: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    asked: str
    topic: str
    unit: str
    event: bytes
    receipt: str
    at: datetime
    answer: bytes | None = None


class DeskSessionRow(SQLModel, table=True):
    """One person signed in at one browser, as which role and how far; the cookie's secret is not kept.

    ``hash`` is the SHA-256 of the secret, in hex. ``api_key`` is the key by which the session began, if one was:
    it ends with it. ``seen_at`` is when it was last used, to the minute; ``ended_at`` when somebody ended it.
    ``issuer`` is the sign-in service that proved who it is, if one did, ``subject`` its opaque name for that person and
    ``sid`` for their session there; ``hint`` is its proof, sealed with the cookie's secret, for signing out there too.
    """

    __tablename__ = "desk_session"
    __table_args__ = (Index(None, "began_at"),)

    id: str = Field(primary_key=True)
    hash: str = Field(unique=True)
    api_key: str | None
    role: str
    source: str
    holder: str
    reach: str
    of: str
    began_at: datetime
    seen_at: datetime
    ends_at: datetime
    ended_at: datetime | None = None
    issuer: str | None = None
    subject: str | None = None
    sid: str | None = None
    hint: bytes | None = None


class DeskSignInRow(SQLModel, table=True):
    """One sign-in that was begun at a sign-in service and is not finished, kept for some minutes.

    ``hash`` is the SHA-256 of the secret in the browser's cookie, in hex; ``sealed`` is what only that secret opens:
    where somebody wanted to be, what they had typed, and as whom they may speak.
    """

    __tablename__ = "desk_sign_in"
    __table_args__ = (Index(None, "began_at"),)

    hash: str = Field(primary_key=True)
    began_at: datetime
    sealed: bytes
