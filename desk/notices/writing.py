"""Writing: a notice as a letter, from one set of templates, in Welsh and English; what came from outside is only shown.

Subjects are made from our own phrases and the estate's names, never from an order's free text, and hold no line end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from desk.notices.links import sign
from desk.notices.signing import links_lead_to, signing_keys
from desk.notices.viewing import View, about, role_name, view, what
from desk.words import LANGUAGES, Words, words_in
from streams.notices.channels.channel import Letter
from streams.notices.letters import Writer
from streams.notices.notice import DIGEST, REHEARSAL, Notice, Told, thread_of
from streams.settings import Settings
from workorders.policy import World

SHORT: Final = 459
"""Characters of a text message in three parts."""


@dataclass(frozen=True, slots=True)
class LetterWriter:
    """Writes letters whose links are signed with these keys and lead there; without either they bear none."""

    keys: tuple[str, ...]
    leads_to: str | None
    link_days: int

    def __call__(self, notice: Notice, told: Sequence[Told], world: World, now: datetime) -> Letter:
        """The letter in both languages, the role's own first; its text message in the role's own."""
        languages = sorted(LANGUAGES, key=lambda language: language != notice.language)
        parts = [self._part(notice, told, words_in(language), world, now) for language in languages]
        rehearsal = notice.what == REHEARSAL
        return Letter(
            key=str(notice.id),
            role=notice.role,
            address=notice.address,
            subject=one_line(" / ".join(dict.fromkeys(part["subject"] for part in parts))),
            text=_template("letter.txt").render(parts=parts),
            html=_template("letter.html").render(parts=parts),
            short=short(parts[0], parts[0]["words"], self.leads_to),
            thread=str(notice.id) if notice.what == DIGEST else thread_of(told[0].unit, told[0].reached),
            data=self._data(notice, told),
            urgent=notice.urgent,
            rehearsal=rehearsal,
            language="both",
        )

    def _part(
        self, notice: Notice, told: Sequence[Told], words: Words, world: World, now: datetime
    ) -> Mapping[str, Any]:
        """All that one language's part of the letter shows."""
        views = [view(one, words, world, lambda one: self._link(notice, one), now) for one in told]
        return {
            "language": words.language,
            "subject": _subject(notice, told, words, world, now),
            "role": role_name(notice.role, world, now),
            "views": views,
            "digest": notice.what == DIGEST,
            "rehearsal": notice.what == REHEARSAL,
            "until": words.moment(self._until(notice)) if any(one.link for one in views) else None,
            "_": words,
            "many": words.many,
            "words": words,
        }

    def _until(self, notice: Notice) -> datetime:
        return notice.planned_at + timedelta(days=self.link_days)

    def _link(self, notice: Notice, told: Told) -> str | None:
        if not self.keys or self.leads_to is None:
            return None
        token = sign(self.keys, told.escalation_id, notice.role, self._until(notice))
        return f"{self.leads_to}/a/{token}"

    def _data(self, notice: Notice, told: Sequence[Told]) -> dict[str, Any]:
        """What a program is told: codes and instants, no sentence."""
        return {
            "notice": str(notice.id),
            "what": notice.what,
            "role": notice.role,
            "urgent": notice.urgent,
            "rehearsal": notice.what == REHEARSAL,
            "escalations": [self._one(notice, one) for one in told],
        }

    def _one(self, notice: Notice, told: Told) -> dict[str, Any]:
        reached = told.reached
        return {
            "escalation_id": str(told.escalation_id),
            "n": told.n,
            "statement": told.what,
            "premises": told.unit,
            "subject": reached.subject,
            "kind": reached.kind.value,
            "clock": reached.clock,
            "rung": reached.rung,
            "repeat": reached.repeat,
            "priority": reached.priority,
            "business_critical": reached.business_critical,
            "due_at": reached.due_at.isoformat(),
            "labels": list(reached.labels),
            "acknowledge": self._link(notice, told),
        }


def letter_writer(settings: Settings) -> Writer:
    """The writer of the letters that these settings ask for."""
    return LetterWriter(signing_keys(settings), links_lead_to(settings), settings.notices.link_days)


def _subject(notice: Notice, told: Sequence[Told], words: Words, world: World, now: datetime) -> str:
    if notice.what == DIGEST:
        return words.many("{n} notice at once", "{n} notices at once", len(told))
    said = f"{what(told[0], words)}: {about(told[0], world, now)}"
    return words("REHEARSAL: {subject}", subject=said) if notice.what == REHEARSAL else said


def short(part: Mapping[str, Any], words: Words, leads_to: str | None) -> str:
    """A text message: what, where, what it asks, and the link, which is never cut off.

    Of a digest it names as many as there is room for, and how many more there are.
    """
    views: Sequence[View] = part["views"]
    if part["digest"]:
        tail = f" {leads_to}" if leads_to is not None else ""
        return _listed(part["subject"], [one.about for one in views], words, SHORT - len(tail)) + tail
    shown = views[0]
    priority = f"{shown.priority} " if shown.priority and not part["rehearsal"] else ""
    tail = f" {shown.link}" if shown.link is not None else ""
    return _cut(one_line(f"{priority}{part['subject']}. {shown.asks}"), SHORT - len(tail)) + tail


def _listed(subject: str, names: Sequence[str], words: Words, room: int) -> str:
    for n in range(len(names), 0, -1):
        more = words.many(" and {n} more", " and {n} more", len(names) - n) if n < len(names) else ""
        said = one_line(f"{subject}: {'; '.join(names[:n])}{more}.")
        if len(said) <= room:
            return said
    return _cut(one_line(subject), room)


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 3]}..."


def one_line(text: str) -> str:
    """The text without any line end or other control character: nothing can be added to a header by it."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("desk.notices"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _template(name: str) -> Any:  # noqa: ANN401 - a template, whose class would be loaded by every command
    return _environment().get_template(name)
