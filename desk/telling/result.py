"""The page of one thing said: what became of it, and how its subject stands now."""

from typing import TYPE_CHECKING, Final

from rich.text import Text

from desk.exits import Exit
from desk.instants import local_in_full
from desk.opening import Desk
from desk.printing import console, new_console
from desk.seeing.subject import draw_night_state, draw_order_state
from desk.seeing.words import event_name
from desk.telling.fates import HELD
from desk.views.subject import SubjectView
from desk.words import _, reason
from desk.words import mark as N_  # noqa: N812 - as gettext calls it
from models.decision import NightState

if TYPE_CHECKING:
    from desk.telling.saying import Told

_FATES: Final = {
    "recorded": N_("Recorded"),
    "duplicate": N_("Duplicate"),
    "rejected": N_("Rejected"),
    "refused": N_("Refused"),
}


def draw_result(told: "Told", subject: SubjectView | None, desk: Desk) -> int:
    """Print what became of one event, and if it was taken how its subject stands."""
    about = _("{event} of {subject}", event=event_name(told.type), subject=told.subject)
    fate = _(_FATES.get(told.fate, told.fate))
    if told.fate in {"refused", "rejected"}:
        where = f", {told.field}" if told.field else ""
        line = f"workorders: {fate}: {about} ({told.code}{where}). {reason(told.sentence or '')}"
        new_console(stderr=True).print(Text(line), soft_wrap=True)
        return Exit.NO
    page = console()
    told_as = {"about": about, "premises": told.premises, "source": told.source}
    said = _(": {about} at {premises}, as {source}.", **told_as)
    if told.heard is not None:
        when = local_in_full(told.heard, desk.zone)
        said = _(": {about} at {premises}, as {source}, heard {when}.", when=when, **told_as)
    page.print(Text.assemble((fate, "good"), said))
    if told.held:
        page.print(Text(_("It could not be decided: {held}.", held=_(HELD)), style="bad"), soft_wrap=True)
    if subject is None:
        return Exit.OK
    _remark_if_ignored(told, subject)
    draw = draw_night_state if isinstance(subject.state, NightState) else draw_order_state
    for part in draw(subject, desk):
        page.print(part)
    return Exit.OK


def _remark_if_ignored(told: "Told", subject: SubjectView) -> None:
    why = next((one.why for one in subject.state.ignored if (one.source, one.id) == (told.source, told.id)), None)
    if why is not None:
        console().print(Text(_("It changes nothing: {why}.", why=reason(why)), style="doubt"))
