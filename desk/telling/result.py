"""The page of one thing said: what became of it, and how its subject stands now."""

from typing import TYPE_CHECKING

from rich.text import Text

from desk.exits import Exit
from desk.instants import local_in_full
from desk.opening import Desk
from desk.printing import console, new_console
from desk.seeing.subject import draw_night_state, draw_order_state
from desk.seeing.words import event_name
from desk.telling.fates import HELD
from desk.views.subject import SubjectView
from models.decision import NightState

if TYPE_CHECKING:
    from desk.telling.saying import Told


def draw_result(told: "Told", subject: SubjectView | None, desk: Desk) -> int:
    """Print what became of one event, and if it was taken how its subject stands."""
    about = f"{event_name(told.type)} of {told.subject}"
    if told.fate in {"refused", "rejected"}:
        where = f", {told.field}" if told.field else ""
        sentence = f"workorders: {told.fate.capitalize()}: {about} ({told.code}{where}). {told.sentence}"
        new_console(stderr=True).print(Text(sentence), soft_wrap=True)
        return Exit.NO
    page = console()
    heard = f", heard {local_in_full(told.heard, desk.zone)}" if told.heard is not None else ""
    page.print(
        Text.assemble((told.fate.capitalize(), "good"), f": {about} at {told.premises}, as {told.source}{heard}.")
    )
    if told.held:
        page.print(Text(f"It could not be decided: {HELD}.", style="bad"), soft_wrap=True)
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
        console().print(Text(f"It changes nothing: {why}.", style="doubt"))
